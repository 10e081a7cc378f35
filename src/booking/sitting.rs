//! Why somebody sits in a booking, in numbers and rules: computed when they are chosen, and kept with the booking, so that it
//! stays what it was then. What a busy entry is never comes this far.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use super::Booking;
use crate::{
    ids::{BookingId, OrgId, PersonId},
    scheduling::{Query, Seat, open_slots, person::Load, slots::Slot, why::Rule},
    store::{StoreError, Txn, entities::sittings},
};

/// Why one person sits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Why {
    /// The request needs them.
    Named,
    /// They are one of several who could.
    Chosen(Choice),
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

/// Makes room for those who sit at another time.
pub(super) async fn forget(txn: &Txn, booking: &Booking) -> Result<(), StoreError> {
    sittings::Entity::delete_many()
        .filter(sittings::Column::OrgId.eq(booking.org))
        .filter(sittings::Column::BookingId.eq(booking.id))
        .exec(&**txn)
        .await?;
    Ok(())
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
