//! What a request form says, parsed into what a request needs, or into what is wrong with each field.
//!
//! The codes are stable (`duration_invalid`, …), the sentences are for people. Nothing here touches the database.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{Email, NotA, PersonName},
    scheduling::{clock, interval::Interval, zones},
};

/// The fields as typed. Every value is text, so that a form can be shown again exactly as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub candidate_name: String,
    pub candidate_email: String,
    pub interview_type: String,
    pub duration: String,
    /// First and last date of the window, in `zone`.
    pub from: String,
    pub to: String,
    /// Addresses separated by commas, blanks or lines.
    pub interviewers: String,
    pub optional: String,
    /// Empty or "0": everybody is needed; "n": any n of the interviewers.
    pub any_of: String,
    pub zone: String,
    pub buffer_before: String,
    pub buffer_after: String,
    pub notice: String,
    pub change_notice: String,
    pub location: String,
    pub video: String,
    pub notes: String,
    /// Typed hours, one per line: `address date start end`, in `zone`.
    pub windows: String,
    /// Daily hours (on weekdays) inside which people of whom nothing is known are offered; both empty for "not at all".
    pub unknown_start: String,
    pub unknown_end: String,
}

/// A request that can be made true.
#[derive(Clone, Debug)]
pub struct NewRequest {
    pub candidate_name: PersonName,
    pub candidate_email: Email,
    pub interview_type: String,
    pub duration: u32,
    pub window: Interval,
    pub zone: Tz,
    pub interviewers: Vec<Email>,
    pub optional: Vec<Email>,
    /// `None`: everybody is needed.
    pub any_of: Option<u32>,
    pub buffer_before: u32,
    pub buffer_after: u32,
    pub min_notice: u32,
    pub change_notice: u32,
    pub location: String,
    pub video: bool,
    pub notes: String,
    pub windows: Vec<(Email, Interval)>,
    pub fallback: Vec<Interval>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field of [`Draft`].
    pub field: String,
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl FieldError {
    fn new(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code: code.to_owned(), message: message.into() }
    }
}

/// Longest window a request may span.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(90);
/// Most people on one panel.
const LARGEST_PANEL: usize = 20;
const LONGEST_NOTES: usize = 4_000;

impl Draft {
    /// Parses all fields, or says what is wrong with each. `now` decides what is in the past.
    pub fn parse(&self, now: DateTime<Utc>) -> Result<NewRequest, Vec<FieldError>> {
        let mut errors = Errors(Vec::new());
        let name = errors.keep(name("candidate_name", &self.candidate_name));
        let email = errors.keep(email("candidate_email", &self.candidate_email));
        let kind = errors.keep(line("interview_type", &self.interview_type, 120));
        let kind = kind.map(|kind| if kind.is_empty() { "Interview".to_owned() } else { kind });
        let duration = errors.keep(duration(&self.duration));
        let zone = errors.keep(zone("zone", &self.zone));
        let window = zone.and_then(|zone| errors.keep(window(&self.from, &self.to, zone, now)));
        let interviewers = errors.keep(panel("interviewers", &self.interviewers, true));
        let optional = errors.keep(panel("optional", &self.optional, false));
        if let (Some(needed), Some(extra)) = (&interviewers, &optional)
            && let Some(twice) = extra.iter().find(|email| needed.contains(email))
        {
            errors.0.push(FieldError::new("optional", "interviewer_twice", format!("{twice} is already required.")));
        }
        let any_of = errors.keep(any_of(&self.any_of, interviewers.as_ref().map_or(0, Vec::len)));
        let before = errors.keep(minutes("buffer_before", &self.buffer_before, 0, 24 * 60));
        let after = errors.keep(minutes("buffer_after", &self.buffer_after, 0, 24 * 60));
        let notice = errors.keep(minutes("notice", &self.notice, 24 * 60, 30 * 24 * 60));
        let change = errors.keep(minutes("change_notice", &self.change_notice, 24 * 60, 30 * 24 * 60));
        let location = errors.keep(location(&self.location));
        let notes = errors.keep(notes(&self.notes));
        let windows = zone.and_then(|zone| errors.keep(typed_windows(&self.windows, zone)));
        let fallback = match (zone, window) {
            (Some(zone), Some(window)) => errors.keep(self.fallback(zone, window)),
            _ => None,
        };
        if let (Some(window), Some(duration), Some(before), Some(after)) = (window, duration, before, after) {
            let needed = TimeDelta::minutes(i64::from(duration + before + after));
            if window.end() - window.start() < needed {
                errors.0.push(FieldError::new("to", "window_too_small", "No time is left after the buffers."));
            }
        }
        if !errors.0.is_empty() {
            return Err(errors.0);
        }
        let parsed = || {
            Some(NewRequest {
                candidate_name: name?,
                candidate_email: email?,
                interview_type: kind?,
                duration: duration?,
                window: window?,
                zone: zone?,
                interviewers: interviewers?,
                optional: optional?,
                any_of: any_of?,
                buffer_before: before?,
                buffer_after: after?,
                min_notice: notice?,
                change_notice: change?,
                location: location?,
                video: !self.video.is_empty(),
                notes: notes?,
                windows: windows?,
                fallback: fallback?,
            })
        };
        // A field without a value has left an error, so there is a value for each.
        Ok(parsed().expect("every field without an error has a value"))
    }

    /// The weekdays' hours inside which unknown people are offered, over the whole window.
    fn fallback(&self, zone: Tz, window: Interval) -> Result<Vec<Interval>, FieldError> {
        if self.unknown_start.trim().is_empty() && self.unknown_end.trim().is_empty() {
            return Ok(Vec::new());
        }
        let start = time_of_day("unknown_start", &self.unknown_start)?;
        let end = time_of_day("unknown_end", &self.unknown_end)?;
        if end <= start {
            return Err(FieldError::new("unknown_end", "window_invalid", "The hours end before they start."));
        }
        let mut windows = Vec::new();
        let mut date = window.start().with_timezone(&zone).date_naive();
        let last = window.end().with_timezone(&zone).date_naive();
        while date <= last {
            if !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
                && let Some(hours) = wall_interval(date, start, end, zone)
            {
                windows.push(hours);
            }
            date = date + Days::new(1);
        }
        Ok(windows)
    }
}

struct Errors(Vec<FieldError>);

impl Errors {
    fn keep<T>(&mut self, parsed: Result<T, FieldError>) -> Option<T> {
        parsed.map_err(|error| self.0.push(error)).ok()
    }
}

/// A person's name, with the sentence for each way it can be wrong.
pub fn name(field: &str, text: &str) -> Result<PersonName, FieldError> {
    text.parse().map_err(|error| match error {
        NotA::NameTooLong => FieldError::new(field, "name_too_long", "Use at most 80 characters."),
        NotA::NameControl => {
            FieldError::new(field, "name_control_chars", "The name contains characters that cannot be used.")
        }
        _ => FieldError::new(field, "name_required", "Enter a name."),
    })
}

/// One address.
pub fn email(field: &str, text: &str) -> Result<Email, FieldError> {
    text.parse().map_err(|error| match error {
        NotA::EmailTooLong => FieldError::new(field, "email_too_long", "Use an address of at most 254 characters."),
        _ => FieldError::new(field, "email_invalid", "Check the e-mail address."),
    })
}

fn line(field: &str, text: &str, most: usize) -> Result<String, FieldError> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || crate::ids::is_direction_changing(c)) {
        return Err(FieldError::new(field, "name_control_chars", "This contains characters that cannot be used."));
    }
    if text.chars().count() > most {
        return Err(FieldError::new(field, "name_too_long", format!("Use at most {most} characters.")));
    }
    Ok(text.to_owned())
}

/// A place or a https link.
fn location(text: &str) -> Result<String, FieldError> {
    let text = line("location", text, 300)?;
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let looks_like_link = text.contains("://")
        || scheme
            .as_deref()
            .is_some_and(|s| matches!(s, "javascript" | "data" | "file" | "vbscript" | "http" | "https" | "ftp"));
    if looks_like_link {
        let link = url::Url::parse(&text)
            .ok()
            .filter(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
        if link.is_none() {
            return Err(FieldError::new("location", "link_invalid", "Use a https link."));
        }
    }
    Ok(text)
}

fn notes(text: &str) -> Result<String, FieldError> {
    use unicode_segmentation::UnicodeSegmentation;
    if text.contains('\0') {
        return Err(FieldError::new(
            "notes",
            "invalid_character",
            "The notes contain a character that cannot be stored.",
        ));
    }
    if text.len() > 4 * LONGEST_NOTES || text.graphemes(true).count() > LONGEST_NOTES {
        return Err(FieldError::new("notes", "notes_too_long", "Use at most 4,000 characters."));
    }
    Ok(text.replace("\r\n", "\n").trim().to_owned())
}

/// "45", "45 min", "45 minutes", "1 h", "1.5 h" are durations; 15 to 480 minutes in steps of 5.
fn duration(text: &str) -> Result<u32, FieldError> {
    let wrong = || FieldError::new("duration", "duration_invalid", "Choose 15 to 480 minutes in steps of 5.");
    let minutes = amount(text).ok_or_else(wrong)?;
    if (15..=480).contains(&minutes) && minutes % 5 == 0 { Ok(minutes) } else { Err(wrong()) }
}

fn minutes(field: &str, text: &str, default: u32, most: u32) -> Result<u32, FieldError> {
    if text.trim().is_empty() {
        return Ok(default);
    }
    amount(text).filter(|minutes| *minutes <= most).ok_or_else(|| {
        let most = if most >= 24 * 60 { format!("{} days", most / (24 * 60)) } else { format!("{most} minutes") };
        FieldError::new(field, "duration_invalid", format!("Give a whole number of minutes, at most {most}."))
    })
}

/// Whole minutes from "45", "45 min", "2 h", "1 day".
fn amount(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "m" | "min" | "mins" | "minute" | "minutes" => 1,
        "h" | "hour" | "hours" => 60,
        "d" | "day" | "days" => 24 * 60,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A zone by its IANA name.
pub fn zone(field: &str, text: &str) -> Result<Tz, FieldError> {
    zones::parse(text).map_err(|_| FieldError::new(field, "zone_unknown", "Choose a time zone from the list."))
}

/// A calendar date, `2027-03-08`; digits of other scripts are read as digits.
pub fn date(field: &str, text: &str) -> Result<NaiveDate, FieldError> {
    let text: String = text.trim().chars().map(ascii_digit).collect();
    let plain = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let parsed = plain.then(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()).flatten();
    parsed
        .filter(|date| (2000..2200).contains(&date.year()))
        .ok_or_else(|| FieldError::new(field, "date_invalid", "Choose a date."))
}

fn time_of_day(field: &str, text: &str) -> Result<NaiveTime, FieldError> {
    let text: String = text.trim().chars().map(ascii_digit).collect();
    NaiveTime::parse_from_str(&text, "%H:%M")
        .map_err(|_| FieldError::new(field, "date_invalid", "Give a time of day, such as 09:00."))
}

/// Arabic-Indic, Devanagari and full-width digits as their ASCII ones.
fn ascii_digit(c: char) -> char {
    let zeros = ['\u{0660}', '\u{06F0}', '\u{0966}', '\u{FF10}'];
    let digit = zeros.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|digit| *digit < 10));
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}

fn window(from: &str, to: &str, zone: Tz, now: DateTime<Utc>) -> Result<Interval, FieldError> {
    let first = date("from", from)?;
    let last = date("to", to)?;
    let invalid = |field: &str, message: &str| Err(FieldError::new(field, "window_invalid", message));
    if last < first {
        return invalid("to", "The last day is before the first.");
    }
    let midnight = |date: NaiveDate| instant(date, NaiveTime::MIN, zone);
    let window = Interval::new(midnight(first), midnight(last + Days::new(1)));
    let Some(window) = window else { return invalid("to", "The last day is before the first.") };
    // A day longer than 90 days exactly when a clock change lies inside.
    if window.end() - window.start() > LONGEST_WINDOW + TimeDelta::days(1) {
        return invalid("to", "A request spans at most 90 days.");
    }
    if window.end() <= now {
        return invalid("to", "These days are in the past.");
    }
    Ok(window)
}

/// Addresses separated by commas, semicolons, blanks or lines.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ', '\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty())
}

fn panel(field: &str, text: &str, required: bool) -> Result<Vec<Email>, FieldError> {
    let mut people: Vec<Email> = Vec::new();
    for part in addresses(text) {
        let person: Email = part
            .parse()
            .map_err(|_| FieldError::new(field, "email_invalid", format!("Check the address \"{part}\".")))?;
        if people.contains(&person) {
            return Err(FieldError::new(field, "interviewer_twice", format!("{person} is there twice.")));
        }
        people.push(person);
    }
    if required && people.is_empty() {
        return Err(FieldError::new(field, "interviewer_required", "Add at least one interviewer."));
    }
    if people.len() > LARGEST_PANEL {
        let sentence =
            format!("A panel has at most {LARGEST_PANEL} people; {} is one too many.", people[LARGEST_PANEL]);
        return Err(FieldError::new(field, "too_many_interviewers", sentence));
    }
    Ok(people)
}

fn any_of(text: &str, of: usize) -> Result<Option<u32>, FieldError> {
    let needed = match text.trim() {
        "" | "0" => return Ok(None),
        number => number.parse::<u32>().ok(),
    };
    match needed {
        Some(needed) if needed as usize == of => Ok(None),
        Some(needed) if needed >= 1 && (needed as usize) < of => Ok(Some(needed)),
        _ => Err(FieldError::new("any_of", "seats_invalid", "Choose how many of the interviewers are needed.")),
    }
}

/// Lines of `address date start end`.
fn typed_windows(text: &str, zone: Tz) -> Result<Vec<(Email, Interval)>, FieldError> {
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
        let start = time_of_day("windows", start).map_err(|_| wrong())?;
        let interval = if end == "24:00" {
            Interval::new(instant(day, start, zone), instant(day + Days::new(1), NaiveTime::MIN, zone))
        } else {
            wall_interval(day, start, time_of_day("windows", end).map_err(|_| wrong())?, zone)
        };
        windows.push((who, interval.ok_or_else(wrong)?));
        if windows.len() > 500 {
            return Err(FieldError::new("windows", "window_invalid", "At most 500 windows."));
        }
    }
    Ok(windows)
}

/// The instant of a wall time; one that is skipped moves later, one that happens twice is the first (RFC 5545 section 3.3.5).
fn instant(date: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    clock::resolve(zone, date.and_time(time)).instant()
}

fn wall_interval(date: NaiveDate, start: NaiveTime, end: NaiveTime, zone: Tz) -> Option<Interval> {
    Interval::new(instant(date, start, zone), instant(date, end, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let text = |text: &str| text.to_owned();
        Draft {
            candidate_name: text("Priya Venkataraman"),
            candidate_email: text("priya@example.net"),
            interview_type: text("Coding"),
            duration: text("45 min"),
            from: text("2027-03-08"),
            to: text("2027-03-19"),
            interviewers: text("ben@example.com, tom@example.com"),
            zone: text("America/New_York"),
            ..Draft::default()
        }
    }

    fn now() -> DateTime<Utc> {
        "2027-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_plain_form_becomes_a_request() {
        let request = draft().parse(now()).unwrap();
        assert_eq!(request.duration, 45);
        assert_eq!(request.interviewers.len(), 2);
        // Local midnight to local midnight over the change of 14 March.
        assert_eq!(request.window.start().to_rfc3339(), "2027-03-08T05:00:00+00:00");
        assert_eq!(request.window.end().to_rfc3339(), "2027-03-20T04:00:00+00:00");
        assert_eq!((request.min_notice, request.change_notice), (1440, 1440));
    }

    #[test]
    fn every_wrong_field_is_named_with_its_code() {
        type Change = fn(&mut Draft);
        let table: &[(&str, &str, Change)] = &[
            ("candidate_name", "name_required", |d| d.candidate_name = " \u{200B}".into()),
            ("candidate_name", "name_too_long", |d| d.candidate_name = "x".repeat(10_000)),
            ("candidate_name", "name_control_chars", |d| d.candidate_name = "A\r\nBcc: x@y".into()),
            ("candidate_email", "email_invalid", |d| d.candidate_email = "a@b.com, c@d.com".into()),
            ("candidate_email", "email_too_long", |d| d.candidate_email = format!("{}@example.com", "a".repeat(400))),
            ("duration", "duration_invalid", |d| d.duration = "0".into()),
            ("duration", "duration_invalid", |d| d.duration = "-30".into()),
            ("duration", "duration_invalid", |d| d.duration = "1".into()),
            ("duration", "duration_invalid", |d| d.duration = "17".into()),
            ("duration", "duration_invalid", |d| d.duration = "1441".into()),
            ("duration", "duration_invalid", |d| d.duration = "1e9".into()),
            ("duration", "duration_invalid", |d| d.duration = "99999999999".into()),
            ("duration", "duration_invalid", |d| d.duration = "30.5".into()),
            ("duration", "duration_invalid", |d| d.duration = "NaN".into()),
            ("duration", "duration_invalid", |d| d.duration = "3O".into()),
            ("to", "window_invalid", |d| d.to = "2027-03-07".into()),
            ("to", "window_invalid", |d| d.to = "2027-09-07".into()),
            ("to", "window_invalid", |d| (d.from, d.to) = ("2027-02-01".into(), "2027-02-02".into())),
            ("from", "date_invalid", |d| d.from = "2027-02-30".into()),
            ("from", "date_invalid", |d| d.from = "2027-W01-1".into()),
            ("zone", "zone_unknown", |d| d.zone = "Mars/Phobos".into()),
            ("zone", "zone_unknown", |d| d.zone = "../../etc/passwd".into()),
            ("interviewers", "interviewer_required", |d| d.interviewers = " , ".into()),
            ("interviewers", "interviewer_twice", |d| d.interviewers = "a@example.com A@EXAMPLE.com".into()),
            ("interviewers", "too_many_interviewers", |d| {
                d.interviewers = (0..21).map(|i| format!("p{i}@example.com ")).collect()
            }),
            ("notes", "notes_too_long", |d| d.notes = "x".repeat(1_000_000)),
            ("location", "link_invalid", |d| d.location = "javascript:alert(1)".into()),
            ("location", "link_invalid", |d| d.location = "http://user:pw@example.com".into()),
            ("location", "link_invalid", |d| d.location = "file:///etc/passwd".into()),
            ("to", "window_too_small", |d| (d.to, d.buffer_before) = ("2027-03-08".into(), "24 h".into())),
            ("windows", "window_invalid", |d| d.windows = "tom@example.com tomorrow".into()),
            ("unknown_end", "window_invalid", |d| (d.unknown_start, d.unknown_end) = ("17:00".into(), "09:00".into())),
            ("any_of", "seats_invalid", |d| d.any_of = "7".into()),
        ];
        for (field, code, change) in table {
            let mut wrong = draft();
            change(&mut wrong);
            let errors = wrong.parse(now()).expect_err(code);
            assert!(errors.iter().any(|e| e.field == *field && e.code == *code), "{field} {code}: {errors:?}");
        }
    }

    #[test]
    fn typed_hours_and_fallback_follow_the_zone() {
        let mut draft = draft();
        draft.windows = "tom@example.com 2027-03-15 09:00 12:00\n\ntom@example.com 2027-03-16 22:00 24:00".into();
        (draft.unknown_start, draft.unknown_end) = ("09:00".into(), "17:00".into());
        let request = draft.parse(now()).unwrap();
        assert_eq!(request.windows[0].1.start().to_rfc3339(), "2027-03-15T13:00:00+00:00");
        assert_eq!(request.windows[1].1.end().to_rfc3339(), "2027-03-17T04:00:00+00:00");
        assert_eq!(request.fallback.len(), 10, "ten weekdays");
        assert_eq!(request.fallback[0].start().to_rfc3339(), "2027-03-08T14:00:00+00:00");
        assert_eq!(request.fallback[9].start().to_rfc3339(), "2027-03-19T13:00:00+00:00");
    }

    #[test]
    fn digits_of_other_scripts_are_digits() {
        assert_eq!(date("from", "٢٠٢٧-٠٣-٠٨").unwrap(), NaiveDate::from_ymd_opt(2027, 3, 8).unwrap());
    }
}
