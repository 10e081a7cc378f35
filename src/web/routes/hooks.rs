//! Where providers push: `POST /hooks/google`, `POST /hooks/microsoft` and `POST /hooks/microsoft/lifecycle`.
//!
//! A push is answered as soon as what follows from it is written down. Nothing in it is believed but that something happened, and
//! that only with the token that we gave the provider for the channel.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;

use super::Routes;
use crate::{
    error::AppError,
    state::AppState,
    store::words::Provider,
    sync::{
        channels,
        pushed::{self, Lifecycle},
    },
};

/// The longest validation token that is echoed, in bytes.
const LONGEST_ECHO: usize = 2048;
/// More items in one push than this are not looked at: 413 tells the provider to send fewer.
const MOST_ITEMS: usize = 1000;

pub fn routes() -> Routes {
    Routes::default()
        .post(channels::GOOGLE, google)
        .post(channels::MICROSOFT, microsoft)
        .post(channels::MICROSOFT_LIFECYCLE, microsoft_lifecycle)
}

/// <https://developers.google.com/workspace/calendar/api/guides/push>: no body, everything in headers.
async fn google(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let value = |name: &'static str| headers.get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok());
    let told = (
        value("x-goog-channel-id"),
        value("x-goog-channel-token"),
        value("x-goog-resource-id"),
        value("x-goog-resource-state"),
    );
    let (Some(id), Some(token), Some(resource), Some(word)) = told else { return unknown() };
    let channel = match pushed::channel(&state, Provider::Google, token, &[id, resource]).await {
        Ok(Some(channel)) if id == channel.id.uuid().to_string() => channel,
        Ok(_) => return unknown(),
        Err(error) => return AppError::from(error).into_response(),
    };
    if word == "sync" {
        // The channel works. What happened before is read when the provider's answer comes.
        return StatusCode::OK.into_response();
    }
    match pushed::hint(&state, &channel).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => AppError::from(error).into_response(),
    }
}

/// What a subscription may carry; everything else in it is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    subscription_id: String,
    client_state: String,
    lifecycle_event: Option<String>,
}

/// <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>: changes, in batches.
async fn microsoft(State(state): State<AppState>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    match validation(query.as_deref()) {
        Some(echo) => echo,
        None => take(&state, &body).await.unwrap_or_else(|error| error),
    }
}

/// <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>: news of the subscriptions themselves.
async fn microsoft_lifecycle(State(state): State<AppState>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    match validation(query.as_deref()) {
        Some(echo) => echo,
        None => take(&state, &body).await.unwrap_or_else(|error| error),
    }
}

/// Takes every item that is meant for us; the others are passed over. Only a failure of ours makes the provider send all of them
/// again, and that is safe.
async fn take(state: &AppState, body: &[u8]) -> Result<Response, Response> {
    let bad = || AppError::bad_request("push_invalid", "This is not a change notification.").into_response();
    let body: Value = serde_json::from_slice(body).map_err(|_| bad())?;
    let items = body.get("value").and_then(Value::as_array).ok_or_else(bad)?;
    if items.len() > MOST_ITEMS {
        let refused = AppError::new(413, "push_too_large", "This push has more items than are taken at once.");
        return Err(refused.into_response());
    }
    let failed = |error| AppError::from(error).into_response();
    for item in items {
        let Ok(item) = Item::deserialize(item) else { continue };
        let named = [item.subscription_id.as_str()];
        let channel = pushed::channel(state, Provider::Microsoft, &item.client_state, &named).await.map_err(failed)?;
        let Some(channel) = channel else {
            tracing::info!("a push names no subscription of ours");
            continue;
        };
        match item.lifecycle_event.as_deref().map(Lifecycle::parse) {
            None => {
                pushed::hint(state, &channel).await.map_err(failed)?;
            }
            Some(Some(news)) => pushed::lifecycle(state, &channel, news).await.map_err(failed)?,
            Some(None) => tracing::info!(channel = %channel.id, "a subscription has news of an unknown kind"),
        }
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Microsoft asks whether the address is ours, by a token that is sent back as it is. Text it stays, whatever is in it.
fn validation(query: Option<&str>) -> Option<Response> {
    let asked = url::form_urlencoded::parse(query?.as_bytes()).find(|(name, _)| name == "validationToken")?;
    let token = asked.1.into_owned();
    if token.is_empty() || token.len() > LONGEST_ECHO || token.chars().any(char::is_control) {
        let refused = AppError::bad_request("validation_invalid", "This is not a validation token.");
        return Some(refused.into_response());
    }
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    Some(([(header::CONTENT_TYPE, plain)], token).into_response())
}

fn unknown() -> Response {
    AppError::not_found().into_response()
}
