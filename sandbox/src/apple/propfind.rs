//! PROPFIND and PROPPATCH (RFC 4918, sections 9.1 and 9.2).

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::multistatus::{Said, What, multistatus};
use super::places::Place;
use super::properties::{ALL, Name, property};
use super::quirks::Quirk;
use super::xml::{CALDAV, DAV, Element, ICAL};
use super::{Ask, Problem};
use crate::world::State;

/// The properties a body asks for: those it names, or the usual ones for `allprop` and for no body.
pub fn wanted(prop: Option<&Element>) -> Vec<Name> {
    match prop {
        Some(prop) => prop.children.iter().map(|child| (child.ns.clone(), child.name.clone())).collect(),
        None => ALL.map(|(ns, name)| (ns.to_owned(), name.to_owned())).into(),
    }
}

/// What is said of one place.
pub fn say(state: &State, ask: &Ask, place: &Place, wanted: &[Name], weak: bool) -> Said {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (ns, name) in wanted {
        match property(state, ask, place, (ns, name), weak) {
            Some(property) => found.push(property),
            None => missing.push(Element::new(ns, name)),
        }
    }
    Said::of(place, ask, found, missing)
}

pub fn propfind(state: &mut State, ask: &mut Ask, place: &Place) -> Result<Response, Problem> {
    let wanted = match ask.body.trim() {
        "" => wanted(None),
        _ => {
            let body = ask.xml()?;
            if !body.is(DAV, "propfind") {
                return Err(StatusCode::BAD_REQUEST.into());
            }
            wanted(body.child(DAV, "prop"))
        }
    };
    let deep = match ask.header("depth") {
        Some("0") => false,
        Some("1") => true,
        // Absent means infinity (RFC 4918, section 9.1).
        _ => return Err(super::errors::refused(StatusCode::FORBIDDEN, DAV, "propfind-finite-depth")),
    };
    if deep && *place == Place::Principal {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    if let Place::Object(calendar, name) = place {
        state.object(calendar, name).ok_or(StatusCode::NOT_FOUND)?;
    }
    let weak = ask.has(state, Quirk::WeakEtags);
    let mut places = vec![place.clone()];
    if deep {
        places.extend(place.children(state, &ask.account));
    }
    let mut said: Vec<Said> = places.iter().map(|place| say(state, ask, place, &wanted, weak)).collect();
    if *place == Place::Principal && !ask.has(state, Quirk::PlainPrincipal) {
        // Not the address that was asked for.
        said[0].href = "/principal/".to_owned();
    }
    Ok(multistatus(state, ask, said, Vec::new()))
}

pub fn proppatch(state: &mut State, ask: &mut Ask, place: &Place) -> Result<Response, Problem> {
    let body = ask.xml()?;
    let Place::Calendar(id) = place else { return Err(StatusCode::FORBIDDEN.into()) };
    let read_only = state.calendars.get(id).is_none_or(crate::world::Calendar::is_read_only);
    let set = body.all(DAV, "set").filter_map(|set| set.child(DAV, "prop")).flat_map(|prop| &prop.children);
    let version = state.next_version();
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for property in set {
        let list = match !read_only && set_property(state, id, property) {
            true => &mut done,
            false => &mut refused,
        };
        list.push(Element::new(&property.ns, &property.name));
    }
    if let Some(calendar) = state.calendars.get_mut(id).filter(|_| !done.is_empty()) {
        calendar.version = version;
    }
    // All or nothing would be right (RFC 4918, section 9.2); servers say of each how it went.
    let said = vec![Said { href: place.path(&ask.account), what: What::Changed { done, refused } }];
    Ok(multistatus(state, ask, said, Vec::new()))
}

/// Sets one property of a calendar; false for one that cannot be set.
pub fn set_property(state: &mut State, id: &str, property: &Element) -> bool {
    let Some(calendar) = state.calendars.get_mut(id) else { return false };
    let text = property.text.trim();
    match (property.ns.as_str(), property.name.as_str()) {
        (DAV, "displayname") if !text.is_empty() => text.clone_into(&mut calendar.name),
        (ICAL, "calendar-color") => drop(calendar.extra.insert("color".into(), json!(text))),
        (ICAL, "calendar-order") => {
            let Ok(order) = text.parse::<i64>() else { return false };
            drop(calendar.extra.insert("order".into(), json!(order)));
        }
        (CALDAV, "calendar-description") => drop(calendar.extra.insert("description".into(), json!(text))),
        (CALDAV, "schedule-calendar-transp") => {
            let transparent = property.child(CALDAV, "transparent").is_some();
            drop(calendar.extra.insert("transparent".into(), json!(transparent)));
        }
        _ => return false,
    }
    true
}
