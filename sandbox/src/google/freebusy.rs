//! freeBusy.query: merged half-open intervals without titles, and an error per calendar rather than for the whole.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::access::{Caller, object};
use super::errors::{invalid, known, missing};
use super::scopes::Method;
use super::times::{self, in_zone, millis};
use crate::faults::Answer;
use crate::world::{Account, AccountKind, Calendar, Provider, Service, State, World};

/// Calendars one query may name.
const CALENDARS_LIMIT: usize = 50;
/// The longest window; the real limit is "about three months".
const LONGEST: TimeDelta = TimeDelta::days(92);

/// Its one route.
pub fn router() -> Router<World> {
    Router::new().route("/freeBusy", post(query))
}

async fn query(Shared(world): Shared<World>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::FreebusyQuery)?;
    let body = object(&body)?;
    let bound = |name: &'static str| {
        let text = body.get(name).and_then(Value::as_str);
        text.ok_or_else(|| missing(&format!("Missing {name} parameter."))).and_then(|text| times::rfc3339(text, name))
    };
    let (from, until) = (bound("timeMin")?, bound("timeMax")?);
    if until <= from {
        return Err(known("timeRangeEmpty"));
    }
    if until - from > LONGEST {
        return Err(known("timeRangeTooLong"));
    }
    let zone = match body.get("timeZone").and_then(Value::as_str) {
        Some(name) => times::zone(name, "timeZone")?,
        None => Tz::UTC,
    };
    let items = body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let most = match body.get("calendarExpansionMax") {
        None | Some(Value::Null) => CALENDARS_LIMIT,
        Some(value) => {
            let most = value.as_u64().ok_or_else(|| invalid("Invalid value for: calendarExpansionMax"))?;
            usize::try_from(most).map_or(CALENDARS_LIMIT, |most| most.min(CALENDARS_LIMIT))
        }
    };
    let mut calendars = Map::new();
    for item in &items {
        let id = item.get("id").and_then(Value::as_str).ok_or_else(|| missing("Missing calendar id."))?;
        let found = visible(&state, &caller.account, id).map(|calendar| (calendar.id.clone(), calendar.owner.clone()));
        let answer = if items.len() > most {
            failed("tooManyCalendarsRequested")
        } else if let Some((calendar, owner)) = found {
            match state.take_calendar_error(Service::Google, &[id, &calendar, &owner]) {
                Some(reason) => failed(&reason),
                None => match state.busy(&calendar, from, until) {
                    Some(busy) => {
                        let intervals = busy
                            .iter()
                            .map(|(start, end)| json!({ "start": in_zone(*start, zone), "end": in_zone(*end, zone) }));
                        json!({ "busy": intervals.collect::<Vec<_>>() })
                    }
                    None => failed("notFound"),
                },
            }
        } else {
            failed("notFound")
        };
        calendars.insert(id.to_owned(), answer);
    }
    Ok(Json(json!({
        "kind": "calendar#freeBusy",
        "timeMin": millis(from),
        "timeMax": millis(until),
        "calendars": calendars,
    })))
}

fn failed(reason: &str) -> Value {
    json!({ "errors": [{ "domain": "global", "reason": reason }], "busy": [] })
}

/// The calendar of that id if the caller may see its free/busy: an own one, or a colleague's main one (a Workspace
/// shares those within its domain by default).
fn visible<'a>(state: &'a State, caller: &Account, id: &str) -> Option<&'a Calendar> {
    if id == "primary" {
        return state.primary(&caller.email);
    }
    let calendar = state.calendars.values().find(|calendar| calendar.id.eq_ignore_ascii_case(id))?;
    let owner = state.account_of(Provider::Google, &calendar.owner)?;
    let works = |account: &Account| account.kind == AccountKind::Work;
    let colleague = calendar.primary && works(owner) && works(caller) && owner.domain() == caller.domain();
    (owner.email == caller.email || colleague).then_some(calendar)
}
