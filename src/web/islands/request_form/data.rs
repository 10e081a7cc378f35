//! What the page hands the form, and what the server answers while somebody types: plain values, words included.

use serde::{Deserialize, Serialize};

use crate::web::components::{DayCount, ReminderChoice, Tone, WeekPicture, Wrong};

/// What the form starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub values: Values,
    pub live: Live,
    /// Fields that were refused, or were filled in before: their errors show from the start.
    pub touched: Vec<String>,
    /// The request was refused: say so above the form.
    pub refused: bool,
    pub team: Vec<Teammate>,
}

/// The fields' own values, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    pub candidate_name: String,
    pub candidate_email: String,
    pub interview_type: String,
    pub duration: String,
    pub from: String,
    pub to: String,
    /// Addresses that became chips, and what is left in the input.
    pub interviewers: Vec<String>,
    pub interviewers_text: String,
    pub optional: Vec<String>,
    pub optional_text: String,
    pub any_of: String,
    pub buffer_before: String,
    pub buffer_after: String,
    pub notice: String,
    pub change_notice: String,
    pub location: String,
    pub video: bool,
    pub notes: String,
    pub reminders: Vec<ReminderChoice>,
    /// Nothing where it is not asked for.
    pub application_id: Option<String>,
    pub windows: String,
    pub unknown_start: String,
    pub unknown_end: String,
    /// A date of the week that is shown; empty for the first week with times.
    pub week: String,
    /// Whose week; empty for everybody's.
    pub who: String,
}

/// Somebody to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teammate {
    pub email: String,
    pub name: String,
}

/// What the server says of the form as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    pub people: Vec<Invitee>,
    pub errors: Vec<Note>,
    /// Nothing while a field that decides on times is missing or wrong.
    pub picture: Option<Picture>,
    /// About those of whom nothing is known; empty if there are none.
    pub warning: String,
}

/// One person on the panel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitee {
    pub email: String,
    pub name: String,
    /// "connected", "typed times", "not connected", …
    pub word: String,
    pub tone: Tone,
    /// No calendar says anything, so hours can be typed.
    pub can_type: bool,
}

/// What is wrong with a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub field: String,
    pub wrong: Wrong,
}

/// The week, the days and the reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Everybody's week first, then each person's.
    pub views: Vec<View>,
    /// Mondays of the weeks around, ISO; nothing where the request's days end.
    pub previous: Option<String>,
    pub next: Option<String>,
    pub days: Vec<DayCount>,
    /// "54 times in 12 working days"
    pub headline: String,
    pub total: u32,
    /// What takes the most, each a sentence.
    pub why: Vec<String>,
}

/// One way to look at the week.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// An address; empty for everybody.
    pub who: String,
    pub name: String,
    pub week: WeekPicture,
}
