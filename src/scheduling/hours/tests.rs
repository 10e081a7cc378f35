//! Hand-worked days: what the clocks do to a window of hours.

use super::*;
use chrono::Utc;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("the tables hold instants")
}

fn window(text: &str) -> DayWindow {
    let (start, end) = text.split_once('-').expect("start-end");
    DayWindow::new(start.parse().expect("a time"), end.parse().expect("a time")).expect("a real window")
}

/// The hours of one overridden date, as `day hour:minute` spans in UTC.
fn worked(zone: Tz, date: &str, windows: &[&str]) -> Vec<String> {
    let date: NaiveDate = date.parse().expect("a date");
    let day = DayOverride { date, windows: windows.iter().map(|text| window(text)).collect() };
    let noon = date.and_hms_opt(12, 0, 0).expect("noon").and_utc();
    let within = Interval::new(noon - chrono::TimeDelta::days(4), noon + chrono::TimeDelta::days(4)).expect("a week");
    let show = |span: Interval| format!("{}-{}", span.start().format("%d %H:%M"), span.end().format("%d %H:%M"));
    working_hours(zone, &[], &[day], within).into_iter().map(show).collect()
}

#[test]
fn windows_are_as_long_as_their_instants_say() {
    /// What it shows, zone, date, windows, and what they are in UTC.
    type Case = (&'static str, Tz, &'static str, &'static [&'static str], &'static [&'static str]);
    let cases: [Case; 20] = [
        ("two hours, not three", Tz::America__New_York, "2027-03-14", &["01:00-04:00"], &["14 06:00-14 08:00"]),
        ("four hours, not three", Tz::America__New_York, "2027-11-07", &["00:00-03:00"], &["07 04:00-07 08:00"]),
        (
            "a start in the gap moves later",
            Tz::America__New_York,
            "2027-03-14",
            &["02:30-05:00"],
            &["14 07:30-14 09:00"],
        ),
        (
            "an end in the gap moves later",
            Tz::America__New_York,
            "2027-03-14",
            &["01:00-02:30"],
            &["14 06:00-14 07:30"],
        ),
        (
            "wholly in the gap, wholly later",
            Tz::America__New_York,
            "2027-03-14",
            &["02:10-02:40"],
            &["14 07:10-14 07:40"],
        ),
        ("a gap can turn a window around: it is none", Tz::America__New_York, "2027-03-14", &["02:30-03:00"], &[]),
        (
            "an end in the fold is the first",
            Tz::America__New_York,
            "2027-11-07",
            &["00:00-01:30"],
            &["07 04:00-07 05:30"],
        ),
        (
            "a start in the fold is the first",
            Tz::America__New_York,
            "2027-11-07",
            &["01:30-02:30"],
            &["07 05:30-07 07:30"],
        ),
        ("offices open on the new time", Tz::Europe__Berlin, "2027-03-28", &["09:00-17:00"], &["28 07:00-28 15:00"]),
        ("a fold of half an hour", Tz::Australia__Lord_Howe, "2027-04-04", &["01:00-03:00"], &["03 14:00-03 16:30"]),
        ("a gap of half an hour", Tz::Australia__Lord_Howe, "2027-10-03", &["01:00-03:00"], &["02 14:30-02 16:00"]),
        ("in Lord Howe's gap", Tz::Australia__Lord_Howe, "2027-10-03", &["02:15-03:00"], &["02 15:45-02 16:00"]),
        ("no midnight that night", Tz::America__Santiago, "2027-09-05", &["00:00-02:00"], &["05 04:00-05 05:00"]),
        (
            "24:00 is the real next midnight",
            Tz::America__Santiago,
            "2027-04-03",
            &["23:00-24:00"],
            &["04 02:00-04 04:00"],
        ),
        ("a whole day of 23 hours", Tz::Europe__Berlin, "2027-03-28", &["00:00-24:00"], &["27 23:00-28 22:00"]),
        ("a whole day of 25 hours", Tz::Europe__Berlin, "2027-10-31", &["00:00-24:00"], &["30 22:00-31 23:00"]),
        ("east of the date line", Tz::Pacific__Kiritimati, "2027-03-15", &["09:00-17:00"], &["14 19:00-15 03:00"]),
        ("thirteen hours ahead", Tz::Pacific__Apia, "2027-03-15", &["09:00-10:00"], &["14 20:00-14 21:00"]),
        ("a quarter of an hour", Tz::Asia__Kathmandu, "2027-03-15", &["09:00-10:00"], &["15 03:15-15 04:15"]),
        (
            "touching, nested, unsorted",
            Tz::UTC,
            "2027-03-15",
            &["10:00-11:00", "09:00-10:00", "09:10-09:20"],
            &["15 09:00-15 11:00"],
        ),
    ];
    for (name, zone, date, windows, want) in cases {
        assert_eq!(worked(zone, date, windows), want, "{name}: {zone} {date} {windows:?}");
    }
}

/// Samoa had no 30 December 2011. Its wall times are one long gap, so the rule moves them later by the whole day, onto
/// the 31st; what was to be touching stays touching.
#[test]
fn a_skipped_date_moves_a_day_later() {
    assert_eq!(worked(Tz::Pacific__Apia, "2011-12-30", &["09:00-17:00"]), ["30 19:00-31 03:00"]);
    assert_eq!(worked(Tz::Pacific__Apia, "2011-12-31", &["09:00-17:00"]), ["30 19:00-31 03:00"]);
    assert_eq!(worked(Tz::Pacific__Apia, "2011-12-29", &["20:00-24:00"]), ["30 06:00-30 10:00"]);
}

#[test]
fn an_override_replaces_the_weekly_hours_of_its_date_only() {
    let weekly = WeeklyWindow::office_week(window("09:00-17:00"));
    let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let overrides = [
        DayOverride { date: date("2027-03-10"), windows: vec![window("10:00-11:00")] },
        DayOverride { date: date("2027-03-09"), windows: Vec::new() },
        DayOverride { date: date("2027-03-13"), windows: vec![window("12:00-13:00")] },
    ];
    let within = Interval::new(instant("2027-03-08T12:00:00Z"), instant("2027-03-14T00:00:00Z")).expect("a week");
    let got: Vec<String> = working_hours(Tz::UTC, &weekly, &overrides, within)
        .iter()
        .map(|span| format!("{}-{}", span.start().format("%d %H"), span.end().format("%H")))
        .collect();
    assert_eq!(
        got,
        ["08 12-17", "10 10-11", "11 09-17", "12 09-17", "13 12-13"],
        "cut at noon, Tuesday off, Saturday on"
    );
}

#[test]
fn a_night_is_two_windows_that_act_as_one() {
    let weekly = [
        WeeklyWindow::new(Weekday::Mon, window("22:00-24:00")),
        WeeklyWindow::new(Weekday::Tue, window("00:00-06:00")),
    ];
    let within = Interval::new(instant("2027-03-08T00:00:00Z"), instant("2027-03-15T00:00:00Z")).expect("a week");
    let got = working_hours(Tz::Europe__Berlin, &weekly, &[], within);
    assert_eq!(
        got,
        [Interval::new(instant("2027-03-08T21:00:00Z"), instant("2027-03-09T05:00:00Z")).expect("a night")]
    );
}

#[test]
fn times_of_day_are_read_strictly() {
    for (text, minutes) in [("00:00", 0), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)] {
        let time: TimeOfDay = text.parse().expect(text);
        assert_eq!((time.minutes(), time.to_string()), (minutes, text.to_owned()));
    }
    for text in ["", "9:00", "09:60", "24:01", "25:00", "09:00:00", "0900", "-1:00", "+9:00", " 9:00", "١٢:٣٠", "09:0a"]
    {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
    }
    assert_eq!(DayWindow::new(TimeOfDay::MIDNIGHT, TimeOfDay::MIDNIGHT), None);
    assert!(DayWindow::new(TimeOfDay::MIDNIGHT, TimeOfDay::END_OF_DAY).is_some());
}

#[test]
fn weekly_hours_and_overrides_survive_json() {
    let weekly = WeeklyWindow::new(Weekday::Wed, window("09:00-24:00"));
    let text = serde_json::to_string(&weekly).expect("plain data");
    assert_eq!(text, r#"{"weekday":"wed","start":"09:00","end":"24:00"}"#);
    assert_eq!(serde_json::from_str::<WeeklyWindow>(&text).expect("what was written"), weekly);
    let day = r#"{"date":"2027-03-14","windows":[{"start":"10:00","end":"13:00"}]}"#;
    let read: DayOverride = serde_json::from_str(day).expect("an override");
    assert_eq!(serde_json::to_string(&read).expect("plain data"), day);
}
