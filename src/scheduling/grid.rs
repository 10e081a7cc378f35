//! The candidate starts: every instant at which a slot might begin, whoever is free.
//!
//! A start is on the grid when the clocks of the alignment zone show a whole multiple of the step since `00:00`. So the
//! grid begins anew at each local midnight, 09:00 is a start on every date if it is one on any, and the days around a
//! clock change are no different: a reading that happens twice is two starts, a skipped one is none. In UTC, with a
//! step that divides the day, these are the multiples of the step since 1970.

use super::clock::{DAY, ZoneClock};

/// Evenly spaced starts.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: i64,
    count: u32,
    /// How many starts come before this run.
    before: u32,
}

/// All candidate starts of a query, in rising order and numbered from 0.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    runs: Vec<Run>,
    step: i64,
    len: u32,
}

impl Grid {
    /// Starts in `from..=last` (seconds), every `step` seconds on the clock. `step` is positive and at most a day.
    pub fn new(clock: &ZoneClock, step: i64, from: i64, last: i64) -> Self {
        let mut grid = Self { runs: Vec::new(), step, len: 0 };
        for (from, to, offset) in clock.stretches_within(from, last.saturating_add(1)) {
            if DAY % step == 0 {
                grid.push_run(from, to, -offset);
                continue;
            }
            let mut midnight = (from + offset).div_euclid(DAY) * DAY - offset;
            while midnight < to {
                grid.push_run(from.max(midnight), to.min(midnight + DAY), midnight);
                midnight += DAY;
            }
        }
        grid
    }

    /// Adds the starts in `from..to` that are a multiple of the step away from `origin`.
    fn push_run(&mut self, from: i64, to: i64, origin: i64) {
        let first = origin + ceil_div(from - origin, self.step) * self.step;
        if first >= to {
            return;
        }
        let count = u32::try_from(ceil_div(to - first, self.step)).unwrap_or(u32::MAX - self.len);
        match self.runs.last_mut() {
            Some(run) if run.first + i64::from(run.count) * self.step == first => run.count += count,
            _ => self.runs.push(Run { first, count, before: self.len }),
        }
        self.len += count;
    }

    /// How many starts there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// How many starts lie before the instant: the number of the first one at or after it.
    pub fn number_at(&self, instant: i64) -> u32 {
        let after = self.runs.partition_point(|run| run.first < instant);
        let Some(run) = after.checked_sub(1).map(|at| self.runs[at]) else { return 0 };
        let elapsed = ceil_div(instant - run.first, self.step);
        run.before + u32::try_from(elapsed).unwrap_or(u32::MAX).min(run.count)
    }

    /// The instant of a start.
    pub fn start(&self, number: u32) -> i64 {
        let run = self.runs[self.runs.partition_point(|run| run.before <= number) - 1];
        run.first + i64::from(number - run.before) * self.step
    }
}

fn ceil_div(dividend: i64, divisor: i64) -> i64 {
    -(-dividend).div_euclid(divisor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use chrono_tz::Tz;

    fn starts(zone: Tz, step: i64, from: &str, to: &str) -> Vec<String> {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("the tables hold instants").timestamp();
        let (from, to) = (at(from), at(to));
        let grid = Grid::new(&ZoneClock::new(zone, from, to), step * 60, from, to);
        for number in 0..grid.len() {
            let start = grid.start(number);
            assert_eq!((grid.number_at(start), grid.number_at(start + 1)), (number, number + 1));
        }
        let show =
            |number| DateTime::from_timestamp(grid.start(number), 0).expect("small").format("%dT%H:%M").to_string();
        (0..grid.len()).map(show).collect()
    }

    #[test]
    fn a_step_that_does_not_divide_the_day_begins_anew_at_midnight() {
        let got = starts(Tz::UTC, 7 * 60, "2027-03-08T00:00:00Z", "2027-03-09T08:00:00Z");
        assert_eq!(got, ["08T00:00", "08T07:00", "08T14:00", "08T21:00", "09T00:00", "09T07:00"]);
    }

    #[test]
    fn the_grid_follows_the_clock_on_the_wall() {
        // Berlin jumps from 02:00 to 03:00: two-hourly readings 00, (02 is skipped), 04, 06.
        let got = starts(Tz::Europe__Berlin, 120, "2027-03-27T23:00:00Z", "2027-03-28T04:00:00Z");
        assert_eq!(got, ["27T23:00", "28T02:00", "28T04:00"]);
        // and goes back from 03:00 to 02:00: 00, 02, 02 again, 04.
        let got = starts(Tz::Europe__Berlin, 120, "2027-10-30T22:00:00Z", "2027-10-31T03:00:00Z");
        assert_eq!(got, ["30T22:00", "31T00:00", "31T01:00", "31T03:00"]);
        // Lord Howe's half hour: 01:00, (second 01:30-02:00 has no whole hour), 02:00.
        let got = starts(Tz::Australia__Lord_Howe, 60, "2027-04-03T14:00:00Z", "2027-04-03T16:30:00Z");
        assert_eq!(got, ["03T14:00", "03T15:30", "03T16:30"]);
        let got = starts(Tz::Asia__Kathmandu, 60, "2027-03-08T00:00:00Z", "2027-03-08T02:00:00Z");
        assert_eq!(got, ["08T00:15", "08T01:15"]);
    }
}
