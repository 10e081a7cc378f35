//! The form's fields as they travel: in a query, in a posted body, and in what the live picture is asked with. One reading for
//! all three, so that nothing typed is lost on any way.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;

use crate::{
    error::AppError,
    ids::Email,
    requests::draft::{self, Draft},
    web::{
        islands::request_form::{data::Values, hours},
        wording::reminder_choices,
    },
};

/// What was typed, and how the picture is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pub draft: Draft,
    /// A date of the week that is shown, as typed.
    pub week: String,
    /// Whose week; empty for everybody's.
    pub who: String,
    /// The form's idempotency key.
    pub key: String,
}

impl Fields {
    /// What a form starts with that says nothing; `ats` says whether it asks for the application.
    fn blank(ats: bool) -> Self {
        Self { draft: Draft { application_id: ats.then(String::new), ..Draft::default() }, ..Self::default() }
    }

    /// What a new form starts with: two weeks from the next working day, office hours for those nobody knows about. The zone is
    /// the coordinator's, or to be chosen while nobody knows it.
    pub fn fresh(zone: Option<Tz>, reminders: &[u32], ats: bool, now: DateTime<Utc>) -> Self {
        let from = next_working_day(now.with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive());
        let text = |text: &str| text.to_owned();
        let draft = Draft {
            duration: text("45 min"),
            from: from.to_string(),
            to: (from + Days::new(14)).to_string(),
            zone: zone.map(|zone| zone.name().to_owned()).unwrap_or_default(),
            buffer_before: text("0 min"),
            buffer_after: text("0 min"),
            notice: text("24 h"),
            change_notice: text("24 h"),
            video: text("true"),
            reminders: reminders.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
            unknown_start: text("09:00"),
            unknown_end: text("17:00"),
            ..Self::blank(ats).draft
        };
        Self { draft, ..Self::default() }
    }

    /// Reads a page's query: a form that was sent along replaces what a new one starts with, single fields overwrite it.
    pub fn of_query(query: &str, fresh: Self) -> Self {
        // Only a whole form says how long the interview is, and what it leaves out (a box not ticked) is meant so.
        let whole = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "duration");
        let blank = Self::blank(fresh.draft.application_id.is_some());
        let (mut fields, _) = Self::read(query.as_bytes(), if whole { blank } else { fresh });
        if !whole {
            // A link such as `?interviewers=…` fills in a new form; it takes nobody out of it.
            fields.week.clear();
        }
        fields
    }

    /// Reads a whole form.
    ///
    /// # Errors
    /// A field this form does not have.
    pub fn of_form(body: &[u8], ats: bool) -> Result<Self, AppError> {
        match Self::read(body, Self::blank(ats)) {
            (fields, None) => Ok(fields),
            (_, Some(_)) => Err(AppError::unknown_field()),
        }
    }

    fn read(text: &[u8], start: Self) -> (Self, Option<String>) {
        let mut fields = start;
        let (mut required, mut optional) = (Vec::new(), Vec::new());
        let (mut removed, mut unknown) = (Vec::new(), None);
        let mut reminders = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            let value = value.into_owned();
            let draft = &mut fields.draft;
            let field = match name.as_ref() {
                "interviewers" | "interviewers[]" => {
                    required.push(value);
                    continue;
                }
                "optional" | "optional[]" => {
                    optional.push(value);
                    continue;
                }
                "reminders[]" => {
                    reminders.push(value);
                    continue;
                }
                "remove" => {
                    removed.push(value);
                    continue;
                }
                "candidate_name" => &mut draft.candidate_name,
                "candidate_email" => &mut draft.candidate_email,
                "interview_type" => &mut draft.interview_type,
                "duration" => &mut draft.duration,
                "from" => &mut draft.from,
                "to" => &mut draft.to,
                "any_of" => &mut draft.any_of,
                "zone" => &mut draft.zone,
                "buffer_before" => &mut draft.buffer_before,
                "buffer_after" => &mut draft.buffer_after,
                "notice" => &mut draft.notice,
                "change_notice" => &mut draft.change_notice,
                "location" => &mut draft.location,
                "video" => &mut draft.video,
                "notes" => &mut draft.notes,
                "windows" => &mut draft.windows,
                "unknown_start" => &mut draft.unknown_start,
                "unknown_end" => &mut draft.unknown_end,
                "week" => &mut fields.week,
                "who" => &mut fields.who,
                "key" => &mut fields.key,
                "application_id" if draft.application_id.is_some() => draft.application_id.get_or_insert_default(),
                other => {
                    unknown = Some(other.to_owned());
                    continue;
                }
            };
            *field = value;
        }
        let joined = |parts: Vec<String>| {
            let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
            let stays = |part: &&str| !removed.iter().any(|gone| gone.eq_ignore_ascii_case(part));
            parts.flat_map(draft::panel::addresses).filter(stays).collect::<Vec<_>>().join(", ")
        };
        if !reminders.is_empty() {
            fields.draft.reminders = reminders.join(", ");
        }
        (fields.draft.interviewers, fields.draft.optional) = (joined(required), joined(optional));
        for gone in &removed {
            fields.draft.windows = hours::without(&fields.draft.windows, gone);
        }
        (fields, unknown)
    }

    /// The week that was asked for.
    pub fn week(&self) -> Option<NaiveDate> {
        draft::times::date("week", &self.week).ok()
    }

    /// The values the form's controls start with.
    pub fn values(&self) -> Values {
        let draft = self.draft.clone();
        let (interviewers, interviewers_text) = chips(&draft.interviewers);
        let (optional, optional_text) = chips(&draft.optional);
        Values {
            candidate_name: draft.candidate_name,
            candidate_email: draft.candidate_email,
            interview_type: draft.interview_type,
            duration: draft.duration,
            from: draft.from,
            to: draft.to,
            interviewers,
            interviewers_text,
            optional,
            optional_text,
            any_of: draft.any_of,
            buffer_before: draft.buffer_before,
            buffer_after: draft.buffer_after,
            notice: draft.notice,
            change_notice: draft.change_notice,
            location: draft.location,
            video: !draft.video.is_empty(),
            notes: draft.notes,
            reminders: reminder_choices(&draft.reminders),
            application_id: draft.application_id,
            windows: draft.windows,
            unknown_start: draft.unknown_start,
            unknown_end: draft.unknown_end,
            week: self.week.clone(),
            who: self.who.clone(),
        }
    }
}

/// The addresses that can be chips, and what is left to mend in the input.
fn chips(text: &str) -> (Vec<String>, String) {
    let (mut chips, mut rest): (Vec<String>, Vec<&str>) = Default::default();
    for part in draft::panel::addresses(text) {
        match part.parse::<Email>() {
            // Named twice: the second stays in sight, because that is what is wrong.
            Ok(email) if !chips.iter().any(|chip| chip == email.as_str()) => chips.push(email.to_string()),
            _ => rest.push(part),
        }
    }
    (chips, rest.join(", "))
}

fn next_working_day(today: NaiveDate) -> NaiveDate {
    let ahead = match today.weekday() {
        Weekday::Fri => 3,
        Weekday::Sat => 2,
        _ => 1,
    };
    today + Days::new(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Fields {
        Fields::fresh(Some(Tz::America__New_York), &[1440, 60], false, "2027-03-06T02:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_new_form_starts_on_the_next_working_day_where_the_coordinator_is() {
        // Friday evening in New York.
        let fields = fresh();
        assert_eq!((fields.draft.from.as_str(), fields.draft.to.as_str()), ("2027-03-08", "2027-03-22"));
        assert_eq!(fields.draft.zone, "America/New_York");
        assert_eq!(fields.draft.unknown_start, "09:00");
    }

    #[test]
    fn chips_and_leftover_text_are_one_list() {
        let body = b"interviewers%5B%5D=ben%40example.com&interviewers=tom%40example.com+eva%40example.com%2C&optional=&duration=45";
        let fields = Fields::of_form(body, false).unwrap();
        assert_eq!(fields.draft.interviewers, "ben@example.com, tom@example.com, eva@example.com");
        assert_eq!(fields.draft.optional, "");
        let values = fields.values();
        assert_eq!((values.interviewers.len(), values.interviewers_text.as_str()), (3, ""));
    }

    #[test]
    fn what_cannot_be_a_chip_stays_in_the_input() {
        let fields = Fields::of_form(b"interviewers=ben%40example.com%2C+tom%40%2C+BEN%40example.com", false).unwrap();
        let values = fields.values();
        assert_eq!(values.interviewers, ["ben@example.com"]);
        assert_eq!(values.interviewers_text, "tom@, BEN@example.com");
    }

    #[test]
    fn a_removed_person_takes_their_hours_along() {
        let query = "duration=45&interviewers%5B%5D=ben%40example.com&interviewers%5B%5D=tom%40example.com&remove=tom%40example.com\
                     &windows=tom%40example.com+2027-03-08+09%3A00+10%3A00%0Aben%40example.com+2027-03-08+09%3A00+10%3A00";
        let fields = Fields::of_query(query, fresh());
        assert_eq!(fields.draft.interviewers, "ben@example.com");
        assert_eq!(fields.draft.windows, "ben@example.com 2027-03-08 09:00 10:00");
    }

    #[test]
    fn a_whole_form_is_taken_as_it_is_and_a_link_only_fills_in() {
        let whole =
            Fields::of_query("duration=30&unknown_start=&unknown_end=&week=2027-03-15&week=2027-03-22", fresh());
        assert_eq!((whole.draft.unknown_start.as_str(), whole.draft.video.as_str()), ("", ""));
        assert_eq!(whole.week, "2027-03-22", "the button that was pressed comes after the field");
        let link = Fields::of_query("candidate_name=Priya&interviewers=ben%40example.com", fresh());
        assert_eq!((link.draft.candidate_name.as_str(), link.draft.from.as_str()), ("Priya", "2027-03-08"));
        assert_eq!(link.draft.interviewers, "ben@example.com");
    }

    #[test]
    fn a_field_nobody_asked_for_is_refused() {
        assert_eq!(Fields::of_form(b"duration=45&org_id=org_1", false).unwrap_err().code, "unknown_field");
    }

    #[test]
    fn a_form_without_a_ticked_reminder_has_none() {
        let chosen = |fields: &Fields| -> Vec<u32> {
            fields.values().reminders.iter().filter(|choice| choice.on).map(|choice| choice.minutes).collect()
        };
        assert_eq!(chosen(&fresh()), [1440, 60]);
        assert_eq!(chosen(&Fields::of_query("candidate_name=Priya", fresh())), [1440, 60]);
        let two = Fields::of_form(b"duration=45&reminders%5B%5D=15&reminders%5B%5D=10080", false).unwrap();
        assert_eq!((two.draft.reminders.as_str(), chosen(&two)), ("15, 10080", vec![10080, 15]));
        let none: [u32; 0] = [];
        assert_eq!(chosen(&Fields::of_form(b"duration=45", false).unwrap()), none);
        assert_eq!(chosen(&Fields::of_query("duration=45", fresh())), none);
    }

    #[test]
    fn the_application_is_a_field_only_where_it_is_asked_for() {
        let body = b"duration=45&application_id=4711";
        assert_eq!(Fields::of_form(body, false).unwrap_err().code, "unknown_field");
        assert_eq!(Fields::of_form(body, true).unwrap().draft.application_id.as_deref(), Some("4711"));
        let left_out = Fields::of_form(b"duration=45", true).unwrap();
        assert_eq!(left_out.values().application_id.as_deref(), Some(""), "asked for, and empty");
        assert_eq!(Fields::of_query("application_id=4711", fresh()).draft.application_id, None);
    }
}
