//! Calendars that keep iCalendar objects, as CalDAV servers do: one text a UID, with its series and overrides in it.
//!
//! The other providers' calendars hold neutral events ([`crate::world::event`]); these hold what a client stored, to the line.
//! Whoever wants events of either asks [`State::events_between`].

/// Moving and deleting on the front page.
pub mod by_hand;
/// Neutral events out of objects, and objects out of neutral events.
pub mod events;
/// iCalendar text as a tree.
pub mod ical;
/// The times of an object that fall into a window.
pub mod instances;
/// Times and zones.
pub mod times;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use ical::{Component, IcalError, Line};

use super::{Calendar, Response, State};

impl Calendar {
    /// Whether only its publisher changes it.
    pub fn is_read_only(&self) -> bool {
        self.extra.get("read_only").and_then(Value::as_bool).unwrap_or(false)
    }

    /// What it takes: `VEVENT`, or `VTODO` for a list of tasks.
    pub fn component(&self) -> &str {
        self.extra.get("component").and_then(Value::as_str).unwrap_or("VEVENT")
    }
}

/// One resource of a calendar.
#[derive(Clone, Debug)]
pub struct Object {
    /// The last segment of its address, decoded.
    pub name: String,
    pub uid: String,
    pub calendar: Component,
    /// Raised by every write; etags are made from it.
    pub version: u64,
    pub updated: DateTime<Utc>,
}

/// What a calendar keeps.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// By name.
    pub objects: BTreeMap<String, Object>,
    /// Names that were deleted, and the version at which.
    pub gone: BTreeMap<String, u64>,
}

impl State {
    /// A calendar's object.
    pub fn object(&self, calendar: &str, name: &str) -> Option<&Object> {
        self.shelves.get(calendar)?.objects.get(name)
    }

    /// The objects of a calendar, by name; none for a calendar that keeps events.
    pub fn objects_in(&self, calendar: &str) -> impl Iterator<Item = &Object> {
        self.shelves.get(calendar).into_iter().flat_map(|shelf| shelf.objects.values())
    }

    /// Where an account already keeps this UID: calendar and object.
    pub fn object_by_uid(&self, owner: &str, uid: &str) -> Option<(&str, &Object)> {
        let owned = self.calendars.values().filter(|calendar| calendar.owner.eq_ignore_ascii_case(owner));
        owned
            .flat_map(|calendar| self.objects_in(&calendar.id).map(|object| (calendar.id.as_str(), object)))
            .find(|(_, object)| object.uid == uid)
    }

    /// Stores an object under its name, replacing what was there, with a new version.
    pub fn put_object(&mut self, calendar: &str, name: &str, content: Component) -> &Object {
        let uid = content.parts.iter().find_map(|part| part.line("UID")).map(Line::text).unwrap_or_default();
        let (version, updated) = (self.next_version(), self.now());
        let shelf = self.shelves.entry(calendar.to_owned()).or_default();
        shelf.gone.remove(name);
        let object = Object { name: name.to_owned(), uid, calendar: content, version, updated };
        shelf.objects.insert(name.to_owned(), object);
        &shelf.objects[name]
    }

    /// Deletes an object, remembering that it was there.
    pub fn remove_object(&mut self, calendar: &str, name: &str) -> Option<Object> {
        let version = self.next_version();
        let shelf = self.shelves.get_mut(calendar)?;
        let removed = shelf.objects.remove(name)?;
        shelf.gone.insert(name.to_owned(), version);
        Some(removed)
    }

    /// Sets a guest's answer in every object with this UID.
    pub(super) fn answer_in_objects(&mut self, uid: &str, guest: &str, response: Response) {
        let shelves = self.shelves.iter();
        let held = shelves.flat_map(|(calendar, shelf)| shelf.objects.values().map(move |object| (calendar, object)));
        let held = held.filter(|(_, object)| object.uid == uid);
        let mut changed: Vec<_> =
            held.map(|(calendar, object)| (calendar.clone(), object.name.clone(), object.calendar.clone())).collect();
        for (calendar, name, content) in &mut changed {
            let lines = content.parts.iter_mut().flat_map(|part| &mut part.lines);
            let own = lines.filter(|line| line.name == "ATTENDEE" && line.address().eq_ignore_ascii_case(guest));
            let mut answered = false;
            for line in own {
                line.set_param("PARTSTAT", events::partstat(response));
                answered = true;
            }
            if answered {
                self.put_object(calendar, name, content.clone());
            }
        }
    }

    /// The version of a calendar's last change, its own properties included.
    pub fn shelf_version(&self, calendar: &str) -> u64 {
        let own = self.calendars.get(calendar).map_or(0, |calendar| calendar.version);
        let Some(shelf) = self.shelves.get(calendar) else { return own };
        let written = shelf.objects.values().map(|object| object.version).max().unwrap_or(0);
        own.max(written).max(shelf.gone.values().copied().max().unwrap_or(0))
    }
}
