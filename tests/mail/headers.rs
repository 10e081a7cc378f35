//! Names and addresses from outside yield exactly the headers that were meant.

use chrono_tz::Tz;
use convene::notifications::{
    Message, Recipient,
    address::{MailAddress, MailName, Mailbox},
};
use mail_parser::{HeaderName, MessageParser};

use crate::mail::support::{outgoing, sam, sender};

/// Texts that try to become something else than a name. `true`: a name all the same, and to arrive unchanged.
const NAMES: [(&str, bool); 34] = [
    ("Ana\r\nBcc: x@evil.example", false),
    ("Ana\nBcc: x@evil.example", false),
    ("Ana\rBcc: x@evil.example", false),
    ("Ana\r\n\r\n<html>body</html>", false),
    ("Ana\r\n .\r\nMAIL FROM:<x@evil.example>", false),
    ("Ana\u{0}Bcc", false),
    ("Ana\u{b}Bcc: x", false),
    ("Ana\u{c}Bcc: x", false),
    ("Ana\u{85}Bcc: x@evil.example", false),
    ("Ana\u{2028}Bcc: x@evil.example", false),
    ("Ana\u{2029}Bcc: x@evil.example", false),
    ("Ana\u{1b}[31m", false),
    ("Ana\u{7f}", false),
    ("Ana\u{9b}31m", false),
    ("Ana\u{202e}moc.elpmaxe", false),
    ("Ana\u{2066}x", false),
    ("\u{feff}Ana", false),
    ("\tAna", false),
    ("", false),
    ("   ", false),
    ("Ana %0d%0aBcc: x@evil.example", true),
    ("Ana\\r\\nBcc: x@evil.example", true),
    ("Ana <x@evil.example>", true),
    ("\"Ana\" <x@evil.example>, y", true),
    ("Ana, Bcc: x@evil.example;", true),
    ("x@evil.example", true),
    ("=?utf-8?q?Ana=0D=0ABcc:_x?=", false),
    ("=?utf-8?b?QW5hDQpCY2M6IHg=?=", false),
    ("Ana \\\"Bcc\\\"", true),
    ("(Ana) comment", true),
    ("Jörg Müller", true),
    ("安娜 🦀👩‍👩‍👧‍👦", true),
    ("دانا كول", true),
    ("{{7*7}} <img src=x onerror=alert(1)>", true),
];

/// What a mail of ours has, and nothing else.
const HEADERS: [&str; 9] =
    ["message-id", "date", "from", "to", "subject", "auto-submitted", "reply-to", "mime-version", "content-type"];

fn assert_headers(bytes: &[u8], to_name: &str, reply_name: &str) {
    let parsed = MessageParser::default().parse(bytes).expect("a mail that parses");
    let mut names: Vec<String> = parsed.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect();
    names.sort();
    let mut expected = HEADERS.map(str::to_owned);
    expected.sort();
    assert_eq!(names, expected, "{to_name:?}");
    let one = |name: HeaderName<'static>| {
        let list = parsed.header(name).and_then(|value| value.as_address()).expect("an address header");
        let all: Vec<_> = list.iter().collect();
        assert_eq!(all.len(), 1, "{to_name:?}: one address");
        (all[0].name().unwrap_or_default().to_owned(), all[0].address().unwrap_or_default().to_owned())
    };
    assert_eq!(one(HeaderName::To), (to_name.to_owned(), "sam@example.net".to_owned()));
    assert_eq!(one(HeaderName::ReplyTo), (reply_name.to_owned(), "dana@example.com".to_owned()));
    assert_eq!(one(HeaderName::From), ("Convene".to_owned(), "invites@convene.example.com".to_owned()));
}

#[test]
fn names_are_refused_or_arrive_as_names() {
    for (name, is_name) in NAMES {
        let parsed = name.parse::<MailName>();
        assert_eq!(parsed.is_ok(), is_name, "{name:?}");
        let Ok(parsed) = parsed else { continue };
        let to = Recipient { name: parsed.clone(), ..sam() };
        let mut mail = outgoing(&Message::BookingConfirmed(crate::mail::wording::confirmed()), &to, 0);
        mail.reply_to = Some(Mailbox { address: "dana@example.com".parse().expect("an address"), name: Some(parsed) });
        assert_headers(&mail.to_mime(&sender()).expect("a mail").formatted(), name, name);
    }
}

#[test]
fn texts_in_a_subject_stay_in_it() {
    for (text, _) in NAMES {
        let mut notice = crate::mail::wording::booked();
        notice.candidate = text.to_owned();
        notice.meeting.interview_type = format!("{text}{text}");
        let mut mail = outgoing(&Message::CoordinatorNotice(notice), &sam(), 0);
        mail.reply_to = Some("Dana <dana@example.com>".parse().expect("a mailbox"));
        let bytes = mail.to_mime(&sender()).expect("a mail").formatted();
        assert_headers(&bytes, "Sam Candidate", "Dana");
        let parsed = MessageParser::default().parse(&bytes).expect("a mail that parses");
        // The invisible joiner that keeps look-alikes of encoded words from being decoded.
        let subject = parsed.subject().map(|subject| subject.replace('\u{2060}', ""));
        assert_eq!(subject.as_deref(), Some(mail.content.subject.as_str()), "{text:?}");
        assert!(!mail.content.html.contains("<img"), "{text:?} became an element");
    }
}

#[test]
fn addresses_are_one_plain_address() {
    for bad in [
        "",
        "sam",
        "@example.net",
        "sam@",
        "sam@example.net, x@evil.example",
        "sam@example.net\r\nBcc: x@evil.example",
        "sam@example.net\nRCPT TO:<x@evil.example>",
        "<sam@example.net>",
        "sam @example.net",
        "\"sam\"@example.net",
        "sam@[127.0.0.1]",
        "sam@127.0.0.1",
        "sam@example.net\u{2028}",
        "a@b@c.example",
        "sam@exam\u{202e}ple.net",
        "sam@example.net>",
        "sam(x)@example.net",
    ] {
        assert!(bad.parse::<MailAddress>().is_err(), "{bad:?} was accepted");
    }
    for good in
        ["sam@example.net", "sam+tag@example.net", "o'neil@example.net", "a@xn--exmple-4nf.com", "jörg@example.org"]
    {
        assert!(good.parse::<MailAddress>().is_ok(), "{good:?} was refused");
    }
}

#[test]
fn a_name_has_at_most_80_characters() {
    assert!("x".repeat(80).parse::<MailName>().is_ok());
    assert!("x".repeat(81).parse::<MailName>().is_err());
    assert!(format!("Z{}", "\u{301}".repeat(400)).parse::<MailName>().is_err());
    assert!(Recipient::new("sam@example.net", "Sam\r\nBcc: x@evil.example", Tz::UTC).is_err());
}
