//! iCalendar objects (RFC 5545, RFC 5546) for the mails the providers would send.

use chrono::{DateTime, Utc};

use super::event::{Attendee, Event, Response, Role, Span};

/// iTIP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Request,
    Cancel,
    Reply,
}

impl Method {
    /// As written in `METHOD`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
            Self::Reply => "REPLY",
        }
    }
}

/// The object for one event. `attendees` are those the method names: all for a request, the ones cancelled for a
/// cancellation, the sender for a reply.
pub fn object(method: Method, event: &Event, attendees: &[&Attendee], product: &str, now: DateTime<Utc>) -> String {
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        format!("PRODID:{product}"),
        "VERSION:2.0".to_owned(),
        "CALSCALE:GREGORIAN".to_owned(),
        format!("METHOD:{}", method.name()),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}", event.ical_uid),
        format!("DTSTAMP:{}", utc(now)),
        format!("SEQUENCE:{}", event.sequence),
    ];
    match &event.span {
        Span::Timed { start, end, .. } => {
            lines.push(format!("DTSTART:{}", utc(*start)));
            lines.push(format!("DTEND:{}", utc(*end)));
        }
        Span::AllDay { start, end } => {
            lines.push(format!("DTSTART;VALUE=DATE:{}", start.format("%Y%m%d")));
            lines.push(format!("DTEND;VALUE=DATE:{}", end.format("%Y%m%d")));
        }
    }
    lines.push(format!("SUMMARY:{}", text(&event.summary)));
    if !event.description.is_empty() {
        lines.push(format!("DESCRIPTION:{}", text(&event.description)));
    }
    if !event.location.is_empty() {
        lines.push(format!("LOCATION:{}", text(&event.location)));
    }
    let organizer = event.organizer.name.as_deref().unwrap_or(&event.organizer.email);
    lines.push(format!("ORGANIZER;CN={}:mailto:{}", quoted(organizer), address(&event.organizer.email)));
    lines.extend(attendees.iter().map(|attendee| attendee_line(method, attendee)));
    let status = if method == Method::Cancel { "CANCELLED" } else { "CONFIRMED" };
    lines.push(format!("STATUS:{status}"));
    lines.push("TRANSP:OPAQUE".to_owned());
    lines.push("END:VEVENT".to_owned());
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| fold(line)).collect()
}

fn attendee_line(method: Method, attendee: &Attendee) -> String {
    let role = match attendee.role {
        Role::Required => "REQ-PARTICIPANT",
        Role::Optional => "OPT-PARTICIPANT",
        Role::Resource => "NON-PARTICIPANT",
    };
    let answer = match attendee.response {
        Response::NeedsAction => "NEEDS-ACTION",
        Response::Accepted => "ACCEPTED",
        Response::Declined => "DECLINED",
        Response::Tentative => "TENTATIVE",
    };
    let rsvp = if method == Method::Request { ";RSVP=TRUE" } else { "" };
    let name = quoted(attendee.name.as_deref().unwrap_or(&attendee.email));
    let email = address(&attendee.email);
    format!("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE={role};PARTSTAT={answer}{rsvp};CN={name}:mailto:{email}")
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A TEXT value (RFC 5545, section 3.3.11); control characters other than line breaks and tabs are dropped.
pub(super) fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.replace("\r\n", "\n").replace('\r', "\n").chars() {
        match character {
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            character if character.is_control() && character != '\t' => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// A quoted parameter value; it cannot hold a quote or a control character.
pub(super) fn quoted(value: &str) -> String {
    let plain: String = value.chars().filter(|c| *c != '"' && !c.is_control()).collect();
    format!("\"{plain}\"")
}

fn address(email: &str) -> String {
    email.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

/// A content line in pieces of at most 75 octets, never cutting a character (RFC 5545, section 3.1).
pub(super) fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 8);
    let mut octets = 0;
    for character in line.chars() {
        if octets + character.len_utf8() > 75 {
            folded.push_str("\r\n ");
            octets = 1;
        }
        folded.push(character);
        octets += character.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_fold_at_75_octets_between_characters() {
        let line = format!("SUMMARY:{}", "é".repeat(100));
        let folded = fold(&line);
        assert!(folded.split("\r\n").all(|piece| piece.len() <= 75));
        assert_eq!(folded.replace("\r\n ", "").trim_end(), line);
    }

    #[test]
    fn text_is_escaped_and_cannot_start_a_line() {
        assert_eq!(text("a;b,c\\d\r\nMETHOD:CANCEL\u{7}"), "a\\;b\\,c\\\\d\\nMETHOD:CANCEL");
        assert_eq!(quoted("A\"\r\nB"), "\"AB\"");
    }
}
