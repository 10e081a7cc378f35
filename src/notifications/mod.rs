//! What we tell people: every message as a small struct of plain values, and its words.
//!
//! A message becomes a [`RenderedMail`] (subject, text, HTML and sometimes a calendar object) for one [`Recipient`], in that
//! person's time zone. How it travels is in [`email`]; who gets which message, and when, is decided by whoever owns the
//! event, never here. One sender per event and attendee: [`Message::Invitation`] and its three followers are for people
//! whom no provider's calendar invites; [`Message::BookingConfirmed`], [`Message::BookingMoved`] and
//! [`Message::BookingCancelled`] carry no calendar object and go along with a provider's own invitation.

pub mod address;
pub mod email;
mod html;
mod letter;
pub mod link;
pub mod messages;
mod pace;
mod post;
pub mod watch;
pub mod when;
mod words;

use chrono_tz::Tz;

use crate::{calendars::ical::Method, scheduling::interval::Interval};
use address::{MailAddress, MailName, NotMailable};
use letter::Letter;
pub use messages::{
    Answered, AnsweredRequest, Asked, BookingCancelled, BookingConfirmed, BookingHeld, BookingLink, BookingMoved,
    CalendarDiffers, CalendarFailing, CalendarSays, CandidateDid, ConfirmAddress, ConnectCalendar, CoordinatorNotice,
    HeldReleased, InterviewerAnswered, InterviewerReminder, Invitation, InvitationCancelled, InvitationReplaced,
    InvitationUpdated, InvitationWithdrawn, ReconnectNeeded, Reminder, WebhookSwitchedOff,
};
pub use post::{Body, Post, body, deliver, failed, post, remind, reminder_about};

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub email: MailAddress,
    pub name: MailName,
    /// The zone in which this person reads times.
    pub zone: Tz,
}

impl Recipient {
    /// Reads address and name.
    pub fn new(email: &str, name: &str, zone: Tz) -> Result<Self, NotMailable> {
        Ok(Self { email: email.parse()?, name: name.parse()?, zone })
    }
}

impl Recipient {
    /// `None` if mail cannot carry the address. A name that mail cannot carry is left out.
    pub fn parse(email: &str, name: &str, zone: Tz) -> Option<Self> {
        let email: MailAddress = email.parse().ok()?;
        let name = name.parse().or_else(|_| email.as_str().split('@').next().unwrap_or_default().parse()).ok()?;
        Some(Self { email, name, zone })
    }
}

/// An interview, as far as a message tells of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Meeting {
    /// The kind of interview: "Backend engineer, first round".
    pub interview_type: String,
    pub span: Interval,
    /// An address, a phone number, or a video link.
    pub place: Option<String>,
    /// The name of the person who arranges the interview.
    pub coordinator: String,
    pub coordinator_zone: Tz,
}

/// Everything this version tells people by mail.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    BookingLink(BookingLink),
    BookingConfirmed(BookingConfirmed),
    BookingMoved(BookingMoved),
    BookingCancelled(BookingCancelled),
    BookingHeld(BookingHeld),
    HeldReleased(HeldReleased),
    Invitation(Invitation),
    InvitationUpdated(InvitationUpdated),
    InvitationCancelled(InvitationCancelled),
    InvitationWithdrawn(InvitationWithdrawn),
    InvitationReplaced(InvitationReplaced),
    CoordinatorNotice(CoordinatorNotice),
    ReconnectNeeded(ReconnectNeeded),
    CalendarFailing(CalendarFailing),
    ConfirmAddress(ConfirmAddress),
    ConnectCalendar(ConnectCalendar),
    InterviewerAnswered(InterviewerAnswered),
    Reminder(Reminder),
    InterviewerReminder(InterviewerReminder),
    CalendarDiffers(CalendarDiffers),
    WebhookSwitchedOff(WebhookSwitchedOff),
}

/// A message in its final words.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub text: String,
    pub html: String,
    /// The calendar object and the method it holds.
    pub ics: Option<(Method, String)>,
}

impl Message {
    /// A stable short name of the kind, as used in stored rows and in [`address::MessageId::derive`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BookingLink(_) => "booking_link",
            Self::BookingConfirmed(_) => "booking_confirmed",
            Self::BookingMoved(_) => "booking_moved",
            Self::BookingCancelled(_) => "booking_cancelled",
            Self::BookingHeld(_) => "booking_held",
            Self::HeldReleased(_) => "held_released",
            Self::Invitation(_) => "invitation",
            Self::InvitationUpdated(_) => "invitation_updated",
            Self::InvitationCancelled(_) => "invitation_cancelled",
            Self::InvitationWithdrawn(_) => "invitation_withdrawn",
            Self::InvitationReplaced(_) => "invitation_replaced",
            Self::CoordinatorNotice(notice) => notice.kind(),
            Self::ReconnectNeeded(_) => "reconnect_needed",
            Self::CalendarFailing(_) => "calendar_failing",
            Self::ConfirmAddress(_) => "confirm_address",
            Self::ConnectCalendar(message) => message.kind(),
            Self::InterviewerAnswered(_) => "interviewer_answered",
            Self::Reminder(_) => "reminder",
            Self::InterviewerReminder(_) => "reminder_interviewer",
            Self::CalendarDiffers(message) => message.kind(),
            Self::WebhookSwitchedOff(_) => "webhook_switched_off",
        }
    }

    /// The message in the words for this person.
    pub fn render(&self, to: &Recipient) -> RenderedMail {
        let letter = self.letter(to);
        let greeting = format!("Hello {},", words::line(to.name.as_str()));
        RenderedMail {
            text: letter.text(&greeting),
            html: html::document(&letter, &greeting),
            subject: letter.subject,
            ics: self.calendar_object(),
        }
    }

    fn letter(&self, to: &Recipient) -> Letter {
        match self {
            Self::BookingLink(message) => message.letter(to),
            Self::BookingConfirmed(message) => message.letter(to),
            Self::BookingMoved(message) => message.letter(to),
            Self::BookingCancelled(message) => message.letter(to),
            Self::BookingHeld(message) => message.letter(to),
            Self::HeldReleased(message) => message.letter(to),
            Self::Invitation(message) => message.letter(to),
            Self::InvitationUpdated(message) => message.letter(to),
            Self::InvitationCancelled(message) => message.letter(to),
            Self::InvitationWithdrawn(message) => message.letter(to),
            Self::InvitationReplaced(message) => message.letter(to),
            Self::CoordinatorNotice(message) => message.letter(to),
            Self::ReconnectNeeded(message) => message.letter(to),
            Self::CalendarFailing(message) => message.letter(to),
            Self::ConfirmAddress(message) => message.letter(to),
            Self::ConnectCalendar(message) => message.letter(to),
            Self::InterviewerAnswered(message) => message.letter(to),
            Self::Reminder(message) => message.letter(to),
            Self::InterviewerReminder(message) => message.letter(to),
            Self::CalendarDiffers(message) => message.letter(to),
            Self::WebhookSwitchedOff(message) => message.letter(to),
        }
    }

    /// The kind of message fixes the method, whatever the event in it says.
    fn calendar_object(&self) -> Option<(Method, String)> {
        let (method, event) = match self {
            Self::Invitation(message) => (Method::Request, &message.event),
            Self::InvitationUpdated(message) => (Method::Request, &message.event),
            Self::InvitationCancelled(message) => (Method::Cancel, &message.event),
            Self::InvitationWithdrawn(message) => (Method::Cancel, &message.event),
            Self::InvitationReplaced(message) => (Method::Request, message.event.as_ref()?),
            _ => return None,
        };
        let event = crate::calendars::ical::Invitation { method, ..event.clone() };
        Some((method, event.write()))
    }
}
