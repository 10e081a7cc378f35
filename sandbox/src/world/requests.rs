//! What was asked of the sandbox.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Service, State};

/// How many requests are remembered.
pub const KEPT: usize = 20_000;

/// One request and how it went. Tokens and secrets are left out.
#[derive(Clone, Debug, Serialize)]
pub struct RequestRecord {
    /// Rises by at least one; `since=` in the control API compares with it.
    pub number: u64,
    pub at: DateTime<Utc>,
    pub provider: Service,
    pub method: String,
    pub path: String,
    /// In order of appearance; repeated names stay repeated.
    pub query: Vec<(String, String)>,
    /// Lower-case names; without `authorization` and `cookie`.
    pub headers: BTreeMap<String, String>,
    /// JSON as sent; a form as an object; other text as a string; null when empty.
    pub body: Value,
    /// Whose access token came along, if it was one of ours; for an application's own token at Microsoft, whose mailbox
    /// the path names.
    pub account: Option<String>,
    /// The client id of the application whose own token came along, rather than one a person consented to.
    pub application: Option<String>,
    /// What was answered; null if the connection was closed without an answer.
    pub status: Option<u16>,
    /// The answer's body if it was JSON of at most 64 KiB.
    pub answer: Value,
    /// The kinds of fault that took part.
    pub faults: Vec<String>,
}

impl State {
    /// Remembers a request, forgetting the oldest beyond [`KEPT`].
    pub fn remember(&mut self, mut record: RequestRecord) {
        record.number = self.next_version();
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(record);
    }
}
