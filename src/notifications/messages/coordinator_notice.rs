use crate::{
    notifications::{Meeting, Recipient, letter::Letter, link::Link, when},
    scheduling::interval::Interval,
};

/// To the coordinator: what became of a request of theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct CoordinatorNotice {
    pub candidate: String,
    pub meeting: Meeting,
    pub what: CandidateDid,
    /// The request's page.
    pub request: Link,
}

/// What there is to tell.
#[derive(Clone, PartialEq, Eq)]
pub enum CandidateDid {
    Booked,
    Moved {
        before: Interval,
    },
    Cancelled {
        /// In the candidate's words.
        reason: Option<String>,
    },
    /// The candidate's booking stands, but we could not write it to the coordinator's calendar.
    NotPlaced {
        /// A sentence of ours, with its full stop; never a provider's text.
        reason: String,
    },
    /// The interview is cancelled, but we could not take it off the coordinator's calendar.
    NotRemoved {
        /// As above.
        reason: String,
    },
}

impl CoordinatorNotice {
    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            CandidateDid::Booked => "coordinator_booked",
            CandidateDid::Moved { .. } => "coordinator_moved",
            CandidateDid::Cancelled { .. } => "coordinator_cancelled",
            CandidateDid::NotPlaced { .. } => "coordinator_not_placed",
            CandidateDid::NotRemoved { .. } => "coordinator_not_removed",
        }
    }

    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { candidate, meeting, .. } = self;
        let start = super::start_for(meeting.span, to);
        let (name, title) = (super::short_title(candidate), super::short_title(&meeting.interview_type));
        let letter = match &self.what {
            CandidateDid::Booked => {
                Letter::new(&format!("Booked: {name}, {title}, {start}"), "A candidate picked a time")
                    .say(&format!("{candidate} picked a time. The interviewers are kept free for it."))
                    .fact("Candidate", candidate)
                    .meeting(meeting, to)
            }
            CandidateDid::Moved { before } => {
                Letter::new(&format!("Moved: {name}, {title}, {start}"), "A candidate moved the interview")
                    .say(&format!("{candidate} moved the interview. Everyone invited is told of the new time."))
                    .fact("Candidate", candidate)
                    .meeting(meeting, to)
                    .fact("Before", &when::span(*before, to.zone))
            }
            CandidateDid::Cancelled { reason } => {
                Letter::new(&format!("Cancelled: {name}, {title}, {start}"), "A candidate cancelled the interview")
                    .say(&format!("{candidate} cancelled. The time is free again and everyone invited is told."))
                    .fact("Candidate", candidate)
                    .meeting(meeting, to)
                    .fact_if("Reason", reason.as_deref())
            }
            CandidateDid::NotPlaced { reason } => Letter::new(
                &format!("Not in your calendar: {name}, {title}, {start}"),
                "The interview is not in your calendar as it is booked",
            )
            .say(&format!(
                "The interview with {candidate} is booked, but we could not write it to your calendar. {reason}"
            ))
            .fact("Candidate", candidate)
            .meeting(meeting, to)
            .say("The booking itself is safe. Open the request to see what went wrong and to try again."),
            CandidateDid::NotRemoved { reason } => Letter::new(
                &format!("Still in your calendar: {name}, {title}, {start}"),
                "A cancelled interview may still be in your calendar",
            )
            .say(&format!(
                "The interview with {candidate} is cancelled, but we could not take it off your calendar. {reason}"
            ))
            .fact("Candidate", candidate)
            .meeting(meeting, to)
            .say("Delete it there by hand, or try again from your dashboard."),
        };
        letter.button("Open the request", &self.request).footer_for_members()
    }
}
