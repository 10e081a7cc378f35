//! From calendar objects to the time they take.
//!
//! A series is its master and what was said about single times of it (RFC 5545 section 3.8.4.4). Cancelled, transparent and declined
//! ones take no time; tentative ones do. An event that cannot be understood, or comes round more often than is counted, takes the
//! whole window: unknown is not free.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{
    recurrence::{self, Budget, INSTANCES, Length, Odd},
    zones::{self, Clock},
};
use crate::{
    calendars::ical::object::{Component, Property},
    scheduling::interval::Interval,
};

/// How far an instant and its wall time, read as one, are apart at most; and a little more.
const APART: TimeDelta = TimeDelta::hours(15);

/// Whose calendar it is and which time is asked for.
pub struct Asked<'a> {
    /// Addresses of the account, in small letters, without `mailto:`.
    pub addresses: &'a [String],
    /// The clock of whole days and of times without a zone.
    pub floating: Clock,
    pub window: Interval,
}

/// A time as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    wall: NaiveDateTime,
    clock: Clock,
    is_date: bool,
}

/// One `VEVENT`.
struct Event {
    uid: String,
    start: Moment,
    length: Length,
    blocks: bool,
    /// Which time of the series it speaks about, and whether about all later ones too.
    about: Option<(Moment, bool)>,
    rules: Vec<String>,
    added: Vec<Moment>,
    excluded: Vec<Moment>,
    /// Periods added to a series, each with its own end.
    periods: Vec<(Moment, Length)>,
}

impl Asked<'_> {
    /// The time that the events of one object take within the window, not yet merged.
    pub fn taken(&self, text: &str, budget: &mut Budget) -> Vec<Interval> {
        let Ok(object) = Component::read(text) else {
            tracing::warn!("an object that is no calendar counts as busy");
            return vec![self.window];
        };
        // Each event is held against each other one of its object; a stranger may send a hundred thousand.
        if object.components().count() > INSTANCES {
            tracing::warn!("an object with too many events counts as busy");
            return vec![self.window];
        }
        let mut taken = Vec::new();
        let mut events = Vec::new();
        for one in object.components().filter(|one| one.name == "VEVENT") {
            match self.event(one, &object) {
                Some(event) => events.push(event),
                None if !blocks(one, self.addresses) => {}
                None => taken.push(self.window),
            }
        }
        let mut uids = BTreeSet::new();
        for uid in events.iter().map(|event| event.uid.as_str()).filter(|uid| uids.insert(*uid)) {
            let of: Vec<&Event> = events.iter().filter(|event| event.uid == uid).collect();
            match self.series(&of, budget) {
                Ok(spans) => taken.extend(spans),
                Err(Odd) => {
                    tracing::warn!("an event that cannot be counted off counts as busy");
                    taken.push(self.window);
                }
            }
        }
        taken
    }

    /// All that stands under one UID.
    fn series(&self, events: &[&Event], budget: &mut Budget) -> Result<Vec<Interval>, Odd> {
        let singles = events.iter().filter(|one| matches!(one.about, Some((_, false))));
        let futures =
            events.iter().filter_map(|one| one.about.filter(|(_, later)| *later).map(|(about, _)| (about, *one)));
        let futures: Vec<_> = futures.collect();
        let mut taken: Vec<Interval> =
            singles.clone().filter(|one| one.blocks).filter_map(|one| self.span(one.start, one.length)).collect();
        for (at, master) in events.iter().filter(|one| one.about.is_none()).enumerate() {
            // What was said about single times is about the first; a second master is a mistake of somebody's, and taken alone.
            let is_first = at == 0;
            let clock = master.start.clock;
            let on = |moment: Moment| moment.on(clock);
            let futures: Vec<(NaiveDateTime, &Event)> =
                futures.iter().filter(|_| is_first).map(|(about, event)| (on(*about), *event)).collect();
            let replaced: HashSet<NaiveDateTime> =
                singles.clone().filter(|_| is_first).filter_map(|one| Some(on(one.about?.0))).collect();
            let excluded: HashSet<NaiveDateTime> = master.excluded.iter().map(|moment| on(*moment)).collect();
            for wall in self.times(master, &futures, budget)? {
                if replaced.contains(&wall) || excluded.contains(&wall) {
                    continue;
                }
                let future = futures.iter().filter(|(from, _)| *from <= wall).max_by_key(|(from, _)| *from);
                let (moment, event) = match future {
                    Some((from, event)) => (event.start.moved(wall - *from), *event),
                    None => (Moment { wall, ..master.start }, *master),
                };
                if event.blocks {
                    taken.extend(self.span(moment, event.length));
                }
            }
            for (moment, length) in master.periods.iter().filter(|_| master.blocks) {
                taken.extend(self.span(*moment, *length));
            }
        }
        Ok(taken)
    }

    /// The times of a series that may touch the window, as its own clock shows them.
    fn times(
        &self,
        master: &Event,
        futures: &[(NaiveDateTime, &Event)],
        budget: &mut Budget,
    ) -> Result<BTreeSet<NaiveDateTime>, Odd> {
        let year = TimeDelta::days(366);
        let shifts = futures.iter().map(|(from, event)| (event.start.wall - *from).abs());
        let shift = shifts.max().unwrap_or_default();
        if shift > year {
            return Err(Odd);
        }
        let lengths = futures.iter().map(|(_, event)| event.length.upper());
        let length = lengths.max().unwrap_or_default().max(master.length.upper());
        let from = self.window.start().naive_utc().checked_sub_signed(APART + shift + length);
        let to = self.window.end().naive_utc().checked_add_signed(APART + shift);
        let (Some(from), Some(to)) = (from, to) else { return Err(Odd) };
        let start = master.start.wall;
        // The first time counts, whether or not the rule meets it (RFC 5545 section 3.8.5.3).
        let mut times: BTreeSet<_> = [start].into_iter().collect();
        times.extend(master.added.iter().map(|moment| moment.on(master.start.clock)));
        times.retain(|time| (from..to).contains(time));
        for rule in &master.rules {
            times.extend(recurrence::times(rule, start, master.start.clock, (from, to), budget)?);
        }
        if times.len() > INSTANCES { Err(Odd) } else { Ok(times) }
    }

    /// From the first instant it may begin to the last it may end, within the window.
    fn span(&self, start: Moment, length: Length) -> Option<Interval> {
        let begins = start.clock.earliest(start.wall)?;
        let end = start.wall.checked_add_signed(TimeDelta::days(length.days))?;
        let ends = start.clock.latest(end)?.checked_add_signed(TimeDelta::seconds(length.seconds))?;
        Interval::new(begins, ends)?.intersection(&self.window)
    }

    fn event(&self, component: &Component, object: &Component) -> Option<Event> {
        let moment = |property: &Property| self.moment(property, &property.value, object);
        let start = moment(component.get("DTSTART")?)?;
        let length = match (component.get("DTEND"), component.get("DURATION")) {
            (Some(end), _) => start.until(moment(end)?),
            (None, Some(duration)) => Length::read(&duration.value.to_ascii_uppercase())?,
            (None, None) => Length::new(i64::from(start.is_date), 0),
        };
        let about = match component.get("RECURRENCE-ID") {
            Some(property) => Some((moment(property)?, is_for_all_later(property))),
            None => None,
        };
        let (mut added, mut periods) = (Vec::new(), Vec::new());
        for property in component.all("RDATE") {
            for value in property.value.split(',') {
                match value.split_once('/') {
                    None => added.push(self.moment(property, value, object)?),
                    Some((from, to)) => {
                        let from = self.moment(property, from, object)?;
                        let length = match Length::read(to) {
                            Some(length) => length,
                            None => from.until(self.moment(property, to, object)?),
                        };
                        periods.push((from, length));
                    }
                }
            }
        }
        // One that is not understood excludes nothing.
        let excluded = component.all("EXDATE").flat_map(|property| {
            property.value.split(',').filter_map(move |value| self.moment(property, value, object))
        });
        Some(Event {
            uid: component.value("UID").to_owned(),
            start,
            length,
            blocks: blocks(component, self.addresses),
            about,
            rules: component.all("RRULE").map(|rule| rule.value.clone()).collect(),
            added,
            excluded: excluded.collect(),
            periods,
        })
    }

    /// A date or time of this property.
    fn moment(&self, property: &Property, value: &str, object: &Component) -> Option<Moment> {
        let value = value.trim();
        if let Some(date) = recurrence::date(value) {
            return Some(Moment { wall: date.and_hms_opt(0, 0, 0)?, clock: self.floating, is_date: true });
        }
        let (wall, clock) = match value.strip_suffix(['Z', 'z']) {
            Some(utc) => (utc, Clock::UTC),
            None => (value, property.parameter("TZID").map_or(self.floating, |tzid| zones::named(tzid, object))),
        };
        Some(Moment { wall: recurrence::wall(&wall.to_ascii_uppercase())?, clock, is_date: false })
    }
}

impl Moment {
    /// What another clock shows at this moment; the same if it is its own.
    fn on(self, clock: Clock) -> NaiveDateTime {
        if self.clock == clock || self.is_date {
            return self.wall;
        }
        self.clock.earliest(self.wall).map_or(self.wall, |instant| clock.wall(instant))
    }

    fn moved(self, by: TimeDelta) -> Self {
        Self { wall: self.wall.checked_add_signed(by).unwrap_or(self.wall), ..self }
    }

    /// How long it is to an end: days if both are dates, else the time that passes, and the longer reading of it. An end before
    /// the start leaves no length (and no event, by RFC 5545 section 3.8.2.2).
    fn until(self, end: Self) -> Length {
        if self.is_date && end.is_date {
            return Length::new((end.wall - self.wall).num_days(), 0);
        }
        let passed = if self.clock == end.clock && !matches!(self.clock, Clock::Zone(_)) {
            end.wall - self.wall
        } else {
            let instant =
                |instant: Option<DateTime<Utc>>, wall: NaiveDateTime| instant.unwrap_or_else(|| wall.and_utc());
            instant(end.clock.latest(end.wall), end.wall) - instant(self.clock.earliest(self.wall), self.wall)
        };
        Length::new(0, passed.num_seconds())
    }
}

fn is_for_all_later(about: &Property) -> bool {
    about.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"))
}

/// From when to when one event stands; nothing for whole days and for what is no time.
pub fn times_of(event: &Component, object: &Component) -> Option<Interval> {
    let everything = Interval::new(DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC)?;
    let asked = Asked { addresses: &[], floating: Clock::ANYWHERE, window: everything };
    let event = asked.event(event, object)?;
    let is_certain = !event.start.is_date && matches!(event.start.clock, Clock::Zone(_));
    asked.span(event.start, event.length).filter(|_| is_certain)
}

/// Whether an event takes time at all, by what it says of itself.
fn blocks(event: &Component, addresses: &[String]) -> bool {
    let is = |name: &str, value: &str| event.value(name).eq_ignore_ascii_case(value);
    let declined = event.all("ATTENDEE").any(|attendee| {
        let address = attendee.value.to_ascii_lowercase();
        let address = address.strip_prefix("mailto:").unwrap_or(&address);
        let answer = attendee.parameter("PARTSTAT").unwrap_or_default();
        answer.eq_ignore_ascii_case("DECLINED") && addresses.iter().any(|own| own == address)
    });
    !is("STATUS", "CANCELLED") && !is("TRANSP", "TRANSPARENT") && !declined
}

#[cfg(test)]
mod tests;
