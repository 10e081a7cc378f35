//! A difference in words, the same on the request's page, on its own page and on the dashboard. Says who cannot, never why they are
//! busy.

use chrono_tz::Tz;

use crate::{
    booking::difference::{Blocker, Difference},
    events::theirs::Theirs,
    ids::PersonId,
    notifications::when,
    store::words::{DifferenceKind, Outcome},
};

/// What there is to say of one.
pub struct Words {
    /// What happened: "Ana moved this interview in Google Calendar".
    pub title: String,
    /// What it means until somebody decides.
    pub means: String,
    /// What became of it.
    pub settled: String,
    theirs: Option<Theirs>,
}

impl Words {
    pub fn of(found: &Difference, candidate: &str, name_of: impl Fn(PersonId) -> String) -> Self {
        let (owner, calendar) = (name_of(found.owner), found.calendar());
        let who = found.person.map(&name_of).unwrap_or_default();
        let (title, means) = match found.kind {
            DifferenceKind::Moved => (
                format!("{owner} moved this interview in {calendar}"),
                "It cannot be at that time, so it stays where it was until you decide.".to_owned(),
            ),
            DifferenceKind::Gone => (
                format!("This interview was deleted in {owner}'s {calendar}"),
                "It is still booked, and Convene has told nobody anything.".to_owned(),
            ),
            DifferenceKind::Collided => (
                format!("This interview differs from {owner}'s {calendar}"),
                "It was changed on both sides, or cannot be followed. Keep one of the two.".to_owned(),
            ),
            DifferenceKind::Declined => (
                format!("{who} declined this interview"),
                "The time stays taken for everybody until you choose who comes instead, or keep it as it is."
                    .to_owned(),
            ),
            DifferenceKind::CandidateDeclined => (
                format!("{candidate} declined this interview"),
                "It is still booked, and nobody else was told anything.".to_owned(),
            ),
        };
        let by =
            found.settled.and_then(|settled| settled.by).map(|by| format!(" by {}", name_of(by))).unwrap_or_default();
        let is_answer = !found.is_shown();
        let settled = match found.settled.map(|settled| settled.outcome) {
            None => String::new(),
            Some(Outcome::Ours) => format!("Kept as it is in Convene{by}"),
            Some(Outcome::Theirs) if found.kind == DifferenceKind::Declined => format!("{who} was replaced"),
            Some(Outcome::Theirs) if is_answer || found.theirs == Some(Theirs::Gone) => {
                format!("Cancellation confirmed{by}")
            }
            Some(Outcome::Theirs) => format!("The time of {calendar} was taken{by}"),
            Some(Outcome::Kept) => format!("Kept as it is{by}"),
            Some(Outcome::Withdrawn) if found.kind == DifferenceKind::Declined => {
                format!("{who}'s refusal matters no more")
            }
            Some(Outcome::Withdrawn) if is_answer => "The candidate's refusal matters no more".to_owned(),
            Some(Outcome::Withdrawn) => format!("{calendar} and Convene agree again"),
        };
        Self { title, means, settled, theirs: found.theirs }
    }

    /// What the calendar shows; nothing where it is about an answer.
    pub fn shown(&self, zone: Tz) -> String {
        self.theirs.map(|theirs| shown(theirs, zone)).unwrap_or_default()
    }
}

/// "Tue 9 March, 15:00-15:45, Berlin", "Deleted"
pub fn shown(theirs: Theirs, zone: Tz) -> String {
    match theirs {
        Theirs::At(span) => when::span(span, zone),
        Theirs::WholeDays => "Whole days, without a time".to_owned(),
        Theirs::Gone => "Deleted".to_owned(),
    }
}

/// A sentence each, each once.
pub fn reasons(blockers: &[Blocker], name_of: impl Fn(PersonId) -> String) -> Vec<String> {
    let mut sentences = Vec::new();
    for blocker in blockers {
        let name = blocker.person.map(&name_of).unwrap_or_default();
        let sentence = blocker.because.in_words(&name);
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}
