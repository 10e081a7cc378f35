//! Bookings that wait for a calendar which did not answer when the candidate confirmed.
//!
//! Their people are taken meanwhile. As soon as the calendars answer, the booking is confirmed or, if somebody turned out to be
//! busy, released and the candidate asked to choose again; after fifteen minutes without an answer it is released as well.

use super::{
    Booking, Change, book::set_request, change::set_booking, find, lock_request, note, offer, remember, remind, seat,
    tell,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    events,
    ids::{BookingId, OrgId},
    outbox::{JobError, Reason},
    requests::{self, link},
    state::AppState,
    store::words::{BookingStatus, ChangeKind, RequestStatus},
    webhooks,
};

use super::BookError;

/// Asks the calendars again and settles the booking if they answer.
pub async fn settle(state: &AppState, org: OrgId, id: BookingId) -> Result<(), JobError> {
    match try_settle(state, org, id).await {
        Ok(Settled::Done) => Ok(()),
        Ok(Settled::NoAnswer) => {
            Err(JobError::Retry { after: Some(std::time::Duration::from_secs(20)), reason: Reason::CalendarSilent })
        }
        Err(BookError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(booking = %id, %error, "a kept time could not be settled");
            Err(JobError::GiveUp { reason: Reason::HoldUnsettled })
        }
    }
}

enum Settled {
    Done,
    NoAnswer,
}

async fn try_settle(state: &AppState, org: OrgId, id: BookingId) -> Result<Settled, BookError> {
    let db = state.store.reader();
    let held = |booking: &Booking| booking.status == BookingStatus::Held;
    let Some(booking) = find(db, org, id).await?.filter(held) else { return Ok(Settled::Done) };
    let Some(request) = requests::find(db, org, booking.request).await? else { return Ok(Settled::Done) };
    let panel = requests::panel(db, org, request.id).await?;
    let seated = seat::seated(db, org, id).await?;
    let answer = offer::still_free(state, &request, &panel, &booking, seated).await;
    let overdue = booking.hold_until.is_none_or(|until| until <= state.clock.now());
    let is_free = match answer {
        Ok(seating) if !seating.is_held() => true,
        Ok(_) if overdue => false,
        Ok(_) => return Ok(Settled::NoAnswer),
        Err(BookError::SlotTaken | BookError::NotOffered) => false,
        Err(error) => return Err(error),
    };

    let now = state.clock.now();
    let txn = state.store.begin().await?;
    txn.lock_people(&panel.required()).await?;
    lock_request(&txn, org, request.id).await?;
    let Some(booking) = find(&*txn, org, id).await?.filter(held) else { return Ok(Settled::Done) };
    let coordinator = crate::people::find(&*txn, org, request.coordinator).await?.ok_or(BookError::Closed)?;
    let event = events::of_booking(&*txn, org, id).await?.ok_or(BookError::NotBooked)?;
    if is_free {
        set_booking(&txn, &booking, BookingStatus::Confirmed).await?;
        let event = event.confirm(&txn, now).await?;
        let start = Some(booking.span.start());
        let change = Change { kind: ChangeKind::Confirmed, actor: Actor::System, reason: "", from: None, to: start };
        remember(&txn, &booking, change, now).await?;
        tell::booked(&txn, state, &request, &booking, &event, &coordinator, now).await?;
        note::booked(&txn, state, &request, &booking, now).await?;
        webhooks::tell(&txn, org, webhooks::Event::BookingCreated((&booking).into())).await?;
        remind::promise(&txn, &request, &booking, now).await?;
    } else {
        set_booking(&txn, &booking, BookingStatus::Released).await?;
        seat::free(&txn, org, id).await?;
        event.cancel(&txn, now).await?;
        let start = Some(booking.span.start());
        let change = Change { kind: ChangeKind::Released, actor: Actor::System, reason: "", from: start, to: None };
        remember(&txn, &booking, change, now).await?;
        set_request(&txn, &request, RequestStatus::Open).await?;
        link::extend(&txn, org, request.id, request.window.end().max(now)).await?;
        tell::released(&txn, state, &request, &booking, &coordinator, now).await?;
    }
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor: Actor::System,
            action: if is_free { "booking.confirmed" } else { "booking.released" },
            subject: booking.id.to_string(),
            detail: serde_json::json!({ "start": booking.span.start() }),
            origin: Origin::default(),
        },
    )
    .await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(Settled::Done)
}
