//! What happens on a calendar without us: what changed since we last looked, and being told when something does.
//!
//! Nothing here says what an entry is about. A change is an id; whoever needs more reads that one event
//! ([`find`](super::Calendar::find)), for a deletion or a move is believed only then.

use std::fmt;

use chrono::{DateTime, Utc};

use super::secret;

/// How far a calendar has been read: the provider's word for it, kept and handed back as it is (a sync token at Google and
/// CalDAV, a delta link at Microsoft).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub text: String,
    /// It tells of what lies before this instant only, so take a new one well ahead of it. `None`: of everything.
    pub reaches: Option<DateTime<Utc>>,
}

/// An entry that is new, or another than it was, or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As in [`Placed::provider_id`](super::Placed::provider_id). Of a series: of its master, or of one time of it.
    pub provider_id: String,
    /// The provider says that it is no longer there, or cancelled. Microsoft says the same of what only left the window.
    pub is_gone: bool,
}

/// What a calendar told since a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Each entry once, with what was said of it last.
    pub entries: Vec<Changed>,
    /// The entries are all there is (a full read), and not what changed. What is missing among them may be gone; what is there
    /// may be as it was.
    pub is_complete: bool,
    /// Where to go on. Keep it together with what was made of the entries.
    pub cursor: Cursor,
}

secret! {
    /// What a provider hands back with every push, so that we know it is meant: 256 random bits, in base64url.
    HookToken
}

/// Where a provider is to push to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Of this channel alone: a UUID that is never used again.
    pub channel: uuid::Uuid,
    /// An https address (http on loopback).
    pub address: String,
    /// Where news of the subscription itself go (Microsoft).
    pub lifecycle: String,
    pub token: HookToken,
}

/// A provider pushes, until `expires_at`.
#[derive(Clone, PartialEq, Eq)]
pub struct Watching {
    /// What the provider calls the channel: ours at Google, its own at Microsoft.
    pub id: String,
    /// What is watched, as the provider calls it; empty where it has no name for it.
    pub resource: String,
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watching({} until {})", self.id, self.expires_at)
    }
}

/// How a provider tells that something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushes {
    /// Not at all: it is asked again and again.
    Never,
    /// A channel ends when it ends; another one takes its place, and for a while both push (Google).
    Replaced,
    /// A subscription is made longer (Microsoft).
    Renewed,
}
