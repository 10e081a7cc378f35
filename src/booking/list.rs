//! Many requests at once, as the dashboard and the list show them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Booking;
use crate::{
    ids::{BookingId, EventId, OrgId, PersonId, RequestId},
    outbox::{self, Outlook, Reason},
    requests::{Request, find as find_request, in_org},
    store::{
        Stamp, StoreError,
        entities::{bookings, events, occupancies, placements, requests, seat_members, seats},
        words::{BookingStatus, EventStatus, Inviter, RequestStatus},
    },
};

/// Which requests to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Filter {
    /// Waiting for the candidate.
    #[default]
    Open,
    /// Booked, and not over yet.
    Booked,
    /// Over, cancelled, or never booked within their window.
    Done,
}

/// Where a request stands, in the words people see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    WaitingForCandidate,
    /// The window ended and nobody booked.
    Lapsed,
    /// Booked, waiting for a calendar to answer.
    Held,
    /// Booked, and not yet on the coordinator's calendar.
    Booked,
    /// Booked, and on nobody's calendar as its coordinator wants it: everybody was invited by mail.
    KeptOff,
    /// The coordinator's calendar confirmed it.
    InCalendar,
    /// It could not be put on the calendar.
    NotInCalendar(NotPlaced),
    Cancelled,
}

/// Why a booking is not on a calendar, and what becomes of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPlaced {
    /// There is no calendar that could be written to; everybody was invited by mail.
    NoCalendar,
    /// `None` if nobody is at it.
    Failed(Reason, Option<Outlook>),
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Line {
    pub request: Request,
    pub booking: Option<Booking>,
    pub standing: Standing,
    /// The people who sit, or who are asked.
    pub people: Vec<PersonId>,
}

fn matching(filter: Filter, now: DateTime<Utc>) -> Condition {
    let now = Stamp::from(now);
    let live_booking = |past: bool| {
        let ends = if past { bookings::Column::EndsAt.lte(now) } else { bookings::Column::EndsAt.gt(now) };
        sea_orm::sea_query::Query::select()
            .column(bookings::Column::RequestId)
            .from(bookings::Entity)
            .and_where(bookings::Column::Status.is_in([BookingStatus::Held, BookingStatus::Confirmed]))
            .and_where(ends)
            .to_owned()
    };
    match filter {
        Filter::Open => Condition::all()
            .add(requests::Column::Status.eq(RequestStatus::Open))
            .add(requests::Column::WindowEnd.gt(now)),
        Filter::Booked => Condition::all()
            .add(requests::Column::Status.eq(RequestStatus::Booked))
            .add(requests::Column::Id.in_subquery(live_booking(false))),
        Filter::Done => Condition::any()
            .add(requests::Column::Status.eq(RequestStatus::Cancelled))
            .add(
                Condition::all()
                    .add(requests::Column::Status.eq(RequestStatus::Open))
                    .add(requests::Column::WindowEnd.lte(now)),
            )
            .add(requests::Column::Id.in_subquery(live_booking(true))),
    }
}

/// How many requests each tab holds: open, booked, done.
pub async fn counts(db: &impl ConnectionTrait, org: OrgId, now: DateTime<Utc>) -> Result<[u64; 3], StoreError> {
    let mut counts = [0; 3];
    for (count, filter) in counts.iter_mut().zip([Filter::Open, Filter::Booked, Filter::Done]) {
        *count = in_org(org).filter(matching(filter, now)).count(db).await?;
    }
    Ok(counts)
}

/// One page of requests, newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    org: OrgId,
    filter: Filter,
    now: DateTime<Utc>,
    offset: u64,
    limit: u64,
) -> Result<Vec<Line>, StoreError> {
    let rows = in_org(org)
        .filter(matching(filter, now))
        .order_by_desc(requests::Column::CreatedAt)
        .offset(offset)
        .limit(limit)
        .all(db)
        .await?;
    let requests = rows.into_iter().map(Request::try_from).collect::<Result<_, _>>()?;
    lines(db, org, requests, now).await
}

/// The next interviews, soonest first.
pub async fn next_interviews(
    db: &impl ConnectionTrait,
    org: OrgId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Line>, StoreError> {
    let rows = bookings::Entity::find()
        .filter(bookings::Column::OrgId.eq(org))
        .filter(bookings::Column::Status.eq(BookingStatus::Confirmed))
        .filter(bookings::Column::EndsAt.gt(Stamp::from(now)))
        .order_by_asc(bookings::Column::StartsAt)
        .limit(limit)
        .all(db)
        .await?;
    let ids: Vec<RequestId> = rows.iter().map(|row| row.request_id).collect();
    let requests = in_org(org).filter(requests::Column::Id.is_in(ids)).all(db).await?;
    let requests = requests.into_iter().map(Request::try_from).collect::<Result<_, _>>()?;
    let mut lines = lines(db, org, requests, now).await?;
    lines.sort_by_key(|line| line.booking.as_ref().map(|booking| booking.span.start()));
    Ok(lines)
}

/// One request as a line.
pub async fn line(
    db: &impl ConnectionTrait,
    org: OrgId,
    id: RequestId,
    now: DateTime<Utc>,
) -> Result<Option<Line>, StoreError> {
    let Some(request) = find_request(db, org, id).await? else { return Ok(None) };
    Ok(lines(db, org, vec![request], now).await?.pop())
}

pub(super) async fn lines(
    db: &impl ConnectionTrait,
    org: OrgId,
    list: Vec<Request>,
    now: DateTime<Utc>,
) -> Result<Vec<Line>, StoreError> {
    let ids: Vec<RequestId> = list.iter().map(|request| request.id).collect();
    let mut booked: BTreeMap<RequestId, Booking> = BTreeMap::new();
    let rows = bookings::Entity::find()
        .filter(bookings::Column::OrgId.eq(org))
        .filter(bookings::Column::RequestId.is_in(ids.iter().copied()))
        .order_by_asc(bookings::Column::CreatedAt)
        .all(db)
        .await?;
    for row in rows {
        booked.insert(row.request_id, row.try_into()?);
    }
    let bookings: Vec<BookingId> = booked.values().map(|booking| booking.id).collect();
    let standings = calendar_standings(db, org, &bookings).await?;
    let seated = seated(db, org, &bookings).await?;
    let asked = asked(db, org, &ids).await?;
    let line = |request: Request| {
        let booking = booked.remove(&request.id);
        let live = booking.as_ref().filter(|booking| booking.is_live());
        let standing = match (request.status, live) {
            (RequestStatus::Cancelled, _) => Standing::Cancelled,
            (_, Some(booking)) if booking.status == BookingStatus::Held => Standing::Held,
            (_, Some(booking)) => standings.get(&booking.id).cloned().unwrap_or(Standing::Booked),
            _ if request.window.end() <= now => Standing::Lapsed,
            _ => Standing::WaitingForCandidate,
        };
        let people = live.and_then(|booking| seated.get(&booking.id)).or_else(|| asked.get(&request.id));
        let people = people.cloned().unwrap_or_default();
        Line { booking, standing, people, request }
    };
    Ok(list.into_iter().map(line).collect())
}

/// What the coordinators' calendars say of these bookings. "In calendar" needs the provider's receipt for the event as it is now.
pub(super) async fn calendar_standings(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[BookingId],
) -> Result<BTreeMap<BookingId, Standing>, StoreError> {
    let rows = events::Entity::find()
        .filter(events::Column::OrgId.eq(org))
        .filter(events::Column::BookingId.is_in(ids.iter().copied()))
        .filter(events::Column::Status.eq(EventStatus::Confirmed))
        .all(db)
        .await?;
    let events: Vec<EventId> = rows.iter().map(|row| row.id).collect();
    let placed = placements::Entity::find()
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::EventId.is_in(events))
        .filter(placements::Column::WithdrawnAt.is_null())
        .all(db)
        .await?;
    let failed = placed.iter().filter(|at| !at.last_error.is_empty()).map(|at| at.event_id.to_string());
    let outlooks = outbox::outlooks(db, org, failed).await?;
    let mut standings = BTreeMap::new();
    for event in rows {
        let Some(booking) = event.booking_id else { continue };
        let placement = placed.iter().find(|placement| placement.event_id == event.id);
        let standing = match placement {
            Some(at)
                if !at.provider_id.is_empty() && at.removed_at.is_none() && at.placed_revision == event.revision =>
            {
                Standing::InCalendar
            }
            Some(at) => match Reason::stored(&at.last_error) {
                Some(reason) => {
                    let outlook = outlooks.get(&event.id.to_string()).copied();
                    Standing::NotInCalendar(NotPlaced::Failed(reason, outlook))
                }
                None => Standing::Booked,
            },
            None if event.kept_off => Standing::KeptOff,
            None if event.inviter == Inviter::Mail => Standing::NotInCalendar(NotPlaced::NoCalendar),
            None => Standing::Booked,
        };
        standings.insert(booking, standing);
    }
    Ok(standings)
}

pub(super) async fn seated(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[BookingId],
) -> Result<BTreeMap<BookingId, Vec<PersonId>>, StoreError> {
    let rows = occupancies::Entity::find()
        .filter(occupancies::Column::OrgId.eq(org))
        .filter(occupancies::Column::BookingId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let mut seated: BTreeMap<BookingId, Vec<PersonId>> = BTreeMap::new();
    for row in rows {
        seated.entry(row.booking_id).or_default().push(row.person_id);
    }
    Ok(seated)
}

async fn asked(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[RequestId],
) -> Result<BTreeMap<RequestId, Vec<PersonId>>, StoreError> {
    let rows = seats::Entity::find()
        .filter(seats::Column::OrgId.eq(org))
        .filter(seats::Column::RequestId.is_in(ids.iter().copied()))
        .order_by_asc(seats::Column::Position)
        .all(db)
        .await?;
    let members = seat_members::Entity::find()
        .filter(seat_members::Column::OrgId.eq(org))
        .filter(seat_members::Column::SeatId.is_in(rows.iter().map(|seat| seat.id)))
        .all(db)
        .await?;
    let mut asked: BTreeMap<RequestId, Vec<PersonId>> = BTreeMap::new();
    for seat in rows {
        let people = members.iter().filter(|member| member.seat_id == seat.id).map(|member| member.person_id);
        asked.entry(seat.request_id).or_default().extend(people);
    }
    Ok(asked)
}
