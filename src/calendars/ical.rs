//! Writing iCalendar (RFC 5545) for invitations by mail (RFC 5546, RFC 6047) and for "Add to calendar".
//!
//! This is the only place that writes iCalendar; every value that came from a person passes through [`line`] and the
//! escaping here. Objects that a calendar server keeps are read and changed in [`object`]; the mail around an invitation is
//! `notifications::email`'s. What a newcomer would get wrong: the 75 of a folded line are octets, not characters, and a
//! fold must not cut a character.
//!
//! "Add to calendar" is a file with [`Method::Publish`] and the UID of the invitation: Outlook then offers to add it
//! instead of to answer it, a later invitation or cancellation meets the copy by its UID, and nobody else's address is
//! in a file that is passed around (RFC 5546 section 3.2.1 forbids attendees there).

pub mod object;

use std::fmt::{self, Write as _};

use chrono::{DateTime, Utc};
use url::Url;

use crate::scheduling::interval::Interval;

/// What a calendar object asks its reader to do (RFC 5546 section 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Invites, or tells of a change.
    Request,
    /// Withdraws an invitation.
    Cancel,
    /// Shows an event without inviting: the file behind "Add to calendar".
    Publish,
}

impl Method {
    /// As written in `METHOD` and, in the same letters, in the `method` parameter of the mail (RFC 6047 section 2.4).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
            Self::Publish => "PUBLISH",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure the event is. A cancelled one has no value of its own: [`Method::Cancel`] says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Confirmed,
    Tentative,
}

/// What an attendee has answered (RFC 5545 section 3.2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartStat {
    NeedsAction,
    Accepted,
    Declined,
    Tentative,
}

impl PartStat {
    fn as_str(self) -> &'static str {
        match self {
            Self::NeedsAction => "NEEDS-ACTION",
            Self::Accepted => "ACCEPTED",
            Self::Declined => "DECLINED",
            Self::Tentative => "TENTATIVE",
        }
    }
}

/// The text is no address that can stand in an `ORGANIZER` or `ATTENDEE` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnAddress;

/// An address for `ORGANIZER` and `ATTENDEE`: one `@`, no blanks, no control characters, no brackets or quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct CalAddress(String);

impl std::str::FromStr for CalAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.split_once('@').ok_or(NotAnAddress)?;
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && !is_break(c) && !"\"<>(),:;\\@[]".contains(c);
        let fits =
            !local.is_empty() && !domain.is_empty() && text.len() <= 254 && text.chars().all(|c| c == '@' || plain(c));
        if fits && !domain.contains('@') { Ok(Self(text.to_owned())) } else { Err(NotAnAddress) }
    }
}

impl CalAddress {
    /// The `mailto:` URI, with everything percent-encoded that RFC 6068 section 2 does not let stand.
    fn mailto(&self) -> String {
        let mut uri = String::from("mailto:");
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"@.-_~!$&'*+=".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                // Writing to a String does not fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        uri
    }
}

/// The organizer. Its address must be one that replies can reach, and the same in all messages of one UID.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    pub email: CalAddress,
    pub name: String,
}

/// Somebody invited.
#[derive(Clone, PartialEq, Eq)]
pub struct Attendee {
    pub email: CalAddress,
    pub name: String,
    /// May stay away: `ROLE=OPT-PARTICIPANT`.
    pub optional: bool,
    /// The answer known so far; [`PartStat::NeedsAction`] again whenever the time changes.
    pub partstat: PartStat,
}

/// One single meeting as a calendar object.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    pub method: Method,
    /// Globally unique and the same for the life of the meeting, in every message and calendar copy. Under 255 octets.
    pub uid: String,
    /// 0 at first, one more with each change of time and with the cancellation (RFC 5546 section 2.1.4).
    pub sequence: u32,
    /// The moment this message was made.
    pub dtstamp: DateTime<Utc>,
    pub span: Interval,
    pub summary: String,
    /// May have several lines.
    pub description: String,
    pub location: Option<String>,
    /// Written only if it is http or https.
    pub url: Option<Url>,
    pub organizer: Party,
    /// All who are invited; for [`Method::Cancel`] those for whom it is cancelled. Not written for [`Method::Publish`].
    pub attendees: Vec<Attendee>,
    /// Not looked at for [`Method::Cancel`].
    pub status: Status,
}

impl Invitation {
    /// The whole calendar object: UTF-8, CRLF, folded, times in UTC so that no time zone needs to be sent along.
    pub fn write(&self) -> String {
        let mut out = Lines(String::new());
        out.line("BEGIN:VCALENDAR");
        out.line("VERSION:2.0");
        out.line("PRODID:-//Convene//Convene 1.0//EN");
        out.line("CALSCALE:GREGORIAN");
        out.line(&format!("METHOD:{}", self.method));
        out.line("BEGIN:VEVENT");
        out.line(&format!("UID:{}", escape(&line(&self.uid))));
        out.line(&format!("DTSTAMP:{}", utc(self.dtstamp)));
        out.line(&format!("SEQUENCE:{}", self.sequence));
        out.line(&format!("DTSTART:{}", utc(self.span.start())));
        out.line(&format!("DTEND:{}", utc(self.span.end())));
        out.line(&format!("SUMMARY:{}", escape(&line(&self.summary))));
        out.line(&format!("DESCRIPTION:{}", escape(&lines(&self.description))));
        if let Some(location) = &self.location {
            out.line(&format!("LOCATION:{}", escape(&line(location))));
        }
        // A parsed URL holds no blanks, controls or other characters beyond ASCII: they were percent-encoded.
        if let Some(url) = self.url.as_ref().filter(|url| matches!(url.scheme(), "http" | "https")) {
            out.line(&format!("URL:{url}"));
        }
        out.line(&format!("STATUS:{}", self.status_text()));
        out.line("TRANSP:OPAQUE");
        out.line(&format!("ORGANIZER{}:{}", cn(&self.organizer.name), self.organizer.email.mailto()));
        if self.method != Method::Publish {
            for attendee in &self.attendees {
                out.line(&self.attendee(attendee));
            }
        }
        out.line("END:VEVENT");
        out.line("END:VCALENDAR");
        out.0
    }

    fn status_text(&self) -> &'static str {
        match (self.method, self.status) {
            (Method::Cancel, _) => "CANCELLED",
            (_, Status::Confirmed) => "CONFIRMED",
            (_, Status::Tentative) => "TENTATIVE",
        }
    }

    fn attendee(&self, attendee: &Attendee) -> String {
        let role = if attendee.optional { "OPT-PARTICIPANT" } else { "REQ-PARTICIPANT" };
        // Without RSVP some clients show no buttons; with a cancellation there is nothing left to answer.
        let rsvp = if self.method == Method::Request { ";RSVP=TRUE" } else { "" };
        let partstat = attendee.partstat.as_str();
        let (name, address) = (cn(&attendee.name), attendee.email.mailto());
        format!("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE={role};PARTSTAT={partstat}{rsvp}{name}:{address}")
    }
}

/// Content lines, folded as they are added.
struct Lines(String);

impl Lines {
    /// The longest line in octets, without its CRLF (RFC 5545 section 3.1).
    const MAX: usize = 75;

    fn line(&mut self, content: &str) {
        let mut rest = content;
        let mut room = Self::MAX;
        while rest.len() > room {
            let (head, tail) = rest.split_at(fold_point(rest, room));
            self.0.push_str(head);
            self.0.push_str("\r\n ");
            rest = tail;
            room = Self::MAX - 1;
        }
        self.0.push_str(rest);
        self.0.push_str("\r\n");
    }
}

/// Where to cut `text` so that the first part has at most `room` octets: between characters, and away from blanks, which
/// some readers take for part of the fold and drop. As no value has two blanks in a row, going back a little finds a place
/// that has none after it, and nearly always one that has none before it either.
fn fold_point(text: &str, room: usize) -> usize {
    let cut = text.floor_char_boundary(room);
    let earlier = text[..cut].char_indices().rev().map(|(at, _)| at).take(12).filter(|at| *at > 0);
    let places: Vec<usize> = std::iter::once(cut).chain(earlier).collect();
    let leads = |at: &usize| text[*at..].starts_with(char::is_whitespace);
    let trails = |at: &usize| text[..*at].ends_with(char::is_whitespace);
    let best = places.iter().find(|at| !leads(at) && !trails(at)).or_else(|| places.iter().find(|at| !leads(at)));
    best.copied().unwrap_or(cut)
}

/// `;CN="…"`, or nothing for a name with nothing to show. A double quote cannot be written in a parameter value.
fn cn(name: &str) -> String {
    let name = line(name).replace('"', "");
    let name = name.trim();
    if name.is_empty() { String::new() } else { format!(";CN=\"{name}\"") }
}

/// Escapes a TEXT value (RFC 5545 section 3.3.11). Colons stay as they are.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out
}

/// Text for one line: as [`lines`], with a blank for each line break.
fn line(text: &str) -> String {
    lines(&lines(text).replace('\n', " "))
}

/// Text that may have lines: each kind of line break becomes `\n`, a tab a blank, a run of blanks its first one; other
/// control characters go, and so do blanks and breaks at the ends.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c == '\t' { ' ' } else { c };
        if is_break(c) {
            out.push('\n');
        } else if !c.is_control() {
            let repeats = is_blank(c) && out.ends_with(is_blank);
            out.extend((!repeats).then_some(c));
        }
    }
    out.trim().to_owned()
}

/// A blank inside a line, of whatever width.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && !is_break(c)
}

/// Everything that some reader takes for the end of a line: LF, VT, FF, CR, NEL and Unicode's two separators.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{B}' | '\u{C}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn utc(instant: DateTime<Utc>) -> String {
    instant.format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_folds_between_characters() {
        for pad in 0..8 {
            let mut out = Lines(String::new());
            let content = format!("SUMMARY:{}{}", "x".repeat(pad), "🦀e\u{301}".repeat(60));
            out.line(&content);
            assert!(out.0.split("\r\n").all(|l| l.len() <= 75));
            assert_eq!(out.0.replace("\r\n ", ""), format!("{content}\r\n"));
        }
    }

    #[test]
    fn a_fold_keeps_away_from_blanks() {
        let mut out = Lines(String::new());
        out.line(&format!("{} {}", "x".repeat(75), "y".repeat(100)));
        assert!(!out.0.contains("\r\n  "));
        assert_eq!(line(&format!("x{}y", " \t\u{3000}".repeat(100))), "x y");
    }

    #[test]
    fn breaks_become_blanks_or_escapes() {
        assert_eq!(line(" a\r\nb\u{2028}c\u{0}\u{7f}\td "), "a b c d");
        assert_eq!(escape(&lines("a\r\nb\rc;d,e\\f")), "a\\nb\\nc\\;d\\,e\\\\f");
    }

    #[test]
    fn addresses_hold_no_second_property() {
        for bad in ["", "a", "@b", "a@", "a@b@c", "a@b\r\nX:1", "a b@c", "a@b,c@d", "<a@b>", "a@b\u{2028}", "\"a\"@b"] {
            assert!(bad.parse::<CalAddress>().is_err(), "{bad:?} was accepted");
        }
        let odd: CalAddress = "ö%/?#+x@example.com".parse().expect("an odd address");
        assert_eq!(odd.mailto(), "mailto:%C3%B6%25%2F%3F%23+x@example.com");
    }
}
