//! Reading a body into an event's fields.
//!
//! Read-only and unknown properties are passed over, as Google does; what is malformed is refused.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::resource::{OWN, SHARED};
use crate::faults::Answer;
use crate::google::errors::{global, invalid, missing};
use crate::google::times;
use crate::world::{Attendee, Event, EventStatus, Response, Role, ShowAs, Span};

/// What a body says, checked.
pub struct Draft {
    pub summary: String,
    pub description: String,
    pub location: String,
    pub span: Span,
    pub status: EventStatus,
    pub show_as: ShowAs,
    pub attendees: Vec<Attendee>,
    pub private_properties: BTreeMap<String, String>,
    pub shared_properties: BTreeMap<String, String>,
    pub sequence: Option<u32>,
    pub extra: Map<String, Value>,
}

/// What a request's query allows a body to say.
#[derive(Clone, Copy)]
pub struct Versions {
    /// `conferenceDataVersion=1`: without it conference data is passed over.
    pub conference: bool,
    /// `supportsAttachments=true`: likewise.
    pub attachments: bool,
}

impl Draft {
    /// Reads a complete resource. `old` is the event it changes: answers, conferences and what the query does not
    /// allow to be said are carried over from it. `organizer` is taken as having accepted.
    pub fn read(
        body: &Map<String, Value>,
        old: Option<&Event>,
        zone: Tz,
        organizer: &str,
        versions: Versions,
    ) -> Result<Self, Answer> {
        let text = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(invalid(&format!("Invalid value for: {name}"))),
        };
        if body.get("recurrence").is_some_and(|rules| rules.as_array().is_none_or(|rules| !rules.is_empty())) {
            return Err(invalid("The sandbox does not serve recurring events yet."));
        }
        let status = match text("status")?.as_str() {
            "" | "confirmed" => EventStatus::Confirmed,
            "tentative" => EventStatus::Tentative,
            "cancelled" => EventStatus::Cancelled,
            other => return Err(invalid(&format!("Invalid value for: status: {other}"))),
        };
        let show_as = match text("transparency")?.as_str() {
            "" | "opaque" => old.map_or(ShowAs::Busy, |old| match old.show_as {
                ShowAs::Free | ShowAs::Elsewhere => ShowAs::Busy,
                opaque => opaque,
            }),
            "transparent" => ShowAs::Free,
            other => return Err(invalid(&format!("Invalid value for: transparency: {other}"))),
        };
        match text("visibility")?.as_str() {
            "" | "default" | "public" | "private" | "confidential" => {}
            other => return Err(invalid(&format!("Invalid value for: visibility: {other}"))),
        }
        let sequence = match body.get("sequence") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                Some(number.ok_or_else(|| invalid("Invalid value for: sequence"))?)
            }
        };
        check_reminders(body.get("reminders"))?;
        let properties = body.get("extendedProperties");
        Ok(Self {
            summary: text("summary")?,
            description: text("description")?,
            location: text("location")?,
            span: times::span(body.get("start"), body.get("end"), zone)?,
            status,
            show_as,
            attendees: attendees(body.get("attendees"), old, organizer)?,
            private_properties: strings(properties, "private")?,
            shared_properties: strings(properties, "shared")?,
            sequence,
            extra: extra(body, old, versions)?,
        })
    }

    /// Puts the fields into an event.
    pub fn apply(self, event: &mut Event) {
        event.summary = self.summary;
        event.description = self.description;
        event.location = self.location;
        event.span = self.span;
        event.status = self.status;
        event.show_as = self.show_as;
        event.attendees = self.attendees;
        event.private_properties = self.private_properties;
        event.shared_properties = self.shared_properties;
        event.extra = self.extra;
    }
}

/// Merges a patch into a resource: objects property by property, arrays whole, null removes (RFC 7396).
pub fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    base.remove(name);
                } else {
                    merge(base.entry(name.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (base, Value::Object(patch)) => {
            *base = json!({});
            merge(base, &Value::Object(patch.clone()));
        }
        (base, patch) => *base = patch.clone(),
    }
}

/// As `responseStatus` spells it.
pub fn response(text: &str) -> Result<Response, Answer> {
    match text {
        "needsAction" => Ok(Response::NeedsAction),
        "accepted" => Ok(Response::Accepted),
        "declined" => Ok(Response::Declined),
        "tentative" => Ok(Response::Tentative),
        other => Err(invalid(&format!("Invalid value for: responseStatus: {other}"))),
    }
}

fn attendees(value: Option<&Value>, old: Option<&Event>, organizer: &str) -> Result<Vec<Attendee>, Answer> {
    let mut all: Vec<Attendee> = Vec::new();
    let given = match value {
        None | Some(Value::Null) => return Ok(all),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(invalid("Invalid value for: attendees")),
    };
    for one in given {
        let text = |name: &str| one.get(name).and_then(Value::as_str);
        let flag = |name: &str| one.get(name).and_then(Value::as_bool) == Some(true);
        let email = text("email").ok_or_else(|| missing("Missing attendee email."))?.trim();
        if !is_address(email) {
            return Err(invalid("Invalid attendee email."));
        }
        // Named twice: the first stays.
        if all.iter().any(|other| other.is(email)) {
            continue;
        }
        let before = old.and_then(|old| old.attendees.iter().find(|attendee| attendee.is(email)));
        let answered = match text("responseStatus") {
            Some(text) => response(text)?,
            None if email.eq_ignore_ascii_case(organizer) => Response::Accepted,
            None => before.map_or(Response::NeedsAction, |before| before.response),
        };
        let role = match (flag("resource"), flag("optional")) {
            (true, _) => Role::Resource,
            (_, true) => Role::Optional,
            _ => Role::Required,
        };
        let kept = ["comment", "additionalGuests", "id"];
        let extra = kept.iter().filter_map(|name| Some(((*name).to_owned(), one.get(*name)?.clone()))).collect();
        all.push(Attendee {
            email: email.to_owned(),
            name: text("displayName").map(str::to_owned),
            response: answered,
            role,
            extra,
        });
    }
    Ok(all)
}

fn is_address(email: &str) -> bool {
    email
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn strings(properties: Option<&Value>, which: &str) -> Result<BTreeMap<String, String>, Answer> {
    let Some(Value::Object(given)) = properties.and_then(|properties| properties.get(which)) else {
        return Ok(BTreeMap::new());
    };
    let mut strings = BTreeMap::new();
    for (name, value) in given {
        let Some(text) = value.as_str() else {
            return Err(invalid(&format!("Invalid value for: extendedProperties.{which}")));
        };
        // Limits of the real service: 44 and 1024 characters.
        if name.chars().count() > 44 || text.chars().count() > 1024 {
            return Err(invalid("The extended property is too long."));
        }
        strings.insert(name.clone(), text.to_owned());
    }
    Ok(strings)
}

fn check_reminders(value: Option<&Value>) -> Result<(), Answer> {
    let Some(reminders) = value.filter(|value| !value.is_null()) else { return Ok(()) };
    let overrides = reminders.get("overrides").and_then(Value::as_array);
    if reminders.get("useDefault").and_then(Value::as_bool) == Some(true) && overrides.is_some_and(|o| !o.is_empty()) {
        let reason = "cannotUseDefaultRemindersAndSpecifyOverride";
        return Err(global(400, reason, "Cannot specify both default reminders and overrides at the same time."));
    }
    if overrides.is_some_and(|overrides| overrides.len() > 5) {
        return Err(invalid("Too many override reminders."));
    }
    for reminder in overrides.into_iter().flatten() {
        let known = matches!(reminder["method"].as_str(), Some("email" | "popup"));
        if !known || reminder["minutes"].as_u64().is_none_or(|minutes| minutes > 40_320) {
            return Err(invalid("Invalid reminder override."));
        }
    }
    Ok(())
}

fn extra(body: &Map<String, Value>, old: Option<&Event>, versions: Versions) -> Result<Map<String, Value>, Answer> {
    let mut extra = Map::new();
    let from_old = |name: &str| old.and_then(|old| old.extra.get(name)).cloned();
    for name in SHARED.iter().chain(&OWN).copied() {
        let value = match name {
            "creator" | "hangoutLink" => from_old(name),
            "conferenceData" if versions.conference => conference(body.get(name), from_old(name))?,
            "conferenceData" => from_old(name),
            "attachments" if !versions.attachments => from_old(name),
            "eventType" => event_type(body.get(name))?,
            _ => body.get(name).filter(|value| !value.is_null()).cloned(),
        };
        extra.extend(value.map(|value| (name.to_owned(), value)));
    }
    if !extra.contains_key("conferenceData") {
        extra.remove("hangoutLink");
    }
    Ok(extra)
}

fn event_type(value: Option<&Value>) -> Result<Option<Value>, Answer> {
    match value.and_then(Value::as_str) {
        None | Some("default") => Ok(None),
        Some("birthday" | "focusTime" | "fromGmail" | "outOfOffice" | "workingLocation") => Ok(value.cloned()),
        Some(other) => Err(invalid(&format!("Invalid value for: eventType: {other}"))),
    }
}

/// A request for a conference becomes a pending one, unless its id was used for the one there is.
fn conference(asked: Option<&Value>, old: Option<Value>) -> Result<Option<Value>, Answer> {
    let Some(asked) = asked.filter(|asked| !asked.is_null()) else { return Ok(None) };
    let Some(request) = asked.get("createRequest").filter(|request| !request.is_null()) else {
        return Ok(Some(asked.clone()));
    };
    let id = request.get("requestId").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| invalid("Missing conference create request id."))?;
    if let Some(old) = old.filter(|old| old["createRequest"]["requestId"] == id) {
        return Ok(Some(old));
    }
    let kind = request["conferenceSolutionKey"]["type"].as_str().unwrap_or("hangoutsMeet");
    if kind != "hangoutsMeet" {
        return Err(invalid("Invalid conference type value."));
    }
    Ok(Some(json!({ "createRequest": {
        "requestId": id,
        "conferenceSolutionKey": { "type": kind },
        "status": { "statusCode": "pending" },
    } })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_replaces_arrays_and_null_clears() {
        let mut base = json!({ "a": [1, 2], "b": { "c": 1, "d": 2 }, "e": 1 });
        merge(&mut base, &json!({ "a": [3], "b": { "c": null, "f": { "g": null, "h": 1 } }, "e": null }));
        assert_eq!(base, json!({ "a": [3], "b": { "d": 2, "f": { "h": 1 } } }));
    }
}
