//! Job applications in the applicant-tracking system, and the notes on them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::State;

/// One person's application for one job. iCIMS calls it an applicant workflow.
#[derive(Clone, Debug, Serialize)]
pub struct Application {
    pub id: u64,
    pub candidate: &'static str,
    pub status: &'static str,
    /// Oldest first.
    pub notes: Vec<Note>,
}

/// A text somebody put on an application.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    pub id: u64,
    pub note: String,
    #[serde(rename = "createdDate")]
    pub created: DateTime<Utc>,
}

const SEEDS: [(u64, &str, &str); 5] = [
    (20_871, "Priya Raman", "Interview"),
    (20_934, "Jonas Weber", "Interview"),
    (21_006, "Noor Haddad", "Recruiter review"),
    (21_142, "Lucas Moreau", "Interview"),
    (21_377, "Hana Kobayashi", "Offer"),
];

/// The applications a fresh world starts with; nobody has written a note yet.
pub fn seeded() -> BTreeMap<u64, Application> {
    SEEDS.map(|(id, candidate, status)| (id, Application { id, candidate, status, notes: Vec::new() })).into()
}

impl State {
    /// Puts a note on an application; none is the same as another, however alike their texts are.
    ///
    /// `None` for an application that does not exist.
    pub fn add_note(&mut self, application: u64, text: &str) -> Option<Note> {
        let note = Note { id: self.next_version(), note: text.to_owned(), created: self.now() };
        self.applications.get_mut(&application)?.notes.push(note.clone());
        Some(note)
    }
}
