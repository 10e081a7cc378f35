//! Moving a booking to another offered time, and cancelling it: by the candidate within the notice agreed, by the coordinator
//! any time. Each is a record, raises the event's SEQUENCE, and frees or takes people in the same transaction.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    BookError, Booking, Change,
    book::{self, Choice, set_request},
    difference, latest, lock_request,
    moving::Move,
    note,
    offer::{self, Seating},
    remember, remind, seat, sitting, tell,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    events,
    ids::{LinkToken, RequestId},
    people::Coordinator,
    requests::{
        self, Panel, Request,
        link::{self, LinkError, OpenLink},
    },
    state::AppState,
    store::{
        StoreError, Txn,
        entities::bookings,
        words::{BookingStatus, ChangeKind, EventStatus, RequestStatus},
    },
    webhooks,
};

/// Who changes a booking, and through which door they came. Made by [`Mover::candidate`] or [`Mover::coordinator`] only.
pub struct Mover {
    org: crate::ids::OrgId,
    request: RequestId,
    actor: Actor,
}

impl Mover {
    /// Whoever holds the link. Bound by the request's notice.
    pub async fn candidate(state: &AppState, token: &LinkToken) -> Result<Self, BookError> {
        let OpenLink { org, request, .. } = link::open(state.store.reader(), token, state.clock.now()).await?;
        Ok(Self { org, request, actor: Actor::Candidate })
    }

    /// A coordinator of the organisation. Not bound by notice.
    pub fn coordinator(coordinator: &Coordinator, request: RequestId) -> Self {
        Self { org: coordinator.member().org, request, actor: Actor::Person(coordinator.member().person) }
    }

    async fn booked(&self, state: &AppState) -> Result<(Request, Booking), BookError> {
        let db = state.store.reader();
        let request = requests::find(db, self.org, self.request).await?.ok_or(BookError::Link(LinkError::Unknown))?;
        let booking = latest(db, self.org, self.request).await?.filter(Booking::is_live);
        match booking {
            Some(booking) => self.in_time(&request, &booking, state.clock.now()).map(|()| (request, booking)),
            None if request.status == RequestStatus::Cancelled => Err(BookError::Closed),
            None => Err(BookError::NotBooked),
        }
    }

    fn in_time(&self, request: &Request, booking: &Booking, now: DateTime<Utc>) -> Result<(), BookError> {
        let deadline = match self.actor {
            Actor::Candidate => request.change_deadline(booking.span.start()),
            _ => booking.span.end(),
        };
        if now < deadline { Ok(()) } else { Err(BookError::TooLate { deadline }) }
    }

    fn scope(&self, verb: &str) -> String {
        format!("{verb}:{}", self.request)
    }
}

/// Moves the booking to another offered time.
pub async fn reschedule(
    state: &AppState,
    mover: &Mover,
    choice: &Choice,
    origin: &Origin,
) -> Result<Booking, BookError> {
    let db = state.store.reader();
    let moving = move_to(state, mover, choice, origin);
    choice.key.once(db, mover.org, &mover.scope("move"), &choice.parameters(), moving).await
}

async fn move_to(state: &AppState, mover: &Mover, choice: &Choice, origin: &Origin) -> Result<Booking, BookError> {
    let db = state.store.reader();
    let (request, booking) = mover.booked(state).await?;
    if booking.span.start() == choice.start {
        return Ok(booking);
    }
    let panel = sitting::panel(db, &request).await?;
    let mut seating = offer::seating_at(state, &request, &panel, choice.start, None).await?;
    let mut choices = if panel.has_choice() { panel.required().len() } else { 0 };
    let mut tries = 0;
    loop {
        // A held move would leave the old time in doubt as well; the old booking stays until calendars answer.
        if seating.is_held() {
            return Err(BookError::MoveUnconfirmed);
        }
        match commit_move(state, mover, &request, &panel, &seating, choice, origin).await {
            Err(BookError::Store(error)) if error.is_contention() && tries < 5 => {
                tries += 1;
                book::pause(tries).await;
            }
            Err(BookError::SlotTaken) if choices > 0 => {
                choices -= 1;
                seating = offer::seating_again(state, &request, &panel, choice.start, Some(booking.id)).await?;
            }
            Ok(moved) => {
                state.wake.notify_one();
                return Ok(moved);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn commit_move(
    state: &AppState,
    mover: &Mover,
    request: &Request,
    panel: &Panel,
    seating: &Seating,
    choice: &Choice,
    origin: &Origin,
) -> Result<Booking, BookError> {
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    txn.lock_people(&seating.people).await?;
    lock_request(&txn, request.org, request.id).await?;
    let scope = mover.scope("move");
    if let Some(answer) = choice.key.answered(&*txn, mover.org, &scope, &choice.parameters()).await? {
        return Ok(answer);
    }
    let booking = latest(&*txn, request.org, request.id).await?.filter(Booking::is_live).ok_or(BookError::NotBooked)?;
    mover.in_time(request, &booking, now)?;
    // Somebody was put in or taken out while calendars were read.
    if sitting::panel(&*txn, request).await?.seats != panel.seats {
        return Err(BookError::Changed);
    }

    let making = Move {
        txn: &txn,
        state,
        request,
        panel,
        seating,
        guests_stay: false,
        zone: choice.zone,
        actor: mover.actor,
        origin,
        now,
    };
    let (moved, event) = making.make(booking).await?;
    if let Some(event) = event {
        difference::after_move(&txn, &event, mover.actor, now).await?;
    }
    choice.key.keep(&txn, mover.org, &scope, &choice.parameters(), &moved.id.to_string(), now).await?;
    txn.commit().await?;
    Ok(moved)
}

/// Longest reason, in characters as people see them.
const LONGEST_REASON: usize = 500;

/// Why somebody cancels, as they typed it.
///
/// # Errors
/// It is too long.
pub fn reason(text: &str) -> Result<&str, AppError> {
    if text.graphemes(true).count() > LONGEST_REASON || text.len() > 32 * LONGEST_REASON {
        return Err(AppError::invalid("reason", "reason_too_long", "Use at most 500 characters."));
    }
    Ok(text)
}

/// Cancels the interview. A second time is no error: it is cancelled.
pub async fn cancel(state: &AppState, mover: &Mover, reason: &str, origin: &Origin) -> Result<(), BookError> {
    let (request, _) = match mover.booked(state).await {
        // Sent twice: the first one did it.
        Err(BookError::Closed) => return Ok(()),
        found => found?,
    };
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    lock_request(&txn, request.org, request.id).await?;
    let Some(booking) = latest(&*txn, request.org, request.id).await?.filter(Booking::is_live) else { return Ok(()) };
    mover.in_time(&request, &booking, now)?;
    set_booking(&txn, &booking, BookingStatus::Cancelled).await?;
    note::cancelled(&txn, state, &request, Some(&booking), reason, mover.actor, now).await?;
    seat::free(&txn, request.org, booking.id).await?;
    let coordinator = crate::people::find(&*txn, request.org, request.coordinator).await?.ok_or(BookError::Closed)?;
    if let Some(event) = events::of_booking(&*txn, request.org, booking.id).await? {
        let was_public = event.status == EventStatus::Confirmed;
        let event = event.cancel(&txn, now).await?;
        tell::cancelled(&txn, state, &request, &booking, &event, &coordinator, was_public, reason, mover.actor, now)
            .await?;
        difference::after_cancellation(&txn, &event, mover.actor, now).await?;
    }
    let change =
        Change { kind: ChangeKind::Cancelled, actor: mover.actor, reason, from: Some(booking.span.start()), to: None };
    remember(&txn, &booking, change, now).await?;
    remind::withdraw(&txn, &request, &booking, now).await?;
    if booking.status == BookingStatus::Confirmed {
        webhooks::tell(&txn, request.org, webhooks::Event::BookingCancelled((&booking).into())).await?;
    }
    webhooks::tell(&txn, request.org, webhooks::Event::RequestCancelled { request: request.id }).await?;
    set_request(&txn, &request, RequestStatus::Cancelled).await?;
    audit::record(
        &txn,
        AuditEntry {
            org: request.org,
            actor: mover.actor,
            action: "booking.cancelled",
            subject: booking.id.to_string(),
            detail: json!({ "start": booking.span.start() }),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

/// Cancels a request, booked or not: its link answers from then on that the interview was cancelled.
pub async fn withdraw(
    state: &AppState,
    coordinator: &Coordinator,
    id: RequestId,
    reason: &str,
    origin: &Origin,
) -> Result<(), BookError> {
    let org = coordinator.member().org;
    let txn = state.store.begin().await?;
    let request = lock_request(&txn, org, id).await?;
    if latest(&*txn, org, id).await?.is_some_and(|booking| booking.is_live()) {
        drop(txn);
        return cancel(state, &Mover::coordinator(coordinator, id), reason, origin).await;
    }
    if request.status == RequestStatus::Cancelled {
        return Ok(());
    }
    set_request(&txn, &request, RequestStatus::Cancelled).await?;
    let (actor, now) = (Actor::Person(coordinator.member().person), state.clock.now());
    note::cancelled(&txn, state, &request, None, reason, actor, now).await?;
    webhooks::tell(&txn, org, webhooks::Event::RequestCancelled { request: id }).await?;
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor,
            action: "request.cancelled",
            subject: id.to_string(),
            detail: json!({}),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

pub(super) async fn set_booking(txn: &Txn, booking: &Booking, status: BookingStatus) -> Result<(), StoreError> {
    bookings::Entity::update_many()
        .col_expr(bookings::Column::Status, Expr::value(status))
        .col_expr(bookings::Column::HoldUntil, Expr::value(Option::<i64>::None))
        .filter(bookings::Column::OrgId.eq(booking.org))
        .filter(bookings::Column::Id.eq(booking.id))
        .exec(&**txn)
        .await?;
    Ok(())
}
