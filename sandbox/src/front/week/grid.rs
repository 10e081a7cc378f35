//! Where the events of one day stand: between which minutes, and beside which others.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use chrono_tz::Tz;

/// Minutes of a day.
pub const DAY: u32 = 24 * 60;
/// The hours a week shows at least.
const USUAL: (u32, u32) = (7, 20);

/// The part of an event that falls on one day, in minutes of its wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: u32,
    pub until: u32,
    /// Which of the columns side by side, and how many there are.
    pub lane: usize,
    pub lanes: usize,
}

impl Stretch {
    /// What of `start` to `end` is on this day. A moment of no length is a quarter of an hour, so that it can be seen.
    pub fn on(day: NaiveDate, start: DateTime<Tz>, end: DateTime<Tz>) -> Self {
        let midnight = day.and_time(NaiveTime::MIN);
        let minute = |at: NaiveDateTime| match at {
            at if at <= midnight => 0,
            at if at.date() > day => DAY,
            at => at.hour() * 60 + at.minute(),
        };
        let from = minute(start.naive_local());
        let until = minute(end.naive_local()).max((from + 15).min(DAY));
        Self { from, until, lane: 0, lanes: 1 }
    }
}

/// Puts stretches that overlap side by side. They are in order of their start.
pub fn side_by_side(stretches: &mut [Stretch]) {
    let mut first = 0;
    while first < stretches.len() {
        // A group is all that hang together by overlaps.
        let mut ends: Vec<u32> = Vec::new();
        let mut until = stretches[first].until;
        let mut next = first;
        while next < stretches.len() && (next == first || stretches[next].from < until) {
            let lane = ends.iter().position(|end| *end <= stretches[next].from).unwrap_or(ends.len());
            if lane == ends.len() {
                ends.push(0);
            }
            ends[lane] = stretches[next].until;
            stretches[next].lane = lane;
            until = until.max(stretches[next].until);
            next += 1;
        }
        for stretch in &mut stretches[first..next] {
            stretch.lanes = ends.len();
        }
        first = next;
    }
}

/// The hours a week must show: the usual ones, and those with something in them.
pub fn hours<'a>(stretches: impl Iterator<Item = &'a Stretch>) -> (u32, u32) {
    stretches.fold(USUAL, |(from, until), stretch| (from.min(stretch.from / 60), until.max(stretch.until.div_ceil(60))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn stretch(from: u32, until: u32) -> Stretch {
        Stretch { from, until, lane: 0, lanes: 1 }
    }

    #[test]
    fn what_overlaps_stands_side_by_side_and_what_follows_takes_a_free_lane() {
        let mut all = [
            stretch(540, 600),
            stretch(550, 660),
            stretch(600, 630),
            stretch(660, 700),
            stretch(800, 830),
            stretch(800, 815),
        ];
        side_by_side(&mut all);
        let lanes: Vec<_> = all.iter().map(|one| (one.lane, one.lanes)).collect();
        assert_eq!(lanes, [(0, 2), (1, 2), (0, 2), (0, 1), (0, 2), (1, 2)]);
        side_by_side(&mut []);
    }

    #[test]
    fn a_day_sees_its_part_of_a_night() {
        let zone = chrono_tz::Europe::Berlin;
        let at = |day, hour| zone.with_ymd_and_hms(2026, 12, day, hour, 30, 0).single().expect("a time");
        let day = |day| NaiveDate::from_ymd_opt(2026, 12, day).expect("a date");
        let part = |on, from, until| {
            let part = Stretch::on(day(on), from, until);
            (part.from, part.until)
        };
        assert_eq!(part(1, at(1, 22), at(2, 3)), (22 * 60 + 30, DAY));
        assert_eq!(part(2, at(1, 22), at(2, 3)), (0, 3 * 60 + 30));
        assert_eq!(part(1, at(1, 9), at(1, 9)), (570, 585), "a moment");
        assert_eq!(hours([stretch(300, 400), stretch(1300, DAY)].iter()), (5, 24));
        assert_eq!(hours([].iter()), USUAL);
    }
}
