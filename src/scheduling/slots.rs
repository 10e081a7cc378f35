//! The question and its answer: at which times can this interview start, and who would sit in it.
//!
//! [`open_slots`] only computes: no clock, no database, and the same answer for the same query every time. The rules
//! stand with the nouns they belong to ([`super::hours`], [`super::seats`], `availability`, `grid`);
//! here they are put together. Loops of several stages are not answered here.

use super::availability::{RuleRows, Scene, ceil_second, floor_second, open_seconds};
use super::bits::Bits;
use super::clock::ZoneClock;
use super::grid::Grid;
use super::interval::Interval;
use super::person::Person;
use super::seats::{Load, Seat, Seating};
use super::why::Rule;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::HashMap;
use std::ops::Range;

/// Everything that decides which slots are open. Numbers of minutes are whole; `duration` and `step` are positive and at
/// most a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// A slot starts and ends within it.
    pub window: Interval,
    /// The present moment.
    pub now: DateTime<Utc>,
    /// No slot starts sooner than this many minutes from now.
    pub min_notice: u32,
    /// Length of a slot, minutes.
    pub duration: u32,
    /// Starts lie on multiples of this many minutes after midnight …
    pub step: u32,
    /// … on the clocks of this zone.
    pub align_zone: Tz,
    /// Minutes everyone keeps free before a slot, unless they say otherwise.
    pub buffer_before: u32,
    /// Minutes everyone keeps free after a slot, unless they say otherwise.
    pub buffer_after: u32,
    /// Everyone concerned, each id once. Of two people with one id neither is ever available.
    pub people: Vec<Person>,
    /// All of these are filled in every slot.
    pub seats: Vec<Seat>,
    /// Ids of people who come along if they are free, and never prevent a slot.
    pub optional: Vec<String>,
    /// Where people whose calendar is unknown are available, typed by the coordinator.
    pub fallback: Vec<Interval>,
    /// Whether each slot lists everyone available, seated or not.
    pub list_available: bool,
    /// Whether refused starts come with reasons.
    pub explain: bool,
    /// At most this many slots: those with the most optional people, the earlier first; listed by time.
    pub limit: Option<usize>,
}

impl Query {
    /// A query with no people yet, on a quarter-hour grid of UTC, without buffers, notice or limit.
    pub fn new(window: Interval, now: DateTime<Utc>, duration: u32) -> Self {
        Self {
            window,
            now,
            min_notice: 0,
            duration,
            step: 15,
            align_zone: Tz::UTC,
            buffer_before: 0,
            buffer_after: 0,
            people: Vec::new(),
            seats: Vec::new(),
            optional: Vec::new(),
            fallback: Vec::new(),
            list_available: false,
            explain: false,
            limit: None,
        }
    }

    /// The candidate starts: all of the grid in the window, whoever is free.
    pub(super) fn grid(&self) -> Grid {
        let (from, to) = (ceil_second(self.window.start()), floor_second(self.window.end()));
        let clock = ZoneClock::new(self.align_zone, from, to);
        Grid::new(&clock, i64::from(self.step.max(1)) * 60, from, to - i64::from(self.duration) * 60)
    }
}

/// What [`open_slots`] found. People are kept as numbers into one list of ids; the views give ids back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// By number, so in byte order.
    ids: Vec<String>,
    duration: TimeDelta,
    starts: Vec<i64>,
    /// Of each slot in turn: who sits, who comes along, and who is available.
    seated: Groups,
    optional: Groups,
    available: Option<Groups>,
    total: usize,
    explained: bool,
    refused: Vec<i64>,
    reasons: Vec<(u32, Rule)>,
    reason_ends: Vec<usize>,
}

/// Groups of people's numbers, end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Groups {
    people: Vec<u32>,
    ends: Vec<usize>,
}

impl Groups {
    fn push(&mut self, people: impl IntoIterator<Item = u32>) {
        self.people.extend(people);
        self.ends.push(self.people.len());
    }

    fn group(&self, at: usize) -> &[u32] {
        &self.people[range(&self.ends, at)]
    }
}

fn range(ends: &[usize], at: usize) -> Range<usize> {
    at.checked_sub(1).map_or(0, |before| ends[before])..ends[at]
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).expect("a start lies within the query's window, whose ends are instants")
}

impl Answer {
    /// The open slots by time, at most as many as the query's limit.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = Slot<'_>> {
        (0..self.starts.len()).map(|at| Slot { answer: self, at })
    }

    /// How many slots are open, before the limit.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Whether each slot lists everyone available.
    pub fn lists_available(&self) -> bool {
        self.available.is_some()
    }

    /// Whether refused starts were asked for.
    pub fn is_explained(&self) -> bool {
        self.explained
    }

    /// Every candidate start that is not open, by time. Empty unless the query asked to explain.
    pub fn refused(&self) -> impl ExactSizeIterator<Item = Refused<'_>> {
        (0..self.refused.len()).map(|at| Refused { answer: self, at })
    }

    fn ids<'a>(&'a self, numbers: &'a [u32]) -> impl ExactSizeIterator<Item = &'a str> {
        numbers.iter().map(|&number| self.ids[number as usize].as_str())
    }
}

/// An instant at which the interview can start, with the people who would sit in it.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    answer: &'a Answer,
    at: usize,
}

impl<'a> Slot<'a> {
    /// When it starts.
    pub fn start(&self) -> DateTime<Utc> {
        instant(self.answer.starts[self.at])
    }

    /// When it ends.
    pub fn end(&self) -> DateTime<Utc> {
        self.start() + self.answer.duration
    }

    /// Who fills the seats, seat by seat, by id within one.
    pub fn people(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        self.answer.ids(self.answer.seated.group(self.at))
    }

    /// The optional people who are free and do not sit already, by id.
    pub fn optional(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        self.answer.ids(self.answer.optional.group(self.at))
    }

    /// Everyone of the query who is available, by id; nobody unless the query asked for the list.
    pub fn available(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let group = self.answer.available.as_ref().map_or(&[][..], |available| available.group(self.at));
        self.answer.ids(group)
    }
}

/// A candidate start that is not open.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    answer: &'a Answer,
    at: usize,
}

impl<'a> Refused<'a> {
    /// When a slot would have started.
    pub fn start(&self) -> DateTime<Utc> {
        instant(self.answer.refused[self.at])
    }

    /// Each person a seat names who was not available, by id, and every rule that kept them. None if everyone was
    /// free and the seats still want more people than they name.
    pub fn reasons(&self) -> impl ExactSizeIterator<Item = (&'a str, Rule)> + use<'a> {
        let answer = self.answer;
        answer.reasons[range(&answer.reason_ends, self.at)]
            .iter()
            .map(move |&(person, rule)| (answer.ids[person as usize].as_str(), rule))
    }
}

/// Finds every slot of the query's grid at which all seats can be filled.
pub fn open_slots(query: &Query) -> Answer {
    let grid = query.grid();
    let len = grid.len();
    let mut people: Vec<&Person> = query.people.iter().collect();
    people.sort_by(|a, b| a.id.cmp(&b.id));
    let numbers: HashMap<&str, u32> = people.iter().map(|person| person.id.as_str()).zip(0..).collect();

    let span = (ceil_second(query.window.start()), floor_second(query.window.end()));
    let mut clocks = HashMap::new();
    for person in &people {
        clocks.entry(person.zone).or_insert_with(|| ZoneClock::new(person.zone, span.0, span.1));
    }
    let scene = Scene {
        grid,
        span,
        duration: i64::from(query.duration) * 60,
        buffers: (i64::from(query.buffer_before) * 60, i64::from(query.buffer_after) * 60),
        fallback: open_seconds(query.fallback.iter()),
        clocks: &clocks,
    };

    // Which of two people with one id is meant cannot be told, and unknown is never free.
    let is_twin = |at: usize| {
        let same = |other: Option<&&Person>| other.is_some_and(|other| other.id == people[at].id);
        same(people.get(at + 1)) || at.checked_sub(1).is_some_and(|before| same(people.get(before)))
    };
    let free: Vec<Bits> = people
        .iter()
        .enumerate()
        .map(|(at, person)| if is_twin(at) { Bits::none(len) } else { scene.available(person) })
        .collect();
    let loads: Vec<Load> = people.iter().map(|person| scene.load(person)).collect();
    let seating = Seating::new(&query.seats, &numbers, &loads);

    let soonest = ceil_second(query.now) + i64::from(query.min_notice) * 60;
    let noticed = scene.grid.number_at(soonest);
    let mut open = seating.fillable(&free, len);
    open.clear(0, noticed);

    let mut answer = Answer {
        ids: people.iter().map(|person| person.id.clone()).collect(),
        duration: TimeDelta::minutes(i64::from(query.duration)),
        total: open.count(),
        explained: query.explain,
        ..Answer::default()
    };
    if query.explain {
        let concerned = seating.members();
        let rules = concerned.iter().map(|&person| (person, scene.rules(people[person as usize]))).collect();
        explain(&mut answer, &scene.grid, &open, noticed, &rules);
    }

    let mut optional: Vec<u32> = query.optional.iter().filter_map(|id| numbers.get(id.as_str()).copied()).collect();
    optional.sort_unstable();
    optional.dedup();
    if let Some(limit) = query.limit {
        open = best(&open, limit, &optional, &free);
    }
    for start in open.ones() {
        let seated = seating.fill(start, &free).expect("a start is open because its seats can be filled");
        let along = optional.iter().filter(|person| free[**person as usize].has(start) && !seated.contains(person));
        answer.optional.push(along.copied());
        answer.starts.push(scene.grid.start(start));
        answer.seated.push(seated);
    }
    if query.list_available {
        answer.available = Some(gather(&open, len, &free));
    }
    answer
}

/// The `limit` open starts with the most optional people, the earlier first among equals.
fn best(open: &Bits, limit: usize, optional: &[u32], free: &[Bits]) -> Bits {
    let mut ranked: Vec<u32> = open.ones().collect();
    if !optional.is_empty() {
        let missing = |start: u32| optional.iter().filter(|&&person| !free[person as usize].has(start)).count();
        ranked.sort_by_cached_key(|&start| missing(start));
    }
    let mut kept = open.clone();
    ranked.iter().skip(limit).for_each(|&start| kept.clear(start, start + 1));
    kept
}

/// Who is available at each open start, person by person into the place counted out beforehand.
fn gather(open: &Bits, len: u32, free: &[Bits]) -> Groups {
    let here: Vec<Bits> = free
        .iter()
        .map(|row| {
            let mut here = row.clone();
            here.keep(open);
            here
        })
        .collect();
    let mut next = vec![0usize; len as usize];
    for row in &here {
        row.ones().for_each(|start| next[start as usize] += 1);
    }
    let mut groups = Groups::default();
    let mut sum = 0;
    for start in open.ones() {
        let count = std::mem::replace(&mut next[start as usize], sum);
        sum += count;
        groups.ends.push(sum);
    }
    groups.people = vec![0; sum];
    for (row, person) in here.iter().zip(0u32..) {
        for start in row.ones() {
            groups.people[next[start as usize]] = person;
            next[start as usize] += 1;
        }
    }
    groups
}

fn explain(answer: &mut Answer, grid: &Grid, open: &Bits, noticed: u32, rules: &Vec<(u32, RuleRows)>) {
    let mut refused = Bits::all(grid.len());
    refused.remove(open);
    for start in refused.ones() {
        for (person, rows) in rules {
            if start < noticed {
                answer.reasons.push((*person, Rule::Notice));
            }
            answer.reasons.extend(rows.iter().filter(|(_, row)| row.has(start)).map(|(rule, _)| (*person, *rule)));
        }
        answer.refused.push(grid.start(start));
        answer.reason_ends.push(answer.reasons.len());
    }
}

#[cfg(test)]
mod tests;
