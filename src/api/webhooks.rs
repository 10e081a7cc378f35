//! `/webhooks`: which of an organisation's systems are told what, and what they were told.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Caller, Once, Reply,
    body::Body,
    caller::{WebhooksRead, WebhooksWrite},
    paging::Params,
    words::{Instant, id},
};
use crate::{
    error::AppError,
    ids::{DeliveryId, EndpointId, OrgId},
    state::AppState,
    store::words::{DeliveryStatus, HookEvent},
    web::routes::Routes,
    webhooks::{
        self, Delivery, Endpoint,
        endpoints::{self, Disabled},
    },
};

pub fn routes() -> Routes {
    Routes::default()
        .get("/api/v1/webhooks", list_all)
        .post("/api/v1/webhooks", add)
        .get("/api/v1/webhooks/{id}", get_one)
        .delete("/api/v1/webhooks/{id}", remove)
        .put("/api/v1/webhooks/{id}/state", switch)
        .get("/api/v1/webhooks/{id}/deliveries", list_deliveries)
        .post("/api/v1/webhooks/{id}/deliveries/{delivery}/replay", replay)
}

/// An address that is told.
#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    pub id: EndpointId,
    #[schema(format = "uri")]
    pub url: String,
    pub events: Vec<HookEvent>,
    pub state: WebhookState,
    /// Failures in a row.
    pub failures: u32,
    pub failing_since: Option<Instant>,
    pub created_at: Instant,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    On,
    /// Switched off by hand.
    Off,
    /// Switched off because it failed for days.
    Failing,
}

impl From<Endpoint> for WebhookView {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.events,
            state: match endpoint.disabled {
                None => WebhookState::On,
                Some((Disabled::ByHand, _)) => WebhookState::Off,
                Some((Disabled::Failing, _)) => WebhookState::Failing,
            },
            failures: endpoint.failures,
            failing_since: endpoint.failing_since.map(Into::into),
            created_at: endpoint.created_at.into(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct WebhookList {
    pub webhooks: Vec<WebhookView>,
}

async fn view(state: &AppState, org: OrgId, id: EndpointId) -> Result<WebhookView, AppError> {
    Ok(endpoints::find(state.store.reader(), org, id).await?.ok_or_else(AppError::not_found)?.into())
}

/// List webhooks
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, description = "All of the organisation, oldest first.", body = WebhookList)),
)]
pub async fn list_all(State(state): State<AppState>, caller: Caller<WebhooksRead>) -> Result<Reply, AppError> {
    let found = webhooks::of_org(state.store.reader(), caller.org).await?;
    Ok(Reply::ok(&WebhookList { webhooks: found.into_iter().map(WebhookView::from).collect() }))
}

/// Some system wants to be told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://careers.example.com/convene", "events": ["booking.created", "booking.cancelled"]}))]
pub struct NewWebhook {
    /// https, on a public address.
    #[schema(format = "uri", max_length = 2000)]
    pub url: String,
    #[schema(min_items = 1, max_items = 10)]
    pub events: Vec<HookEvent>,
}

#[derive(Serialize, ToSchema)]
pub struct AddedWebhook {
    pub webhook: WebhookView,
    /// What deliveries are signed with. Shown this once.
    #[schema(pattern = "^whsec_")]
    pub secret: String,
}

/// Add a webhook
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks",
    request_body = NewWebhook,
    responses((status = 201, description = "It is told from now on.", body = AddedWebhook)),
)]
pub async fn add(
    State(state): State<AppState>,
    caller: Caller<WebhooksWrite>,
    once: Once,
    Body { read, sent }: Body<NewWebhook>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let added = endpoints::add(&state, &caller.coordinator, &read.url, &read.events, &caller.origin).await;
            let (endpoint, secret) = added?;
            Ok(Reply::created(&AddedWebhook { webhook: endpoint.into(), secret: secret.expose().to_owned() }))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

/// Get a webhook
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The webhook.", body = WebhookView)),
)]
pub async fn get_one(
    State(state): State<AppState>,
    caller: Caller<WebhooksRead>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    Ok(Reply::ok(&view(&state, caller.org, id(&path)?).await?))
}

/// Remove a webhook
///
/// It is told nothing more, what waits for it included.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = EndpointId, Path)),
    responses((status = 204, description = "It is gone.")),
)]
pub async fn remove(
    State(state): State<AppState>,
    caller: Caller<WebhooksWrite>,
    once: Once,
    Path(path): Path<String>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            if !endpoints::remove(&state, &caller.coordinator, id(&path)?, &caller.origin).await? {
                return Err(AppError::not_found());
            }
            Ok(Reply::nothing())
        }
    };
    once.carry_out(&state, &caller, &Value::Null, act).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether it is told.
    pub on: bool,
}

/// Switch a webhook on or off
///
/// Switching it on starts the count of failures over. What it missed while it was off is not told.
#[utoipa::path(
    put, path = "/api/v1/webhooks/{id}/state", tag = "webhooks",
    params(("id" = EndpointId, Path)),
    request_body = Switch,
    responses((status = 200, description = "The webhook as it is now.", body = WebhookView)),
)]
pub async fn switch(
    State(state): State<AppState>,
    caller: Caller<WebhooksWrite>,
    once: Once,
    Path(path): Path<String>,
    Body { read, sent }: Body<Switch>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let id = id(&path)?;
            if !endpoints::switch(&state, &caller.coordinator, id, read.on, &caller.origin).await? {
                return Err(AppError::not_found());
            }
            Ok(Reply::ok(&view(&state, caller.org, id).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

/// What a webhook was told.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    /// `webhook-id`.
    pub id: DeliveryId,
    pub event: String,
    pub status: DeliveryStatus,
    pub attempts: u32,
    /// What it answered last; `null` if it did not.
    pub last_status: Option<u16>,
    pub created_at: Instant,
    pub delivered_at: Option<Instant>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            event: delivery.event,
            status: delivery.status,
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            created_at: delivery.created_at.into(),
            delivered_at: delivery.delivered_at.map(Into::into),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DeliveryList {
    pub deliveries: Vec<DeliveryView>,
    /// `cursor` of the next page, if there is one.
    pub next_cursor: Option<String>,
}

/// List what a webhook was told
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(
        ("id" = EndpointId, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Entries of a page; 50 unless said."),
        ("cursor" = Option<String>, Query, pattern = "^whd_[0-9a-f]{32}$", description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of deliveries.", body = DeliveryList)),
)]
pub async fn list_deliveries(
    State(state): State<AppState>,
    caller: Caller<WebhooksRead>,
    Path(path): Path<String>,
    params: Params,
) -> Result<Reply, AppError> {
    let endpoint: EndpointId = id(&path)?;
    params.only(&["limit", "cursor"])?;
    let page = params.page::<DeliveryId>()?;
    let db = state.store.reader();
    endpoints::find(db, caller.org, endpoint).await?.ok_or_else(AppError::not_found)?;
    let found = webhooks::deliveries(db, caller.org, endpoint, page.after, page.limit + 1).await?;
    let (found, next_cursor) = page.cut(found, |one| one.id);
    let deliveries = found.into_iter().map(DeliveryView::from).collect();
    Ok(Reply::ok(&DeliveryList { deliveries, next_cursor }))
}

/// Send a delivery again
///
/// Under the `webhook-id` it had, so that a receiver that has it may leave it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("id" = EndpointId, Path), ("delivery" = DeliveryId, Path)),
    responses((status = 200, description = "It is on its way.", body = DeliveryView)),
)]
pub async fn replay(
    State(state): State<AppState>,
    caller: Caller<WebhooksWrite>,
    once: Once,
    Path((endpoint, delivery)): Path<(String, String)>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let (endpoint, delivery): (EndpointId, DeliveryId) = (id(&endpoint)?, id(&delivery)?);
            if !webhooks::replay(&state, &caller.coordinator, endpoint, delivery, &caller.origin).await? {
                return Err(AppError::not_found());
            }
            let db = state.store.reader();
            let found = webhooks::delivery(db, caller.org, endpoint, delivery).await?;
            Ok(Reply::ok(&DeliveryView::from(found.ok_or_else(AppError::not_found)?)))
        }
    };
    once.carry_out(&state, &caller, &Value::Null, act).await
}
