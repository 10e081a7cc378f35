//! Watch channels on a calendar's events: opening, stopping, and what their messages say.
//!
//! A message has no body: it says that something changed, never what. The first one of a channel (`sync`) is sent before the
//! request that opened it is answered, as the real one may do.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use url::Url;

use super::access::{Caller, object};
use super::errors::{global, invalid, known, missing};
use super::scopes::Method;
use crate::faults::Answer;
use crate::oauth::is_on_loopback;
use crate::oauth::random::{self, sha256};
use crate::push;
use crate::world::channels::{Channel, ChannelKind, News, What};
use crate::world::pushes::PushKind;
use crate::world::{Calendar, Provider, Push, Service, State, World};

/// The longest life, and the usual one.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// How long the answer waits for the first message to arrive.
const SYNC_WAITS: Duration = Duration::from_secs(1);

/// Routes below `/calendar/v3`.
pub fn router() -> Router<World> {
    Router::new().route("/calendars/{calendar}/events/watch", post(watch)).route("/channels/stop", post(stop))
}

/// `POST …/events/watch`
async fn watch(
    Shared(world): Shared<World>,
    Path(calendar): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Answer> {
    let (channel, sync) = {
        let mut state = world.lock();
        let caller = Caller::identify(&state, &headers, Method::EventsWatch)?;
        let calendar = caller.calendar(&state, &calendar)?.clone();
        let channel = read(&world, &state, &caller, &calendar, &object(&body)?)?;
        if !state.channels.open(channel.clone()) {
            return Err(known("channelIdNotUnique"));
        }
        let sync = message(&mut state, &channel.id, PushKind::Sync);
        (channel, sync)
    };
    if let Some(sync) = sync {
        push::send_first(&world, sync, SYNC_WAITS).await;
    }
    Ok(Json(resource(&channel)))
}

/// A channel from the body of a watch request.
fn read(
    world: &World,
    state: &State,
    caller: &Caller,
    calendar: &Calendar,
    body: &Map<String, Value>,
) -> Result<Channel, Answer> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id").ok_or_else(|| missing("Missing required field: id"))?;
    let proper = |c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c);
    if id.len() > 64 || !id.chars().all(proper) {
        return Err(invalid("Invalid channel id: at most 64 characters of A-Z, a-z, 0-9, -, _, +, / and =."));
    }
    match text("type") {
        Some("web_hook" | "webhook") => {}
        Some(other) => return Err(invalid(&format!("Unknown channel type: {other}"))),
        None => return Err(missing("Missing required field: type")),
    }
    let address = text("address").ok_or_else(|| missing("Missing required field: address"))?;
    let url = Url::parse(address).map_err(|_| invalid("Invalid WebHook callback address."))?;
    if url.scheme() != "https" && !is_on_loopback(&url) {
        let message = format!("WebHook callback must be HTTPS: {address}");
        return Err(global(400, "push.webhookUrlNotHttps", &message));
    }
    let token = body.get("token").and_then(Value::as_str).map(str::to_owned);
    if token.as_ref().is_some_and(|token| token.chars().count() > 256) {
        return Err(invalid("The channel token has more than 256 characters."));
    }
    let resource_id = URL_SAFE_NO_PAD.encode(&sha256(format!("{} {}", calendar.id, calendar.owner).as_bytes())[..20]);
    let path_id = utf8_percent_encode(&calendar.id, NON_ALPHANUMERIC);
    Ok(Channel {
        provider: Provider::Google,
        id: id.to_owned(),
        account: caller.account.email.clone(),
        client_id: caller.client_id().to_owned(),
        calendar: Some(calendar.id.clone()),
        address: address.to_owned(),
        lifecycle_address: None,
        token,
        created: state.now(),
        expires: expiration(body, state.now())?,
        kind: ChannelKind::Google {
            resource_id,
            resource_uri: format!("{}/calendar/v3/calendars/{path_id}/events?alt=json", world.google_url()),
            message_number: 0,
        },
    })
}

/// When it ends: as wished, in `expiration` (milliseconds) or `params.ttl` (seconds), but never after more than a week.
fn expiration(body: &Map<String, Value>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Answer> {
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let wished = if let Some(value) = body.get("expiration").filter(|value| !value.is_null()) {
        let at = number(value).and_then(DateTime::from_timestamp_millis);
        Some(at.ok_or_else(|| invalid("Invalid expiration."))?)
    } else if let Some(value) = body.get("params").and_then(|params| params.get("ttl")).filter(|ttl| !ttl.is_null()) {
        let seconds = number(value).filter(|seconds| *seconds > 0).ok_or_else(|| invalid("Invalid ttl."))?;
        Some(now + TimeDelta::seconds(seconds.min(LONGEST.num_seconds())))
    } else {
        None
    };
    match wished {
        Some(at) if at <= now => Err(invalid("The expiration lies in the past.")),
        Some(at) => Ok(at.min(now + LONGEST)),
        None => Ok(now + LONGEST),
    }
}

fn resource(channel: &Channel) -> Value {
    let mut shown = json!({
        "kind": "api#channel",
        "id": channel.id,
        "expiration": channel.expires.timestamp_millis().to_string(),
    });
    if let ChannelKind::Google { resource_id, resource_uri, .. } = &channel.kind {
        shown["resourceId"] = json!(resource_id);
        shown["resourceUri"] = json!(resource_uri);
    }
    if let Some(token) = &channel.token {
        shown["token"] = json!(token);
    }
    shown
}

/// `POST /channels/stop`
async fn stop(Shared(world): Shared<World>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::ChannelsStop)?;
    let body = object(&body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id").ok_or_else(|| missing("Missing required field: id"))?;
    let resource = text("resourceId").ok_or_else(|| missing("Missing required field: resourceId"))?;
    let now = state.now();
    let stopped = state.channels.end(|channel| {
        let same = matches!(&channel.kind, ChannelKind::Google { resource_id, .. } if resource_id == resource)
            && channel.id == id;
        same && channel.expires > now
            && channel.account == caller.account.email
            && channel.client_id == caller.client_id()
    });
    if stopped.is_empty() {
        let message = format!("Channel '{id}' not found for project '000000000000'");
        return Err(global(404, "notFound", &message));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// One message for each of these channels that any of the news is about. A calendar that is gone ends its channels.
pub fn pushed(state: &mut State, channels: &[&Channel], news: &[News]) -> Vec<Push> {
    let mut pushes = Vec::new();
    for channel in channels {
        let gone = news.iter().any(|news| channel.watches(news) && news.what == What::CalendarGone);
        pushes.extend(message(state, &channel.id, if gone { PushKind::Gone } else { PushKind::Change }));
        if gone {
            state.channels.end(|other| other.provider == Provider::Google && other.id == channel.id);
        }
    }
    pushes
}

/// The next message of a live channel; its number is higher than the last one's, mostly by more than one.
pub fn message(state: &mut State, id: &str, kind: PushKind) -> Option<Push> {
    let now = state.now();
    let channel = state.channels.get_mut(Provider::Google, id, now)?;
    let ChannelKind::Google { resource_id, resource_uri, message_number } = &mut channel.kind else { return None };
    *message_number += match kind {
        PushKind::Sync => 1,
        _ => 1 + u64::from(random::sha256(random::token(8).as_bytes())[0]),
    };
    let resource_state = match kind {
        PushKind::Sync => "sync",
        PushKind::Gone => "not_exists",
        PushKind::Change | PushKind::Lifecycle | PushKind::Storm => "exists",
    };
    let mut headers = vec![
        ("x-goog-channel-id", channel.id.clone()),
        ("x-goog-channel-expiration", channel.expires.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        ("x-goog-resource-state", resource_state.to_owned()),
        ("x-goog-message-number", message_number.to_string()),
        ("x-goog-resource-id", resource_id.clone()),
        ("x-goog-resource-uri", resource_uri.clone()),
        ("accept", "*/*".to_owned()),
    ];
    headers.extend(channel.token.clone().map(|token| ("x-goog-channel-token", token)));
    let (account, url) = (channel.account.clone(), channel.address.clone());
    let fate = state.take_push_fate(Service::Google, &account);
    let (provider, channels) = (Provider::Google, vec![id.to_owned()]);
    Some(Push { number: None, provider, account, channels, kind, url, headers, body: None, fate })
}
