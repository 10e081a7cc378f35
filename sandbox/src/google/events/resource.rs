//! Writing an event as Google does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::google::calendars::etag;
use crate::google::times::{ends, millis};
use crate::oauth::random::sha256;
use crate::world::{Attendee, Calendar, Event, EventStatus, Response, Role, ShowAs};

/// Properties kept as given and seen in every copy.
pub const SHARED: [&str; 10] = [
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "anyoneCanAddSelf",
    "source",
    "attachments",
    "eventType",
    "conferenceData",
    "hangoutLink",
    "creator",
];

/// Properties kept as given in one copy only.
pub const OWN: [&str; 3] = ["reminders", "colorId", "visibility"];

/// The whole resource; timed ends are shown in `zone`.
pub fn resource(event: &Event, calendar: &Calendar, zone: Tz) -> Value {
    let (start, end) = ends(&event.span, zone);
    let status = match event.status {
        EventStatus::Confirmed => "confirmed",
        EventStatus::Tentative => "tentative",
        EventStatus::Cancelled => "cancelled",
    };
    let mine = event.is_organized_by(&calendar.id);
    let link = URL_SAFE_NO_PAD.encode(format!("{} {}", event.id, calendar.owner));
    let mut shown = json!({
        "kind": "calendar#event",
        "etag": etag(event.version),
        "id": event.id,
        "status": status,
        "htmlLink": format!("https://www.google.com/calendar/event?eid={link}"),
        "created": millis(event.created),
        "updated": millis(event.updated),
        "creator": person(&Map::new(), &creator(event, calendar), None, &calendar.owner),
        "organizer": person(&Map::new(), &event.organizer.email, event.organizer.name.as_deref(), &calendar.id),
        "start": start,
        "end": end,
        "iCalUID": event.ical_uid,
        "sequence": event.sequence,
        "reminders": { "useDefault": true },
        "eventType": "default",
    });
    if mine && event.organizer.name.is_none() && !calendar.primary {
        shown["organizer"]["displayName"] = json!(calendar.name);
    }
    for (name, text) in
        [("summary", &event.summary), ("description", &event.description), ("location", &event.location)]
    {
        if !text.is_empty() {
            shown[name] = json!(text);
        }
    }
    if matches!(event.show_as, ShowAs::Free | ShowAs::Elsewhere) {
        shown["transparency"] = json!("transparent");
    }
    if !event.attendees.is_empty() {
        shown["attendees"] = event.attendees.iter().map(|one| attendee(one, event, calendar)).collect();
    }
    let properties: Map<_, _> = [("private", &event.private_properties), ("shared", &event.shared_properties)]
        .into_iter()
        .filter(|(_, properties)| !properties.is_empty())
        .map(|(name, properties)| (name.to_owned(), json!(properties)))
        .collect();
    if !properties.is_empty() {
        shown["extendedProperties"] = Value::Object(properties);
    }
    if event.extra.contains_key("privateCopy") {
        shown["privateCopy"] = json!(true);
    }
    for name in SHARED.iter().chain(&OWN).filter(|name| **name != "creator") {
        if let Some(value) = event.extra.get(*name) {
            shown[*name] = value.clone();
        }
    }
    shown
}

fn creator(event: &Event, calendar: &Calendar) -> String {
    let made_by = event.extra.get("creator").and_then(Value::as_str);
    // A seeded or foreign event was made by its organizer, who for a secondary calendar is the calendar itself.
    let fallback = if event.is_organized_by(&calendar.id) { &calendar.owner } else { &event.organizer.email };
    made_by.unwrap_or(fallback).to_owned()
}

fn person(extra: &Map<String, Value>, email: &str, name: Option<&str>, viewer: &str) -> Value {
    let mut shown = extra.clone();
    shown.insert("email".to_owned(), json!(email));
    if let Some(name) = name {
        shown.insert("displayName".to_owned(), json!(name));
    }
    if email.eq_ignore_ascii_case(viewer) {
        shown.insert("self".to_owned(), json!(true));
    }
    Value::Object(shown)
}

fn attendee(attendee: &Attendee, event: &Event, calendar: &Calendar) -> Value {
    let mut shown = person(&attendee.extra, &attendee.email, attendee.name.as_deref(), &calendar.owner);
    if attendee.is(&event.organizer.email) {
        shown["organizer"] = json!(true);
    }
    match attendee.role {
        Role::Required => {}
        Role::Optional => shown["optional"] = json!(true),
        Role::Resource => shown["resource"] = json!(true),
    }
    shown["responseStatus"] = json!(response_name(attendee.response));
    shown
}

/// As `responseStatus` spells it.
pub fn response_name(response: Response) -> &'static str {
    match response {
        Response::NeedsAction => "needsAction",
        Response::Accepted => "accepted",
        Response::Declined => "declined",
        Response::Tentative => "tentative",
    }
}

/// Makes a pending conference. True if there was one.
pub fn settle(event: &mut Event) -> bool {
    let Some(data) = event.extra.get_mut("conferenceData") else { return false };
    if data["createRequest"]["status"]["statusCode"] != "pending" {
        return false;
    }
    let letters: Vec<char> = sha256(format!("{} {}", event.ical_uid, data["createRequest"]["requestId"]).as_bytes())
        .iter()
        .map(|byte| char::from(b'a' + byte % 26))
        .collect();
    let part = |from: usize, to: usize| letters[from..to].iter().collect::<String>();
    let code = format!("{}-{}-{}", part(0, 3), part(3, 7), part(7, 10));
    let link = format!("https://meet.google.com/{code}");
    data["createRequest"]["status"]["statusCode"] = json!("success");
    data["entryPoints"] =
        json!([{ "entryPointType": "video", "uri": link, "label": format!("meet.google.com/{code}") }]);
    data["conferenceSolution"] = json!({
        "key": { "type": "hangoutsMeet" },
        "name": "Google Meet",
        "iconUri": "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png",
    });
    data["conferenceId"] = json!(code);
    event.extra.insert("hangoutLink".to_owned(), json!(link));
    true
}
