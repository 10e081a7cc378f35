use crate::notifications::{Meeting, Recipient, letter::Letter, link::Link};

/// To the candidate, when a provider's calendar sends the invitation: you're booked.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingConfirmed {
    pub meeting: Meeting,
    /// Where the candidate moves or cancels.
    pub manage: Link,
}

impl BookingConfirmed {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let coordinator = &self.meeting.coordinator;
        let subject = format!("Your interview is booked: {}", super::start_for(self.meeting.span, to));
        Letter::new(&subject, "You're booked")
            .say(&format!("Your interview with {coordinator} is booked."))
            .meeting(&self.meeting, to)
            .say(&format!("An invitation for your calendar comes in a separate mail from {coordinator}'s calendar."))
            .button("Move or cancel", &self.manage)
            .footer_for_guests(coordinator)
    }
}
