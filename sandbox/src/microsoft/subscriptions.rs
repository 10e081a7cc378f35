//! `/subscriptions`: opening them with the handshake on both addresses, making them longer, ending them.
//!
//! What their notifications say is in `notify`. Only people's own subscriptions are played, on their own calendars.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use super::ask::{Ask, Permission};
use super::errors::{GraphError, guid};
use super::mailbox;
use super::schema::{SUBSCRIPTION, SUBSCRIPTION_RENEWAL, json_body};
use crate::oauth::{CLIENT_ID, is_on_loopback};
use crate::push::{Validation, validate};
use crate::world::channels::{Channel, ChannelKind};
use crate::world::{Provider, State};

/// The longest life the live service gives, in minutes.
const LONGEST: i64 = 10_070;
/// What a shorter wish becomes, in minutes.
const SHORTEST: i64 = 45;
/// Most subscriptions of one mailbox.
const MOST: usize = 1000;

/// POST /subscriptions
pub async fn create(ask: Ask, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let body = json_body(&body)?;
    SUBSCRIPTION.check(&body)?;
    let subscription = read(&ask, &body)?;
    let addresses = [Some(&subscription.address), subscription.lifecycle_address.as_ref()];
    for address in addresses.into_iter().flatten() {
        let token =
            format!("Validation: Testing client application reachability for subscription Request-Id: {}", guid());
        match validate(&ask.world, address, &token).await {
            Validation::Passed => {}
            Validation::Failed => return Err(GraphError::named("sub.validationFailed")),
            Validation::TimedOut => return Err(GraphError::named("sub.validationTimeout")),
        }
    }
    let mut state = ask.world.lock();
    if own(&ask, &state).count() >= MOST {
        let message = "Subscription limit for this mailbox has been reached.";
        return Err(GraphError::new(StatusCode::FORBIDDEN, "ExtensionError", message));
    }
    let mut shown = resource(&subscription, &ask.account.subject);
    shown["@odata.context"] = json!(ask.context("subscriptions/$entity"));
    state.channels.open(subscription);
    drop(state);
    Ok(ask.json(StatusCode::CREATED, &shown))
}

/// A subscription from the body of a create, before its addresses are asked.
fn read(ask: &Ask, body: &Value) -> Result<Channel, GraphError> {
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let required = |name: &str| {
        text(name).ok_or_else(|| GraphError::bad("InvalidRequest", format!("Missing required property '{name}'.")))
    };
    let change_types: BTreeSet<String> =
        required("changeType")?.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    if let Some(unknown) = change_types.iter().find(|word| !["created", "updated", "deleted"].contains(&word.as_str()))
    {
        return Err(GraphError::bad("InvalidRequest", format!("Unsupported changeType '{unknown}'.")));
    }
    let address = address("notificationUrl", required("notificationUrl")?)?;
    let lifecycle = text("lifecycleNotificationUrl").map(|url| self::address("lifecycleNotificationUrl", url));
    if body["includeResourceData"] == true {
        return Err(GraphError::bad("InvalidRequest", "The sandbox sends no resource data with notifications."));
    }
    let token = text("clientState").map(str::to_owned);
    if token.as_ref().is_some_and(|token| token.chars().count() > 128) {
        return Err(GraphError::bad("InvalidRequest", "The clientState has more than 128 characters."));
    }
    let resource = required("resource")?;
    let state = ask.world.lock();
    let calendar = watched(ask, &state, resource)?;
    let now = state.now();
    let expires = expiration(required("expirationDateTime")?, now)?;
    Ok(Channel {
        provider: Provider::Microsoft,
        id: guid(),
        account: ask.account.email.clone(),
        client_id: CLIENT_ID.to_owned(),
        calendar,
        address,
        lifecycle_address: lifecycle.transpose()?,
        token,
        created: now,
        expires,
        kind: ChannelKind::Microsoft {
            resource: resource.to_owned(),
            change_types,
            immutable_ids: ask.prefer.immutable_ids,
            tls_version: text("latestSupportedTlsVersion").unwrap_or("v1_2").to_owned(),
            reauthorization_due: false,
        },
    })
}

/// An https address, or one on this machine.
fn address(name: &str, text: &str) -> Result<String, GraphError> {
    let url = Url::parse(text).map_err(|_| GraphError::bad("InvalidRequest", format!("{name} is not an address.")))?;
    if url.scheme() == "https" || is_on_loopback(&url) {
        return Ok(text.to_owned());
    }
    Err(GraphError::bad("InvalidRequest", format!("The '{name}' must use https.")))
}

/// The calendar a resource names; `None` for all of the mailbox's events.
fn watched(ask: &Ask, state: &State, resource: &str) -> Result<Option<String>, GraphError> {
    let unsupported = || GraphError::bad("InvalidRequest", format!("Resource '{resource}' is not supported here."));
    let path = resource.trim_matches('/');
    let (user, rest) = match path.split_once('/') {
        Some(("me", rest)) => (None, rest),
        Some(("users" | "Users", rest)) => {
            let (user, rest) = rest.split_once('/').ok_or_else(unsupported)?;
            (Some(user), rest)
        }
        _ => return Err(unsupported()),
    };
    let mine =
        |name: &str| ask.account.email.eq_ignore_ascii_case(name) || ask.account.subject.eq_ignore_ascii_case(name);
    if user.is_some_and(|name| !mine(&decoded(name))) {
        return Err(GraphError::denied());
    }
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["events"] => Ok(None),
        ["calendar", "events"] => Ok(Some(mailbox::default_calendar(state, &ask.account)?.id.clone())),
        ["calendars", id, "events"] => Ok(Some(mailbox::calendar(state, &ask.account, &decoded(id))?.id.clone())),
        _ => Err(unsupported()),
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// When it ends: as wished, though not sooner than in 45 minutes.
fn expiration(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, GraphError> {
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| {
        GraphError::bad(
            "InvalidRequest",
            format!("The expirationDateTime '{text}' is not a date and time with an offset."),
        )
    })?;
    let at = at.to_utc();
    if at <= now {
        return Err(GraphError::bad("InvalidRequest", "Subscription expiration must be in the future."));
    }
    // The way there takes its time; what is a minute too long is too long.
    if at > now + TimeDelta::minutes(LONGEST) + TimeDelta::seconds(30) {
        return Err(GraphError::named("sub.tooLong"));
    }
    Ok(at.max(now + TimeDelta::minutes(SHORTEST)))
}

/// The live subscriptions of this person.
fn own<'a>(ask: &'a Ask, state: &'a State) -> impl Iterator<Item = &'a Channel> {
    let mine = |channel: &&Channel| channel.provider == Provider::Microsoft && channel.account == ask.account.email;
    state.channels.live(state.now()).filter(mine)
}

fn gone() -> GraphError {
    GraphError::named("sub.gone")
}

/// GET /subscriptions
pub async fn list(ask: Ask) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let values: Vec<_> = {
        let state = ask.world.lock();
        own(&ask, &state).map(|one| resource(one, &ask.account.subject)).collect()
    };
    let body = json!({ "@odata.context": ask.context("subscriptions"), "value": values });
    Ok(ask.json(StatusCode::OK, &body))
}

/// GET /subscriptions/{id}
pub async fn get(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let found = {
        let state = ask.world.lock();
        own(&ask, &state).find(|one| one.id == id).map(|one| resource(one, &ask.account.subject))
    };
    let mut shown = found.ok_or_else(gone)?;
    shown["@odata.context"] = json!(ask.context("subscriptions/$entity"));
    Ok(ask.json(StatusCode::OK, &shown))
}

/// PATCH /subscriptions/{id}: another end, which also reauthorizes.
pub async fn renew(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let body = json_body(&body)?;
    SUBSCRIPTION_RENEWAL.check(&body)?;
    let text = body["expirationDateTime"].as_str();
    let text =
        text.ok_or_else(|| GraphError::bad("InvalidRequest", "Missing required property 'expirationDateTime'."))?;
    let mut shown = {
        let mut state = ask.world.lock();
        let now = state.now();
        let subscription = mine(&ask, &mut state, &id)?;
        subscription.expires = expiration(text, now)?;
        reauthorized(subscription);
        resource(subscription, &ask.account.subject)
    };
    shown["@odata.context"] = json!(ask.context("subscriptions/$entity"));
    Ok(ask.json(StatusCode::OK, &shown))
}

/// POST /subscriptions/{id}/reauthorize
pub async fn reauthorize(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    reauthorized(mine(&ask, &mut ask.world.lock(), &id)?);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// DELETE /subscriptions/{id}
pub async fn delete(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let mut state = ask.world.lock();
    mine(&ask, &mut state, &id)?;
    state.channels.end(|channel| channel.provider == Provider::Microsoft && channel.id == id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn mine<'a>(ask: &Ask, state: &'a mut State, id: &str) -> Result<&'a mut Channel, GraphError> {
    let now = state.now();
    let found = state.channels.get_mut(Provider::Microsoft, id, now);
    found.filter(|channel| channel.account == ask.account.email).ok_or_else(gone)
}

fn reauthorized(subscription: &mut Channel) {
    if let ChannelKind::Microsoft { reauthorization_due, .. } = &mut subscription.kind {
        *reauthorization_due = false;
    }
}

/// Seven decimals, as everywhere.
pub fn end(subscription: &Channel) -> String {
    let millis = subscription.expires.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{}0000Z", millis.trim_end_matches('Z'))
}

fn resource(subscription: &Channel, creator: &str) -> Value {
    let ChannelKind::Microsoft { resource, change_types, tls_version, .. } = &subscription.kind else {
        return Value::Null;
    };
    json!({
        "id": subscription.id,
        "resource": resource,
        "applicationId": subscription.client_id,
        "changeType": change_types.iter().map(String::as_str).collect::<Vec<_>>().join(","),
        "clientState": subscription.token,
        "notificationUrl": subscription.address,
        "lifecycleNotificationUrl": subscription.lifecycle_address,
        "notificationQueryOptions": null,
        "expirationDateTime": end(subscription),
        "creatorId": creator,
        "includeResourceData": null,
        "latestSupportedTlsVersion": tls_version,
        "encryptionCertificate": null,
        "encryptionCertificateId": null,
        "notificationUrlAppId": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_cut_below_and_refused_above() {
        let now = Utc::now();
        let ask = |minutes: i64| expiration(&(now + TimeDelta::minutes(minutes)).to_rfc3339(), now);
        assert_eq!(ask(1).unwrap(), now + TimeDelta::minutes(45));
        assert_eq!(ask(4200).unwrap(), now + TimeDelta::minutes(4200));
        assert!(ask(LONGEST).is_ok());
        assert_eq!(ask(LONGEST + 1).unwrap_err().code, "ExtensionError");
        assert_eq!(ask(-1).unwrap_err().code, "InvalidRequest");
        assert_eq!(expiration("tomorrow", now).unwrap_err().code, "InvalidRequest");
    }
}
