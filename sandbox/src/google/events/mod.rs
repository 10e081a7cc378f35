//! events: reading, listing, writing, cancelling.

/// Reading a body into an event's fields.
mod draft;
/// Listing.
mod list;
/// Who is told.
mod notify;
/// Writing an event as Google does.
mod resource;
/// Sync tokens and page tokens.
mod sync;
/// insert, import, patch, update, delete.
mod write;

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::access::{Caller, Parameters};
use super::calendars::etag;
use super::errors::known;
use super::scopes::Method;
use super::times;
use crate::faults::Answer;
use crate::oauth::random;
use crate::world::{Calendar, Event, Provider, State, World};

/// Routes below `/calendar/v3`.
pub fn router() -> Router<World> {
    Router::new()
        .route("/calendars/{calendar}/events", get(list::list).post(write::insert))
        .route("/calendars/{calendar}/events/import", post(write::import))
        .route(
            "/calendars/{calendar}/events/{event}",
            get(read).patch(write::patch).put(write::update).delete(write::delete),
        )
}

/// Checks `If-Match`.
///
/// # Errors
/// 412 `conditionNotMet` unless it is absent, `*`, or names this version.
pub fn if_match(headers: &HeaderMap, version: u64) -> Result<(), Answer> {
    match etags(headers, header::IF_MATCH) {
        Some(wanted) if wanted != "*" && !names(&wanted, version) => Err(known("conditionNotMet")),
        _ => Ok(()),
    }
}

fn etags(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn names(etags: &str, version: u64) -> bool {
    etags.split(',').any(|one| one.trim().trim_start_matches("W/") == etag(version))
}

/// Makes a guest's copy of an organizer's event fit for a Google calendar.
pub fn guest_copy(copy: &mut Event, from: Provider) {
    match from {
        // Within Google all copies share one id. Reminders, colour and visibility are each person's own.
        Provider::Google => copy.extra.retain(|name, _| resource::SHARED.contains(&name.as_str())),
        Provider::Microsoft | Provider::Apple => copy.id = random::hex(13),
    }
}

async fn read(
    Shared(world): Shared<World>,
    Path((calendar, id)): Path<(String, String)>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsGet)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    settle_conference(&mut state, &calendar.id, &id);
    let event = state.event(&calendar.id, &id).ok_or_else(|| known("notFound"))?;
    if etags(&headers, header::IF_NONE_MATCH).is_some_and(|known| names(&known, event.version)) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let view = View::new(&caller, &calendar, &parameters)?;
    Ok(answer(event, &view))
}

fn answer(event: &Event, view: &View) -> Response {
    ([("etag", etag(event.version))], Json(view.show(event))).into_response()
}

/// How a caller sees events of one calendar.
struct View<'a> {
    calendar: &'a Calendar,
    zone: Tz,
    times_only: bool,
    most_attendees: usize,
}

impl<'a> View<'a> {
    fn new(caller: &Caller, calendar: &'a Calendar, parameters: &Parameters) -> Result<Self, Answer> {
        let zone = match parameters.get("timeZone") {
            Some(name) => times::zone(name, "timeZone")?,
            None => calendar.zone,
        };
        let most_attendees = parameters.number("maxAttendees", usize::MAX, usize::MAX)?;
        Ok(Self { calendar, zone, times_only: caller.sees_times_only(), most_attendees })
    }

    fn show(&self, event: &Event) -> Value {
        let mut shown = resource::resource(event, self.calendar, self.zone);
        if self.times_only {
            let kept = ["kind", "etag", "id", "status", "start", "end", "eventType", "transparency", "iCalUID"];
            if let Some(shown) = shown.as_object_mut() {
                shown.retain(|name, _| kept.contains(&name.as_str()));
                shown.insert("visibility".to_owned(), json!("private"));
            }
        } else if event.attendees.len() > self.most_attendees {
            let own = shown["attendees"].as_array().and_then(|all| all.iter().find(|one| one["self"] == true)).cloned();
            shown["attendees"] = own.into_iter().collect();
            shown["attendeesOmitted"] = json!(true);
        }
        shown
    }
}

/// A conference is made a moment after it was asked for: whoever reads next finds it made.
fn settle_conference(state: &mut State, calendar: &str, id: &str) {
    let Some(event) = state.event_mut(calendar, id) else { return };
    if resource::settle(event) {
        let (uid, data, link) =
            (event.ical_uid.clone(), event.extra["conferenceData"].clone(), event.extra["hangoutLink"].clone());
        for (calendar, id) in state.copies(&uid) {
            let google = state
                .calendars
                .get(&calendar)
                .is_some_and(|calendar| state.account_of(Provider::Google, &calendar.owner).is_some());
            if let Some(copy) = state.event_mut(&calendar, &id).filter(|_| google) {
                copy.extra.insert("conferenceData".to_owned(), data.clone());
                copy.extra.insert("hangoutLink".to_owned(), link.clone());
                state.touch(&calendar, &id);
            }
        }
    }
}
