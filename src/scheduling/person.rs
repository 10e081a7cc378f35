//! One person as the core sees them: an id, clocks, hours, a calendar and the limits of their patience.
//!
//! No name, no address: those stay with the caller. What a newcomer would get wrong: manual windows *add* to the
//! weekly hours, so somebody who is not connected has no weekly hours, their typed windows as `manual`, and
//! `Busy::Known` of what they told us; `Busy::Unknown` means that not even that is there.

use super::busy::Busy;
use super::hours::{self, DayOverride, WeeklyWindow};
use super::interval::{self, Interval};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// Somebody who may sit in an interview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Unique within a query; breaks ties, in byte order.
    pub id: String,
    /// Whose midnight starts this person's days and weeks.
    pub zone: Tz,
    /// Hours that come back every week, on the clocks of `zone`.
    pub weekly: Vec<WeeklyWindow>,
    /// Dates whose hours are other than weekly.
    pub overrides: Vec<DayOverride>,
    /// Spans somebody typed, in addition to the hours.
    pub manual: Vec<Interval>,
    /// What the calendars say.
    pub busy: Busy,
    /// What Convene itself has booked for this person. It is known even while `busy` is not.
    pub held: Vec<Interval>,
    /// Minutes to keep free before a slot, in place of the query's.
    pub buffer_before: Option<u32>,
    /// Minutes to keep free after a slot, in place of the query's.
    pub buffer_after: Option<u32>,
    /// Most interviews on one local date, those of `load` counted.
    pub max_per_day: Option<u32>,
    /// Most interviews in one ISO week (Monday to Sunday of `zone`), those of `load` counted.
    pub max_per_week: Option<u32>,
    /// Starts of interviews already held or booked: what "least loaded" and the limits count.
    pub load: Vec<DateTime<Utc>>,
}

impl Person {
    /// Somebody without hours, limits or load: available nowhere until hours or manual windows are set.
    pub fn new(id: impl Into<String>, zone: Tz, busy: Busy) -> Self {
        Self {
            id: id.into(),
            zone,
            weekly: Vec::new(),
            overrides: Vec::new(),
            manual: Vec::new(),
            busy,
            held: Vec::new(),
            buffer_before: None,
            buffer_after: None,
            max_per_day: None,
            max_per_week: None,
            load: Vec::new(),
        }
    }

    /// Hours and manual windows together, within a span, normalised. What a week picture draws as open.
    pub fn open_hours(&self, within: Interval) -> Vec<Interval> {
        let weekly = hours::working_hours(self.zone, &self.weekly, &self.overrides, within);
        interval::intersect(&interval::merge(&weekly, &self.manual), &[within])
    }

    /// Where this person is free within a span, buffers aside: open hours without what takes them. An unknown person
    /// is free only inside `fallback`, the request's own windows.
    pub fn free_time(&self, fallback: &[Interval], within: Interval) -> Vec<Interval> {
        let (open, taken) = match &self.busy {
            Busy::Known(spans) => (self.open_hours(within), interval::merge(spans, &self.held)),
            Busy::Unknown => {
                (interval::intersect(&interval::normalise(fallback.to_vec()), &[within]), self.held.clone())
            }
        };
        interval::subtract(&open, &interval::normalise(taken))
    }
}
