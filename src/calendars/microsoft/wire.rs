//! Graph's JSON, as far as we read and write it, and what changes an event needs.
//!
//! Names follow Graph v1.0. Answers are asked for in UTC; times are written in the event's own zone by
//! its Windows name where that is exact, else in UTC.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::calendars::{
    Access, Alert, Attendee, CalendarInfo, EventDraft, Ours, Placed, RemoteEvent, Response, colour, keys, windows_zones,
};
use crate::scheduling::interval::Interval;

/// Our named properties: one namespace of our own, fixed for ever.
pub const MARKER: &str = "String {a575c5e2-45d9-47f2-87f5-2ade66e7aefc} Name convene_event";
pub const WORDS: &str = "String {a575c5e2-45d9-47f2-87f5-2ade66e7aefc} Name convene_words";
/// The time we wrote last, by [`keys::time_text`].
pub const TIME: &str = "String {a575c5e2-45d9-47f2-87f5-2ade66e7aefc} Name convene_time";
/// Which alert we asked for last; absent while we said nothing.
pub const ALERT: &str = "String {a575c5e2-45d9-47f2-87f5-2ade66e7aefc} Name convene_alert";

const TEAMS: &str = "teamsForBusiness";

#[derive(Debug, Deserialize)]
pub struct Page<T> {
    pub value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
}

/// Graph says `null` for some empty lists.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphCalendar {
    pub id: String,
    pub name: Option<String>,
    /// Empty for "auto", the colour Outlook picks by itself.
    pub hex_color: Option<String>,
    pub is_default_calendar: Option<bool>,
    pub can_edit: Option<bool>,
    pub can_share: Option<bool>,
    #[serde(default, deserialize_with = "or_empty")]
    pub allowed_online_meeting_providers: Vec<String>,
}

impl GraphCalendar {
    pub fn info(self) -> CalendarInfo {
        let writable = self.can_edit.unwrap_or(false);
        let access = match (writable, self.can_share.unwrap_or(false)) {
            (true, true) => Access::Own,
            (true, false) => Access::Write,
            (false, _) => Access::Read,
        };
        CalendarInfo {
            name: self.name.unwrap_or_else(|| "Calendar".to_owned()),
            id: self.id,
            colour: self.hex_color.as_deref().and_then(colour),
            zone: None,
            primary: self.is_default_calendar.unwrap_or(false),
            writable,
            access,
        }
    }

    /// Personal accounts usually offer none.
    pub fn offers_teams(&self) -> bool {
        self.allowed_online_meeting_providers.iter().any(|one| one == TEAMS)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: String,
    #[serde(rename = "@odata.etag")]
    pub etag: Option<String>,
    pub body: Option<Body>,
    pub start: Option<Wall>,
    pub end: Option<Wall>,
    pub is_all_day: Option<bool>,
    pub is_cancelled: Option<bool>,
    pub show_as: Option<String>,
    pub response_status: Option<Answer>,
    #[serde(default, deserialize_with = "or_empty")]
    pub attendees: Vec<Guest>,
    #[serde(rename = "iCalUId")]
    pub ical_uid: Option<String>,
    pub is_online_meeting: Option<bool>,
    pub online_meeting: Option<OnlineMeeting>,
    pub hide_attendees: Option<bool>,
    pub transaction_id: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub single_value_extended_properties: Vec<Property>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    pub content_type: Option<String>,
    #[serde(default)]
    pub content: String,
}

/// A wall-clock time and its zone.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wall {
    pub date_time: NaiveDateTime,
    pub time_zone: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    pub response: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    pub email_address: Option<EmailAddress>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: Option<Answer>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct EmailAddress {
    pub address: Option<String>,
    pub name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnlineMeeting {
    pub join_url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Property {
    pub id: String,
    pub value: Option<String>,
}

/// The time zone named in an answer is none we know. Reading it as UTC could show a busy hour as free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownZone;

impl Wall {
    /// When an entry between these may take time, at its widest: a wall time that happens twice, and whole days wherever
    /// they may be meant. Free/busy of others does not say which entries are all-day ones, and those have no zone.
    pub fn widest(start: &Self, end: &Self, owner: Option<Tz>) -> Result<Vec<Interval>, UnknownZone> {
        let from = earliest(start.zone()?, start.date_time).ok_or(UnknownZone)?;
        let until = latest(end.zone()?, end.date_time).ok_or(UnknownZone)?;
        let mut spans: Vec<Interval> = Interval::new(from, until).into_iter().collect();
        if [start, end].iter().all(|wall| wall.date_time.time() == NaiveTime::MIN) {
            spans.extend(whole_days(start.date_time, end.date_time, owner));
        }
        Ok(spans)
    }

    fn zone(&self) -> Result<Tz, UnknownZone> {
        windows_zones::parse(self.time_zone.as_deref().unwrap_or("UTC")).ok_or(UnknownZone)
    }
}

impl Event {
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.unwrap_or(false)
    }

    /// When the event is, or `None` for an all-day one or times we cannot read.
    pub fn span(&self) -> Option<Interval> {
        let (start, end) = (self.start.as_ref()?, self.end.as_ref()?);
        let (from, to) = (start.zone().ok()?, end.zone().ok()?);
        if self.is_all_day.unwrap_or(false) {
            return None;
        }
        Interval::new(earliest(from, start.date_time)?, latest(to, end.date_time)?)
    }

    /// The time this entry takes from its owner's day; nothing if it shows as free, was cancelled or
    /// declined. Tentative blocks, and so does a status we have never heard of.
    pub fn blocks(&self, owner: Option<Tz>) -> Result<Option<Interval>, UnknownZone> {
        let declined =
            self.response_status.as_ref().is_some_and(|status| status.response.as_deref() == Some("declined"));
        let free = matches!(self.show_as.as_deref(), Some("free" | "workingElsewhere"));
        if self.is_cancelled() || declined || free {
            return Ok(None);
        }
        let (Some(start), Some(end)) = (&self.start, &self.end) else { return Err(UnknownZone) };
        if self.is_all_day.unwrap_or(false) {
            let midnight = |wall: &Wall| wall.date_time.date().and_time(NaiveTime::MIN);
            return Ok(whole_days(midnight(start), midnight(end), owner));
        }
        let (from, to) = (start.zone()?, end.zone()?);
        let from = earliest(from, start.date_time).ok_or(UnknownZone)?;
        Ok(Interval::new(from, latest(to, end.date_time).ok_or(UnknownZone)?))
    }

    /// What stands there, as far as the caller has to remember it.
    pub fn placed(&self) -> Placed {
        Placed {
            provider_id: self.id.clone(),
            etag: self.etag.clone(),
            join_url: self.online_meeting.as_ref().and_then(|meeting| meeting.join_url.clone()),
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
                .filter(|guest| !guest.is_room())
                .filter_map(|guest| Some((guest.address()?.to_owned(), guest.answer())))
                .collect(),
            sequence: None,
        }
    }

    fn property(&self, id: &str) -> Option<&str> {
        // Exchange spells the GUID as it likes.
        let property = self.single_value_extended_properties.iter().find(|one| one.id.eq_ignore_ascii_case(id))?;
        property.value.as_deref()
    }

    /// The time we wrote last, if the event keeps it.
    pub fn kept_span(&self) -> Option<Interval> {
        keys::time_of(self.property(TIME)?)
    }

    /// What it says of itself if it carries our marker.
    pub fn as_ours(&self) -> Option<Ours> {
        Some(Ours {
            provider_id: self.id.clone(),
            marker: self.property(MARKER)?.to_owned(),
            span: self.span(),
            cancelled: self.is_cancelled(),
        })
    }

    pub fn has_meeting(&self) -> bool {
        self.is_online_meeting.unwrap_or(false)
    }
}

impl Guest {
    fn address(&self) -> Option<&str> {
        self.email_address.as_ref()?.address.as_deref()
    }

    fn is_room(&self) -> bool {
        self.kind.as_deref() == Some("resource")
    }

    fn answer(&self) -> Response {
        match self.status.as_ref().and_then(|status| status.response.as_deref()) {
            Some("accepted" | "organizer") => Response::Accepted,
            Some("tentativelyAccepted") => Response::Tentative,
            Some("declined") => Response::Declined,
            _ => Response::NeedsAction,
        }
    }
}

/// The first instant of a wall time; one in a gap is read by the offset after it, so that a start is
/// never late.
fn earliest(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    let wall = sensible(wall)?;
    let day = TimeDelta::days(1);
    let time = match zone.from_local_datetime(&wall) {
        MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => time,
        MappedLocalTime::None => zone.from_local_datetime(&wall.checked_add_signed(day)?).earliest()? - day,
    };
    Some(time.to_utc())
}

/// The last instant of a wall time; one in a gap is read by the offset before it, so that an end is
/// never early.
fn latest(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    let wall = sensible(wall)?;
    let day = TimeDelta::days(1);
    let time = match zone.from_local_datetime(&wall) {
        MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(_, time) => time,
        MappedLocalTime::None => zone.from_local_datetime(&wall.checked_sub_signed(day)?).latest()? + day,
    };
    Some(time.to_utc())
}

/// A wall time of years that zones can be asked about; nothing for the ends of the calendar's range.
fn sensible(wall: NaiveDateTime) -> Option<NaiveDateTime> {
    (0..=9999).contains(&wall.year()).then_some(wall)
}

/// Whole dates, `[start, end)`. Their owner's zone makes instants of them; without it, every instant
/// that is on such a date somewhere (UTC+14 to UTC-12).
fn whole_days(start: NaiveDateTime, end: NaiveDateTime, owner: Option<Tz>) -> Option<Interval> {
    match owner {
        Some(zone) => Interval::new(earliest(zone, start)?, latest(zone, end)?),
        None => Interval::new(
            start.and_utc().checked_sub_signed(TimeDelta::hours(14))?,
            end.and_utc().checked_add_signed(TimeDelta::hours(12))?,
        ),
    }
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// In the event's zone, so that people who open the event see their own.
    Own,
    /// In UTC, where the mailbox's idea of the zone differs from ours.
    Utc,
}

/// The body that creates the event.
pub fn creation(draft: &EventDraft, with_teams: bool, clock: Clock) -> Value {
    let mut body = json!({
        "subject": draft.summary,
        "body": { "contentType": "text", "content": draft.description },
        "start": when(draft.span.start(), draft.zone, clock),
        "end": when(draft.span.end(), draft.zone, clock),
        "attendees": guests(draft, &[]),
        "hideAttendees": false,
        "showAs": "busy",
        "transactionId": keys::transaction_id(draft).to_string(),
        "singleValueExtendedProperties": properties(draft),
    });
    if let Some(location) = &draft.location {
        body["location"] = json!({ "displayName": location });
    }
    if with_teams {
        body["isOnlineMeeting"] = json!(true);
        body["onlineMeetingProvider"] = json!(TEAMS);
    }
    if let Value::Object(body) = &mut body {
        body.extend(reminder(draft.alert));
    }
    body
}

/// What a PATCH has to say so that the event shows the draft; empty if it does already, and then
/// nothing must be sent: every PATCH mails the guests. An alert alone is nothing to send.
pub fn changes(event: &Event, draft: &EventDraft, with_teams: bool, clock: Clock) -> Map<String, Value> {
    let mut patch = Map::new();
    if event.property(WORDS) != Some(&keys::words_digest(draft)) {
        patch.insert("subject".into(), json!(draft.summary));
        patch.insert(
            "body".into(),
            super::body::rewritten(event.body.as_ref(), event.has_meeting(), &draft.description),
        );
        patch.insert("location".into(), json!({ "displayName": draft.location.as_deref().unwrap_or_default() }));
        patch.insert("singleValueExtendedProperties".into(), properties(draft));
    }
    if event.span() != Some(draft.span) {
        if event.is_all_day.unwrap_or(false) {
            patch.insert("isAllDay".into(), json!(false));
        }
        patch.insert("start".into(), when(draft.span.start(), draft.zone, clock));
        patch.insert("end".into(), when(draft.span.end(), draft.zone, clock));
        patch.insert("singleValueExtendedProperties".into(), properties(draft));
    }
    if guest_list(&event.attendees) != wanted_guests(draft) {
        patch.insert("attendees".into(), guests(draft, &event.attendees));
    }
    if event.hide_attendees == Some(true) {
        patch.insert("hideAttendees".into(), json!(false));
    }
    if with_teams && !event.has_meeting() {
        patch.insert("isOnlineMeeting".into(), json!(true));
        patch.insert("onlineMeetingProvider".into(), json!(TEAMS));
    }
    // Graph knows no way back to the mailbox's own default: what stands there stays then.
    if !patch.is_empty() && draft.alert != Alert::Usual && draft.alert.differs(event.property(ALERT)) {
        patch.insert("singleValueExtendedProperties".into(), properties(draft));
        patch.extend(reminder(draft.alert));
    }
    patch
}

/// With nothing said, the mailbox has its own default.
fn reminder(alert: Alert) -> Map<String, Value> {
    let mut reminder = Map::new();
    if alert != Alert::Usual {
        reminder.insert("isReminderOn".into(), json!(alert != Alert::Silent));
    }
    if let Alert::Before(minutes) = alert {
        reminder.insert("reminderMinutesBeforeStart".into(), json!(minutes));
    }
    reminder
}

fn properties(draft: &EventDraft) -> Value {
    let mut ours = vec![
        json!({ "id": MARKER, "value": draft.marker }),
        json!({ "id": WORDS, "value": keys::words_digest(draft) }),
        json!({ "id": TIME, "value": keys::time_text(draft.span) }),
    ];
    if draft.alert != Alert::Usual {
        ours.push(json!({ "id": ALERT, "value": draft.alert.word() }));
    }
    Value::Array(ours)
}

/// A wall time is only exact in its zone if it happens once and Windows has a name for the zone.
fn when(instant: DateTime<Utc>, zone: Tz, clock: Clock) -> Value {
    let local = instant.with_timezone(&zone).naive_local();
    let happens_once = matches!(zone.from_local_datetime(&local), MappedLocalTime::Single(_));
    let (wall, name) = match windows_zones::to_windows(zone) {
        Some(name) if clock == Clock::Own && happens_once => (local, name),
        _ => (instant.naive_utc(), "UTC"),
    };
    json!({ "dateTime": wall.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": name })
}

/// Whom the event may list: Exchange mails everyone it lists, with no way to say no.
fn listed(draft: &EventDraft) -> &[Attendee] {
    if draft.notify { &draft.attendees } else { &[] }
}

/// The whole list to write; rooms that someone booked stay.
fn guests(draft: &EventDraft, known: &[Guest]) -> Value {
    let rooms = known.iter().filter(|guest| guest.is_room()).filter_map(|guest| {
        let room = guest.email_address.as_ref()?;
        Some(json!({ "emailAddress": { "address": room.address, "name": room.name }, "type": "resource" }))
    });
    let ours = listed(draft).iter().map(|attendee| {
        let mut address = json!({ "address": attendee.email });
        if let Some(name) = &attendee.name {
            address["name"] = json!(name);
        }
        json!({ "emailAddress": address, "type": if attendee.optional { "optional" } else { "required" } })
    });
    Value::Array(rooms.chain(ours).collect())
}

/// Address and whether optional: all that makes one guest list differ from another.
fn guest_list(guests: &[Guest]) -> BTreeMap<String, bool> {
    guests
        .iter()
        .filter(|guest| !guest.is_room())
        .filter_map(|guest| Some((guest.address()?.to_lowercase(), guest.kind.as_deref() == Some("optional"))))
        .collect()
}

fn wanted_guests(draft: &EventDraft) -> BTreeMap<String, bool> {
    listed(draft).iter().map(|attendee| (attendee.email.to_lowercase(), attendee.optional)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_time_are_no_interval() {
        let (first, last) = (NaiveDateTime::MIN, NaiveDateTime::MAX);
        assert!(whole_days(first, last, None).is_none());
        // Whatever these are, asking does not break anything.
        for zone in [Tz::UTC, Tz::Pacific__Kiritimati, Tz::Etc__GMTPlus12] {
            for wall in [first, last] {
                let _ = (earliest(zone, wall), latest(zone, wall));
            }
        }
    }
}
