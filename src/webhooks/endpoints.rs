//! Who is told: the organisation's endpoints, their secrets, and how long they have been failing.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use url::Url;

use super::{HookEvent, sign};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    ids::{EndpointId, OrgId},
    people::Coordinator,
    secrets::{Place, Secret},
    state::AppState,
    store::{Stamp, StoreError, Txn, entities::webhook_endpoints},
};

/// Most endpoints of an organisation.
const MOST: usize = 20;
/// Longest address, in bytes.
const LONGEST_URL: usize = 2_000;

/// Why an endpoint is not told any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    /// It failed too often for too long.
    Failing,
    ByHand,
}

/// An address that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub org: OrgId,
    pub url: String,
    pub events: Vec<HookEvent>,
    pub created_at: DateTime<Utc>,
    pub disabled: Option<(Disabled, DateTime<Utc>)>,
    /// Failures in a row.
    pub failures: u32,
    pub failing_since: Option<DateTime<Utc>>,
}

impl Endpoint {
    pub fn wants(&self, event: HookEvent) -> bool {
        self.events.contains(&event)
    }
}

impl From<webhook_endpoints::Model> for Endpoint {
    fn from(row: webhook_endpoints::Model) -> Self {
        let why = if row.disabled_why == "failing" { Disabled::Failing } else { Disabled::ByHand };
        Self {
            id: row.id,
            org: row.org_id,
            url: row.url,
            events: row.events.split_whitespace().filter_map(event).collect(),
            created_at: row.created_at.at(),
            disabled: row.disabled_at.map(|at| (why, at.at())),
            failures: row.failures.unsigned_abs(),
            failing_since: row.failing_since.map(Stamp::at),
        }
    }
}

/// Reads an event's word.
pub fn event(word: &str) -> Option<HookEvent> {
    HookEvent::iter().find(|event| event.as_str() == word)
}

/// Why an endpoint was not added.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("url_refused")]
    Url,
    #[error("events_required")]
    NoEvent,
    #[error("too_many_endpoints")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EndpointError> for AppError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Url => Self::invalid("url", "url_refused", "This address cannot be told.").hint(
                "It must be https and public. Whoever runs this Convene can list a server of your own network in WEBHOOK_ALLOWED_HOSTS.",
            ),
            EndpointError::NoEvent => Self::invalid("events", "events_required", "Choose at least one event."),
            EndpointError::TooMany => {
                Self::new(409, "too_many_endpoints", "There are 20 webhooks already.").hint("Remove one first.")
            }
            EndpointError::Store(error) => error.into(),
        }
    }
}

/// Adds an endpoint. Its secret is in the answer, to be shown once.
///
/// # Errors
/// [`EndpointError`]; nothing was added then.
pub async fn add(
    state: &AppState,
    coordinator: &Coordinator,
    url: &str,
    events: &[HookEvent],
    origin: &Origin,
) -> Result<(Endpoint, Secret), EndpointError> {
    let (org, now) = (coordinator.member().org, state.clock.now());
    let url: Url = state.webhooks.rules().read(url).map_err(|_| EndpointError::Url)?;
    if url.as_str().len() > LONGEST_URL {
        return Err(EndpointError::Url);
    }
    let mut words: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Err(EndpointError::NoEvent);
    }
    let (id, secret) = (EndpointId::new(), sign::secret());
    let txn = state.store.begin().await?;
    if of_org(&*txn, org).await?.len() >= MOST {
        return Err(EndpointError::TooMany);
    }
    let row = webhook_endpoints::Model {
        id,
        org_id: org,
        url: url.to_string(),
        events: words.join(" "),
        secret: state.keys.seal(&place(org, id), secret.expose()),
        created_at: now.into(),
        disabled_at: None,
        disabled_why: String::new(),
        failures: 0,
        failing_since: None,
        removed_at: None,
    };
    webhook_endpoints::Entity::insert(active(row.clone()))
        .exec_without_returning(&*txn)
        .await
        .map_err(StoreError::from)?;
    // An address may hold a secret of its own; whose server it is, is enough.
    let host = url.host_str().unwrap_or_default();
    record(&txn, coordinator, "webhook.added", id, json!({ "host": host, "events": words }), origin).await?;
    txn.commit().await?;
    Ok((row.into(), secret))
}

fn active(row: webhook_endpoints::Model) -> webhook_endpoints::ActiveModel {
    webhook_endpoints::ActiveModel {
        id: Set(row.id),
        org_id: Set(row.org_id),
        url: Set(row.url),
        events: Set(row.events),
        secret: Set(row.secret),
        created_at: Set(row.created_at),
        disabled_at: Set(row.disabled_at),
        disabled_why: Set(row.disabled_why),
        failures: Set(row.failures),
        failing_since: Set(row.failing_since),
        removed_at: Set(row.removed_at),
    }
}

/// Removes an endpoint: it is told nothing more, what waits for it included. `false` if there is none.
///
/// # Errors
/// The database's.
pub async fn remove(
    state: &AppState,
    coordinator: &Coordinator,
    id: EndpointId,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let txn = state.store.begin().await?;
    let done = this(coordinator.member().org, id)
        .col_expr(webhook_endpoints::Column::RemovedAt, Expr::value(Stamp::from(state.clock.now())))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    record(&txn, coordinator, "webhook.removed", id, json!({}), origin).await?;
    txn.commit().await?;
    Ok(true)
}

/// Tells an endpoint again, or no more. `false` if there is none.
///
/// # Errors
/// The database's.
pub async fn switch(
    state: &AppState,
    coordinator: &Coordinator,
    id: EndpointId,
    on: bool,
    origin: &Origin,
) -> Result<bool, StoreError> {
    use webhook_endpoints::Column;
    let txn = state.store.begin().await?;
    let (at, why) = if on { (None, "") } else { (Some(Stamp::from(state.clock.now()).millis()), "by_hand") };
    let done = this(coordinator.member().org, id)
        .col_expr(Column::DisabledAt, Expr::value(at))
        .col_expr(Column::DisabledWhy, Expr::value(why))
        .col_expr(Column::Failures, Expr::value(0))
        .col_expr(Column::FailingSince, Expr::value(Option::<i64>::None))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    let action = if on { "webhook.switched_on" } else { "webhook.switched_off" };
    record(&txn, coordinator, action, id, json!({}), origin).await?;
    txn.commit().await?;
    Ok(true)
}

/// The organisation's endpoints, oldest first.
pub async fn of_org(db: &impl ConnectionTrait, org: OrgId) -> Result<Vec<Endpoint>, StoreError> {
    let rows = in_org(org).order_by_asc(webhook_endpoints::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(Endpoint::from).collect())
}

/// The organisation's endpoint with this id.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
    Ok(in_org(org).filter(webhook_endpoints::Column::Id.eq(id)).one(db).await?.map(Endpoint::from))
}

/// The same with its secret, still sealed.
pub(super) async fn with_secret(
    db: &impl ConnectionTrait,
    org: OrgId,
    id: EndpointId,
) -> Result<Option<(Endpoint, String)>, StoreError> {
    let row = in_org(org).filter(webhook_endpoints::Column::Id.eq(id)).one(db).await?;
    Ok(row.map(|row| (row.clone().into(), row.secret)))
}

/// The one tenant filter for endpoints; those that were removed are not there.
fn in_org(org: OrgId) -> sea_orm::Select<webhook_endpoints::Entity> {
    webhook_endpoints::Entity::find()
        .filter(webhook_endpoints::Column::OrgId.eq(org))
        .filter(webhook_endpoints::Column::RemovedAt.is_null())
}

pub(super) fn this(org: OrgId, id: EndpointId) -> sea_orm::UpdateMany<webhook_endpoints::Entity> {
    webhook_endpoints::Entity::update_many()
        .filter(webhook_endpoints::Column::OrgId.eq(org))
        .filter(webhook_endpoints::Column::Id.eq(id))
        .filter(webhook_endpoints::Column::RemovedAt.is_null())
}

/// Where a secret is kept, for its envelope.
pub fn place(org: OrgId, id: EndpointId) -> Place {
    Place::new(Some(org), "webhook_endpoints", id, "secret")
}

async fn record(
    txn: &Txn,
    coordinator: &Coordinator,
    action: &'static str,
    id: EndpointId,
    detail: serde_json::Value,
    origin: &Origin,
) -> Result<(), StoreError> {
    let me = coordinator.member();
    let (org, actor, subject) = (me.org, Actor::Person(me.person), id.to_string());
    audit::record(txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await
}
