//! Recurrence: from a pattern and a range to the occurrences the world keeps, and the rule that an occurrence may not
//! pass its neighbours.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use serde_json::Value;

use super::errors::GraphError;
use super::ids;
use super::zones::Zone;
use crate::world::{Event, EventStatus, Span, State};

/// A series without end is kept this far; the sandbox looks two months ahead.
const MOST: usize = 730;

/// One event per occurrence; all share `series`, each has its own id and UID.
///
/// # Errors
/// 400 for a pattern or range that lacks what its type needs.
pub fn occurrences(first: &Event, recurrence: &Value, series: &str, zone: &Zone) -> Result<Vec<Event>, GraphError> {
    let (start, end) = first.span.interval(zone.tz);
    let begin = match &first.span {
        Span::AllDay { start, .. } => *start,
        Span::Timed { .. } => zone.local(start).date(),
    };
    let mut events = Vec::new();
    for (number, date) in dates(recurrence, begin)?.into_iter().enumerate() {
        let span = match &first.span {
            Span::AllDay { start, end } => Span::AllDay { start: date, end: date + (*end - *start) },
            Span::Timed { start_zone, end_zone, .. } => {
                // The wall clock stays, the instant moves with the zone's offset.
                let at = zone.instant(date.and_time(zone.local(start).time()));
                Span::Timed { start: at, end: at + (end - start), start_zone: *start_zone, end_zone: *end_zone }
            }
        };
        let id = if number == 0 { first.id.clone() } else { ids::event() };
        let ical_uid = if number == 0 { first.ical_uid.clone() } else { format!("{}{number:04X}", first.ical_uid) };
        events.push(Event { id, ical_uid, span, series: Some(series.to_owned()), ..first.clone() });
    }
    if events.is_empty() {
        return Err(invalid("The recurrence has no occurrence."));
    }
    Ok(events)
}

/// 400 if the new span of an occurrence touches or passes another one of its series.
pub fn check_neighbours(state: &State, old: &Event, span: &Span) -> Result<(), GraphError> {
    if old.series.is_none() {
        return Ok(());
    }
    let zone = state.calendars.get(&old.calendar).map_or(chrono_tz::UTC, |calendar| calendar.zone);
    let (before, (start, end)) = (old.span.interval(zone).0, span.interval(zone));
    let others = state
        .events_in(&old.calendar)
        .filter(|event| event.series == old.series && event.id != old.id && event.status != EventStatus::Cancelled);
    for other in others {
        let (other_start, other_end) = other.span.interval(zone);
        let crossed = if other_start < before { start < other_end } else { end > other_start };
        if crossed {
            let message = "Modified occurrence is crossing or overlapping adjacent occurrence.";
            return Err(GraphError::bad("ErrorOccurrenceCrossingBoundary", message));
        }
    }
    Ok(())
}

fn invalid(reason: &str) -> GraphError {
    GraphError::bad("ErrorPropertyValidationFailure", format!("At least one property failed validation. {reason}"))
}

/// The dates of a recurrence, from the range's start (or the event's own) on.
fn dates(recurrence: &Value, begin: NaiveDate) -> Result<Vec<NaiveDate>, GraphError> {
    let (pattern, range) = (&recurrence["pattern"], &recurrence["range"]);
    let date = |name: &str| range[name].as_str().and_then(|text| text.parse::<NaiveDate>().ok());
    let begin = date("startDate").unwrap_or(begin);
    let last = match range["type"].as_str() {
        Some("endDate") => Some(date("endDate").ok_or_else(|| invalid("recurrence.range.endDate is required."))?),
        Some("numbered" | "noEnd") => None,
        _ => return Err(invalid("recurrence.range.type is required.")),
    };
    let count = match range["type"].as_str() {
        Some("numbered") => {
            let number = range["numberOfOccurrences"].as_u64().filter(|number| (1..=999).contains(number));
            let number = number.ok_or_else(|| invalid("recurrence.range.numberOfOccurrences is required."))?;
            usize::try_from(number).unwrap_or(MOST)
        }
        _ => MOST,
    };
    let step = Pattern::read(pattern)?;
    let mut dates = Vec::new();
    for period in 0..MOST as u32 {
        let candidates = step.period(begin, period);
        let Some(earliest) = candidates.first().copied().or_else(|| step.anchor(begin, period)) else { break };
        if last.is_some_and(|last| earliest > last) {
            break;
        }
        let fits = |date: &NaiveDate| *date >= begin && last.is_none_or(|last| *date <= last);
        dates.extend(candidates.into_iter().filter(fits));
        if dates.len() >= count.min(MOST) {
            break;
        }
    }
    dates.truncate(count.min(MOST));
    Ok(dates)
}

enum Unit {
    Days,
    /// The days wanted, and on which day a week starts.
    Weeks(Vec<Weekday>, Weekday),
    /// Day of the month, every so many months.
    Months(u32),
    /// Which of the days that match, every so many months.
    RelativeMonths(Vec<Weekday>, usize),
}

struct Pattern {
    unit: Unit,
    interval: u32,
    /// For yearly patterns, the month of the year.
    month: Option<u32>,
}

impl Pattern {
    fn read(pattern: &Value) -> Result<Self, GraphError> {
        let number = |name: &str| pattern[name].as_u64().and_then(|value| u32::try_from(value).ok());
        let interval = number("interval").filter(|interval| (1..=99).contains(interval));
        let interval = interval.ok_or_else(|| invalid("recurrence.pattern.interval is required."))?;
        let days: Vec<_> = pattern["daysOfWeek"].as_array().into_iter().flatten().filter_map(weekday).collect();
        let need_days = || {
            if days.is_empty() { Err(invalid("recurrence.pattern.daysOfWeek is required.")) } else { Ok(days.clone()) }
        };
        let day = || {
            let day = number("dayOfMonth").filter(|day| (1..=31).contains(day));
            day.ok_or_else(|| invalid("recurrence.pattern.dayOfMonth is required."))
        };
        let index = match pattern["index"].as_str() {
            Some("second") => 1,
            Some("third") => 2,
            Some("fourth") => 3,
            Some("last") => usize::MAX,
            _ => 0,
        };
        let kind = pattern["type"].as_str().unwrap_or_default();
        let unit = match kind {
            "daily" => Unit::Days,
            "weekly" => Unit::Weeks(need_days()?, weekday(&pattern["firstDayOfWeek"]).unwrap_or(Weekday::Sun)),
            "absoluteMonthly" | "absoluteYearly" => Unit::Months(day()?),
            "relativeMonthly" | "relativeYearly" => Unit::RelativeMonths(need_days()?, index),
            _ => return Err(invalid("recurrence.pattern.type is required.")),
        };
        let month = match kind.ends_with("Yearly") {
            true => {
                let month = number("month").filter(|month| (1..=12).contains(month));
                Some(month.ok_or_else(|| invalid("recurrence.pattern.month is required."))?)
            }
            false => None,
        };
        Ok(Self { unit, interval, month })
    }

    /// The first day of the period of this number, counted from the one that holds `begin`.
    fn anchor(&self, begin: NaiveDate, period: u32) -> Option<NaiveDate> {
        let steps = period * self.interval;
        match &self.unit {
            Unit::Days => begin.checked_add_days(Days::new(steps.into())),
            Unit::Weeks(_, first) => {
                let week = begin.week(*first).first_day();
                week.checked_add_days(Days::new(u64::from(steps) * 7))
            }
            Unit::Months(_) | Unit::RelativeMonths(..) => {
                let months = if self.month.is_some() { steps * 12 } else { steps };
                let start = begin.with_day(1)?.with_month(self.month.unwrap_or(begin.month()))?;
                start.checked_add_months(Months::new(months))
            }
        }
    }

    /// The dates of one period.
    fn period(&self, begin: NaiveDate, period: u32) -> Vec<NaiveDate> {
        let Some(anchor) = self.anchor(begin, period) else { return Vec::new() };
        match &self.unit {
            Unit::Days => vec![anchor],
            Unit::Weeks(days, _) => anchor.iter_days().take(7).filter(|date| days.contains(&date.weekday())).collect(),
            Unit::Months(day) => {
                // A month too short for the day takes its last one, as Outlook does.
                let days = days_of(anchor);
                days.get(*day as usize - 1).or(days.last()).copied().into_iter().collect()
            }
            Unit::RelativeMonths(days, index) => {
                let fitting: Vec<_> =
                    days_of(anchor).into_iter().filter(|date| days.contains(&date.weekday())).collect();
                fitting.get(*index).or(fitting.last()).copied().into_iter().collect()
            }
        }
    }
}

fn days_of(first: NaiveDate) -> Vec<NaiveDate> {
    first.iter_days().take_while(|date| date.month() == first.month()).collect()
}

fn weekday(value: &Value) -> Option<Weekday> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::json;

    fn days(recurrence: &Value, begin: &str) -> Vec<String> {
        dates(recurrence, begin.parse().unwrap()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn patterns_give_their_dates() {
        let weekly = json!({
            "pattern": { "type": "weekly", "interval": 2, "daysOfWeek": ["tuesday", "thursday"], "firstDayOfWeek": "monday" },
            "range": { "type": "endDate", "startDate": "2026-12-01", "endDate": "2026-12-17" },
        });
        assert_eq!(days(&weekly, "2026-12-01"), ["2026-12-01", "2026-12-03", "2026-12-15", "2026-12-17"]);
        let monthly = json!({
            "pattern": { "type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31 },
            "range": { "type": "numbered", "numberOfOccurrences": 3 },
        });
        assert_eq!(days(&monthly, "2027-01-31"), ["2027-01-31", "2027-02-28", "2027-03-31"]);
        let last_friday = json!({
            "pattern": { "type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last" },
            "range": { "type": "numbered", "numberOfOccurrences": 2 },
        });
        assert_eq!(days(&last_friday, "2026-12-01"), ["2026-12-25", "2027-01-29"]);
        let yearly = json!({
            "pattern": { "type": "absoluteYearly", "interval": 1, "dayOfMonth": 4, "month": 7 },
            "range": { "type": "numbered", "numberOfOccurrences": 2 },
        });
        assert_eq!(days(&yearly, "2026-12-01"), ["2027-07-04", "2028-07-04"]);
    }

    #[test]
    fn a_pattern_without_what_it_needs_is_refused() {
        let range = json!({ "type": "noEnd" });
        for pattern in
            [json!({ "type": "weekly", "interval": 1 }), json!({ "type": "daily" }), json!({ "interval": 1 })]
        {
            let recurrence = json!({ "pattern": pattern, "range": range });
            assert!(dates(&recurrence, "2026-12-01".parse().unwrap()).is_err(), "{recurrence}");
        }
    }

    #[test]
    fn a_series_keeps_its_wall_clock_over_a_change_of_offset() {
        let zone = Zone::parse("W. Europe Standard Time").unwrap();
        let start = zone.instant("2027-03-27T09:00:00".parse().unwrap());
        let span = Span::timed(start, start + TimeDelta::minutes(30), zone.tz);
        let first = Event::new("c", &ids::event(), "U", "o@example.org", span, start);
        let daily = json!({
            "pattern": { "type": "daily", "interval": 1 },
            "range": { "type": "numbered", "numberOfOccurrences": 2 },
        });
        let events = occurrences(&first, &daily, "s", &zone).unwrap();
        let starts: Vec<_> = events.iter().map(|event| event.span.interval(zone.tz).0.to_rfc3339()).collect();
        assert_eq!(starts, ["2027-03-27T08:00:00+00:00", "2027-03-28T07:00:00+00:00"]);
        assert_ne!(events[0].ical_uid, events[1].ical_uid);
    }
}
