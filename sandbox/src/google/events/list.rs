//! Listing.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::sync::{PageToken, SyncToken};
use super::{View, settle_conference};
use crate::faults::Answer;
use crate::google::access::{Caller, Parameters};
use crate::google::calendars::{default_reminders, etag};
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
    let sync = SyncToken::of(&state, &calendar, &parameters)?;
    let page = PageToken::of(&parameters)?;
    let size = parameters.number("maxResults", 250, 2500)?;
    let order = Order::read(&parameters)?;
    let (bounds, filters) = (Bounds::read(&parameters)?, Filters::read(&parameters)?);
    let view = View::new(&caller, &calendar, &parameters)?;

    if page.is_none() {
        let ids: Vec<String> = state.events_in(&calendar.id).map(|event| event.id.clone()).collect();
        for id in &ids {
            settle_conference(&mut state, &calendar.id, id);
        }
    }
    let (snapshot, at) = match &page {
        Some(page) => (page.snapshot, page.at),
        None => (state.last_version(), state.now()),
    };
    let all = state.events_in(&calendar.id);
    let mut items: Vec<(String, &Event)> = match &sync {
        Some(sync) => all
            .filter(|event| (sync.since + 1..=snapshot).contains(&event.version) && sync.tells(event, &calendar))
            .map(|event| (format!("{:020}", event.version), event))
            .collect(),
        None => {
            let met = all.filter(|event| bounds.meet(event, calendar.zone) && filters.pass(event));
            order.sorted(met.collect(), calendar.zone)
        }
    };
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(page) = &page {
        items.retain(|(key, _)| *key > page.after);
    }
    let more = items.len() > size;
    items.truncate(size);

    let updated = state.events_in(&calendar.id).map(|event| event.updated).max().unwrap_or_else(|| state.now());
    let newest = state.events_in(&calendar.id).map(|event| event.version).max().unwrap_or(calendar.version);
    let mut answer = json!({
        "kind": "calendar#events",
        "etag": format!("\"p{newest}\""),
        "summary": calendar.name,
        "updated": millis(updated),
        "timeZone": view.zone.name(),
        "accessRole": "owner",
        "defaultReminders": default_reminders(),
        "items": items.iter().map(|(_, event)| match (&sync, event.status) {
            (Some(_), EventStatus::Cancelled) => tombstone(event),
            _ => view.show(event),
        }).collect::<Vec<_>>(),
    });
    if let Some(description) = calendar.extra.get("description") {
        answer["description"] = description.clone();
    }
    let last = items.pop().map(|(key, _)| key);
    match last.filter(|_| more) {
        Some(after) => answer["nextPageToken"] = json!(PageToken { after, snapshot, at }.text()),
        None => {
            let token = sync.or_else(|| SyncToken::begin(&state, &calendar, &parameters));
            if let Some(token) = token {
                answer["nextSyncToken"] = json!(token.next(snapshot, at));
            }
        }
    }
    Ok(Json(answer))
}

/// What is certain about a deletion when changes are read: the id and nothing else.
fn tombstone(event: &Event) -> Value {
    json!({ "kind": "calendar#event", "etag": etag(event.version), "id": event.id, "status": "cancelled" })
}

/// Which times a list is about.
struct Bounds {
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    updated_since: Option<DateTime<Utc>>,
}

impl Bounds {
    fn read(parameters: &Parameters) -> Result<Self, Answer> {
        let bound = |name: &'static str| parameters.get(name).map(|text| rfc3339(text, name)).transpose();
        let (from, until, updated_since) = (bound("timeMin")?, bound("timeMax")?, bound("updatedMin")?);
        match (from, until) {
            (Some(from), Some(until)) if until <= from => Err(known("timeRangeEmpty")),
            _ => Ok(Self { from, until, updated_since }),
        }
    }

    fn meet(&self, event: &Event, zone: Tz) -> bool {
        let (start, end) = event.span.interval(zone);
        self.from.is_none_or(|from| end > from)
            && self.until.is_none_or(|until| start < until)
            && self.updated_since.is_none_or(|since| event.updated >= since)
    }
}

enum Order {
    Id,
    Start,
    Updated,
}

impl Order {
    /// With keys by which pages go on: ids, or places in an order that pages of a calendar in motion do not share.
    fn sorted(self, mut events: Vec<&Event>, zone: Tz) -> Vec<(String, &Event)> {
        match self {
            Self::Id => return events.into_iter().map(|event| (event.id.clone(), event)).collect(),
            Self::Start => events.sort_by_key(|event| event.span.interval(zone).0),
            Self::Updated => events.sort_by_key(|event| event.updated),
        }
        events.into_iter().enumerate().map(|(place, event)| (format!("{place:020}"), event)).collect()
    }

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
