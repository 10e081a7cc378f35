use chrono::{DateTime, Utc};

use crate::notifications::{Meeting, Recipient, letter::Letter, link::Link, when};

/// To the candidate: the time is kept while a calendar that does not answer is asked again.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingHeld {
    pub meeting: Meeting,
    /// When the candidate knows for sure.
    pub answer_by: DateTime<Utc>,
    pub manage: Link,
}

impl BookingHeld {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let subject = format!("We are confirming your time: {}", super::start_for(self.meeting.span, to));
        let until = when::instant(self.answer_by, to.zone);
        Letter::new(&subject, "We are confirming your time")
            .say("The time you picked is kept for you. One calendar has not answered yet, so it is not certain.")
            .meeting(&self.meeting, to)
            .say(&format!(
                "You get a mail as soon as it is certain, at the latest at {until}. There is nothing you need to do."
            ))
            .button("See your booking", &self.manage)
            .footer_for_guests(&self.meeting.coordinator)
    }
}

/// To the candidate: the kept time could not be confirmed, please pick another.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldReleased {
    /// With the time that is no longer kept.
    pub meeting: Meeting,
    pub link: Link,
    /// When the link stops working.
    pub until: DateTime<Utc>,
}

impl HeldReleased {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let subject = format!("Please pick another time: {}", super::short_title(&self.meeting.interview_type));
        Letter::new(&subject, "Please pick another time")
            .say("We could not confirm the time you picked, so it is no longer kept for you. We are sorry about the extra step.")
            .meeting(&self.meeting, to)
            .say("The times that are open now are on the same page as before.")
            .button("Pick another time", &self.link)
            .say(&format!("The link works until {}.", when::instant(self.until, to.zone)))
            .footer_for_guests(&self.meeting.coordinator)
    }
}
