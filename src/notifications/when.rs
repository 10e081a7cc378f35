//! Times as people read them: "Tue 9 March, 15:00-15:45, Berlin". Always with the zone, never a date as bare numbers.
//!
//! What a newcomer would get wrong: in the hour that a clock change repeats, and across any change, a wall-clock time
//! alone does not name the instant; there the offset is added.

use chrono::{DateTime, MappedLocalTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::scheduling::{interval::Interval, zones};

/// A span: `Tue 9 March, 15:00-15:45, Berlin`. One that ends on another day names both.
pub fn span(span: Interval, zone: Tz) -> String {
    let start = span.start().with_timezone(&zone);
    let end = span.end().with_timezone(&zone);
    let changes = zones::offset_seconds(zone, span.start()) != zones::offset_seconds(zone, span.end());
    let exact = changes || is_repeated(&start) || is_repeated(&end);
    let (from, to) = (clock(&start, exact), clock(&end, exact));
    let (first, last) = (day(&start), day(&end));
    let place = place(zone, span.start());
    if start.date_naive() == end.date_naive() {
        format!("{first}, {from}-{to}, {place}")
    } else {
        format!("{first}, {from} - {last}, {to}, {place}")
    }
}

/// An instant: `Tue 9 March, 15:00, Berlin`.
pub fn instant(instant: DateTime<Utc>, zone: Tz) -> String {
    let local = instant.with_timezone(&zone);
    format!("{}, {}, {}", day(&local), clock(&local, is_repeated(&local)), place(zone, instant))
}

/// A date without its time: `Tue 9 March`.
pub fn date(at: DateTime<Utc>, zone: Tz) -> String {
    day(&at.with_timezone(&zone))
}

/// The days of a window: `8 to 19 March`.
pub fn days(window: Interval, zone: Tz) -> String {
    let first = window.start().with_timezone(&zone);
    let last = (window.end() - TimeDelta::seconds(1)).with_timezone(&zone);
    if first.format("%B %Y").to_string() == last.format("%B %Y").to_string() {
        format!("{} to {}", first.format("%-d"), last.format("%-d %B"))
    } else {
        format!("{} to {}", first.format("%-d %B"), last.format("%-d %B"))
    }
}

/// A length: `45 minutes`, `1 hour`, `1 hour 30 minutes`.
pub fn length(minutes: u32) -> String {
    let counted = |n: u32, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match (minutes / 60, minutes % 60) {
        (0, m) => counted(m, "minute"),
        (h, 0) => counted(h, "hour"),
        (h, m) => format!("{} {}", counted(h, "hour"), counted(m, "minute")),
    }
}

/// Whether clocks in the two zones show different times during the span.
pub fn clocks_differ(span: Interval, a: Tz, b: Tz) -> bool {
    [span.start(), span.end()].into_iter().any(|at| zones::offset_seconds(a, at) != zones::offset_seconds(b, at))
}

/// The place a zone is named after. The `Etc` zones are no places, and by an old convention their names count the wrong
/// way round (`Etc/GMT+5` lies five hours behind UTC): for them, the offset.
fn place(zone: Tz, at: DateTime<Utc>) -> String {
    if zones::canonical(zone).name().starts_with("Etc/") { zones::offset_label(zone, at) } else { zones::place(zone) }
}

fn day(local: &DateTime<Tz>) -> String {
    local.format("%a %-d %B").to_string()
}

fn clock(local: &DateTime<Tz>, with_offset: bool) -> String {
    let time = local.format("%H:%M");
    if with_offset {
        format!("{time} ({})", zones::offset_label(local.timezone(), local.to_utc()))
    } else {
        time.to_string()
    }
}

/// Whether the wall clock shows this time twice that day.
fn is_repeated(local: &DateTime<Tz>) -> bool {
    matches!(local.timezone().from_local_datetime(&local.naive_local()), MappedLocalTime::Ambiguous(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn between(start: &str, end: &str) -> Interval {
        Interval::new(at(start), at(end)).expect("a span")
    }

    #[test]
    fn spans_name_day_clock_and_place() {
        let march = between("2027-03-09T14:00:00Z", "2027-03-09T14:45:00Z");
        for (zone, text) in [
            (Tz::Europe__Berlin, "Tue 9 March, 15:00-15:45, Berlin"),
            (Tz::America__New_York, "Tue 9 March, 09:00-09:45, New York"),
            (Tz::America__Argentina__Buenos_Aires, "Tue 9 March, 11:00-11:45, Buenos Aires, Argentina"),
            (Tz::Asia__Kathmandu, "Tue 9 March, 19:45-20:30, Kathmandu"),
            (Tz::Australia__Lord_Howe, "Wed 10 March, 01:00-01:45, Lord Howe"),
            (Tz::UTC, "Tue 9 March, 14:00-14:45, UTC"),
            (Tz::Etc__GMTPlus5, "Tue 9 March, 09:00-09:45, UTC-5"),
        ] {
            assert_eq!(span(march, zone), text);
        }
        let night = between("2027-03-09T22:30:00Z", "2027-03-09T23:15:00Z");
        assert_eq!(span(night, Tz::Europe__Berlin), "Tue 9 March, 23:30 - Wed 10 March, 00:15, Berlin");
    }

    #[test]
    fn a_repeated_hour_says_which() {
        let first = between("2027-10-31T00:15:00Z", "2027-10-31T00:45:00Z");
        let second = between("2027-10-31T01:15:00Z", "2027-10-31T01:45:00Z");
        assert_eq!(span(first, Tz::Europe__Berlin), "Sun 31 October, 02:15 (UTC+2)-02:45 (UTC+2), Berlin");
        assert_eq!(span(second, Tz::Europe__Berlin), "Sun 31 October, 02:15 (UTC+1)-02:45 (UTC+1), Berlin");
        assert_eq!(instant(second.start(), Tz::Europe__Berlin), "Sun 31 October, 02:15 (UTC+1), Berlin");
        // Lord Howe changes by half an hour.
        let lord_howe = between("2027-04-03T14:45:00Z", "2027-04-03T15:15:00Z");
        assert_eq!(
            span(lord_howe, Tz::Australia__Lord_Howe),
            "Sun 4 April, 01:45 (UTC+11)-01:45 (UTC+10:30), Lord Howe"
        );
        // Spring: 01:45 to 03:15 lasts half an hour.
        let gap = between("2027-03-28T00:45:00Z", "2027-03-28T01:15:00Z");
        assert_eq!(span(gap, Tz::Europe__Berlin), "Sun 28 March, 01:45 (UTC+1)-03:15 (UTC+2), Berlin");
    }

    #[test]
    fn lengths_read_like_speech() {
        assert_eq!(
            [1, 45, 60, 90, 121].map(length),
            ["1 minute", "45 minutes", "1 hour", "1 hour 30 minutes", "2 hours 1 minute"]
        );
    }

    #[test]
    fn zones_with_the_same_clock_do_not_differ() {
        let march = between("2027-03-09T14:00:00Z", "2027-03-09T14:45:00Z");
        assert!(!clocks_differ(march, Tz::Europe__Berlin, Tz::Europe__Paris));
        assert!(clocks_differ(march, Tz::Europe__Berlin, Tz::Europe__London));
    }
}
