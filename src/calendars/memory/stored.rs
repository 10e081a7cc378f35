//! An event of ours as it stands on a calendar.

use std::collections::BTreeMap;

use super::{EventDraft, Interval, Placed, RemoteEvent, Response};
use crate::calendars::Ours;

#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// As we wrote it last.
    pub draft: EventDraft,
    /// When it is: a person may have moved it.
    pub span: Interval,
    /// A person made whole days of it; the span is from their first midnight to their last, in UTC.
    pub is_all_day: bool,
    /// What a person calls it, until we have something new to say.
    pub title: Option<String>,
    pub revision: u64,
    pub sequence: u32,
    pub cancelled: bool,
    /// By lower-case address.
    pub answers: BTreeMap<String, Response>,
}

impl Stored {
    pub fn new(draft: &EventDraft) -> Self {
        Self {
            draft: draft.clone(),
            span: draft.span,
            is_all_day: false,
            title: None,
            revision: 0,
            sequence: draft.sequence,
            cancelled: false,
            answers: BTreeMap::new(),
        }
    }

    /// The same event with this written over it.
    pub fn written(self, draft: &EventDraft) -> Self {
        let words = |one: &EventDraft| (one.summary.clone(), one.description.clone(), one.location.clone());
        let title = self.title.filter(|_| words(&self.draft) == words(draft));
        let sequence = self.sequence.max(draft.sequence);
        Self { title, sequence, answers: self.answers, ..Self::new(draft) }
    }

    pub fn lists(&self, email: &str) -> bool {
        self.draft.attendees.iter().any(|attendee| attendee.email.eq_ignore_ascii_case(email))
    }

    pub fn attends(&self, email: &str) -> bool {
        self.lists(email) && self.answers.get(&email.to_lowercase()) != Some(&Response::Declined)
    }

    /// Another alert alone is no change.
    pub fn shows(&self, draft: &EventDraft) -> bool {
        self.time() == Some(draft.span) && self.draft == EventDraft { alert: self.draft.alert, ..draft.clone() }
    }

    /// `None` if it is an all-day entry.
    pub fn time(&self) -> Option<Interval> {
        (!self.is_all_day).then_some(self.span)
    }

    pub fn placed(&self, id: &str) -> Placed {
        Placed {
            provider_id: id.to_owned(),
            etag: Some(format!("\"{}\"", self.revision)),
            join_url: self.draft.video.then(|| format!("https://meet.invalid/{id}")),
            ical_uid: Some(format!("{id}@memory.invalid")),
            span: self.time(),
        }
    }

    pub fn as_ours(&self, id: &str) -> Ours {
        Ours {
            provider_id: id.to_owned(),
            marker: self.draft.marker.clone(),
            span: self.time(),
            cancelled: self.cancelled,
        }
    }

    pub fn as_seen(&self, id: &str) -> RemoteEvent {
        let answer = |email: &str| self.answers.get(&email.to_lowercase()).copied().unwrap_or(Response::NeedsAction);
        RemoteEvent {
            placed: self.placed(id),
            span: self.time(),
            cancelled: self.cancelled,
            attendees: self.draft.attendees.iter().map(|one| (one.email.clone(), answer(&one.email))).collect(),
            sequence: Some(self.sequence),
        }
    }
}
