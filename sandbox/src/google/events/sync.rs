//! Sync tokens and page tokens of an events list.
//!
//! Both are opaque to clients and say here up to which version of the world the calendar was read, so that a change between two
//! pages is told by the next round, and none is told twice or never.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::faults::Answer;
use crate::google::access::Parameters;
use crate::google::errors::{invalid_parameter, known};
use crate::world::{Calendar, Event, Provider, State};

/// What may not stand beside a sync token.
const FORBIDDEN: [&str; 8] = [
    "timeMin",
    "timeMax",
    "updatedMin",
    "q",
    "orderBy",
    "iCalUID",
    "privateExtendedProperty",
    "sharedExtendedProperty",
];

/// Restrictions after which there is no sync token: all of the above but the bounds of time, which it remembers.
const UNSYNCABLE: [&str; 6] =
    ["updatedMin", "q", "orderBy", "iCalUID", "privateExtendedProperty", "sharedExtendedProperty"];

/// How far a calendar was read, and with which parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncToken {
    generation: String,
    calendar: String,
    single_events: bool,
    types: Vec<String>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Changes after this version are news.
    pub since: u64,
    /// When that was.
    at: DateTime<Utc>,
}

impl SyncToken {
    /// The token of a full read that starts now; `None` if the query is restricted in a way no token remembers.
    pub fn begin(state: &State, calendar: &Calendar, parameters: &Parameters) -> Option<Self> {
        let bound = |name| parameters.get(name).and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let restricted = UNSYNCABLE.iter().any(|name| parameters.get(name).is_some());
        (!restricted).then(|| Self {
            generation: state.cursors.generation(Provider::Google, &calendar.owner),
            calendar: calendar.id.clone(),
            single_events: parameters.flag("singleEvents"),
            types: types(parameters),
            from: bound("timeMin").map(|at| at.to_utc()),
            until: bound("timeMax").map(|at| at.to_utc()),
            since: state.last_version(),
            at: state.now(),
        })
    }

    /// The token of a request, if it has one.
    ///
    /// # Errors
    /// 400 beside what it excludes, or for another query than it was given out for; 410 if it is expired or was never given out.
    pub fn of(state: &State, calendar: &Calendar, parameters: &Parameters) -> Result<Option<Self>, Answer> {
        let Some(text) = parameters.get("syncToken") else { return Ok(None) };
        let excluded = FORBIDDEN.iter().any(|name| parameters.get(name).is_some());
        if excluded || parameters.get("showDeleted") == Some("false") {
            return Err(known("syncTokenWithForbiddenParam"));
        }
        let generation = state.cursors.generation(Provider::Google, &calendar.owner);
        let token: Option<Self> = decode(text).filter(|token: &Self| token.generation == generation);
        let expired = || {
            let reason = state.cursors.reason(Provider::Google, &calendar.owner);
            known(reason.unwrap_or("fullSyncRequired"))
        };
        let token = token.ok_or_else(expired)?;
        let same = token.calendar == calendar.id
            && token.single_events == parameters.flag("singleEvents")
            && token.types == types(parameters);
        if same { Ok(Some(token)) } else { Err(invalid_parameter("syncToken", "Invalid sync token value.")) }
    }

    /// Whether a changed event is told: it is in the bounds of time, or may have been.
    pub fn tells(&self, event: &Event, calendar: &Calendar) -> bool {
        let (start, end) = event.span.interval(calendar.zone);
        let inside = self.from.is_none_or(|from| end > from) && self.until.is_none_or(|until| start < until);
        let kind = event.extra.get("eventType").and_then(|kind| kind.as_str()).unwrap_or("default");
        (inside || event.created <= self.at) && (self.types.is_empty() || self.types.iter().any(|one| one == kind))
    }

    /// The token for the next round, once everything up to this version was told.
    pub fn next(self, since: u64, at: DateTime<Utc>) -> String {
        encode(&Self { since, at, ..self })
    }
}

fn types(parameters: &Parameters) -> Vec<String> {
    let mut types: Vec<String> = parameters.all("eventTypes").map(str::to_owned).collect();
    types.sort();
    types
}

/// Where the next page goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PageToken {
    /// The last item shown.
    pub after: String,
    /// What was there when the first page was shown.
    pub snapshot: u64,
    pub at: DateTime<Utc>,
}

impl PageToken {
    /// The token of a request, if it has one.
    ///
    /// # Errors
    /// 400 for one that was never given out.
    pub fn of(parameters: &Parameters) -> Result<Option<Self>, Answer> {
        let Some(text) = parameters.get("pageToken") else { return Ok(None) };
        let token = decode(text).ok_or_else(|| invalid_parameter("pageToken", "Invalid page token value."))?;
        Ok(Some(token))
    }

    /// As clients send it back.
    pub fn text(&self) -> String {
        encode(self)
    }
}

fn encode(token: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).expect("texts, numbers and times can be written as JSON"))
}

fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
