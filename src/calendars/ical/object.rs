//! Calendar objects as servers keep them (RFC 4791 section 4.1): read leniently, changed line by line, written strictly.
//!
//! What we do not know about an object stays in it as it was, in its place. Reading here means lines and components; what a line
//! says is for whoever asks. Objects of strangers are read with a limit to their nesting, and a line that is none is kept and
//! never understood.

use super::{Lines, escape, line, lines, utc};
use crate::calendars::{Alert, keys};
use crate::scheduling::interval::Interval;
use chrono::{DateTime, Utc};

/// Deeper than any calendar nests: VCALENDAR, VEVENT, VALARM.
const DEPTH: usize = 8;

/// Not a calendar object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a calendar object")]
pub struct Unreadable;

/// One content line (RFC 5545 section 3.1), unfolded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// In capitals; empty for a line that is none.
    pub name: String,
    /// Names in capitals, values without their quotes.
    pub parameters: Vec<(String, String)>,
    pub value: String,
    /// As it stood there.
    raw: String,
}

/// `BEGIN` to `END`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// In capitals.
    pub name: String,
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Property(Property),
    Component(Component),
}

impl Property {
    fn read(raw: &str) -> Self {
        let nothing =
            || Self { name: String::new(), parameters: Vec::new(), value: String::new(), raw: raw.to_owned() };
        let Some((head, value)) = split_unquoted(raw, ':') else { return nothing() };
        let mut parts = Vec::new();
        let mut rest = head;
        while let Some((part, more)) = split_unquoted(rest, ';') {
            parts.push(part);
            rest = more;
        }
        parts.push(rest);
        let mut parts = parts.into_iter();
        let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
        let parameter = |part: &str| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()))
        };
        // Apple leaves blanks at the ends of some lines.
        Self {
            name,
            parameters: parts.filter_map(parameter).collect(),
            value: value.trim().to_owned(),
            raw: raw.to_owned(),
        }
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// Splits at the first `sign` that does not stand in quotes (RFC 5545 section 3.2).
fn split_unquoted(text: &str, sign: char) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == sign && !quoted
    });
    at.map(|(at, _)| (&text[..at], &text[at + sign.len_utf8()..]))
}

impl Component {
    /// Reads one object, `BEGIN:VCALENDAR` to its end. A missing `END` is forgiven, for it takes nothing away.
    ///
    /// # Errors
    /// [`Unreadable`] if it does not begin as one, or nests too deep.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let mut open: Vec<Self> = Vec::new();
        for raw in unfold(text) {
            let property = Property::read(&raw);
            match property.name.as_str() {
                "BEGIN" if open.len() == DEPTH => return Err(Unreadable),
                "BEGIN" => open.push(Self { name: property.value.to_ascii_uppercase(), items: Vec::new() }),
                "END" if open.len() > 1 => {
                    if let Some(done) = open.pop() {
                        open.last_mut().ok_or(Unreadable)?.items.push(Item::Component(done));
                    }
                }
                "END" => break,
                _ if raw.trim().is_empty() => {}
                _ => open.last_mut().ok_or(Unreadable)?.items.push(Item::Property(property)),
            }
        }
        while open.len() > 1 {
            if let (Some(done), Some(outer)) = (open.pop(), open.last_mut()) {
                outer.items.push(Item::Component(done));
            }
        }
        open.pop().filter(|object| object.name == "VCALENDAR").ok_or(Unreadable)
    }

    /// The whole object: UTF-8, CRLF, folded.
    pub fn write(&self) -> String {
        let mut out = Lines(String::new());
        self.write_to(&mut out);
        out.0
    }

    fn write_to(&self, out: &mut Lines) {
        out.line(&format!("BEGIN:{}", self.name));
        for item in &self.items {
            match item {
                Item::Property(property) => out.line(&property.raw),
                Item::Component(component) => component.write_to(out),
            }
        }
        out.line(&format!("END:{}", self.name));
    }

    /// The components right in this one.
    pub fn components(&self) -> impl Iterator<Item = &Self> {
        self.items.iter().filter_map(|item| match item {
            Item::Component(component) => Some(component),
            Item::Property(_) => None,
        })
    }

    /// The properties of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.items.iter().filter_map(move |item| match item {
            Item::Property(property) if property.name == name => Some(property),
            _ => None,
        })
    }

    /// The first property of this name.
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.items.iter().find_map(|item| match item {
            Item::Property(property) if property.name == name => Some(property),
            _ => None,
        })
    }

    /// The first value of this name; empty if there is none.
    pub fn value(&self, name: &str) -> &str {
        self.get(name).map_or("", |property| property.value.as_str())
    }

    /// Puts this line where the first of its name stood, in place of all of them, or after the other properties.
    fn set(&mut self, line: String) {
        let new = Property::read(&line);
        let is_same = |item: &Item| matches!(item, Item::Property(one) if one.name == new.name);
        let at = self.items.iter().position(is_same);
        self.items.retain(|item| !is_same(item));
        let end = self.items.iter().position(|item| matches!(item, Item::Component(_))).unwrap_or(self.items.len());
        self.items.insert(at.unwrap_or(end).min(self.items.len()), Item::Property(new));
    }

    fn remove(&mut self, name: &str) {
        self.items.retain(|item| !matches!(item, Item::Property(one) if one.name == name));
    }

    /// The event of this UID that is no exception to a series.
    pub fn event(&self, uid: &str) -> Option<&Self> {
        self.components().find(|one| one.is_event(uid))
    }

    fn event_mut(&mut self, uid: &str) -> Option<&mut Self> {
        self.items.iter_mut().find_map(|item| match item {
            Item::Component(component) if component.is_event(uid) => Some(component),
            _ => None,
        })
    }

    fn is_event(&self, uid: &str) -> bool {
        self.name == "VEVENT" && self.get("RECURRENCE-ID").is_none() && self.value("UID") == escape(&line(uid))
    }
}

/// Lines with what was folded joined again. A byte order mark goes; a break alone is as good as CRLF.
fn unfold(text: &str) -> Vec<String> {
    let mut unfolded: Vec<String> = Vec::new();
    for one in text.trim_start_matches('\u{FEFF}').split('\n') {
        let one = one.strip_suffix('\r').unwrap_or(one);
        match (one.strip_prefix([' ', '\t']), unfolded.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => unfolded.push(one.to_owned()),
        }
    }
    unfolded
}

/// An event of ours as it is to stand in a store. Nobody is invited by it: who takes part stands in the description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub uid: String,
    /// 0 at first; never lowered.
    pub sequence: u32,
    pub span: Interval,
    pub summary: String,
    /// May have several lines.
    pub description: String,
    pub location: Option<String>,
    /// Our own event id, by which we know it again.
    pub marker: String,
    /// Tells whether the words are still the ones we wrote.
    pub words: String,
    /// Another one alone is no change.
    pub alert: Alert,
}

impl Entry {
    const MARKER: &str = "X-CONVENE-EVENT";
    const WORDS: &str = "X-CONVENE-WORDS";
    /// The time we wrote last, by [`keys::time_text`].
    const TIME: &str = "X-CONVENE-TIME";
    /// Which alert we asked for last; absent while we said nothing.
    const ALERT: &str = "X-CONVENE-ALERT";

    /// Which event of ours this is.
    pub fn marker_of(event: &Component) -> Option<&str> {
        event.get(Self::MARKER).map(|kept| kept.value.as_str())
    }

    /// The time we wrote last, if the event keeps it.
    pub fn kept_span(event: &Component) -> Option<Interval> {
        keys::time_of(event.value(Self::TIME))
    }

    /// A new object, without `METHOD` (RFC 4791 section 4.1). Times in UTC, so that no time zone needs to be sent along.
    pub fn object(&self, now: DateTime<Utc>) -> Component {
        let mut event = Component { name: "VEVENT".to_owned(), items: Vec::new() };
        event.set(format!("UID:{}", escape(&line(&self.uid))));
        self.set_on(&mut event, self.sequence, now);
        event.set("TRANSP:OPAQUE".to_owned());
        let mut object = Component { name: "VCALENDAR".to_owned(), items: Vec::new() };
        for line in ["VERSION:2.0", "PRODID:-//Convene//Convene 1.0//EN", "CALSCALE:GREGORIAN"] {
            object.set(line.to_owned());
        }
        object.items.push(Item::Component(event));
        object
    }

    /// Changes an object until it shows this, and leaves everything else in it alone; `None` if it does so already. An object that
    /// does not hold the event is left as it is, too.
    pub fn edit(&self, object: &Component, now: DateTime<Utc>) -> Option<Component> {
        let mut object = object.clone();
        let event = object.event_mut(&self.uid)?;
        let known: u32 = event.value("SEQUENCE").parse().unwrap_or(0);
        let shows = event.value("DTSTART") == utc(self.span.start())
            && event.value("DTEND") == utc(self.span.end())
            && event.value(Self::MARKER) == line(&self.marker)
            && event.value(Self::WORDS) == self.words
            && event.value("STATUS") == "CONFIRMED"
            && known >= self.sequence;
        if shows {
            return None;
        }
        self.set_on(event, self.sequence.max(known), now);
        Some(object)
    }

    fn set_on(&self, event: &mut Component, sequence: u32, now: DateTime<Utc>) {
        event.set(format!("DTSTAMP:{}", utc(now)));
        event.set(format!("LAST-MODIFIED:{}", utc(now)));
        event.set(format!("SEQUENCE:{sequence}"));
        event.set(format!("DTSTART:{}", utc(self.span.start())));
        event.remove("DURATION");
        // iCloud refuses an event that has neither end nor duration.
        event.set(format!("DTEND:{}", utc(self.span.end())));
        event.set(format!("SUMMARY:{}", escape(&line(&self.summary))));
        event.set(format!("DESCRIPTION:{}", escape(&lines(&self.description))));
        match &self.location {
            Some(location) => event.set(format!("LOCATION:{}", escape(&line(location)))),
            None => event.remove("LOCATION"),
        }
        event.set("STATUS:CONFIRMED".to_owned());
        event.set(format!("{}:{}", Self::MARKER, line(&self.marker)));
        event.set(format!("{}:{}", Self::WORDS, self.words));
        event.set(format!("{}:{}", Self::TIME, keys::time_text(self.span)));
        if self.alert.differs(event.get(Self::ALERT).map(|kept| kept.value.as_str())) {
            self.set_alert(event);
        }
    }

    /// Puts our alarm in place of the one we put there before (RFC 9074 gives alarms a UID); those of other hands stay.
    fn set_alert(&self, event: &mut Component) {
        let uid = format!("alert-{}", escape(&line(&self.uid)));
        event
            .items
            .retain(|item| !matches!(item, Item::Component(one) if one.name == "VALARM" && one.value("UID") == uid));
        event.set(format!("{}:{}", Self::ALERT, self.alert.word()));
        let lines = match self.alert {
            Alert::Usual => return,
            // Apple's way to say it: an event without any alarm gets the calendar's own.
            Alert::Silent => ["ACTION:NONE".to_owned(), "TRIGGER;VALUE=DATE-TIME:19760401T005545Z".to_owned()],
            Alert::Before(0) => ["ACTION:DISPLAY".to_owned(), "TRIGGER:PT0S".to_owned()],
            Alert::Before(minutes) => ["ACTION:DISPLAY".to_owned(), format!("TRIGGER:-PT{minutes}M")],
        };
        let mut alarm = Component { name: "VALARM".to_owned(), items: Vec::new() };
        alarm.set(format!("UID:{uid}"));
        lines.into_iter().for_each(|line| alarm.set(line));
        if self.alert != Alert::Silent {
            // A displayed alarm must say something (RFC 5545 section 3.6.6).
            alarm.set(format!("DESCRIPTION:{}", escape(&line(&self.summary))));
        }
        event.items.push(Item::Component(alarm));
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

    use super::*;

    fn entry() -> Entry {
        let start = Utc.with_ymd_and_hms(2027, 3, 8, 14, 0, 0).single().expect("an instant");
        Entry {
            uid: "1@convene.example".to_owned(),
            sequence: 0,
            span: Interval::new(start, start + TimeDelta::minutes(45)).expect("a span"),
            summary: "Interview; with Sam,\r\nATTENDEE:mailto:evil@example.com".to_owned(),
            description: "Bring a laptop.\nEND:VEVENT".to_owned(),
            location: Some("Room\u{2028}4".to_owned()),
            marker: "evt_1".to_owned(),
            words: "abc".to_owned(),
            alert: Alert::Usual,
        }
    }

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).single().expect("an instant")
    }

    #[test]
    fn what_is_typed_stays_one_property() {
        let text = entry().object(now()).write();
        let object = Component::read(&text).expect("readable");
        let event = object.event("1@convene.example").expect("the event");
        assert_eq!(event.value("SUMMARY"), "Interview\\; with Sam\\, ATTENDEE:mailto:evil@example.com");
        assert_eq!(event.value("DESCRIPTION"), "Bring a laptop.\\nEND:VEVENT");
        assert_eq!(event.value("LOCATION"), "Room 4");
        assert_eq!((event.all("ATTENDEE").count(), object.components().count()), (0, 1));
        assert!(!text.contains("METHOD") && text.contains("DTEND:20270308T144500Z\r\n"), "{text}");
        assert_eq!(entry().edit(&object, now()), None, "there is nothing to change");
    }

    const STORED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE\r\n\
        BEGIN:VEVENT\r\nUID:1@convene.example\r\nDTSTAMP:20270101T000000Z\r\nDTSTAMP:20270101T000000Z\r\n\
        DTSTART;TZID=Europe/Berlin:20270308T150000\r\nDURATION:PT45M\r\nSEQUENCE:7\r\nSUMMARY:Old\r\n\
        X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"Room: 4; left\":geo:48.1,11.\r\n 5 \r\n\
        ATTENDEE;CN=\"A; B\":mailto:a@example.com\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Now\r\nTRIGGER:-PT15M\r\n\
        END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn an_edit_leaves_alone_what_is_not_ours() {
        let before = Component::read(STORED).expect("readable");
        let after = entry().edit(&before, now()).expect("much to change");
        let text = after.write();
        for kept in [
            "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"Room: 4; left\":geo:48.1,11.5",
            "ATTENDEE;CN=\"A; B\":mailto:a@example.com",
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Now\r\nTRIGGER:-PT15M\r\nEND:VALARM",
            "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE",
        ] {
            assert!(text.replace("\r\n ", "").contains(kept), "{kept} is missing in {text}");
        }
        let event = after.event("1@convene.example").expect("the event");
        assert_eq!((event.all("DTSTAMP").count(), event.all("DURATION").count()), (1, 0));
        assert_eq!((event.value("DTSTART"), event.value("SEQUENCE")), ("20270308T140000Z", "7"), "never lowered");
        assert_eq!(event.get("DTSTART").and_then(|one| one.parameter("TZID")), None);
        assert_eq!(entry().edit(&Component::read(&text).expect("readable"), now()), None);
        let other = Entry { uid: "2@convene.example".to_owned(), ..entry() };
        assert_eq!(other.edit(&before, now()), None, "another event");
    }

    #[test]
    fn an_alarm_of_ours_is_changed_and_those_of_others_stay() {
        let alarms = |object: &Component| -> Vec<String> {
            let event = object.event("1@convene.example").expect("the event");
            event.components().map(|alarm| format!("{} {}", alarm.value("ACTION"), alarm.value("TRIGGER"))).collect()
        };
        let mut stored = Component::read(STORED).expect("readable");
        for (minute, (alert, ours)) in [
            (Alert::Usual, None),
            (Alert::Before(30), Some("DISPLAY -PT30M")),
            (Alert::Before(0), Some("DISPLAY PT0S")),
            (Alert::Silent, Some("NONE 19760401T005545Z")),
            (Alert::Usual, None),
        ]
        .into_iter()
        .enumerate()
        {
            let alone = Entry { alert, ..entry() };
            let is_first = minute == 0;
            assert_eq!(alone.edit(&stored, now()).is_some(), is_first, "{alert:?}: alone it is no change");
            let words = format!("words {minute}");
            stored = Entry { words, ..alone }.edit(&stored, now()).expect("a change");
            let expected: Vec<_> = ["DISPLAY -PT15M"].into_iter().chain(ours).collect();
            assert_eq!(alarms(&stored), expected, "{alert:?}");
            // Text that comes back from a server is read the same.
            stored = Component::read(&stored.write()).expect("readable");
            // The next change is one of the words alone.
            stored = Entry { alert, ..entry() }.edit(&stored, now()).expect("back to the first words");
            assert_eq!(alarms(&stored), expected, "{alert:?}");
        }
        let new = Entry { alert: Alert::Before(10), ..entry() }.object(now());
        let text = new.write();
        assert!(
            text.contains("DESCRIPTION:Interview\\; with Sam\\, ATTENDEE:mailto:evil@example.com\r\nEND:VALARM"),
            "{text}"
        );
        assert!(text.contains("TRIGGER:-PT10M") && text.contains("X-CONVENE-ALERT:10"), "{text}");
    }

    #[test]
    fn odd_objects_are_read_as_far_as_they_go() {
        let read = |text: &str| Component::read(text).ok();
        for bad in ["", "<html>", "BEGIN:VEVENT\nEND:VEVENT", "SUMMARY:x\nBEGIN:VCALENDAR", "B\0E\0G\0"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&"BEGIN:VEVENT\n".repeat(1000)), None);
        let bare = read("\u{FEFF}BEGIN:VCALENDAR\nbegin:vevent\nUID:x\nSUM\n\tMARY:a\n  b\nrubbish\nend:vevent")
            .expect("read");
        let event = bare.event("x").expect("an event without ends");
        assert_eq!(event.value("SUMMARY"), "a b");
    }
}
