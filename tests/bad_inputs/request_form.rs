//! `/requests/new`: every wrong field is refused by name, where it stands, with everything typed still there.

use chrono::{NaiveDate, TimeDelta};
use convene::ids::Email;

use crate::{
    support::Answer,
    support::front::{BEN, Front, Typed, assert_failure},
    support::html::Page,
};

/// A form that could be sent as it is.
fn form(front: &Front) -> Typed {
    let text = |text: &str| text.to_owned();
    vec![
        ("candidate_name", text("Priya Venkataraman")),
        ("candidate_email", text("priya@example.net")),
        ("interview_type", text("Coding")),
        ("duration", text("45 min")),
        ("from", front.app.monday().to_string()),
        ("to", (front.app.monday() + TimeDelta::days(4)).to_string()),
        ("interviewers[]", text(BEN)),
        ("interviewers", text("")),
        ("any_of", text("")),
        ("windows", text("")),
        ("unknown_start", text("09:00")),
        ("unknown_end", text("17:00")),
        ("zone", text("Europe/Berlin")),
        ("buffer_before", text("10 min")),
        ("buffer_after", text("5 min")),
        ("notice", text("24 h")),
        ("change_notice", text("24 h")),
        ("video", text("true")),
        ("location", text("Room 4")),
        ("notes", text("Bring a laptop.")),
        ("optional", text("")),
        ("week", text("")),
    ]
}

/// The form with some values replaced, or named again where a field may be.
fn typing(front: &Front, changes: &[(&'static str, String)]) -> Typed {
    let mut typed = form(front);
    for (name, _) in changes {
        typed.retain(|(other, _)| other != name);
    }
    typed.extend(changes.iter().cloned());
    typed
}

/// What is typed, the field that is wrong, its code, and its sentence or the part of it that is the same for every row.
struct Row {
    id: &'static str,
    typed: Typed,
    field: &'static str,
    code: &'static str,
    sentence: &'static str,
}

/// A row in which the field that is typed is the one that is wrong.
fn row(
    id: &'static str,
    field: &'static str,
    value: impl Into<String>,
    code: &'static str,
    sentence: &'static str,
) -> Row {
    Row { id, typed: vec![(field, value.into())], field, code, sentence }
}

async fn assert_refused(front: &Front, rows: Vec<Row>) {
    for Row { id, typed, field, code, sentence } in rows {
        let what = format!("{id} {:.60}", format!("{typed:?}"));
        let all = typing(front, &typed);
        let before = front.written().await;
        let answer = front.post("/requests/new", &all).await;
        assert_failure(&what, &answer, 422, code, sentence);
        assert_eq!(front.written().await, before, "{what}: something was written");

        let page = Page(&answer.body);
        let line = page.find("id", &format!("{field}-error")).unwrap_or_else(|| panic!("{what}: no error at {field}"));
        assert_eq!(line.get("data-code"), Some(code), "{what}");
        assert!(line.text().contains(sentence), "{what}: {}", line.text());
        let control = page.control(field).unwrap_or_else(|| panic!("{what}: no control {field}"));
        assert_eq!(control.get("aria-invalid"), Some("true"), "{what}: {field} is not marked");
        let described = control.get("aria-describedby").unwrap_or_default();
        assert!(described.contains(&format!("{field}-error")), "{what}: {field} is described by {described:?}");
        assert_shown_again(&what, &page, &all);
    }
}

fn assert_shown_again(what: &str, page: &Page<'_>, typed: &Typed) {
    for (name, value) in typed {
        match *name {
            // Chips and what could not become one, in any order.
            "interviewers" | "interviewers[]" | "optional" => {
                let field = name.trim_end_matches("[]");
                let shown = [page.values(&format!("{field}[]")), page.values(field)].concat().join(" ");
                for part in value.split([',', ' ']).filter(|part| !part.is_empty()) {
                    // A chip shows the address as it is kept.
                    let kept = part.parse().map_or_else(|_| part.to_owned(), |email: Email| email.to_string());
                    assert!(shown.contains(&kept), "{what}: {kept} is not among {shown}");
                }
            }
            // A list cannot show what is not on it.
            "zone" if convene::scheduling::zones::parse(value).is_err() => {
                assert_eq!(page.values("zone"), [""], "{what}: no zone is chosen");
            }
            name => {
                let shown = page.values(name);
                assert_eq!(shown.first(), Some(value), "{what}: what was typed as {name} is not shown again");
            }
        }
    }
}

/// Sends what has to be accepted, and follows to the request's page.
async fn created(front: &Front, what: &str, changes: &[(&'static str, String)]) -> (String, Answer) {
    let answer = front.post("/requests/new", &typing(front, changes)).await;
    assert_eq!(answer.status.as_u16(), 303, "{what}: {}", Page(&answer.body).text());
    let path = answer.header("location").split('?').next().unwrap_or_default().to_owned();
    let page = front.get(&path).await;
    assert_eq!(page.status.as_u16(), 200, "{what}");
    (path, page)
}

#[tokio::test]
async fn names() {
    let front = Front::open().await;
    let required = |id, name: &str| row(id, "candidate_name", name, "name_required", "Enter a name.");
    let control = |id, name: &str| {
        let sentence = "The name contains characters that cannot be used.";
        row(id, "candidate_name", name, "name_control_chars", sentence)
    };
    let long = |id, name: String| row(id, "candidate_name", name, "name_too_long", "Use at most 80 characters.");
    let rows = vec![
        required("B01", ""),
        required("B01", "     "),
        required("B01", "\u{200B}\u{200D}\u{FEFF}"),
        long("B02", "x".repeat(10_000)),
        long("B02", "x".repeat(81)),
        control("B03", "Ana\r\nBcc: x@example.com"),
        control("B03", "Ana\tÁlvarez\u{7}"),
        control("B04", "Ana\u{202E}gnp.exe"),
        control("B04", "Ana \u{2066}Álvarez"),
        control("B06", &format!("Z{}algo", "\u{0301}".repeat(200))),
        control("B06", &format!("x{}", "\u{0323}".repeat(5))),
        long("Z08", "👩‍👩‍👧‍👦".repeat(81)),
    ];
    assert_refused(&front, rows).await;

    for (id, name) in [
        ("B02", "x".repeat(80)),
        ("B06", format!("x{}", "\u{0323}".repeat(4))),
        ("Z08", "👩‍👩‍👧‍👦".repeat(80)),
        ("Z09", "Ame\u{301}lie".to_owned()),
    ] {
        created(&front, id, &[("candidate_name", name)]).await;
    }
    let (_, page) = created(&front, "Z09", &[("candidate_name", "Ame\u{301}lie".to_owned())]).await;
    assert!(Page(&page.body).text().contains("Am\u{e9}lie"), "names are kept in NFC");
}

#[tokio::test]
async fn addresses() {
    let front = Front::open().await;
    let invalid = |id, email: &str| row(id, "candidate_email", email, "email_invalid", "Check the e-mail address.");
    let long = |id, email: String| {
        row(id, "candidate_email", email, "email_too_long", "Use an address of at most 254 characters.")
    };
    let grows = format!("{}@{}.example", "a".repeat(40), [const { "ü" }; 6].map(|u| u.repeat(30)).join("."));
    let rows = vec![
        invalid("B09", ""),
        invalid("B09", "priya"),
        invalid("B09", "priya@example@example.net"),
        invalid("B09", "priya@example.net."),
        invalid("B09", "\"priya v\"@example.net"),
        invalid("B09", "priya@[192.0.2.7]"),
        invalid("B09", "priya@192.0.2.7"),
        invalid("B09", "priya @example.net"),
        invalid("B09", "priya@example"),
        invalid("B10", "a@example.com, c@example.com"),
        invalid("B10", "a@example.com\nc@example.com"),
        invalid("B10", "a@example.com\r\nBcc: c@example.com"),
        long("B12", format!("{}@example.com", "a".repeat(400))),
        // Short as typed, too long as it would be kept.
        long("B12", grows),
        invalid("Z09", &format!("{}@example.com", "İ".repeat(60))),
        row(
            "Z09",
            "interviewers",
            "jos\u{e9}@example.com, jose\u{301}@example.com",
            "interviewer_twice",
            "is there twice.",
        ),
        row(
            "Z09",
            "interviewers",
            "ana@b\u{fc}cher.example ana@xn--bcher-kva.example",
            "interviewer_twice",
            "is there twice.",
        ),
    ];
    assert_refused(&front, rows).await;

    let (_, page) = created(&front, "B11", &[("candidate_email", "priya@ex\u{430}mple.com".to_owned())]).await;
    let text = Page(&page.body).text();
    assert!(text.contains("priya@xn--exmple-4nf.com"), "punycode is what the coordinator sees: {text}");
    assert!(text.contains("Letters after the @ are not from the Latin alphabet."), "with a hint: {text}");
}

#[tokio::test]
async fn lengths_and_days() {
    let front = Front::open().await;
    let monday = front.app.monday();
    let duration =
        |value: &str| row("B13", "duration", value, "duration_invalid", "Choose 15 to 480 minutes in steps of 5.");
    let mut rows: Vec<Row> = [
        "",
        "0",
        "-30",
        "1",
        "7",
        "17",
        "14",
        "481",
        "485",
        "1441",
        "1e9",
        "99999999999",
        "30.5",
        "NaN",
        "3O",
        "45 parsecs",
    ]
    .map(duration)
    .into();
    let days = |from: NaiveDate, to: NaiveDate| vec![("from", from.to_string()), ("to", to.to_string())];
    let window = |id, typed: Typed, code, sentence| Row { id, typed, field: "to", code, sentence };
    let today = front.app.now().date_naive();
    let day = TimeDelta::days(1);
    rows.extend([
        window(
            "B14",
            [days(monday, monday), vec![("buffer_before", "24 h".to_owned())]].concat(),
            "window_too_small",
            "No time is left after the buffers.",
        ),
        window("B15", days(monday, monday - day), "window_invalid", "The last day is before the first."),
        window("B15", days(monday, monday + day * 90), "window_invalid", "A request spans at most 90 days."),
        window("B15", days(today - day * 9, today - day * 2), "window_invalid", "These days are in the past."),
        row("B14", "buffer_after", "25 h", "duration_invalid", "at most 24 hours."),
        row("B14", "notice", "31 days", "duration_invalid", "at most 30 days."),
    ]);
    let date = |field, value: &str| row("Z05", field, value, "date_invalid", "Choose a date.");
    for value in ["", "2027-02-30", "2026-13-01", "2026-W01-1", "tomorrow", "2027-3-8", "0001-01-01", "9999-12-31"] {
        rows.push(date("from", value));
        rows.push(date("to", value));
    }
    for value in ["25:00", "24:00", "9 am", "12:60"] {
        rows.push(row("Z05", "unknown_start", value, "date_invalid", "Give a time of day, such as 09:00."));
    }
    rows.push(row("B15", "unknown_end", "09:00", "window_invalid", "The hours end before they start."));
    assert_refused(&front, rows).await;

    // Equal days are one day, and digits are digits in any script.
    let arabic = |text: String| -> String {
        text.chars().map(|c| c.to_digit(10).and_then(|digit| char::from_u32(0x0660 + digit)).unwrap_or(c)).collect()
    };
    for (id, changes) in [
        ("B15", days(monday, monday)),
        ("B15", days(monday, monday + day * 89)),
        ("Z05", vec![("from", arabic(monday.to_string())), ("unknown_start", arabic("10:30".to_owned()))]),
        ("Z05", vec![("unknown_end", "24:00".to_owned())]),
        ("B13", vec![("duration", "480".to_owned())]),
    ] {
        created(&front, id, &changes).await;
    }
}

#[tokio::test]
async fn zones_and_hours() {
    let front = Front::open().await;
    let zone = |value: &str| row("Z01", "zone", value, "zone_unknown", "Choose a time zone from the list.");
    let mut rows: Vec<Row> =
        ["Mars/Phobos", "GMT+25", "../../etc/passwd", "", "EST", "Europe/Berlin\u{202E}"].map(zone).into();
    rows.push(zone(&"x".repeat(5 * 1024)));
    let hours = |id, text: &str, code, sentence| row(id, "windows", format!("{BEN} {text}"), code, sentence);
    rows.extend([
        // Berlin, on the nights clocks are set.
        hours("Z03", "2027-03-28 02:30 04:00", "time_skipped", "Clocks jump from 02:00 to 03:00 that night."),
        hours("Z03", "2027-03-28 01:00 02:59", "time_skipped", "Clocks jump from 02:00 to 03:00 that night."),
        hours("Z04", "2027-10-31 02:30 05:00", "time_twice", "This hour happens twice."),
        hours("Z04", "2027-10-31 00:00 02:00", "time_twice", "This hour happens twice."),
        hours("Z05", "2026-02-30 09:00 10:00", "window_invalid", "is not understood."),
        hours("Z05", "2027-03-08 09:00 24:30", "window_invalid", "is not understood."),
        hours("B15", "2027-03-08 10:00 09:00", "window_invalid", "is not understood."),
        row(
            "B25",
            "windows",
            format!("tom@example.com {} 09:00 10:00", front.app.monday()),
            "window_invalid",
            "tom@example.com",
        ),
    ]);
    assert_refused(&front, rows).await;

    // Case is mended, aliases are accepted, and today's name is shown.
    for (id, typed, kept) in [
        ("Z01", "america/new_york", "America/New_York"),
        ("Z02", "US/Eastern", "America/New_York"),
        ("Z02", "Asia/Calcutta", "Asia/Kolkata"),
        ("Z02", "Europe/Kiev", "Europe/Kyiv"),
    ] {
        let answer = front.get(&format!("/requests/new?zone={typed}")).await;
        assert_eq!(Page(&answer.body).values("zone"), [kept], "{id} {typed}");
        created(&front, id, &[("zone", typed.to_owned())]).await;
        let stored = front.app.rows(&format!("requests WHERE zone = '{kept}'")).await;
        assert!(stored > 0, "{id} {typed} is kept as {kept}");
    }
}

#[tokio::test]
async fn panels() {
    let front = Front::open().await;
    let crowd = |count: usize| -> Typed {
        (1..=count).map(|number| ("interviewers[]", format!("p{number}@example.com"))).collect()
    };
    front.app.person("gone@example.com").await;
    front.app.run("UPDATE people SET disabled_at = 1 WHERE email = 'gone@example.com'").await;
    let twenty_one = "A panel has at most 20 people; p21@example.com is one too many.";
    let one_optional = "A panel has at most 20 people; zoe@example.com is one too many.";
    let nobody = vec![("interviewers[]", String::new()), ("interviewers", " , ".to_owned())];
    let optional = |typed: Typed, code, sentence| Row { id: "B25", typed, field: "optional", code, sentence };
    let required = |typed: Typed, code, sentence| Row { id: "B25", typed, field: "interviewers", code, sentence };
    let twice = vec![("interviewers", "Tom@Example.com, tom@example.com".to_owned())];
    let disabled = vec![("interviewers[]", "gone@example.com".to_owned())];
    let zoe = ("optional", "zoe@example.com".to_owned());
    let rows = vec![
        required(crowd(21), "too_many_interviewers", twenty_one),
        required(twice, "interviewer_twice", "tom@example.com is there twice."),
        required(nobody, "interviewer_required", "Add at least one interviewer."),
        required(disabled, "interviewer_disabled", "gone@example.com no longer takes part."),
        row("B25", "interviewers", "ben@", "email_invalid", "Check the address \"ben@\"."),
        optional([crowd(20), vec![zoe.clone()]].concat(), "too_many_interviewers", one_optional),
        optional(vec![("optional", BEN.to_owned())], "interviewer_twice", "ben@example.com is already required."),
        row("B25", "any_of", "2", "seats_invalid", "Choose how many of the interviewers are needed."),
    ];
    assert_refused(&front, rows).await;
    created(&front, "B25", &crowd(20)).await;
}

#[tokio::test]
async fn texts_and_places() {
    let front = Front::open().await;
    let link = |value: &str| row("B28", "location", value, "link_invalid", "Use a https link.");
    let mut rows: Vec<Row> = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "http://user:pw@example.com/",
        "https://user:pw@example.com/",
        "http://example.com/room",
        "ftp://example.com/",
        "https://",
    ]
    .map(link)
    .into();
    rows.extend([
        row("B26", "notes", "x".repeat(4_001), "notes_too_long", "Use at most 4,000 characters."),
        row("Z08", "interview_type", "é".repeat(121), "name_too_long", "Use at most 120 characters."),
        row("Z08", "location", "é".repeat(301), "name_too_long", "Use at most 300 characters."),
        row(
            "B03",
            "interview_type",
            "Coding\nBcc: x",
            "name_control_chars",
            "This contains characters that cannot be used.",
        ),
        row("B04", "location", "Room \u{202E}4", "name_control_chars", "This contains characters that cannot be used."),
    ]);
    assert_refused(&front, rows).await;

    // What counts is what people count: one family is one.
    for (id, field, value) in [
        ("B26", "notes", "x".repeat(4_000)),
        ("Z08", "interview_type", "👩‍👩‍👧‍👦".repeat(120)),
        ("Z08", "location", "👩‍👩‍👧‍👦".repeat(300)),
        ("B28", "location", "https://example.com/room?x=1".to_owned()),
    ] {
        created(&front, id, &[(field, value)]).await;
    }

    // A megabyte of notes is refused before it is a form; there is nothing to show again.
    let before = front.written().await;
    let answer = front.post("/requests/new", &typing(&front, &[("notes", "x".repeat(1_000_000))])).await;
    assert_failure("B26", &answer, 413, "body_too_large", "That is more than can be sent at once.");
    assert_eq!(front.written().await, before);
}

#[tokio::test]
async fn fields_that_are_none_of_it() {
    let front = Front::open().await;
    for field in ["role", "tenant_id", "org_id", "status", "coordinator_id"] {
        let before = front.written().await;
        let answer = front.post("/requests/new", &typing(&front, &[(field, "admin".to_owned())])).await;
        let sentence = "The form has a field that is not known here.";
        assert_failure(&format!("B20 {field}"), &answer, 422, "unknown_field", sentence);
        assert_eq!(front.written().await, before, "B20 {field}");
    }
}
