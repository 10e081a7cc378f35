//! The times a candidate may choose, the booking they make of one, and how it moves, is held, or ends.
//!
//! [`opened`] is what a link leads to, [`offer`] asks which times suit everyone, [`book`] takes one, [`change`] moves and cancels,
//! [`hold`] settles a booking that waits for a calendar, [`again`] revives what was given up, [`remind`] reminds everybody,
//! [`leave`] takes interviews out of a calendar that its owner disconnects, [`answered`] tells coordinators whose times somebody's answer opened, [`swap`] puts somebody else in, [`sitting`] keeps why
//! who sits; [`outside`] is what follows from what people do to an interview in their calendars, and [`difference`] what of that
//! somebody has to decide; `tell` says who is mailed what, and `note` what the applicant-tracking system is told;
//! [`list`] and [`timeline`] say how requests stand and what happened to
//! them, [`browse`] the same for programs, [`preview`] answers the request form while it is typed. Overlap is refused by the schema, not by a check here.

pub mod again;
pub mod answered;
pub mod book;
pub mod browse;
pub mod change;
pub mod difference;
pub mod hold;
mod idempotency;
mod inviting;
pub mod leave;
pub mod list;
mod moving;
mod note;
pub mod offer;
pub mod opened;
pub mod outside;
pub mod preview;
pub mod remind;
mod seat;
pub mod sitting;
pub mod swap;
mod tell;
pub mod timeline;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    audit::Actor,
    error::AppError,
    ids::{BookingId, ChangeId, OrgId, PersonId, RequestId},
    requests::{self, Request, link::LinkError},
    scheduling::interval::Interval,
    store::{
        StoreError, Txn,
        entities::{booking_changes, bookings},
        words::{BookingStatus, ChangeKind},
    },
    webhooks::Interview,
};

pub use crate::idempotency::Key;
pub use tell::not_placed;

/// A time somebody chose.
#[derive(Clone, Debug)]
pub struct Booking {
    pub id: BookingId,
    pub org: OrgId,
    pub request: RequestId,
    pub status: BookingStatus,
    pub span: Interval,
    /// The zone the candidate chose by.
    pub zone: Tz,
    pub hold_until: Option<DateTime<Utc>>,
}

impl Booking {
    pub fn is_live(&self) -> bool {
        matches!(self.status, BookingStatus::Held | BookingStatus::Confirmed)
    }
}

impl From<&Booking> for Interview {
    fn from(booking: &Booking) -> Self {
        let Booking { id, request, span, .. } = *booking;
        Self { booking: id, request, start: span.start(), end: span.end() }
    }
}

impl TryFrom<bookings::Model> for Booking {
    type Error = StoreError;

    fn try_from(row: bookings::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            org: row.org_id,
            request: row.request_id,
            status: row.status,
            span: Interval::new(row.starts_at.at(), row.ends_at.at()).expect("a stored booking runs forward"),
            zone: row.candidate_zone.parse().map_err(|_| StoreError::unreadable("bookings.candidate_zone"))?,
            hold_until: row.hold_until.map(|at| at.at()),
        })
    }
}

/// The latest booking of a request, living or not.
pub async fn latest(db: &impl ConnectionTrait, org: OrgId, request: RequestId) -> Result<Option<Booking>, StoreError> {
    let row = bookings::Entity::find()
        .filter(bookings::Column::OrgId.eq(org))
        .filter(bookings::Column::RequestId.eq(request))
        .order_by_desc(bookings::Column::CreatedAt)
        .order_by_desc(bookings::Column::Id)
        .one(db)
        .await?;
    row.map(Booking::try_from).transpose()
}

/// The booking with this id, if it is one of this organisation.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: BookingId) -> Result<Option<Booking>, StoreError> {
    let row = bookings::Entity::find()
        .filter(bookings::Column::OrgId.eq(org))
        .filter(bookings::Column::Id.eq(id))
        .one(db)
        .await?;
    row.map(Booking::try_from).transpose()
}

/// The ways a booking can honestly fail.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The request was cancelled, or its interview was.
    #[error("request_closed")]
    Closed,
    /// There is a booking already; it can be moved instead.
    #[error("already_booked")]
    AlreadyBooked,
    #[error("not_booked")]
    NotBooked,
    /// Not a time this request could ever offer: off the grid, outside the window, too soon.
    #[error("slot_not_offered")]
    NotOffered,
    /// It was free and no longer is.
    #[error("slot_taken")]
    SlotTaken,
    /// A calendar did not answer, so nobody can say whether the new time is free. The booking is as it was.
    #[error("move_unconfirmed")]
    MoveUnconfirmed,
    /// Somebody else changed the interview at the same moment. It is as they left it.
    #[error("booking_changed")]
    Changed,
    /// The deadline for changes by the candidate has passed.
    #[error("too_late")]
    TooLate { deadline: DateTime<Utc> },
    #[error("key_required")]
    KeyRequired,
    #[error("key_reused")]
    KeyReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BookError> for AppError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Link(error) => error.into(),
            BookError::Closed => {
                AppError::new(410, "request_closed", "This interview was cancelled. Nothing more needs to be done.")
            }
            BookError::AlreadyBooked => {
                AppError::new(409, "already_booked", "A time is booked already. You can move it instead.")
            }
            BookError::NotBooked => {
                AppError::new(409, "not_booked", "No time is booked, so there is nothing to change.")
            }
            BookError::NotOffered => AppError::new(
                422,
                "slot_not_offered",
                "This time is not among those offered. Choose one from the list.",
            ),
            BookError::SlotTaken => {
                AppError::new(409, "slot_taken", "Someone just took this time. Choose another one.")
            }
            BookError::MoveUnconfirmed => AppError::new(
                409,
                "move_unconfirmed",
                "A calendar does not answer, so this time cannot be confirmed. The interview stays where it is.",
            )
            .hint("Try again in a few minutes, or choose another time."),
            BookError::Changed => AppError::new(
                409,
                "booking_changed",
                "Somebody changed this interview a moment ago, so nothing was done.",
            )
            .hint("Reload the page to see how it stands now."),
            BookError::TooLate { .. } => AppError::new(
                409,
                "too_late",
                "It is too late to change this here. Write to the person who invited you.",
            ),
            BookError::KeyRequired => {
                AppError::bad_request("key_required", "The form was incomplete. Reload the page and try again.")
            }
            BookError::KeyReused => AppError::new(
                422,
                "key_reused",
                "This form was already sent with another time. Reload the page to see what is booked.",
            ),
            BookError::Store(error) => error.into(),
        }
    }
}

/// What happened to a booking, for its history.
pub(crate) struct Change<'a> {
    pub kind: ChangeKind,
    pub actor: Actor,
    pub reason: &'a str,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

pub(crate) async fn remember(
    txn: &Txn,
    booking: &Booking,
    change: Change<'_>,
    now: DateTime<Utc>,
) -> Result<ChangeId, StoreError> {
    remember_with(txn, booking, change, None, now).await
}

/// The same for a change of people: who left and who came.
pub(crate) async fn remember_with(
    txn: &Txn,
    booking: &Booking,
    change: Change<'_>,
    people: Option<(PersonId, PersonId)>,
    now: DateTime<Utc>,
) -> Result<ChangeId, StoreError> {
    let id = ChangeId::new();
    booking_changes::Entity::insert(booking_changes::ActiveModel {
        id: Set(id),
        org_id: Set(booking.org),
        booking_id: Set(booking.id),
        kind: Set(change.kind),
        actor_kind: Set(change.actor.kind()),
        actor_id: Set(change.actor.person()),
        reason: Set(change.reason.to_owned()),
        from_start: Set(change.from.map(Into::into)),
        to_start: Set(change.to.map(Into::into)),
        from_person: Set(people.map(|(left, _)| left)),
        to_person: Set(people.map(|(_, came)| came)),
        at: Set(now.into()),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(id)
}

/// The request a verb works on, locked for the rest of the transaction where the database locks rows.
pub(crate) async fn lock_request(txn: &Txn, org: OrgId, id: RequestId) -> Result<Request, BookError> {
    requests::lock(txn, org, id).await?.ok_or(BookError::Link(LinkError::Unknown))
}
