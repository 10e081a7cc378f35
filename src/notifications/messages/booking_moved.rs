use crate::{
    notifications::{Meeting, Recipient, letter::Letter, link::Link, when},
    scheduling::interval::Interval,
};

/// To the candidate, when a provider's calendar sends the update: your interview has a new time.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingMoved {
    /// With the new time.
    pub meeting: Meeting,
    pub before: Interval,
    /// Who moved it, if it was not the reader.
    pub moved_by: Option<String>,
    pub manage: Link,
}

impl BookingMoved {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let coordinator = &self.meeting.coordinator;
        let subject = format!("Your interview has moved: {}", super::start_for(self.meeting.span, to));
        let moved = match &self.moved_by {
            Some(name) => format!("{name} moved your interview to a new time."),
            None => "You moved your interview to a new time.".to_owned(),
        };
        Letter::new(&subject, "Your interview has a new time")
            .say(&moved)
            .meeting(&self.meeting, to)
            .fact("Before", &when::span(self.before, to.zone))
            .say(&format!("The update for your calendar comes in a separate mail from {coordinator}'s calendar."))
            .button("Move or cancel", &self.manage)
            .footer_for_guests(coordinator)
    }
}
