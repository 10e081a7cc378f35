//! Who could come instead of somebody, and whether they are free.

use sea_orm::ConnectionTrait;

use super::{SwapError, booked};
use crate::{
    booking::{
        Booking,
        offer::{self, Ask},
        seat,
        sitting::{self, Why},
    },
    connections::busy::{PersonBusy, UnknownReason},
    events::{self, Event},
    ids::{PersonId, RequestId},
    people::{self, Coordinator, Person, given},
    requests::{self, Panel, Request},
    scheduling::{person::Load, why::Rule},
    state::AppState,
    store::{StoreError, words::SeatKind},
};

/// Most people outside the pool whose calendars one page asks.
const MOST: usize = 40;

/// Somebody who might come instead.
#[derive(Clone, Debug)]
pub struct Substitute {
    pub person: Person,
    /// Of the pool the request named for this place.
    pub in_pool: bool,
    pub standing: Standing,
    /// Interviews they have that day and week.
    pub load: Load,
}

/// Whether somebody could come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Free,
    /// What keeps them.
    Kept(Vec<Rule>),
    Unknown(Unknown),
}

/// Why nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They have no calendar and no typed hours.
    Nobody,
    /// Their calendar says nothing at the moment.
    Silent(UnknownReason),
    /// This interview stands in their calendar already, which cannot tell it from another.
    Invited,
}

/// One place of a booked interview, and who could take it.
pub struct Place {
    pub request: Request,
    pub booking: Booking,
    pub leaving: Person,
    /// The free first, the least loaded of them before the others; then who is kept, then of whom nobody knows.
    pub substitutes: Vec<Substitute>,
    /// How many more there are who were not looked at.
    pub left_out: usize,
}

/// Who could take one person's place: the pool they come from, and others whose name or address contains `find`. Calendars
/// read in the last five minutes answer.
pub async fn substitutes(
    state: &AppState,
    coordinator: &Coordinator,
    request: RequestId,
    leaves: PersonId,
    find: &str,
) -> Result<Place, SwapError> {
    let db = state.store.reader();
    let org = coordinator.member().org;
    let (request, booking) = booked(db, coordinator, request, state.clock.now()).await?;
    let seated = seat::seated(db, org, booking.id).await?;
    let team = people::team(db, org).await?;
    let leaving = people::find(db, org, leaves).await?.filter(|_| seated.contains(&leaves));
    let leaving = leaving.ok_or(SwapError::NotSeated)?;
    let pool = pool(db, &request, &booking, leaves).await?;
    let find = find.trim().to_lowercase();
    let is_meant = |person: &Person| {
        pool.contains(&person.id)
            || person.name.to_lowercase().contains(&find)
            || person.email.as_str().to_lowercase().contains(&find)
    };
    let mut others: Vec<Person> =
        team.into_iter().filter(|person| !seated.contains(&person.id) && is_meant(person)).collect();
    others.sort_by_key(|person| !pool.contains(&person.id));
    let left_out = others.len().saturating_sub(pool.len() + MOST);
    others.truncate(pool.len() + MOST);
    let mut substitutes = look(state, &request, &booking, &pool, others, offer::FRESH).await?;
    substitutes.sort_by_key(Substitute::rank);
    Ok(Place { request, booking, leaving, substitutes, left_out })
}

impl Substitute {
    fn rank(&self) -> impl Ord + use<> {
        let class = match self.standing {
            Standing::Free => 0,
            Standing::Kept(_) => 1,
            Standing::Unknown(_) => 2,
        };
        (class, !self.in_pool, self.load.week, self.load.day, self.person.name.clone(), self.person.id)
    }
}

/// The "any n of" list in which this place is, if it is in one.
async fn pool(
    db: &impl ConnectionTrait,
    request: &Request,
    booking: &Booking,
    leaves: PersonId,
) -> Result<Vec<PersonId>, StoreError> {
    let mut had_it = vec![leaves];
    if let Some(Why::Swapped(swap)) = sitting::of(db, request.org, booking.id).await?.remove(&leaves) {
        had_it.extend(swap.before);
    }
    let asked = requests::panel(db, request.org, request.id).await?;
    let is_theirs = |seat: &requests::Seat| had_it.iter().any(|one| seat.people.contains(one));
    let seat = asked.seats.into_iter().find(|seat| seat.kind == SeatKind::Any && is_theirs(seat));
    Ok(seat.map(|seat| seat.people).unwrap_or_default())
}

/// Asks the core about these people at the time that is booked. The request's own windows do not stand in for anybody: they
/// say when to offer somebody of whom nothing is known, not that they are free.
pub(super) async fn look(
    state: &AppState,
    request: &Request,
    booking: &Booking,
    pool: &[PersonId],
    people: Vec<Person>,
    max_age: chrono::TimeDelta,
) -> Result<Vec<Substitute>, SwapError> {
    let db = state.store.reader();
    let asked = requests::panel(db, request.org, request.id).await?;
    let event = events::of_booking(db, request.org, booking.id).await?;
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let needed = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let panel = Panel {
        seats: vec![requests::Seat { kind: SeatKind::All, needed, people: ids.clone() }],
        people: people.iter().map(|person| (person.id, person.clone())).collect(),
        typed: asked.typed,
        given: given::of_people(db, request.org, &ids).await?,
        fallback: Vec::new(),
    };
    // The notice was for the candidate, and the interview may have begun.
    let ask = Ask { window: booking.span, min_notice: 0, ..Ask::of(request, &panel) };
    let known = offer::knowledge(state, &ask, max_age, Some(booking.id)).await?;
    let now = state.clock.now().min(booking.span.start());
    let query = offer::query(&ask, &known, now, true);
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut kept = sitting::kept(&query, &names);
    let substitute = |person: Person| {
        let name = person.id.to_string();
        let core = query.people.iter().find(|one| one.id == name);
        let is_invited = event.as_ref().is_some_and(|event| takes_part(event, person.id));
        let calendar = known.calendars.get(&person.id);
        Substitute {
            in_pool: pool.contains(&person.id),
            standing: standing(kept.remove(&name).unwrap_or_default(), calendar, is_invited),
            load: core.map(|one| one.load_about(booking.span.start())).unwrap_or_default(),
            person,
        }
    };
    Ok(people.into_iter().map(substitute).collect())
}

fn takes_part(event: &Event, person: PersonId) -> bool {
    event.participants.iter().any(|one| one.person == Some(person))
}

fn standing(mut rules: Vec<Rule>, calendar: Option<&PersonBusy>, is_invited: bool) -> Standing {
    let is_unknown = rules.contains(&Rule::Unknown);
    rules.retain(|rule| *rule != Rule::Unknown);
    let of_this_event = |rule: &Rule| matches!(rule, Rule::Busy | Rule::Buffer);
    if is_invited && !is_unknown && !rules.is_empty() && rules.iter().all(of_this_event) {
        return Standing::Unknown(Unknown::Invited);
    }
    match (rules.is_empty(), is_unknown, calendar) {
        (true, false, _) => Standing::Free,
        (true, true, Some(PersonBusy::Unknown { reason, .. })) => Standing::Unknown(Unknown::Silent(*reason)),
        (true, true, _) => Standing::Unknown(Unknown::Nobody),
        // What we booked ourselves is certain, whatever a calendar would say.
        (false, ..) => Standing::Kept(rules),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_free_and_what_we_booked_is_certain() {
        let silent = PersonBusy::Unknown { since: None, reason: UnknownReason::NoAnswer };
        let calm = PersonBusy::NotConnected;
        let cases = [
            (vec![], &calm, false, Standing::Free),
            (vec![Rule::Unknown], &calm, false, Standing::Unknown(Unknown::Nobody)),
            (vec![Rule::Unknown], &silent, false, Standing::Unknown(Unknown::Silent(UnknownReason::NoAnswer))),
            (vec![Rule::Unknown, Rule::Busy], &silent, false, Standing::Kept(vec![Rule::Busy])),
            (vec![Rule::Hours, Rule::Busy], &calm, true, Standing::Kept(vec![Rule::Hours, Rule::Busy])),
            (vec![Rule::Busy], &calm, true, Standing::Unknown(Unknown::Invited)),
            (vec![Rule::Limit], &calm, true, Standing::Kept(vec![Rule::Limit])),
        ];
        for (rules, calendar, is_invited, wanted) in cases {
            assert_eq!(standing(rules.clone(), Some(calendar), is_invited), wanted, "{rules:?} {calendar:?}");
        }
    }
}
