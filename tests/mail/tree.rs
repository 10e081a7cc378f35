//! The MIME tree, as another parser sees it.

use chrono_tz::Tz;
use convene::{
    calendars::ical::Method,
    notifications::{
        Invitation, InvitationCancelled, InvitationReplaced, InvitationUpdated, InvitationWithdrawn, Meeting, Message,
    },
};
use mail_parser::{Message as Parsed, MessageParser, MimeHeaders, PartType};

use crate::mail::support::{event, golden, link, outgoing, sam, sender, span};

pub fn invitation() -> Invitation {
    Invitation {
        event: event(Method::Request),
        coordinator: "Dana Cole".to_owned(),
        coordinator_zone: Tz::America__New_York,
        manage: Some(link("https://convene.example.com/b/x")),
    }
}

pub fn updated() -> InvitationUpdated {
    let mut event = event(Method::Request);
    let before = event.span;
    event.sequence = 1;
    event.dtstamp = crate::mail::support::at("2027-03-02T10:00:00Z");
    event.span = span("2027-03-10T14:00:00Z", "2027-03-10T14:45:00Z");
    InvitationUpdated {
        event,
        before: Some(before),
        coordinator: "Dana Cole".to_owned(),
        coordinator_zone: Tz::America__New_York,
        manage: Some(link("https://convene.example.com/b/x")),
    }
}

pub fn cancelled() -> InvitationCancelled {
    let updated = updated();
    let mut event = updated.event;
    event.sequence = 2;
    event.dtstamp = crate::mail::support::at("2027-03-03T10:00:00Z");
    InvitationCancelled {
        event,
        coordinator: "Dana Cole".to_owned(),
        coordinator_zone: Tz::America__New_York,
        cancelled_by: Some("Dana Cole".to_owned()),
        reason: Some("The position is filled.".to_owned()),
        book_again: None,
    }
}

pub fn withdrawn() -> InvitationWithdrawn {
    let InvitationCancelled { event, coordinator, coordinator_zone, .. } = cancelled();
    InvitationWithdrawn { event, coordinator, coordinator_zone }
}

pub fn replaced() -> InvitationReplaced {
    let Invitation { event, coordinator, coordinator_zone, manage } = invitation();
    let (interview_type, place) = (event.summary.clone(), event.location.clone());
    let meeting = Meeting { interview_type, span: event.span, place, coordinator, coordinator_zone };
    InvitationReplaced { event: Some(event), meeting, manage }
}

fn kind(message: &Parsed, part: u32) -> String {
    let kind = message.part(part).and_then(|part| part.content_type()).expect("a content type");
    format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default())
}

fn children(message: &Parsed, part: u32) -> Vec<u32> {
    match &message.part(part).expect("a part").body {
        PartType::Multipart(parts) => parts.to_vec(),
        _ => panic!("part {part} is no multipart"),
    }
}

#[test]
fn an_invitation_is_a_calendar_part_and_an_attachment() {
    for (message, method) in [
        (Message::Invitation(invitation()), "REQUEST"),
        (Message::InvitationUpdated(updated()), "REQUEST"),
        (Message::InvitationCancelled(cancelled()), "CANCEL"),
        (Message::InvitationWithdrawn(withdrawn()), "CANCEL"),
        (Message::InvitationReplaced(replaced()), "REQUEST"),
    ] {
        let mail = outgoing(&message, &sam(), 0);
        let bytes = mail.to_mime(&sender()).expect("a mail").formatted();
        let parsed = MessageParser::default().parse(&bytes).expect("a mail that parses");

        assert_eq!(kind(&parsed, 0), "multipart/mixed");
        let [alternative, attachment] = children(&parsed, 0)[..] else { panic!("two parts in mixed") };
        assert_eq!(kind(&parsed, alternative), "multipart/alternative");
        let [plain, html, calendar] = children(&parsed, alternative)[..] else { panic!("three alternatives") };
        assert_eq!(kind(&parsed, plain), "text/plain");
        assert_eq!(kind(&parsed, html), "text/html");
        assert_eq!(kind(&parsed, calendar), "text/calendar", "last, so that mail programs choose it");
        assert_eq!(kind(&parsed, attachment), "application/ics");

        let ics = &mail.content.ics.as_ref().expect("a calendar object").1;
        let calendar = parsed.part(calendar).expect("the calendar part");
        let parameter = |name: &str| calendar.content_type().and_then(|kind| kind.attribute(name));
        assert_eq!(parameter("method"), Some(method));
        assert!(parameter("charset").is_some_and(|charset| charset.eq_ignore_ascii_case("UTF-8")));
        assert!(calendar.content_disposition().is_none_or(|disposition| !disposition.is_attachment()));
        assert_eq!(ics.matches(&format!("\r\nMETHOD:{method}\r\n")).count(), 1);
        assert_eq!(ics.matches("\r\nMETHOD:").count(), 1);
        assert_eq!(calendar.contents(), ics.as_bytes(), "the calendar part arrives byte by byte");
        let attachment = parsed.part(attachment).expect("the attachment");
        assert_eq!(attachment.contents(), ics.as_bytes(), "and so does the attachment");
        assert!(attachment.content_disposition().is_some_and(|disposition| disposition.is_attachment()));
        assert_eq!(attachment.attachment_name(), Some("invite.ics"));
        assert_eq!(
            parsed.body_text(0).map(|text| text.replace("\r\n", "\n")).as_deref(),
            Some(mail.content.text.as_str())
        );
        assert!(bytes.len() < 100_000);
    }
}

#[test]
fn a_mail_without_a_calendar_object_has_none() {
    let message = Message::BookingConfirmed(crate::mail::wording::confirmed());
    let bytes = outgoing(&message, &sam(), 0).to_mime(&sender()).expect("a mail").formatted();
    let parsed = MessageParser::default().parse(&bytes).expect("a mail that parses");
    assert_eq!(kind(&parsed, 0), "multipart/alternative");
    let kinds: Vec<String> = children(&parsed, 0).into_iter().map(|part| kind(&parsed, part)).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
}

#[test]
fn the_whole_mail_is_the_golden_one() {
    let mail = outgoing(&Message::Invitation(invitation()), &sam(), 0);
    let bytes = mail.to_mime(&sender()).expect("a mail").formatted();
    golden("invitation.eml", std::str::from_utf8(&bytes).expect("ASCII"));
}

#[test]
fn no_text_can_end_a_part() {
    let mut message = invitation();
    let id = outgoing(&Message::Invitation(message.clone()), &sam(), 0).id;
    let digest = id.to_string().trim_start_matches('<').split('@').next().expect("a digest").to_owned();
    message.event.summary = format!("x\r\n--=_alt_{digest}--\r\n--=_mix_{digest}--");
    message.event.description = format!("--=_alt_{digest}--\n--=_mix_{digest}\nContent-Type: text/html\n\n<b>");
    let bytes = outgoing(&Message::Invitation(message), &sam(), 0).to_mime(&sender()).expect("a mail").formatted();
    let parsed = MessageParser::default().parse(&bytes).expect("a mail that parses");
    assert_eq!(children(&parsed, 0).len(), 2);
    assert_eq!(children(&parsed, children(&parsed, 0)[0]).len(), 3);
}
