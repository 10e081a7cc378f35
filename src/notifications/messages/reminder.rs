use crate::notifications::{Meeting, Recipient, letter::Letter, link::Link};

/// To the candidate, some time before the interview.
#[derive(Clone, PartialEq, Eq)]
pub struct Reminder {
    pub meeting: Meeting,
    /// The video call, once a provider has made one.
    pub join: Option<Link>,
    /// The candidate's page.
    pub manage: Link,
    /// Whether they may still move or cancel there.
    pub may_change: bool,
}

impl Reminder {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let coordinator = &self.meeting.coordinator;
        let subject = format!("Reminder: your interview, {}", super::start_for(self.meeting.span, to));
        let (change, button) = if self.may_change {
            ("If the time no longer suits you, move or cancel it here.", "Move or cancel")
        } else {
            (
                "It is too late to move or cancel it online. If you cannot come, please answer this mail.",
                "Open your interview",
            )
        };
        Letter::new(&subject, "Your interview is coming up")
            .say(&format!("This is a reminder of your interview with {coordinator}."))
            .meeting(&self.meeting, to)
            .fact_if("Video call", self.join.as_ref().map(Link::as_str))
            .say(change)
            .button(button, &self.manage)
            .footer_for_guests(coordinator)
    }
}

/// To somebody who sits in the interview, some time before it.
#[derive(Clone, PartialEq, Eq)]
pub struct InterviewerReminder {
    pub candidate: String,
    pub meeting: Meeting,
    /// The video call, once a provider has made one.
    pub join: Option<Link>,
}

impl InterviewerReminder {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let start = super::start_for(self.meeting.span, to);
        let subject = format!("Reminder: interview with {}, {start}", super::short_title(&self.candidate));
        Letter::new(&subject, "You have an interview coming up")
            .say("This is a reminder of an interview you hold.")
            .fact("Candidate", &self.candidate)
            .meeting(&self.meeting, to)
            .fact_if("Video call", self.join.as_ref().map(Link::as_str))
            .say("If you cannot come, please answer this mail.")
            .footer_for_members()
    }
}
