//! From a request body to changes of the neutral event. [`super::schema`] has checked names and kinds before; here is
//! what the values mean and which combinations Graph refuses.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::{Map, Value, json};

use super::ask::unsupported_zone;
use super::errors::GraphError;
use super::text;
use super::zones::Zone;
use crate::world::{Attendee, Event, Response, Role, ShowAs, Span};

/// Properties that are kept as they came, under their own name in [`Event::extra`].
const KEPT: &[&str] = &[
    "importance",
    "sensitivity",
    "isReminderOn",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "allowNewTimeProposals",
    "hideAttendees",
    "categories",
    "extensions",
    "transactionId",
    "recurrence",
];

/// Which guests hear of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing they can see changed.
    Nobody,
    /// Only those who came or went.
    Changed,
    Everybody,
}

/// A moment as a body gives it: a wall clock and the zone it hangs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub local: NaiveDateTime,
    pub zone: Zone,
}

impl Moment {
    /// Reads a `dateTimeTimeZone`.
    ///
    /// # Errors
    /// 400 for an offset or `Z` in `dateTime`, an unreadable time, a missing or unknown zone.
    pub fn read(name: &str, value: &Value) -> Result<Self, GraphError> {
        let invalid = |reason: &str| {
            let message = format!("At least one property failed validation. {name}: {reason}");
            GraphError::bad("ErrorPropertyValidationFailure", message)
        };
        let text = value["dateTime"].as_str().ok_or_else(|| invalid("dateTime is missing."))?;
        let zone = value["timeZone"].as_str().ok_or_else(|| invalid("timeZone is missing."))?;
        let local = local_time(text).ok_or_else(|| {
            invalid(&format!("'{text}' is not a time without offset; the zone belongs into timeZone."))
        })?;
        Ok(Self { local, zone: Zone::parse(zone).ok_or_else(|| unsupported_zone(zone))? })
    }
}

/// `2026-12-01`, `2026-12-01T09:00`, with seconds, or with up to seven decimals.
fn local_time(text: &str) -> Option<NaiveDateTime> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.and_time(NaiveTime::MIN));
    }
    if text.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 7) {
        return None;
    }
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// The span a body describes; what it leaves out is taken from `old`.
///
/// # Errors
/// 400 for missing or unreadable times, an end before the start, or all-day times off midnight or in two zones.
pub fn span(body: &Map<String, Value>, old: Option<&Event>) -> Result<Option<(Span, Zone, Zone)>, GraphError> {
    let given = |name: &str| body.get(name).filter(|value| !value.is_null());
    if old.is_some() && given("start").is_none() && given("end").is_none() && given("isAllDay").is_none() {
        return Ok(None);
    }
    let moment = |name: &str| match (given(name), old) {
        (Some(value), _) => Moment::read(name, value),
        (None, Some(old)) => Ok(old_moment(old, name == "end")),
        (None, None) => {
            let message = format!("At least one property failed validation. {name} is required.");
            Err(GraphError::bad("ErrorPropertyValidationFailure", message))
        }
    };
    let (start, end) = (moment("start")?, moment("end")?);
    let all_day = given("isAllDay").and_then(Value::as_bool);
    let all_day = all_day.unwrap_or_else(|| old.is_some_and(|event| event.span.is_all_day()));
    let span = if all_day { whole_days(&start, &end)? } else { timed(&start, &end)? };
    Ok(Some((span, start.zone, end.zone)))
}

fn old_moment(event: &Event, end: bool) -> Moment {
    match &event.span {
        Span::AllDay { start, end: last } => {
            let date = if end { last } else { start };
            Moment { local: date.and_time(NaiveTime::MIN), zone: Zone::utc() }
        }
        Span::Timed { start, end: last, start_zone, end_zone } => {
            let (at, tz) = if end { (last, end_zone) } else { (start, start_zone) };
            let zone = Zone::of_mailbox(*tz);
            Moment { local: zone.local(*at), zone }
        }
    }
}

fn timed(start: &Moment, end: &Moment) -> Result<Span, GraphError> {
    let (from, until) = (start.zone.instant(start.local), end.zone.instant(end.local));
    if until < from {
        let message = "The end date of the calendar item is earlier than its start date.";
        return Err(GraphError::bad("ErrorCalendarEndDateIsEarlierThanStartDate", message));
    }
    Ok(Span::Timed { start: from, end: until, start_zone: start.zone.tz, end_zone: end.zone.tz })
}

fn whole_days(start: &Moment, end: &Moment) -> Result<Span, GraphError> {
    for (moment, name) in [(start, "Event.Start"), (end, "Event.End")] {
        if moment.local.time() != NaiveTime::MIN {
            let reason = format!("The {name} property for an all-day event needs to be set to midnight.");
            return Err(GraphError::cannot(&reason));
        }
    }
    if start.zone.tz != end.zone.tz {
        let reason = "The Event.Start and Event.End properties of an all-day event need to be in the same time zone.";
        return Err(GraphError::cannot(reason));
    }
    let (start, end) = (start.local.date(), end.local.date());
    if end <= start {
        return Err(GraphError::cannot("The duration of an all-day event needs to be at least 24 hours."));
    }
    Ok(Span::AllDay { start, end })
}

/// Writes a checked body into an event and says who should hear of it. Times are `span`'s business.
///
/// # Errors
/// 400 for a guest without an address.
pub fn apply(body: &Map<String, Value>, event: &mut Event) -> Result<Notice, GraphError> {
    let mut notice = Notice::Nobody;
    if let Some(attendees) = body.get("attendees").and_then(Value::as_array) {
        let attendees = read_attendees(attendees, &event.attendees)?;
        if attendees != event.attendees {
            notice = Notice::Changed;
            event.attendees = attendees;
        }
    }
    let visible = (event.summary.clone(), event.location.clone(), event.description.clone());
    for (name, value) in body {
        match name.as_str() {
            "subject" => event.summary = value.as_str().unwrap_or_default().to_owned(),
            "location" => set_location(event, value),
            "locations" => set_locations(event, value),
            "body" => set_body(event, value),
            "showAs" => event.show_as = show_as(value.as_str()),
            "singleValueExtendedProperties" => set_properties(event, value)?,
            kept if KEPT.contains(&kept) => {
                event.extra.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    if visible != (event.summary.clone(), event.location.clone(), event.description.clone()) {
        notice = Notice::Everybody;
    }
    Ok(notice)
}

fn read_attendees(values: &[Value], old: &[Attendee]) -> Result<Vec<Attendee>, GraphError> {
    let mut attendees: Vec<Attendee> = Vec::new();
    for value in values {
        let address = value["emailAddress"]["address"].as_str().map(str::trim).unwrap_or_default();
        if !address.contains('@') {
            let message = "At least one recipient isn't valid., A valid address is needed for each attendee.";
            return Err(GraphError::bad("ErrorInvalidRecipients", message));
        }
        if attendees.iter().any(|attendee| attendee.is(address)) {
            continue;
        }
        let known = old.iter().find(|attendee| attendee.is(address)).cloned();
        let mut attendee = known.unwrap_or_else(|| Attendee::required(address));
        if let Some(name) = value["emailAddress"]["name"].as_str() {
            attendee.name = Some(name.to_owned());
        }
        attendee.role = match value["type"].as_str() {
            Some("optional") => Role::Optional,
            Some("resource") => Role::Resource,
            _ => Role::Required,
        };
        attendees.push(attendee);
    }
    Ok(attendees)
}

fn set_location(event: &mut Event, value: &Value) {
    event.location = value["displayName"].as_str().unwrap_or_default().to_owned();
    let all = if value.is_null() { json!([]) } else { json!([value]) };
    event.extra.insert("locations".into(), all);
}

fn set_locations(event: &mut Event, value: &Value) {
    let names: Vec<_> = value.as_array().into_iter().flatten().filter_map(|one| one["displayName"].as_str()).collect();
    event.location = names.join("; ");
    event.extra.insert("locations".into(), value.clone());
}

fn set_body(event: &mut Event, value: &Value) {
    let content = value["content"].as_str().unwrap_or_default();
    // Graph takes a body without contentType for text.
    let html = value["contentType"] == "html";
    event.description = if html { text::plain(content) } else { content.to_owned() };
    event.extra.insert("body".into(), json!({ "contentType": if html { "html" } else { "text" }, "content": content }));
}

fn set_properties(event: &mut Event, value: &Value) -> Result<(), GraphError> {
    for property in value.as_array().into_iter().flatten() {
        let id = property["id"].as_str().unwrap_or_default();
        // "String {GUID} Name bookingId" or "Integer 0x3040": a type and what names it.
        if id.split_whitespace().count() < 2 {
            let message = format!("The property id '{id}' is not valid.");
            return Err(GraphError::bad("ErrorInvalidPropertyId", message));
        }
        let key = event.private_properties.keys().find(|known| known.eq_ignore_ascii_case(id)).cloned();
        let key = key.unwrap_or_else(|| id.to_owned());
        match property["value"].as_str() {
            Some(value) => drop(event.private_properties.insert(key, value.to_owned())),
            None => drop(event.private_properties.remove(&key)),
        }
    }
    Ok(())
}

fn show_as(word: Option<&str>) -> ShowAs {
    match word {
        Some("free") => ShowAs::Free,
        Some("tentative") => ShowAs::Tentative,
        Some("oof") => ShowAs::Away,
        Some("workingElsewhere") => ShowAs::Elsewhere,
        _ => ShowAs::Busy,
    }
}

/// Forgets what guests answered, as a new time makes Exchange do.
pub fn ask_again(event: &mut Event) {
    for attendee in &mut event.attendees {
        attendee.response = Response::NeedsAction;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(start: &str, end: &str, all_day: bool) -> Result<Option<(Span, Zone, Zone)>, GraphError> {
        let moment = |text: &str| {
            let (time, zone) = text.split_once('|').unwrap();
            json!({ "dateTime": time, "timeZone": zone })
        };
        let body = json!({ "start": moment(start), "end": moment(end), "isAllDay": all_day });
        span(body.as_object().unwrap(), None)
    }

    #[test]
    fn a_wall_clock_and_a_zone_make_an_instant() {
        let (span, start_zone, _) =
            times("2026-12-01T16:00:00|W. Europe Standard Time", "2026-12-01T15:45:00.0000000|UTC", false)
                .unwrap()
                .unwrap();
        let (start, end) = span.interval(chrono_tz::UTC);
        assert_eq!(start.to_rfc3339(), "2026-12-01T15:00:00+00:00");
        assert_eq!(end.to_rfc3339(), "2026-12-01T15:45:00+00:00");
        assert_eq!(start_zone.name, "W. Europe Standard Time");
    }

    #[test]
    fn times_graph_refuses_are_refused() {
        let code = |start, end, all_day| times(start, end, all_day).unwrap_err().code;
        let later = "2026-12-01T17:00:00|UTC";
        assert_eq!(code("2026-12-01T16:00:00Z|UTC", later, false), "ErrorPropertyValidationFailure");
        assert_eq!(code("2026-12-01T16:00:00+01:00|UTC", later, false), "ErrorPropertyValidationFailure");
        assert_eq!(code("2026-12-01T16:00:00|Mars", later, false), "TimeZoneNotSupportedException");
        assert_eq!(code("2026-12-01T18:00:00|UTC", later, false), "ErrorCalendarEndDateIsEarlierThanStartDate");
        assert_eq!(code("2026-12-01T00:00:00|UTC", later, true), "ErrorInvalidRequest");
        assert_eq!(code("2026-12-01T00:00:00|UTC", "2026-12-01|UTC", true), "ErrorInvalidRequest");
        assert_eq!(code("2026-12-01|Europe/Berlin", "2026-12-02|UTC", true), "ErrorInvalidRequest");
        assert!(times("2026-12-01|Europe/Berlin", "2026-12-02|W. Europe Standard Time", true).is_ok());
    }

    #[test]
    fn only_what_guests_see_is_told_to_them() {
        let now = chrono::Utc::now();
        let mut event = Event::new("c", "e", "u", "o@example.org", Span::timed(now, now, chrono_tz::UTC), now);
        let mut applied = |body: Value| apply(body.as_object().unwrap(), &mut event).unwrap();
        assert_eq!(applied(json!({ "subject": "a" })), Notice::Everybody);
        assert_eq!(applied(json!({ "subject": "a", "categories": ["x"], "showAs": "free" })), Notice::Nobody);
        let guest = json!({ "attendees": [{ "emailAddress": { "address": "a@example.com" } }] });
        assert_eq!(applied(guest.clone()), Notice::Changed);
        assert_eq!(applied(guest), Notice::Nobody);
    }
}
