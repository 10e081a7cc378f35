//! Who is taken when: the rows the overlap rule is about, and what the limits of people count.

use chrono::TimeDelta;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{BookError, Booking, book::refused};
use crate::{
    ids::{BookingId, OccupancyId, OrgId, PersonId},
    people,
    requests::Request,
    scheduling::{interval::Interval, person::Load},
    store::{Stamp, StoreError, Txn, entities::occupancies},
};

/// Interviews this close may share an ISO week with one another, whatever zone the week is of.
pub const ABOUT_A_WEEK: TimeDelta = TimeDelta::days(9);

/// Takes everyone or, if the schema refuses one or somebody would have more interviews than they take, nobody: the caller's
/// transaction then ends. People are locked by then (SQLite has one writer), so nobody else adds to what is counted.
pub async fn take(txn: &Txn, booking: &Booking, request: &Request, people: &[PersonId]) -> Result<(), BookError> {
    insert(txn, booking, request, people).await.map_err(refused)?;
    within_limits(txn, booking, request, people).await
}

async fn within_limits(txn: &Txn, booking: &Booking, request: &Request, people: &[PersonId]) -> Result<(), BookError> {
    let mut limited = people::find_all(&**txn, booking.org, people).await?;
    limited.retain(|person| !person.limits.is_none());
    if limited.is_empty() {
        return Ok(());
    }
    let ids: Vec<PersonId> = limited.iter().map(|person| person.id).collect();
    let (start, end) = (booking.span.start() - ABOUT_A_WEEK, booking.span.end() + ABOUT_A_WEEK);
    let around = Interval::new(start, end).unwrap_or(booking.span);
    let taken = taken(&**txn, booking.org, &ids, around, None).await?;
    let is_over = |person: &people::Person| {
        let starts: Vec<_> = taken.iter().filter(|one| one.person == person.id).map(|one| one.span.start()).collect();
        let load = Load::about(booking.span.start(), person.zone_for(request.zone), &starts);
        person.limits.per_day.is_some_and(|most| load.day > most)
            || person.limits.per_week.is_some_and(|most| load.week > most)
    };
    if limited.iter().any(is_over) { Err(BookError::SlotTaken) } else { Ok(()) }
}

async fn insert(txn: &Txn, booking: &Booking, request: &Request, people: &[PersonId]) -> Result<(), StoreError> {
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

/// Frees one of them.
pub async fn free_one(txn: &Txn, org: OrgId, booking: BookingId, person: PersonId) -> Result<(), StoreError> {
    occupancies::Entity::delete_many()
        .filter(occupancies::Column::OrgId.eq(org))
        .filter(occupancies::Column::BookingId.eq(booking))
        .filter(occupancies::Column::PersonId.eq(person))
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

/// One interview of one person.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub person: PersonId,
    pub booking: BookingId,
    /// With its buffers.
    pub taken: Interval,
    /// The interview itself.
    pub span: Interval,
}

/// What these people are taken by within a window, buffers included. The booking `but` does not count.
pub async fn taken(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
    window: Interval,
    but: Option<BookingId>,
) -> Result<Vec<Taken>, StoreError> {
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
            Some(Taken {
                person: row.person_id,
                booking: row.booking_id,
                taken: interval(row.taken_from, row.taken_until)?,
                span: interval(row.starts_at, row.ends_at)?,
            })
        })
        .collect())
}
