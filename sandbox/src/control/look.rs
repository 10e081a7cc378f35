//! Events, mails, requests, accounts as JSON, in words of neither provider.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use chrono::{SecondsFormat, TimeDelta};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::world::{Event, Service, Span, World};

pub async fn accounts(Shared(world): Shared<World>) -> Json<Value> {
    let state = world.lock();
    let accounts: Vec<_> = state
        .accounts
        .iter()
        .map(|account| {
            let calendars = state.calendars_of(&account.email);
            let mut shown = json!(account);
            shown["calendars"] = json!(calendars);
            shown
        })
        .collect();
    Json(json!({ "accounts": accounts }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    account: Option<String>,
    uid: Option<String>,
}

/// Every event of one account's calendars, or of all, tombstones included.
pub async fn events(
    Shared(world): Shared<World>,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let state = world.lock();
    let calendars: Vec<_> = match &query.account {
        Some(email) => {
            let missing = || Refusal::new(StatusCode::NOT_FOUND, format!("There is no account {email}."));
            let account = state.account(email).ok_or_else(missing)?;
            state.calendars_of(&account.email)
        }
        None => state.calendars.values().collect(),
    };
    let mut events: Vec<_> = calendars
        .iter()
        .flat_map(|calendar| {
            // A series at Apple has no end: of objects, what is between a quarter ago and a year ahead.
            let (from, until) = (state.now() - TimeDelta::days(92), state.now() + TimeDelta::days(366));
            let stored = match state.shelves.contains_key(&calendar.id) {
                true => state.events_between(calendar, from, until),
                false => state.events_in(&calendar.id).cloned().collect(),
            };
            let wanted = stored.into_iter().filter(|event| query.uid.as_ref().is_none_or(|uid| *uid == event.ical_uid));
            wanted
                .map(|event| (event.span.interval(calendar.zone).0, neutral(&event, &calendar.owner)))
                .collect::<Vec<_>>()
        })
        .collect();
    events.sort_by_key(|(start, _)| *start);
    Ok(Json(json!({ "events": events.into_iter().map(|(_, event)| event).collect::<Vec<_>>() })))
}

/// An event in words of neither provider.
fn neutral(event: &Event, owner: &str) -> Value {
    let (start, end, all_day) = match &event.span {
        Span::Timed { start, end, .. } => {
            (start.to_rfc3339_opts(SecondsFormat::Secs, true), end.to_rfc3339_opts(SecondsFormat::Secs, true), false)
        }
        Span::AllDay { start, end } => (start.to_string(), end.to_string(), true),
    };
    json!({
        "id": event.id,
        "calendar": event.calendar,
        "owner": owner,
        "ical_uid": event.ical_uid,
        "summary": event.summary,
        "description": event.description,
        "location": event.location,
        "start": start,
        "end": end,
        "all_day": all_day,
        "status": event.status,
        "show_as": event.show_as,
        "organizer": event.organizer,
        "attendees": event.attendees,
        "private": event.private_properties,
        "shared": event.shared_properties,
        "sequence": event.sequence,
        "version": event.version,
        "created": event.created,
        "updated": event.updated,
    })
}

pub async fn mail(Shared(world): Shared<World>) -> Json<Value> {
    Json(json!({ "mails": world.lock().mails }))
}

pub async fn forget_mail(Shared(world): Shared<World>) -> Json<Value> {
    world.lock().mails.clear();
    Json(json!({ "mails": [] }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestsQuery {
    provider: Option<Service>,
    since: Option<u64>,
}

/// What was asked, oldest first; `since` is the `number` of the last request already seen.
pub async fn requests(
    Shared(world): Shared<World>,
    query: Result<Query<RequestsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let state = world.lock();
    let wanted: Vec<_> = state
        .requests
        .iter()
        .filter(|request| query.provider.is_none_or(|provider| request.provider == provider))
        .filter(|request| query.since.is_none_or(|since| request.number > since))
        .collect();
    Ok(Json(json!({ "requests": wanted })))
}

pub async fn forget_requests(Shared(world): Shared<World>) -> Json<Value> {
    world.lock().requests.clear();
    Json(json!({ "requests": [] }))
}
