//! Which times a request can offer: its panel, their hours and calendars and what we booked ourselves, put to the pure core.
//!
//! Pages answer from calendars read at most five minutes ago; a confirmation reads them again. A person whose calendar was
//! connected and does not answer is unknown and sits nowhere; the coordinator's own windows stand in only for people who never
//! connected one.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;

use super::{
    BookError, Booking, latest,
    seat::{self, Taken},
    sitting::{self, Why},
};
use crate::{
    calendars::Provider,
    connections::busy::{self, PersonBusy},
    ids::{BookingId, OrgId, PersonId, RequestId},
    people::{Limits, Person},
    requests::{self, Panel, Request},
    scheduling::{self, Answer, Busy, Interval, Query, Seat, open_slots as solve},
    state::AppState,
    store::{
        StoreError,
        words::{RequestStatus, SeatKind},
    },
};

/// How old busy times may be on a page.
pub(super) const FRESH: TimeDelta = TimeDelta::minutes(5);
/// Calendars read longer ago are read again by the worker, before a page finds them stale.
const REREAD: TimeDelta = TimeDelta::minutes(2);
/// What is asked, whether or not it is stored as a request yet: the form's live picture asks the same question.
pub struct Ask<'a> {
    pub org: OrgId,
    pub window: Interval,
    pub zone: chrono_tz::Tz,
    pub duration: u32,
    pub step: u32,
    pub buffer_before: u32,
    pub buffer_after: u32,
    pub min_notice: u32,
    /// A request that is booked: its interview takes its people until it has moved, and is no load of theirs where it moves to.
    pub moving: Option<RequestId>,
    pub panel: &'a Panel,
}

impl<'a> Ask<'a> {
    pub fn of(request: &Request, panel: &'a Panel) -> Self {
        Self {
            org: request.org,
            window: request.window,
            zone: request.zone,
            duration: request.duration,
            step: request.step,
            buffer_before: request.buffer_before,
            buffer_after: request.buffer_after,
            min_notice: request.min_notice,
            moving: (request.status == RequestStatus::Booked).then_some(request.id),
            panel,
        }
    }
}

/// What is known of the panel's time.
pub struct Knowledge {
    pub calendars: HashMap<PersonId, PersonBusy>,
    held: Vec<Taken>,
    /// The booking that would move.
    moving: Option<BookingId>,
}

impl Knowledge {
    /// The same people with nothing on.
    fn without_busy_times(&self, now: DateTime<Utc>) -> Self {
        let idle = |busy: &PersonBusy| match busy {
            PersonBusy::NotConnected => PersonBusy::NotConnected,
            PersonBusy::Known { .. } | PersonBusy::Unknown { .. } => nothing_on(now),
        };
        let calendars = self.calendars.iter().map(|(person, busy)| (*person, idle(busy))).collect();
        Self { calendars, held: Vec::new(), moving: None }
    }
}

/// A calendar that is connected and empty.
fn nothing_on(now: DateTime<Utc>) -> PersonBusy {
    PersonBusy::Known { intervals: Vec::new(), read_at: now, provider: Provider::Google }
}

/// What is stored of a panel's time: what was read of its calendars last, and what we booked ourselves.
#[derive(Clone)]
pub struct Stored {
    calendars: busy::Stored,
    held: Vec<Taken>,
    moving: Option<BookingId>,
}

/// Reads what is stored, without the booking `but` (which is held and about to be settled).
pub async fn stored(db: &impl ConnectionTrait, ask: &Ask<'_>, but: Option<BookingId>) -> Result<Stored, StoreError> {
    let members = ask.panel.members();
    let around = widened(ask);
    // Whole weeks of everybody, because limits and loads are counted in them.
    let (start, end) = (around.start() - seat::ABOUT_A_WEEK, around.end() + seat::ABOUT_A_WEEK);
    let loaded = Interval::new(start, end).unwrap_or(around);
    let moving = match ask.moving {
        Some(request) => latest(db, ask.org, request).await?.filter(Booking::is_live).map(|booking| booking.id),
        None => None,
    };
    Ok(Stored {
        moving,
        calendars: busy::stored(db, ask.org, &members).await?,
        held: seat::taken(db, ask.org, &members, loaded, but).await?,
    })
}

impl Stored {
    /// Asks the calendars whose reading is older than `max_age`.
    async fn known(&self, state: &AppState, ask: &Ask<'_>, max_age: TimeDelta) -> Result<Knowledge, StoreError> {
        let calendars = self.calendars.busy(&state.services, widened(ask), max_age).await?;
        Ok(Knowledge { calendars, held: self.held.clone(), moving: self.moving })
    }
}

/// Reads what is known, at most `max_age` old, without the booking `but`.
pub async fn knowledge(
    state: &AppState,
    ask: &Ask<'_>,
    max_age: TimeDelta,
    but: Option<BookingId>,
) -> Result<Knowledge, StoreError> {
    stored(state.store.reader(), ask, but).await?.known(state, ask, max_age).await
}

/// The window with room for buffers on both sides.
fn widened(ask: &Ask<'_>) -> Interval {
    let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
    let (start, end) = (ask.window.start() - minutes(ask.buffer_before), ask.window.end() + minutes(ask.buffer_after));
    Interval::new(start, end).unwrap_or(ask.window)
}

/// The times open for a request, for its pages.
pub async fn open_slots(state: &AppState, request: &Request, panel: &Panel) -> Result<Answer, StoreError> {
    let stored = stored(state.store.reader(), &Ask::of(request, panel), None).await?;
    open_slots_of(state, request, panel, &stored).await
}

/// The same for a caller who has read what is stored.
pub async fn open_slots_of(
    state: &AppState,
    request: &Request,
    panel: &Panel,
    stored: &Stored,
) -> Result<Answer, StoreError> {
    let ask = Ask::of(request, panel);
    let known = stored.known(state, &ask, FRESH).await?;
    Ok(solve(&query(&ask, &known, state.clock.now(), false)))
}

/// The same with a reason for every time that is not open, and what is known of everybody, for coordinators.
pub async fn explained(state: &AppState, ask: &Ask<'_>) -> Result<(Answer, Knowledge, Query), StoreError> {
    let known = knowledge(state, ask, FRESH, None).await?;
    let query = query(ask, &known, state.clock.now(), true);
    Ok((solve(&query), known, query))
}

/// Who sits at one chosen time.
#[derive(Clone, Debug)]
pub struct Seating {
    pub span: Interval,
    /// Who is taken.
    pub people: Vec<PersonId>,
    /// Who comes along.
    pub optional: Vec<PersonId>,
    /// Why each of those who are taken.
    pub why: BTreeMap<PersonId, Why>,
    /// Sits, though their calendar did not answer just now.
    unanswered: Vec<PersonId>,
}

impl Seating {
    /// These people sit, and nobody's calendar has to be heard any more.
    pub(super) fn certain(
        span: Interval,
        people: Vec<PersonId>,
        optional: Vec<PersonId>,
        why: BTreeMap<PersonId, Why>,
    ) -> Self {
        Self { span, people, optional, why, unanswered: Vec::new() }
    }

    /// Somebody's calendar still has to be heard before this is certain.
    pub fn is_held(&self) -> bool {
        self.people.iter().any(|person| self.unanswered.contains(person))
    }
}

/// Derives one chosen time again from what the calendars say now. Network: call it outside transactions.
///
/// # Errors
/// [`BookError::NotOffered`] for a start this request never offers, [`BookError::SlotTaken`] for one that is no longer open.
pub async fn seating_at(
    state: &AppState,
    request: &Request,
    panel: &Panel,
    start: DateTime<Utc>,
    but: Option<BookingId>,
) -> Result<Seating, BookError> {
    seating(state, request, panel, start, TimeDelta::zero(), but).await
}

/// The same a moment later, from calendars read for the first try: somebody else took a person of it meanwhile.
pub(super) async fn seating_again(
    state: &AppState,
    request: &Request,
    panel: &Panel,
    start: DateTime<Utc>,
    but: Option<BookingId>,
) -> Result<Seating, BookError> {
    seating(state, request, panel, start, FRESH, but).await
}

/// Whether the calendars of those who sit in a held booking leave its time free. Other people of the panel do not matter any
/// more, nor do the notice and the limits, which were kept when the time was chosen.
pub(super) async fn still_free(
    state: &AppState,
    request: &Request,
    panel: &Panel,
    booking: &Booking,
    seated: Vec<PersonId>,
) -> Result<Seating, BookError> {
    let request = Request { min_notice: 0, ..request.clone() };
    let needed = u32::try_from(seated.len()).unwrap_or(u32::MAX);
    let seats = vec![requests::Seat { kind: SeatKind::All, needed, people: seated }];
    let mut panel = Panel { seats, ..panel.clone() };
    panel.people.values_mut().for_each(|person| person.limits = Limits::default());
    seating_at(state, &request, &panel, booking.span.start(), Some(booking.id)).await
}

async fn seating(
    state: &AppState,
    request: &Request,
    panel: &Panel,
    start: DateTime<Utc>,
    max_age: TimeDelta,
    but: Option<BookingId>,
) -> Result<Seating, BookError> {
    let span = Interval::new(start, start + request.length()).ok_or(BookError::NotOffered)?;
    if !request.window.contains(&span) {
        return Err(BookError::NotOffered);
    }
    let ask = Ask::of(request, panel);
    let known = knowledge(state, &ask, max_age, but).await?;
    let now = state.clock.now();
    let at = |known: &Knowledge| {
        let mut query = Query { window: span, ..query(&ask, known, now, false) };
        query.people.iter_mut().for_each(|person| person.count_week_of(start));
        query
    };

    if let Some(seating) = first(&at(&known), span, Vec::new()) {
        return Ok(seating);
    }
    // Not open even if nobody had anything on: it was never offered, and nobody took it.
    if solve(&at(&known.without_busy_times(now))).total() == 0 {
        return Err(BookError::NotOffered);
    }
    // Calendars that may answer in a moment: suppose they are free, and hold the time until they said so.
    let silent: Vec<PersonId> = known
        .calendars
        .iter()
        .filter(|(_, busy)| matches!(busy, PersonBusy::Unknown { reason, .. } if reason.is_passing()))
        .map(|(person, _)| *person)
        .collect();
    if silent.is_empty() {
        return Err(BookError::SlotTaken);
    }
    let mut supposed = known;
    for person in &silent {
        supposed.calendars.insert(*person, nothing_on(now));
    }
    first(&at(&supposed), span, silent).ok_or(BookError::SlotTaken)
}

/// Who sits if a query is open at the start of this span.
pub(super) fn first(query: &Query, span: Interval, unanswered: Vec<PersonId>) -> Option<Seating> {
    let answer = solve(query);
    let slot = answer.slots().next().filter(|slot| slot.start() == span.start())?;
    let people = slot.people().filter_map(|id| id.parse().ok()).collect();
    let optional = slot.optional().filter_map(|id| id.parse().ok()).collect();
    let why = sitting::why(query, &slot);
    Some(Seating { span, people, optional, why, unanswered })
}

/// The question as the core wants it.
pub fn query(ask: &Ask<'_>, known: &Knowledge, now: DateTime<Utc>, explain: bool) -> Query {
    let mut query = Query::new(ask.window, now, ask.duration);
    query.min_notice = ask.min_notice;
    query.step = ask.step;
    query.align_zone = ask.zone;
    query.buffer_before = ask.buffer_before;
    query.buffer_after = ask.buffer_after;
    query.explain = explain;
    query.people = ask.panel.people.values().map(|person| core_person(person, ask, known)).collect();
    fill_seats(&mut query, ask.panel);
    query
}

/// The panel's seats, as the core wants them.
pub(super) fn fill_seats(query: &mut Query, panel: &Panel) {
    for seat in &panel.seats {
        let ids: Vec<String> = seat.people.iter().map(ToString::to_string).collect();
        match seat.kind {
            SeatKind::All => query.seats.push(Seat::All(ids)),
            SeatKind::Any => query.seats.push(Seat::Any { count: seat.needed as usize, of: ids }),
            SeatKind::Optional => query.optional.extend(ids),
        }
    }
}

/// One person as the core sees them. People without a calendar are there inside the times they gave themselves, and where they
/// said nothing inside the hours typed for them, or else inside the coordinator's own windows; with none of it, nobody knows. Where nobody knows their zone, their hours are on the request's clocks.
fn core_person(person: &Person, ask: &Ask<'_>, known: &Knowledge) -> scheduling::person::Person {
    let panel = ask.panel;
    let busy = match known.calendars.get(&person.id) {
        Some(PersonBusy::Known { intervals, .. }) => Busy::Known(intervals.clone()),
        Some(PersonBusy::Unknown { .. }) => Busy::Unknown,
        Some(PersonBusy::NotConnected) | None => Busy::nothing(),
    };
    let connected =
        matches!(known.calendars.get(&person.id), Some(PersonBusy::Known { .. } | PersonBusy::Unknown { .. }));
    let mut core = scheduling::person::Person::new(person.id.to_string(), person.zone_for(ask.zone), busy);
    if person.disabled_at.is_some() {
        // Whoever was switched off since takes no interview, whatever was typed for them.
        core.busy = Busy::Unknown;
        return core;
    }
    if connected {
        core.weekly = person.weekly.clone();
        core.overrides = person.overrides.clone();
        core.manual = panel.typed.get(&person.id).map(|typed| typed.windows.clone()).unwrap_or_default();
    } else {
        match told_of(panel, person.id, ask.window) {
            Some(windows) => core.manual = windows,
            None => core.busy = Busy::Unknown,
        }
    }
    (core.max_per_day, core.max_per_week) = (person.limits.per_day, person.limits.per_week);
    for one in known.held.iter().filter(|one| one.person == person.id) {
        core.held.push(one.taken);
        if Some(one.booking) != known.moving {
            core.load.push(one.span.start());
        }
    }
    core
}

/// When somebody without a calendar can, within a window: as they said themselves, and where they said nothing as was typed for them, or
/// else within the coordinator's own windows. `None` if nobody knows.
pub(super) fn told_of(panel: &Panel, person: PersonId, window: Interval) -> Option<Vec<Interval>> {
    let typed = panel.typed.get(&person).map(|typed| typed.windows.clone()).unwrap_or_default();
    let typed = if typed.is_empty() { panel.fallback.clone() } else { typed };
    // Their own word counts where they spoke; hours typed for them are for the rest.
    match panel.given.get(&person).filter(|given| given.speaks_of(window)) {
        Some(given) => Some(given.over(&typed)),
        None => (!typed.is_empty()).then_some(typed),
    }
}

/// Reads the calendars of everybody who is asked in an open request, so that its pages answer from what is stored. What goes
/// wrong for one request is logged and leaves the others alone.
pub async fn refresh(state: &AppState) -> Result<(), StoreError> {
    for request in requests::open_now(state.store.reader(), state.clock.now()).await? {
        if let Err(error) = refresh_one(state, &request).await {
            tracing::warn!(request = %request.id, %error, "the calendars of a request were not read");
        }
    }
    Ok(())
}

async fn refresh_one(state: &AppState, request: &Request) -> Result<(), StoreError> {
    let panel = requests::panel(state.store.reader(), request.org, request.id).await?;
    knowledge(state, &Ask::of(request, &panel), REREAD, None).await?;
    Ok(())
}
