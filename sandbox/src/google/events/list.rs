//! Listing.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{View, settle_conference};
use crate::faults::Answer;
use crate::google::access::{Caller, Parameters, paged};
use crate::google::calendars::{default_reminders, refuse_sync_token};
use crate::google::errors::{invalid_parameter, known};
use crate::google::scopes::Method;
use crate::google::times::{millis, rfc3339};
use crate::world::{Event, EventStatus, World};

/// `GET …/events`.
pub async fn list(
    Shared(world): Shared<World>,
    Path(calendar): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Json<Value>, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsList)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    refuse_sync_token(&parameters)?;
    let bound = |name: &'static str| parameters.get(name).map(|text| rfc3339(text, name)).transpose();
    let (from, until, updated_since) = (bound("timeMin")?, bound("timeMax")?, bound("updatedMin")?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        return Err(known("timeRangeEmpty"));
    }
    let order = Order::read(&parameters)?;
    let size = parameters.number("maxResults", 250, 2500)?;
    let filters = Filters::read(&parameters)?;
    let view = View::new(&caller, &calendar, &parameters)?;

    let ids: Vec<String> = state.events_in(&calendar.id).map(|event| event.id.clone()).collect();
    for id in &ids {
        settle_conference(&mut state, &calendar.id, id);
    }
    let mut events: Vec<&Event> = state
        .events_in(&calendar.id)
        .filter(|event| {
            let (start, end) = event.span.interval(calendar.zone);
            from.is_none_or(|from| end > from)
                && until.is_none_or(|until| start < until)
                && updated_since.is_none_or(|since| event.updated >= since)
        })
        .filter(|event| filters.pass(event))
        .collect();
    match order {
        Order::Id => {}
        Order::Start => events.sort_by_key(|event| event.span.interval(calendar.zone).0),
        Order::Updated => events.sort_by_key(|event| event.updated),
    }
    let updated = state.events_in(&calendar.id).map(|event| event.updated).max().unwrap_or_else(|| state.now());
    let newest = state.events_in(&calendar.id).map(|event| event.version).max().unwrap_or(calendar.version);
    let (page, next) = paged(events, size, parameters.get("pageToken"))?;
    let mut answer = json!({
        "kind": "calendar#events",
        "etag": format!("\"p{newest}\""),
        "summary": calendar.name,
        "updated": millis(updated),
        "timeZone": view.zone.name(),
        "accessRole": "owner",
        "defaultReminders": default_reminders(),
        "items": page.into_iter().map(|event| view.show(event)).collect::<Vec<_>>(),
    });
    if let Some(description) = calendar.extra.get("description") {
        answer["description"] = description.clone();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(Json(answer))
}

enum Order {
    Id,
    Start,
    Updated,
}

impl Order {
    fn read(parameters: &Parameters) -> Result<Self, Answer> {
        match parameters.get("orderBy") {
            None => Ok(Self::Id),
            Some("updated") => Ok(Self::Updated),
            Some("startTime") if parameters.flag("singleEvents") => Ok(Self::Start),
            Some("startTime") => {
                Err(invalid_parameter("orderBy", "The requested ordering is not available for the particular query."))
            }
            Some(other) => Err(invalid_parameter("orderBy", &format!("Invalid value for: orderBy: {other}"))),
        }
    }
}

struct Filters<'a> {
    words: Option<String>,
    uid: Option<&'a str>,
    private: Vec<(&'a str, &'a str)>,
    shared: Vec<(&'a str, &'a str)>,
    types: Vec<&'a str>,
    deleted: bool,
}

impl<'a> Filters<'a> {
    fn read(parameters: &'a Parameters) -> Result<Self, Answer> {
        let pairs = |name: &'static str| -> Result<Vec<(&'a str, &'a str)>, Answer> {
            let split = |text: &'a str| text.split_once('=');
            let all: Option<Vec<_>> = parameters.all(name).map(split).collect();
            all.ok_or_else(|| invalid_parameter(name, "Invalid value: propertyName=value is expected."))
        };
        Ok(Self {
            words: parameters.get("q").map(str::to_lowercase),
            uid: parameters.get("iCalUID"),
            private: pairs("privateExtendedProperty")?,
            shared: pairs("sharedExtendedProperty")?,
            types: parameters.all("eventTypes").collect(),
            deleted: parameters.flag("showDeleted"),
        })
    }

    fn pass(&self, event: &Event) -> bool {
        let kind = event.extra.get("eventType").and_then(Value::as_str).unwrap_or("default");
        (self.deleted || event.status != EventStatus::Cancelled)
            && self.uid.is_none_or(|uid| event.ical_uid == uid)
            && self.words.as_deref().is_none_or(|words| says(event, words))
            && self.private.iter().all(|(name, value)| event.private_properties.get(*name).is_some_and(|v| v == value))
            && self.shared.iter().all(|(name, value)| event.shared_properties.get(*name).is_some_and(|v| v == value))
            && (self.types.is_empty() || self.types.contains(&kind))
    }
}

/// Whether all words stand somewhere in the texts or people of an event.
fn says(event: &Event, words: &str) -> bool {
    let people = event.attendees.iter().flat_map(|attendee| [Some(attendee.email.as_str()), attendee.name.as_deref()]);
    let texts = [event.summary.as_str(), &event.description, &event.location, &event.organizer.email];
    let all: String = texts.into_iter().chain(people.flatten()).collect::<Vec<_>>().join("\n").to_lowercase();
    words.split_whitespace().all(|word| all.contains(word))
}
