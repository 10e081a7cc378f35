//! Google's JSON, as far as we read and write it, and what changes an event needs.
//!
//! Names follow the Calendar API v3. Guests stay maps, so that what we do not know about them
//! survives an update (arrays are replaced whole).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::calendars::{Access, Alert, CalendarInfo, EventDraft, Ours, Placed, RemoteEvent, Response, colour, keys};
use crate::scheduling::interval::Interval;

/// Where an event keeps our event id and the digest of the words we wrote.
const MARKER: &str = "convene_event";
const WORDS: &str = "convene_words";
/// The time we wrote last, by [`keys::time_text`].
const TIME: &str = "convene_time";
/// Which alert we asked for last; absent while we said nothing.
const ALERT: &str = "convene_alert";
/// The same on every event of ours, to ask for them all.
pub const OURS: (&str, &str) = ("convene", "event");

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarList {
    #[serde(default)]
    pub items: Vec<CalendarListEntry>,
    pub next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarListEntry {
    pub id: String,
    pub summary: Option<String>,
    pub summary_override: Option<String>,
    pub time_zone: Option<String>,
    pub background_color: Option<String>,
    pub access_role: Option<String>,
    #[serde(default)]
    pub primary: bool,
    #[serde(default)]
    pub deleted: bool,
    pub conference_properties: Option<ConferenceProperties>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConferenceProperties {
    #[serde(default)]
    pub allowed_conference_solution_types: Vec<String>,
}

impl CalendarListEntry {
    pub fn info(self) -> CalendarInfo {
        // Roles are added now and then (`writerWithoutPrivateAccess` in 2025): unknown ones can read.
        let access = match self.access_role.as_deref() {
            Some("owner") => Access::Own,
            Some("writer" | "writerWithoutPrivateAccess") => Access::Write,
            Some("freeBusyReader") | None => Access::FreeBusy,
            Some(_) => Access::Read,
        };
        CalendarInfo {
            name: self.summary_override.or(self.summary).unwrap_or_else(|| self.id.clone()),
            id: self.id,
            colour: self.background_color.as_deref().and_then(colour),
            zone: self.time_zone,
            primary: self.primary,
            writable: access >= Access::Write,
            access,
        }
    }

    /// Whether Google Meet may be asked for here; asking where it is not is an error.
    pub fn allows_meet(&self) -> bool {
        self.conference_properties.as_ref().is_none_or(|properties| {
            properties.allowed_conference_solution_types.iter().any(|one| one == "hangoutsMeet")
        })
    }
}

/// A calendar as it is answered right after it was made. Its colour stands in the list of calendars.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCalendar {
    pub id: String,
    pub summary: String,
    pub time_zone: Option<String>,
}

impl NewCalendar {
    pub fn info(self) -> CalendarInfo {
        CalendarInfo {
            id: self.id,
            name: self.summary,
            colour: None,
            zone: self.time_zone,
            primary: false,
            writable: true,
            access: Access::Own,
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct FreeBusy {
    #[serde(default)]
    pub calendars: BTreeMap<String, FreeBusyCalendar>,
}

#[derive(Debug, Deserialize)]
pub struct FreeBusyCalendar {
    pub busy: Option<Vec<Period>>,
    #[serde(default)]
    pub errors: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
pub struct Period {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub struct Reason {
    #[serde(default)]
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventList {
    #[serde(default)]
    pub items: Vec<Event>,
    pub next_page_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: String,
    pub etag: Option<String>,
    pub status: Option<String>,
    pub start: Option<When>,
    pub end: Option<When>,
    #[serde(rename = "iCalUID")]
    pub ical_uid: Option<String>,
    pub sequence: Option<u32>,
    #[serde(default)]
    pub attendees: Vec<Map<String, Value>>,
    pub hangout_link: Option<String>,
    pub conference_data: Option<ConferenceData>,
    pub extended_properties: Option<ExtendedProperties>,
    pub guests_can_invite_others: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct When {
    pub date_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConferenceData {
    #[serde(default)]
    pub entry_points: Vec<EntryPoint>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryPoint {
    pub entry_point_type: Option<String>,
    pub uri: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ExtendedProperties {
    #[serde(default)]
    pub private: BTreeMap<String, String>,
}

impl Event {
    pub fn is_cancelled(&self) -> bool {
        self.status.as_deref() == Some("cancelled")
    }

    pub fn span(&self) -> Option<Interval> {
        Interval::new(self.start.as_ref()?.date_time?, self.end.as_ref()?.date_time?)
    }

    /// The time we wrote last, if the event keeps it.
    pub fn kept_span(&self) -> Option<Interval> {
        keys::time_of(self.private().get(TIME)?)
    }

    /// What it says of itself if it carries our marker.
    pub fn as_ours(&self) -> Option<Ours> {
        Some(Ours {
            provider_id: self.id.clone(),
            marker: self.private().get(MARKER)?.clone(),
            span: self.span(),
            cancelled: self.is_cancelled(),
        })
    }

    fn private(&self) -> BTreeMap<String, String> {
        self.extended_properties.as_ref().map(|properties| properties.private.clone()).unwrap_or_default()
    }

    fn join_url(&self) -> Option<String> {
        let video = self.conference_data.as_ref().and_then(|conference| {
            conference.entry_points.iter().find(|entry| entry.entry_point_type.as_deref() == Some("video"))?.uri.clone()
        });
        video.or_else(|| self.hangout_link.clone())
    }

    pub fn placed(&self) -> Placed {
        Placed {
            provider_id: self.id.clone(),
            etag: self.etag.clone(),
            join_url: self.join_url(),
            ical_uid: self.ical_uid.clone(),
            span: self.span(),
        }
    }

    pub fn seen(&self) -> RemoteEvent {
        RemoteEvent {
            placed: self.placed(),
            span: self.span(),
            cancelled: self.is_cancelled(),
            attendees: self
                .attendees
                .iter()
                .filter(|guest| !is_own(guest))
                .filter_map(|guest| Some((email(guest)?.to_owned(), answer(guest))))
                .collect(),
            sequence: self.sequence,
        }
    }
}

fn email(guest: &Map<String, Value>) -> Option<&str> {
    guest.get("email")?.as_str()
}

fn flag(guest: &Map<String, Value>, name: &str) -> bool {
    guest.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The organiser, the calendar's owner and rooms: Google or a person added them, we never did.
fn is_own(guest: &Map<String, Value>) -> bool {
    flag(guest, "organizer") || flag(guest, "self") || flag(guest, "resource")
}

fn answer(guest: &Map<String, Value>) -> Response {
    match guest.get("responseStatus").and_then(Value::as_str) {
        Some("accepted") => Response::Accepted,
        Some("tentative") => Response::Tentative,
        Some("declined") => Response::Declined,
        _ => Response::NeedsAction,
    }
}

/// The body of `events.insert`.
pub fn insertion(draft: &EventDraft, with_meet: bool) -> Value {
    let mut body = json!({
        "id": keys::google_event_id(draft),
        "status": "confirmed",
        "summary": draft.summary,
        "description": draft.description,
        "start": when(draft.span.start(), draft.zone),
        "end": when(draft.span.end(), draft.zone),
        "sequence": draft.sequence,
        "attendees": guests(draft, &[]),
        "guestsCanInviteOthers": false,
        "transparency": "opaque",
        "extendedProperties": { "private": ours(draft) },
    });
    if let Some(location) = &draft.location {
        body["location"] = json!(location);
    }
    if with_meet {
        body["conferenceData"] = meet(draft);
    }
    if draft.alert != Alert::Usual {
        body["reminders"] = reminders(draft.alert);
        body["extendedProperties"]["private"][ALERT] = json!(draft.alert.word());
    }
    body
}

/// What `events.patch` has to say so that the event shows the draft; empty if it does already.
///
/// Words are compared by the digest we left, so that a person's retouching stands until we have
/// something new to say. Guests' answers are kept. SEQUENCE or an alert alone is no change, and SEQUENCE is never lowered.
pub fn changes(event: &Event, draft: &EventDraft, with_meet: bool) -> Map<String, Value> {
    let mut patch = Map::new();
    if event.is_cancelled() {
        patch.insert("status".into(), json!("confirmed"));
    }
    let mut private = event.private();
    let digest = keys::words_digest(draft);
    let is_marked = private.get(MARKER) == Some(&draft.marker);
    if private.get(WORDS) != Some(&digest) {
        patch.insert("summary".into(), json!(draft.summary));
        patch.insert("description".into(), json!(draft.description));
        patch.insert("location".into(), json!(draft.location));
    }
    if event.span() != Some(draft.span) {
        patch.insert("start".into(), cleared_date(when(draft.span.start(), draft.zone)));
        patch.insert("end".into(), cleared_date(when(draft.span.end(), draft.zone)));
    }
    if guest_list(&event.attendees) != wanted_guests(draft) {
        patch.insert("attendees".into(), guests(draft, &event.attendees));
    }
    if event.guests_can_invite_others != Some(false) {
        patch.insert("guestsCanInviteOthers".into(), json!(false));
    }
    if with_meet && event.conference_data.is_none() {
        patch.insert("conferenceData".into(), meet(draft));
    }
    if patch.is_empty() && is_marked {
        return patch;
    }
    if draft.sequence > event.sequence.unwrap_or(0) {
        patch.insert("sequence".into(), json!(draft.sequence));
    }
    private.extend(ours(draft));
    if draft.alert.differs(private.get(ALERT).map(String::as_str)) {
        private.insert(ALERT.to_owned(), draft.alert.word());
        patch.insert("reminders".into(), reminders(draft.alert));
    }
    if private != event.private() {
        patch.insert("extendedProperties".into(), json!({ "private": private }));
    }
    patch
}

/// What we keep on every event.
fn ours(draft: &EventDraft) -> BTreeMap<String, String> {
    let (name, value) = OURS;
    [
        (MARKER, draft.marker.clone()),
        (WORDS, keys::words_digest(draft)),
        (TIME, keys::time_text(draft.span)),
        (name, value.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Only the owner's own; each guest has theirs. Default reminders and a list exclude each other, and a patch would leave the
/// old list standing.
fn reminders(alert: Alert) -> Value {
    let overrides = match alert {
        Alert::Usual | Alert::Silent => json!([]),
        Alert::Before(minutes) => json!([{ "method": "popup", "minutes": minutes }]),
    };
    json!({ "useDefault": alert == Alert::Usual, "overrides": overrides })
}

/// Wall-clock time with its own offset, so that an hour that happens twice stays the right one.
fn when(instant: DateTime<Utc>, zone: Tz) -> Value {
    json!({ "dateTime": instant.with_timezone(&zone).to_rfc3339(), "timeZone": zone.name() })
}

/// In a patch, a date left over from an all-day entry would collide with the time.
fn cleared_date(mut when: Value) -> Value {
    when["date"] = Value::Null;
    when
}

fn meet(draft: &EventDraft) -> Value {
    json!({ "createRequest": {
        "requestId": keys::conference_request_id(draft),
        "conferenceSolutionKey": { "type": "hangoutsMeet" },
    } })
}

/// The whole list to write: ours with the answers given so far, and those that are none of our business.
fn guests(draft: &EventDraft, known: &[Map<String, Value>]) -> Value {
    let mut list: Vec<Value> = known.iter().filter(|guest| is_own(guest)).cloned().map(Value::Object).collect();
    for attendee in &draft.attendees {
        let before = known.iter().find(|guest| {
            !is_own(guest) && email(guest).is_some_and(|known| known.eq_ignore_ascii_case(&attendee.email))
        });
        let mut guest = before.cloned().unwrap_or_else(|| {
            let mut guest = Map::new();
            guest.insert("email".into(), json!(attendee.email));
            // Google resets other first answers and may then hide the event from the guest.
            guest.insert("responseStatus".into(), json!("needsAction"));
            guest
        });
        if let Some(name) = &attendee.name {
            guest.insert("displayName".into(), json!(name));
        }
        guest.insert("optional".into(), json!(attendee.optional));
        list.push(Value::Object(guest));
    }
    Value::Array(list)
}

/// Address and whether optional: all that makes one guest list differ from another.
fn guest_list(guests: &[Map<String, Value>]) -> BTreeMap<String, bool> {
    guests
        .iter()
        .filter(|guest| !is_own(guest))
        .filter_map(|guest| Some((email(guest)?.to_lowercase(), flag(guest, "optional"))))
        .collect()
}

fn wanted_guests(draft: &EventDraft) -> BTreeMap<String, bool> {
    draft.attendees.iter().map(|attendee| (attendee.email.to_lowercase(), attendee.optional)).collect()
}
