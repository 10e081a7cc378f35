//! The engine against a model that looks at every minute, over random calendars around every clock change of 2026-2029
//! in four zones that change in four different ways.
//!
//! The model shares nothing with the engine but chrono-tz: it asks, minute by minute, what the clocks show and whether
//! somebody works then, and start by start whether everyone needed is there, trying every way of seating them. It
//! reads `24:00` and the rule for gaps and folds from chrono-tz' own answer about a wall time.

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday,
};
use chrono_tz::Tz;
use convene::scheduling::{
    Answer, Busy, DayOverride, DayWindow, Interval, Person, Query, Seat, TimeOfDay, WeeklyWindow, open_slots,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ZONES: [Tz; 4] = [Tz::America__New_York, Tz::Europe__Berlin, Tz::Asia__Kolkata, Tz::Australia__Lord_Howe];
const NAMES: [&str; 4] = ["ana", "ben", "eva", "tom"];
type Minute = i64;

fn utc(minute: Minute) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn minute_of(instant: DateTime<Utc>) -> Minute {
    instant.timestamp().div_euclid(60)
}

fn span(start: Minute, end: Minute) -> Interval {
    Interval::new(utc(start), utc(end)).expect("lengths are positive")
}

/// Every hour of 2026-2029 after which one of the zones shows another offset.
fn changes() -> Vec<Minute> {
    let offset = |zone: Tz, at: DateTime<Utc>| at.with_timezone(&zone).naive_local() - at.naive_utc();
    let (from, to) =
        (Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(), Utc.with_ymd_and_hms(2030, 1, 1, 0, 0, 0).unwrap());
    let mut found = Vec::new();
    for zone in ZONES {
        let mut at = from;
        while at < to {
            let next = at + TimeDelta::hours(1);
            if offset(zone, at) != offset(zone, next) {
                found.push(minute_of(next));
            }
            at = next;
        }
    }
    found
}

// --- the model ------------------------------------------------------------------------------------

/// The instant of a wall time: the first of two; in a gap what the offset before it makes of it.
fn wall_minute(zone: Tz, date: NaiveDate, minutes: u16) -> Minute {
    let wall = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minutes));
    let instant = match zone.from_local_datetime(&wall) {
        MappedLocalTime::Single(instant) | MappedLocalTime::Ambiguous(instant, _) => instant.to_utc(),
        MappedLocalTime::None => {
            // No gap here is longer than an hour, so an hour earlier the old offset still holds.
            zone.from_local_datetime(&(wall - TimeDelta::hours(1))).earliest().expect("before the gap").to_utc()
                + TimeDelta::hours(1)
        }
    };
    minute_of(instant)
}

/// The hours of every date about the window, window by window and as they come.
fn hours(query: &Query, person: &Person) -> Vec<(Minute, Minute)> {
    let last = local_date(person.zone, minute_of(query.window.end()) + MARGIN) + Days::new(1);
    let mut date = local_date(person.zone, minute_of(query.window.start()) - MARGIN) - Days::new(1);
    let mut hours = Vec::new();
    while date <= last {
        let windows: Vec<DayWindow> = match person.overrides.iter().find(|day| day.date == date) {
            Some(day) => day.windows.clone(),
            None => person.weekly.iter().filter(|w| w.weekday() == date.weekday()).map(|w| w.hours()).collect(),
        };
        let at = |time: TimeOfDay| wall_minute(person.zone, date, time.minutes());
        hours.extend(windows.iter().map(|window| (at(window.start()), at(window.end()))));
        date = date + Days::new(1);
    }
    hours
}

fn within(spans: &[Interval], minute: Minute) -> bool {
    spans.iter().any(|span| minute_of(span.start()) <= minute && minute < minute_of(span.end()))
}

fn local_date(zone: Tz, minute: Minute) -> NaiveDate {
    utc(minute).with_timezone(&zone).date_naive()
}

/// Every minute of the window's surroundings: does this person work then, is something in the way?
struct Minutes {
    from: Minute,
    open: Vec<bool>,
    taken: Vec<bool>,
}

const MARGIN: Minute = 600;

impl Minutes {
    fn of(query: &Query, person: &Person) -> Self {
        let (from, to) = (minute_of(query.window.start()) - MARGIN, minute_of(query.window.end()) + MARGIN);
        let hours = hours(query, person);
        let works_at = |minute| hours.iter().any(|&(start, end)| start <= minute && minute < end);
        let open = |minute| match person.busy {
            Busy::Known(_) => works_at(minute) || within(&person.manual, minute),
            Busy::Unknown => within(&query.fallback, minute),
        };
        let taken = |minute| match &person.busy {
            Busy::Known(spans) => within(spans, minute) || within(&person.held, minute),
            Busy::Unknown => within(&person.held, minute),
        };
        Self { from, open: (from..to).map(open).collect(), taken: (from..to).map(taken).collect() }
    }

    fn is_free(&self, query: &Query, person: &Person, start: Minute) -> bool {
        let all = |list: &[bool], from: Minute, to: Minute, want| {
            (from..to).all(|minute| list[usize::try_from(minute - self.from).expect("within the margin")] == want)
        };
        let end = start + Minute::from(query.duration);
        let before = Minute::from(person.buffer_before.unwrap_or(query.buffer_before));
        let after = Minute::from(person.buffer_after.unwrap_or(query.buffer_after));
        let (day, zone) = (local_date(person.zone, start), person.zone);
        let loads = || person.load.iter().map(|load| local_date(zone, minute_of(*load)));
        let that_day = loads().filter(|date| *date == day).count();
        let that_week = loads().filter(|date| date.iso_week() == day.iso_week()).count();
        all(&self.open, start, end, true)
            && all(&self.taken, start - before, end + after, false)
            && person.max_per_day.is_none_or(|most| that_day < most as usize)
            && person.max_per_week.is_none_or(|most| that_week < most as usize)
    }
}

/// Every way to fill the seats from here on, as lists of people in seat order.
fn seatings(seats: &[Seat], free: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let Some((seat, rest)) = seats.split_first() else { return vec![Vec::new()] };
    let (need, pool): (usize, BTreeSet<&str>) = match seat {
        Seat::All(all) => (all.len(), all.iter().map(String::as_str).collect()),
        Seat::Any { count, of } => (*count, of.iter().map(String::as_str).collect()),
    };
    let able: Vec<&str> = pool.intersection(free).copied().collect();
    let mut ways = Vec::new();
    for chosen in 0u32..1 << able.len() {
        if chosen.count_ones() as usize != need {
            continue;
        }
        let sitting: Vec<&str> =
            able.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, id)| *id).collect();
        let others = free.iter().copied().filter(|id| !sitting.contains(id)).collect();
        for way in seatings(rest, &others) {
            ways.push(sitting.iter().map(|id| (*id).to_owned()).chain(way).collect());
        }
    }
    ways
}

/// What the model says of a start: who is available, and the people of the best seating, if there is one.
fn model(query: &Query) -> Vec<(Minute, Vec<String>, Vec<String>)> {
    let minutes: Vec<Minutes> = query.people.iter().map(|person| Minutes::of(query, person)).collect();
    let (from, to) = (minute_of(query.window.start()), minute_of(query.window.end()));
    let mut slots = Vec::new();
    for start in from..=to - Minute::from(query.duration) {
        let wall = utc(start).with_timezone(&query.align_zone);
        if !(wall.hour() * 60 + wall.minute()).is_multiple_of(query.step)
            || start < minute_of(query.now) + Minute::from(query.min_notice)
        {
            continue;
        }
        let free: BTreeSet<&str> = query
            .people
            .iter()
            .zip(&minutes)
            .filter(|(person, minutes)| minutes.is_free(query, person, start))
            .map(|(person, _)| person.id.as_str())
            .collect();
        let rank = |id: &String| {
            let person = query.people.iter().find(|person| person.id == *id).expect("a person of the query");
            let day = local_date(person.zone, start);
            let that_day = person.load.iter().filter(|load| local_date(person.zone, minute_of(**load)) == day).count();
            (person.load.len(), that_day, id.clone())
        };
        // The best set of people: the least by rank, compared from the first.
        let best = seatings(&query.seats, &free).into_iter().min_by_key(|way| {
            let mut ranks: Vec<_> = way.iter().map(rank).collect();
            ranks.sort();
            ranks
        });
        if let Some(mut people) = best {
            people.sort();
            slots.push((start, free.iter().map(|id| (*id).to_owned()).collect(), people));
        }
    }
    slots
}

fn engine(answer: &Answer) -> Vec<(Minute, Vec<String>, Vec<String>)> {
    let owned = |ids: &mut dyn Iterator<Item = &str>| ids.map(str::to_owned).collect::<Vec<_>>();
    let slot = |slot: convene::scheduling::slots::Slot<'_>| {
        let mut people = owned(&mut slot.people());
        people.sort();
        (minute_of(slot.start()), owned(&mut slot.available()), people)
    };
    answer.slots().map(slot).collect()
}

// --- random queries --------------------------------------------------------------------------------

fn day_window() -> impl Strategy<Value = DayWindow> {
    // Many ends around midnight and the small hours, where the clocks change.
    let time = prop_oneof![(0u16..=96).prop_map(|quarter| quarter * 15), (0u16..=40).prop_map(|tenth| tenth * 6)];
    (time.clone(), time).prop_filter_map("a window has a length", |(a, b)| {
        DayWindow::new(TimeOfDay::from_minutes(a.min(b))?, TimeOfDay::from_minutes(a.max(b))?)
    })
}

/// Spans of up to `longest` minutes near a moment.
fn spans(around: Minute, longest: i64, most: usize) -> impl Strategy<Value = Vec<Interval>> {
    let one = (-2400i64..2400, 1..=longest).prop_map(move |(from, length)| span(around + from, around + from + length));
    prop::collection::vec(one, 0..=most)
}

fn person(at: usize, around: Minute) -> impl Strategy<Value = Person> {
    let weekday = prop::sample::select(vec![Weekday::Sat, Weekday::Sun, Weekday::Mon, Weekday::Fri]);
    let weekly =
        prop::collection::vec((weekday, day_window()).prop_map(|(day, hours)| WeeklyWindow::new(day, hours)), 1..6);
    let overrides = prop::option::weighted(0.5, (-1i64..=1, prop::collection::vec(day_window(), 0..3)));
    let busy = prop_oneof![
        6 => (spans(around, 90, 8), spans(around, 600, 1)).prop_map(|(short, long)| Busy::Known([short, long].concat())),
        1 => Just(Busy::Unknown),
    ];
    let minutes = || prop::option::weighted(0.2, 0u32..45);
    let load = prop::collection::vec((-8000i64..8000).prop_map(move |from| utc(around + from)), 0..4);
    let limits = (prop::option::weighted(0.2, 0u32..3), prop::option::weighted(0.2, 1u32..4));
    let held = spans(around, 60, 1);
    (
        prop::sample::select(&ZONES[..]),
        weekly,
        overrides,
        spans(around, 120, 1),
        busy,
        held,
        (minutes(), minutes()),
        limits,
        load,
    )
        .prop_map(move |(zone, weekly, day, manual, busy, held, (before, after), (per_day, per_week), load)| {
            let overrides = day.map(|(days, windows)| DayOverride {
                date: utc(around).with_timezone(&zone).date_naive() + TimeDelta::days(days),
                windows,
            });
            Person {
                weekly,
                overrides: overrides.into_iter().collect(),
                manual,
                held,
                buffer_before: before,
                buffer_after: after,
                max_per_day: per_day,
                max_per_week: per_week,
                load,
                ..Person::new(NAMES[at], zone, busy)
            }
        })
}

fn seat() -> impl Strategy<Value = Seat> {
    let pool = prop::sample::subsequence(&NAMES[..], 1..=4);
    (pool, any::<bool>(), 1usize..=2).prop_map(|(pool, all, count)| {
        let names: Vec<String> = pool.into_iter().map(str::to_owned).collect();
        if all && names.len() < 3 { Seat::All(names) } else { Seat::Any { count: count.min(names.len()), of: names } }
    })
}

fn query() -> impl Strategy<Value = Query> {
    prop::sample::select(changes()).prop_flat_map(|around| {
        let people = (person(0, around), person(1, around), person(2, around), person(3, around));
        let lengths =
            (1u32..=90, prop::sample::select(vec![5u32, 7, 10, 15, 20, 30, 45, 60, 90, 120, 1440]), 0u32..30, 0u32..30);
        let window = (-2000i64..0, 0i64..2000, -3000i64..600, 0u32..300);
        let seats = prop::collection::vec(seat(), 1..=2);
        let align = prop::sample::select(vec![Tz::UTC, ZONES[0], ZONES[1], ZONES[2], ZONES[3]]);
        (people, lengths, window, seats, align, spans(around, 500, 3)).prop_map(
            move |(people, (duration, step, before, after), (from, to, now, notice), seats, align_zone, fallback)| {
                Query {
                    min_notice: notice,
                    step,
                    align_zone,
                    buffer_before: before,
                    buffer_after: after,
                    people: vec![people.0, people.1, people.2, people.3],
                    seats,
                    fallback,
                    list_available: true,
                    ..Query::new(span(around + from, around + to + 1), utc(around + now), duration)
                }
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_a_look_at_every_minute(query in query()) {
        let answer = open_slots(&query);
        prop_assert_eq!(answer.total(), answer.slots().len());
        prop_assert_eq!(engine(&answer), model(&query));
    }

    /// Every start of the grid is either open or refused, never both, and a refusal names a rule.
    #[test]
    fn what_is_not_open_is_explained(query in query()) {
        let answer = open_slots(&Query { explain: true, ..query.clone() });
        let everyone = Query { seats: Vec::new(), min_notice: 0, now: utc(0), ..query.clone() };
        let mut listed: Vec<DateTime<Utc>> = answer.slots().map(|slot| slot.start()).collect();
        listed.extend(answer.refused().map(|refused| refused.start()));
        listed.sort();
        let grid: Vec<DateTime<Utc>> = open_slots(&everyone).slots().map(|slot| slot.start()).collect();
        prop_assert_eq!(listed, grid);

        // Whoever a refusal does not name was available: with the others' rules gone, nothing else kept the start.
        let minutes: Vec<Minutes> = query.people.iter().map(|person| Minutes::of(&query, person)).collect();
        for refused in answer.refused() {
            let start = minute_of(refused.start());
            let noticed = start < minute_of(query.now) + Minute::from(query.min_notice);
            let named: BTreeSet<&str> = refused.reasons().map(|(person, _)| person).collect();
            for (person, minutes) in query.people.iter().zip(&minutes) {
                let seated = query.seats.iter().any(|seat| seat.members().contains(&person.id));
                let kept = noticed || !minutes.is_free(&query, person, start);
                prop_assert_eq!(named.contains(person.id.as_str()), seated && kept, "{} at {}", person.id, utc(start));
            }
        }
    }
}

/// The changes the windows are laid around are the ones everybody knows.
#[test]
fn the_changes_are_found() {
    let changes = changes();
    assert_eq!(changes.len(), 3 * 2 * 4, "two a year in three of the zones, none in Kolkata");
    for known in ["2027-03-14T07:00:00Z", "2027-11-07T06:00:00Z", "2027-03-28T01:00:00Z", "2027-04-03T15:00:00Z"] {
        let known = minute_of(known.parse::<DateTime<Utc>>().expect("an instant"));
        assert!(changes.contains(&known), "{}", utc(known));
    }
}
