//! One person against the grid: at which starts they could sit, and which rule keeps them from the others.
//!
//! Intervals become ranges of start numbers here, each with a handful of divisions, and never a look at single starts.
//! Input finer than a second is rounded so that nobody gains by it: busy time outwards, open time inwards.

use super::bits::Bits;
use super::busy::Busy;
use super::clock::{DAY, ZoneClock};
use super::grid::Grid;
use super::hours;
use super::interval::Interval;
use super::person::Person;
use super::seats::Load;
use super::why::Rule;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, HashMap};

/// The whole second at or before an instant.
pub(super) fn floor_second(instant: DateTime<Utc>) -> i64 {
    // A leap second (60) is second 59 with more than a milliard of nanoseconds.
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos() / 1_000_000_000)
}

/// The whole second at or after an instant.
pub(super) fn ceil_second(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos().div_ceil(1_000_000_000))
}

/// What is the same for everyone of a query.
pub(super) struct Scene<'a> {
    /// The candidate starts.
    pub grid: Grid,
    /// The window, in seconds.
    pub span: (i64, i64),
    /// Length of a slot in seconds.
    pub duration: i64,
    /// Seconds to keep free before and after, unless a person says otherwise.
    pub buffers: (i64, i64),
    /// Where unknown people are available, joined.
    pub fallback: Vec<(i64, i64)>,
    /// The clocks of every zone somebody lives in.
    pub clocks: &'a HashMap<Tz, ZoneClock>,
}

/// The rows behind a person's refusals: at which starts each rule holds against them.
pub(super) type RuleRows = [(Rule, Bits); 4];

/// Spans of open time, in seconds, joined.
pub(super) fn open_seconds<'a>(spans: impl Iterator<Item = &'a Interval>) -> Vec<(i64, i64)> {
    hours::join(spans.map(|span| (ceil_second(span.start()), floor_second(span.end()))).collect())
}

impl Scene<'_> {
    /// The starts at which the person is available, notice aside.
    pub fn available(&self, person: &Person) -> Bits {
        let mut free = self.inside_open_time(person);
        let (before, after) = self.buffers_of(person);
        self.each_blocked(person, before, after, |from, to| free.clear(from, to));
        self.each_limited(person, |from, to| free.clear(from, to));
        free
    }

    /// Rule by rule, the starts at which it refuses the person.
    pub fn rules(&self, person: &Person) -> RuleRows {
        let len = self.grid.len();
        let mut outside = Bits::all(len);
        outside.remove(&self.inside_open_time(person));
        let outside_rule = if person.busy.is_known() { Rule::Hours } else { Rule::Unknown };

        let mut busy = Bits::none(len);
        self.each_blocked(person, 0, 0, |from, to| busy.set(from, to));
        let mut buffer = Bits::none(len);
        let (before, after) = self.buffers_of(person);
        self.each_blocked(person, before, after, |from, to| buffer.set(from, to));
        buffer.remove(&busy);

        let mut limit = Bits::none(len);
        self.each_limited(person, |from, to| limit.set(from, to));
        [(outside_rule, outside), (Rule::Busy, busy), (Rule::Buffer, buffer), (Rule::Limit, limit)]
    }

    /// What the person has done already, over the starts.
    pub fn load(&self, person: &Person) -> Load {
        let mut daily: Vec<(u32, u32, u32)> = Vec::new();
        for (day, count) in self.count_load(person, 1) {
            self.each_start_on(person, (day, day + 1), |from, to| daily.push((from, to, count)));
        }
        daily.sort_unstable();
        Load { total: person.load.len(), daily }
    }

    fn buffers_of(&self, person: &Person) -> (i64, i64) {
        let own = |minutes: Option<u32>, usual| minutes.map_or(usual, |minutes| i64::from(minutes) * 60);
        (own(person.buffer_before, self.buffers.0), own(person.buffer_after, self.buffers.1))
    }

    /// The starts whose slot lies wholly in the person's open time; for an unknown person, in the fallback.
    fn inside_open_time(&self, person: &Person) -> Bits {
        let mut inside = Bits::none(self.grid.len());
        let mut add = |spans: &[(i64, i64)]| {
            for &(from, to) in spans {
                inside.set(self.grid.number_at(from), self.grid.number_at(to - self.duration + 1));
            }
        };
        if !person.busy.is_known() {
            add(&self.fallback);
            return inside;
        }
        let mut open = hours::working_seconds(self.clock(person), &person.weekly, &person.overrides, self.span);
        if !person.manual.is_empty() {
            open.extend(open_seconds(person.manual.iter()));
            open = hours::join(open);
        }
        add(&open);
        inside
    }

    /// Ranges of starts whose slot, with this much around it, meets something the person has.
    fn each_blocked(&self, person: &Person, before: i64, after: i64, mut block: impl FnMut(u32, u32)) {
        let busy: &[Interval] = match &person.busy {
            Busy::Known(spans) => spans,
            Busy::Unknown => &[],
        };
        for span in busy.iter().chain(&person.held) {
            let (start, end) = (floor_second(span.start()), ceil_second(span.end()));
            // [s - before, s + duration + after) meets [start, end) exactly if start - duration - after < s < end + before.
            let from = self.grid.number_at(start - self.duration - after + 1);
            block(from, self.grid.number_at(end + before));
        }
    }

    /// Ranges of starts on local days and in ISO weeks in which the person has had enough.
    fn each_limited(&self, person: &Person, mut block: impl FnMut(u32, u32)) {
        for (limit, days) in [(person.max_per_day, 1), (person.max_per_week, 7)] {
            let Some(limit) = limit else { continue };
            if limit == 0 {
                block(0, self.grid.len());
                continue;
            }
            for (first, count) in self.count_load(person, days) {
                if count >= limit {
                    self.each_start_on(person, (first, first + days), &mut block);
                }
            }
        }
    }

    /// How many interviews the person has in each local day (`days` 1) or ISO week (7), by its first day.
    fn count_load(&self, person: &Person, days: i64) -> BTreeMap<i64, u32> {
        let mut counts = BTreeMap::new();
        if person.load.is_empty() {
            return counts;
        }
        // Nothing further off shares a week with the window, and the clocks are only known about it.
        let near = (self.span.0 - 9 * DAY)..(self.span.1 + 9 * DAY);
        for start in person.load.iter().map(|start| start.timestamp()).filter(|start| near.contains(start)) {
            let day = self.clock(person).day_of(start);
            // Day 0 was a Thursday, so Mondays are 4 modulo 7.
            let first = if days == 7 { day - (day - 4).rem_euclid(7) } else { day };
            *counts.entry(first).or_insert(0) += 1;
        }
        counts
    }

    /// Ranges of starts on the person's local days `first..end`.
    fn each_start_on(&self, person: &Person, (first, end): (i64, i64), mut found: impl FnMut(u32, u32)) {
        for (from, to) in self.clock(person).instants_showing((first * DAY, end * DAY), self.span) {
            let (from, to) = (self.grid.number_at(from), self.grid.number_at(to));
            if from < to {
                found(from, to);
            }
        }
    }

    fn clock(&self, person: &Person) -> &ZoneClock {
        &self.clocks[&person.zone]
    }
}
