//! Whether a booked interview can have the time that somebody gave it in their calendar.
//!
//! Who moves an interview by hand knows what they do: working hours, notice, the grid and the request's days bind nobody here, and
//! time kept free around interviews only against other interviews of ours. What binds is that everybody who sits is known to be free.
//! Whose calendar nobody reads is free within what they, or somebody for them, said.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::own_place::{Reading, Shown, Views, in_the_way};
use crate::{
    booking::{
        Booking,
        difference::{self, Because, Blocker},
        offer::{self, Seating},
        seat::{self, Taken},
        sitting,
    },
    calendars::Response,
    connections::busy::{self, PersonBusy},
    events::{Event, Placement, theirs::Theirs},
    ids::PersonId,
    people::Person,
    requests::{Panel, Request},
    scheduling::{self, Busy, Interval, Query, person::Load},
    state::AppState,
    store::{
        StoreError,
        words::{Inviter, ParticipantRole},
    },
};

/// How far around the new time calendars are read, to see what sticks out of it.
const AROUND: TimeDelta = TimeDelta::hours(1);
/// Minutes an interview may take.
const LENGTHS: std::ops::RangeInclusive<i64> = 5..=480;

/// One interview, and the calendar on which it was moved.
pub(super) struct Interview<'a> {
    pub request: &'a Request,
    pub booking: &'a Booking,
    pub event: &'a Event,
    pub placement: &'a Placement,
    /// Whose calendar that is.
    pub owner: PersonId,
}

/// The answer.
pub(super) enum Answer {
    Possible(Chosen),
    Blocked(Vec<Blocker>),
}

/// Who would sit.
pub(super) struct Chosen {
    pub panel: Panel,
    pub seating: Seating,
    /// The same people as before.
    pub guests_stay: bool,
}

/// What was known before calendars are read for an answer, and is lost by reading them: to be kept by whoever asks again.
#[derive(Default)]
pub(super) struct Memory(Option<Remembered>);

struct Remembered {
    /// What was read last, and when.
    read: BTreeMap<PersonId, (Vec<Interval>, DateTime<Utc>)>,
    /// Whose calendar was in the way at an earlier look at the same.
    found: BTreeMap<PersonId, Because>,
}

/// Reads the calendars of everybody who sits, now, and of others who might if some of a pool cannot. With `asked`, somebody has
/// asked those of whom calendars say that they cannot, or nothing. Network: call it outside transactions.
pub(super) async fn possible(
    state: &AppState,
    interview: &Interview<'_>,
    to: Interval,
    asked: bool,
    memory: &mut Memory,
) -> Result<Answer, StoreError> {
    let Interview { request, booking, .. } = *interview;
    let db = state.store.reader();
    if let Some(because) = shape(to, state.clock.now()) {
        return Ok(Answer::Blocked(vec![Blocker { person: None, because }]));
    }
    let panel = sitting::panel(db, request).await?;
    let seated = seat::seated(db, request.org, booking.id).await?;
    let known = Known::read(state, interview, &panel, to, memory).await?;
    let mut blockers: Vec<Blocker> =
        seated.iter().flat_map(|person| known.blockers(interview, &panel, *person)).collect();
    if asked {
        blockers.retain(|blocker| !blocker.because.may_be_asked());
    }
    if blockers.is_empty() {
        let optional = interview.event.participants.iter().filter(|one| one.role == ParticipantRole::Optional);
        let optional = optional.filter_map(|one| one.person).collect();
        let why = sitting::of(db, request.org, booking.id).await?;
        let seating = Seating::certain(to, seated, optional, why);
        return Ok(Answer::Possible(Chosen { panel, seating, guests_stay: true }));
    }
    if panel.has_choice()
        && let Some(seating) = known.others(interview, &panel, state.clock.now())
    {
        return Ok(Answer::Possible(Chosen { panel, seating, guests_stay: false }));
    }
    Ok(Answer::Blocked(blockers))
}

/// What is wrong with the time itself.
fn shape(to: Interval, now: DateTime<Utc>) -> Option<Because> {
    let is_even = |at: DateTime<Utc>| at.timestamp_millis().rem_euclid(60_000) == 0;
    if !is_even(to.start()) || !is_even(to.end()) || !LENGTHS.contains(&to.minutes()) {
        return Some(Because::Length);
    }
    // Who drags it to a moment ago begins late; what is over cannot take place.
    (to.end() <= now).then_some(Because::Past)
}

/// What is known of everybody at the new time.
struct Known<'a> {
    to: Interval,
    live: HashMap<PersonId, PersonBusy>,
    before: &'a Remembered,
    /// At this moment the event stood where it was.
    until: Option<DateTime<Utc>>,
    /// Interviews of ours, this one left out.
    taken: Vec<Taken>,
}

impl<'a> Known<'a> {
    async fn read(
        state: &AppState,
        interview: &Interview<'_>,
        panel: &Panel,
        to: Interval,
        memory: &'a mut Memory,
    ) -> Result<Self, StoreError> {
        let Interview { request, booking, event, placement, .. } = *interview;
        let db = state.store.reader();
        let members = panel.members();
        let wide = |by: TimeDelta| Interval::new(to.start() - by, to.end() + by).unwrap_or(to);
        let stored = busy::stored(db, request.org, &members).await?;
        let open = difference::open_of(db, request.org, event.id).await?;
        let found = open.iter().filter(|open| open.theirs == Some(Theirs::At(to))).flat_map(|open| &open.blockers);
        let in_a_calendar = |because: Because| matches!(because, Because::Busy | Because::Unclear);
        let before = memory.0.get_or_insert_with(|| Remembered {
            read: members.iter().filter_map(|one| Some((*one, stored.last_read(*one, wide(AROUND))?))).collect(),
            found: found
                .filter(|blocker| in_a_calendar(blocker.because))
                .filter_map(|blocker| Some((blocker.person?, blocker.because)))
                .collect(),
        });
        // Once its new time is acknowledged, readings may be of after the move.
        let is_known = placement.seen == Some(Theirs::At(to));
        let until = placement.last_synced_at.max(placement.looked_at).filter(|_| !is_known);
        Ok(Self {
            before,
            until,
            live: stored.busy(&state.services, wide(AROUND), TimeDelta::zero()).await?,
            taken: seat::taken(db, request.org, &members, wide(seat::ABOUT_A_WEEK), Some(booking.id)).await?,
            to,
        })
    }

    /// What keeps one of the panel from coming.
    fn blockers(&self, interview: &Interview<'_>, panel: &Panel, id: PersonId) -> Vec<Blocker> {
        let because = match panel.people.get(&id) {
            Some(person) => [self.ours(interview, person), self.outside(interview, panel, person)],
            None => [Some(Because::Unknown), None],
        };
        because.into_iter().flatten().map(|because| Blocker { person: Some(id), because }).collect()
    }

    /// What we know ourselves.
    fn ours(&self, interview: &Interview<'_>, person: &Person) -> Option<Because> {
        let request = interview.request;
        let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
        let (before, after) = (minutes(request.buffer_before), minutes(request.buffer_after));
        let wanted = Interval::new(self.to.start() - before, self.to.end() + after).unwrap_or(self.to);
        let theirs: Vec<&Taken> = self.taken.iter().filter(|one| one.person == person.id).collect();
        if person.disabled_at.is_some() {
            return Some(Because::Off);
        }
        if theirs.iter().any(|one| one.taken.overlaps(&wanted)) {
            return Some(Because::Interview);
        }
        let starts: Vec<_> = theirs.iter().map(|one| one.span.start()).collect();
        let load = Load::about(self.to.start(), person.zone_for(request.zone), &starts);
        let is_full = |most: Option<u32>, has: u32| most.is_some_and(|most| has >= most);
        let limits = person.limits;
        (is_full(limits.per_day, load.day) || is_full(limits.per_week, load.week)).then_some(Because::Limit)
    }

    /// What calendars, or people themselves, say.
    fn outside(&self, interview: &Interview<'_>, panel: &Panel, person: &Person) -> Option<Because> {
        match self.live.get(&person.id) {
            Some(PersonBusy::Known { intervals, .. }) => {
                let before = self
                    .before
                    .read
                    .get(&person.id)
                    .map(|(busy, at)| Reading { busy, is_of_then: self.until.is_some_and(|until| *at <= until) });
                let views = Views { now: intervals, before, found: self.before.found.get(&person.id).copied() };
                in_the_way(views, self.to, &interview.was(self.to), interview.shown_to(person.id))
            }
            Some(PersonBusy::Unknown { .. }) => Some(Because::Unknown),
            Some(PersonBusy::NotConnected) | None => {
                let windows = offer::told_of(panel, person.id, self.to).unwrap_or_default();
                let windows = scheduling::interval::normalise(windows);
                (!windows.iter().any(|window| window.contains(&self.to))).then_some(Because::Unknown)
            }
        }
    }

    /// Others of the pools, if all seats can be filled so.
    fn others(&self, interview: &Interview<'_>, panel: &Panel, now: DateTime<Utc>) -> Option<Seating> {
        let request = interview.request;
        let minutes = u32::try_from(self.to.minutes()).ok()?;
        let mut query = Query::new(self.to, now.min(self.to.start()), minutes);
        (query.step, query.align_zone) = (1, request.zone);
        let core = |person: &Person| {
            let is_free = self.blockers(interview, panel, person.id).is_empty();
            let busy = if is_free { Busy::nothing() } else { Busy::Known(vec![self.to]) };
            let zone = person.zone_for(request.zone);
            let mut core = scheduling::Person::new(person.id.to_string(), zone, busy);
            core.manual = vec![self.to];
            core.load = self.taken.iter().filter(|one| one.person == person.id).map(|one| one.span.start()).collect();
            core.count_week_of(self.to.start());
            core
        };
        query.people = panel.people.values().map(core).collect();
        offer::fill_seats(&mut query, panel);
        offer::first(&query, self.to, Vec::new())
    }
}

impl Interview<'_> {
    /// Where calendars may still show it, or showed it until now, apart from its new time.
    fn was(&self, to: Interval) -> Vec<Interval> {
        let seen = self.placement.seen.and_then(|seen| seen.span());
        seen.into_iter().chain([self.event.span]).filter(|span| *span != to).collect()
    }

    /// Whether, and where, somebody's calendar shows it.
    fn shown_to(&self, person: PersonId) -> Shown {
        if person == self.owner {
            return Shown::AtBoth;
        }
        let is_them = |one: &&crate::events::Participant| one.person == Some(person);
        let Some(guest) = self.event.participants.iter().find(is_them) else { return Shown::Nowhere };
        match self.placement.answers.get(&guest.email.to_lowercase()) {
            // It blocks them no more.
            Some(Response::Declined) => Shown::Nowhere,
            // The provider keeps its guests' calendars in step; our mail tells of the new time when it is ours.
            _ if self.event.inviter == Inviter::Provider => Shown::AtBoth,
            _ => Shown::Before,
        }
    }
}
