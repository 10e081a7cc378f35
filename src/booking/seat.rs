//! Who is taken when: the rows the overlap rule is about.

use chrono::TimeDelta;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::Booking;
use crate::{
    ids::{BookingId, OccupancyId, OrgId, PersonId},
    requests::Request,
    scheduling::interval::Interval,
    store::{Stamp, StoreError, Txn, entities::occupancies},
};

/// Takes everyone or, if the schema refuses one, nobody: the caller's transaction then ends.
pub async fn take(txn: &Txn, booking: &Booking, request: &Request, people: &[PersonId]) -> Result<(), StoreError> {
    let before = TimeDelta::minutes(i64::from(request.buffer_before));
    let after = TimeDelta::minutes(i64::from(request.buffer_after));
    let mut people = people.to_vec();
    people.sort();
    for person in people {
        occupancies::Entity::insert(occupancies::ActiveModel {
            id: Set(OccupancyId::new()),
            org_id: Set(booking.org),
            person_id: Set(person),
            booking_id: Set(booking.id),
            taken_from: Set((booking.span.start() - before).into()),
            taken_until: Set((booking.span.end() + after).into()),
            starts_at: Set(booking.span.start().into()),
            ends_at: Set(booking.span.end().into()),
        })
        .exec_without_returning(&**txn)
        .await?;
    }
    Ok(())
}

/// Frees everyone a booking had taken.
pub async fn free(txn: &Txn, org: OrgId, booking: BookingId) -> Result<(), StoreError> {
    occupancies::Entity::delete_many()
        .filter(occupancies::Column::OrgId.eq(org))
        .filter(occupancies::Column::BookingId.eq(booking))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Who sits in a booking.
pub async fn seated(db: &impl ConnectionTrait, org: OrgId, booking: BookingId) -> Result<Vec<PersonId>, StoreError> {
    let rows = occupancies::Entity::find()
        .filter(occupancies::Column::OrgId.eq(org))
        .filter(occupancies::Column::BookingId.eq(booking))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.person_id).collect())
}

/// What these people are taken by within a window, buffers included: `(person, taken, starts)`. The booking `but` does not
/// count, so that it can move.
pub async fn taken(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
    window: Interval,
    but: Option<BookingId>,
) -> Result<Vec<(PersonId, Interval, Interval)>, StoreError> {
    let rows = occupancies::Entity::find()
        .filter(occupancies::Column::OrgId.eq(org))
        .filter(occupancies::Column::PersonId.is_in(people.iter().copied()))
        .filter(occupancies::Column::TakenFrom.lt(Stamp::from(window.end())))
        .filter(occupancies::Column::TakenUntil.gt(Stamp::from(window.start())))
        .all(db)
        .await?;
    let rows = rows.into_iter().filter(|row| Some(row.booking_id) != but);
    let interval = |from: Stamp, until: Stamp| Interval::new(from.at(), until.at());
    Ok(rows
        .filter_map(|row| {
            Some((row.person_id, interval(row.taken_from, row.taken_until)?, interval(row.starts_at, row.ends_at)?))
        })
        .collect())
}
