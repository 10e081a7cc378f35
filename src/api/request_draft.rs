//! What a new request says, and its way into the draft that the form of the pages fills in too: one set of rules, one set of codes.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    error::AppError,
    people::{self, Member, preferences},
    requests::draft::{Draft, FieldError},
    state::AppState,
};

/// A candidate is to meet a panel.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "candidate": {"name": "Priya Venkataraman", "email": "priya@example.net"},
    "interview_type": "Coding", "duration_minutes": 45,
    "from": "2027-03-08", "to": "2027-03-19", "zone": "America/New_York",
    "interviewers": ["ben@example.com", "tom@example.com"], "any_of": 1
}))]
pub struct NewRequest {
    pub candidate: NewCandidate,
    /// "Interview" unless said.
    #[schema(max_length = 120)]
    pub interview_type: Option<String>,
    /// A multiple of five.
    #[schema(minimum = 5, maximum = 1440)]
    pub duration_minutes: u32,
    /// First date of the window, in `zone`.
    #[schema(format = Date)]
    pub from: String,
    /// Last date of the window, in `zone`; at most 90 days later.
    #[schema(format = Date)]
    pub to: String,
    /// IANA name.
    pub zone: String,
    /// Addresses. Everybody is needed unless `any_of` says otherwise.
    #[schema(min_items = 1, max_items = 20)]
    pub interviewers: Vec<String>,
    /// Addresses of people who come along if they can.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub optional: Vec<String>,
    /// Any so many of the interviewers.
    #[schema(minimum = 1)]
    pub any_of: Option<u32>,
    #[schema(maximum = 1440)]
    pub buffer_before_minutes: Option<u32>,
    #[schema(maximum = 1440)]
    pub buffer_after_minutes: Option<u32>,
    /// 1440 unless said.
    #[schema(maximum = 43200)]
    pub min_notice_minutes: Option<u32>,
    /// 1440 unless said.
    #[schema(maximum = 43200)]
    pub change_notice_minutes: Option<u32>,
    pub location: Option<String>,
    /// A video link of the coordinator's provider is made.
    #[serde(default)]
    pub video: bool,
    pub notes: Option<String>,
    /// Minutes before the interview; as the coordinator has it unless said. `[]` for none.
    pub reminder_minutes: Option<Vec<u32>>,
    /// Only where an applicant-tracking system is used, and then required.
    pub application_id: Option<String>,
    /// Hours of people without a calendar.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub windows: Vec<NewWindow>,
    /// Daily hours, on weekdays, at which people of whom nothing is known are offered.
    pub unknown_hours: Option<NewHours>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCandidate {
    #[schema(min_length = 1, max_length = 80)]
    pub name: String,
    #[schema(format = Email)]
    pub email: String,
}

/// By the clock of the request's zone.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWindow {
    /// One of the interviewers.
    pub interviewer: String,
    #[schema(format = Date)]
    pub date: String,
    #[schema(example = "09:00")]
    pub start: String,
    #[schema(example = "12:00")]
    pub end: String,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHours {
    #[schema(example = "09:00")]
    pub start: String,
    #[schema(example = "17:00")]
    pub end: String,
}

impl NewRequest {
    /// The same as the form would have it.
    ///
    /// # Errors
    /// What only a form could take apart: several addresses in one, or an application where there is no system to tell.
    pub async fn draft(&self, state: &AppState, member: &Member) -> Result<Draft, AppError> {
        let number = |minutes: Option<u32>| minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let application_id = match (state.ats.is_some(), &self.application_id) {
            (false, Some(_)) => {
                let sentence = "No applicant-tracking system is used here, so there is no application.";
                return Err(AppError::invalid("application_id", "application_not_used", sentence));
            }
            (false, None) => None,
            (true, given) => Some(text(given)),
        };
        let hours = self.unknown_hours.clone();
        let (unknown_start, unknown_end) = hours.map_or_else(Default::default, |hours| (hours.start, hours.end));
        Ok(Draft {
            candidate_name: self.candidate.name.clone(),
            candidate_email: self.candidate.email.clone(),
            interview_type: text(&self.interview_type),
            duration: self.duration_minutes.to_string(),
            from: self.from.clone(),
            to: self.to.clone(),
            interviewers: addresses("interviewers", &self.interviewers)?,
            optional: addresses("optional", &self.optional)?,
            any_of: number(self.any_of),
            zone: self.zone.clone(),
            buffer_before: number(self.buffer_before_minutes),
            buffer_after: number(self.buffer_after_minutes),
            notice: number(self.min_notice_minutes),
            change_notice: number(self.change_notice_minutes),
            location: text(&self.location),
            video: if self.video { "on".to_owned() } else { String::new() },
            notes: text(&self.notes),
            reminders: self.reminders(state, member).await?,
            application_id,
            windows: self.windows()?,
            unknown_start,
            unknown_end,
        })
    }

    async fn reminders(&self, state: &AppState, member: &Member) -> Result<String, AppError> {
        let db = state.store.reader();
        let minutes = match &self.reminder_minutes {
            Some(minutes) => minutes.clone(),
            None => match preferences::own_reminders(db, member.org, member.person).await? {
                Some(minutes) => minutes,
                None => people::organisation(db, member.org).await?.policies.reminder_minutes,
            },
        };
        Ok(minutes.iter().map(u32::to_string).collect::<Vec<_>>().join(", "))
    }

    fn windows(&self) -> Result<String, AppError> {
        let mut lines = Vec::with_capacity(self.windows.len());
        for (at, NewWindow { interviewer, date, start, end }) in self.windows.iter().enumerate() {
            let fields = [interviewer, date, start, end];
            if fields.iter().any(|field| field.is_empty() || field.contains(char::is_whitespace)) {
                let sentence = "Give an address, a date, a start and an end, such as 2027-03-15, 09:00 and 12:00.";
                return Err(AppError::new(422, "window_invalid", sentence).field(format!("windows[{at}]")));
            }
            lines.push(format!("{interviewer} {date} {start} {end}"));
        }
        Ok(lines.join("\n"))
    }

    /// What the draft finds wrong, under the names of the JSON.
    pub fn refused(errors: &[FieldError]) -> AppError {
        let Some(first) = errors.first() else {
            return AppError::new(422, "form_invalid", "The request could not be created.");
        };
        let field = match first.field.as_str() {
            "candidate_name" => "candidate.name",
            "candidate_email" => "candidate.email",
            "duration" => "duration_minutes",
            "buffer_before" => "buffer_before_minutes",
            "buffer_after" => "buffer_after_minutes",
            "notice" => "min_notice_minutes",
            "change_notice" => "change_notice_minutes",
            "reminders" => "reminder_minutes",
            "unknown_start" => "unknown_hours.start",
            "unknown_end" => "unknown_hours.end",
            other => other,
        };
        AppError::new(422, first.code.clone(), first.message.clone()).field(field.to_owned())
    }
}

/// A form takes many addresses in one field; here each has a place of its own.
fn addresses(field: &str, list: &[String]) -> Result<String, AppError> {
    let several = |text: &String| text.is_empty() || text.contains(|c: char| c.is_whitespace() || ",;<>".contains(c));
    if let Some(at) = list.iter().position(several) {
        let error = AppError::new(422, "email_invalid", "This is not one e-mail address.");
        return Err(error.field(format!("{field}[{at}]")));
    }
    Ok(list.join("\n"))
}
