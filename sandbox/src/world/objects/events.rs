//! Neutral events out of objects, for the week page and free/busy; objects out of neutral events, for invitations and seeds.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;

use super::ical::{Component, Line};
use super::instances::{Instance, instances};
use super::times::{When, vtimezone};
use super::{Object, State};
use crate::world::ics::{quoted, text};
use crate::world::{Attendee, Calendar, Event, EventStatus, Response, Role, ShowAs, Span};

/// Who wrote the objects that no client stored.
pub const PRODUCT: &str = "-//Apple Inc.//iCloud Calendar//EN";

impl State {
    /// Events that overlap the half-open window, whatever kind of calendar it is. Times of a series are events of their own,
    /// whose id is the object's name and the time that was planned for them.
    pub fn events_between(&self, calendar: &Calendar, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Event> {
        let kept = self.events_in(&calendar.id).filter(|event| event.overlaps(from, until, calendar.zone)).cloned();
        let stored = self.objects_in(&calendar.id).flat_map(|object| {
            // What was stored had been read before, so there is nothing to report here.
            let found = instances(&object.calendar, from, until, calendar.zone).unwrap_or_default();
            found.into_iter().map(|instance| neutral(object, &instance, calendar)).collect::<Vec<_>>()
        });
        kept.chain(stored).collect()
    }
}

/// The event of one instance.
pub fn neutral(object: &Object, instance: &Instance, calendar: &Calendar) -> Event {
    let part = instance.part;
    let (start, end) = instance.interval(calendar.zone);
    let span = match (instance.start, instance.end) {
        (When::Date(start), When::Date(end)) => Span::AllDay { start, end },
        (planned, _) => Span::timed(start, end, planned.zone(calendar.zone)),
    };
    let id = match instance.recurring {
        true => format!("{}#{}", object.name, instance.original.instant(calendar.zone).format("%Y%m%dT%H%M%SZ")),
        false => object.name.clone(),
    };
    let organizer = part.line("ORGANIZER").map_or_else(|| calendar.owner.clone(), Line::address);
    let mut event = Event::new(&calendar.id, &id, &object.uid, &organizer, span, object.updated);
    event.organizer.name = part.line("ORGANIZER").and_then(|line| line.param("CN")).map(str::to_owned);
    event.summary = part.text("SUMMARY");
    event.description = part.text("DESCRIPTION");
    event.location = part.text("LOCATION");
    event.status = match part.text("STATUS").to_ascii_uppercase().as_str() {
        "CANCELLED" => EventStatus::Cancelled,
        "TENTATIVE" => EventStatus::Tentative,
        _ => EventStatus::Confirmed,
    };
    event.show_as = match part.text("TRANSP").to_ascii_uppercase().as_str() {
        "TRANSPARENT" => ShowAs::Free,
        _ if event.status == EventStatus::Tentative => ShowAs::Tentative,
        _ => ShowAs::Busy,
    };
    event.attendees = part.all("ATTENDEE").map(attendee).collect();
    event.sequence = part.text("SEQUENCE").trim().parse().unwrap_or(0);
    event.version = object.version;
    event.series = instance.recurring.then(|| object.uid.clone());
    event
}

fn attendee(line: &Line) -> Attendee {
    let param = |name: &str| line.param(name).unwrap_or_default().to_ascii_uppercase();
    Attendee {
        name: line.param("CN").map(str::to_owned),
        response: match param("PARTSTAT").as_str() {
            "ACCEPTED" => Response::Accepted,
            "DECLINED" => Response::Declined,
            "TENTATIVE" => Response::Tentative,
            _ => Response::NeedsAction,
        },
        role: match param("ROLE").as_str() {
            "OPT-PARTICIPANT" => Role::Optional,
            "NON-PARTICIPANT" => Role::Resource,
            _ => Role::Required,
        },
        ..Attendee::required(&line.address())
    }
}

/// The object that holds one event, timed by its zone's wall clock.
pub fn object(event: &Event) -> Component {
    let mut calendar = envelope();
    let mut part = Component::new("VEVENT");
    let (start, end) = match &event.span {
        Span::AllDay { start, end } => (When::Date(*start), When::Date(*end)),
        Span::Timed { start, end, start_zone: Tz::UTC, .. } => (When::Utc(*start), When::Utc(*end)),
        Span::Timed { start, end, start_zone, .. } => {
            calendar.parts.push(vtimezone(*start_zone, start_zone.name(), start.year()));
            let wall = |at: &DateTime<Utc>| When::Zoned(at.with_timezone(start_zone).naive_local(), *start_zone);
            (wall(start), wall(end))
        }
    };
    part.lines = vec![
        Line::new("UID", event.ical_uid.as_str()),
        When::Utc(event.created).line("DTSTAMP"),
        When::Utc(event.created).line("CREATED"),
        When::Utc(event.updated).line("LAST-MODIFIED"),
        start.line("DTSTART"),
        end.line("DTEND"),
        Line::new("SEQUENCE", event.sequence.to_string()),
        Line::new("SUMMARY", text(&event.summary)),
    ];
    for (name, value) in [("DESCRIPTION", &event.description), ("LOCATION", &event.location)] {
        if !value.is_empty() {
            part.lines.push(Line::new(name, text(value)));
        }
    }
    let free = matches!(event.show_as, ShowAs::Free | ShowAs::Elsewhere);
    part.lines.push(Line::new("TRANSP", if free { "TRANSPARENT" } else { "OPAQUE" }));
    let status = match event.status {
        EventStatus::Confirmed => "CONFIRMED",
        EventStatus::Tentative => "TENTATIVE",
        EventStatus::Cancelled => "CANCELLED",
    };
    part.lines.push(Line::new("STATUS", status));
    if !event.attendees.is_empty() {
        let name = event.organizer.name.as_deref().unwrap_or(&event.organizer.email);
        let organizer = Line::new("ORGANIZER", format!("mailto:{}", event.organizer.email));
        part.lines.push(organizer.with("CN", &quoted(name)));
        part.lines.extend(event.attendees.iter().map(guest));
    }
    calendar.parts.push(part);
    calendar
}

/// A VCALENDAR with nothing in it yet.
pub fn envelope() -> Component {
    let mut calendar = Component::new("VCALENDAR");
    calendar.lines =
        vec![Line::new("CALSCALE", "GREGORIAN"), Line::new("PRODID", PRODUCT), Line::new("VERSION", "2.0")];
    calendar
}

/// An answer as PARTSTAT says it.
pub fn partstat(response: Response) -> &'static str {
    match response {
        Response::NeedsAction => "NEEDS-ACTION",
        Response::Accepted => "ACCEPTED",
        Response::Declined => "DECLINED",
        Response::Tentative => "TENTATIVE",
    }
}

fn guest(attendee: &Attendee) -> Line {
    let role = match attendee.role {
        Role::Required => "REQ-PARTICIPANT",
        Role::Optional => "OPT-PARTICIPANT",
        Role::Resource => "NON-PARTICIPANT",
    };
    let name = attendee.name.as_deref().unwrap_or(&attendee.email);
    Line::new("ATTENDEE", format!("mailto:{}", attendee.email))
        .with("CN", &quoted(name))
        .with("CUTYPE", "INDIVIDUAL")
        .with("PARTSTAT", partstat(attendee.response))
        .with("ROLE", role)
}
