//! Sending one delivery, and what becomes of an endpoint that fails.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{
    Delivery, delivery,
    endpoints::{self, Endpoint, place, this},
    sign,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    http::guard::{Call, Guard, Rules},
    ids::{DeliveryId, EndpointId, OrgId},
    notifications::{self, Message, Post, Recipient, WebhookSwitchedOff},
    outbox::{JobError, Reason},
    people::{self, Person},
    state::AppState,
    store::{
        self, Stamp, StoreError, Txn,
        entities::{webhook_deliveries, webhook_endpoints},
        words::{DeliveryStatus, Role},
    },
};

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read; nothing in it is used.
const LARGEST_ANSWER: usize = 64 * 1024;
/// An endpoint is switched off after so many failures in a row, over so long: a busy hour is neither, and a quiet week is not.
const MOST_FAILURES: u32 = 50;
const LONGEST_FAILING: TimeDelta = TimeDelta::days(3);

/// The way out to addresses that organisations typed.
pub fn guard(rules: Rules) -> Guard {
    Guard::new(rules).without_redirects(PATIENCE, LARGEST_ANSWER)
}

/// Sends one delivery, unless it was delivered or its endpoint is gone.
///
/// # Errors
/// Why it has to be tried again, or cannot be.
pub async fn deliver(state: &AppState, org: OrgId, id: DeliveryId, endpoint: EndpointId) -> Result<(), JobError> {
    let db = state.store.reader();
    let Some(delivery) = delivery(db, org, endpoint, id).await?.filter(|one| one.status == DeliveryStatus::Queued)
    else {
        return Ok(());
    };
    let Some((endpoint, sealed)) = endpoints::with_secret(db, org, endpoint).await? else {
        return given_up(state, org, id).await;
    };
    if endpoint.disabled.is_some() {
        return given_up(state, org, id).await;
    }
    let secret = state.keys.open(&place(org, endpoint.id), &sealed);
    let secret = secret.map_err(|_| JobError::GiveUp { reason: Reason::KeyMissing })?;
    let timestamp = Utc::now().timestamp();
    let signature = sign::signature(&secret, &id.to_string(), timestamp, &delivery.payload);
    let signature = signature.ok_or(JobError::GiveUp { reason: Reason::KeyMissing })?;
    let url = endpoint.url.parse().map_err(|_| JobError::GiveUp { reason: Reason::WebhookRefused })?;
    let call = Call {
        action: "webhook",
        method: Method::POST,
        url,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.to_string()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ],
        body: Some(delivery.payload.clone()),
        credentials: None,
    };
    let reply = state.webhooks.send(call).await.map(|answer| answer.reply);
    let status = reply.as_ref().ok().map(|reply| reply.status);
    if status.is_some_and(|status| status.is_success()) {
        return Ok(delivered(state, &endpoint, &delivery, status.map(|status| status.as_u16())).await?);
    }
    let (reason, after) = match &reply {
        Ok(reply) => (Reason::WebhookRefused, reply.retry_after()),
        Err(_) => (Reason::WebhookUnanswered, None),
    };
    failed(state, &endpoint, &delivery, status.map(|status| status.as_u16()), reason).await?;
    Err(JobError::Retry { after, reason })
}

async fn delivered(
    state: &AppState,
    endpoint: &Endpoint,
    delivery: &Delivery,
    status: Option<u16>,
) -> Result<(), StoreError> {
    let txn = state.store.begin().await?;
    let now = store::now(&*txn).await?;
    tried(endpoint.org, delivery, status, "")
        .col_expr(webhook_deliveries::Column::Status, Expr::value(DeliveryStatus::Delivered))
        .col_expr(webhook_deliveries::Column::DeliveredAt, Expr::value(Stamp::from(now)))
        .exec(&*txn)
        .await?;
    this(endpoint.org, endpoint.id)
        .col_expr(webhook_endpoints::Column::Failures, Expr::value(0))
        .col_expr(webhook_endpoints::Column::FailingSince, Expr::value(Option::<i64>::None))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

/// What came of one more try.
fn tried(
    org: OrgId,
    delivery: &Delivery,
    status: Option<u16>,
    error: &str,
) -> sea_orm::UpdateMany<webhook_deliveries::Entity> {
    let attempts = i32::try_from(delivery.attempts.saturating_add(1)).unwrap_or(i32::MAX);
    webhook_deliveries::Entity::update_many()
        .col_expr(webhook_deliveries::Column::Attempts, Expr::value(attempts))
        .col_expr(webhook_deliveries::Column::LastStatus, Expr::value(status.map(i32::from)))
        .col_expr(webhook_deliveries::Column::LastError, Expr::value(error))
        .filter(webhook_deliveries::Column::OrgId.eq(org))
        .filter(webhook_deliveries::Column::Id.eq(delivery.id))
}

async fn failed(
    state: &AppState,
    endpoint: &Endpoint,
    delivery: &Delivery,
    status: Option<u16>,
    reason: Reason,
) -> Result<(), StoreError> {
    let txn = state.store.begin().await?;
    let now = state.clock.now();
    tried(endpoint.org, delivery, status, reason.code()).exec(&*txn).await?;
    let (failures, since) = (endpoint.failures + 1, endpoint.failing_since.unwrap_or(now));
    this(endpoint.org, endpoint.id)
        .col_expr(webhook_endpoints::Column::Failures, Expr::value(i32::try_from(failures).unwrap_or(i32::MAX)))
        .col_expr(webhook_endpoints::Column::FailingSince, Expr::value(Stamp::from(since)))
        .exec(&*txn)
        .await?;
    if failures >= MOST_FAILURES && now - since >= LONGEST_FAILING {
        switch_off(&txn, state, endpoint, since, now).await?;
    }
    txn.commit().await
}

/// Nobody is there, it seems: the endpoint is told no more, and the administrators are.
async fn switch_off(
    txn: &Txn,
    state: &AppState,
    endpoint: &Endpoint,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let org = endpoint.org;
    this(org, endpoint.id)
        .col_expr(webhook_endpoints::Column::DisabledAt, Expr::value(Stamp::from(now)))
        .col_expr(webhook_endpoints::Column::DisabledWhy, Expr::value("failing"))
        .exec(&**txn)
        .await?;
    let admins = people::everybody(&**txn, org).await?;
    let admins = admins.into_iter().filter(|one: &Person| one.role == Role::Admin && one.disabled_at.is_none());
    for admin in admins {
        let to = admin
            .contact()
            .and_then(|email| Recipient::parse(email.as_str(), &admin.name, admin.zone.unwrap_or(chrono_tz::Tz::UTC)));
        let (Some(to), Ok(link)) = (to, state.config.web.url("/admin/api").parse()) else { continue };
        let host = endpoint.url.parse::<url::Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
        let message = Message::WebhookSwitchedOff(WebhookSwitchedOff { host: host.unwrap_or_default(), since, link });
        let about = format!("{}:{}", endpoint.id, now.timestamp_millis());
        let post = Post { org, request: None, booking: None, about, sequence: 0, reply_to: None };
        notifications::post(txn, &state.config, &message, &to, post, now).await?;
    }
    let entry = AuditEntry {
        org,
        actor: Actor::System,
        action: "webhook.switched_off",
        subject: endpoint.id.to_string(),
        detail: json!({ "since": since }),
        origin: Origin::default(),
    };
    audit::record(txn, entry).await
}

/// What waits for an endpoint that is gone or off is not sent.
async fn given_up(state: &AppState, org: OrgId, id: DeliveryId) -> Result<(), JobError> {
    let txn = state.store.begin().await?;
    give_up(&txn, org, id).await?;
    Ok(txn.commit().await?)
}

/// It was tried for as long as anything is. It can be sent again.
pub async fn give_up(txn: &Txn, org: OrgId, id: DeliveryId) -> Result<(), StoreError> {
    webhook_deliveries::Entity::update_many()
        .col_expr(webhook_deliveries::Column::Status, Expr::value(DeliveryStatus::Failed))
        .filter(webhook_deliveries::Column::OrgId.eq(org))
        .filter(webhook_deliveries::Column::Id.eq(id))
        .exec(&**txn)
        .await?;
    Ok(())
}
