//! The ANSWER document.

use super::super::slots::{Answer, Refused, Slot};
use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::ser::{SerializeMap, Serializer};
use serde::{Serialize, ser::SerializeSeq};
use std::fmt;

/// Writes an answer as the ANSWER document. `people` of a slot are those who sit, then the optional ones who come along.
pub fn write_answer(answer: &Answer) -> String {
    serde_json::to_string(&AnswerDocument(answer)).expect("strings and lists always serialise")
}

/// UTC with seconds and `Z`.
struct Instant(DateTime<Utc>);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date_naive(), self.0.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Any iterator as a JSON list.
struct List<F>(F);

impl<I: Iterator<Item: Serialize>, F: Fn() -> I> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in (self.0)() {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

struct AnswerDocument<'a>(&'a Answer);

impl Serialize for AnswerDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answer = self.0;
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("slots", &List(|| answer.slots().map(|slot| SlotDocument { slot, answer })))?;
        document.serialize_entry("total", &answer.total())?;
        if answer.is_explained() {
            document.serialize_entry("refused", &List(|| answer.refused().map(RefusedDocument)))?;
        }
        document.end()
    }
}

struct SlotDocument<'a> {
    slot: Slot<'a>,
    answer: &'a Answer,
}

impl Serialize for SlotDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let slot = self.slot;
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("start", &Instant(slot.start()))?;
        document.serialize_entry("end", &Instant(slot.end()))?;
        document.serialize_entry("people", &List(|| slot.people().chain(slot.optional())))?;
        if self.answer.lists_available() {
            document.serialize_entry("available", &List(|| slot.available()))?;
        }
        document.end()
    }
}

struct RefusedDocument<'a>(Refused<'a>);

impl Serialize for RefusedDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Reason<'a> {
            person: &'a str,
            rule: super::super::why::Rule,
        }
        let refused = self.0;
        let reasons = || refused.reasons().map(|(person, rule)| Reason { person, rule });
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("start", &Instant(refused.start()))?;
        document.serialize_entry("reasons", &List(reasons))?;
        document.end()
    }
}
