//! The public JSON, refused and accepted.

use super::*;
use serde_json::{Value, json};

fn base() -> Value {
    json!({
        "window": {"start": "2027-03-08T00:00:00Z", "end": "2027-03-09T00:00:00Z"},
        "now": "2027-03-06T23:00:00Z", "min_notice_minutes": 240,
        "duration_minutes": 30, "step_minutes": 30, "align_zone": "UTC",
        "buffer_before_minutes": 0, "buffer_after_minutes": 0,
        "people": [
            {"id": "ana", "zone": "America/New_York",
             "weekly": [{"weekday": "mon", "start": "09:00", "end": "11:00"}],
             "overrides": [{"date": "2027-03-14", "windows": [{"start": "10:00", "end": "13:00"}]}],
             "manual": [], "busy": [{"start": "2027-03-08T14:30:00Z", "end": "2027-03-08T15:00:00Z"}],
             "buffer_before_minutes": 0, "buffer_after_minutes": 0,
             "max_per_day": 3, "max_per_week": 8, "load": ["2027-03-08T14:00:00Z"]},
            {"id": "ben", "zone": "Europe/Berlin", "busy": "unknown"}
        ],
        "seats": [{"all": ["ana"]}, {"any": 1, "of": ["ben"]}],
        "optional": [],
        "fallback": [{"start": "2027-03-08T10:00:00-04:00", "end": "2027-03-08T16:00:00+01:00"},
                     {"start": "2027-03-08T15:00:00Z", "end": "2027-03-08T15:30:00Z"}],
        "list_available": true, "explain": false, "limit": null
    })
}

/// The base document with one value put at a JSON pointer; `Null` at a missing place takes it away.
fn with(pointer: &str, value: Value) -> String {
    let mut document = base();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let place = document.pointer_mut(parent).expect("the parent exists");
    match place {
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value);
        }
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        _ => panic!("{parent} holds nothing"),
    }
    document.to_string()
}

fn without(pointer: &str) -> String {
    let mut document = base();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let fields = document.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    fields.remove(key).expect("the field was there");
    document.to_string()
}

fn refusal(text: &str) -> String {
    answer_json(text).expect_err(text).to_string()
}

#[test]
fn the_answer_is_the_documented_one() {
    let answer: Value = serde_json::from_str(&answer_json(&base().to_string()).expect("a good query")).expect("JSON");
    let slot = json!({"start": "2027-03-08T14:00:00Z", "end": "2027-03-08T14:30:00Z",
                      "people": ["ana", "ben"], "available": ["ana", "ben"]});
    let last = json!({"start": "2027-03-08T15:00:00Z", "end": "2027-03-08T15:30:00Z",
                      "people": ["ana", "ben"], "available": ["ana", "ben"]});
    assert_eq!(answer, json!({"slots": [slot, last], "total": 2}));
}

#[test]
fn refused_starts_are_listed_when_asked_for() {
    let mut query = base();
    query["explain"] = json!(true);
    query["list_available"] = json!(false);
    query["window"] = json!({"start": "2027-03-08T14:30:00Z", "end": "2027-03-08T16:00:00Z"});
    let answer: Value = serde_json::from_str(&answer_json(&query.to_string()).expect("a good query")).expect("JSON");
    let open = json!({"start": "2027-03-08T15:00:00Z", "end": "2027-03-08T15:30:00Z", "people": ["ana", "ben"]});
    let busy = json!({"start": "2027-03-08T14:30:00Z", "reasons": [{"person": "ana", "rule": "busy"}]});
    let unknown = json!({"start": "2027-03-08T15:30:00Z", "reasons": [{"person": "ben", "rule": "unknown"}]});
    assert_eq!(answer, json!({"slots": [open], "total": 1, "refused": [busy, unknown]}));
}

#[test]
fn malformed_values_are_refused_with_path_and_reason() {
    let cases = [
        ("/people/0/weekly/0/start", json!("25:00"), "people[0].weekly[0].start: \"25:00\" is not a time of day"),
        ("/people/0/weekly/0/start", json!("9:00"), "people[0].weekly[0].start: \"9:00\" is not a time of day"),
        ("/people/0/weekly/0/start", json!("١٢:٣٠"), "people[0].weekly[0].start: \"١٢:٣٠\" is not a time of day"),
        ("/people/0/weekly/0/end", json!("09:00"), "people[0].weekly[0]: the end must be after the start"),
        ("/people/0/weekly/0/weekday", json!("Monday"), "people[0].weekly[0].weekday: \"Monday\" is not a weekday"),
        (
            "/people/0/overrides/0/date",
            json!("2026-02-30"),
            "people[0].overrides[0].date: \"2026-02-30\" is not a date",
        ),
        (
            "/people/0/overrides/0/date",
            json!("2026-13-01"),
            "people[0].overrides[0].date: \"2026-13-01\" is not a date",
        ),
        (
            "/people/0/overrides/0/date",
            json!("2026-W01-1"),
            "people[0].overrides[0].date: \"2026-W01-1\" is not a date",
        ),
        ("/people/0/overrides/0/date", json!("2026-1-1"), "people[0].overrides[0].date: \"2026-1-1\" is not a date"),
        ("/people/0/zone", json!("Mars/Phobos"), "people[0].zone: \"Mars/Phobos\" is not a time zone"),
        ("/people/0/zone", json!("EST"), "people[0].zone: \"EST\" is an abbreviation"),
        ("/people/0/zone", json!("GMT+25"), "people[0].zone: \"GMT+25\" is not a time zone"),
        ("/people/0/zone", json!("../../etc/passwd"), "people[0].zone: \"../../etc/passwd\" is not a time zone"),
        ("/people/0/zone", json!(""), "people[0].zone: \"\" is not a time zone"),
        ("/align_zone", json!("PST"), "align_zone: \"PST\" is not a time zone"),
        ("/people/0/busy", json!("free"), "people[0].busy: \"free\" is neither a list of spans nor \"unknown\""),
        ("/people/0/busy", json!(null), "people[0].busy: invalid type: null, expected a list of spans or \"unknown\""),
        (
            "/people/0/busy/0/start",
            json!("2027-03-08T14:30:00"),
            "people[0].busy[0].start: \"2027-03-08T14:30:00\" is not an instant",
        ),
        (
            "/people/0/busy/0/start",
            json!("2027-03-08 14:30:00Z"),
            "people[0].busy[0].start: \"2027-03-08 14:30:00Z\" is not an instant",
        ),
        (
            "/people/0/busy/0/start",
            json!("2027-02-29T14:30:00Z"),
            "people[0].busy[0].start: \"2027-02-29T14:30:00Z\" is not an instant",
        ),
        ("/people/0/busy/0/start", json!("2027-03-08T16:30:00Z"), "people[0].busy[0]: the end is before the start"),
        (
            "/people/0/busy/0",
            json!(["2027-03-08T14:30:00Z", "2027-03-08T15:00:00Z"]),
            "people[0].busy[0]: invalid type: sequence, expected an object",
        ),
        (
            "/people/0/weekly/0",
            json!(["mon", "09:00", "10:00"]),
            "people[0].weekly[0]: invalid type: sequence, expected an object",
        ),
        ("/people/0/load/0", json!(7), "people[0].load[0]: invalid type: integer `7`"),
        ("/people/0/max_per_day", json!(-1), "people[0].max_per_day: invalid value: integer `-1`"),
        (
            "/people/0/buffer_after_minutes",
            json!(2000),
            "people[0].buffer_after_minutes: 2000 is not a whole number of minutes from 0 to 1440",
        ),
        ("/people/0/calendar", json!([]), "people[0].calendar: unknown field `calendar`"),
        ("/people/1/id", json!("ana"), "people[1].id: \"ana\" is the id of an earlier person"),
        ("/people/1/id", json!(""), "people[1].id: is empty"),
        ("/window/end", json!("2027-03-08T00:00:00Z"), "window: the end must be after the start"),
        ("/window/end", json!("2027-03-07T00:00:00Z"), "window: the end is before the start"),
        ("/window/end", json!("2028-06-07T00:00:00Z"), "window: is longer than 400 days"),
        ("/duration_minutes", json!(0), "duration_minutes: 0 is not a whole number of minutes from 1 to 1440"),
        ("/duration_minutes", json!(-30), "duration_minutes: -30 is not a whole number of minutes from 1 to 1440"),
        ("/duration_minutes", json!(30.5), "duration_minutes: 30.5 is not a whole number of minutes from 1 to 1440"),
        ("/duration_minutes", json!(1_000_000_000), "duration_minutes: 1000000000 is not a whole number"),
        ("/duration_minutes", json!("30"), "duration_minutes: invalid type: string \"30\""),
        ("/duration_minutes", json!(null), "duration_minutes: is missing"),
        ("/step_minutes", json!(0), "step_minutes: 0 is not a whole number of minutes from 1 to 1440"),
        ("/seats", json!([]), "seats: at least one seat is needed"),
        ("/seats/0", json!({}), "seats[0]: is neither"),
        ("/seats/0", json!({"all": ["ana"], "any": 1}), "seats[0]: is neither"),
        ("/seats/0", json!({"all": []}), "seats[0].all: names nobody"),
        ("/seats/0", json!({"all": ["ana", "zoe"]}), "seats[0].all[1]: \"zoe\" is not among the people"),
        ("/seats/0", json!({"any": 1, "of": ["ana", "ana"]}), "seats[0].of[1]: \"ana\" is named twice"),
        ("/seats/1", json!({"any": 2, "of": ["ben"]}), "seats[1].any: 2 of 1 people can never be met"),
        ("/seats/1", json!({"any": 0, "of": ["ben"]}), "seats[1].any: at least one person must be needed"),
        ("/optional", json!(["zoe"]), "optional[0]: \"zoe\" is not among the people"),
        ("/fallback/0/end", json!("2027-03-07T00:00:00Z"), "fallback[0]: the end is before the start"),
        ("/limit", json!(-1), "limit: invalid value: integer `-1`"),
        ("/explain", json!("yes"), "explain: invalid type: string \"yes\", expected a boolean"),
        ("/role", json!("admin"), "role: unknown field `role`"),
    ];
    for (pointer, value, want) in cases {
        let got = refusal(&with(pointer, value.clone()));
        assert!(got.starts_with(want), "{pointer} = {value}: {got}");
        assert!(!got.contains(" at line "), "the path says where: {got}");
    }
}

#[test]
fn what_is_needed_is_missed() {
    for pointer in ["/window", "/now", "/duration_minutes", "/step_minutes", "/people", "/seats"] {
        assert_eq!(refusal(&without(pointer)), format!("{}: is missing", &pointer[1..]));
    }
    assert_eq!(refusal(&without("/people/0/busy")), "people[0].busy: is missing", "silence is not a free calendar");
    assert_eq!(refusal(&without("/people/0/zone")), "people[0].zone: is missing");
    assert_eq!(refusal(&without("/window/start")), "window.start: is missing");
    let defaults = ["/min_notice_minutes", "/align_zone", "/optional", "/fallback", "/list_available", "/limit"];
    for pointer in defaults.into_iter().chain(["/people/0/load", "/people/0/overrides", "/people/0/max_per_day"]) {
        assert!(answer_json(&without(pointer)).is_ok(), "{pointer} has a default");
    }
}

#[test]
fn repeated_fields_and_other_texts_are_refused() {
    let twice = base().to_string().replacen(r#""id":"ana""#, r#""id":"ana","id":"eve""#, 1);
    assert_eq!(refusal(&twice), "people[0]: duplicate field `id`");
    let twice = base().to_string().replacen(r#""optional":[]"#, r#""optional":[],"optional":["ana"]"#, 1);
    assert_eq!(refusal(&twice), "duplicate field `optional`");
    for text in ["", "{", "nonsense", "{} {}", &"[".repeat(10_000), r#"{"limit": 1e400}"#, "\u{0}"] {
        assert!(answer_json(text).is_err(), "{text}");
    }
    assert!(refusal("{").starts_with("this is not JSON: EOF"), "{}", refusal("{"));
    assert!(refusal(&format!("{} {{}}", base())).starts_with("this is not JSON: trailing characters"));
    assert_eq!(refusal("[]"), "invalid type: sequence, expected an object");
    let error = answer_json(&with("/people/0/zone", json!("x".repeat(5 * 1024)))).unwrap_err();
    assert!(error.to_string().len() < 200, "a long value is not repeated at length");
}

#[test]
fn a_loop_is_read_and_refused() {
    let stages = json!([{"name": "Coding", "duration_minutes": 60, "seats": [{"all": ["ana"]}]},
                        {"name": "Break", "duration_minutes": 15}]);
    let shape = json!({"order": "fixed", "gap_minutes": [0, 60], "distinct_people": true,
                       "same_day_in": "Europe/Berlin", "stages": stages});
    let mut query = base();
    query["loop"] = shape.clone();
    for field in ["duration_minutes", "seats"] {
        query.as_object_mut().expect("an object").remove(field);
    }
    assert_eq!(refusal(&query.to_string()), "loop: loops are not supported by this version");
    query["loop"]["order"] = json!("random");
    assert!(refusal(&query.to_string()).starts_with("loop.order: unknown variant `random`"));
    query["loop"] = json!({"order": "any"});
    assert_eq!(refusal(&query.to_string()), "loop.gap_minutes: is missing");
    assert!(answer_json(&with("/loop", json!(null))).is_ok(), "no loop is no loop");
}

#[test]
fn instants_are_read_with_any_offset() {
    let same =
        ["2027-03-08T14:30:00Z", "2027-03-08t14:30:00z", "2027-03-08T09:30:00-05:00", "2027-03-08T20:00:00.000+05:30"];
    let want = answer_json(&base().to_string()).expect("a good query");
    for text in same {
        assert_eq!(answer_json(&with("/people/0/busy/0/start", json!(text))).expect(text), want, "{text}");
    }
    // A meeting of no length blocks nothing; a leap second is the second after.
    let empty = answer_json(&with("/people/0/busy/0/end", json!("2027-03-08T14:30:00Z"))).expect("an empty meeting");
    assert!(empty.contains(r#""total":3"#), "{empty}");
    let leap = answer_json(&with("/people/0/busy/0/start", json!("2027-03-08T14:29:60Z"))).expect("a leap second");
    assert_eq!(leap, want);
}

#[test]
fn a_zone_is_known_by_alias_and_in_any_case() {
    let want = answer_json(&base().to_string()).expect("a good query");
    for zone in ["US/Eastern", "america/new_york"] {
        assert_eq!(answer_json(&with("/people/0/zone", json!(zone))).expect(zone), want);
    }
}

#[test]
fn too_large_a_question_is_refused() {
    let mut query = base();
    query["window"]["end"] = json!("2028-03-08T00:00:00Z");
    query["step_minutes"] = json!(1);
    let nobody = |at: usize| json!({"id": format!("p{at}"), "zone": "UTC", "busy": []});
    query["people"].as_array_mut().expect("a list").extend((0..20).map(nobody));
    assert!(refusal(&query.to_string()).starts_with("window: 527011 starts for 22 people are too many"));
    query["people"].as_array_mut().expect("a list").extend((20..2000).map(nobody));
    assert_eq!(refusal(&query.to_string()), "people: 2002 people are too many (at most 2000)");
}
