//! What only Apple's calendars have: objects with rules, exceptions, zones and odd spellings.
//!
//! The drawn working days around them are laid in `seeds`. Times are relative to this week's Monday.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{add_calendar, hex};
use crate::world::objects::events::envelope;
use crate::world::objects::times::{When, vtimezone};
use crate::world::objects::{Component, Line};
use crate::world::people::{APP_PASSWORDS, Person};
use crate::world::{AppPassword, State};

/// A calendar's address below the account's number; also its id.
pub fn address(person: &Person, name: &str) -> String {
    format!("/{}/calendars/{name}/", person.subject)
}

/// Sixteen bytes of hexadecimal digits as Apple writes UUIDs.
pub fn uuid(hex: &str) -> String {
    let hex = hex.to_uppercase();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

/// The calendars beside the main one, and everything the draw does not make.
pub fn plant(state: &mut State, person: &Person, monday: NaiveDate) {
    let passwords = APP_PASSWORDS.iter().filter(|(account, _)| *account == person.email);
    state.app_passwords.extend(
        passwords.map(|(account, password)| AppPassword { account: (*account).into(), password: (*password).into() }),
    );
    let home = address(person, "home");
    dress(state, &home, &[("color", json!("#1BADF8FF")), ("order", json!(1))]);
    let more = |name: &str| address(person, &uuid(&hex(&["calendar", person.email, name])));
    let others = [
        ("Interviews", vec![("color", json!("#63DA38FF")), ("order", json!(2))]),
        (
            "Public holidays",
            vec![
                ("color", json!("#CC73E1FF")),
                ("order", json!(3)),
                ("read_only", json!(true)),
                ("transparent", json!(true)),
            ],
        ),
        ("Reminders", vec![("color", json!("#FF9500FF")), ("order", json!(4)), ("component", json!("VTODO"))]),
    ];
    for (name, properties) in others {
        add_calendar(state, person, more(name), name.to_owned(), false);
        dress(state, &more(name), &properties);
    }
    let mut desk = Desk { state, person, monday, calendar: home };
    desk.series();
    desk.odd_times();
    desk.answers();
    desk.calendar = more("Interviews");
    desk.put("Interview: second round", "", |desk, part| {
        part.lines.extend([desk.at(3, 17, 30).line("DTSTART"), Line::new("DURATION", "PT45M")]);
    });
    desk.calendar = more("Public holidays");
    desk.put("Founding day", "", |desk, part| {
        part.lines.extend([desk.day(17).line("DTSTART"), desk.day(18).line("DTEND"), transparent()]);
        part.lines.push(Line::new("RRULE", "FREQ=YEARLY"));
    });
    desk.calendar = more("Reminders");
    desk.task("Send the slides", 2);
}

fn dress(state: &mut State, calendar: &str, properties: &[(&str, Value)]) {
    let properties: Map<String, Value> =
        properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if let Some(calendar) = state.calendars.get_mut(calendar) {
        calendar.extra = properties;
    }
    state.shelves.entry(calendar.to_owned()).or_default();
}

fn transparent() -> Line {
    Line::new("TRANSP", "TRANSPARENT")
}

/// Where objects are made, for one calendar.
struct Desk<'a> {
    state: &'a mut State,
    person: &'a Person,
    monday: NaiveDate,
    calendar: String,
}

impl Desk<'_> {
    fn wall(&self, day: u64, hour: i64, minute: i64) -> NaiveDateTime {
        (self.monday + Days::new(day)).and_time(NaiveTime::MIN) + TimeDelta::minutes(60 * hour + minute)
    }

    /// A time of this person's zone, `day` days after Monday.
    fn at(&self, day: u64, hour: i64, minute: i64) -> When {
        When::Zoned(self.wall(day, hour, minute), self.person.zone)
    }

    fn day(&self, day: u64) -> When {
        When::Date(self.monday + Days::new(day))
    }

    fn uid(&self, title: &str) -> String {
        uuid(&hex(&["object", self.person.email, title]))
    }

    /// Stores one event with a described zone; `name` is its resource's, or empty for one made of the UID.
    fn put(&mut self, title: &str, name: &str, fill: impl FnOnce(&Self, &mut Component)) {
        let described = vtimezone(self.person.zone, self.person.zone.name(), self.monday.year());
        self.put_with(title, name, Some(described), |desk, calendar| {
            let mut part = desk.part("VEVENT", title);
            fill(desk, &mut part);
            calendar.parts.push(part);
        });
    }

    fn put_with(&mut self, title: &str, name: &str, zone: Option<Component>, fill: impl FnOnce(&Self, &mut Component)) {
        let mut calendar = envelope();
        calendar.parts.extend(zone);
        fill(self, &mut calendar);
        let name = if name.is_empty() { format!("{}.ics", self.uid(title)) } else { name.to_owned() };
        self.state.put_object(&self.calendar, &name, calendar);
    }

    /// What every part begins with; DTSTAMP stands twice, as iCloud is known to leave it.
    fn part(&self, kind: &str, title: &str) -> Component {
        let made = When::Utc(self.state.now() - TimeDelta::days(30));
        let mut part = Component::new(kind);
        part.lines = vec![
            Line::new("UID", self.uid(title)),
            made.line("DTSTAMP"),
            made.line("DTSTAMP"),
            made.line("CREATED"),
            made.line("LAST-MODIFIED"),
            Line::new("SEQUENCE", "0"),
            Line::new("SUMMARY", title),
        ];
        part
    }

    fn series(&mut self) {
        // A weekly meeting: left out the week after next, and moved to the afternoon the week after that.
        let zone = vtimezone(self.person.zone, self.person.zone.name(), self.monday.year());
        self.put_with("Team weekly", "", Some(zone), |desk, calendar| {
            let mut master = desk.part("VEVENT", "Team weekly");
            let first = desk.monday - Days::new(6 * 7);
            let quarter_past_nine = TimeDelta::minutes(9 * 60 + 15);
            let on = |week: u64| {
                let day = first + Days::new(7 * week + 1);
                When::Zoned(day.and_time(NaiveTime::MIN) + quarter_past_nine, desk.person.zone)
            };
            master.lines.extend([on(0).line("DTSTART"), Line::new("DURATION", "PT45M")]);
            master.lines.push(Line::new("RRULE", "FREQ=WEEKLY;BYDAY=TU"));
            master.lines.push(on(8).line("EXDATE"));
            let mut moved = desk.part("VEVENT", "Team weekly (moved)");
            moved.set(Line::new("UID", desk.uid("Team weekly")));
            moved.lines.extend([on(9).line("RECURRENCE-ID"), desk.at(22, 16, 0).line("DTSTART")]);
            moved.lines.push(desk.at(22, 16, 45).line("DTEND"));
            calendar.parts.extend([master, moved]);
        });
        // Older than most limits on how many instances are counted from the start.
        self.put("Stand-up", "stand-up@icloud.example.ics", |desk, part| {
            let first = desk.monday - Days::new(7 * 520);
            let on = |minute: i64| {
                When::Zoned(first.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute), desk.person.zone)
            };
            part.lines.extend([on(9 * 60).line("DTSTART"), on(9 * 60 + 15).line("DTEND")]);
            part.lines.push(Line::new("RRULE", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"));
        });
        self.put("Birthday: Aki", "", |desk, part| {
            let day = desk.monday + Days::new(11);
            // The 29th of February has no namesake in most years.
            let born = day.with_year(day.year() - 30).unwrap_or(day - Days::new(1));
            part.lines.extend([When::Date(born).line("DTSTART"), transparent()]);
            part.lines.push(Line::new("RRULE", "FREQ=YEARLY"));
        });
    }

    fn odd_times(&mut self) {
        self.put_with("Gym", "", None, |desk, calendar| {
            let mut part = desk.part("VEVENT", "Gym");
            let floating = |hour, minute| When::Floating(desk.wall(8, hour, minute));
            part.lines.extend([floating(18, 30).line("DTSTART"), floating(19, 30).line("DTEND")]);
            calendar.parts.push(part);
        });
        // Written by Outlook: a Windows name, once with a described zone and once without.
        let berlin = Tz::Europe__Berlin;
        for (title, described) in [("Vendor call", false), ("Vendor review", true)] {
            let windows = "W. Europe Standard Time";
            let zone = described.then(|| {
                let mut zone = vtimezone(berlin, windows, self.monday.year());
                zone.remove("X-LIC-LOCATION");
                zone
            });
            self.put_with(title, "", zone, |desk, calendar| {
                let mut part = desk.part("VEVENT", title);
                let day = if described { 16 } else { 9 };
                for (name, minute) in [("DTSTART", 0), ("DTEND", 30)] {
                    let mut line = When::Zoned(desk.wall(day, 8, minute), berlin).line(name);
                    line.set_param("TZID", &format!("\"{windows}\""));
                    part.lines.push(line);
                }
                calendar.parts.push(part);
            });
        }
        self.put("Company days", "", |desk, part| {
            part.lines.extend([desk.day(38).line("DTSTART"), desk.day(40).line("DTEND")]);
            part.lines.push(Line::new("TRANSP", "OPAQUE"));
        });
        self.put("Dentist", "", |desk, part| {
            part.lines.extend([desk.at(15, 17, 15).line("DTSTART"), desk.at(15, 18, 0).line("DTEND")]);
            part.lines.push(Line::new("LOCATION", "Marunouchi 2-4-1\\, 3F"));
            let place = Line::new("X-APPLE-STRUCTURED-LOCATION", "geo:35.681200,139.764900  ");
            part.lines.push(place.with("VALUE", "URI").with("X-TITLE", "\"Marunouchi 2-4-1\""));
        });
    }

    fn answers(&mut self) {
        self.put("Offsite", "", |desk, part| {
            part.lines.extend([desk.at(10, 13, 0).line("DTSTART"), desk.at(10, 17, 0).line("DTEND")]);
            part.lines.push(Line::new("STATUS", "CANCELLED"));
        });
        self.put("Maybe: guest lecture", "", |desk, part| {
            part.lines.extend([desk.at(11, 17, 15).line("DTSTART"), desk.at(11, 18, 15).line("DTEND")]);
            part.lines.push(Line::new("STATUS", "TENTATIVE"));
        });
        self.put("Optional: office tour", "", |desk, part| {
            part.lines.extend([desk.at(9, 10, 0).line("DTSTART"), desk.at(9, 11, 0).line("DTEND")]);
            part.lines.push(Line::new("ORGANIZER", "mailto:host@partner.example").with("CN", "\"Partner host\""));
            let own = Line::new("ATTENDEE", format!("MAILTO:{}", desk.person.email)).with("PARTSTAT", "DECLINED");
            part.lines.push(own);
            let other = Line::new("ATTENDEE", "mailto:host@partner.example").with("PARTSTAT", "ACCEPTED");
            part.lines.push(other);
        });
    }

    fn task(&mut self, title: &str, day: u64) {
        self.put_with(title, "", None, |desk, calendar| {
            let mut part = desk.part("VTODO", title);
            part.lines.extend([desk.day(day).line("DUE"), Line::new("STATUS", "NEEDS-ACTION")]);
            calendar.parts.push(part);
        });
    }
}
