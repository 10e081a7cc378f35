//! Switching faults on.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{Refusal, read};
use crate::apple::Quirk;
use crate::faults::{Fault, Kind, Match};
use crate::world::{Provider, Service, World};

pub async fn list(Shared(world): Shared<World>) -> Json<Value> {
    Json(json!({ "faults": world.lock().faults_on() }))
}

pub async fn clear(Shared(world): Shared<World>) -> Json<Value> {
    world.lock().faults.clear();
    Json(json!({ "faults": [] }))
}

pub async fn remove(Shared(world): Shared<World>, Path(id): Path<u64>) -> Result<Json<Value>, Refusal> {
    let mut state = world.lock();
    if !state.faults.remove(id) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("No fault with the id {id} is on.")));
    }
    Ok(Json(json!({ "faults": state.faults_on() })))
}

/// Every name a fault may have beside the general kinds.
pub async fn catalogue() -> Json<Value> {
    Json(json!({
        "google": crate::google::catalogue_names(),
        "microsoft": crate::microsoft::catalogue_names(),
        "apple": crate::apple::catalogue_names(),
        "icims": crate::icims::catalogue_names(),
        "apple_quirks": Quirk::ALL.map(Quirk::name),
    }))
}

pub async fn add(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let request: Map<String, Value> = read(&body)?;
    switch_on(&world, request).map(Json)
}

/// Switches a fault on, or carries out one that happens at once (`expire_tokens`, `revoke`).
///
/// # Errors
/// A sentence for an unknown kind, reason, provider or property.
pub fn switch_on(world: &World, mut request: Map<String, Value>) -> Result<Value, Refusal> {
    let mut take = |name: &str| request.remove(name).filter(|value| !value.is_null());
    let service: Service = serde_json::from_value(take("provider").unwrap_or_default())
        .map_err(|_| Refusal::wrong("provider must be \"google\", \"microsoft\", \"apple\" or \"icims\"."))?;
    let kind = take("kind").and_then(|kind| kind.as_str().map(str::to_owned));
    let kind = kind.ok_or_else(|| Refusal::wrong("kind is missing."))?;
    let times = count("times", take("times"))?;
    let seconds = count("seconds", take("seconds"))?;
    let matching: Match = match take("match") {
        None => Match::default(),
        Some(value) => serde_json::from_value(value)
            .map_err(|error| Refusal::wrong(format!("match is not as expected: {error}.")))?,
    };
    let account = take("account").and_then(|account| account.as_str().map(str::to_owned));
    if matches!(kind.as_str(), "expire_tokens" | "revoke") {
        let account = account.or(matching.account);
        return happen_now(world, service, &kind, account.as_deref(), &request);
    }
    let matching = Match { account: matching.account.or(account), ..matching };
    let kind = read_kind(service, &kind, request)?;
    let about_tokens = match &kind {
        Kind::Error { reason } => is_about_tokens(service, reason),
        _ => false,
    };
    let mut state = world.lock();
    let id = state.next_version();
    let until = seconds.map(|seconds| state.now() + TimeDelta::seconds(i64::from(seconds)));
    let fault = Fault { id, provider: service, kind, matching, times, until, about_tokens };
    let answer = json!(fault);
    state.faults.add(fault);
    Ok(answer)
}

/// How many requests or seconds; none for always.
fn count(name: &str, value: Option<Value>) -> Result<Option<u32>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    let wrong = || Refusal::wrong(format!("{name} must be a whole number from 1 on, or absent for always."));
    count.map(Some).ok_or_else(wrong)
}

fn read_kind(service: Service, kind: &str, mut rest: Map<String, Value>) -> Result<Kind, Refusal> {
    let general = [
        "status",
        "error",
        "latency",
        "drop_after_write",
        "drop_before_write",
        "calendar_error",
        "html_page",
        "redirect",
        "oversize",
        "quirk",
        "hang_after_write",
        "hang_before_write",
        "late_write",
        "push_drop",
        "push_duplicate",
        "push_reorder",
        "push_delay",
    ];
    if general.contains(&kind) {
        rest.insert("kind".to_owned(), json!(kind));
    } else if service == Service::Apple && Quirk::named(kind).is_some() {
        rest.insert("kind".to_owned(), json!("quirk"));
        rest.insert("quirk".to_owned(), json!(kind));
    } else if is_named(service, kind) {
        rest.insert("kind".to_owned(), json!("error"));
        rest.insert("reason".to_owned(), json!(kind));
    } else {
        return Err(Refusal::wrong(format!(
            "{kind} is neither a kind nor an error of {}; GET /control/faults/catalogue lists the errors.",
            service.name()
        )));
    }
    let kind: Kind = serde_json::from_value(Value::Object(rest))
        .map_err(|error| Refusal::wrong(format!("The fault is not as expected: {error}.")))?;
    match &kind {
        Kind::Error { reason } if !is_named(service, reason) => {
            Err(Refusal::wrong(format!("{} has no error {reason}.", service.name())))
        }
        Kind::CalendarError { .. } if service.provider().is_none() => {
            Err(Refusal::wrong(format!("{} has no calendars.", service.name())))
        }
        Kind::CalendarError { .. } if service == Service::Apple => Err(Refusal::wrong(
            "apple answers no free/busy question: let the calendar's own address fail, by match.path_prefix.",
        )),
        Kind::Quirk { .. } if service != Service::Apple => {
            Err(Refusal::wrong(format!("{} has no such quirk.", service.name())))
        }
        Kind::Oversize { bytes } if *bytes > 256 * 1024 * 1024 => Err(Refusal::wrong("bytes must be at most 256 MiB.")),
        Kind::Status { status, .. } if !(400..=599).contains(status) => {
            Err(Refusal::wrong("status must be between 400 and 599."))
        }
        kind if kind.is_about_pushes() && !matches!(service, Service::Google | Service::Microsoft) => {
            Err(Refusal::wrong(format!("{} pushes nothing.", service.name())))
        }
        Kind::PushDuplicate { copies } if !(2..=100).contains(copies) => {
            Err(Refusal::wrong("copies must be between 2 and 100: how often a push is sent in all."))
        }
        Kind::Latency { ms }
        | Kind::HangAfterWrite { ms }
        | Kind::HangBeforeWrite { ms }
        | Kind::LateWrite { ms }
        | Kind::PushDelay { ms }
            if *ms > 600_000 =>
        {
            Err(Refusal::wrong("ms must be at most 600000, ten minutes."))
        }
        _ => Ok(kind),
    }
}

fn is_named(service: Service, reason: &str) -> bool {
    match service {
        Service::Google => crate::google::catalogue(reason).is_some(),
        Service::Microsoft => crate::microsoft::catalogue(reason).is_some(),
        Service::Apple => crate::apple::catalogue(reason).is_some(),
        Service::Icims => crate::icims::catalogue(reason).is_some(),
    }
}

/// Whether the error is one of the token endpoint, whose body says it in one word.
fn is_about_tokens(service: Service, reason: &str) -> bool {
    let answer = match service {
        Service::Google => crate::google::catalogue(reason),
        Service::Microsoft => crate::microsoft::catalogue(reason),
        Service::Apple | Service::Icims => None,
    };
    answer.is_some_and(|answer| answer.body["error"].is_string())
}

fn happen_now(
    world: &World,
    service: Service,
    kind: &str,
    account: Option<&str>,
    rest: &Map<String, Value>,
) -> Result<Value, Refusal> {
    if let Some(name) = rest.keys().next() {
        return Err(Refusal::wrong(format!("{kind} does not take {name}.")));
    }
    let provider = service.provider();
    let provider = provider.ok_or_else(|| Refusal::wrong(format!("{} gives out no tokens.", service.name())))?;
    let mut state = world.lock();
    let account = match account {
        None => None,
        Some(email) => {
            let known = state.account_of(provider, email).map(|account| account.email.clone());
            Some(known.ok_or_else(|| Refusal::wrong(format!("There is no {} account {email}.", provider.name())))?)
        }
    };
    if provider == Provider::Apple {
        if kind != "revoke" {
            return Err(Refusal::wrong("apple gives out no tokens; revoke takes the app-specific passwords away."));
        }
        let passwords = state.revoke_app_passwords(account.as_deref());
        return Ok(json!({ "kind": kind, "provider": provider, "account": account, "passwords": passwords }));
    }
    if kind == "revoke" && provider == Provider::Microsoft {
        crate::microsoft::end_with_grant(&mut state, account.as_deref());
    }
    let tokens = match kind {
        "revoke" => state.grants.revoke_all(provider, account.as_deref()),
        _ => state.grants.expire_access(provider, account.as_deref()),
    };
    Ok(json!({ "kind": kind, "provider": provider, "account": account, "tokens": tokens }))
}
