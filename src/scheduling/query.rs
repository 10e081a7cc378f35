//! The public JSON: the QUERY document in, the ANSWER document out, the same for `convene slots`, the HTTP API and
//! the tests.
//!
//! Parsing is strict: unknown and repeated fields, malformed values and impossible demands are refused with the JSON path
//! and the reason. Shape and single values are read in `document`, what holds between them is checked here, and then
//! it is an ordinary [`Query`]. Defaults: no notice, no buffers, alignment to UTC, empty lists. `busy` has none: silence is
//! not a free calendar.

mod document;
mod write;

pub use write::write_answer;

use super::slots::{Answer, Query, open_slots};

/// Longest window, days.
pub const MAX_WINDOW_DAYS: i64 = 400;
/// Most people in one query.
pub const MAX_PEOPLE: usize = 2_000;
/// Most candidate starts times people: what one query may cost.
pub const MAX_CELLS: u64 = 10_000_000;

/// The document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.line())]
pub struct QueryError {
    path: String,
    reason: String,
}

impl QueryError {
    pub(super) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// Where in the document, as in `people[2].weekly[0].start`; empty if it is not JSON at all.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there, in a sentence without its full stop.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    fn line(&self) -> String {
        if self.path.is_empty() { self.reason.clone() } else { format!("{}: {}", self.path, self.reason) }
    }
}

/// Reads a QUERY document.
///
/// # Errors
///
/// The first thing that is wrong with it. A document with a `loop` is refused: this version answers single interviews.
pub fn parse_query(text: &str) -> Result<Query, QueryError> {
    let document = document::read(text)?;
    if document.has_loop() {
        return Err(QueryError::new("loop", "loops are not supported by this version"));
    }
    let query = document.into_query()?;
    let cells = u64::from(query.grid().len()) * query.people.len() as u64;
    if cells > MAX_CELLS {
        let starts = query.grid().len();
        let reason = format!(
            "{starts} starts for {} people are too many (together at most {MAX_CELLS}): narrow the window or widen the step",
            query.people.len()
        );
        return Err(QueryError::new("window", reason));
    }
    Ok(query)
}

/// Answers a QUERY document with an ANSWER document.
///
/// # Errors
///
/// As [`parse_query`]. Nothing can go wrong after that.
///
/// ```
/// # use convene::scheduling::query::answer_json;
/// let answer = answer_json(r#"{
///     "window": {"start": "2027-03-08T00:00:00Z", "end": "2027-03-09T00:00:00Z"},
///     "now": "2027-03-06T23:00:00Z", "duration_minutes": 30, "step_minutes": 30,
///     "people": [{"id": "ana", "zone": "America/New_York", "busy": [],
///                 "weekly": [{"weekday": "mon", "start": "09:00", "end": "09:30"}]}],
///     "seats": [{"all": ["ana"]}] }"#).unwrap();
/// assert_eq!(
///     answer,
///     r#"{"slots":[{"start":"2027-03-08T14:00:00Z","end":"2027-03-08T14:30:00Z","people":["ana"]}],"total":1}"#
/// );
/// let error = answer_json("{}").unwrap_err();
/// assert_eq!(error.to_string(), "window: is missing");
/// ```
pub fn answer_json(text: &str) -> Result<String, QueryError> {
    let query = parse_query(text)?;
    let answer: Answer = open_slots(&query);
    Ok(write_answer(&answer))
}

#[cfg(test)]
mod tests;
