//! When a rule of RFC 5545 section 3.3.10 comes round, in wall time, within bounds.
//!
//! The rule is read here, strictly, and turned over by the `rrule` library in a world without offsets: the wall times it gives are
//! made instants by the clock of the event. What is not understood, or takes too long, is an answer of its own, never a shorter
//! series.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use rrule::{RRule, RRuleSet, Unvalidated};

use super::zones::Clock;

/// The most times of one event within a window.
pub const INSTANCES: usize = 5_000;
/// How many times of a rule are counted off until it is given up: daily for 270 years.
const STEPS: usize = 100_000;

/// What may still be counted off for a whole answer; a stranger may send many rules.
pub struct Budget(usize);

impl Budget {
    pub fn new() -> Self {
        Self(20 * STEPS)
    }

    fn take(&mut self) -> Result<(), Odd> {
        self.0 = self.0.checked_sub(1).ok_or(Odd)?;
        Ok(())
    }
}

/// A rule that is not understood or has no end in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odd;

/// The times of a rule from `from` to `to`, both wall time like its start.
pub fn times(
    rule: &str,
    start: NaiveDateTime,
    clock: Clock,
    (from, to): (NaiveDateTime, NaiveDateTime),
    budget: &mut Budget,
) -> Result<Vec<NaiveDateTime>, Odd> {
    let rule = Rule::read(rule, clock)?;
    if rule.until.is_some_and(|until| until < start) {
        return Ok(Vec::new());
    }
    let utc = rrule::Tz::UTC;
    let first = start.and_utc().with_timezone(&utc);
    let mut parsed: RRule<Unvalidated> = rule.text.parse().map_err(|_| Odd)?;
    if let Some(until) = rule.until {
        parsed = parsed.until(until.and_utc().with_timezone(&utc));
    }
    let valid = parsed.validate(first).map_err(|_| Odd)?;
    let set = RRuleSet::new(first).rrule(valid).limit();
    let mut times = Vec::new();
    for (step, time) in set.into_iter().enumerate() {
        budget.take()?;
        let time = time.naive_utc();
        if time >= to {
            return Ok(times);
        }
        if step == STEPS || times.len() == INSTANCES {
            return Err(Odd);
        }
        if time >= from {
            times.push(time);
        }
    }
    // The library stops by itself where nothing comes round for long.
    if rule.ends { Ok(times) } else { Err(Odd) }
}

/// A rule in parts that are all known.
struct Rule {
    /// Without `UNTIL`, which is read by another clock than the library would.
    text: String,
    until: Option<NaiveDateTime>,
    /// Whether it has a last time.
    ends: bool,
}

impl Rule {
    fn read(text: &str, clock: Clock) -> Result<Self, Odd> {
        let (mut kept, mut until, mut ends) = (Vec::new(), None, false);
        let mut a_day = 1;
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(Odd)?;
            let (name, value) = (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
            let numbers = value.split(',').count();
            match name.as_str() {
                // Nothing people meet for, and too many to count.
                "FREQ" if matches!(value.as_str(), "SECONDLY" | "MINUTELY") => return Err(Odd),
                "UNTIL" => {
                    until = Some(self::until(&value, clock).ok_or(Odd)?);
                    ends = true;
                    continue;
                }
                "COUNT" => ends = true,
                "INTERVAL" if value == "0" => return Err(Odd),
                "BYHOUR" | "BYMINUTE" | "BYSECOND" => a_day *= numbers,
                "FREQ" | "INTERVAL" | "BYDAY" | "BYMONTHDAY" | "BYYEARDAY" | "BYWEEKNO" | "BYMONTH" | "BYSETPOS"
                | "WKST" => {}
                // RFC 7529: the same as without.
                "RSCALE" if value == "GREGORIAN" => continue,
                "SKIP" if value == "OMIT" => continue,
                _ => return Err(Odd),
            }
            kept.push(format!("{name}={value}"));
        }
        // A year of seconds would be made at once.
        if a_day > 48 {
            return Err(Odd);
        }
        Ok(Self { text: kept.join(";"), until, ends })
    }
}

/// `UNTIL` as wall time. It should be of the kind of the start, and in the wild is not: a date lasts until its end.
fn until(text: &str, clock: Clock) -> Option<NaiveDateTime> {
    if let Some(utc) = text.strip_suffix('Z') {
        return Some(clock.wall(wall(utc)?.and_utc()));
    }
    if text.contains('T') {
        return wall(text);
    }
    date(text)?.and_hms_opt(23, 59, 59)
}

/// `20270308T140000`. A leap second is the one before.
pub fn wall(text: &str) -> Option<NaiveDateTime> {
    let (day, time) = text.split_once('T')?;
    let is_time = time.len() == 6 && time.bytes().all(|byte| byte.is_ascii_digit());
    let part = |from: usize| time.get(from..from + 2)?.parse::<u32>().ok();
    date(day).filter(|_| is_time)?.and_hms_opt(part(0)?, part(2)?, part(4)?.min(59))
}

/// `20270308`
pub fn date(text: &str) -> Option<NaiveDate> {
    let is_date = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_date.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok())?
}

/// A duration (RFC 5545 section 3.3.6), as days on the calendar and seconds on the watch; at most some ten years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    pub days: i64,
    pub seconds: i64,
}

impl Length {
    const DAYS: i64 = 4_000;

    pub fn new(days: i64, seconds: i64) -> Self {
        let most = Self::DAYS * 86_400;
        Self { days: days.clamp(0, Self::DAYS), seconds: seconds.clamp(0, most) }
    }

    /// Reads `P2W`, `P1DT12H` or `PT45M`; a negative one has no length.
    pub fn read(text: &str) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
        let (mut days, mut seconds, mut in_time) = (0_i64, 0_i64, false);
        while !rest.is_empty() {
            if let Some(time) = rest.strip_prefix('T').filter(|_| !in_time) {
                (rest, in_time) = (time, true);
                continue;
            }
            let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
            let (number, unit) = rest.split_at(digits);
            let number = number.parse::<i64>().unwrap_or(i64::MAX);
            let add = |sum: i64, each: i64| sum.saturating_add(number.saturating_mul(each));
            match (unit.chars().next()?, in_time) {
                ('W', false) => days = add(days, 7),
                ('D', false) => days = add(days, 1),
                ('H', true) => seconds = add(seconds, 3600),
                ('M', true) => seconds = add(seconds, 60),
                ('S', true) => seconds = add(seconds, 1),
                _ => return None,
            }
            rest = &unit[1..];
        }
        Some(if is_negative { Self::default() } else { Self::new(days, seconds) })
    }

    /// The most it can be.
    pub fn upper(self) -> TimeDelta {
        TimeDelta::days(self.days) + TimeDelta::seconds(self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        wall(text).expect(text)
    }

    fn of(rule: &str, start: &str, from: &str, to: &str) -> Result<Vec<String>, Odd> {
        let berlin = Clock::Zone(chrono_tz::Europe::Berlin);
        let times = times(rule, at(start), berlin, (at(from), at(to)), &mut Budget::new())?;
        Ok(times.iter().map(|time| time.format("%Y%m%dT%H%M%S").to_string()).collect())
    }

    #[test]
    fn rules_come_round_when_they_should() {
        let march = ("20270301T000000", "20270401T000000");
        for (rule, start, expected) in [
            ("FREQ=WEEKLY;BYDAY=MO", "20150105T100000", &["01", "08", "15", "22", "29"][..]),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "20150105T100000", &["01", "15", "29"]),
            ("FREQ=MONTHLY;BYDAY=2TU", "20200114T100000", &["09"]),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20200131T100000", &["31"]),
            ("freq=daily;count=3", "20270330T100000", &["30", "31"]),
            ("FREQ=DAILY;UNTIL=20270302T090000Z", "20270301T100000", &["01", "02"]),
            ("FREQ=DAILY;UNTIL=20270302T085959Z", "20270301T100000", &["01"]),
            ("FREQ=DAILY;UNTIL=20270302", "20270301T100000", &["01", "02"]),
            ("FREQ=DAILY;UNTIL=20270302T100000", "20270301T100000", &["01", "02"]),
            ("FREQ=DAILY;UNTIL=20200101T000000Z", "20270301T100000", &[]),
            ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;RSCALE=GREGORIAN;SKIP=OMIT", "19810329T100000", &["28"]),
        ] {
            let expected = expected.iter().map(|day| format!("202703{day}T100000")).collect::<Vec<_>>();
            assert_eq!(of(rule, start, march.0, march.1), Ok(expected), "{rule}");
        }
    }

    #[test]
    fn what_is_not_understood_or_never_ends_says_so() {
        for rule in [
            "",
            "FREQ=SECONDLY",
            "FREQ=MINUTELY;COUNT=5",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;INTERVAL=65537",
            "FREQ=DAILY;COUNT=4294967297",
            "FREQ=DAILY;COUNT=x",
            "FREQ=DAILY;BYEASTER=1",
            "FREQ=DAILY;BYMONTHDAY=257",
            "FREQ=NEVER",
            "FREQ=DAILY;UNTIL=soon",
            "FREQ=DAILY;RSCALE=CHINESE",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=YEARLY;BYHOUR=1,2,3,4,5,6,7;BYMINUTE=1,2,3,4,5,6,7",
            "FREQ=HOURLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12",
            "INTERVAL=2",
            "rubbish",
        ] {
            assert_eq!(of(rule, "19700101T100000", "20270301T000000", "20270401T000000"), Err(Odd), "{rule}");
        }
        let many = of("FREQ=HOURLY", "20270101T100000", "20270101T000000", "20280101T000000");
        assert_eq!(many, Err(Odd), "more than may be within a window");
        let counted = of("FREQ=DAILY;COUNT=2147483647", "20270301T100000", "20270301T000000", "20270303T000000");
        assert_eq!(counted.map(|times| times.len()), Ok(2));
    }

    #[test]
    fn durations_are_days_and_seconds() {
        for (text, expected) in [
            ("PT45M", Some((0, 2700))),
            ("P1DT12H", Some((1, 43_200))),
            ("P2W", Some((14, 0))),
            ("+PT1H30S", Some((0, 3630))),
            ("-PT1H", Some((0, 0))),
            ("P99999999D", Some((4000, 0))),
            ("PT99999999999999999999H", Some((0, 4000 * 86_400))),
            ("", None),
            ("P", None),
            ("PT", Some((0, 0))),
            ("P1H", None),
            ("PT1D", None),
            ("45M", None),
            ("P1", None),
            ("P1é", None),
        ] {
            let read = Length::read(text).map(|length| (length.days, length.seconds));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(wall("20270308T235960"), wall("20270308T235959"));
        for bad in [
            "2027-03-08T10:00:00",
            "20270230T100000",
            "20270308T250000",
            "20270308",
            "20270308T1000",
            "2027é08T100000",
            "",
        ] {
            assert_eq!(wall(bad), None, "{bad}");
        }
        assert!(date("00010101").is_some() && date("99991231").is_some() && date("+2027030").is_none());
    }
}
