use chrono::{DateTime, Utc};

use crate::notifications::{Recipient, letter::Letter, link::Link, when};

/// To the candidate: here is where you pick your time.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingLink {
    pub interview_type: String,
    pub coordinator: String,
    pub organisation: String,
    /// Names of the interviewers, if the candidate may know them.
    pub interviewers: Vec<String>,
    pub minutes: u32,
    /// A text of the coordinator's own.
    pub note: Option<String>,
    pub link: Link,
    /// When the link stops working.
    pub until: DateTime<Utc>,
}

impl BookingLink {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { coordinator, organisation, .. } = self;
        let subject = format!("Pick a time for your interview: {}", super::short_title(&self.interview_type));
        Letter::new(&subject, "Pick a time for your interview")
            .say(&format!(
                "{coordinator} of {organisation} invites you to an interview. Choose the time that suits you best."
            ))
            .fact("Interview", &self.interview_type)
            .fact("With", &self.interviewers.join(", "))
            .fact("Length", &when::length(self.minutes))
            .fact_if(&format!("From {coordinator}"), self.note.as_deref())
            .button("Pick a time", &self.link)
            .say(&format!("The link works until {}.", when::instant(self.until, to.zone)))
            .note("Whoever has the link can book in your name, so please do not pass it on.")
            .footer_for_guests(coordinator)
    }
}
