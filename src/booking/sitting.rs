//! Why somebody sits in a booking, in numbers and rules: computed when they are chosen, and kept with the booking, so that it
//! stays what it was then. What a busy entry is never comes this far.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use super::{Booking, latest};
use crate::{
    ids::{BookingId, OrgId, PersonId},
    people,
    requests::{self, Panel, Request},
    scheduling::{Query, Seat, open_slots, person::Load, slots::Slot, why::Rule},
    store::{
        StoreError, Txn,
        entities::sittings,
        words::{RequestStatus, SeatKind},
    },
};

/// Why one person sits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Why {
    /// The request needs them.
    Named,
    /// They are one of several who could.
    Chosen(Choice),
    /// A coordinator put them in the place of somebody else.
    Swapped(Swap),
}

/// A place that was given to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// Who had the place before, first the one whom the panel names.
    pub before: Vec<PersonId>,
    pub reason: String,
    /// Nobody knew whether they were free: the coordinator had asked them.
    pub asked: bool,
}

/// A choice out of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Interviews they had that week and that day, on their own clocks; this one not counted.
    pub week: u32,
    pub day: u32,
    /// How many were chosen.
    pub needed: u32,
    /// Who was not.
    pub others: Vec<Other>,
}

/// Somebody of the pool who was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    pub person: PersonId,
    pub week: u32,
    pub day: u32,
    /// What kept them; nothing did if they were free.
    pub kept_by: Vec<Rule>,
}

impl Other {
    pub fn was_free(&self) -> bool {
        self.kept_by.is_empty()
    }
}

/// Why each of those sits whom the core seated. `query` is the question this slot answers.
pub(super) fn why(query: &Query, slot: &Slot<'_>) -> BTreeMap<PersonId, Why> {
    let seated: Vec<&str> = slot.people().collect();
    let at = slot.start();
    let load =
        |id: &str| query.people.iter().find(|one| one.id == id).map(|one| one.load_about(at)).unwrap_or_default();
    // The core lists them seat by seat.
    let mut left = seated.iter().copied();
    let mut whys = BTreeMap::new();
    for seat in &query.seats {
        let (needed, pool) = match seat {
            Seat::Any { count, of } if *count < of.len() => (*count, of),
            Seat::Any { of, .. } | Seat::All(of) => {
                whys.extend(left.by_ref().take(of.len()).filter_map(|id| Some((id.parse().ok()?, Why::Named))));
                continue;
            }
        };
        let kept = kept(query, pool);
        let others: Vec<Other> = pool
            .iter()
            .filter(|id| !seated.contains(&id.as_str()))
            .filter_map(|id| {
                let Load { day, week } = load(id);
                Some(Other { person: id.parse().ok()?, week, day, kept_by: kept.get(id).cloned().unwrap_or_default() })
            })
            .collect();
        whys.extend(left.by_ref().take(needed).filter_map(|id| {
            let Load { day, week } = load(id);
            let needed = u32::try_from(needed).unwrap_or(u32::MAX);
            Some((id.parse().ok()?, Why::Chosen(Choice { week, day, needed, others: others.clone() })))
        }));
    }
    whys
}

/// What keeps each of these people from the one start of a query; who is free has no entry. Found by asking for all of them.
pub(super) fn kept(query: &Query, people: &[String]) -> HashMap<String, Vec<Rule>> {
    let everyone =
        Query { seats: vec![Seat::All(people.to_vec())], optional: Vec::new(), explain: true, ..query.clone() };
    let mut kept: HashMap<String, Vec<Rule>> = HashMap::new();
    for refused in open_slots(&everyone).refused() {
        for (person, rule) in refused.reasons() {
            kept.entry(person.to_owned()).or_default().push(rule);
        }
    }
    kept
}

/// Keeps the reasons with the booking.
pub(super) async fn keep(txn: &Txn, booking: &Booking, whys: &BTreeMap<PersonId, Why>) -> Result<(), StoreError> {
    for (person, why) in whys {
        let why = serde_json::to_string(why).map_err(|error| DbErr::Json(error.to_string()))?;
        sittings::Entity::insert(sittings::ActiveModel {
            booking_id: Set(booking.id),
            org_id: Set(booking.org),
            person_id: Set(*person),
            why: Set(why),
        })
        .exec_without_returning(&**txn)
        .await?;
    }
    Ok(())
}

/// The reasons of those who sit at another time, in place of those before. Who was put in by hand stays that.
pub(super) async fn renew(txn: &Txn, booking: &Booking, mut whys: BTreeMap<PersonId, Why>) -> Result<(), StoreError> {
    for (person, why) in of(&**txn, booking.org, booking.id).await? {
        forget(txn, booking, person).await?;
        if let (Why::Swapped(_), Some(new)) = (&why, whys.get_mut(&person)) {
            *new = why;
        }
    }
    keep(txn, booking, &whys).await
}

/// They no longer sit.
pub(super) async fn forget(txn: &Txn, booking: &Booking, person: PersonId) -> Result<(), StoreError> {
    sittings::Entity::delete_by_id((booking.id, person))
        .filter(sittings::Column::OrgId.eq(booking.org))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// The panel of a request as its booking has it: whoever was put into somebody's place is needed, and who left is not asked
/// again. Another booking of the request begins with the panel as it was asked for.
pub async fn panel(db: &impl ConnectionTrait, request: &Request) -> Result<Panel, StoreError> {
    let mut panel = requests::panel(db, request.org, request.id).await?;
    if request.status != RequestStatus::Booked {
        return Ok(panel);
    }
    let Some(booking) = latest(db, request.org, request.id).await?.filter(Booking::is_live) else { return Ok(panel) };
    let swaps: BTreeMap<PersonId, Vec<PersonId>> = of(db, request.org, booking.id)
        .await?
        .into_iter()
        .filter_map(|(person, why)| match why {
            Why::Swapped(swap) => Some((person, swap.before)),
            Why::Named | Why::Chosen(_) => None,
        })
        .collect();
    if swaps.is_empty() {
        return Ok(panel);
    }
    panel.seats = reseated(&panel.seats, &swaps);
    let ids: Vec<PersonId> = panel.seats.iter().flat_map(|seat| seat.people.iter().copied()).collect();
    panel.people = people::find_all(db, request.org, &ids).await?.into_iter().map(|one| (one.id, one)).collect();
    Ok(panel)
}

/// The seats after these swaps: who came, and who had the place before them. A place out of a pool is taken out of it with its
/// new owner.
fn reseated(seats: &[requests::Seat], swaps: &BTreeMap<PersonId, Vec<PersonId>>) -> Vec<requests::Seat> {
    let mut after = seats.to_vec();
    for (came, before) in swaps {
        let is_theirs = |person: &PersonId| before.contains(person) || person == came;
        let place = seats.iter().position(|seat| seat.kind != SeatKind::Optional && seat.people.iter().any(is_theirs));
        for (at, seat) in after.iter_mut().enumerate() {
            seat.people.retain(|person| !is_theirs(person));
            if place == Some(at) && seat.kind == SeatKind::Any {
                seat.needed = seat.needed.saturating_sub(1);
            }
        }
    }
    after.retain(|seat| !seat.people.is_empty() && (seat.kind != SeatKind::Any || seat.needed > 0));
    after.extend(swaps.keys().map(|came| requests::Seat { kind: SeatKind::All, needed: 1, people: vec![*came] }));
    after
}

/// Why those sit who do.
pub async fn of(
    db: &impl ConnectionTrait,
    org: OrgId,
    booking: BookingId,
) -> Result<BTreeMap<PersonId, Why>, StoreError> {
    let rows = sittings::Entity::find()
        .filter(sittings::Column::OrgId.eq(org))
        .filter(sittings::Column::BookingId.eq(booking))
        .all(db)
        .await?;
    let read = |row: sittings::Model| {
        let why = serde_json::from_str(&row.why).map_err(|_| StoreError::unreadable("sittings.why"))?;
        Ok((row.person_id, why))
    };
    rows.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stays_with_who_was_put_there() {
        let people: Vec<PersonId> = (0..6).map(|_| PersonId::new()).collect();
        let [a, b, c, d, x, y] = people[..] else { unreachable!("six people") };
        let seat = |kind, needed, people: &[PersonId]| requests::Seat { kind, needed, people: people.to_vec() };
        let all = |people: &[PersonId]| seat(SeatKind::All, 1, people);
        let named = [seat(SeatKind::All, 2, &[a, b]), seat(SeatKind::Optional, 0, &[c, x])];
        let pool = [seat(SeatKind::Any, 2, &[a, b, c]), all(&[d])];
        let swapped = |seats: &[requests::Seat], swaps: &[(PersonId, &[PersonId])]| {
            reseated(seats, &swaps.iter().map(|(came, before)| (*came, before.to_vec())).collect())
        };
        // By name; somebody optional now sits.
        let after = swapped(&named, &[(x, &[a])]);
        assert_eq!(after, [seat(SeatKind::All, 2, &[b]), seat(SeatKind::Optional, 0, &[c]), all(&[x])]);
        // Out of a pool, by somebody else and by another of it.
        assert_eq!(swapped(&pool, &[(x, &[a])]), [seat(SeatKind::Any, 1, &[b, c]), all(&[d]), all(&[x])]);
        assert_eq!(swapped(&pool, &[(c, &[a])]), [seat(SeatKind::Any, 1, &[b]), all(&[d]), all(&[c])]);
        // Both places, each by a chain of people.
        assert_eq!(swapped(&pool, &[(x, &[a, c]), (y, &[b])]), [all(&[d]), all(&[x]), all(&[y])]);
        // Who left one place comes back in another.
        assert_eq!(swapped(&pool, &[(a, &[b]), (x, &[a])]), [all(&[d]), all(&[a]), all(&[x])]);
        // There and back again.
        assert_eq!(swapped(&named[..1], &[(a, &[a, x])]), [seat(SeatKind::All, 2, &[b]), all(&[a])]);
    }
}
