//! The mail that a provider would send about our events.

use super::{EventDraft, Memory, State};

/// Mail that a provider would have sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub to: String,
    pub marker: String,
    pub kind: NoticeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    Invitation,
    Update,
    Cancellation,
}

impl Memory {
    /// The mail sent so far, oldest first.
    pub fn notices(&self) -> Vec<Notice> {
        self.state().notices.clone()
    }
}

impl State {
    pub(super) fn tell(&mut self, draft: &EventDraft, kind: NoticeKind) {
        if draft.notify {
            self.notices.extend(draft.attendees.iter().map(|attendee| Notice {
                to: attendee.email.clone(),
                marker: draft.marker.clone(),
                kind,
            }));
        }
    }

    /// Who is new is invited, who was listed before and is not any more is uninvited, the others learn of a change.
    pub(super) fn tell_of_put(&mut self, draft: &EventDraft, before: Option<&EventDraft>) {
        let lists = |draft: &EventDraft, email: &str| draft.attendees.iter().any(|one| one.email == email);
        let some = |of: &EventDraft, wanted: &dyn Fn(&str) -> bool| {
            let attendees = of.attendees.iter().filter(|one| wanted(&one.email)).cloned().collect();
            EventDraft { attendees, notify: draft.notify, ..of.clone() }
        };
        let was_there = |email: &str| before.is_some_and(|before| lists(before, email));
        self.tell(&some(draft, &|email| !was_there(email)), NoticeKind::Invitation);
        self.tell(&some(draft, &was_there), NoticeKind::Update);
        if let Some(before) = before {
            self.tell(&some(before, &|email| !lists(draft, email)), NoticeKind::Cancellation);
        }
    }
}
