//! One person as the core sees them: an id, clocks, hours, a calendar and the limits of their patience.
//!
//! No name, no address: those stay with the caller. What a newcomer would get wrong: manual windows *add* to the
//! weekly hours, so somebody who is not connected has no weekly hours, their typed windows as `manual`, and
//! `Busy::Known` of what they told us; `Busy::Unknown` means that not even that is there.

use super::busy::Busy;
use super::hours::{self, DayOverride, WeeklyWindow};
use super::interval::{self, Interval};
use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;

/// Interviews on one local date, and in its ISO week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub day: u32,
    pub week: u32,
}

impl Load {
    /// How many of these starts share the date and the week of an instant on the clocks of a zone.
    pub fn about(at: DateTime<Utc>, zone: Tz, starts: &[DateTime<Utc>]) -> Self {
        let local = |start: DateTime<Utc>| start.with_timezone(&zone).date_naive();
        let date = local(at);
        let dates = starts.iter().map(|start| local(*start)).filter(|other| other.iso_week() == date.iso_week());
        dates
            .fold(Self::default(), |load, other| Self { day: load.day + u32::from(other == date), week: load.week + 1 })
    }
}

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

    /// How much of their load lies on the local date and in the ISO week of an instant.
    pub fn load_about(&self, at: DateTime<Utc>) -> Load {
        Load::about(at, self.zone, &self.load)
    }

    /// Forgets the load of other ISO weeks than that of an instant, so that "least loaded" means the least in that week.
    pub fn count_week_of(&mut self, at: DateTime<Utc>) {
        let zone = self.zone;
        let week = |start: DateTime<Utc>| start.with_timezone(&zone).iso_week();
        self.load.retain(|start| week(*start) == week(at));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_those_of_the_person() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // Sunday evening in New York is Monday in Tokyo, and the first of these is the week before in both.
        let starts = [
            at("2027-03-07T03:00:00Z"),
            at("2027-03-07T14:30:00Z"),
            at("2027-03-08T03:00:00Z"),
            at("2027-03-12T10:00:00Z"),
        ];
        let sunday = at("2027-03-08T02:00:00Z");
        assert_eq!(Load::about(sunday, Tz::America__New_York, &starts), Load { day: 2, week: 3 });
        assert_eq!(Load::about(sunday, Tz::Asia__Tokyo, &starts), Load { day: 1, week: 2 });
        // The last days of 2027 share a week with the first of 2028.
        let turn = [at("2027-12-27T10:00:00Z"), at("2028-01-02T10:00:00Z"), at("2028-01-03T10:00:00Z")];
        assert_eq!(Load::about(at("2027-12-31T10:00:00Z"), Tz::UTC, &turn), Load { day: 0, week: 2 });
    }

    #[test]
    fn only_the_week_asked_for_counts() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let mut person = Person::new("ana", Tz::UTC, Busy::nothing());
        person.load = vec![at("2027-03-07T10:00:00Z"), at("2027-03-08T10:00:00Z"), at("2027-03-14T23:00:00Z")];
        person.count_week_of(at("2027-03-10T10:00:00Z"));
        assert_eq!(person.load, [at("2027-03-08T10:00:00Z"), at("2027-03-14T23:00:00Z")]);
    }
}
