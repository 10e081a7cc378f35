//! What free/busy questions are answered from.

use chrono::{DateTime, Utc};

use super::State;

/// Half-open, in UTC.
pub type Interval = (DateTime<Utc>, DateTime<Utc>);

impl State {
    /// When a calendar's owner is busy within the window: merged, sorted, cut to the window.
    ///
    /// `None` for a calendar that does not exist, so that unknown cannot be taken for free.
    pub fn busy(&self, calendar: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<Vec<Interval>> {
        let known = self.calendars.get(calendar)?;
        let intervals = self
            .events_between(known, from, until)
            .iter()
            .filter(|event| event.occupies(&known.owner))
            .map(|event| event.span.interval(known.zone))
            .map(|(start, end)| (start.max(from), end.min(until)))
            .filter(|(start, end)| start < end)
            .collect();
        Some(merge(intervals))
    }
}

/// Joins what overlaps or touches.
pub fn merge(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for (start, end) in intervals {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).expect("an instant")
    }

    #[test]
    fn overlapping_and_touching_become_one() {
        let given = vec![(at(30), at(60)), (at(0), at(10)), (at(10), at(20)), (at(40), at(50))];
        assert_eq!(merge(given), vec![(at(0), at(20)), (at(30), at(60))]);
    }
}
