use chrono_tz::Tz;

use crate::{
    calendars::ical,
    notifications::{Meeting, Recipient, letter::Letter, link::Link, when},
    scheduling::interval::Interval,
};

/// To an attendee whom no provider invites: the invitation with its calendar object (METHOD:REQUEST).
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The event as it goes into the reader's calendar; the words of the mail are about the same values.
    pub event: ical::Invitation,
    pub coordinator: String,
    pub coordinator_zone: Tz,
    /// Where the reader moves or cancels, or sees more; not every attendee has such a page.
    pub manage: Option<Link>,
}

impl Invitation {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { event, coordinator, .. } = self;
        let subject =
            format!("Invitation: {}, {}", super::short_title(&event.summary), super::start_for(event.span, to));
        Letter::new(&subject, "You are invited to an interview")
            .say(&format!(
                "{coordinator} invites you. The buttons of your mail program put the interview in your calendar."
            ))
            .meeting(&meeting(event, coordinator, self.coordinator_zone), to)
            .say(if_it_does_not_suit(self.manage.as_ref()))
            .button_if("Move or cancel", self.manage.as_ref())
            .footer_for_guests(coordinator)
    }
}

/// To an attendee who has the invitation: something changed. The event's SEQUENCE is higher than before.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationUpdated {
    pub event: ical::Invitation,
    /// The time before, if the time changed.
    pub before: Option<Interval>,
    pub coordinator: String,
    pub coordinator_zone: Tz,
    pub manage: Option<Link>,
}

impl InvitationUpdated {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { event, coordinator, .. } = self;
        let subject = format!("Updated: {}, {}", super::short_title(&event.summary), super::start_for(event.span, to));
        let (heading, changed) = match self.before {
            Some(_) => (
                "The interview has a new time",
                "The interview has moved. The buttons of your mail program put the new time in your calendar.",
            ),
            None => ("The interview has changed", "Something about the interview has changed. The time is the same."),
        };
        let before = self.before.map(|span| when::span(span, to.zone));
        Letter::new(&subject, heading)
            .say(changed)
            .meeting(&meeting(event, coordinator, self.coordinator_zone), to)
            .fact_if("Before", before.as_deref())
            .say(if_it_does_not_suit(self.manage.as_ref()))
            .button_if("Move or cancel", self.manage.as_ref())
            .footer_for_guests(coordinator)
    }
}

/// To an attendee who has the invitation: it is withdrawn (METHOD:CANCEL, SEQUENCE higher than before).
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCancelled {
    /// The event as last invited to, with the raised sequence.
    pub event: ical::Invitation,
    pub coordinator: String,
    pub coordinator_zone: Tz,
    /// Who cancelled, if it was not the reader.
    pub cancelled_by: Option<String>,
    pub reason: Option<String>,
    pub book_again: Option<Link>,
}

impl InvitationCancelled {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { event, coordinator, .. } = self;
        let subject =
            format!("Cancelled: {}, {}", super::short_title(&event.summary), super::start_for(event.span, to));
        let cancelled = match &self.cancelled_by {
            Some(name) => format!("{name} cancelled the interview. Your calendar takes it out, or asks you to."),
            None => "You cancelled the interview. Your calendar takes it out, or asks you to.".to_owned(),
        };
        Letter::new(&subject, "The interview is cancelled")
            .say(&cancelled)
            .meeting(&meeting(event, coordinator, self.coordinator_zone), to)
            .fact_if("Reason", self.reason.as_deref())
            .button_if("Pick another time", self.book_again.as_ref())
            .footer_for_guests(coordinator)
    }
}

/// To an attendee whose place somebody else takes: the interview is held without them (METHOD:CANCEL, which to one attendee means
/// that they are uninvited: RFC 5546 section 3.2.5).
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationWithdrawn {
    /// The event, with the raised sequence and the reader as its attendee.
    pub event: ical::Invitation,
    pub coordinator: String,
    pub coordinator_zone: Tz,
}

impl InvitationWithdrawn {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { event, coordinator, .. } = self;
        let subject =
            format!("Not needed: {}, {}", super::short_title(&event.summary), super::start_for(event.span, to));
        Letter::new(&subject, "Somebody else takes this interview")
            .say(&format!(
                "{coordinator} found somebody else for this interview, so you are not needed. \
                 Your calendar takes it out, or asks you to."
            ))
            .meeting(&meeting(event, coordinator, self.coordinator_zone), to)
            .footer_for_guests(coordinator)
    }
}

/// To somebody whose invitation from a provider's calendar is withdrawn because another takes its place. It may come with that mail.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationReplaced {
    /// The other invitation, where no provider sends it (METHOD:REQUEST).
    pub event: Option<ical::Invitation>,
    pub meeting: Meeting,
    pub manage: Option<Link>,
}

impl InvitationReplaced {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Meeting { interview_type, span, coordinator, .. } = &self.meeting;
        let title = self.event.as_ref().map_or(interview_type, |event| &event.summary);
        let subject = format!("Still on: {}, {}", super::short_title(title), super::start_for(*span, to));
        let arrives = match self.event {
            Some(_) => "This mail brings the new one: the buttons of your mail program put it in your calendar.",
            None => "The new one reaches you by a mail of its own.",
        };
        Letter::new(&subject, "A new invitation, at the same time")
            .say(&format!(
                "The interview takes place as agreed. {coordinator} uses another calendar now, so your calendar takes the invitation \
                 you have out, or tells you that it was cancelled. {arrives}"
            ))
            .meeting(&self.meeting, to)
            .say(if_it_does_not_suit(self.manage.as_ref()))
            .button_if("Move or cancel", self.manage.as_ref())
            .footer_for_guests(coordinator)
    }
}

/// Answers of calendars go to the organizer's address, which nobody may be reading; these ways reach somebody.
fn if_it_does_not_suit(manage: Option<&Link>) -> &'static str {
    match manage {
        Some(_) => "If the time does not suit you, move or cancel the interview here rather than in your calendar.",
        None => "If you cannot come, please answer this mail.",
    }
}

fn meeting(event: &ical::Invitation, coordinator: &str, coordinator_zone: Tz) -> Meeting {
    Meeting {
        interview_type: event.summary.clone(),
        span: event.span,
        place: event.location.clone(),
        coordinator: coordinator.to_owned(),
        coordinator_zone,
    }
}
