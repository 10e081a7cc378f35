//! PUT, DELETE and MKCALENDAR (RFC 4791, section 5.3).

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::errors::{Problem, forbidden, refused};
use super::places::{Place, segments};
use super::propfind::set_property;
use super::quirks::Quirk;
use super::schedule;
use super::xml::{CALDAV, DAV, Element};
use super::{Ask, etag};
use crate::world::objects::instances::instances;
use crate::world::objects::times::When;
use crate::world::objects::{Component, Line};
use crate::world::{Calendar, State};

/// The largest object, in bytes.
pub const LARGEST: usize = 1024 * 1024;

pub fn put(state: &mut State, ask: &mut Ask, place: &Place) -> Result<Response, Problem> {
    let Place::Object(id, name) = place else { return Err(StatusCode::METHOD_NOT_ALLOWED.into()) };
    let calendar = writable(state, id)?;
    let existing = state.object(id, name).map(|object| (object.version, object.uid.clone(), object.calendar.clone()));
    let version = existing.as_ref().map(|(version, ..)| *version);
    preconditions(ask, version)?;

    let content_type = ask.header(CONTENT_TYPE.as_str()).unwrap_or("text/calendar");
    if !content_type.to_ascii_lowercase().starts_with("text/calendar") {
        return Err(forbidden("supported-calendar-data"));
    }
    if ask.body.len() > LARGEST {
        return Err(forbidden("max-resource-size"));
    }
    let mut content = Component::parse(ask.body).map_err(|_| forbidden("valid-calendar-data"))?;
    let uid = check(&content, &calendar)?;
    let elsewhere = state.object_by_uid(&ask.account.email, &uid).filter(|(at, held)| *at != id || held.name != *name);
    let renamed = existing.as_ref().is_some_and(|(_, old, _)| *old != uid);
    if elsewhere.is_some() || renamed {
        let held = elsewhere.map(|(at, held)| Place::Object(at.to_owned(), held.name.clone()));
        let mut problem = refused(StatusCode::CONFLICT, CALDAV, "no-uid-conflict");
        if let (Some(condition), Some(held)) = (&mut problem.condition, held) {
            condition.children.push(Element::text(DAV, "href", held.path(&ask.account)));
        }
        return Err(problem);
    }

    let now = state.now();
    rewrite(&mut content, now);
    let old = existing.as_ref().map(|(.., old)| old);
    schedule::on_write(state, &ask.account, &calendar, old, &mut content);
    let version = state.put_object(id, name, content).version;
    let status = if existing.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
    let mut response = status.into_response();
    let silent = ask.has(state, Quirk::NoEtag);
    let etag = etag(version, ask.has(state, Quirk::WeakEtags));
    if let Ok(value) = HeaderValue::from_str(&etag)
        && !silent
    {
        response.headers_mut().insert(ETAG, value);
    }
    Ok(response)
}

pub fn delete(state: &mut State, ask: &mut Ask, place: &Place) -> Result<Response, Problem> {
    match place {
        Place::Object(id, name) => {
            let calendar = writable(state, id)?;
            let version = state.object(id, name).map(|object| object.version);
            version.ok_or(StatusCode::NOT_FOUND)?;
            preconditions(ask, version)?;
            if let Some(removed) = state.remove_object(id, name) {
                schedule::on_delete(state, &ask.account, &calendar, &removed);
            }
        }
        Place::Calendar(id) => {
            let calendar = writable(state, id)?;
            if calendar.primary {
                return Err(StatusCode::FORBIDDEN.into());
            }
            state.remove_calendar(id);
        }
        _ => return Err(StatusCode::FORBIDDEN.into()),
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn writable(state: &State, id: &str) -> Result<Calendar, Problem> {
    let calendar = state.calendars.get(id).ok_or(StatusCode::NOT_FOUND)?;
    match calendar.is_read_only() {
        true => Err(refused(StatusCode::FORBIDDEN, DAV, "need-privileges")),
        false => Ok(calendar.clone()),
    }
}

fn preconditions(ask: &Ask, version: Option<u64>) -> Result<(), Problem> {
    match may_write(ask.header("if-match"), ask.header("if-none-match"), version) {
        true => Ok(()),
        false => Err(StatusCode::PRECONDITION_FAILED.into()),
    }
}

/// `If-Match` and `If-None-Match` (RFC 9110, section 13.1), the former's `*` the wrong way round. `version` is that of what
/// is there.
fn may_write(if_match: Option<&str>, if_none_match: Option<&str>, version: Option<u64>) -> bool {
    let names =
        |list: &str| version.is_some_and(|version| list.split(',').any(|tag| tag.trim() == etag(version, false)));
    let matches = match if_match {
        None => true,
        Some("*") => version.is_none(),
        Some(list) => names(list),
    };
    let collides = match if_none_match {
        None => false,
        Some("*") => version.is_some(),
        Some(list) => names(list),
    };
    matches && !collides
}

/// Whether a calendar takes this object (RFC 4791, section 4.1); its UID.
fn check(content: &Component, calendar: &Calendar) -> Result<String, Problem> {
    let invalid = || forbidden("valid-calendar-object-resource");
    if content.line("METHOD").is_some() {
        return Err(invalid());
    }
    let parts: Vec<_> = content.parts.iter().filter(|part| part.name != "VTIMEZONE").collect();
    let uid = parts.first().and_then(|part| super::report::uid_of(part)).ok_or_else(invalid)?;
    for part in &parts {
        if part.name != calendar.component() {
            return Err(forbidden("supported-calendar-component"));
        }
        if super::report::uid_of(part).as_ref() != Some(&uid) {
            return Err(invalid());
        }
        // Reported of iCloud: an event must say when it ends.
        if part.name == "VEVENT" && part.line("DTEND").is_none() && part.line("DURATION").is_none() {
            return Err(StatusCode::FORBIDDEN.into());
        }
    }
    if parts.iter().filter(|part| part.line("RECURRENCE-ID").is_none()).count() > 1 {
        return Err(invalid());
    }
    // Whatever cannot be found later is not stored: the window does not matter, all of the object is read.
    let now = chrono::Utc::now();
    instances(content, now, now + chrono::TimeDelta::days(1), calendar.zone)
        .map_err(|_| forbidden("valid-calendar-data"))?;
    Ok(uid)
}

/// What the server does to every object: DTSTAMP stands twice, and it says when it was made and changed.
fn rewrite(content: &mut Component, now: chrono::DateTime<chrono::Utc>) {
    for part in content.parts.iter_mut().filter(|part| part.name != "VTIMEZONE") {
        let stamp = part.line("DTSTAMP").cloned().unwrap_or_else(|| When::Utc(now).line("DTSTAMP"));
        part.set(stamp.clone());
        part.lines.push(stamp);
        if part.line("CREATED").is_none() {
            part.lines.push(When::Utc(now).line("CREATED"));
        }
        part.set(When::Utc(now).line("LAST-MODIFIED"));
        if part.line("SEQUENCE").is_none() {
            part.lines.push(Line::new("SEQUENCE", "0"));
        }
        part.set(Line::new("X-APPLE-EWS-BUSYSTATUS", busy_status(part)));
    }
    if content.line("CALSCALE").is_none() {
        content.lines.push(Line::new("CALSCALE", "GREGORIAN"));
    }
}

fn busy_status(part: &Component) -> &'static str {
    match part.text("TRANSP").as_str() {
        "TRANSPARENT" => "FREE",
        _ => "BUSY",
    }
}

/// MKCALENDAR (RFC 4791, section 5.3.1).
pub fn make_calendar(state: &mut State, ask: &mut Ask) -> Result<Response, Problem> {
    let segments = segments(ask.path)?;
    let [number, "calendars", name] = segments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return Err(refused(StatusCode::FORBIDDEN, CALDAV, "calendar-collection-location-ok"));
    };
    if number != ask.account.subject {
        return Err(StatusCode::FORBIDDEN.into());
    }
    let id = format!("/{number}/calendars/{name}/");
    if state.calendars.contains_key(&id) || ["inbox", "outbox", "notification"].contains(&name) {
        return Err(refused(StatusCode::METHOD_NOT_ALLOWED, DAV, "resource-must-be-null"));
    }
    let body = if ask.body.trim().is_empty() { None } else { Some(ask.xml()?) };
    let set = body.as_ref().and_then(|body| body.child(DAV, "set")).and_then(|set| set.child(DAV, "prop"));
    let components = set.and_then(|prop| prop.child(CALDAV, "supported-calendar-component-set"));
    let component = components.and_then(|set| set.child(CALDAV, "comp")).and_then(|comp| comp.attribute("name"));
    let component = component.unwrap_or("VEVENT").to_ascii_uppercase();
    if !["VEVENT", "VTODO"].contains(&component.as_str()) {
        return Err(forbidden("supported-calendar-component"));
    }
    let version = state.next_version();
    let mut calendar = Calendar {
        id: id.clone(),
        owner: ask.account.email.clone(),
        name: "untitled".to_owned(),
        zone: ask.account.zone,
        primary: false,
        version,
        extra: serde_json::Map::new(),
    };
    calendar.extra.insert("component".into(), json!(component));
    state.calendars.insert(id.clone(), calendar);
    state.shelves.entry(id.clone()).or_default();
    for property in set.into_iter().flat_map(|prop| &prop.children) {
        set_property(state, &id, property);
    }
    Ok(StatusCode::CREATED.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preconditions_hold_or_not() {
        let (there, nothing) = (Some(7), None);
        let (own, other) = ("\"mk00000007\"", "\"mk00000008\"");
        let cases = [
            (None, None, nothing, true),
            (None, None, there, true),
            (None, Some("*"), nothing, true),
            (None, Some("*"), there, false),
            (Some(own), None, there, true),
            (Some("\"a\", \"mk00000007\""), None, there, true),
            (Some(other), None, there, false),
            (Some(own), None, nothing, false),
            (Some("W/\"mk00000007\""), None, there, false),
            (Some("mk00000007"), None, there, false),
            (Some("*"), None, there, false),
            (Some("*"), None, nothing, true),
            (None, Some(own), there, false),
            (None, Some(other), there, true),
            (Some(own), Some(own), there, false),
        ];
        for (if_match, if_none_match, version, allowed) in cases {
            let asked = format!("{if_match:?} {if_none_match:?} {version:?}");
            assert_eq!(may_write(if_match, if_none_match, version), allowed, "{asked}");
        }
    }
}
