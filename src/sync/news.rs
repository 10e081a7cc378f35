//! Pure: what a look at a calendar tells that we did not know.
//!
//! Three things are compared: the event as we want it, what the calendar shows now, and what both looked like when they last
//! agreed ([`Placement::seen`]). Only so can a change there be told from a change of ours that has not arrived yet.

use std::collections::BTreeMap;

use crate::{
    calendars::{RemoteEvent, Response},
    events::{Event, Placement, theirs::Theirs},
    scheduling::interval::Interval,
    store::words::EventStatus,
};

/// One event as it stands on one calendar now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub theirs: Theirs,
    /// By address in small letters; whoever has not answered is left out.
    pub answers: BTreeMap<String, Response>,
}

impl Look {
    /// What the provider told of it; `None` is an event it knows nothing of.
    pub fn of(found: Option<&RemoteEvent>) -> Self {
        let theirs = match found {
            None => Theirs::Gone,
            Some(event) if event.cancelled => Theirs::Gone,
            Some(event) => event.span.map_or(Theirs::WholeDays, Theirs::At),
        };
        let answers = found.into_iter().flat_map(|event| &event.attendees);
        let answers = answers.filter(|(_, answer)| *answer != Response::NeedsAction);
        Self { theirs, answers: answers.map(|(email, answer)| (email.to_lowercase(), *answer)).collect() }
    }
}

/// Something that was done to an event on a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It has another time, and we had not changed ours.
    Moved(Interval),
    /// It was deleted or cancelled, and we had not changed ours.
    Gone,
    /// Both sides changed, or it became something that we cannot follow.
    Collided(Theirs),
    /// Attendees answered otherwise than when we last looked; all answers there are.
    Answered(BTreeMap<String, Response>),
    /// Both sides came to the same, by themselves.
    Agreed,
}

/// What is new about an event that stands on a calendar. Nothing where we are about to take it off anyway, or where nobody was
/// promised to find it there yet.
pub fn news(event: &Event, placement: &Placement, look: &Look) -> Vec<News> {
    if event.status != EventStatus::Confirmed || !placement.stands() {
        return Vec::new();
    }
    let is_ours = placement.seen == Some(Theirs::At(event.span));
    let mut news = Vec::new();
    match look.theirs {
        // As we know it there. A change of ours is still on its way, or is waited for.
        theirs if placement.seen == Some(theirs) => {}
        Theirs::At(span) if span == event.span => news.push(News::Agreed),
        Theirs::At(span) if is_ours => news.push(News::Moved(span)),
        Theirs::Gone if is_ours => news.push(News::Gone),
        theirs => news.push(News::Collided(theirs)),
    }
    if look.theirs != Theirs::Gone && look.answers != placement.answers {
        news.push(News::Answered(look.answers.clone()));
    }
    news
}
