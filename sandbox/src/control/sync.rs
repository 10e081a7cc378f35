//! What two-way sync needs steered: tokens that expire, channels, pushes.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::push;
use crate::world::channels::Channel;
use crate::world::pushes::PushKind;
use crate::world::{Provider, State, World};

/// Most messages of one storm.
const MOST: usize = 100_000;

/// The account's address as it is written here.
fn known(state: &State, provider: Provider, account: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(email) = account else { return Ok(None) };
    let found = state.account_of(provider, email).map(|account| account.email.clone());
    let missing = || Refusal::wrong(format!("There is no {} account {email}.", provider.name()));
    found.ok_or_else(missing).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expiry {
    provider: Provider,
    account: Option<String>,
    /// Other than the usual: what is answered to a dead token.
    reason: Option<String>,
}

/// Sync tokens and delta links given out so far stop working.
pub async fn expire_cursors(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Expiry { provider, account, reason } = read(&body)?;
    let reasons: &[(&str, &str)] = match provider {
        Provider::Google => {
            &[("fullSyncRequired", "fullSyncRequired"), ("updatedMinTooLongAgo", "updatedMinTooLongAgo")]
        }
        Provider::Microsoft => &[
            ("SyncStateNotFound", "delta.expired"),
            ("resyncRequired", "delta.resync"),
            ("InvalidDeltaToken", "delta.invalid"),
        ],
        Provider::Apple => &[("valid-sync-token", "valid-sync-token")],
    };
    let named = match &reason {
        None => None,
        Some(wanted) => {
            let found = reasons.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            let all = || reasons.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            Some(found.ok_or_else(|| Refusal::wrong(format!("reason must be one of {}, or absent.", all())))?.1)
        }
    };
    let mut state = world.lock();
    let account = known(&state, provider, account.as_deref())?;
    state.expire_cursors(provider, account.as_deref(), named);
    Ok(Json(json!({ "provider": provider, "account": account, "reason": reason })))
}

/// Which channels are meant.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    provider: Option<Provider>,
    account: Option<String>,
    id: Option<String>,
}

impl Chosen {
    fn meets(&self, channel: &Channel) -> bool {
        self.provider.is_none_or(|provider| provider == channel.provider)
            && self.account.as_ref().is_none_or(|account| account.eq_ignore_ascii_case(&channel.account))
            && self.id.as_ref().is_none_or(|id| *id == channel.id)
    }

    fn live(&self, state: &State) -> Vec<Channel> {
        state.channels.live(state.now()).filter(|channel| self.meets(channel)).cloned().collect()
    }
}

/// Live channels and subscriptions, oldest first.
pub async fn channels(
    Shared(world): Shared<World>,
    query: Result<Query<Chosen>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(chosen) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    Ok(Json(json!({ "channels": chosen.live(&world.lock()) })))
}

/// Channels end now, and nobody is told.
pub async fn expire_channels(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let chosen: Chosen = read(&body)?;
    let ended = world.lock().channels.end(|channel| chosen.meets(channel));
    Ok(Json(json!({ "expired": ended.iter().map(|channel| &channel.id).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifecycle {
    event: String,
    account: Option<String>,
    id: Option<String>,
}

/// Microsoft says something about subscriptions themselves.
pub async fn lifecycle(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Lifecycle { event, account, id } = read(&body)?;
    if !["reauthorizationRequired", "subscriptionRemoved", "missed"].contains(&event.as_str()) {
        return Err(Refusal::wrong("event must be reauthorizationRequired, subscriptionRemoved or missed."));
    }
    let mut state = world.lock();
    let chosen = Chosen { provider: Some(Provider::Microsoft), account, id };
    let met = chosen.live(&state);
    if met.is_empty() {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "No such subscription is live."));
    }
    let mut told = Vec::new();
    for subscription in &met {
        if let Some(push) = crate::microsoft::lifecycle(&mut state, &subscription.id, &event) {
            state.push(push);
            told.push(&subscription.id);
        }
    }
    Ok(Json(json!({ "event": event, "told": told })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushQuery {
    provider: Option<Provider>,
    channel: Option<String>,
    since: Option<u64>,
}

/// What was pushed, oldest first; `since` is the `number` of the last one already seen.
pub async fn pushes(
    Shared(world): Shared<World>,
    query: Result<Query<PushQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let state = world.lock();
    let wanted: Vec<_> = state
        .pushes
        .iter()
        .filter(|push| query.provider.is_none_or(|provider| push.provider == provider))
        .filter(|push| query.channel.as_ref().is_none_or(|channel| push.channels.contains(channel)))
        .filter(|push| query.since.is_none_or(|since| push.number > since))
        .collect();
    Ok(Json(json!({ "pushes": wanted })))
}

pub async fn forget_pushes(Shared(world): Shared<World>) -> Json<Value> {
    world.lock().pushes.clear();
    Json(json!({ "pushes": [] }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Storm {
    provider: Option<Provider>,
    account: Option<String>,
    /// Messages per channel.
    #[serde(default = "one")]
    copies: usize,
    /// How many are under way at a time.
    #[serde(default = "sixteen")]
    at_once: usize,
}

fn one() -> usize {
    1
}

fn sixteen() -> usize {
    16
}

/// Messages behind which is nothing, as many as may be wanted under load. The answer does not wait for them.
pub async fn storm(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Storm { provider, account, copies, at_once } = read(&body)?;
    let sent = {
        let mut state = world.lock();
        let channels = Chosen { provider, account, id: None }.live(&state);
        if copies == 0 || copies.saturating_mul(channels.len()) > MOST {
            return Err(Refusal::wrong(format!("A storm has between 1 and {MOST} messages.")));
        }
        let mut sent = Vec::new();
        for channel in (0..copies).flat_map(|_| &channels) {
            sent.extend(match channel.provider {
                Provider::Google => crate::google::message(&mut state, &channel.id, PushKind::Storm),
                Provider::Microsoft => crate::microsoft::idle(&mut state, channel),
                Provider::Apple => None,
            });
        }
        sent
    };
    let count = sent.len();
    push::storm(&world, sent, at_once);
    Ok(Json(json!({ "pushes": count })))
}
