//! The iCalendar writer: golden files, and hostile text read back by parsers that know nothing of it.

use convene::calendars::ical::{Attendee, Invitation, Method, PartStat, Party};
use icalendar::parser::{Property, read_calendar, unfold};
use proptest::prelude::*;

use crate::{
    mail::support::{event, golden, link},
    mail::tree::{cancelled, updated},
};

/// The byte rules of RFC 5545 that no common parser looks at.
fn assert_bytes(ics: &str) {
    assert!(ics.ends_with("\r\n") && !ics.starts_with(['\r', '\n', ' ', '\u{feff}']));
    let without_ends = ics.replace("\r\n", "");
    assert!(!without_ends.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "a stray control");
    for line in ics.split_terminator("\r\n") {
        assert!((1..=75).contains(&line.len()), "{} octets: {line}", line.len());
    }
}

/// TEXT values have a backslash before each `\\`, `;` and `,` (RFC 5545 section 3.3.11); many parsers forgive its absence.
fn assert_escaped(ics: &str) {
    for line in unfold(ics).split("\r\n") {
        let text = ["UID:", "SUMMARY:", "DESCRIPTION:", "LOCATION:"].iter().find_map(|name| line.strip_prefix(name));
        let mut rest = text.unwrap_or_default().chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => assert!(matches!(rest.next(), Some('\\' | ';' | ',' | 'n')), "no such escape: {line}"),
                c => assert!(!matches!(c, ';' | ','), "not escaped: {line}"),
            }
        }
    }
}

/// A property as the other parser sees it: TEXT values with their escapes undone, parameters without their quotes.
struct Seen {
    name: String,
    value: String,
    parameters: Vec<(String, String)>,
}

/// The properties of the calendar and of its one event.
fn properties(ics: &str) -> (Vec<Seen>, Vec<Seen>) {
    let unfolded = unfold(ics);
    let calendar = read_calendar(&unfolded).expect("a calendar that parses");
    let [event] = &calendar.components[..] else { panic!("{} components", calendar.components.len()) };
    assert_eq!(event.name.as_str(), "VEVENT");
    assert!(event.components.is_empty());
    let seen = |property: &Property| Seen {
        name: property.name.as_str().to_owned(),
        value: property.val.as_str().to_owned(),
        parameters: property
            .params
            .iter()
            .map(|parameter| {
                let value = parameter.val.as_ref().map(|value| value.as_str().to_owned());
                (parameter.key.as_str().to_owned(), value.unwrap_or_default())
            })
            .collect(),
    };
    (calendar.properties.iter().map(seen).collect(), event.properties.iter().map(seen).collect())
}

/// What `text` should come to: written anew here, from the rule and not from the writer.
fn tame(text: &str, has_lines: bool) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.push(if has_lines { '\n' } else { ' ' });
            }
            '\t' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {}
            c => out.push(c),
        }
    }
    squeezed(&out)
}

/// Each run of blanks within a line as its first blank.
fn squeezed(text: &str) -> String {
    let squeeze = |line: &str| {
        let mut kept = Vec::new();
        for c in line.chars() {
            if !(c.is_whitespace() && kept.last().is_some_and(|last: &char| last.is_whitespace())) {
                kept.push(c);
            }
        }
        kept.into_iter().collect::<String>()
    };
    text.split('\n').map(squeeze).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn value<'a>(properties: &'a [Seen], name: &str) -> &'a str {
    let mut found = properties.iter().filter(|property| property.name == name);
    let value = &found.next().unwrap_or_else(|| panic!("no {name}")).value;
    assert!(found.next().is_none(), "{name} twice");
    value
}

fn parameter<'a>(property: &'a Seen, name: &str) -> Option<&'a str> {
    property.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => "\\PC{0,40}",
        2 => proptest::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect::<String>()),
        2 => proptest::sample::select(vec![
            "\r\n", "\n", "\r", "\u{2028}", "\u{85}", "\u{b}", "\u{c}", "\u{9b}", "\u{7f}", "\0", "\t", " ", "  ", "\"", ";", ",", ":", "\\", "\\n", "\\\\n", "^n",
            "\r\nATTENDEE:mailto:x@evil.example", "\nEND:VEVENT\nEND:VCALENDAR\n", "\r\n METHOD:CANCEL", "🦀", "👩‍👩‍👧‍👦", "é", "e\u{301}", "\u{3000}", "\u{2003} ",
            "\u{feff}", "\u{202e}", "𝕏", "=?utf-8?q?x?=", "\";RSVP=TRUE:mailto:x@evil.example", "BEGIN:VALARM",
        ]).prop_map(str::to_owned),
        1 => (proptest::sample::select(vec!["é", "🦀", "x", " ", "字"]), 1..200usize).prop_map(|(text, n)| text.repeat(n)),
    ];
    proptest::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_as_itself(
        uid in hostile(), summary in hostile(), description in hostile(), location in hostile(), organizer in hostile(),
        names in proptest::collection::vec(hostile(), 1..4), method in 0..3usize,
    ) {
        let method = [Method::Request, Method::Cancel, Method::Publish][method];
        let attendees = names.iter().enumerate().map(|(i, name)| Attendee {
            email: link(&format!("guest{i}@example.net")),
            name: name.clone(),
            optional: i == 1,
            partstat: PartStat::NeedsAction,
        });
        let event = Invitation {
            uid: uid.clone(),
            summary: summary.clone(),
            description: description.clone(),
            location: Some(location.clone()),
            organizer: Party { email: link("invites@convene.example.com"), name: organizer.clone() },
            attendees: attendees.collect(),
            ..event(method)
        };
        let ics = event.write();
        assert_bytes(&ics);
        assert_escaped(&ics);

        let (calendar, found) = properties(&ics);
        prop_assert_eq!(value(&calendar, "METHOD"), method.as_str());
        prop_assert_eq!(calendar.len(), 4);
        let guests = if method == Method::Publish { 0 } else { names.len() };
        prop_assert_eq!(found.len(), 12 + guests, "the number of content lines does not depend on the text");
        prop_assert_eq!(value(&found, "UID"), tame(&uid, false));
        prop_assert_eq!(value(&found, "SUMMARY"), tame(&summary, false));
        prop_assert_eq!(value(&found, "DESCRIPTION"), tame(&description, true));
        prop_assert_eq!(value(&found, "LOCATION"), tame(&location, false));
        prop_assert_eq!(value(&found, "URL"), "https://meet.example.com/abc");
        prop_assert_eq!(value(&found, "DTSTART"), "20270309T140000Z");

        let cn = |name: &str| tame(name, false).replace('"', "").trim().to_owned();
        let shown = |property: &Seen| parameter(property, "CN").unwrap_or_default().to_owned();
        let organizers: Vec<_> = found.iter().filter(|property| property.name == "ORGANIZER").collect();
        prop_assert_eq!(organizers.len(), 1);
        prop_assert_eq!(&organizers[0].value, "mailto:invites@convene.example.com");
        prop_assert_eq!(shown(organizers[0]), cn(&organizer));
        let attendees: Vec<_> = found.iter().filter(|property| property.name == "ATTENDEE").collect();
        prop_assert_eq!(attendees.len(), guests);
        for (i, attendee) in attendees.into_iter().enumerate() {
            let address = format!("mailto:guest{i}@example.net");
            prop_assert_eq!(&attendee.value, &address);
            prop_assert_eq!(shown(attendee), cn(&names[i]));
            prop_assert_eq!(parameter(attendee, "ROLE"), Some(if i == 1 { "OPT-PARTICIPANT" } else { "REQ-PARTICIPANT" }));
            prop_assert_eq!(parameter(attendee, "RSVP"), (method == Method::Request).then_some("TRUE"));
        }
    }
}

#[test]
fn calendar_files_are_the_golden_ones() {
    let update = updated().event;
    let cancel = Invitation { method: Method::Cancel, ..cancelled().event };
    for (name, event) in [
        ("request.ics", event(Method::Request)),
        ("request-update.ics", update),
        ("cancel.ics", cancel),
        ("publish.ics", event(Method::Publish)),
    ] {
        let ics = event.write();
        assert_bytes(&ics);
        golden(name, &ics);
    }
}

#[test]
fn a_life_keeps_its_uid_and_raises_its_sequence() {
    let life = [event(Method::Request), updated().event, Invitation { method: Method::Cancel, ..cancelled().event }];
    let seen: Vec<_> = life
        .iter()
        .map(|event| {
            let (_, found) = properties(&event.write());
            ["UID", "SEQUENCE", "STATUS", "DTSTAMP"].map(|name| value(&found, name).to_owned())
        })
        .collect();
    assert!(seen.iter().all(|event| event[0] == seen[0][0]));
    assert_eq!(seen.iter().map(|event| event[1].as_str()).collect::<Vec<_>>(), ["0", "1", "2"]);
    assert_eq!(seen.iter().map(|event| event[2].as_str()).collect::<Vec<_>>(), ["CONFIRMED", "CONFIRMED", "CANCELLED"]);
    assert!(seen.is_sorted_by(|a, b| a[3] < b[3]));
}

#[test]
fn only_web_addresses_become_urls() {
    for (url, is_written) in
        [("https://meet.example.com/ö \"x", true), ("javascript:alert(1)", false), ("data:,x", false)]
    {
        let event = Invitation { url: Some(link(url)), ..event(Method::Request) };
        let ics = event.write();
        assert_bytes(&ics);
        assert_eq!(ics.contains("\r\nURL:https://meet.example.com/%C3%B6%20%22x\r\n"), is_written, "{url}");
        assert_eq!(ics.contains("\r\nURL:"), is_written, "{url}");
    }
}
