//! What a person does to an object on the front page: move a time, delete it. Of a series, that one time only.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::events::neutral;
use super::ical::{Component, Line};
use super::instances::instances;
use super::times::When;
use crate::world::by_hand::ByHandError;
use crate::world::{Event, Span, State};

/// How far from now the week page's events are looked for.
const REACH: TimeDelta = TimeDelta::days(3 * 366);

/// One time of an object.
struct Place {
    event: Event,
    object: String,
    content: Component,
    /// Which of the content's parts it follows.
    part: usize,
    original: When,
    start: When,
    end: When,
    zone: Tz,
}

impl Place {
    fn is_override(&self) -> bool {
        self.content.parts[self.part].line("RECURRENCE-ID").is_some()
    }

    /// The part to change for this time alone; of a series, a copy of the master that overrides it.
    fn own_part(&mut self) -> &mut Component {
        if self.event.series.is_some() && !self.is_override() {
            let mut own = self.content.parts[self.part].clone();
            for name in ["RRULE", "RDATE", "EXDATE"] {
                own.remove(name);
            }
            own.set(self.original.line("RECURRENCE-ID"));
            self.content.parts.push(own);
            self.part = self.content.parts.len() - 1;
        }
        &mut self.content.parts[self.part]
    }
}

impl State {
    /// Moves one time to another start, keeping its length. Returns the event as it is then.
    pub(in crate::world) fn move_object(
        &mut self,
        calendar: &str,
        id: &str,
        start: DateTime<Utc>,
    ) -> Result<Event, ByHandError> {
        let mut place = self.changeable(calendar, id)?;
        let owner = self.calendars.get(calendar).map(|calendar| calendar.owner.as_str()).unwrap_or_default();
        if !place.event.is_organized_by(owner) {
            return Err(ByHandError::NotTheOrganizer);
        }
        let (was, zone) = (place.start, place.zone);
        let length = place.end.instant(zone) - was.instant(zone);
        let on = |at: DateTime<Utc>| was.at(at.with_timezone(&was.zone(zone)).naive_local());
        let part = place.own_part();
        part.remove("DURATION");
        part.set(on(start).line("DTSTART"));
        part.set(on(start + length).line("DTEND"));
        let sequence: u32 = part.text("SEQUENCE").trim().parse().unwrap_or(0);
        part.set(Line::new("SEQUENCE", (sequence + 1).to_string()));
        self.put_object(calendar, &place.object, place.content);
        let span = match (on(start), on(start + length)) {
            (When::Date(start), When::Date(end)) => Span::AllDay { start, end },
            _ => Span::timed(start, start + length, was.zone(zone)),
        };
        Ok(Event { span, sequence: sequence + 1, ..place.event })
    }

    /// Deletes one time: the whole object if it has no other. Returns the event as it was.
    pub(in crate::world) fn delete_object(&mut self, calendar: &str, id: &str) -> Result<Event, ByHandError> {
        let mut place = self.changeable(calendar, id)?;
        if place.event.series.is_none() {
            self.remove_object(calendar, &place.object);
            return Ok(place.event);
        }
        if place.is_override() {
            place.content.parts.remove(place.part);
        }
        let except = place.original.line("EXDATE");
        for master in place.content.parts.iter_mut().filter(|part| part.line("RRULE").is_some()) {
            master.lines.push(except.clone());
        }
        self.put_object(calendar, &place.object, place.content);
        Ok(place.event)
    }

    /// The event one time of an object is shown as.
    pub(in crate::world) fn object_event(&self, calendar: &str, id: &str) -> Option<Event> {
        self.place(calendar, id).ok().map(|place| place.event)
    }

    fn changeable(&self, calendar: &str, id: &str) -> Result<Place, ByHandError> {
        match self.calendars.get(calendar) {
            Some(known) if known.is_read_only() => Err(ByHandError::ReadOnly),
            _ => self.place(calendar, id),
        }
    }

    fn place(&self, calendar: &str, id: &str) -> Result<Place, ByHandError> {
        let known = self.calendars.get(calendar).ok_or(ByHandError::Gone)?;
        let name = id.rsplit_once('#').map_or(id, |(name, _)| name);
        let object = self.object(calendar, name).or_else(|| self.object(calendar, id)).ok_or(ByHandError::Gone)?;
        let (from, until) = (self.now() - REACH, self.now() + REACH);
        let found = instances(&object.calendar, from, until, known.zone).map_err(|_| ByHandError::Gone)?;
        let places = found.iter().map(|instance| (neutral(object, instance, known), instance));
        let (event, instance) = places.into_iter().find(|(event, _)| event.id == id).ok_or(ByHandError::Gone)?;
        let part = object.calendar.parts.iter().position(|part| std::ptr::eq(part, instance.part));
        Ok(Place {
            event,
            object: object.name.clone(),
            content: object.calendar.clone(),
            part: part.ok_or(ByHandError::Gone)?,
            original: instance.original,
            start: instance.start,
            end: instance.end,
            zone: known.zone,
        })
    }
}
