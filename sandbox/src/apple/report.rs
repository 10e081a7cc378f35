//! REPORT: `calendar-query`, `calendar-multiget` (RFC 4791, section 7) and `sync-collection` (RFC 6578).

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::Ask;
use super::errors::{Problem, forbidden, refused};
use super::multistatus::{Said, What, multistatus};
use super::places::Place;
use super::properties::{Name, sync_token, token_version};
use super::propfind::{say, wanted};
use super::quirks::Quirk;
use super::xml::{CALDAV, DAV, Element};
use crate::world::objects::instances::{Instance, instances};
use crate::world::objects::times::When;
use crate::world::objects::{Component, Line};
use crate::world::{Calendar, Object, State};

pub fn report(state: &mut State, ask: &mut Ask, place: &Place) -> Result<Response, Problem> {
    let body = ask.xml()?;
    let Place::Calendar(id) = place else { return Err(StatusCode::FORBIDDEN.into()) };
    let calendar = state.calendars.get(id).cloned().ok_or(StatusCode::NOT_FOUND)?;
    match (body.ns.as_str(), body.name.as_str()) {
        (CALDAV, "calendar-query") => query(state, ask, &calendar, &body),
        (CALDAV, "calendar-multiget") => multiget(state, ask, &calendar, &body),
        (DAV, "sync-collection") => sync(state, ask, &calendar, &body),
        (CALDAV, "free-busy-query") => Err(StatusCode::BAD_REQUEST.into()),
        _ => Err(refused(StatusCode::FORBIDDEN, DAV, "supported-report")),
    }
}

type Window = (DateTime<Utc>, DateTime<Utc>);

/// Start and end of a `time-range` or `expand`; either may be open in the former (RFC 4791, section 9.9).
fn window(element: &Element) -> Result<Window, Problem> {
    let read = |name: &str, open: DateTime<Utc>| match element.attribute(name) {
        None => Ok(open),
        Some(text) => NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ")
            .map(|at| at.and_utc())
            .map_err(|_| forbidden("valid-filter")),
    };
    // Far enough to be open, near enough that a day more can be added.
    let reach = chrono::TimeDelta::days(100 * 366);
    let (from, until) = (read("start", Utc::now() - reach)?, read("end", Utc::now() + reach)?);
    if from < until { Ok((from, until)) } else { Err(forbidden("valid-filter")) }
}

/// What a query is after.
struct Filter {
    component: String,
    range: Option<Window>,
    uid: Option<String>,
}

impl Filter {
    /// Text filters other than on the UID are not heeded, as they are not to be relied on.
    fn read(body: &Element) -> Result<Self, Problem> {
        let filters = |parent: &Element| parent.child(CALDAV, "comp-filter").cloned();
        let filter = body.child(CALDAV, "filter").and_then(filters).ok_or(StatusCode::BAD_REQUEST)?;
        if filter.attribute("name") != Some("VCALENDAR") {
            return Err(forbidden("valid-filter"));
        }
        let inner = filters(&filter).ok_or(StatusCode::BAD_REQUEST)?;
        let mut texts = inner.all(CALDAV, "prop-filter").filter(|filter| filter.attribute("name") == Some("UID"));
        Ok(Self {
            component: inner.attribute("name").unwrap_or_default().to_ascii_uppercase(),
            range: inner.child(CALDAV, "time-range").map(window).transpose()?,
            uid: texts.find_map(|filter| filter.child(CALDAV, "text-match")).map(|text| text.text.trim().to_owned()),
        })
    }

    fn meets(&self, object: &Object, zone: Tz) -> bool {
        let in_range = |(from, until)| {
            // A task without a time is in every range; with one, the range is not looked at here.
            self.component != "VEVENT"
                || instances(&object.calendar, from, until, zone).is_ok_and(|found| !found.is_empty())
        };
        object.calendar.parts_named(&self.component).next().is_some()
            && self.uid.as_ref().is_none_or(|uid| *uid == object.uid)
            && self.range.is_none_or(in_range)
    }
}

/// The properties asked for, and the window its calendar data is to be expanded in.
fn asked(body: &Element) -> Result<(Vec<Name>, Option<Window>), Problem> {
    let prop = body.child(DAV, "prop");
    let data = prop.and_then(|prop| prop.child(CALDAV, "calendar-data"));
    let expand = data.and_then(|data| data.child(CALDAV, "expand")).map(window).transpose()?;
    Ok((wanted(prop), expand))
}

fn query(state: &mut State, ask: &mut Ask, calendar: &Calendar, body: &Element) -> Result<Response, Problem> {
    let filter = Filter::read(body)?;
    let (wanted, expand) = asked(body)?;
    let weak = ask.has(state, Quirk::WeakEtags);
    // Depth 0, the default, is about the collection itself, which is no event.
    let deep = ask.header("depth") == Some("1");
    let met = state.objects_in(&calendar.id).filter(|object| deep && filter.meets(object, calendar.zone));
    let said = met.map(|object| say_object(state, ask, calendar, object, &wanted, expand, weak)).collect();
    Ok(multistatus(state, ask, said, Vec::new()))
}

fn say_object(
    state: &State,
    ask: &Ask,
    calendar: &Calendar,
    object: &Object,
    wanted: &[Name],
    expand: Option<Window>,
    weak: bool,
) -> Said {
    let place = Place::Object(calendar.id.clone(), object.name.clone());
    let mut said = say(state, ask, &place, wanted, weak);
    if let (What::Properties { found, .. }, Some(window)) = (&mut said.what, expand) {
        for data in found.iter_mut().filter(|property| property.is(CALDAV, "calendar-data")) {
            data.text = expanded(object, window, calendar.zone).write();
        }
    }
    said
}

/// The instances in the window as events of their own, in UTC and without rules or zones (RFC 4791, section 9.6.5).
fn expanded(object: &Object, (from, until): Window, zone: Tz) -> Component {
    let found = instances(&object.calendar, from, until, zone).unwrap_or_default();
    let mut calendar = Component { parts: Vec::new(), ..object.calendar.clone() };
    calendar.parts = found.iter().map(|instance| alone(instance, zone)).collect();
    calendar
}

fn alone(instance: &Instance, zone: Tz) -> Component {
    let mut part = instance.part.clone();
    for name in ["RRULE", "RDATE", "EXDATE", "DURATION", "RECURRENCE-ID"] {
        part.remove(name);
    }
    let utc = |when: When| if when.is_date() { when } else { When::Utc(when.instant(zone)) };
    part.set(utc(instance.start).line("DTSTART"));
    part.set(utc(instance.end).line("DTEND"));
    if instance.recurring {
        part.set(utc(instance.original).line("RECURRENCE-ID"));
    }
    part
}

fn multiget(state: &mut State, ask: &mut Ask, calendar: &Calendar, body: &Element) -> Result<Response, Problem> {
    let (wanted, expand) = asked(body)?;
    let weak = ask.has(state, Quirk::WeakEtags);
    let said = body.all(DAV, "href").map(|href| {
        let href = href.text.trim();
        let found = match Place::at(state, &ask.account, href) {
            Ok(Place::Object(id, name)) if id == calendar.id => state.object(&id, &name),
            _ => None,
        };
        match found {
            Some(object) => say_object(state, ask, calendar, object, &wanted, expand, weak),
            None => Said::status(href.to_owned(), StatusCode::NOT_FOUND),
        }
    });
    let said = said.collect();
    Ok(multistatus(state, ask, said, Vec::new()))
}

fn sync(state: &mut State, ask: &mut Ask, calendar: &Calendar, body: &Element) -> Result<Response, Problem> {
    // Depth 0 is right (RFC 6578, section 3.3); clients of an earlier draft send 1, and are served.
    if !matches!(ask.header("depth"), None | Some("0" | "1")) {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let given = body.child(DAV, "sync-token").map(|token| token.text.trim().to_owned()).unwrap_or_default();
    let mut since = 0;
    if !given.is_empty() {
        let dead = || refused(StatusCode::FORBIDDEN, DAV, "valid-sync-token");
        if ask.has(state, Quirk::DeadSyncToken403) {
            return Err(dead());
        }
        if ask.has(state, Quirk::DeadSyncToken412) {
            return Err(StatusCode::PRECONDITION_FAILED.into());
        }
        if !ask.has(state, Quirk::DeadSyncTokenListing) {
            since = token_version(state, calendar, &given).ok_or_else(dead)?;
        }
    }
    let (wanted, expand) = asked(body)?;
    let weak = ask.has(state, Quirk::WeakEtags);
    // The collection itself comes first, and no limit is heeded.
    let mut said = vec![say(state, ask, &Place::Calendar(calendar.id.clone()), &wanted, weak)];
    let changed = state.objects_in(&calendar.id).filter(|object| object.version > since);
    said.extend(changed.map(|object| say_object(state, ask, calendar, object, &wanted, expand, weak)));
    if since > 0 {
        let gone = state.shelves.get(&calendar.id).into_iter().flat_map(|shelf| &shelf.gone);
        said.extend(gone.filter(|(_, version)| **version > since).map(|(name, _)| {
            let place = Place::Object(calendar.id.clone(), name.clone());
            Said::status(place.path(&ask.account), StatusCode::NOT_FOUND)
        }));
    }
    let token = Element::text(DAV, "sync-token", sync_token(state, calendar));
    Ok(multistatus(state, ask, said, vec![token]))
}

/// The UID of an object's lines, for whoever needs it before it is stored.
pub fn uid_of(part: &Component) -> Option<String> {
    part.line("UID").map(Line::text).filter(|uid| !uid.is_empty())
}
