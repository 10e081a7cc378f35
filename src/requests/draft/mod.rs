//! What a request form says, parsed into what a request needs, or into what is wrong with each field.
//!
//! The codes are stable (`duration_invalid`, …), the sentences are for people. Nothing here touches the database. Texts and
//! numbers are read in [`fields`], dates and hours in [`times`], who takes part in [`panel`], when people are
//! reminded in [`reminders`].

pub mod fields;
pub mod panel;
pub mod reminders;
pub mod times;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use self::{
    fields::{application, duration, email, line, location, minutes, name, notes, zone},
    panel::{any_of, panel},
};
use crate::{
    ids::{ApplicationId, Email, PersonName},
    scheduling::interval::Interval,
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
    /// Minutes before the interview, separated by commas; empty for no reminders.
    pub reminders: String,
    /// `None` where it is not asked for: no applicant-tracking system is used.
    pub application_id: Option<String>,
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
    pub reminders: Vec<u32>,
    pub application: Option<ApplicationId>,
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
        let window = zone.and_then(|zone| errors.keep(times::window(&self.from, &self.to, zone, now)));
        let (interviewers, optional) = errors.keep(panel(&self.interviewers, &self.optional)).unzip();
        let any_of = errors.keep(any_of(&self.any_of, interviewers.as_ref().map_or(0, Vec::len)));
        let before = errors.keep(minutes("buffer_before", &self.buffer_before, 0, 24 * 60));
        let after = errors.keep(minutes("buffer_after", &self.buffer_after, 0, 24 * 60));
        let notice = errors.keep(minutes("notice", &self.notice, 24 * 60, 30 * 24 * 60));
        let change = errors.keep(minutes("change_notice", &self.change_notice, 24 * 60, 30 * 24 * 60));
        let location = errors.keep(location(&self.location));
        let notes = errors.keep(notes(&self.notes));
        let reminders = errors.keep(reminders::parse(&self.reminders));
        let application = errors.keep(self.application_id.as_deref().map(application).transpose());
        let windows = zone.and_then(|zone| errors.keep(times::typed_windows(&self.windows, zone)));
        let fallback = match (zone, window) {
            (Some(zone), Some(window)) => {
                errors.keep(times::fallback(&self.unknown_start, &self.unknown_end, zone, window))
            }
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
                reminders: reminders?,
                application: application?,
                windows: windows?,
                fallback: fallback?,
            })
        };
        // A field without a value has left an error, so there is a value for each.
        Ok(parsed().expect("every field without an error has a value"))
    }
}

struct Errors(Vec<FieldError>);

impl Errors {
    fn keep<T>(&mut self, parsed: Result<T, FieldError>) -> Option<T> {
        parsed.map_err(|error| self.0.push(error)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

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
            ("to", "window_invalid", |d| (d.from, d.to) = ("2027-03-08".into(), "2027-06-06".into())),
            ("to", "window_invalid", |d| (d.from, d.to) = ("2027-02-01".into(), "2027-02-02".into())),
            ("from", "date_invalid", |d| d.from = "2027-02-30".into()),
            ("from", "date_invalid", |d| d.from = "2027-W01-1".into()),
            ("from", "date_invalid", |d| d.from = "2027-13-01".into()),
            ("zone", "zone_unknown", |d| d.zone = "Mars/Phobos".into()),
            ("zone", "zone_unknown", |d| d.zone = "../../etc/passwd".into()),
            ("interviewers", "interviewer_required", |d| d.interviewers = " , ".into()),
            ("interviewers", "interviewer_twice", |d| d.interviewers = "a@example.com A@EXAMPLE.com".into()),
            ("interviewers", "too_many_interviewers", |d| {
                d.interviewers = (0..21).map(|i| format!("p{i}@example.com ")).collect()
            }),
            ("optional", "too_many_interviewers", |d| {
                d.optional = (0..19).map(|i| format!("p{i}@example.com ")).collect()
            }),
            ("optional", "interviewer_twice", |d| d.optional = "BEN@example.com".into()),
            ("interviewers", "interviewer_twice", |d| {
                d.interviewers = "jörg@example.com jo\u{308}rg@example.com".into()
            }),
            ("interview_type", "name_too_long", |d| d.interview_type = "👩‍👩‍👧‍👦".repeat(121)),
            ("windows", "time_skipped", |d| d.windows = "tom@example.com 2027-03-14 02:30 05:00".into()),
            ("windows", "time_skipped", |d| d.windows = "tom@example.com 2027-03-14 00:30 02:00".into()),
            ("windows", "time_twice", |d| d.windows = "tom@example.com 2027-11-07 01:30 05:00".into()),
            ("notes", "notes_too_long", |d| d.notes = "x".repeat(1_000_000)),
            ("location", "link_invalid", |d| d.location = "javascript:alert(1)".into()),
            ("location", "link_invalid", |d| d.location = "http://user:pw@example.com".into()),
            ("location", "link_invalid", |d| d.location = "file:///etc/passwd".into()),
            ("to", "window_too_small", |d| (d.to, d.buffer_before) = ("2027-03-08".into(), "24 h".into())),
            ("windows", "window_invalid", |d| d.windows = "tom@example.com tomorrow".into()),
            ("unknown_end", "window_invalid", |d| (d.unknown_start, d.unknown_end) = ("17:00".into(), "09:00".into())),
            ("any_of", "seats_invalid", |d| d.any_of = "7".into()),
            ("reminders", "reminder_invalid", |d| d.reminders = "soon".into()),
            ("reminders", "reminder_invalid", |d| d.reminders = "1440, 4".into()),
            ("reminders", "reminder_invalid", |d| d.reminders = "43201".into()),
            ("reminders", "reminder_invalid", |d| d.reminders = (5..12).map(|minutes| format!("{minutes},")).collect()),
            ("application_id", "application_required", |d| d.application_id = Some(" ".into())),
            ("application_id", "application_invalid", |d| d.application_id = Some("../4711".into())),
            ("application_id", "application_invalid", |d| d.application_id = Some("4711 4712".into())),
            ("application_id", "application_invalid", |d| d.application_id = Some("x".repeat(65))),
        ];
        for (field, code, change) in table {
            let mut wrong = draft();
            change(&mut wrong);
            let errors = wrong.parse(now()).expect_err(code);
            assert!(errors.iter().any(|e| e.field == *field && e.code == *code), "{field} {code}: {errors:?}");
        }
    }

    #[test]
    fn limits_are_reached_before_they_are_passed() {
        type Change = fn(&mut Draft);
        let table: &[(&str, Change)] = &[
            ("90 days, over a change of clocks", |d| d.to = "2027-06-05".into()),
            ("a panel of 20", |d| d.optional = (0..18).map(|i| format!("p{i}@example.com ")).collect()),
            ("120 graphemes", |d| d.interview_type = "👩‍👩‍👧‍👦".repeat(120)),
            ("hours up to a jump of the clocks", |d| d.windows = "tom@example.com 2027-03-14 00:30 01:59".into()),
            ("hours around a jump", |d| d.windows = "tom@example.com 2027-03-14 00:00 24:00".into()),
            ("until midnight", |d| (d.unknown_start, d.unknown_end) = ("٠٩:٠٠".into(), "24:00".into())),
        ];
        for (what, change) in table {
            let mut draft = draft();
            change(&mut draft);
            assert_eq!(draft.parse(now()).map(|_| ()), Ok(()), "{what}");
        }
    }

    #[test]
    fn an_application_is_asked_for_only_where_there_is_a_system_to_tell() {
        let mut draft = draft();
        assert_eq!(draft.parse(now()).unwrap().application, None);
        draft.application_id = Some(" 4711-Ab ".into());
        assert_eq!(draft.parse(now()).unwrap().application.unwrap().as_str(), "4711-Ab");
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
        assert_eq!(times::date("from", "٢٠٢٧-٠٣-٠٨").unwrap(), NaiveDate::from_ymd_opt(2027, 3, 8).unwrap());
    }
}
