//! Webhooks: other systems are told what happened, by a signed POST to an address of theirs.
//!
//! A verb says [`tell`] in the transaction that makes something true: a delivery and a job are written for each endpoint that wants to
//! know, and nothing is if the change is rolled back. [`deliver`] sends and counts what fails, [`endpoints`] keeps who is told, [`sign`]
//! is the signature of the Standard Webhooks convention. Payloads hold ids and times, never names, addresses or links: who wants more
//! asks the API by its key. Deliveries of one endpoint go one after the other, oldest first; a receiver goes by `webhook-id` all the same,
//! since what was answered too late is sent again.

pub mod deliver;
pub mod endpoints;
pub mod sign;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::{Value, json};

use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    ids::{BookingId, ConnectionId, DeliveryId, EndpointId, EventId, OrgId, PersonId, RequestId},
    outbox::{self, Job},
    people::Coordinator,
    state::AppState,
    store::{self, StoreError, Txn, entities::webhook_deliveries, words::DeliveryStatus},
};

pub use crate::store::words::HookEvent;
pub use endpoints::{Endpoint, of_org};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    RequestCreated {
        request: RequestId,
    },
    /// Booked or not; a booking that went with it is told of itself.
    RequestCancelled {
        request: RequestId,
    },
    /// Confirmed: a time that waits for a calendar is not told of until it is.
    BookingCreated(Interview),
    BookingMoved {
        interview: Interview,
        before: DateTime<Utc>,
    },
    BookingCancelled(Interview),
    ConnectionConnected(Account),
    /// Its owner has to sign in again.
    ConnectionExpired(Account),
    ConnectionDisconnected(Account),
    /// Somebody changed an event in a calendar otherwise than we would have it.
    SyncConflict {
        event: EventId,
        connection: ConnectionId,
        booking: Option<BookingId>,
    },
    /// An event could not be brought in step with a calendar.
    SyncFailed {
        event: EventId,
        connection: Option<ConnectionId>,
        booking: Option<BookingId>,
    },
}

/// A booking, as far as an event tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interview {
    pub booking: BookingId,
    pub request: RequestId,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// A connection, as far as an event tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub connection: ConnectionId,
    pub person: PersonId,
    pub provider: store::words::Provider,
}

impl Event {
    /// Under which word it is told.
    pub fn word(&self) -> HookEvent {
        match self {
            Self::RequestCreated { .. } => HookEvent::RequestCreated,
            Self::RequestCancelled { .. } => HookEvent::RequestCancelled,
            Self::BookingCreated(_) => HookEvent::BookingCreated,
            Self::BookingMoved { .. } => HookEvent::BookingMoved,
            Self::BookingCancelled(_) => HookEvent::BookingCancelled,
            Self::ConnectionConnected(_) => HookEvent::ConnectionConnected,
            Self::ConnectionExpired(_) => HookEvent::ConnectionExpired,
            Self::ConnectionDisconnected(_) => HookEvent::ConnectionDisconnected,
            Self::SyncConflict { .. } => HookEvent::SyncConflict,
            Self::SyncFailed { .. } => HookEvent::SyncFailed,
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::RequestCreated { request } | Self::RequestCancelled { request } => json!({ "request": request }),
            Self::BookingCreated(interview) | Self::BookingCancelled(interview) => interview.data(),
            Self::BookingMoved { interview, before } => {
                let mut data = interview.data();
                data["previous_start"] = instant(*before).into();
                data
            }
            Self::ConnectionConnected(account)
            | Self::ConnectionExpired(account)
            | Self::ConnectionDisconnected(account) => {
                json!({ "connection": account.connection, "person": account.person, "provider": account.provider })
            }
            Self::SyncConflict { event, connection, booking } => {
                json!({ "event": event, "connection": connection, "booking": booking })
            }
            Self::SyncFailed { event, connection, booking } => {
                json!({ "event": event, "connection": connection, "booking": booking })
            }
        }
    }
}

impl Interview {
    fn data(&self) -> Value {
        json!({
            "booking": self.booking,
            "request": self.request,
            "start": instant(self.start),
            "end": instant(self.end),
        })
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Promises to tell every endpoint of the organisation that wants to know, with the transaction that makes it true.
///
/// # Errors
/// The database's.
pub async fn tell(txn: &Txn, org: OrgId, event: Event) -> Result<(), StoreError> {
    let endpoints = of_org(&**txn, org).await?;
    let wanting = endpoints.iter().filter(|endpoint| endpoint.disabled.is_none() && endpoint.wants(event.word()));
    let ids: Vec<EndpointId> = wanting.map(|endpoint| endpoint.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let now = store::now(&**txn).await?;
    let word = event.word().as_str();
    let payload = json!({ "type": word, "timestamp": instant(now), "data": event.data() }).to_string();
    for endpoint in ids {
        let id = DeliveryId::new();
        webhook_deliveries::Entity::insert(webhook_deliveries::ActiveModel {
            id: Set(id),
            org_id: Set(org),
            endpoint_id: Set(endpoint),
            event: Set(word.to_owned()),
            payload: Set(payload.clone()),
            status: Set(DeliveryStatus::Queued),
            attempts: Set(0),
            last_status: Set(None),
            last_error: Set(String::new()),
            created_at: Set(now.into()),
            delivered_at: Set(None),
        })
        .exec_without_returning(&**txn)
        .await?;
        outbox::enqueue(txn, org, &Job::DeliverWebhook { delivery: id, endpoint }, now).await?;
    }
    Ok(())
}

/// What one endpoint was told, or is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint: EndpointId,
    /// The word of the event.
    pub event: String,
    pub payload: String,
    pub status: DeliveryStatus,
    pub attempts: u32,
    /// What the endpoint answered last, if it did.
    pub last_status: Option<u16>,
    pub created_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
}

impl From<webhook_deliveries::Model> for Delivery {
    fn from(row: webhook_deliveries::Model) -> Self {
        Self {
            id: row.id,
            endpoint: row.endpoint_id,
            event: row.event,
            payload: row.payload,
            status: row.status,
            attempts: row.attempts.unsigned_abs(),
            last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
            created_at: row.created_at.at(),
            delivered_at: row.delivered_at.map(|at| at.at()),
        }
    }
}

/// What an endpoint was told, newest first, older than `after`.
pub async fn deliveries(
    db: &impl ConnectionTrait,
    org: OrgId,
    endpoint: EndpointId,
    after: Option<DeliveryId>,
    limit: u64,
) -> Result<Vec<Delivery>, StoreError> {
    let mut query = in_org(org)
        .filter(webhook_deliveries::Column::EndpointId.eq(endpoint))
        .order_by_desc(webhook_deliveries::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(webhook_deliveries::Column::Id.lt(after));
    }
    Ok(query.all(db).await?.into_iter().map(Delivery::from).collect())
}

/// One delivery to this endpoint.
pub async fn delivery(
    db: &impl ConnectionTrait,
    org: OrgId,
    endpoint: EndpointId,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let row = in_org(org)
        .filter(webhook_deliveries::Column::EndpointId.eq(endpoint))
        .filter(webhook_deliveries::Column::Id.eq(id))
        .one(db)
        .await?;
    Ok(row.map(Delivery::from))
}

/// Sends one delivery again, under the id it had: a receiver that has it already may leave it. One that waits to be sent in any case is
/// left as it is. `false` if there is none.
///
/// # Errors
/// The database's.
pub async fn replay(
    state: &AppState,
    coordinator: &Coordinator,
    endpoint: EndpointId,
    id: DeliveryId,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let org = coordinator.member().org;
    let txn = state.store.begin().await?;
    if endpoints::find(&*txn, org, endpoint).await?.is_none() || delivery(&*txn, org, endpoint, id).await?.is_none() {
        return Ok(false);
    }
    let now = store::now(&*txn).await?;
    let done = webhook_deliveries::Entity::update_many()
        .col_expr(webhook_deliveries::Column::Status, Expr::value(DeliveryStatus::Queued))
        .filter(webhook_deliveries::Column::OrgId.eq(org))
        .filter(webhook_deliveries::Column::EndpointId.eq(endpoint))
        .filter(webhook_deliveries::Column::Id.eq(id))
        .filter(webhook_deliveries::Column::Status.ne(DeliveryStatus::Queued))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Ok(true);
    }
    outbox::enqueue(&txn, org, &Job::DeliverWebhook { delivery: id, endpoint }, now).await?;
    let entry = AuditEntry {
        org,
        actor: Actor::Person(coordinator.member().person),
        action: "webhook.replayed",
        subject: endpoint.to_string(),
        detail: json!({ "delivery": id }),
        origin: origin.clone(),
    };
    audit::record(&txn, entry).await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(true)
}

fn in_org(org: OrgId) -> sea_orm::Select<webhook_deliveries::Entity> {
    webhook_deliveries::Entity::find().filter(webhook_deliveries::Column::OrgId.eq(org))
}
