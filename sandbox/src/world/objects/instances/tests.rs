use super::*;

fn at(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").expect("an instant").and_utc()
}

/// The starts within a window, in UTC, of an object with these lines in its VEVENTs.
fn starts_of(events: &[&str], from: &str, until: &str, zone: Tz) -> Vec<String> {
    let events: String = events.iter().map(|lines| format!("BEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT\n")).collect();
    let calendar = Component::parse(&format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n")).expect("a calendar");
    let found = instances(&calendar, at(from), at(until), zone).expect("understood");
    found.iter().map(|instance| instance.interval(zone).0.format("%m-%dT%H:%M").to_string()).collect()
}

#[test]
fn a_series_keeps_its_hour_over_a_change_of_the_clocks() {
    let weekly =
        "DTSTART;TZID=Europe/Berlin:20261019T090000\nDTEND;TZID=Europe/Berlin:20261019T100000\nRRULE:FREQ=WEEKLY";
    let found = starts_of(&[weekly], "2026-10-18T00:00", "2026-11-03T00:00", Tz::UTC);
    assert_eq!(found, ["10-19T07:00", "10-26T08:00", "11-02T08:00"]);
}

#[test]
fn an_old_endless_series_is_found_today() {
    let daily = "DTSTART:20150101T090000Z\nDTEND:20150101T091500Z\nRRULE:FREQ=DAILY";
    assert_eq!(starts_of(&[daily], "2026-11-20T00:00", "2026-11-22T00:00", Tz::UTC), ["11-20T09:00", "11-21T09:00"]);
}

#[test]
fn exceptions_and_overrides_take_the_place_of_what_was_planned() {
    let master = "DTSTART;TZID=Europe/Berlin:20261102T090000\nDTEND;TZID=Europe/Berlin:20261102T100000\n\
                  RRULE:FREQ=DAILY;COUNT=5\nEXDATE:20261104T080000Z\nEXDATE;VALUE=DATE:20261106";
    let moved = "RECURRENCE-ID;TZID=Europe/Berlin:20261105T090000\nDTSTART:20261109T130000Z\nDTEND:20261109T140000Z";
    let found = starts_of(&[master, moved], "2026-11-01T00:00", "2026-11-30T00:00", Tz::UTC);
    assert_eq!(found, ["11-02T08:00", "11-03T08:00", "11-09T13:00"]);
    let week = starts_of(&[master, moved], "2026-11-05T00:00", "2026-11-07T00:00", Tz::UTC);
    assert!(week.is_empty(), "the moved one is not where it was: {week:?}");
}

#[test]
fn until_is_understood_in_every_form() {
    let cases = [
        ("DTSTART;TZID=Asia/Tokyo:20261102T090000", "UNTIL=20261104T000000Z", 3),
        ("DTSTART;TZID=Asia/Tokyo:20261102T090000", "UNTIL=20261103T235959Z", 2),
        ("DTSTART:20261102T090000Z", "UNTIL=20261104", 3),
        ("DTSTART;VALUE=DATE:20261102", "UNTIL=20261104", 3),
        ("DTSTART;VALUE=DATE:20261102", "UNTIL=20261104T000000Z", 3),
        ("DTSTART:20261102T090000", "UNTIL=20261104T090000", 3),
    ];
    for (start, until, count) in cases {
        let event = format!("{start}\nDURATION:PT30M\nRRULE:FREQ=DAILY;{until}");
        let found = starts_of(&[&event], "2026-10-20T00:00", "2026-11-20T00:00", Tz::UTC);
        assert_eq!(found.len(), count, "{start} {until}: {found:?}");
    }
}

#[test]
fn whole_days_and_floating_times_are_those_of_the_calendar() {
    let day = "DTSTART;VALUE=DATE:20261110\nDTEND;VALUE=DATE:20261111";
    assert_eq!(starts_of(&[day], "2026-11-09T15:00", "2026-11-09T16:00", Tz::Asia__Tokyo), ["11-09T15:00"]);
    assert!(starts_of(&[day], "2026-11-10T15:00", "2026-11-10T16:00", Tz::Asia__Tokyo).is_empty());
    let floating = "DTSTART:20261110T080000\nDTEND:20261110T090000";
    assert_eq!(starts_of(&[floating], "2026-11-09T00:00", "2026-11-11T00:00", Tz::Asia__Tokyo), ["11-09T23:00"]);
}

#[test]
fn a_window_is_half_open() {
    let event = "DTSTART:20261110T080000Z\nDURATION:PT1H";
    assert_eq!(starts_of(&[event], "2026-11-10T08:59", "2026-11-10T12:00", Tz::UTC).len(), 1);
    assert!(starts_of(&[event], "2026-11-10T09:00", "2026-11-10T12:00", Tz::UTC).is_empty());
    assert!(starts_of(&[event], "2026-11-10T06:00", "2026-11-10T08:00", Tz::UTC).is_empty());
    let moment = "DTSTART:20261110T080000Z";
    assert_eq!(starts_of(&[moment], "2026-11-10T08:00", "2026-11-10T09:00", Tz::UTC).len(), 1);
}

#[test]
fn additional_dates_count_once() {
    let event = "DTSTART:20261110T080000Z\nDURATION:PT1H\nRDATE:20261112T080000Z,20261110T080000Z";
    assert_eq!(starts_of(&[event], "2026-11-01T00:00", "2026-11-30T00:00", Tz::UTC), ["11-10T08:00", "11-12T08:00"]);
}

#[test]
fn what_cannot_be_understood_is_an_error() {
    let parse = |lines: &str| {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        let calendar = Component::parse(&text).expect("a calendar");
        instances(&calendar, at("2026-01-01T00:00"), at("2027-01-01T00:00"), Tz::UTC).map(|found| found.len())
    };
    assert!(matches!(parse("DTSTART;TZID=Moon/Tycho:20261110T080000"), Err(IcalError::Zone(_))));
    assert!(matches!(parse("DTSTART:tomorrow"), Err(IcalError::Time(_))));
    assert!(matches!(parse("SUMMARY:x"), Err(IcalError::Missing("DTSTART"))));
    assert!(matches!(parse("DTSTART:20261110T080000Z\nRRULE:FREQ=SOMETIMES"), Err(IcalError::Rule(_))));
    assert!(matches!(parse("DTSTART:20261110T080000Z\nDURATION:1H"), Err(IcalError::Time(_))));
}

#[test]
fn leaving_out_old_turns_changes_nothing() {
    let rules =
        ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=5;WKST=SU;BYDAY=SU,MO"];
    for rule in rules {
        // Counted rules are followed from their start, and this count is never reached.
        let [from_the_start, shortened] = [format!("{rule};COUNT=5000"), rule.to_owned()].map(|rule| {
            let event = format!("DTSTART:20240104T090000Z\nDURATION:PT1H\nRRULE:{rule}");
            starts_of(&[&event], "2026-10-01T00:00", "2026-12-31T00:00", Tz::UTC)
        });
        assert_eq!(from_the_start, shortened, "{rule}");
        assert!(shortened.len() > 4, "{rule}: {shortened:?}");
    }
}
