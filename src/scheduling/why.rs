//! Why a start was refused: per person and rule, and never what the entry behind a rule is.
//!
//! A start is refused when the seats cannot be filled. Each person a seat names and who was not available is given
//! with every rule that stood in the way, so that lifting one of two is not promised to help.

use super::slots::Answer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What kept somebody from a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Sooner than the minimum notice allows. Holds for everyone alike.
    Notice,
    /// Nobody knows their calendar and no fallback window covers the slot.
    Unknown,
    /// Not wholly within their hours.
    Hours,
    /// The slot itself meets something on their calendar.
    Busy,
    /// The slot is free, the time to keep free around it is not.
    Buffer,
    /// They have had as many interviews that day or week as they take.
    Limit,
}

impl Rule {
    /// The word of the JSON form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Unknown => "unknown",
            Self::Hours => "hours",
            Self::Busy => "busy",
            Self::Buffer => "buffer",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How much one rule of one person stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The person's id.
    pub person: String,
    /// What kept them.
    pub rule: Rule,
    /// Refused starts at which it did.
    pub starts: usize,
    /// Of these, the ones at which nothing else did, for anyone.
    pub alone: usize,
}

/// What to tell somebody who sees few slots or none: each person and rule with the number of refused starts, the
/// largest first. Needs an answer made with `explain`, otherwise there is nothing to count.
pub fn blockers(answer: &Answer) -> Vec<Blocker> {
    let mut counts: BTreeMap<(&str, Rule), (usize, usize)> = BTreeMap::new();
    for refused in answer.refused() {
        // Notice comes with every person of a seat and is still one obstacle.
        let alone = refused.reasons().len() == 1 || refused.reasons().all(|(_, rule)| rule == Rule::Notice);
        for (person, rule) in refused.reasons() {
            let count = counts.entry((person, rule)).or_default();
            count.0 += 1;
            count.1 += usize::from(alone);
        }
    }
    let mut blockers: Vec<Blocker> = counts
        .into_iter()
        .map(|((person, rule), (starts, alone))| Blocker { person: person.to_owned(), rule, starts, alone })
        .collect();
    blockers.sort_by_key(|blocker| std::cmp::Reverse((blocker.starts, blocker.alone)));
    blockers
}
