use crate::{
    notifications::{Meeting, Recipient, letter::Letter, link::Link, when},
    scheduling::interval::Interval,
};

/// To the coordinator: a calendar, or somebody in it, says something else of an interview than Convene, and nothing is done before
/// the coordinator decides.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarDiffers {
    pub candidate: String,
    pub meeting: Meeting,
    /// "Google Calendar"
    pub calendar: &'static str,
    /// Whose calendar it is.
    pub owner: String,
    pub what: CalendarSays,
    /// Where it is decided.
    pub page: Link,
}

/// What it says.
#[derive(Clone, PartialEq, Eq)]
pub enum CalendarSays {
    Moved {
        to: Option<Interval>,
        /// Why it cannot be at that time: sentences of ours, each with its full stop. Never what somebody is busy with.
        why: String,
    },
    Gone,
    Collided {
        /// `None` where it has no time there.
        to: Option<Interval>,
        is_gone: bool,
    },
    Declined {
        who: String,
    },
    CandidateDeclined,
}

impl CalendarDiffers {
    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            CalendarSays::Moved { .. } => "calendar_moved",
            CalendarSays::Gone => "calendar_gone",
            CalendarSays::Collided { .. } => "calendar_collided",
            CalendarSays::Declined { .. } => "interviewer_declined",
            CalendarSays::CandidateDeclined => "candidate_declined",
        }
    }

    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { candidate, meeting, calendar, owner, .. } = self;
        let start = super::start_for(meeting.span, to);
        let (name, title) = (super::short_title(candidate), super::short_title(&meeting.interview_type));
        let about = format!("{name}, {title}, {start}");
        let there = |span: &Option<Interval>| span.map(|span| when::span(span, to.zone));
        let facts = |letter: Letter| letter.fact("Candidate", candidate).meeting(meeting, to);
        let letter = match &self.what {
            CalendarSays::Moved { to: time, why } => facts(
                Letter::new(&format!("Not moved: {about}"), "An interview cannot be where its event was moved").say(
                    &format!(
                        "{owner} moved the interview with {candidate} in {calendar}. It cannot be at that time, so it \
                         stays where it was. {why}"
                    ),
                ),
            )
            .fact_if("In the calendar", there(time).as_deref()),
            CalendarSays::Gone => facts(
                Letter::new(&format!("Deleted in {calendar}: {about}"), "Is this interview cancelled?").say(&format!(
                    "The interview with {candidate} was deleted in {owner}'s {calendar}. It is still booked, and \
                     Convene has told nobody anything. Say whether it is cancelled or put back."
                )),
            ),
            CalendarSays::Collided { to: time, is_gone } => {
                let what = match (time, is_gone) {
                    (Some(_), _) => "has another time there",
                    (None, true) => "was deleted there",
                    (None, false) => "takes whole days there",
                };
                facts(
                    Letter::new(&format!("Which one counts: {about}"), "An interview differs from its calendar").say(
                        &format!(
                            "The interview with {candidate} was changed in Convene and in {owner}'s {calendar}: it {what}. \
                             Say which of the two counts."
                        ),
                    ),
                )
                .fact_if("In the calendar", there(time).as_deref())
            }
            CalendarSays::Declined { who } => facts(
                Letter::new(&format!("{} declined: {about}", super::short_title(who)), "An interviewer declined").say(
                    &format!(
                        "{who} declined the interview with {candidate}. Choose who comes instead, or keep it as it is."
                    ),
                ),
            ),
            CalendarSays::CandidateDeclined => facts(
                Letter::new(&format!("Declined by the candidate: {about}"), "Is this interview cancelled?").say(&format!(
                    "{candidate} declined the invitation. The interview is still booked. Say whether it is cancelled \
                     or kept."
                )),
            ),
        };
        letter.button("Decide", &self.page).footer_for_members()
    }
}
