use super::*;
use crate::scheduling::interval::normalise;

fn instant(text: &str) -> DateTime<Utc> {
    recurrence::wall(text).expect(text).and_utc()
}

fn span(from: &str, to: &str) -> Interval {
    Interval::new(instant(from), instant(to)).expect("a span")
}

/// Two weeks in which Europe sets its clocks, on the 28th.
fn window() -> Interval {
    span("20270320T000000", "20270403T000000")
}

fn taken_in(window: Interval, zone: Option<chrono_tz::Tz>, inside: &str) -> Vec<Interval> {
    let addresses = ["ana@example.com".to_owned()];
    let asked = Asked { addresses: &addresses, floating: Clock::of(zone), window };
    normalise(asked.taken(&format!("BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n"), &mut Budget::new()))
}

fn events(events: &[&str]) -> String {
    events.iter().map(|lines| format!("BEGIN:VEVENT\nUID:1\n{}\nEND:VEVENT\n", lines.replace(" | ", "\n"))).collect()
}

fn taken(all: &[&str]) -> Vec<Interval> {
    taken_in(window(), Some(chrono_tz::Europe::Berlin), &events(all))
}

#[test]
fn single_events_take_their_time() {
    let noon = [span("20270322T120000", "20270322T130000")];
    for lines in [
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z",
        "DTSTART:20270322T120000Z | DURATION:PT1H",
        "DTSTART;TZID=Europe/Berlin:20270322T130000 | DTEND;TZID=Europe/Berlin:20270322T140000",
        "DTSTART;TZID=\"W. Europe Standard Time\":20270322T130000 | DTEND:20270322T130000Z",
        "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20270322T130000 | DURATION:PT60M",
        "DTSTART:20270322T130000 | DTEND:20270322T140000",
        "DTSTART;TZID=America/New_York:20270322T080000 | DTEND;TZID=Europe/Berlin:20270322T140000",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | STATUS:TENTATIVE",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | TRANSP:OPAQUE | STATUS:CONFIRMED",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | ATTENDEE;PARTSTAT=DECLINED:mailto:ben@example.com",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | ATTENDEE;PARTSTAT=TENTATIVE:mailto:ana@example.com",
        "DTSTART:20270322T120000Z | DTEND:20270322T125960Z | DTEND:20270322T130000Z | DURATION:PT5H",
    ] {
        let expected =
            if lines.contains("125960") { vec![span("20270322T120000", "20270322T125959")] } else { noon.to_vec() };
        assert_eq!(taken(&[lines]), expected, "{lines}");
    }
}

#[test]
fn what_takes_no_time_is_left_out() {
    for lines in [
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | TRANSP:TRANSPARENT",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | STATUS:CANCELLED",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | ATTENDEE;PARTSTAT=DECLINED:mailto:Ana@Example.com",
        "DTSTART:20270322T120000Z | DTEND:20270322T130000Z | ATTENDEE;CN=\"A: B\";PARTSTAT=declined:ana@example.com",
        "DTSTART:20270322T120000Z",
        "DTSTART:20270322T120000Z | DTEND:20270322T120000Z",
        "DTSTART:20270322T120000Z | DTEND:20270322T110000Z",
        "DTSTART:20270322T120000Z | DURATION:-PT1H",
        "DTSTART:20260322T120000Z | DTEND:20260322T130000Z",
        "DTSTART:00010101T000000Z | DTEND:00010101T010000Z",
        "DTSTART:99991231T230000Z | DURATION:PT30M",
        "DTSTART:rubbish | TRANSP:TRANSPARENT",
    ] {
        assert_eq!(taken(&[lines]), [], "{lines}");
    }
    assert_eq!(
        taken_in(window(), None, "BEGIN:VTODO\nUID:1\nDTSTART:20270322T120000Z\nDURATION:PT1H\nEND:VTODO\n"),
        []
    );
}

#[test]
fn what_cannot_be_understood_takes_all() {
    for lines in [
        "SUMMARY:no time at all",
        "DTSTART:rubbish | DTEND:20270322T130000Z",
        "DTSTART:20270322T120000Z | DTEND:rubbish",
        "DTSTART:20270322T120000Z | DURATION:rubbish",
        "DTSTART:20270322T120000Z | DURATION:PT1H | RRULE:FREQ=SECONDLY",
        "DTSTART:20270322T120000Z | DURATION:PT1H | RRULE:FREQ=MINUTELY",
        "DTSTART:20270322T120000Z | DURATION:PT1H | RRULE:FREQ=DAILY;BYMOON=1",
        "DTSTART:20270322T120000Z | DURATION:PT1H | RDATE:rubbish",
        "DTSTART:19700101T120000Z | DURATION:PT1H | RRULE:FREQ=HOURLY",
        "DTSTART:20270322T120000Z | DURATION:PT1H | RECURRENCE-ID:rubbish",
    ] {
        assert_eq!(taken(&[lines]), [window()], "{lines}");
    }
    let addresses = [];
    let asked = Asked { addresses: &addresses, floating: Clock::UTC, window: window() };
    assert_eq!(asked.taken("<html>", &mut Budget::new()), [window()]);
    assert_eq!(asked.taken("BEGIN:VCALENDAR\nEND:VCALENDAR\n", &mut Budget::new()), []);
}

/// K04: one event that cannot be read says nothing about the others; one that takes no time stays one.
#[test]
fn odd_writing_takes_nothing_away() {
    let noon = span("20270322T120000", "20270322T130000");
    let good = "BEGIN:VEVENT\nUID:1\nDTSTART:20270322T120000Z\nDURATION:PT1H\nEND:VEVENT\n";
    let long = format!("SUMMARY:{}", "x;\\,\"".repeat(2_000_000));
    for (what, inside, expected) in [
        ("no end", good.replace("END:VEVENT\n", ""), vec![noon]),
        ("no line breaks but LF", good.to_owned(), vec![noon]),
        ("CRLF", good.replace('\n', "\r\n"), vec![noon]),
        ("tabs as folds", good.replace("DTSTART", "DTST\n\tART"), vec![noon]),
        ("folds within folds", good.replace("20270322T120000Z", "2027\n 03\n 22T12\n 0000Z"), vec![noon]),
        ("NULs in a text", good.replace("UID:1", "UID:1\nSUMMARY:\0\0"), vec![noon]),
        ("a line of 10 MB", good.replace("UID:1", &format!("UID:1\n{long}")), vec![noon]),
        ("a quote that is never closed", good.replace("UID:1", "UID:1\nX-A;B=\"C:D"), vec![noon]),
        ("a rubbish line", good.replace("UID:1", "UID:1\nrubbish"), vec![noon]),
        (
            "another that takes no time",
            format!("{good}BEGIN:VEVENT\nUID:2\nDTSTART:rubbish\nTRANSP:TRANSPARENT\nEND:VEVENT\n"),
            vec![noon],
        ),
        ("another that cannot be read", format!("{good}BEGIN:VEVENT\nUID:2\nEND:VEVENT\n"), vec![window()]),
        ("nested too deep", "BEGIN:VEVENT\n".repeat(1_000), vec![window()]),
        ("NULs in a name", good.replace("DTSTART", "DT\0START"), vec![window()]),
    ] {
        assert_eq!(taken_in(window(), None, &inside), expected, "{what}");
    }
    let asked = Asked { addresses: &[], floating: Clock::UTC, window: window() };
    let utf_16: String = format!("BEGIN:VCALENDAR\n{good}END:VCALENDAR\n").chars().flat_map(|c| [c, '\0']).collect();
    assert_eq!(asked.taken(&utf_16, &mut Budget::new()), [window()]);
}

#[test]
fn absurd_lengths_are_cut_to_the_window() {
    let rest = [span("20270322T120000", "20270403T000000")];
    assert_eq!(taken(&["DTSTART:20270322T120000Z | DURATION:P99999999D"]), rest);
    assert_eq!(taken(&["DTSTART:20270322T120000Z | DTEND:99991231T235959Z"]), rest);
    assert_eq!(taken(&["DTSTART:20260322T120000Z | DTEND:20280322T120000Z"]), [window()], "around all of it");
}

#[test]
fn whole_days_go_by_their_owners_clock() {
    let day = "DTSTART;VALUE=DATE:20270328 | DTEND;VALUE=DATE:20270329";
    // The day on which the clocks are set has 23 hours.
    assert_eq!(taken(&[day]), [span("20270327T230000", "20270328T220000")]);
    assert_eq!(taken(&["DTSTART;VALUE=DATE:20270328"]), [span("20270327T230000", "20270328T220000")]);
    assert_eq!(taken(&["DTSTART;VALUE=DATE:20270327 | DURATION:P2D"]), [span("20270326T230000", "20270328T220000")]);
    let anywhere = [span("20270327T100000", "20270329T120000")];
    assert_eq!(taken_in(window(), None, &events(&[day])), anywhere);
    let floating = "DTSTART:20270328T120000 | DURATION:PT1H";
    assert_eq!(taken_in(window(), None, &events(&[floating])), [span("20270327T220000", "20270329T010000")]);
    let nowhere = "DTSTART;TZID=Mars/Olympus:20270328T120000 | DURATION:PT1H";
    assert_eq!(taken(&[nowhere]), [span("20270327T220000", "20270329T010000")], "never UTC, nor the owner's");
}

#[test]
fn a_definition_that_nobody_knows_by_name_bounds_its_times() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
                TZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
    let event = events(&["DTSTART;TZID=Mine:20270322T120000 | DTEND;TZID=Mine:20270322T130000"]);
    let all = taken_in(window(), None, &format!("{zone}{event}"));
    assert_eq!(all, [span("20270322T100000", "20270322T120000")]);
}

#[test]
fn series_keep_the_clock_of_their_zone() {
    let daily = "DTSTART;TZID=Europe/Berlin:20200101T090000 | DTEND;TZID=Europe/Berlin:20200101T100000 | RRULE:FREQ=WEEKLY;BYDAY=SA,SU";
    assert_eq!(
        taken(&[daily]),
        [
            span("20270320T080000", "20270320T090000"),
            span("20270321T080000", "20270321T090000"),
            span("20270327T080000", "20270327T090000"),
            span("20270328T070000", "20270328T080000"),
        ]
    );
    // 02:30 does not exist on the 28th, and moves later.
    let night = "DTSTART;TZID=Europe/Berlin:20270327T023000 | DURATION:PT30M | RRULE:FREQ=DAILY;COUNT=3";
    assert_eq!(
        taken(&[night]),
        [
            span("20270327T013000", "20270327T020000"),
            span("20270328T013000", "20270328T020000"),
            span("20270329T003000", "20270329T010000"),
        ]
    );
    // A night's work that began before the window and lasts into it.
    let before = "DTSTART:20270319T200000Z | DURATION:PT8H | RRULE:FREQ=YEARLY";
    assert_eq!(taken(&[before]), [span("20270320T000000", "20270320T040000")]);
    let days = "DTSTART;VALUE=DATE:20200328 | RRULE:FREQ=YEARLY;UNTIL=20270328";
    assert_eq!(taken(&[days]), [span("20270327T230000", "20270328T220000")]);
}

#[test]
fn the_first_time_counts_though_the_rule_misses_it() {
    let odd = "DTSTART:20270322T120000Z | DURATION:PT1H | RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1";
    assert_eq!(taken(&[odd]), [span("20270322T120000", "20270322T130000"), span("20270323T120000", "20270323T130000")]);
}

#[test]
fn exceptions_are_met_whatever_clock_they_are_written_by() {
    let rest = [span("20270322T120000", "20270322T130000"), span("20270325T120000", "20270325T130000")];
    for exceptions in [
        "EXDATE:20270323T120000Z,20270324T120000Z",
        "EXDATE:20270323T120000Z | EXDATE;TZID=Europe/Berlin:20270324T130000",
        "EXDATE;TZID=America/New_York:20270323T080000,20270324T080000",
        "EXDATE:rubbish,20270323T120000Z,,20270324T120000Z,20270401T120000Z",
    ] {
        let series = "DTSTART;TZID=Europe/Berlin:20270322T130000 | DURATION:PT1H | RRULE:FREQ=DAILY;COUNT=4";
        assert_eq!(taken(&[&format!("{series} | {exceptions}")]), rest, "{exceptions}");
    }
    let days = "DTSTART;VALUE=DATE:20270322 | RRULE:FREQ=DAILY;COUNT=2 | EXDATE;VALUE=DATE:20270322";
    assert_eq!(taken(&[days]), [span("20270322T230000", "20270323T230000")]);
}

#[test]
fn added_times_count_once() {
    let series = "DTSTART:20270322T120000Z | DURATION:PT1H | RDATE:20270323T120000Z,20270322T120000Z | \
                  RDATE;VALUE=PERIOD:20270324T120000Z/PT2H,20270325T120000Z/20270325T123000Z | \
                  RDATE;TZID=Europe/Berlin:20270326T130000";
    assert_eq!(
        taken(&[series]),
        [
            span("20270322T120000", "20270322T130000"),
            span("20270323T120000", "20270323T130000"),
            span("20270324T120000", "20270324T140000"),
            span("20270325T120000", "20270325T123000"),
            span("20270326T120000", "20270326T130000"),
        ]
    );
}

const SERIES: &str = "DTSTART;TZID=Europe/Berlin:20270322T130000 | DURATION:PT1H | RRULE:FREQ=DAILY;COUNT=4";

#[test]
fn what_was_said_about_one_time_replaces_it() {
    let kept = [("20270322T120000", "20270322T130000"), ("20270324T120000", "20270324T130000")];
    let last = ("20270325T120000", "20270325T130000");
    let with = |more: &[(&str, &str)]| {
        normalise(kept.iter().chain([&last]).chain(more).map(|(from, to)| span(from, to)).collect())
    };
    for (about, expected) in [
        (
            "RECURRENCE-ID;TZID=Europe/Berlin:20270323T130000 | DTSTART:20270323T150000Z | DURATION:PT30M",
            with(&[("20270323T150000", "20270323T153000")]),
        ),
        (
            "RECURRENCE-ID:20270323T120000Z | DTSTART:20270330T150000Z | DURATION:PT30M",
            with(&[("20270330T150000", "20270330T153000")]),
        ),
        ("RECURRENCE-ID:20270323T120000Z | DTSTART:20270323T120000Z | DURATION:PT1H | STATUS:CANCELLED", with(&[])),
        ("RECURRENCE-ID:20270323T120000Z | DTSTART:20270323T120000Z | DURATION:PT1H | TRANSP:TRANSPARENT", with(&[])),
        (
            "RECURRENCE-ID:20270323T120000Z | DTSTART:20270323T120000Z | DURATION:PT1H | ATTENDEE;PARTSTAT=DECLINED:mailto:ana@example.com",
            with(&[]),
        ),
        // About nothing that comes round: it stands for itself.
        (
            "RECURRENCE-ID:20280323T120000Z | DTSTART:20270329T150000Z | DURATION:PT30M",
            with(&[("20270323T120000", "20270323T130000"), ("20270329T150000", "20270329T153000")]),
        ),
    ] {
        assert_eq!(taken(&[SERIES, about]), expected, "{about}");
        assert_eq!(taken(&[about, SERIES]), expected, "{about}, the other way round");
    }
}

#[test]
fn what_was_said_about_all_later_times_moves_them() {
    let future = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270324T130000 | \
                  DTSTART;TZID=Europe/Berlin:20270324T150000 | DURATION:PT30M";
    assert_eq!(
        taken(&[SERIES, future]),
        [
            span("20270322T120000", "20270322T130000"),
            span("20270323T120000", "20270323T130000"),
            span("20270324T140000", "20270324T143000"),
            span("20270325T140000", "20270325T143000"),
        ]
    );
    let single = "RECURRENCE-ID;TZID=Europe/Berlin:20270325T130000 | DTSTART:20270325T180000Z | DURATION:PT15M";
    assert_eq!(taken(&[SERIES, future, single]).last(), Some(&span("20270325T180000", "20270325T181500")));
    let ended = "RECURRENCE-ID;RANGE=THISANDFUTURE:20270324T120000Z | DTSTART:20270324T120000Z | DURATION:PT1H | STATUS:CANCELLED";
    assert_eq!(taken(&[SERIES, ended]).len(), 2);
    // Moved into the window from before it.
    let early = "DTSTART:20270310T120000Z | DURATION:PT1H | RRULE:FREQ=WEEKLY;COUNT=2";
    let later = "RECURRENCE-ID;RANGE=THISANDFUTURE:20270317T120000Z | DTSTART:20270325T120000Z | DURATION:PT1H";
    assert_eq!(taken(&[early, later]), [span("20270325T120000", "20270325T130000")]);
}

#[test]
fn a_flood_of_dates_is_bounded() {
    let list = |days: usize| {
        let day = |n: usize| {
            (recurrence::wall("20000101T120000").expect("a time") + TimeDelta::days(n as i64))
                .format("%Y%m%dT%H%M%SZ")
                .to_string()
        };
        (0..days).map(day).collect::<Vec<_>>().join(",")
    };
    let series = "DTSTART:20270322T120000Z | DURATION:PT1H | RRULE:FREQ=DAILY;COUNT=2";
    assert_eq!(taken(&[&format!("{series} | EXDATE:{}", list(100_000))]), [], "all of them are excluded");
    let added = taken(&[&format!("DTSTART:20270322T120000Z | DURATION:PT1H | RDATE:{}", list(100_000))]);
    assert_eq!(added.len(), 14, "one for each day of the window");
    let event = |n: usize| format!("BEGIN:VEVENT\nUID:{n}\nDTSTART:20270322T120000Z\nDURATION:PT1H\nEND:VEVENT\n");
    let many = |count: usize| taken_in(window(), None, &(0..count).map(event).collect::<String>());
    assert_eq!(many(500), [span("20270322T120000", "20270322T130000")]);
    assert_eq!(many(5_001), [window()], "more events than an object has");
    let endless = "DTSTART:19700101T120000Z | DURATION:PT1H | RRULE:FREQ=DAILY";
    let (one, mut budget) = (events(&[endless]), Budget::new());
    let asked = Asked { addresses: &[], floating: Clock::UTC, window: window() };
    let text = format!("BEGIN:VCALENDAR\n{one}END:VCALENDAR\n");
    let spans: Vec<usize> = (0..200).map(|_| asked.taken(&text, &mut budget).len()).collect();
    assert_eq!((spans[0], spans[199]), (14, 1), "at first counted, in the end taken whole");
}
