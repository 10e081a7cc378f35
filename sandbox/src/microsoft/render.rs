//! From the neutral event and calendar to Graph's JSON. Everything is written; `odata` cuts away what was not asked for.

use chrono::{DateTime, NaiveTime, Utc};
use serde_json::{Value, json};

use super::ask::Ask;
use super::zones::Zone;
use super::{ids, text};
use crate::world::{Account, AccountKind, Attendee, Calendar, Event, EventStatus, Response, Role, ShowAs, Span};

/// How long a preview is, in characters.
const PREVIEW: usize = 255;
/// What Exchange writes for a time that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// One event as its mailbox's owner sees it.
pub fn event(ask: &Ask, event: &Event) -> Value {
    let owner = &ask.account;
    let immutable = ask.prefer.immutable_ids;
    let organizes = event.is_organized_by(&owner.email);
    let meeting = !organizes || event.attendees.iter().any(|guest| !guest.is(&owner.email));
    let extra = |name: &str, default: Value| event.extra.get(name).filter(|v| !v.is_null()).cloned().unwrap_or(default);
    let id = ids::shown(&event.id, immutable);
    let change_key = ids::change_key(&event.id, event.version);
    let (start, end) = times(&event.span, &ask.prefer.zone);
    let (start_zone, end_zone) = original_zones(event, owner);
    let cancelled = event.status == EventStatus::Cancelled;
    let master = event.extra.get("type").is_some_and(|kind| kind == "seriesMaster");
    let kind = match (&event.series, master) {
        (_, true) => "seriesMaster",
        (Some(_), false) => "occurrence",
        (None, false) => "singleInstance",
    };
    let locations = extra("locations", default_locations(&event.location));
    let online = event.extra.get("onlineMeeting").is_some_and(|value| !value.is_null());
    let mut value = json!({
        "@odata.etag": etag(event),
        "id": id,
        "createdDateTime": precise(event.created),
        "lastModifiedDateTime": precise(event.updated),
        "changeKey": change_key,
        "categories": extra("categories", json!([])),
        "transactionId": extra("transactionId", Value::Null),
        "originalStartTimeZone": start_zone,
        "originalEndTimeZone": end_zone,
        "iCalUId": event.ical_uid,
        "reminderMinutesBeforeStart": extra("reminderMinutesBeforeStart", json!(15)),
        "isReminderOn": extra("isReminderOn", json!(true)),
        "hasAttachments": false,
        "subject": if cancelled { format!("Canceled: {}", event.summary) } else { event.summary.clone() },
        "bodyPreview": event.description.chars().take(PREVIEW).collect::<String>(),
        "importance": extra("importance", json!("normal")),
        "sensitivity": extra("sensitivity", json!("normal")),
        "isAllDay": event.span.is_all_day(),
        "isCancelled": cancelled,
        "isOrganizer": organizes,
        "responseRequested": extra("responseRequested", json!(true)),
        "seriesMasterId": event.series.as_deref().filter(|_| !master).map(|series| ids::shown(series, immutable)),
        "showAs": if cancelled { "free" } else { show_as(event.show_as) },
        "type": kind,
        "webLink": web_link(&id),
        "onlineMeetingUrl": null,
        "isOnlineMeeting": online,
        "onlineMeetingProvider": if online { "teamsForBusiness" } else { "unknown" },
        "allowNewTimeProposals": extra("allowNewTimeProposals", json!(true)),
        "isDraft": false,
        "hideAttendees": extra("hideAttendees", json!(false)),
        "recurrence": if master { extra("recurrence", Value::Null) } else { Value::Null },
        "responseStatus": own_response(event, owner, organizes, meeting),
        "body": body(ask, event),
        "start": start,
        "end": end,
        "location": locations.get(0).map_or_else(|| location(""), filled_location),
        "locations": locations.as_array().into_iter().flatten().map(filled_location).collect::<Vec<_>>(),
        "attendees": attendees(event, owner, organizes),
        "organizer": { "emailAddress": {
            "name": event.organizer.name.as_deref().unwrap_or(&event.organizer.email),
            "address": event.organizer.email,
        } },
        "onlineMeeting": extra("onlineMeeting", Value::Null),
        "extensions": extra("extensions", json!([])),
    });
    let properties: Vec<_> =
        event.private_properties.iter().map(|(id, value)| json!({ "id": id, "value": value })).collect();
    value["singleValueExtendedProperties"] = Value::Array(properties);
    // Graph says nothing about a transactionId nobody sent.
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, value| name != "transactionId" || !value.is_null());
    }
    value
}

/// The entity tag: the change key, weak.
pub fn etag(event: &Event) -> String {
    format!("W/\"{}\"", ids::change_key(&event.id, event.version))
}

/// A calendar as its owner sees it.
pub fn calendar(calendar: &Calendar, owner: &Account) -> Value {
    let work = owner.kind == AccountKind::Work;
    let providers = if work { json!(["teamsForBusiness"]) } else { json!([]) };
    json!({
        "id": calendar.id,
        "name": if calendar.primary { "Calendar" } else { calendar.name.as_str() },
        "color": calendar.extra.get("color").cloned().unwrap_or_else(|| json!("auto")),
        "hexColor": "",
        "isDefaultCalendar": calendar.primary,
        "changeKey": ids::change_key(&calendar.id, calendar.version),
        "canShare": true,
        "canViewPrivateItems": true,
        "canEdit": true,
        "allowedOnlineMeetingProviders": providers,
        "defaultOnlineMeetingProvider": if work { "teamsForBusiness" } else { "unknown" },
        "isTallyingResponses": calendar.primary,
        "isRemovable": !calendar.primary,
        "owner": { "name": owner.name, "address": owner.email },
    })
}

/// A `dateTimeTimeZone`: seven decimals, no offset.
pub fn moment(at: DateTime<Utc>, zone: &Zone) -> Value {
    json!({ "dateTime": zone.local(at).format("%Y-%m-%dT%H:%M:%S%.6f0").to_string(), "timeZone": zone.name })
}

/// Graph's word for how time counts.
pub fn show_as(kind: ShowAs) -> &'static str {
    match kind {
        ShowAs::Free => "free",
        ShowAs::Tentative => "tentative",
        ShowAs::Busy => "busy",
        ShowAs::Away => "oof",
        ShowAs::Elsewhere => "workingElsewhere",
    }
}

fn times(span: &Span, zone: &Zone) -> (Value, Value) {
    match span {
        Span::Timed { start, end, .. } => (moment(*start, zone), moment(*end, zone)),
        // Whole days read midnight to midnight in whatever zone is preferred.
        Span::AllDay { start, end } => {
            let midnight = |date: &chrono::NaiveDate| {
                let text = date.and_time(NaiveTime::MIN).format("%Y-%m-%dT%H:%M:%S.0000000").to_string();
                json!({ "dateTime": text, "timeZone": zone.name })
            };
            (midnight(start), midnight(end))
        }
    }
}

fn original_zones(event: &Event, owner: &Account) -> (String, String) {
    let named = |name: &str| event.extra.get(name).and_then(Value::as_str).map(str::to_owned);
    let (start, end) = match &event.span {
        Span::Timed { start_zone, end_zone, .. } => (*start_zone, *end_zone),
        Span::AllDay { .. } => (owner.zone, owner.zone),
    };
    (
        named("originalStartTimeZone").unwrap_or_else(|| Zone::of_mailbox(start).name),
        named("originalEndTimeZone").unwrap_or_else(|| Zone::of_mailbox(end).name),
    )
}

fn precise(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f0Z").to_string()
}

fn body(ask: &Ask, event: &Event) -> Value {
    let kept = event.extra.get("body");
    let html = kept.filter(|body| body["contentType"] == "html").and_then(|body| body["content"].as_str());
    if ask.prefer.text_body {
        return json!({ "contentType": "text", "content": event.description });
    }
    let content = match html {
        Some(html) => text::document(html),
        None if event.description.is_empty() => String::new(),
        None => text::document(&text::escaped(&event.description)),
    };
    json!({ "contentType": "html", "content": content })
}

fn default_locations(name: &str) -> Value {
    if name.is_empty() { json!([]) } else { json!([{ "displayName": name }]) }
}

fn location(name: &str) -> Value {
    json!({ "displayName": name, "locationType": "default", "uniqueIdType": "unknown", "address": {}, "coordinates": {} })
}

fn filled_location(given: &Value) -> Value {
    let name = given["displayName"].as_str().unwrap_or_default();
    let mut filled =
        json!({ "displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private" });
    if let (Some(filled), Some(given)) = (filled.as_object_mut(), given.as_object()) {
        filled.extend(given.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())));
    }
    filled
}

fn attendees(event: &Event, owner: &Account, organizes: bool) -> Vec<Value> {
    let hidden = !organizes && event.extra.get("hideAttendees").is_some_and(|hide| *hide == true);
    let guests = event.attendees.iter().filter(|guest| !guest.is(&event.organizer.email));
    guests.filter(|guest| !hidden || guest.is(&owner.email)).map(|guest| attendee(guest, event)).collect()
}

fn attendee(guest: &Attendee, event: &Event) -> Value {
    json!({
        "type": match guest.role {
            Role::Required => "required",
            Role::Optional => "optional",
            Role::Resource => "resource",
        },
        "status": status(guest.response, "none", event),
        "emailAddress": { "name": guest.name.as_deref().unwrap_or(&guest.email), "address": guest.email },
    })
}

fn own_response(event: &Event, owner: &Account, organizes: bool, meeting: bool) -> Value {
    if organizes {
        let response = if meeting { "organizer" } else { "none" };
        return json!({ "response": response, "time": NEVER });
    }
    status(event.response_of(&owner.email).unwrap_or(Response::NeedsAction), "notResponded", event)
}

fn status(response: Response, unanswered: &str, event: &Event) -> Value {
    let word = match response {
        Response::NeedsAction => return json!({ "response": unanswered, "time": NEVER }),
        Response::Accepted => "accepted",
        Response::Declined => "declined",
        Response::Tentative => "tentativelyAccepted",
    };
    json!({ "response": word, "time": precise(event.updated) })
}

fn web_link(id: &str) -> String {
    let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    format!("https://outlook.office365.com/owa/?itemid={id}&exvsurl=1&path=/calendar/item")
}
