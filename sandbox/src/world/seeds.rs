//! The busy time a fresh world starts with.
//!
//! Two months from the Monday before last, drawn from a fixed seed: the same layout in every run, relative to today.
//! Series are stored expanded, one event a week that shares [`Event::series`].

/// What only Apple's calendars have: objects with rules, zones and odd spellings.
mod apple;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use serde_json::Map;

use super::event::{Attendee, Event, Response, ShowAs, Span, instant};
use super::objects::events::object;
use super::people::{ADMINISTRATORS, PEOPLE, PERSONAL_TENANT, Person, TENANT};
use super::{Account, AccountKind, Calendar, Provider, State};
use crate::oauth::random::sha256;

const WEEKS_BEFORE: u64 = 1;
const WEEKS: u64 = 10;
const OFFICE: (u32, u32) = (9 * 60, 17 * 60);
const LUNCH: (u32, u32) = (12 * 60, 13 * 60);

struct Series {
    organizer: &'static str,
    guests: &'static [&'static str],
    /// Days from Monday.
    weekday: u64,
    minute: u32,
    minutes: u32,
    title: &'static str,
}

const fn series(
    organizer: &'static str,
    guests: &'static [&'static str],
    weekday: u64,
    minute: u32,
    minutes: u32,
    title: &'static str,
) -> Series {
    Series { organizer, guests, weekday, minute, minutes, title }
}

/// Times are those of the organizer's zone.
const SERIES: [Series; 9] = [
    series("ana.alvarez@example.com", &["tom.baker@example.com"], 0, 9 * 60 + 30, 60, "Hiring stand-up"),
    series("tom.baker@example.com", &["ana.alvarez@example.com"], 3, 14 * 60, 30, "1:1 Tom / Ana"),
    series(
        "tom.baker@example.com",
        &["ben.okafor@example.com", "eva.lindqvist@example.com"],
        2,
        9 * 60,
        45,
        "Product weekly",
    ),
    series("ben.okafor@example.com", &["eva.lindqvist@example.com"], 1, 14 * 60, 30, "1:1 Ben / Eva"),
    series("ben.okafor@example.com", &[], 4, 9 * 60, 90, "Focus: no meetings"),
    series("chloe.dubois@example.org", &["raj.patel@example.org"], 0, 11 * 60, 30, "Interview training"),
    series("raj.patel@example.org", &[], 1, 10 * 60, 60, "Sprint planning"),
    series("raj.patel@example.org", &["chloe.dubois@example.org"], 3, 15 * 60, 30, "1:1 Raj / Chloe"),
    series("mia.rossi@outlook.example", &[], 2, 9 * 60, 60, "Client weekly"),
];

/// Fills an empty world.
pub fn plant(state: &mut State) {
    for person in &PEOPLE {
        add_person(state, person);
    }
    let today = state.now().date_naive();
    let this_monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    let first_monday = this_monday - Days::new(7 * WEEKS_BEFORE);
    for series in &SERIES {
        plant_series(state, series, first_monday);
    }
    for person in PEOPLE.iter().filter(|person| person.provider == Provider::Apple) {
        apple::plant(state, person, this_monday);
    }
    for (index, person) in PEOPLE.iter().enumerate() {
        plant_days(state, person, index as u64, first_monday);
        plant_whole_days(state, person, this_monday, index as u64);
    }
    plant_declined(state, this_monday);
}

fn add_person(state: &mut State, person: &Person) {
    let tenant = match (person.provider, person.kind) {
        (Provider::Google | Provider::Apple, _) => None,
        (Provider::Microsoft, AccountKind::Work) => Some(TENANT),
        (Provider::Microsoft, AccountKind::Personal) => Some(PERSONAL_TENANT),
    };
    state.accounts.push(Account {
        provider: person.provider,
        kind: person.kind,
        administrator: ADMINISTRATORS.contains(&person.email),
        email: person.email.to_owned(),
        name: format!("{} {}", person.given, person.family),
        given_name: person.given.to_owned(),
        family_name: person.family.to_owned(),
        zone: person.zone,
        subject: person.subject.to_owned(),
        tenant: tenant.map(str::to_owned),
        job_title: person.job.to_owned(),
    });
    let (id, name) = match person.provider {
        Provider::Google => (person.email.to_owned(), person.email.to_owned()),
        Provider::Microsoft => (microsoft_id("AQMkAD", person.email), "Calendar".to_owned()),
        Provider::Apple => (apple::address(person, "home"), "Home".to_owned()),
    };
    add_calendar(state, person, id, name, true);
    if person.email == "ana.alvarez@example.com" {
        let id = format!("c_{}@group.calendar.google.com", &hex(&["interviews", person.email])[..24]);
        add_calendar(state, person, id, "Interview room".to_owned(), false);
    }
}

fn add_calendar(state: &mut State, person: &Person, id: String, name: String, primary: bool) {
    let version = state.next_version();
    let owner = person.email.to_owned();
    let calendar = Calendar { id: id.clone(), owner, name, zone: person.zone, primary, version, extra: Map::new() };
    state.calendars.insert(id, calendar);
}

fn plant_series(state: &mut State, series: &Series, first_monday: NaiveDate) {
    let Some(zone) = state.account(series.organizer).map(|account| account.zone) else { return };
    for week in 0..WEEKS {
        let day = first_monday + Days::new(7 * week + series.weekday);
        let span = span(day, series.minute, series.minutes, zone);
        let guests = series.guests.iter().map(|guest| (*guest, Response::Accepted)).collect::<Vec<_>>();
        meeting(state, series.organizer, &guests, series.title, span, day, Some(series.title));
    }
}

/// Draws events until the day is as full as was drawn for it, around what is there and around lunch.
fn plant_days(state: &mut State, person: &Person, seed: u64, first_monday: NaiveDate) {
    let Some(calendar) = state.primary(person.email).map(|calendar| calendar.id.clone()) else { return };
    let zone = person.zone;
    let midnight = |day: NaiveDate| instant(day.and_time(NaiveTime::MIN), zone);
    let mut taken = state.busy(&calendar, midnight(first_monday), midnight(first_monday + Days::new(7 * WEEKS)));
    let taken = taken.get_or_insert_default();
    for (week, weekday) in (0..WEEKS).flat_map(|week| (0..5).map(move |weekday| (week, weekday))) {
        let day = first_monday + Days::new(7 * week + weekday);
        let mut draw = Draw::new(seed * 1000 + week * 10 + weekday);
        let lunch = event(state, person.email, "Lunch", span(day, LUNCH.0, LUNCH.1 - LUNCH.0, person.zone), day, None);
        store(state, Event { show_as: ShowAs::Free, ..lunch });

        let open = instant(day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(OFFICE.0)), person.zone);
        let close = open + TimeDelta::minutes(i64::from(OFFICE.1 - OFFICE.0));
        let wanted = i64::from(OFFICE.1 - OFFICE.0) * (37 + draw.below(14) as i64) / 100;
        let on_the_day = taken.iter().map(|(start, end)| (*start.max(&open), *end.min(&close)));
        let mut busy: Vec<_> = on_the_day.filter(|(start, end)| start < end).collect();
        for _ in 0..60 {
            let minutes: i64 = busy.iter().map(|(start, end)| (*end - *start).num_minutes()).sum();
            if minutes >= wanted {
                break;
            }
            let (title, length) = person.work[draw.below(person.work.len() as u64) as usize];
            let start = OFFICE.0 + 30 * draw.below(16) as u32;
            let end = start + length;
            let quiet = start < person.quiet.1 && end > person.quiet.0 && draw.below(5) > 0;
            if end > OFFICE.1 || (start < LUNCH.1 && end > LUNCH.0) || quiet {
                continue;
            }
            let span = span(day, start, length, person.zone);
            let (from, until) = span.interval(person.zone);
            if busy.iter().all(|(start, end)| *end <= from || *start >= until) {
                let event = event(state, person.email, title, span, day, None);
                store(state, event);
                busy.push((from, until));
            }
        }
    }
}

/// A holiday some weeks ahead and a birthday, each in whole days.
fn plant_whole_days(state: &mut State, person: &Person, this_monday: NaiveDate, index: u64) {
    let start = this_monday + Days::new(7 * (4 + index % 4));
    let holiday = Span::AllDay { start, end: start + Days::new(2) };
    let holiday = event(state, person.email, "Vacation", holiday, start, None);
    store(state, Event { show_as: ShowAs::Away, ..holiday });

    let start = this_monday + Days::new(8 + index);
    let birthday = Span::AllDay { start, end: start + Days::new(1) };
    let birthday = event(state, person.email, "Birthday: Sam", birthday, start, None);
    store(state, Event { show_as: ShowAs::Free, ..birthday });
}

/// One invitation per provider that its guest has declined, at a time the guest is then free.
fn plant_declined(state: &mut State, this_monday: NaiveDate) {
    let day = this_monday + Days::new(9);
    let pairs = [
        ("tom.baker@example.com", "ben.okafor@example.com", "Optional: office tour", Tz::America__New_York),
        ("chloe.dubois@example.org", "raj.patel@example.org", "Optional: team photo", Tz::Europe__Berlin),
    ];
    for (organizer, guest, title, zone) in pairs {
        meeting(state, organizer, &[(guest, Response::Declined)], title, span(day, 600, 30, zone), day, None);
    }
}

/// Puts a meeting into the calendars of organizer and guests.
fn meeting(
    state: &mut State,
    organizer: &str,
    guests: &[(&str, Response)],
    title: &str,
    span: Span,
    day: NaiveDate,
    series: Option<&str>,
) {
    let mut attendees = Vec::new();
    if !guests.is_empty() {
        let organizer = [(organizer, Response::Accepted)];
        attendees.extend(organizer.iter().chain(guests).map(|(email, response)| Attendee {
            name: state.account(email).map(|account| account.name.clone()),
            response: *response,
            ..Attendee::required(email)
        }));
    }
    let original = Event { attendees, ..event(state, organizer, title, span, day, series) };
    for (guest, _) in guests {
        let own = event(state, guest, title, original.span.clone(), day, series);
        state.put(Event { id: own.id, calendar: own.calendar, ..original.clone() });
    }
    state.put(original);
}

/// Stores an event the way its calendar keeps it.
fn store(state: &mut State, event: Event) {
    if state.shelves.contains_key(&event.calendar) {
        state.put_object(&event.calendar, &event.id, object(&event));
    } else {
        state.put(event);
    }
}

/// An event of one person, not yet stored, whose id depends on owner, title and time alone.
fn event(state: &State, owner: &str, title: &str, span: Span, day: NaiveDate, series: Option<&str>) -> Event {
    let account = state.account(owner).expect("seeds name people of the sandbox");
    let calendar = state.primary(owner).expect("everybody has a primary calendar");
    let name = format!("{owner} {title} {day} {:?}", span.interval(account.zone).0);
    let hex = hex(&["event", &name]);
    let (id, uid) = match account.provider {
        Provider::Google => (hex[..26].to_owned(), format!("{}@google.com", &hex[..26])),
        Provider::Microsoft => {
            (microsoft_id("AAMkAD", &name), format!("040000008200E00074C5B7101A82E008{}", hex[..48].to_uppercase()))
        }
        Provider::Apple => {
            let uid = apple::uuid(&hex);
            (format!("{uid}.ics"), uid)
        }
    };
    let made = state.now() - TimeDelta::days(30);
    let mut event = Event::new(&calendar.id, &id, &uid, owner, span, made);
    event.summary = title.to_owned();
    event.organizer.name = Some(account.name.clone());
    event.series = series.map(|name| self::hex(&["series", owner, name])[..26].to_owned());
    event
}

fn span(day: NaiveDate, minute: u32, minutes: u32, zone: Tz) -> Span {
    let start = instant(day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute)), zone);
    Span::timed(start, start + TimeDelta::minutes(i64::from(minutes)), zone)
}

fn hex(parts: &[&str]) -> String {
    sha256(parts.join("\n").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An id as Outlook's: long, opaque, case-sensitive, with a `=` that must be encoded in paths.
fn microsoft_id(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", URL_SAFE.encode([sha256(name.as_bytes()), sha256(prefix.as_bytes())].concat()))
}

/// A small generator (splitmix64): the layout must be the same in every run and with every library version.
struct Draw(u64);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};

    /// Office hours of one person's working days, from this Monday on, in UTC.
    fn office(state: &State, email: &str, weeks: u64) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let zone = state.account(email).expect("a person").zone;
        let today = state.now().date_naive();
        let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
        let days = (0..weeks).flat_map(|week| (0..5).map(move |weekday| 7 * week + weekday));
        days.map(|offset| span(monday + Days::new(offset), OFFICE.0, OFFICE.1 - OFFICE.0, zone).interval(zone))
            .collect()
    }

    /// Worlds seeded on different weekdays, in winter and in summer.
    fn worlds() -> impl Iterator<Item = State> {
        [0, 3, 6, 130, 215].into_iter().map(|days| {
            let mut state = State::empty();
            state.advance(TimeDelta::days(days));
            plant(&mut state);
            state
        })
    }

    #[test]
    fn everybody_is_busy_for_35_to_55_percent_of_office_hours() {
        for state in worlds() {
            for person in &PEOPLE {
                let calendar = state.primary(person.email).expect("a primary calendar");
                let (mut busy, mut all) = (0, 0);
                for (open, close) in office(&state, person.email, 8) {
                    all += (close - open).num_minutes();
                    let intervals = state.busy(&calendar.id, open, close).expect("a known calendar");
                    busy += intervals.iter().map(|(start, end)| (*end - *start).num_minutes()).sum::<i64>();
                }
                let share = busy * 100 / all;
                assert!((35..=55).contains(&share), "{}: {share} %", person.email);
            }
        }
    }

    #[test]
    fn a_panel_across_zones_has_common_times_within_two_weeks() {
        let panels =
            [["ben.okafor@example.com", "raj.patel@example.org"], ["ana.alvarez@example.com", "tom.baker@example.com"]];
        for state in worlds() {
            for panel in &panels {
                let common = common_starts(&state, panel);
                assert!(common >= 10, "{panel:?} on {}: {common}", state.now());
            }
        }
    }

    /// How many 45-minute starts on the quarter hour suit the whole panel within two weeks.
    fn common_starts(state: &State, panel: &[&str]) -> usize {
        let horizon = state.now() + TimeDelta::days(14);
        let days = office(state, panel[0], 3).into_iter().filter(|(open, _)| *open > state.now() && *open < horizon);
        let starts = days.flat_map(|(open, _)| (0..32).map(move |quarter| open + TimeDelta::minutes(15 * quarter)));
        starts
            .filter(|start| {
                let end = *start + TimeDelta::minutes(45);
                panel.iter().all(|email| {
                    let calendar = state.primary(email).expect("a primary calendar");
                    let at_work = office(state, email, 4).iter().any(|(open, close)| open <= start && end <= *close);
                    at_work && state.busy(&calendar.id, *start, end).is_some_and(|busy| busy.is_empty())
                })
            })
            .count()
    }

    #[test]
    fn the_same_seed_gives_the_same_calendars() {
        let layout = |state: &State| {
            let all = state.events.values().flat_map(|events| events.values());
            all.map(|event| (event.id.clone(), event.summary.clone(), event.span.clone())).collect::<Vec<_>>()
        };
        assert_eq!(layout(&State::seeded()), layout(&State::seeded()));
    }
}
