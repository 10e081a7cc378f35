//! The words of each message, a file per message or pair of them. Say what happened, what it means, what to do.
//!
//! A message holds plain values; its `letter` puts them into sentences. What is the same everywhere (the facts of an
//! interview, the footers) is in this file.

mod booking_cancelled;
mod booking_confirmed;
mod booking_held;
mod booking_link;
mod booking_moved;
mod calendar_differs;
mod calendar_failing;
mod confirm_address;
mod connect_calendar;
mod coordinator_notice;
mod interviewer_answered;
mod invitation;
mod reconnect_needed;
mod reminder;
mod webhook_switched_off;

pub use booking_cancelled::BookingCancelled;
pub use booking_confirmed::BookingConfirmed;
pub use booking_held::{BookingHeld, HeldReleased};
pub use booking_link::BookingLink;
pub use booking_moved::BookingMoved;
pub use calendar_differs::{CalendarDiffers, CalendarSays};
pub use calendar_failing::CalendarFailing;
pub use confirm_address::ConfirmAddress;
pub use connect_calendar::{Asked, ConnectCalendar};
pub use coordinator_notice::{CandidateDid, CoordinatorNotice};
pub use interviewer_answered::{Answered, AnsweredRequest, InterviewerAnswered};
pub use invitation::{Invitation, InvitationCancelled, InvitationReplaced, InvitationUpdated, InvitationWithdrawn};
pub use reconnect_needed::ReconnectNeeded;
pub use reminder::{InterviewerReminder, Reminder};
pub use webhook_switched_off::WebhookSwitchedOff;

use super::{Meeting, Recipient, letter::Letter, when, words};
use crate::scheduling::interval::Interval;

/// Longest title in a subject, in characters.
const SUBJECT_TITLE: usize = 60;

/// The start of a span for a subject: `Tue 9 March, 15:00, Berlin`.
fn start_for(span: Interval, to: &Recipient) -> String {
    when::instant(span.start(), to.zone)
}

fn short_title(title: &str) -> String {
    words::short(title, SUBJECT_TITLE)
}

impl Letter {
    /// What, when (in the reader's zone and, where clocks differ, in the coordinator's) and where.
    fn meeting(self, meeting: &Meeting, to: &Recipient) -> Self {
        self.fact("What", &meeting.interview_type)
            .when("When", meeting.span, meeting, to)
            .fact_if("Where", meeting.place.as_deref())
    }

    fn when(self, label: &str, span: Interval, meeting: &Meeting, to: &Recipient) -> Self {
        let letter = self.fact(label, &when::span(span, to.zone));
        if when::clocks_differ(span, to.zone, meeting.coordinator_zone) {
            letter.fact(&format!("For {}", meeting.coordinator), &when::span(span, meeting.coordinator_zone))
        } else {
            letter
        }
    }

    fn footer_for_guests(self, coordinator: &str) -> Self {
        self.footer(&format!("You get this mail because {coordinator} arranges an interview with you, using Convene."))
    }

    fn footer_for_members(self) -> Self {
        self.footer("You get this mail because you use Convene to arrange or hold interviews.")
    }
}
