//! calendarList, calendars, settings.

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::access::{Caller, Parameters, object, paged};
use super::errors::{invalid, known, missing};
use super::scopes::Method;
use super::times;
use crate::faults::Answer;
use crate::oauth::random;
use crate::world::{Account, Calendar, State, World};

/// Roles in rising order; the caller is the owner of every calendar shown here.
const ROLES: [&str; 5] = ["freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner"];

/// Routes below `/calendar/v3`.
pub fn router() -> Router<World> {
    Router::new()
        .route("/users/me/calendarList", get(list))
        .route("/users/me/calendarList/{calendar}", get(list_entry))
        .route("/users/me/settings", get(settings))
        .route("/users/me/settings/{setting}", get(setting))
        .route("/calendars", axum::routing::post(insert))
        .route("/calendars/{calendar}", get(read).patch(patch).put(update).delete(delete))
}

/// The etag of a version, in the quotes it travels in.
pub fn etag(version: u64) -> String {
    format!("\"{}\"", 3_400_000_000_000_000 + version * 2)
}

/// `{"method": "popup", "minutes": 10}`, everybody's default reminder.
pub fn default_reminders() -> Value {
    json!([{ "method": "popup", "minutes": 10 }])
}

async fn list(Shared(world): Shared<World>, parameters: Parameters, headers: HeaderMap) -> Result<Json<Value>, Answer> {
    let state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarListList)?;
    refuse_sync_token(&parameters)?;
    if let Some(role) = parameters.get("minAccessRole").filter(|role| !ROLES.contains(role)) {
        return Err(invalid(&format!("Invalid value for: minAccessRole: {role}")));
    }
    let size = parameters.number("maxResults", 100, 250)?;
    let calendars = state.calendars_of(&caller.account.email);
    let newest = calendars.iter().map(|calendar| calendar.version).max().unwrap_or_default();
    let (page, next) = paged(calendars, size, parameters.get("pageToken"))?;
    let items: Vec<_> = page.into_iter().map(|calendar| entry(calendar, &caller.account)).collect();
    let mut answer = json!({ "kind": "calendar#calendarList", "etag": etag(newest), "items": items });
    if let Some(next) = next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(Json(answer))
}

/// 400: of lists other than events, sync tokens are neither given nor taken here.
fn refuse_sync_token(parameters: &Parameters) -> Result<(), Answer> {
    match parameters.get("syncToken") {
        Some(_) => Err(super::errors::invalid_parameter("syncToken", "The sandbox serves sync tokens of events only.")),
        None => Ok(()),
    }
}

async fn list_entry(
    Shared(world): Shared<World>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Answer> {
    let state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarListGet)?;
    Ok(Json(entry(caller.calendar(&state, &id)?, &caller.account)))
}

fn entry(calendar: &Calendar, owner: &Account) -> Value {
    let mut entry = resource(calendar);
    entry["kind"] = json!("calendar#calendarListEntry");
    entry["colorId"] = json!("14");
    entry["backgroundColor"] = json!("#9fe1e7");
    entry["foregroundColor"] = json!("#000000");
    entry["selected"] = json!(true);
    entry["accessRole"] = json!("owner");
    entry["defaultReminders"] = default_reminders();
    if calendar.primary {
        entry["primary"] = json!(true);
    } else {
        entry["dataOwner"] = json!(owner.email);
    }
    entry
}

fn resource(calendar: &Calendar) -> Value {
    let mut resource = json!({
        "kind": "calendar#calendar",
        "etag": etag(calendar.version),
        "id": calendar.id,
        "summary": calendar.name,
        "timeZone": calendar.zone.name(),
        "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] },
    });
    for name in ["description", "location"] {
        if let Some(value) = calendar.extra.get(name) {
            resource[name] = value.clone();
        }
    }
    if !calendar.primary {
        resource["dataOwner"] = json!(calendar.owner);
    }
    resource
}

async fn read(Shared(world): Shared<World>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Answer> {
    let state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarsGet)?;
    Ok(answer(caller.calendar(&state, &id)?))
}

fn answer(calendar: &Calendar) -> Response {
    ([("etag", etag(calendar.version))], Json(resource(calendar))).into_response()
}

async fn insert(Shared(world): Shared<World>, headers: HeaderMap, body: Bytes) -> Result<Response, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarsInsert)?;
    let body = object(&body)?;
    let calendar = Calendar {
        id: format!("c_{}@group.calendar.google.com", random::hex(32)),
        owner: caller.account.email.clone(),
        name: String::new(),
        zone: caller.account.zone,
        primary: false,
        version: 0,
        extra: Map::from_iter([("madeByApp".to_owned(), json!(true))]),
    };
    store(&mut state, calendar, &body)
}

async fn patch(
    Shared(world): Shared<World>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarsPatch)?;
    let calendar = caller.calendar(&state, &id)?.clone();
    super::events::if_match(&headers, calendar.version)?;
    store(&mut state, calendar, &object(&body)?)
}

async fn update(
    Shared(world): Shared<World>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarsUpdate)?;
    let mut calendar = caller.calendar(&state, &id)?.clone();
    super::events::if_match(&headers, calendar.version)?;
    calendar.name.clear();
    calendar.extra.retain(|name, _| name == "madeByApp");
    store(&mut state, calendar, &object(&body)?)
}

/// Applies a body to a calendar and keeps it: what is absent stays, null clears.
fn store(state: &mut State, mut calendar: Calendar, body: &Map<String, Value>) -> Result<Response, Answer> {
    if let Some(summary) = body.get("summary") {
        calendar.name = summary.as_str().unwrap_or_default().to_owned();
    }
    if calendar.name.trim().is_empty() {
        return Err(missing("Missing summary."));
    }
    if let Some(zone) = body.get("timeZone").and_then(Value::as_str) {
        calendar.zone = times::zone(zone, "timeZone")?;
    }
    for name in ["description", "location"] {
        match body.get(name) {
            None => {}
            Some(Value::Null) => drop(calendar.extra.remove(name)),
            Some(value) => drop(calendar.extra.insert(name.to_owned(), value.clone())),
        }
    }
    calendar.version = state.next_version();
    let response = answer(&calendar);
    state.calendars.insert(calendar.id.clone(), calendar);
    Ok(response)
}

async fn delete(
    Shared(world): Shared<World>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::CalendarsDelete)?;
    let calendar = caller.calendar(&state, &id)?;
    if calendar.primary {
        return Err(known("cannotDeletePrimary"));
    }
    let id = calendar.id.clone();
    state.remove_calendar(&id);
    Ok(StatusCode::NO_CONTENT)
}

fn values(account: &Account) -> [(&'static str, String); 4] {
    [
        ("timezone", account.zone.name().to_owned()),
        ("weekStart", "1".to_owned()),
        ("locale", "en".to_owned()),
        ("format24HourTime", "true".to_owned()),
    ]
}

async fn settings(
    Shared(world): Shared<World>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Json<Value>, Answer> {
    let state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::SettingsList)?;
    refuse_sync_token(&parameters)?;
    let items: Vec<_> = values(&caller.account).iter().map(|(name, value)| setting_resource(name, value)).collect();
    Ok(Json(json!({ "kind": "calendar#settings", "etag": etag(0), "items": items })))
}

async fn setting(
    Shared(world): Shared<World>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Answer> {
    let state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::SettingsGet)?;
    let found = values(&caller.account).into_iter().find(|(known, _)| *known == name);
    let (name, value) = found.ok_or_else(|| known("notFound"))?;
    Ok(Json(setting_resource(name, &value)))
}

fn setting_resource(name: &str, value: &str) -> Value {
    json!({ "kind": "calendar#setting", "etag": etag(0), "id": name, "value": value })
}
