//! The engine next to the least anybody could do: sort each person's meetings, sweep them against the starts, write down
//! who is free. The floor knows no zones, seats or reasons; its hours arrive as instants. Ratios are of medians within
//! this one run, so they mean the same on a slow machine; nothing here fails for being slow.
//!
//! Run with `cargo bench --bench slots`, or with `-- quick` for fewer rounds. `tests/slots_workloads.rs` makes sure that
//! what is measured is also right; here both sides only have to agree with each other.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use convene::scheduling::query::{answer_json, parse_query, write_answer};
use convene::scheduling::{Busy, DayWindow, Interval, Person, Query, Seat, TimeOfDay, WeeklyWindow, open_slots};
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as i64
    }
}

const ZONES: [Tz; 4] = [Tz::America__New_York, Tz::Europe__Berlin, Tz::Asia__Kolkata, Tz::Australia__Lord_Howe];

/// A query of the shape and size of one of the neutral workloads.
fn workload(seed: u64, start: &str, days: i64, people: usize, busy: usize, zones: usize, need: usize) -> Query {
    let mut random = Random(seed);
    let midnight = start.parse::<NaiveDate>().expect("a date").and_hms_opt(0, 0, 0).expect("midnight").and_utc();
    let at = |minute: i64| midnight + TimeDelta::minutes(minute);
    let span = |from: i64, minutes: i64| Interval::new(at(from), at(from + minutes)).expect("a length");
    let office = DayWindow::new(TimeOfDay::new(9, 0).expect("nine"), TimeOfDay::new(17, 0).expect("five"));
    let ids: Vec<String> = (0..people).map(|at| format!("p{at:04}")).collect();
    let mut query = Query::new(span(0, days * 1440), at(-60), 30);
    (query.min_notice, query.buffer_before, query.buffer_after, query.list_available) = (240, 5, 10, true);
    query.people = ids
        .iter()
        .enumerate()
        .map(|(number, id)| {
            let meetings = (0..busy).map(|_| {
                let from = if random.below(100) < 70 {
                    random.below(days) * 1440 + 540 + 5 * random.below(96)
                } else {
                    5 * random.below(days * 288)
                };
                span(from, [15, 30, 30, 45, 60, 60, 90, 120][random.below(8) as usize])
            });
            let mut person = Person::new(id, ZONES[number % zones], Busy::Known(meetings.collect()));
            person.weekly = WeeklyWindow::office_week(office.expect("office hours"));
            person
        })
        .collect();
    query.seats = vec![Seat::Any { count: need, of: ids }];
    query
}

/// Start and end, in seconds.
type Seconds = (i64, i64);

/// The floor's input: everything already seconds, hours already instants.
struct Plain {
    starts: Vec<i64>,
    duration: i64,
    before: i64,
    after: i64,
    need: usize,
    /// Hours and meetings of each person.
    people: Vec<(Vec<Seconds>, Vec<Seconds>)>,
}

fn seconds(spans: &[Interval]) -> Vec<Seconds> {
    spans.iter().map(|span| (span.start().timestamp(), span.end().timestamp())).collect()
}

impl Plain {
    fn of(query: &Query) -> Self {
        let soonest = query.now + TimeDelta::minutes(i64::from(query.min_notice));
        let first = query.window.start().max(soonest).timestamp();
        let (step, duration) = (i64::from(query.step) * 60, i64::from(query.duration) * 60);
        let last = query.window.end().timestamp() - duration;
        let first = (first + step - 1).div_euclid(step) * step;
        let busy = |person: &Person| match &person.busy {
            Busy::Known(spans) => seconds(spans),
            Busy::Unknown => unreachable!("the workloads know everyone"),
        };
        let people = query.people.iter().map(|person| (seconds(&person.open_hours(query.window)), busy(person)));
        Self {
            starts: (first..=last).step_by(step as usize).collect(),
            duration,
            before: i64::from(query.buffer_before) * 60,
            after: i64::from(query.buffer_after) * 60,
            need: match &query.seats[0] {
                Seat::Any { count, .. } => *count,
                Seat::All(all) => all.len(),
            },
            people: people.collect(),
        }
    }

    /// Sort, sweep, emit.
    fn solve(&self) -> Vec<(i64, Vec<u32>)> {
        let mut free: Vec<Vec<u32>> = vec![Vec::new(); self.starts.len()];
        for ((hours, busy), number) in self.people.iter().zip(0u32..) {
            let mut busy = busy.clone();
            busy.sort_unstable();
            // Meetings that overlap are one, so that the sweep never has to look back.
            busy.dedup_by(|next, kept| {
                let joins = next.0 <= kept.1;
                if joins {
                    kept.1 = kept.1.max(next.1);
                }
                joins
            });
            let (mut hour, mut next) = (0, 0);
            for (at, &start) in self.starts.iter().enumerate() {
                let end = start + self.duration;
                while hour < hours.len() && hours[hour].1 < end {
                    hour += 1;
                }
                if hour == hours.len() {
                    break;
                }
                if hours[hour].0 > start {
                    continue;
                }
                while next < busy.len() && busy[next].1 <= start - self.before {
                    next += 1;
                }
                if next == busy.len() || busy[next].0 >= end + self.after {
                    free[at].push(number);
                }
            }
        }
        let open = self.starts.iter().copied().zip(free);
        open.filter(|(_, people)| people.len() >= self.need).collect()
    }
}

/// Median of as many rounds as fit, at least five.
fn median(budget: Duration, mut round: impl FnMut()) -> Duration {
    round();
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < 5 || begun.elapsed() < budget {
        let start = Instant::now();
        round();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn document(query: &Query) -> String {
    let instant = |instant: DateTime<Utc>| instant.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let span = |span: &Interval| format!(r#"{{"start":"{}","end":"{}"}}"#, instant(span.start()), instant(span.end()));
    let people: Vec<String> = query
        .people
        .iter()
        .map(|person| {
            let busy: Vec<String> = match &person.busy {
                Busy::Known(spans) => spans.iter().map(&span).collect(),
                Busy::Unknown => unreachable!("the workloads know everyone"),
            };
            let weekly = serde_json::to_string(&person.weekly).expect("plain data");
            format!(
                r#"{{"id":"{}","zone":"{}","weekly":{weekly},"busy":[{}]}}"#,
                person.id,
                person.zone,
                busy.join(",")
            )
        })
        .collect();
    let ids: Vec<String> = query.people.iter().map(|person| format!("{:?}", person.id)).collect();
    let Seat::Any { count, .. } = &query.seats[0] else { unreachable!("the workloads have one pool") };
    let mut text = String::new();
    write!(
        text,
        r#"{{"window":{},"now":"{}","min_notice_minutes":{},"duration_minutes":{},"step_minutes":{},"#,
        span(&query.window),
        instant(query.now),
        query.min_notice,
        query.duration,
        query.step
    )
    .expect("a string takes all");
    write!(
        text,
        r#""buffer_before_minutes":{},"buffer_after_minutes":{},"people":[{}],"seats":[{{"any":{count},"of":[{}]}}],"list_available":true}}"#,
        query.buffer_before,
        query.buffer_after,
        people.join(","),
        ids.join(",")
    )
    .expect("a string takes all");
    text
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick" || argument == "--test");
    let budget = Duration::from_millis(if quick { 50 } else { 1500 });
    let workloads = [
        ("W2  panel of 5, 30 days, 200 meetings each", workload(201, "2027-03-08", 30, 5, 200, 2, 5)),
        ("W3  any 2 of 50, 60 days, 300 meetings each", workload(301, "2027-09-15", 60, 50, 300, 4, 2)),
        ("W4  who of 500, 90 days, 500 meetings each", workload(401, "2027-02-15", 90, 500, 500, 4, 1)),
    ];
    println!("{:45} {:>9} {:>9} {:>6} {:>9} {:>9}", "", "floor", "engine", "ratio", "read", "write");
    for (name, query) in workloads {
        let plain = Plain::of(&query);
        let text = document(&query);
        let answer = open_slots(&query);
        assert_eq!(parse_query(&text).as_ref(), Ok(&query), "{name}: the document says what the query says");
        assert_eq!(answer_json(&text).as_deref(), Ok(write_answer(&answer).as_str()));
        let found: Vec<(i64, usize)> =
            answer.slots().map(|slot| (slot.start().timestamp(), slot.available().len())).collect();
        let swept: Vec<(i64, usize)> = plain.solve().iter().map(|(start, people)| (*start, people.len())).collect();
        assert_eq!(found, swept, "{name}: engine and floor agree");

        let floor = median(budget, || drop(black_box(black_box(&plain).solve())));
        let engine = median(budget, || drop(black_box(open_slots(black_box(&query)))));
        let read = median(budget, || drop(black_box(parse_query(black_box(&text)))));
        let write = median(budget, || drop(black_box(write_answer(black_box(&answer)))));
        let show = |time: Duration| format!("{:.3}ms", time.as_secs_f64() * 1e3);
        let ratio = engine.as_secs_f64() / floor.as_secs_f64();
        println!("{name:45} {:>9} {:>9} {ratio:>6.2} {:>9} {:>9}", show(floor), show(engine), show(read), show(write));
    }
}
