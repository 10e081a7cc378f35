//! The neutral workloads, made here from their description, answered through the public JSON and compared with the
//! digests of an independent minute-by-minute brute force over the same data.
//!
//! A workload is a seed and a few figures; everything else follows from splitmix64 and the order of draws below. The
//! canonical text of an answer is one line `minute count id,id,…` per offered start.

use chrono::{DateTime, NaiveDate, TimeDelta};
use convene::scheduling::query::answer_json;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: i64) -> i64 {
        (self.next() % n as u64) as i64
    }
}

const NEW_YORK: &str = "America/New_York";
const BERLIN: &str = "Europe/Berlin";
const KOLKATA: &str = "Asia/Kolkata";
const LORD_HOWE: &str = "Australia/Lord_Howe";
const FOUR: &[&str] = &[NEW_YORK, BERLIN, KOLKATA, LORD_HOWE];

/// Minutes east of UTC that place a person's meetings into their office hours, summer time aside.
fn nominal_offset(zone: &str) -> i64 {
    match zone {
        NEW_YORK => -300,
        BERLIN => 60,
        KOLKATA => 330,
        LORD_HOWE => 630,
        other => panic!("{other} is in no workload"),
    }
}

struct Workload {
    seed: u64,
    start: &'static str,
    days: i64,
    people: usize,
    busy: usize,
    zones: &'static [&'static str],
    /// Slot length, step, buffers before and after: minutes.
    minutes: [i64; 4],
    need: usize,
    /// A meeting every twenty minutes of a week without nights, in place of drawn ones.
    dense: bool,
}

fn instant(minute: i64) -> Value {
    let instant = DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
    json!(instant.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn clock(minute: i64) -> Value {
    json!(format!("{:02}:{:02}", minute / 60, minute % 60))
}

fn span(show: impl Fn(i64) -> Value, (start, end): (i64, i64)) -> Value {
    json!({"start": show(start), "end": show(end)})
}

impl Workload {
    fn query(&self) -> Value {
        let mut rng = SplitMix64(self.seed);
        let first: NaiveDate = self.start.parse().expect("a date");
        let range_start = first.and_hms_opt(0, 0, 0).expect("midnight").and_utc().timestamp() / 60;
        let people: Vec<Value> = (0..self.people).map(|at| self.person(at, &mut rng, first, range_start)).collect();
        let ids: Vec<Value> = people.iter().map(|person| person["id"].clone()).collect();
        let [duration, step, before, after] = self.minutes;
        json!({
            "window": span(instant, (range_start, range_start + self.days * 1440)),
            "now": instant(range_start - 60), "min_notice_minutes": 240,
            "duration_minutes": duration, "step_minutes": step, "align_zone": "UTC",
            "buffer_before_minutes": before, "buffer_after_minutes": after,
            "people": people, "seats": [{"any": self.need, "of": ids}], "list_available": true,
        })
    }

    fn person(&self, at: usize, rng: &mut SplitMix64, first: NaiveDate, range_start: i64) -> Value {
        let zone = self.zones[at % self.zones.len()];
        let mut overrides: BTreeMap<NaiveDate, &[(i64, i64)]> = BTreeMap::new();
        for _ in 0..self.days / 15 + 1 {
            let date = first + TimeDelta::days(rng.below(self.days));
            let windows: &[(i64, i64)] = match rng.below(4) {
                0 | 1 => &[],
                2 => &[(600, 780)],
                _ => &[(660, 750), (960, 1140)],
            };
            overrides.entry(date).or_insert(windows);
        }
        let busy = (0..self.busy as i64).map(|index| {
            if self.dense {
                return (range_start + 20 * index, range_start + 20 * index + 10);
            }
            self.meeting(rng, range_start, nominal_offset(zone))
        });
        let busy: Vec<Value> = busy.map(|meeting| span(instant, meeting)).collect();
        let overrides: Vec<Value> = overrides
            .into_iter()
            .map(|(date, windows)| {
                let windows: Vec<Value> = windows.iter().map(|window| span(clock, *window)).collect();
                json!({"date": date.to_string(), "windows": windows})
            })
            .collect();
        let (weekdays, hours) = if self.dense { (7, (0, 1440)) } else { (5, (540, 1020)) };
        let weekly: Vec<Value> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][..weekdays]
            .iter()
            .map(|weekday| json!({"weekday": weekday, "start": clock(hours.0), "end": clock(hours.1)}))
            .collect();
        let id = format!("p{at:04}");
        json!({"id": id, "zone": zone, "weekly": weekly, "overrides": overrides, "manual": [], "busy": busy})
    }

    fn meeting(&self, rng: &mut SplitMix64, range_start: i64, offset: i64) -> (i64, i64) {
        let anywhere = |rng: &mut SplitMix64| range_start + 5 * rng.below(self.days * 288);
        let (start, length) = match rng.below(100) {
            0..70 => {
                let day = range_start + rng.below(self.days) * 1440;
                let start = day + 540 + 5 * rng.below(96) - offset;
                (start, [15, 30, 30, 45, 60, 60, 90, 120][rng.below(8) as usize])
            }
            70..95 => (anywhere(rng), [15, 30, 60, 120][rng.below(4) as usize]),
            95..99 => (anywhere(rng), 240 + 30 * rng.below(13)),
            _ => (range_start + 1440 * rng.below(self.days) - offset, 1440 * (1 + rng.below(3))),
        };
        (start, start + length)
    }
}

/// The answer's canonical text.
fn canonical(answer: &Value) -> String {
    let mut text = String::new();
    for slot in answer["slots"].as_array().expect("slots") {
        let start: DateTime<chrono::Utc> = slot["start"].as_str().expect("a start").parse().expect("an instant");
        let mut ids: Vec<u32> = slot["available"]
            .as_array()
            .expect("available people")
            .iter()
            .map(|id| id.as_str().expect("an id")[1..].parse().expect("a number"))
            .collect();
        ids.sort_unstable();
        let list: Vec<String> = ids.iter().map(u32::to_string).collect();
        writeln!(text, "{} {} {}", start.timestamp() / 60, ids.len(), list.join(",")).expect("a string takes all");
    }
    text
}

fn check(name: &str, workload: &Workload, lines: usize, digest: &str) {
    let text = answer_json(&workload.query().to_string()).expect(name);
    let answer: Value = serde_json::from_str(&text).expect("an answer is JSON");
    let canonical = canonical(&answer);
    assert_eq!(canonical.lines().count(), lines, "{name}: lines");
    let got: String = Sha256::digest(&canonical).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(got, digest, "{name}: digest");

    let slots = answer["slots"].as_array().expect("slots");
    assert_eq!(answer["total"], json!(slots.len()), "{name}: total");
    for slot in slots {
        // Nobody has a load, so those who sit are the first by id.
        let (people, available) = (slot["people"].as_array(), slot["available"].as_array());
        assert_eq!(people.map(Vec::as_slice), available.map(|ids| &ids[..workload.need]), "{name}: {slot}");
    }
}

/// One person, two weeks.
fn alone(seed: u64, start: &'static str, zones: &'static [&'static str]) -> Workload {
    Workload { seed, start, days: 14, people: 1, busy: 40, zones, minutes: [30, 15, 10, 5], need: 1, dense: false }
}

#[test]
fn w1_one_person_over_each_kind_of_clock_change() {
    let digest = "399149f0f7b414499da6bc4e922cf68b8afcf5858d10a0207fbbed18f6c44aeb";
    check("W1", &alone(101, "2027-03-07", &[NEW_YORK]), 180, digest);
    let digest = "58559f36a1de5f2e14fa4a99e3b63a20e2d51bff83f3064d3d1e32b3ff18311f";
    check("W1b", &alone(102, "2027-10-24", &[BERLIN]), 173, digest);
    let digest = "b977ee7dd22a61eb7d126e5580a7f1eae4729bff85d217d9597ede4ff7969c90";
    check("W1k", &alone(103, "2027-03-07", &[KOLKATA]), 154, digest);
    let digest = "d5bc3f121f3067955649ec2fad6bdc6527075eae42652ad7374195f3ec7d142b";
    check("W1l", &alone(104, "2027-03-28", &[LORD_HOWE]), 176, digest);
}

#[test]
fn w2_a_panel_of_five() {
    let panel = |seed, zones| Workload {
        seed,
        start: "2027-03-08",
        days: 30,
        people: 5,
        busy: 200,
        zones,
        minutes: [30, 15, 0, 5],
        need: 5,
        dense: false,
    };
    let digest = "b213c43263de698cc8cc07557508698af1703407f5dbfe200f15b889517610f8";
    check("W2", &panel(201, &FOUR[..2]), 4, digest);
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    check("W2z", &panel(202, FOUR), 0, digest);
}

#[test]
fn w3_some_of_fifty() {
    let some = |need| Workload {
        seed: 301,
        start: "2027-09-15",
        days: 60,
        people: 50,
        busy: 300,
        zones: FOUR,
        minutes: [30, 15, 5, 10],
        need,
        dense: false,
    };
    let digest = "24bc256bdc274afdc936d1fac254f107bd4fa9212ade51ee7ea2fd9300922d5c";
    check("W3", &some(2), 3815, digest);
    let digest = "423acc5ef121b30fe07037887d9fcb19e1bd55cfb003b83af4ca5bebc766c566";
    check("W3r", &some(1), 4146, digest);
}

#[test]
fn w4_an_organisation_over_a_quarter() {
    let organisation = Workload {
        seed: 401,
        start: "2027-02-15",
        days: 90,
        people: 500,
        busy: 500,
        zones: FOUR,
        minutes: [30, 15, 10, 10],
        need: 1,
        dense: false,
    };
    check("W4", &organisation, 7310, "1dbd3bfdb87eab6e14edc9c4d76b6602998d1f80dd34dfc7075262f4f391e470");
}

#[test]
fn w6_a_meeting_every_twenty_minutes() {
    let dense = Workload {
        seed: 601,
        start: "2027-03-08",
        days: 30,
        people: 1,
        busy: 2160,
        zones: &[BERLIN],
        minutes: [10, 5, 0, 0],
        need: 1,
        dense: true,
    };
    check("W6", &dense, 1944, "8aa69bb05f2cb189353fee7da266329109be173ffe166cff5c1685de82052ecc");
}
