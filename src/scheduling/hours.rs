//! When somebody works: weekly windows and date overrides on the clocks of a zone, turned into instants.
//!
//! This is the only way from wall time to a person's intervals. The rule for daylight-saving changes is
//! [`super::clock`]'s: a wall time in a gap moves later, one that happens twice is the first. A window is therefore as
//! long as its instants say: 01:00-04:00 in New York on the night of the spring change is two hours. `24:00` is the
//! next date's midnight; a night shift is two windows, and because touching windows are joined they act as one.

use super::clock::{DAY, ZoneClock};
use super::interval::{self, EndNotAfterStart, Interval};
use super::strict::Object;
use chrono::{DateTime, Datelike, NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A time on the clock, in whole minutes from `00:00` to `24:00`, written `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

/// The text is not a time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of day (HH:MM, from 00:00 to 24:00)")]
pub struct NotATimeOfDay(String);

impl TimeOfDay {
    /// `00:00`.
    pub const MIDNIGHT: Self = Self(0);
    /// `24:00`: the end of a day, the same instant as the next date's `00:00`.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// From an hour and a minute on the clock.
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then(|| Self(hour * 60 + minute))
    }

    /// From minutes after midnight, `0..=1440`.
    pub fn from_minutes(minutes: u16) -> Option<Self> {
        (minutes <= Self::END_OF_DAY.0).then_some(Self(minutes))
    }

    /// Minutes after midnight on the clock, `0..=1440`.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = NotATimeOfDay;

    fn from_str(text: &str) -> Result<Self, NotATimeOfDay> {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
        let parsed = match *text.as_bytes() {
            [a, b, b':', c, d] => (|| Self::new(digit(a)? * 10 + digit(b)?, digit(c)? * 10 + digit(d)?))(),
            _ => None,
        };
        parsed.ok_or_else(|| NotATimeOfDay(text.chars().take(20).collect()))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Hours of one date, `[start, end)` on the clock; never empty, never backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Object<DayWindowText>")]
pub struct DayWindow {
    start: TimeOfDay,
    end: TimeOfDay,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayWindowText {
    start: TimeOfDay,
    end: TimeOfDay,
}

impl TryFrom<Object<DayWindowText>> for DayWindow {
    type Error = EndNotAfterStart;

    fn try_from(Object(text): Object<DayWindowText>) -> Result<Self, EndNotAfterStart> {
        Self::new(text.start, text.end).ok_or(EndNotAfterStart)
    }
}

impl DayWindow {
    /// `None` unless `start` is before `end`; hours past midnight are two windows.
    pub fn new(start: TimeOfDay, end: TimeOfDay) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first minute inside.
    pub fn start(&self) -> TimeOfDay {
        self.start
    }

    /// The first minute no longer inside.
    pub fn end(&self) -> TimeOfDay {
        self.end
    }
}

/// Hours that come back every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Object<WeeklyWindowText>")]
pub struct WeeklyWindow {
    #[serde(serialize_with = "write_weekday")]
    weekday: Weekday,
    start: TimeOfDay,
    end: TimeOfDay,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeeklyWindowText {
    #[serde(deserialize_with = "read_weekday")]
    weekday: Weekday,
    start: TimeOfDay,
    end: TimeOfDay,
}

impl TryFrom<Object<WeeklyWindowText>> for WeeklyWindow {
    type Error = EndNotAfterStart;

    fn try_from(Object(text): Object<WeeklyWindowText>) -> Result<Self, EndNotAfterStart> {
        let hours = DayWindow::new(text.start, text.end).ok_or(EndNotAfterStart)?;
        Ok(Self::new(text.weekday, hours))
    }
}

impl WeeklyWindow {
    /// `hours` on every `weekday`.
    pub fn new(weekday: Weekday, hours: DayWindow) -> Self {
        Self { weekday, start: hours.start, end: hours.end }
    }

    /// The same hours on each of Monday to Friday.
    pub fn office_week(hours: DayWindow) -> Vec<Self> {
        WEEK[..5].iter().map(|&(weekday, _)| Self::new(weekday, hours)).collect()
    }

    /// The day of the week, on the person's own calendar.
    pub fn weekday(&self) -> Weekday {
        self.weekday
    }

    /// The hours of that day.
    pub fn hours(&self) -> DayWindow {
        DayWindow { start: self.start, end: self.end }
    }
}

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

fn write_weekday<S: Serializer>(weekday: &Weekday, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(WEEK[weekday.num_days_from_monday() as usize].1)
}

fn read_weekday<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weekday, D::Error> {
    let text = String::deserialize(deserializer)?;
    WEEK.iter().find(|(_, name)| *name == text).map(|(weekday, _)| *weekday).ok_or_else(|| {
        let shown: String = text.chars().take(20).collect();
        de::Error::custom(format!("{shown:?} is not a weekday (mon, tue, wed, thu, fri, sat, sun)"))
    })
}

/// The hours of one date in place of its weekly ones; without windows it is a day off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Object<DayOverrideText>")]
pub struct DayOverride {
    /// On the person's own calendar, written `YYYY-MM-DD`.
    pub date: NaiveDate,
    /// In any order; overlapping ones count once.
    pub windows: Vec<DayWindow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayOverrideText {
    #[serde(deserialize_with = "read_date")]
    date: NaiveDate,
    windows: Vec<DayWindow>,
}

impl From<Object<DayOverrideText>> for DayOverride {
    fn from(Object(text): Object<DayOverrideText>) -> Self {
        Self { date: text.date, windows: text.windows }
    }
}

fn read_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    // chrono also takes signs, spaces and single digits; RFC 3339's full-date is exactly ten characters.
    let parsed = (text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
        .then(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok())
        .flatten();
    parsed.ok_or_else(|| {
        let shown: String = text.chars().take(20).collect();
        de::Error::custom(format!("{shown:?} is not a date (YYYY-MM-DD)"))
    })
}

/// Hours within a span, as instants: sorted, disjoint, cut to the span.
///
/// A date's overrides replace its weekly windows; several for one date add up.
pub fn working_hours(zone: Tz, weekly: &[WeeklyWindow], overrides: &[DayOverride], within: Interval) -> Vec<Interval> {
    let (from, to) = (within.start().timestamp(), within.end().timestamp() + 1);
    let clock = ZoneClock::new(zone, from, to);
    let at = |second: i64| DateTime::from_timestamp(second, 0).expect("hours lie within a day of a chrono instant");
    let hours: Vec<Interval> = working_seconds(&clock, weekly, overrides, (from, to))
        .into_iter()
        .filter_map(|(start, end)| Interval::new(at(start), at(end)))
        .collect();
    interval::intersect(&hours, &[within])
}

/// As [`working_hours`], in seconds: sorted, disjoint, and at least all that touches the span.
pub(super) fn working_seconds(
    clock: &ZoneClock,
    weekly: &[WeeklyWindow],
    overrides: &[DayOverride],
    (from, to): (i64, i64),
) -> Vec<(i64, i64)> {
    if weekly.is_empty() && overrides.is_empty() {
        return Vec::new();
    }
    let mut by_weekday: [Vec<DayWindow>; 7] = Default::default();
    for window in weekly {
        by_weekday[window.weekday.num_days_from_monday() as usize].push(window.hours());
    }
    let mut dated: Vec<(i64, &[DayWindow])> =
        overrides.iter().map(|day| (day_number(day.date), day.windows.as_slice())).collect();
    dated.sort_unstable_by_key(|(day, _)| *day);

    // Two dates to spare on the left: a skipped date (Samoa, 2011) moves its windows a whole day later.
    let (first, last) = (clock.day_of(from) - 2, clock.day_of(to) + 1);
    let mut dated = &dated[dated.partition_point(|(day, _)| *day < first)..];
    let mut spans = Vec::new();
    for day in first..=last {
        let midnight = day * DAY;
        let mut add = |windows: &[DayWindow]| {
            spans.extend(windows.iter().map(|window| {
                let instant = |time: TimeOfDay| clock.instant_of(midnight + i64::from(time.minutes()) * 60);
                (instant(window.start), instant(window.end))
            }));
        };
        let todays = dated.iter().take_while(|(date, _)| *date == day).count();
        if todays == 0 {
            // 1970-01-01 was a Thursday.
            add(&by_weekday[(day + 3).rem_euclid(7) as usize]);
        }
        dated[..todays].iter().for_each(|(_, windows)| add(windows));
        dated = &dated[todays..];
    }
    join(spans)
}

/// Days since 1970-01-01.
pub(super) fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// Sorts spans, drops empty ones, joins those that overlap or touch. A gap in the clocks can empty a window.
pub(super) fn join(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.retain(|(start, end)| start < end);
    if !spans.is_sorted() {
        spans.sort_unstable();
    }
    spans.dedup_by(|next, kept| {
        let joins = next.0 <= kept.1;
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
    spans
}

#[cfg(test)]
mod tests;
