//! Dates and hours of a request form, on the clocks of its zone.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

use super::FieldError;
use crate::{
    ids::Email,
    scheduling::{
        clock::{self, WallTime},
        interval::Interval,
    },
};

/// Most days a request may span.
const LONGEST_WINDOW: i64 = 90;
/// Most typed windows of one request.
const MOST_WINDOWS: usize = 500;

/// The weekdays' hours inside which unknown people are offered, over the whole window; none if both ends are empty.
pub(super) fn fallback(start: &str, end: &str, zone: Tz, window: Interval) -> Result<Vec<Interval>, FieldError> {
    if start.trim().is_empty() && end.trim().is_empty() {
        return Ok(Vec::new());
    }
    let hours = Hours { start: time_of_day("unknown_start", start)?, end: end_of_hours("unknown_end", end)? };
    if hours.end.is_some_and(|end| end <= hours.start) {
        return Err(FieldError::new("unknown_end", "window_invalid", "The hours end before they start."));
    }
    let first = window.start().with_timezone(&zone).date_naive();
    let last = window.end().with_timezone(&zone).date_naive();
    let weekdays = first
        .iter_days()
        .take_while(|date| *date <= last)
        .filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun));
    // Daily hours follow the rule for hours (a skipped time moves later); only an hour typed for one date can be wrong.
    Ok(weekdays.filter_map(|date| hours.on(date, zone)).collect())
}

/// Hours of a day by the clock; no end is the end of the day.
struct Hours {
    start: NaiveTime,
    end: Option<NaiveTime>,
}

impl Hours {
    fn walls(&self, date: NaiveDate) -> (NaiveDateTime, NaiveDateTime) {
        let end = self.end.map_or_else(|| (date + Days::new(1)).and_time(NaiveTime::MIN), |end| date.and_time(end));
        (date.and_time(self.start), end)
    }

    fn on(&self, date: NaiveDate, zone: Tz) -> Option<Interval> {
        let (start, end) = self.walls(date);
        Interval::new(instant(start, zone), instant(end, zone))
    }
}

/// A calendar date, `2027-03-08`; digits of other scripts are read as digits.
pub fn date(field: &str, text: &str) -> Result<NaiveDate, FieldError> {
    let text = plain_digits(text);
    let plain = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let parsed = plain.then(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()).flatten();
    parsed
        .filter(|date| (2000..2200).contains(&date.year()))
        .ok_or_else(|| FieldError::new(field, "date_invalid", "Choose a date."))
}

fn time_of_day(field: &str, text: &str) -> Result<NaiveTime, FieldError> {
    let text = plain_digits(text);
    NaiveTime::parse_from_str(&text, "%H:%M")
        .map_err(|_| FieldError::new(field, "date_invalid", "Give a time of day, such as 09:00."))
}

/// A time of day at which hours end; `None` is 24:00, the end of the day.
fn end_of_hours(field: &str, text: &str) -> Result<Option<NaiveTime>, FieldError> {
    let text = plain_digits(text);
    if text == "24:00" { Ok(None) } else { time_of_day(field, &text).map(Some) }
}

/// What was typed, without blanks around it and with ASCII digits.
pub fn plain_digits(text: &str) -> String {
    text.trim().chars().map(ascii_digit).collect()
}

/// Arabic-Indic, Devanagari and full-width digits as their ASCII ones.
fn ascii_digit(c: char) -> char {
    let zeros = ['\u{0660}', '\u{06F0}', '\u{0966}', '\u{FF10}'];
    let digit = zeros.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|digit| *digit < 10));
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}

pub(super) fn window(from: &str, to: &str, zone: Tz, now: DateTime<Utc>) -> Result<Interval, FieldError> {
    let first = date("from", from)?;
    let last = date("to", to)?;
    let invalid = |field: &str, message: &str| Err(FieldError::new(field, "window_invalid", message));
    if last < first {
        return invalid("to", "The last day is before the first.");
    }
    if (last - first).num_days() + 1 > LONGEST_WINDOW {
        return invalid("to", "A request spans at most 90 days.");
    }
    let midnight = |date: NaiveDate| instant(date.and_time(NaiveTime::MIN), zone);
    let window = Interval::new(midnight(first), midnight(last + Days::new(1)));
    let Some(window) = window else { return invalid("to", "The last day is before the first.") };
    if window.end() <= now {
        return invalid("to", "These days are in the past.");
    }
    Ok(window)
}

/// Lines of `address date start end`.
pub(super) fn typed_windows(text: &str, zone: Tz) -> Result<Vec<(Email, Interval)>, FieldError> {
    let mut windows = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let wrong = || {
            let sentence = format!(
                "\"{line}\" is not understood. Write: address, date, start, end, such as tom@example.com 2027-03-08 09:00 12:00."
            );
            FieldError::new("windows", "window_invalid", sentence)
        };
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [who, day, start, end] = parts[..] else { return Err(wrong()) };
        let who: Email = who.parse().map_err(|_| wrong())?;
        let day = date("windows", day).map_err(|_| wrong())?;
        let hours = Hours {
            start: time_of_day("windows", start).map_err(|_| wrong())?,
            end: end_of_hours("windows", end).map_err(|_| wrong())?,
        };
        let (start, end) = hours.walls(day);
        let (start, end) = (one_instant(&who, start, zone)?, one_instant(&who, end, zone)?);
        windows.push((who, Interval::new(start, end).ok_or_else(wrong)?));
        if windows.len() > MOST_WINDOWS {
            let sentence = format!("Give at most {MOST_WINDOWS} stretches of hours.");
            return Err(FieldError::new("windows", "window_invalid", sentence));
        }
    }
    Ok(windows)
}

/// The instant of a wall time, by the rule of [`clock`] where it is skipped or happens twice.
fn instant(wall: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    clock::resolve(zone, wall).instant()
}

/// The instant of a wall time somebody typed for one date: it must happen, and once.
fn one_instant(who: &Email, wall: NaiveDateTime, zone: Tz) -> Result<DateTime<Utc>, FieldError> {
    let hour = wall.format("%H:%M on %-d %B");
    let (code, sentence) = match clock::resolve(zone, wall) {
        WallTime::Once(instant) => return Ok(instant),
        WallTime::Skipped { jump_from, jump_to, .. } => (
            "time_skipped",
            format!(
                "Clocks jump from {} to {} that night. Choose another time than {hour} for {who}.",
                jump_from.format("%H:%M"),
                jump_to.format("%H:%M")
            ),
        ),
        WallTime::Twice { .. } => (
            "time_twice",
            format!("This hour happens twice. Choose another time than {hour} for {who}, before or after it."),
        ),
    };
    Err(FieldError::new("windows", code, sentence))
}
