//! What the clocks of a zone show: the one table of UTC offsets that hours, grid and local days are read from.
//!
//! Here wall time meets instants, and the rule for daylight-saving changes is stated once (RFC 5545 section 3.3.5):
//! a wall time that is skipped takes the offset before the gap, so it moves later; one that happens twice is the first.
//! Names and labels of zones live in [`super::zones`]. Seconds since 1970-01-01T00:00Z throughout ("wall" seconds are
//! the same count on the local clock).

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Seconds in a civil day without a clock change.
pub(super) const DAY: i64 = 86_400;

/// A zone is at most 14 hours from UTC and a limit looks at a whole week, so a stretch padded by this much holds every
/// local week that touches it.
const PADDING: i64 = 10 * DAY;

/// The UTC offset of `zone` at an instant, in seconds east.
pub(super) fn offset_at(zone: Tz, instant: i64) -> i64 {
    let clamped = instant.clamp(DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
    let utc = DateTime::from_timestamp(clamped, 0).expect("clamped to what chrono can hold").naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// The first instant in `(after, until]` from which another offset holds.
///
/// Looks once a day and then halves; no zone has changed its clocks twice within a day since 1970 (a test asks).
pub(super) fn next_change(zone: Tz, after: i64, until: i64) -> Option<i64> {
    let (mut old, offset) = (after, offset_at(zone, after));
    loop {
        let mut new = (old + DAY).min(until);
        if new <= old {
            return None;
        }
        if offset_at(zone, new) == offset {
            old = new;
            continue;
        }
        while new - old > 1 {
            let middle = old + (new - old) / 2;
            if offset_at(zone, middle) == offset {
                old = middle;
            } else {
                new = middle;
            }
        }
        return Some(new);
    }
}

/// One stretch of a constant offset.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// First instant of the stretch.
    from: i64,
    /// Seconds east of UTC.
    offset: i64,
    /// Wall times before this belong to this stretch or an earlier one.
    wall_until: i64,
}

/// The offsets of one zone over a stretch of time.
#[derive(Clone, Debug)]
pub(super) struct ZoneClock {
    stretches: Vec<Stretch>,
}

impl ZoneClock {
    /// Exact for instants of `from..to` and for every local week that touches them.
    pub fn new(zone: Tz, from: i64, to: i64) -> Self {
        let (mut at, last) = (from - PADDING, to + PADDING);
        let mut stretches = vec![Stretch { from: i64::MIN, offset: offset_at(zone, at), wall_until: i64::MAX }];
        while let Some(change) = next_change(zone, at, last) {
            let offset = offset_at(zone, change);
            let before = stretches.last_mut().expect("there is a first stretch");
            // In a gap (the offset grows) wall times up to its end still take the old offset; in a fold (it shrinks)
            // the first pass through the repeated hour is the old offset's. Both end at the larger reading.
            before.wall_until = change + before.offset.max(offset);
            stretches.push(Stretch { from: change, offset, wall_until: i64::MAX });
            at = change;
        }
        Self { stretches }
    }

    /// The instant at which the clocks show `wall`: in a gap later, in a fold the first.
    pub fn instant_of(&self, wall: i64) -> i64 {
        let at = self.stretches.partition_point(|stretch| stretch.wall_until <= wall);
        wall - self.stretches[at].offset
    }

    /// What the clocks show at an instant.
    pub fn wall_at(&self, instant: i64) -> i64 {
        let at = self.stretches.partition_point(|stretch| stretch.from <= instant) - 1;
        instant + self.stretches[at].offset
    }

    /// The local date of an instant, in days since 1970-01-01.
    pub fn day_of(&self, instant: i64) -> i64 {
        self.wall_at(instant).div_euclid(DAY)
    }

    /// The spans `(from, to, offset)` of constant offset that make up `from..to`.
    pub fn stretches_within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64, i64)> {
        let next = self.stretches.iter().skip(1).map(|stretch| stretch.from).chain([i64::MAX]);
        self.stretches
            .iter()
            .zip(next)
            .map(move |(stretch, end)| (stretch.from.max(from), end.min(to), stretch.offset))
            .filter(|(from, to, _)| from < to)
    }

    /// The spans of instants within `from..to` at which the clocks show a time in `wall_from..wall_to`.
    pub fn instants_showing(
        &self,
        (wall_from, wall_to): (i64, i64),
        (from, to): (i64, i64),
    ) -> impl Iterator<Item = (i64, i64)> {
        self.stretches_within(from, to)
            .map(move |(from, to, offset)| (from.max(wall_from - offset), to.min(wall_to - offset)))
            .filter(|(from, to)| from < to)
    }
}

/// What becomes of a wall time that a person typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallTime {
    /// It happens once, at this instant.
    Once(DateTime<Utc>),
    /// Clocks go back over it: it happens twice.
    Twice {
        /// With the offset before the change (usually summer time); what the core itself takes.
        first: DateTime<Utc>,
        /// With the offset after it.
        second: DateTime<Utc>,
    },
    /// Clocks jump over it: it never happens.
    Skipped {
        /// The instant the core takes instead: the offset before the gap applied, so later on the clock.
        moved: DateTime<Utc>,
        /// The last wall time before the jump, exclusive: "clocks jump from 02:00 …"
        jump_from: NaiveDateTime,
        /// The first wall time after it: "… to 03:00 that night".
        jump_to: NaiveDateTime,
    },
}

impl WallTime {
    /// The instant by the RFC 5545 rule, whatever the case.
    pub fn instant(&self) -> DateTime<Utc> {
        match *self {
            Self::Once(instant) | Self::Twice { first: instant, .. } | Self::Skipped { moved: instant, .. } => instant,
        }
    }
}

/// What the clocks of `zone` show at an instant, as it is stored beside it: `2027-03-08T09:00`.
pub fn shown(instant: DateTime<Utc>, zone: Tz) -> String {
    instant.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// Looks up a wall time in a zone and says whether it happens once, twice or never.
///
/// Times beyond what chrono can hold as an instant are taken at its limits.
pub fn resolve(zone: Tz, wall: NaiveDateTime) -> WallTime {
    let seconds = wall.and_utc().timestamp();
    let clock = ZoneClock::new(zone, seconds - DAY, seconds + DAY);
    let at = |second: i64| {
        let second = second.clamp(DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
        DateTime::from_timestamp(second, wall.and_utc().timestamp_subsec_nanos()).unwrap_or(DateTime::<Utc>::MAX_UTC)
    };
    let mut showing = clock.instants_showing((seconds, seconds + 1), (seconds - PADDING, seconds + PADDING));
    match (showing.next(), showing.next()) {
        (Some((first, _)), Some((second, _))) => WallTime::Twice { first: at(first), second: at(second) },
        (Some((once, _)), None) => WallTime::Once(at(once)),
        (None, _) => {
            let moved = clock.instant_of(seconds);
            // The change happened at or before `moved`, and less than a day of wall time was skipped with it.
            let change = next_change(zone, moved - DAY, moved).unwrap_or(moved);
            WallTime::Skipped {
                moved: at(moved),
                jump_from: (at(change).naive_utc()) + chrono::TimeDelta::seconds(offset_at(zone, change - 1)),
                jump_to: (at(change).naive_utc()) + chrono::TimeDelta::seconds(offset_at(zone, change)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn wall(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").expect("the tables hold wall times")
    }

    fn utc(text: &str) -> DateTime<Utc> {
        wall(text).and_utc()
    }

    #[test]
    fn a_gap_moves_later() {
        let cases = [
            (Tz::America__New_York, "2027-03-14T02:30", "2027-03-14T07:30", "2027-03-14T02:00", "2027-03-14T03:00"),
            (Tz::Europe__Berlin, "2027-03-28T02:00", "2027-03-28T01:00", "2027-03-28T02:00", "2027-03-28T03:00"),
            (Tz::Australia__Lord_Howe, "2027-10-03T02:10", "2027-10-02T15:40", "2027-10-03T02:00", "2027-10-03T02:30"),
            (Tz::America__Santiago, "2027-09-05T00:00", "2027-09-05T04:00", "2027-09-05T00:00", "2027-09-05T01:00"),
            // Samoa crossed the date line: the whole of 30 December 2011 was skipped.
            (Tz::Pacific__Apia, "2011-12-30T09:00", "2011-12-30T19:00", "2011-12-30T00:00", "2011-12-31T00:00"),
        ];
        for (zone, typed, moved, jump_from, jump_to) in cases {
            let want = WallTime::Skipped { moved: utc(moved), jump_from: wall(jump_from), jump_to: wall(jump_to) };
            assert_eq!(resolve(zone, wall(typed)), want, "{zone} {typed}");
        }
    }

    #[test]
    fn a_fold_takes_the_first() {
        let cases = [
            (Tz::America__New_York, "2027-11-07T01:30", "2027-11-07T05:30", "2027-11-07T06:30"),
            (Tz::Europe__Berlin, "2027-10-31T02:00", "2027-10-31T00:00", "2027-10-31T01:00"),
            (Tz::Australia__Lord_Howe, "2027-04-04T01:45", "2027-04-03T14:45", "2027-04-03T15:15"),
        ];
        for (zone, typed, first, second) in cases {
            let found = resolve(zone, wall(typed));
            assert_eq!(found, WallTime::Twice { first: utc(first), second: utc(second) }, "{zone} {typed}");
            assert_eq!(found.instant(), utc(first));
        }
    }

    #[test]
    fn the_ends_of_a_change_belong_to_one_side() {
        let cases = [
            (Tz::America__New_York, "2027-03-14T01:59", "2027-03-14T06:59"),
            (Tz::America__New_York, "2027-03-14T03:00", "2027-03-14T07:00"),
            (Tz::America__New_York, "2027-11-07T00:59", "2027-11-07T04:59"),
            (Tz::America__New_York, "2027-11-07T02:00", "2027-11-07T07:00"),
            (Tz::Pacific__Kiritimati, "2027-03-15T09:00", "2027-03-14T19:00"),
            (Tz::Asia__Kathmandu, "2027-03-15T09:00", "2027-03-15T03:15"),
        ];
        for (zone, typed, instant) in cases {
            assert_eq!(resolve(zone, wall(typed)), WallTime::Once(utc(instant)), "{zone} {typed}");
        }
    }

    /// The daily look in [`next_change`] is enough: a six-hourly one finds no other changes, anywhere people live.
    #[test]
    fn no_zone_changes_its_clocks_twice_within_a_day() {
        let second = |year| {
            let new_year = NaiveDate::from_ymd_opt(year, 1, 1).expect("a date").and_hms_opt(0, 0, 0).expect("midnight");
            new_year.and_utc().timestamp()
        };
        let (from, to, look) = (second(2020), second(2038), 6 * 3600);
        for &zone in super::super::zones::regions().iter().flat_map(|region| &region.zones) {
            let mut changes = Vec::new();
            let mut at = from;
            while let Some(change) = next_change(zone, at, to) {
                changes.push(change);
                at = change;
            }
            let mut changes = changes.into_iter();
            let mut offset = offset_at(zone, from);
            for now in (from..=to).step_by(look) {
                if offset_at(zone, now) != offset {
                    let change = changes.next().unwrap_or_else(|| panic!("{zone} missed a change before {now}"));
                    assert!((now - look as i64..=now).contains(&change), "{zone}: {change} is not just before {now}");
                    offset = offset_at(zone, now);
                }
            }
            assert_eq!(changes.next(), None, "{zone} changes twice within six hours");
        }
    }
}
