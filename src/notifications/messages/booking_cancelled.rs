use crate::notifications::{Meeting, Recipient, letter::Letter, link::Link};

/// To the candidate, when a provider's calendar withdraws its invitation: the interview does not take place.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingCancelled {
    pub meeting: Meeting,
    /// Who cancelled it, if it was not the reader.
    pub cancelled_by: Option<String>,
    /// In the words of whoever cancelled.
    pub reason: Option<String>,
    /// Where another time can be picked, if there is such a page.
    pub book_again: Option<Link>,
}

impl BookingCancelled {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let coordinator = &self.meeting.coordinator;
        let subject = format!("Your interview is cancelled: {}", super::start_for(self.meeting.span, to));
        let cancelled = match &self.cancelled_by {
            Some(name) => format!("{name} cancelled your interview. It does not take place at the time below."),
            None => "You cancelled your interview. It does not take place at the time below.".to_owned(),
        };
        Letter::new(&subject, "Your interview is cancelled")
            .say(&cancelled)
            .meeting(&self.meeting, to)
            .fact_if("Reason", self.reason.as_deref())
            .say(match self.book_again {
                Some(_) => "If you would like another time, you can pick one now.",
                None => "There is nothing you need to do.",
            })
            .button_if("Pick another time", self.book_again.as_ref())
            .footer_for_guests(coordinator)
    }
}
