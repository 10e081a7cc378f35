//! What happened to a request, oldest first, from the records that made it happen.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::difference::{self, Difference};
use crate::{
    events,
    ids::PersonId,
    outbox::Reason,
    requests::Request,
    store::{
        StoreError,
        entities::{booking_changes, bookings, messages},
        words::{ActorKind, ChangeKind, MessageStatus, Provider},
    },
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Created {
        by: PersonId,
    },
    LinkOpened,
    Booked {
        start: DateTime<Utc>,
    },
    Held {
        start: DateTime<Utc>,
    },
    Confirmed,
    Released,
    /// `via` says in whose calendar, if it was not moved here.
    Moved {
        by: Option<PersonId>,
        via: Option<Provider>,
        to: DateTime<Utc>,
    },
    Swapped {
        by: Option<PersonId>,
        left: Option<PersonId>,
        came: Option<PersonId>,
        reason: String,
    },
    Cancelled {
        by: Option<PersonId>,
        reason: String,
    },
    /// A calendar said something else, and somebody was asked to decide.
    Differs(Difference),
    /// What became of that.
    Settled(Difference),
    InCalendar,
    RemovedFromCalendar,
    CalendarFailed {
        reason: Reason,
    },
    Mailed {
        kind: String,
        to: String,
    },
    MailFailed {
        kind: String,
        to: String,
        reason: Reason,
    },
}

/// The history of one request.
pub async fn of(db: &impl ConnectionTrait, request: &Request) -> Result<Vec<Entry>, StoreError> {
    let mut entries = vec![Entry { at: request.created_at, what: What::Created { by: request.coordinator } }];
    entries.extend(request.link_opened_at.map(|at| Entry { at, what: What::LinkOpened }));

    let booked = bookings::Entity::find()
        .filter(bookings::Column::OrgId.eq(request.org))
        .filter(bookings::Column::RequestId.eq(request.id))
        .all(db)
        .await?;
    let changes = booking_changes::Entity::find()
        .filter(booking_changes::Column::OrgId.eq(request.org))
        .filter(booking_changes::Column::BookingId.is_in(booked.iter().map(|booking| booking.id)))
        .all(db)
        .await?;
    entries.extend(changes.into_iter().map(change));
    for found in difference::of_request(db, request.org, request.id).await? {
        entries.push(Entry { at: found.found_at, what: What::Differs(found.clone()) });
        entries.extend(found.settled.map(|settled| Entry { at: settled.at, what: What::Settled(found) }));
    }
    for booking in &booked {
        let Some(event) = events::of_booking(db, request.org, booking.id).await? else { continue };
        for placement in events::placements_of(db, request.org, event.id).await? {
            if placement.is_withdrawn {
                continue;
            }
            let at = placement.last_synced_at.unwrap_or(request.created_at);
            if placement.removed_at.is_some() {
                entries.push(Entry { at, what: What::RemovedFromCalendar });
            } else if placement.is_current(&event) {
                entries.push(Entry { at, what: What::InCalendar });
            } else if let Some(reason) = placement.problem {
                entries.push(Entry { at, what: What::CalendarFailed { reason } });
            }
        }
    }
    let mails = messages::Entity::find()
        .filter(messages::Column::OrgId.eq(request.org))
        .filter(messages::Column::RequestId.eq(request.id))
        .order_by_asc(messages::Column::CreatedAt)
        .all(db)
        .await?;
    entries.extend(mails.into_iter().filter_map(mail));
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

fn change(row: booking_changes::Model) -> Entry {
    let via = row.actor_kind.provider();
    let by = row.actor_id.filter(|_| row.actor_kind == ActorKind::Person || via.is_some());
    let start = row.to_start.or(row.from_start).map_or(row.at.at(), |start| start.at());
    let what = match row.kind {
        ChangeKind::Booked => What::Booked { start },
        ChangeKind::Held => What::Held { start },
        ChangeKind::Confirmed => What::Confirmed,
        ChangeKind::Released => What::Released,
        ChangeKind::Moved => What::Moved { by, via, to: start },
        ChangeKind::Swapped => What::Swapped { by, left: row.from_person, came: row.to_person, reason: row.reason },
        ChangeKind::Cancelled => What::Cancelled { by, reason: row.reason },
    };
    Entry { at: row.at.at(), what }
}

/// A message still waiting in the queue has not happened yet.
fn mail(row: messages::Model) -> Option<Entry> {
    let (kind, to) = (row.kind, row.to_name);
    match row.status {
        MessageStatus::Queued => None,
        MessageStatus::Sent => {
            Some(Entry { at: row.sent_at.unwrap_or(row.created_at).at(), what: What::Mailed { kind, to } })
        }
        MessageStatus::Failed => {
            let reason = Reason::stored(&row.last_error).unwrap_or(Reason::BrokeOff);
            Some(Entry { at: row.created_at.at(), what: What::MailFailed { kind, to, reason } })
        }
    }
}
