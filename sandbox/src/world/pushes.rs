//! Messages to those who watch calendars: what is to be sent, and how it went.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Provider, State};
use crate::faults::PushFate;

/// How many are remembered.
pub const KEPT: usize = 20_000;

/// One message on its way.
#[derive(Clone, Debug)]
pub struct Push {
    /// Under which it is remembered, once it is.
    pub number: Option<u64>,
    pub provider: Provider,
    /// Whose calendars it is about.
    pub account: String,
    /// The channels it is for; several share one at Microsoft.
    pub channels: Vec<String>,
    pub kind: PushKind,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// What faults do to it.
    pub fate: PushFate,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushKind {
    /// Google's first one.
    Sync,
    /// Events changed.
    Change,
    /// The calendar is gone (Google).
    Gone,
    /// About the subscription itself (Microsoft).
    Lifecycle,
    /// Nothing happened: one of a storm.
    Storm,
}

/// How it went, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pending,
    Delivered,
    /// By a fault: never sent.
    Dropped,
    /// The answer was one after which nothing is sent again.
    Refused,
    /// Every retry failed.
    GivenUp,
    /// The address is not on this machine.
    NotSent,
}

/// One try.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    pub at: DateTime<Utc>,
    /// What was answered; null if nothing was.
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// One message and how it went. Tokens are left out.
#[derive(Clone, Debug, Serialize)]
pub struct PushRecord {
    /// Rises; `since=` in the control API compares with it.
    pub number: u64,
    pub at: DateTime<Utc>,
    pub provider: Provider,
    pub account: String,
    pub channels: Vec<String>,
    pub kind: PushKind,
    pub url: String,
    /// Lower-case names.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    pub attempts: Vec<Attempt>,
    pub outcome: Outcome,
    /// The kinds of fault that took part.
    pub faults: Vec<&'static str>,
}

const SECRET: [&str; 2] = ["x-goog-channel-token", "clientState"];

impl State {
    /// Puts a message on its way.
    pub fn push(&mut self, push: Push) {
        self.outgoing.push(push);
        self.bell.notify_one();
    }

    /// Remembers a message that is about to be sent, forgetting the oldest beyond [`KEPT`].
    pub fn remember_push(&mut self, push: &mut Push) {
        let number = self.next_version();
        push.number = Some(number);
        let hidden = |name: &str, text: &String| {
            if SECRET.contains(&name) { "…".to_owned() } else { text.clone() }
        };
        let mut body = push.body.clone().unwrap_or_default();
        for item in body.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten() {
            if item.get("clientState").is_some_and(Value::is_string) {
                item["clientState"] = "…".into();
            }
        }
        let record = PushRecord {
            number,
            at: self.now(),
            provider: push.provider,
            account: push.account.clone(),
            channels: push.channels.clone(),
            kind: push.kind,
            url: push.url.clone(),
            headers: push.headers.iter().map(|(name, text)| ((*name).to_owned(), hidden(name, text))).collect(),
            body,
            attempts: Vec::new(),
            outcome: if push.fate.drop { Outcome::Dropped } else { Outcome::Pending },
            faults: push.fate.names(),
        };
        if self.pushes.len() == KEPT {
            self.pushes.pop_front();
        }
        self.pushes.push_back(record);
    }

    /// Adds a try to a remembered message.
    pub fn push_tried(&mut self, push: &Push, attempt: Option<Attempt>, outcome: Outcome) {
        let found = self.pushes.iter_mut().rev().find(|record| Some(record.number) == push.number);
        if let Some(record) = found {
            record.attempts.extend(attempt);
            // A copy that failed does not undo one that arrived.
            if record.outcome != Outcome::Delivered {
                record.outcome = outcome;
            }
        }
    }
}
