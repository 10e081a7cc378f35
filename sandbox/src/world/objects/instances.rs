//! The times of an object that fall into a window: rules, single dates, exceptions, overrides (RFC 5545, section 3.8.5).
//!
//! Rules are followed on the wall clock of the event's own zone and only then turned into instants, so that a weekly meeting
//! keeps its hour over a change of the clocks. `RANGE=THISANDFUTURE` is taken as an override of one instance.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rrule::{Frequency, RRule, Unvalidated};

use super::ical::{Component, IcalError, Line};
use super::times::When;

/// One time an event happens.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    /// The VEVENT it follows: the master, or what overrides it.
    pub part: &'a Component,
    /// When it would have started had nobody moved it; its RECURRENCE-ID.
    pub original: When,
    pub start: When,
    /// Exclusive.
    pub end: When,
    /// Whether it is one of several.
    pub recurring: bool,
}

impl Instance<'_> {
    /// From when until when, whole days and floating times being those of `zone`.
    pub fn interval(&self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.start.instant(zone), self.end.instant(zone))
    }

    fn overlaps(&self, from: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> bool {
        let (start, end) = self.interval(zone);
        // An event without length is met by the window it starts in (RFC 4791, section 9.9).
        start < until && (end > from || (start == end && start >= from))
    }
}

/// How many instances of one rule are looked at in one window.
const MOST: u16 = 10_000;

/// Every instance that overlaps the half-open window, by start.
///
/// # Errors
/// For times, zones and rules that cannot be understood.
pub fn instances(
    calendar: &Component,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    zone: Tz,
) -> Result<Vec<Instance<'_>>, IcalError> {
    let mut overrides = Vec::new();
    for part in calendar.parts_named("VEVENT") {
        if let Some(line) = part.line("RECURRENCE-ID") {
            let (start, end) = span(part, calendar)?;
            let original = When::read_single(line, calendar)?;
            overrides.push(Instance { part, original, start, end, recurring: true });
        }
    }
    let replaced: Vec<_> = overrides.iter().map(|instance| instance.original.instant(zone)).collect();
    let mut found = overrides;
    for part in calendar.parts_named("VEVENT").filter(|part| part.line("RECURRENCE-ID").is_none()) {
        let (start, end) = span(part, calendar)?;
        let recurring = part.line("RRULE").is_some() || part.line("RDATE").is_some();
        let mut starts =
            starts(part, calendar, start, (from - (end.instant(zone) - start.instant(zone)), until), zone)?;
        starts.retain(|start| !replaced.contains(&start.instant(zone)));
        found.extend(starts.into_iter().map(|own| Instance {
            part,
            original: own,
            start: own,
            end: ends(own, start, end),
            recurring,
        }));
    }
    found.retain(|instance| instance.overlaps(from, until, zone));
    found.sort_by_key(|instance| instance.interval(zone));
    Ok(found)
}

/// Start and end of a component by itself (RFC 5545, section 3.6.1).
///
/// # Errors
/// Without a start, and for times that cannot be understood.
pub fn span(part: &Component, calendar: &Component) -> Result<(When, When), IcalError> {
    let start = When::read_single(part.line("DTSTART").ok_or(IcalError::Missing("DTSTART"))?, calendar)?;
    if let Some(line) = part.line("DTEND") {
        return Ok((start, When::read_single(line, calendar)?));
    }
    let length = match part.line("DURATION") {
        Some(line) => duration(line)?,
        None if start.is_date() => TimeDelta::days(1),
        None => TimeDelta::zero(),
    };
    Ok((start, start.at(start.wall() + length)))
}

/// The end of an instance that starts at `own`, if the first one lasts from `start` to `end`: as long as that in days for
/// whole days, else exactly as long.
fn ends(own: When, start: When, end: When) -> When {
    match (own, start, end) {
        (When::Date(own), When::Date(start), When::Date(end)) => When::Date(own + (end - start)),
        _ => {
            let zone = own.zone(Tz::UTC);
            let length = end.instant(zone) - start.instant(zone);
            match own {
                // Floating and whole days: there is no zone to be exact in.
                When::Date(_) | When::Floating(_) => own.at(own.wall() + (end.wall() - start.wall())),
                When::Utc(_) | When::Zoned(..) => When::Utc(own.instant(zone) + length),
            }
        }
    }
}

fn starts(
    part: &Component,
    calendar: &Component,
    start: When,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    zone: Tz,
) -> Result<Vec<When>, IcalError> {
    let own = start.zone(zone);
    let margin = TimeDelta::days(1);
    let wall = |at: DateTime<Utc>| at.with_timezone(&own).naive_local();
    let mut walls = vec![start.wall()];
    for line in part.all("RRULE") {
        walls.extend(follow(line, start, (wall(from) - margin, wall(until) + margin), own)?);
    }
    let mut starts: Vec<When> = walls.into_iter().map(|wall| start.at(wall)).collect();
    for line in part.all("RDATE") {
        starts.extend(When::read(line, calendar)?);
    }
    let mut excepted = Vec::new();
    for line in part.all("EXDATE") {
        excepted.extend(When::read(line, calendar)?);
    }
    starts.retain(|start| {
        !excepted.iter().any(|except| match (start, except) {
            // A bare date takes the instance of that day away, whatever its hour.
            (start, When::Date(day)) => start.wall().date() == *day,
            (start, except) => start.instant(zone) == except.instant(zone),
        })
    });
    starts.sort_by_key(|start| start.instant(zone));
    starts.dedup_by_key(|start| start.instant(zone));
    Ok(starts)
}

/// The wall clock times a rule gives within a window of such times.
fn follow(
    line: &Line,
    start: When,
    (from, until): (NaiveDateTime, NaiveDateTime),
    own: Tz,
) -> Result<Vec<NaiveDateTime>, IcalError> {
    let wrong = |error: &dyn std::fmt::Display| IcalError::Rule(error.to_string());
    // The rule runs on a clock without a zone, which that library calls UTC.
    let clock = |wall: NaiveDateTime| wall.and_utc().with_timezone(&rrule::Tz::UTC);
    let parts: Vec<_> = line.value.split(';').map(|part| until_on_the_wall(part, start, own)).collect();
    let rule: RRule<Unvalidated> = parts.join(";").parse().map_err(|error| wrong(&error))?;
    let first = later_start(&rule, start.wall(), from);
    let set = rule.build(clock(first)).map_err(|error| wrong(&error))?;
    let dates = set.after(clock(from)).before(clock(until)).all(MOST).dates;
    Ok(dates.into_iter().map(|at| at.naive_utc()).collect())
}

/// A start from which the rule gives the same times from `from` on, so that an old endless series is not walked from its
/// beginning: whole turns of a rule that counts in days or weeks are left out.
fn later_start(rule: &RRule<Unvalidated>, start: NaiveDateTime, from: NaiveDateTime) -> NaiveDateTime {
    let days = match rule.get_freq() {
        Frequency::Daily => 1,
        Frequency::Weekly => 7,
        _ => return start,
    };
    if rule.get_count().is_some() || from <= start {
        return start;
    }
    let turn = days * i64::from(rule.get_interval().max(1));
    let turns = (from - start).num_days() / turn;
    start + TimeDelta::days(turn * turns)
}

/// UNTIL as a wall clock time, whichever of the forms found in the wild it has; other parts as they are.
fn until_on_the_wall(part: &str, start: When, own: Tz) -> String {
    let Some(value) = part.trim().to_ascii_uppercase().strip_prefix("UNTIL=").map(str::to_owned) else {
        return part.trim().to_owned();
    };
    let line = Line::new("UNTIL", value);
    let wall = match When::read_single(&line, &Component::new("VCALENDAR")) {
        Ok(When::Date(day)) if start.is_date() => day.and_hms_opt(0, 0, 0).unwrap_or_default(),
        Ok(When::Date(day)) => day.and_hms_opt(23, 59, 59).unwrap_or_default(),
        Ok(When::Utc(at)) => at.with_timezone(&own).naive_local(),
        Ok(other) => other.wall(),
        Err(_) => return part.trim().to_owned(),
    };
    format!("UNTIL={}Z", wall.format("%Y%m%dT%H%M%S"))
}

/// A DURATION such as `P1DT2H30M` or `P2W`.
fn duration(line: &Line) -> Result<TimeDelta, IcalError> {
    let wrong = || IcalError::Time(format!("DURATION:{}", line.value));
    let text = line.value.trim().trim_start_matches('+').strip_prefix('P').ok_or_else(wrong)?;
    let (mut total, mut number) = (TimeDelta::zero(), String::new());
    for character in text.chars() {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        if character == 'T' && number.is_empty() {
            continue;
        }
        let count: i64 = number.parse::<u32>().map_err(|_| wrong())?.into();
        number.clear();
        total += match character {
            'W' => TimeDelta::weeks(count),
            'D' => TimeDelta::days(count),
            'H' => TimeDelta::hours(count),
            'M' => TimeDelta::minutes(count),
            'S' => TimeDelta::seconds(count),
            _ => return Err(wrong()),
        };
    }
    if number.is_empty() { Ok(total) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests;
