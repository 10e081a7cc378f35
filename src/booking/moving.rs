//! One booking gets another time, whoever wants it so: occupancies, event, mails, reminders, notes and records follow in one
//! transaction. Who may move what, and whether the time is possible, was judged before; the overlap rule and the limits of people
//! judge again.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{
    BookError, Booking, Change,
    book::{description, participants},
    note,
    offer::Seating,
    remember, remind, seat, sitting, tell,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    events::{self, Event},
    people::{self, Person},
    requests::{Panel, Request, link},
    scheduling::clock,
    state::AppState,
    store::{
        Stamp, StoreError, Txn,
        entities::{bookings, requests},
        words::{BookingStatus, ChangeKind},
    },
    webhooks,
};

/// A move whose transaction is open, with its people and its request locked.
pub(super) struct Move<'a> {
    pub txn: &'a Txn,
    pub state: &'a AppState,
    pub request: &'a Request,
    pub panel: &'a Panel,
    pub seating: &'a Seating,
    /// Who is invited stays as it is: the same people come at another time.
    pub guests_stay: bool,
    /// The zone the candidate goes by.
    pub zone: Tz,
    pub actor: Actor,
    pub origin: &'a Origin,
    pub now: DateTime<Utc>,
}

impl Move<'_> {
    /// Moves the booking. Its event, as it is now, comes along.
    pub async fn make(&self, booking: Booking) -> Result<(Booking, Option<Event>), BookError> {
        let Self { txn, state, seating, actor, now, .. } = *self;
        let from = booking.span;
        let was_held = booking.status == BookingStatus::Held;
        let moved = Booking {
            span: seating.span,
            zone: self.zone,
            status: BookingStatus::Confirmed,
            hold_until: None,
            ..booking
        };
        let request = &self.with_length(&moved).await?;
        seat::free(txn, request.org, moved.id).await?;
        seat::take(txn, &moved, request, &seating.people).await?;
        sitting::renew(txn, &moved, seating.why.clone()).await?;
        store(txn, &moved).await?;

        let coordinator = people::find(&**txn, request.org, request.coordinator).await?.ok_or(BookError::Closed)?;
        let event = self.change_event(request, &moved, from, was_held, &coordinator).await?;
        let (start, reason) = (Some(moved.span.start()), "");
        let change = Change { kind: ChangeKind::Moved, actor, reason, from: Some(from.start()), to: start };
        let change = remember(txn, &moved, change, now).await?;
        if was_held {
            note::booked(txn, state, request, &moved, now).await?;
            webhooks::tell(txn, request.org, webhooks::Event::BookingCreated((&moved).into())).await?;
        } else {
            note::moved(txn, state, request, &moved, from, (change, actor), now).await?;
            let event = webhooks::Event::BookingMoved { interview: (&moved).into(), before: from.start() };
            webhooks::tell(txn, request.org, event).await?;
        }
        remind::promise(txn, request, &moved, now).await?;
        link::extend(txn, request.org, request.id, moved.span.end()).await?;
        audit::record(
            txn,
            AuditEntry {
                org: request.org,
                actor,
                action: "booking.moved",
                subject: moved.id.to_string(),
                detail: json!({ "from": from.start(), "to": moved.span.start(), "people": seating.people }),
                origin: self.origin.clone(),
            },
        )
        .await?;
        Ok((moved, event))
    }

    async fn change_event(
        &self,
        request: &Request,
        moved: &Booking,
        from: crate::scheduling::Interval,
        was_held: bool,
        coordinator: &Person,
    ) -> Result<Option<Event>, BookError> {
        let Self { txn, state, panel, seating, actor, now, .. } = *self;
        let Some(mut event) = events::of_booking(&**txn, request.org, moved.id).await? else { return Ok(None) };
        let seated: Vec<&Person> = seating.people.iter().filter_map(|id| panel.people.get(id)).collect();
        let who = match self.guests_stay {
            true => event.participants.clone(),
            false => participants(request, coordinator, &seated, &seating.optional, panel),
        };
        let left: Vec<_> =
            event.participants.iter().filter(|one| !who.iter().any(|now| now.email == one.email)).cloned().collect();
        if request.duration != self.request.duration {
            event.description = description(request);
        }
        let mut event = event.change(txn, seating.span, who, now).await?;
        if was_held {
            event = event.confirm(txn, now).await?;
            tell::booked(txn, state, request, moved, &event, coordinator, now).await?;
        } else {
            let change = tell::Moved { event: &event, before: from, left: &left, actor };
            tell::moved(txn, state, request, moved, coordinator, change, now).await?;
        }
        Ok(Some(event))
    }

    /// The request, whose interviews last as long as this one from now on: times offered for another move are of that length.
    async fn with_length(&self, moved: &Booking) -> Result<Request, BookError> {
        let minutes = u32::try_from(moved.span.minutes()).unwrap_or(self.request.duration);
        let request = Request { duration: minutes, ..self.request.clone() };
        if minutes != self.request.duration {
            requests::Entity::update_many()
                .col_expr(requests::Column::DurationMinutes, Expr::value(i32::try_from(minutes).unwrap_or(i32::MAX)))
                .filter(requests::Column::OrgId.eq(request.org))
                .filter(requests::Column::Id.eq(request.id))
                .exec(&**self.txn)
                .await
                .map_err(StoreError::from)?;
        }
        Ok(request)
    }
}

async fn store(txn: &Txn, moved: &Booking) -> Result<(), StoreError> {
    bookings::Entity::update_many()
        .col_expr(bookings::Column::Status, Expr::value(moved.status))
        .col_expr(bookings::Column::StartsAt, Expr::value(Stamp::from(moved.span.start())))
        .col_expr(bookings::Column::EndsAt, Expr::value(Stamp::from(moved.span.end())))
        .col_expr(bookings::Column::CandidateZone, Expr::value(moved.zone.name()))
        .col_expr(bookings::Column::LocalStart, Expr::value(clock::shown(moved.span.start(), moved.zone)))
        .col_expr(bookings::Column::Tzdata, Expr::value(chrono_tz::IANA_TZDB_VERSION))
        .col_expr(bookings::Column::HoldUntil, Expr::value(Option::<i64>::None))
        .filter(bookings::Column::OrgId.eq(moved.org))
        .filter(bookings::Column::Id.eq(moved.id))
        .exec(&**txn)
        .await?;
    Ok(())
}
