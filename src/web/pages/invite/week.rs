//! A week of half hours on somebody's clocks: from what they gave before to a grid, and from a posted form back to instants.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use crate::{
    error::AppError,
    scheduling::{
        clock::{self, WallTime},
        interval::{Interval, normalise},
    },
    web::components::{TimeCell, TimeDay},
};

/// How far ahead weeks can be spoken about.
const WEEKS: u64 = 13;
/// The hours of the grid, unless all are asked for.
const USUAL: std::ops::Range<u32> = 7..21;

/// One Monday to Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    first: NaiveDate,
    zone: Tz,
}

impl Week {
    /// The week of an instant on these clocks.
    pub fn of(at: DateTime<Utc>, zone: Tz) -> Self {
        Self { first: at.with_timezone(&zone).date_naive().week(Weekday::Mon).first_day(), zone }
    }

    /// The week that `text` (a date in it) names, if it is this one or one of the coming thirteen.
    pub fn parse(text: &str, zone: Tz, now: DateTime<Utc>) -> Option<Self> {
        let date: NaiveDate = text.parse().ok()?;
        let week = Self { first: date.week(Weekday::Mon).checked_first_day()?, zone };
        week.is_speakable(now).then_some(week)
    }

    fn is_speakable(self, now: DateTime<Utc>) -> bool {
        let this = Self::of(now, self.zone).first;
        (this..=this + Days::new(7 * WEEKS)).contains(&self.first)
    }

    pub fn next(self, now: DateTime<Utc>) -> Option<Self> {
        Some(Self { first: self.first + Days::new(7), ..self }).filter(|week| week.is_speakable(now))
    }

    pub fn before(self, now: DateTime<Utc>) -> Option<Self> {
        Some(Self { first: self.first - Days::new(7), ..self }).filter(|week| week.is_speakable(now))
    }

    /// For an address: its Monday.
    pub fn name(self) -> String {
        self.first.to_string()
    }

    /// "8 to 14 March"
    pub fn label(self) -> String {
        let last = self.first + Days::new(6);
        if self.first.month() == last.month() {
            format!("{} to {}", self.first.format("%-d"), last.format("%-d %B"))
        } else {
            format!("{} to {}", self.first.format("%-d %B"), last.format("%-d %B"))
        }
    }

    /// From the first midnight to the one after the week.
    pub fn span(self) -> Option<Interval> {
        let midnight = |date: NaiveDate| clock::resolve(self.zone, date.and_time(NaiveTime::MIN)).instant();
        Interval::new(midnight(self.first), midnight(self.first + Days::new(7)))
    }

    /// The labels in front of the rows.
    pub fn rows(all_hours: bool) -> Vec<String> {
        halves(all_hours)
            .map(|(hour, minute)| if minute == 0 { format!("{hour:02}:00") } else { String::new() })
            .collect()
    }

    /// The days with their half hours; ticked is what lies in `windows` whole.
    pub fn days(self, windows: &[Interval], now: DateTime<Utc>, all_hours: bool) -> Vec<TimeDay> {
        let today = now.with_timezone(&self.zone).date_naive();
        (0..7).map(|day| self.day(self.first + Days::new(day), today, windows, now, all_hours)).collect()
    }

    fn day(
        self,
        date: NaiveDate,
        today: NaiveDate,
        windows: &[Interval],
        now: DateTime<Utc>,
        all_hours: bool,
    ) -> TimeDay {
        let cell = |(hour, minute)| {
            let wall = date.and_hms_opt(hour, minute, 0).unwrap_or_default();
            let span = half_hour(self.zone, wall);
            TimeCell {
                value: wall.format("%Y-%m-%dT%H:%M").to_string(),
                name: wall.format("%A %-d %B, %H:%M").to_string(),
                ticked: span.is_some_and(|span| windows.iter().any(|window| window.contains(&span))),
                off: span.is_none_or(|span| span.end() <= now),
            }
        };
        TimeDay {
            weekday: date.format("%a").to_string(),
            date: date.format("%-d").to_string(),
            month: date.format("%b").to_string(),
            is_today: date == today,
            cells: halves(all_hours).map(cell).collect(),
        }
    }

    /// The times a form ticked, joined.
    ///
    /// # Errors
    /// A half hour that the grid of this week does not have.
    pub fn windows<'a>(self, ticked: impl IntoIterator<Item = &'a str>) -> Result<Vec<Interval>, AppError> {
        let mut windows = Vec::new();
        for text in ticked {
            let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
            let in_week = |wall: &NaiveDateTime| {
                let day = (wall.date() - self.first).num_days();
                (0..7).contains(&day) && wall.minute().is_multiple_of(30)
            };
            let wall = wall.filter(in_week).ok_or_else(|| {
                AppError::invalid("times", "window_invalid", "One of the times is not of this week.")
                    .hint("Load the page again.")
            })?;
            windows.extend(half_hour(self.zone, wall));
        }
        Ok(normalise(windows))
    }
}

fn halves(all_hours: bool) -> impl Iterator<Item = (u32, u32)> {
    let hours = if all_hours { 0..24 } else { USUAL };
    hours.flat_map(|hour| [(hour, 0), (hour, 30)])
}

/// The half hour that begins when the clocks show `wall`; none if they never do.
fn half_hour(zone: Tz, wall: NaiveDateTime) -> Option<Interval> {
    let start = match clock::resolve(zone, wall) {
        WallTime::Skipped { .. } => return None,
        shown => shown.instant(),
    };
    Interval::new(start, start + TimeDelta::minutes(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_begins_on_monday_by_the_clocks_of_the_zone() {
        // Sunday evening in New York is Monday in Berlin.
        let instant = at("2027-03-08T00:30:00Z");
        assert_eq!(Week::of(instant, Tz::Europe__Berlin).name(), "2027-03-08");
        let week = Week::of(instant, Tz::America__New_York);
        assert_eq!((week.name().as_str(), week.label().as_str()), ("2027-03-01", "1 to 7 March"));
        // Clocks change on 14 March: the week of the 8th has 167 hours.
        let week = Week::parse("2027-03-10", Tz::America__New_York, instant).unwrap();
        assert_eq!(week.span().unwrap().minutes(), 167 * 60);
    }

    #[test]
    fn what_is_ticked_comes_back_as_ticked() {
        let now = at("2027-03-01T12:00:00Z");
        for zone in [Tz::Europe__Berlin, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::UTC] {
            let week = Week::parse("2027-03-12", zone, now).unwrap();
            let ticked = ["2027-03-08T09:00", "2027-03-08T09:30", "2027-03-14T20:30"];
            let windows = week.windows(ticked).unwrap();
            assert_eq!(windows.len(), 2, "neighbours are joined");
            let shown = week.days(&windows, now, true);
            let shown: Vec<_> = shown.iter().flat_map(|day| &day.cells).filter(|cell| cell.ticked).collect();
            assert_eq!(shown.iter().map(|cell| cell.value.as_str()).collect::<Vec<_>>(), ticked);
        }
    }

    #[test]
    fn what_the_grid_does_not_have_is_refused() {
        let now = at("2027-03-01T12:00:00Z");
        let week = Week::parse("2027-03-12", Tz::UTC, now).unwrap();
        for bad in ["2027-03-07T09:00", "2027-03-15T00:00", "2027-03-08T09:15", "tomorrow", ""] {
            assert_eq!(week.windows([bad]).unwrap_err().code, "window_invalid", "{bad}");
        }
        for bad in ["2027-02-28", "2027-07-01", "soon", "+262143-12-31"] {
            assert_eq!(Week::parse(bad, Tz::UTC, now), None, "{bad}");
        }
    }

    #[test]
    fn an_hour_that_clocks_leave_out_is_off() {
        let now = at("2027-03-01T12:00:00Z");
        let week = Week::parse("2027-03-14", Tz::America__New_York, now).unwrap();
        let days = week.days(&[], now, true);
        let off: Vec<_> = days[6].cells.iter().filter(|cell| cell.off).map(|cell| cell.value.as_str()).collect();
        assert_eq!(off, ["2027-03-14T02:00", "2027-03-14T02:30"]);
        assert!(week.windows(["2027-03-14T02:30"]).unwrap().is_empty());
    }
}
