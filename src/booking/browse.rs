//! Requests and bookings a page at a time, as programs read them: newest first, by id, so that a page stays the same while others are
//! added.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    Booking,
    list::{Line, Standing, calendar_standings, lines, seated},
};
use crate::{
    ids::{BookingId, OrgId, PersonId, RequestId},
    requests::{Request, in_org},
    store::{
        StoreError,
        entities::{bookings, requests},
        words::{BookingStatus, RequestStatus},
    },
};

/// A booking with who sits in it.
#[derive(Clone, Debug)]
pub struct Booked {
    pub booking: Booking,
    pub people: Vec<PersonId>,
    /// What the coordinator's calendar says of it, while it lives.
    pub standing: Option<Standing>,
}

/// Requests older than `after`, newest first.
pub async fn requests(
    db: &impl ConnectionTrait,
    org: OrgId,
    status: Option<RequestStatus>,
    after: Option<RequestId>,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<Line>, StoreError> {
    let mut query = in_org(org).order_by_desc(requests::Column::Id).limit(limit);
    if let Some(status) = status {
        query = query.filter(requests::Column::Status.eq(status));
    }
    if let Some(after) = after {
        query = query.filter(requests::Column::Id.lt(after));
    }
    let rows = query.all(db).await?.into_iter().map(Request::try_from).collect::<Result<_, _>>()?;
    lines(db, org, rows, now).await
}

/// Bookings older than `after`, newest first; of one request, or of all.
pub async fn bookings(
    db: &impl ConnectionTrait,
    org: OrgId,
    request: Option<RequestId>,
    status: Option<BookingStatus>,
    after: Option<BookingId>,
    limit: u64,
) -> Result<Vec<Booked>, StoreError> {
    let mut query = bookings::Entity::find()
        .filter(bookings::Column::OrgId.eq(org))
        .order_by_desc(bookings::Column::Id)
        .limit(limit);
    if let Some(request) = request {
        query = query.filter(bookings::Column::RequestId.eq(request));
    }
    if let Some(status) = status {
        query = query.filter(bookings::Column::Status.eq(status));
    }
    if let Some(after) = after {
        query = query.filter(bookings::Column::Id.lt(after));
    }
    let found = query.all(db).await?.into_iter().map(Booking::try_from).collect::<Result<Vec<_>, _>>()?;
    with_people(db, org, found).await
}

/// One booking.
pub async fn booking(db: &impl ConnectionTrait, org: OrgId, id: BookingId) -> Result<Option<Booked>, StoreError> {
    let Some(booking) = super::find(db, org, id).await? else { return Ok(None) };
    Ok(with_people(db, org, vec![booking]).await?.pop())
}

async fn with_people(db: &impl ConnectionTrait, org: OrgId, found: Vec<Booking>) -> Result<Vec<Booked>, StoreError> {
    let ids: Vec<BookingId> = found.iter().map(|booking| booking.id).collect();
    let mut people = seated(db, org, &ids).await?;
    let mut standings: BTreeMap<BookingId, Standing> = calendar_standings(db, org, &ids).await?;
    let of = |booking: Booking| {
        let standing = match booking.status {
            BookingStatus::Held => Some(Standing::Held),
            BookingStatus::Confirmed => Some(standings.remove(&booking.id).unwrap_or(Standing::Booked)),
            BookingStatus::Cancelled | BookingStatus::Released => None,
        };
        Booked { people: people.remove(&booking.id).unwrap_or_default(), standing, booking }
    };
    Ok(found.into_iter().map(of).collect())
}
