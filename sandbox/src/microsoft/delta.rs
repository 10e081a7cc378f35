//! What changed in a window of a calendar: `calendarView/delta`.
//!
//! The window is fixed by the first request; its links carry it on. A change that lies outside (any more) is told as a removal,
//! so that an id a client never saw is normal, and a round may end with an empty page.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::{Ask, Named, Permission};
use super::errors::GraphError;
use super::mailbox::{self, Found};
use super::{events, ids, render};
use crate::world::{Calendar, Event, Provider, State};

/// Graph's page size when the client names none.
const PAGE: usize = 10;

/// GET /me/calendarView/delta and /me/calendar/calendarView/delta
pub async fn delta_default(ask: Ask) -> Result<Response, GraphError> {
    delta(&ask, None)
}

/// GET /me/calendars/{id}/calendarView/delta
pub async fn delta_in(ask: Ask, Path(Named { id }): Path<Named>) -> Result<Response, GraphError> {
    delta(&ask, Some(&id))
}

/// What both kinds of link carry.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Round {
    generation: String,
    calendar: String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Changes after this version are told; everything there is, without one.
    since: Option<u64>,
    /// Changes after this version belong to the next round.
    snapshot: u64,
    /// The last entry told.
    after: String,
}

/// One entry, and where it stands in its round.
struct Entry {
    key: String,
    what: What,
}

enum What {
    Event(Box<Event>),
    /// Time and place in its series; the rest is as in the master.
    Occurrence(Box<Event>),
    Removed(String),
}

fn delta(ask: &Ask, calendar: Option<&str>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    ask.options.refuse_shaping()?;
    let size = ask.prefer.page_size.unwrap_or(PAGE);
    let (round, values, full) = {
        let state = ask.world.lock();
        let id = events::calendar_id(ask, &state, calendar)?;
        let calendar = &state.calendars[&id];
        let mut round = Round::of(ask, &state, calendar)?;
        let mut entries = match round.since {
            None => there(ask, &state, calendar, &round),
            Some(since) => changed(ask, &state, calendar, &round, since),
        };
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        entries.retain(|entry| entry.key > round.after);
        entries.truncate(size);
        if let Some(last) = entries.last() {
            round.after.clone_from(&last.key);
        }
        let values: Vec<Value> = entries.iter().map(|entry| entry.what.rendered(ask)).collect();
        let full = values.len() == size;
        (round, values, full)
    };
    // Whether there is more is known only by asking: a full page may be followed by an empty one.
    let (link, token) = if full {
        ("@odata.nextLink", format!("$skiptoken={}", round.text()))
    } else {
        let next = Round { since: Some(round.snapshot), after: String::new(), ..round };
        ("@odata.deltaLink", format!("$deltatoken={}", next.text()))
    };
    let body = json!({
        "@odata.context": ask.context("Collection(event)"),
        "value": values,
        link: format!("{}{}?{token}", ask.origin, ask.path),
    });
    Ok(ask.json(StatusCode::OK, &body))
}

impl Round {
    /// The round a request is part of: a new one, or the one its link names.
    fn of(ask: &Ask, state: &State, calendar: &Calendar) -> Result<Self, GraphError> {
        let generation = state.cursors.generation(Provider::Microsoft, &calendar.owner);
        let (skip, delta) = (ask.options.parameter("$skiptoken"), ask.options.parameter("$deltatoken"));
        let Some(text) = skip.or(delta) else {
            let (from, until) = events::window(ask)?;
            let snapshot = state.last_version();
            let calendar = calendar.id.clone();
            return Ok(Self { generation, calendar, from, until, since: None, snapshot, after: String::new() });
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let round = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let mut round = round.filter(|round| round.calendar == calendar.id).ok_or_else(|| {
            let message = format!("The value '{text}' of parameter '$deltaToken' is invalid.");
            GraphError::bad("InvalidDeltaToken", message)
        })?;
        if round.generation != generation {
            let reason = state.cursors.reason(Provider::Microsoft, &calendar.owner);
            return Err(GraphError::named(reason.unwrap_or("delta.expired")));
        }
        if skip.is_none() {
            round.snapshot = state.last_version();
        }
        Ok(round)
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("texts, numbers and times can be written as JSON"))
    }

    fn holds(&self, event: &Event, calendar: &Calendar) -> bool {
        events::within(event, self.from, self.until, calendar.zone)
    }
}

/// Everything in the window: single events, series masters, occurrences.
fn there(ask: &Ask, state: &State, calendar: &Calendar, round: &Round) -> Vec<Entry> {
    let inside: Vec<&Event> =
        mailbox::events(state, &calendar.id, &ask.account).filter(|event| round.holds(event, calendar)).collect();
    let mut entries: Vec<Entry> =
        inside.iter().map(|event| Entry { key: format!("1{}", event.id), what: shown(ask, state, event) }).collect();
    let mut series: Vec<&str> = inside.iter().filter_map(|event| event.series.as_deref()).collect();
    series.sort_unstable();
    series.dedup();
    entries.extend(series.into_iter().map(|name| Entry { key: format!("0{name}"), what: master(ask, state, name) }));
    entries
}

/// Everything written after a version, in that order. A series master comes along with its occurrences.
fn changed(ask: &Ask, state: &State, calendar: &Calendar, round: &Round, since: u64) -> Vec<Entry> {
    let mut written: Vec<&Event> = state
        .events_in(&calendar.id)
        .filter(|event| event.version > since && event.version <= round.snapshot)
        .collect();
    written.sort_by_key(|event| event.version);
    let mut entries = Vec::new();
    for (place, event) in written.iter().enumerate() {
        let first = |name: &String| !written[..place].iter().any(|earlier| earlier.series.as_ref() == Some(name));
        if let Some(name) = event.series.as_ref().filter(|name| first(name)) {
            entries.push(Entry { key: format!("{:020}0", event.version), what: master(ask, state, name) });
        }
        let inside = mailbox::is_visible(event, &ask.account) && round.holds(event, calendar);
        let what = if inside { shown(ask, state, event) } else { What::Removed(event.id.clone()) };
        entries.push(Entry { key: format!("{:020}1", event.version), what });
    }
    entries
}

fn series_of(ask: &Ask, state: &State, name: &str) -> Option<Event> {
    match mailbox::find(state, &ask.account, &ids::shown(name, true)) {
        Ok(Found::Series(master, _)) => Some(*master),
        _ => None,
    }
}

fn master(ask: &Ask, state: &State, name: &str) -> What {
    match series_of(ask, state, name) {
        Some(master) => What::Event(Box::new(master)),
        None => What::Removed(name.to_owned()),
    }
}

/// An event in full, or an occurrence by what differs from its master.
fn shown(ask: &Ask, state: &State, event: &Event) -> What {
    let told = |event: &Event| {
        let texts = (event.summary.clone(), event.description.clone(), event.location.clone());
        (texts, event.status, event.show_as, event.attendees.clone(), event.span.is_all_day())
    };
    let master = event.series.as_ref().and_then(|name| series_of(ask, state, name));
    let event = Box::new(event.clone());
    match master {
        Some(master) if told(&master) == told(&event) => What::Occurrence(event),
        _ => What::Event(event),
    }
}

impl What {
    fn rendered(&self, ask: &Ask) -> Value {
        let kind = "#microsoft.graph.event";
        match self {
            Self::Event(event) => {
                let mut value = ask.options.finished(render::event(ask, event));
                value["@odata.type"] = json!(kind);
                value
            }
            Self::Occurrence(event) => {
                let mut value = render::event(ask, event);
                let kept = ["@odata.etag", "id", "start", "end", "type", "seriesMasterId"];
                if let Some(fields) = value.as_object_mut() {
                    fields.retain(|name, _| kept.contains(&name.as_str()));
                }
                value["@odata.type"] = json!(kind);
                value
            }
            Self::Removed(id) => json!({
                "@odata.type": kind,
                "id": ids::shown(id, ask.prefer.immutable_ids),
                "@removed": { "reason": "deleted" },
            }),
        }
    }
}
