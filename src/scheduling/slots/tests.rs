//! The rules of a slot, one table each. Hours and clocks have their own beside `hours.rs`.

use super::*;
use crate::scheduling::busy::Busy;
use crate::scheduling::hours::{DayWindow, TimeOfDay, WeeklyWindow};
use crate::scheduling::why::{Blocker, blockers};

/// Monday 8 March 2027 in UTC, hours and minutes.
fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    on(8, hour, minute)
}

fn on(day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    let date = chrono::NaiveDate::from_ymd_opt(2027, 3, day).expect("a date in March");
    date.and_hms_opt(hour, minute, 0).expect("a time").and_utc()
}

fn span(start: (u32, u32), end: (u32, u32)) -> Interval {
    Interval::new(at(start.0, start.1), at(end.0, end.1)).expect("a real span")
}

/// Works 09:00-12:00 on weekdays in UTC.
fn person(id: &str, busy: Busy) -> Person {
    let hours = DayWindow::new(TimeOfDay::new(9, 0).expect("nine"), TimeOfDay::new(12, 0).expect("noon"));
    let mut person = Person::new(id, Tz::UTC, busy);
    person.weekly = WeeklyWindow::office_week(hours.expect("a morning"));
    person
}

fn free(id: &str) -> Person {
    person(id, Busy::nothing())
}

/// Half-hour slots on a half-hour grid that Monday, for everyone given.
fn monday(people: Vec<Person>) -> Query {
    let mut query = Query::new(Interval::new(at(0, 0), on(9, 0, 0)).expect("a day"), on(1, 0, 0), 30);
    query.step = 30;
    query.seats = vec![Seat::All(people.iter().map(|person| person.id.clone()).collect())];
    query.people = people;
    query
}

fn starts(query: &Query) -> String {
    let answer = open_slots(query);
    assert_eq!(answer.total(), answer.slots().len());
    answer.slots().map(|slot| slot.start().format("%H:%M").to_string()).collect::<Vec<_>>().join(" ")
}

fn people_at(query: &Query) -> Vec<String> {
    open_slots(query)
        .slots()
        .map(|slot| {
            let list = |ids: Vec<&str>| ids.join(",");
            let (people, along) = (list(slot.people().collect()), list(slot.optional().collect()));
            format!("{} {people}|{along}|{}", slot.start().format("%H:%M"), list(slot.available().collect()))
        })
        .collect()
}

fn reasons(query: &Query) -> Vec<String> {
    let mut query = query.clone();
    query.explain = true;
    open_slots(&query)
        .refused()
        .map(|refused| {
            let reasons: Vec<String> = refused.reasons().map(|(person, rule)| format!("{person}:{rule}")).collect();
            format!("{} {}", refused.start().format("%H:%M"), reasons.join(" "))
        })
        .collect()
}

#[test]
fn a_slot_lies_inside_the_hours_and_meets_nothing() {
    let cases: [(&str, Vec<Interval>, &str); 6] = [
        ("nothing", vec![], "09:00 09:30 10:00 10:30 11:00 11:30"),
        ("ends as the slot starts", vec![span((9, 0), (9, 30))], "09:30 10:00 10:30 11:00 11:30"),
        ("starts as the slot ends", vec![span((11, 30), (12, 0))], "09:00 09:30 10:00 10:30 11:00"),
        ("one minute", vec![span((10, 29), (10, 30))], "09:00 09:30 10:30 11:00 11:30"),
        (
            "unsorted, nested, overlapping",
            vec![span((11, 0), (12, 0)), span((9, 0), (10, 0)), span((9, 10), (9, 20)), span((9, 50), (10, 10))],
            "10:30",
        ),
        ("all day", vec![span((0, 0), (23, 59))], ""),
    ];
    for (name, busy, want) in cases {
        assert_eq!(starts(&monday(vec![person("ana", Busy::Known(busy))])), want, "{name}");
    }
}

#[test]
fn buffers_may_pass_the_hours_but_not_run_into_a_meeting() {
    let busy = || Busy::Known(vec![span((10, 0), (10, 30)), span((12, 10), (12, 40))]);
    let cases = [
        (0, 0, "09:00 09:30 10:30 11:00 11:30"),
        (10, 0, "09:00 09:30 11:00 11:30"),
        (0, 15, "09:00 10:30 11:00"),
        (0, 10, "09:00 10:30 11:00 11:30"),
        (31, 0, "09:00 09:30 11:30"),
    ];
    for (before, after, want) in cases {
        let mut query = monday(vec![person("ana", busy())]);
        (query.buffer_before, query.buffer_after) = (before, after);
        assert_eq!(starts(&query), want, "everyone keeps {before} before and {after} after");
        (query.buffer_before, query.buffer_after) = (240, 240);
        (query.people[0].buffer_before, query.people[0].buffer_after) = (Some(before), Some(after));
        assert_eq!(starts(&query), want, "a person's own buffers replace the query's");
    }
}

#[test]
fn window_notice_and_step_bound_the_starts() {
    let base = || monday(vec![free("ana")]);
    let mut query = base();
    query.window = span((9, 15), (10, 45));
    assert_eq!(starts(&query), "09:30 10:00", "starts and ends within the window");

    let mut query = base();
    (query.now, query.min_notice) = (at(7, 0), 180);
    assert_eq!(starts(&query), "10:00 10:30 11:00 11:30", "exactly the notice is enough");
    query.now = at(7, 0) + TimeDelta::milliseconds(1);
    assert_eq!(starts(&query), "10:30 11:00 11:30", "a millisecond less is not");
    query.now = on(20, 0, 0);
    assert_eq!(starts(&query), "", "the past is not offered");

    let mut query = base();
    (query.duration, query.step) = (60, 45);
    assert_eq!(starts(&query), "09:00 09:45 10:30", "the grid is longer than the gaps it leaves");
    (query.duration, query.step, query.align_zone) = (30, 60, Tz::Asia__Kolkata);
    assert_eq!(starts(&query), "09:30 10:30 11:30", "whole hours of Kolkata");
}

#[test]
fn finer_than_a_second_is_rounded_against_the_slot() {
    let nudge = TimeDelta::milliseconds(1);
    let just_after = Interval::new(at(9, 0), at(9, 30) + nudge).expect("a span");
    assert_eq!(starts(&monday(vec![person("ana", Busy::Known(vec![just_after]))])), "10:00 10:30 11:00 11:30");
    let mut late = Person::new("ana", Tz::UTC, Busy::nothing());
    late.manual = vec![Interval::new(at(9, 0) + nudge, at(10, 0)).expect("a span")];
    assert_eq!(starts(&monday(vec![late])), "09:30");
}

#[test]
fn manual_windows_add_to_hours_and_join_them() {
    let mut ana = free("ana");
    ana.manual = vec![span((12, 0), (13, 0)), span((15, 0), (15, 29))];
    let mut query = monday(vec![ana]);
    query.duration = 60;
    assert_eq!(starts(&query), "09:00 09:30 10:00 10:30 11:00 11:30 12:00");
    query.people[0].weekly.clear();
    assert_eq!(starts(&query), "12:00", "somebody not connected is available in their windows and nowhere else");
}

#[test]
fn unknown_is_never_free() {
    let mut query = monday(vec![person("ana", Busy::Unknown)]);
    query.people[0].manual = vec![span((14, 0), (15, 0))];
    assert_eq!(starts(&query), "", "neither hours nor manual windows say what the calendar would have");
    assert_eq!(reasons(&query).len(), 48);
    assert!(reasons(&query).iter().all(|reason| reason.ends_with(" ana:unknown")));
    query.fallback = vec![span((11, 0), (12, 0)), span((12, 0), (12, 30)), span((18, 0), (18, 29))];
    assert_eq!(starts(&query), "11:00 11:30 12:00", "only the request's own windows do");
    query.people[0].held = vec![span((11, 30), (12, 0))];
    assert_eq!(starts(&query), "11:00 12:00", "what we booked ourselves is known");
    query.people.push(free("ben"));
    query.seats = vec![Seat::All(vec!["ben".to_owned()])];
    assert_eq!(starts(&query), "09:00 09:30 10:00 10:30 11:00 11:30", "the fallback is nobody else's");
}

#[test]
fn optional_people_come_along_and_rank() {
    let mut query = monday(vec![free("ana"), person("raj", Busy::Known(vec![span((9, 0), (11, 0))]))]);
    query.seats = vec![Seat::All(vec!["ana".to_owned()])];
    query.optional = vec!["raj".to_owned()];
    query.list_available = true;
    assert_eq!(people_at(&query)[3..5], ["10:30 ana||ana", "11:00 ana|raj|ana,raj"]);
    query.limit = Some(3);
    assert_eq!(people_at(&query), ["09:00 ana||ana", "11:00 ana|raj|ana,raj", "11:30 ana|raj|ana,raj"]);
    assert_eq!(open_slots(&query).total(), 6, "the total is before the limit");
    query.optional.clear();
    assert_eq!(open_slots(&query).slots().map(|slot| slot.start()).max(), Some(at(10, 0)), "else the earliest");
    query.limit = Some(0);
    assert_eq!((open_slots(&query).slots().len(), open_slots(&query).total()), (0, 6));
}

#[test]
fn limits_count_local_days_and_iso_weeks() {
    let mut query = monday(vec![free("ana")]);
    query.window = Interval::new(at(0, 0), on(16, 0, 0)).expect("eight days");
    let days = |query: &Query| {
        let mut days: Vec<String> =
            open_slots(query).slots().map(|slot| slot.start().format("%d").to_string()).collect();
        days.dedup();
        days.join(" ")
    };
    query.people[0].load = vec![on(9, 9, 0), on(9, 10, 0), on(10, 9, 0), on(1, 9, 0)];
    assert_eq!(days(&query), "08 09 10 11 12 15");
    query.people[0].max_per_day = Some(2);
    assert_eq!(days(&query), "08 10 11 12 15", "two on the 9th are enough");
    query.people[0].max_per_week = Some(3);
    assert_eq!(days(&query), "15", "three from Monday to Sunday; the one of the week before is not among them");
    query.people[0].max_per_week = Some(4);
    assert_eq!(days(&query), "08 10 11 12 15");
    query.people[0].max_per_day = Some(0);
    assert_eq!(days(&query), "");
    // 23:30 UTC on the 9th is the 10th in Berlin: the load moves to another date with its owner.
    query.people[0].max_per_day = Some(1);
    query.people[0].load = vec![on(9, 23, 30)];
    assert_eq!(days(&query), "08 10 11 12 15");
    query.people[0].zone = Tz::Europe__Berlin;
    assert_eq!(days(&query), "08 09 11 12 15");
}

#[test]
fn the_least_loaded_sit() {
    let mut query = monday(vec![free("ana"), free("ben"), free("eva"), free("tom")]);
    query.seats = vec![
        Seat::Any { count: 2, of: vec!["eva".to_owned(), "ana".to_owned(), "ben".to_owned()] },
        Seat::All(vec!["tom".to_owned()]),
    ];
    query.limit = Some(1);
    query.list_available = true;
    assert_eq!(people_at(&query), ["09:00 ana,ben,tom||ana,ben,eva,tom"]);
    query.people[0].load = vec![on(1, 9, 0)];
    assert_eq!(people_at(&query), ["09:00 ben,eva,tom||ana,ben,eva,tom"]);
    // One each; ben's is on this very day.
    query.people[1].load = vec![at(16, 0)];
    query.people[2].load = vec![on(2, 9, 0)];
    assert_eq!(people_at(&query), ["09:00 ana,eva,tom||ana,ben,eva,tom"]);
    query.people.reverse();
    assert_eq!(people_at(&query), ["09:00 ana,eva,tom||ana,ben,eva,tom"], "the order of people does not matter");
}

#[test]
fn refusals_name_person_and_rule_and_never_the_entry() {
    let mut ana = person("ana", Busy::Known(vec![span((9, 40), (10, 0)), span((13, 0), (14, 0))]));
    (ana.buffer_before, ana.max_per_day, ana.load) = (Some(15), Some(1), vec![]);
    let mut query = monday(vec![ana, free("ben")]);
    query.window = span((8, 30), (13, 0));
    (query.now, query.min_notice) = (at(5, 0), 240);
    assert_eq!(
        reasons(&query),
        [
            "08:30 ana:notice ana:hours ben:notice ben:hours",
            "09:30 ana:busy",
            "10:00 ana:buffer",
            "12:00 ana:hours ben:hours",
            "12:30 ana:hours ben:hours"
        ]
    );
    query.people[0].load = vec![at(16, 0)];
    assert_eq!(reasons(&query)[2..4], ["09:30 ana:busy ana:limit", "10:00 ana:buffer ana:limit"]);
    query.explain = false;
    assert_eq!(open_slots(&query).refused().len(), 0);
}

#[test]
fn blockers_count_what_stood_in_the_way() {
    let mut query = monday(vec![person("ana", Busy::Known(vec![span((9, 0), (10, 30))])), free("ben")]);
    query.people[1].buffer_after = Some(30);
    query.people[1].busy = Busy::Known(vec![span((12, 0), (13, 0))]);
    (query.window, query.explain) = (span((9, 0), (12, 30)), true);
    let blocker = |person: &str, rule, starts, alone| Blocker { person: person.to_owned(), rule, starts, alone };
    assert_eq!(
        blockers(&open_slots(&query)),
        [
            blocker("ana", Rule::Busy, 3, 3),
            blocker("ben", Rule::Buffer, 1, 1),
            blocker("ana", Rule::Hours, 1, 0),
            blocker("ben", Rule::Hours, 1, 0),
            blocker("ben", Rule::Busy, 1, 0),
        ]
    );
    (query.now, query.min_notice) = (at(9, 0), 24 * 60);
    let first = &blockers(&open_slots(&query))[0];
    assert_eq!(first, &blocker("ana", Rule::Notice, 7, 2), "notice is one obstacle, however many people have it");
}

#[test]
fn of_two_people_with_one_id_neither_is_free() {
    let mut query = monday(vec![free("ana"), free("ben"), person("ana", Busy::Unknown)]);
    query.seats = vec![Seat::Any { count: 1, of: vec!["ana".to_owned(), "ben".to_owned()] }];
    query.list_available = true;
    assert_eq!(people_at(&query)[0], "09:00 ben||ben");
}

#[test]
fn a_window_too_short_for_a_slot_has_none() {
    let mut query = monday(vec![free("ana")]);
    query.window = span((9, 0), (9, 29));
    query.explain = true;
    let answer = open_slots(&query);
    assert_eq!((answer.slots().len(), answer.refused().len()), (0, 0));
}
