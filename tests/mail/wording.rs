//! What the messages say: golden texts, and rules that hold for all of them.

use chrono_tz::Tz;
use convene::notifications::{
    Answered, AnsweredRequest, Asked, BookingCancelled, BookingConfirmed, BookingHeld, BookingLink, BookingMoved,
    CalendarDiffers, CalendarFailing, CalendarSays, CandidateDid, ConfirmAddress, ConnectCalendar, CoordinatorNotice,
    HeldReleased, InterviewerAnswered, InterviewerReminder, Meeting, Message, ReconnectNeeded, Reminder,
    WebhookSwitchedOff,
};

use crate::mail::support::{at, dana, golden, link, sam, span};
use crate::mail::tree::{cancelled, invitation, replaced, updated, withdrawn};

fn meeting() -> Meeting {
    Meeting {
        interview_type: "Backend engineer, first round".to_owned(),
        span: span("2027-03-09T14:00:00Z", "2027-03-09T14:45:00Z"),
        place: Some("https://meet.example.com/abc".to_owned()),
        coordinator: "Dana Cole".to_owned(),
        coordinator_zone: Tz::America__New_York,
    }
}

pub fn confirmed() -> BookingConfirmed {
    BookingConfirmed { meeting: meeting(), manage: link("https://convene.example.com/b/x") }
}

pub fn booked() -> CoordinatorNotice {
    notice(CandidateDid::Booked)
}

fn notice(what: CandidateDid) -> CoordinatorNotice {
    CoordinatorNotice {
        candidate: "Sam Candidate".to_owned(),
        meeting: meeting(),
        what,
        request: link("https://convene.example.com/requests/req_1"),
    }
}

fn connect(asked: Asked, until: Option<&str>) -> Message {
    Message::ConnectCalendar(ConnectCalendar {
        inviter: "Dana Cole".to_owned(),
        organisation: "Example GmbH".to_owned(),
        asked,
        interview: (asked == Asked::ToBeRead).then(|| "Backend engineer, first round".to_owned()),
        link: link("https://convene.example.com/invite/x"),
        until: until.map(at),
    })
}

fn differs(what: CalendarSays) -> Message {
    Message::CalendarDiffers(CalendarDiffers {
        candidate: "Sam Candidate".to_owned(),
        meeting: meeting(),
        calendar: "Google Calendar",
        owner: "Dana Cole".to_owned(),
        what,
        page: link("https://convene.example.com/requests/req_1/difference/dif_1"),
    })
}

/// Every message there is, with the name of its golden file and whether it goes to a candidate.
fn all() -> Vec<(&'static str, Message, bool)> {
    let before = span("2027-03-08T14:00:00Z", "2027-03-08T14:45:00Z");
    let manage = || link("https://convene.example.com/b/x");
    vec![
        ("connect-calendar", connect(Asked::ToBeRead, Some("2027-03-12T17:00:00Z")), false),
        ("connect-again", connect(Asked::ToReconnect, None), false),
        ("arrange", connect(Asked::ToArrange, Some("2027-03-12T17:00:00Z")), false),
        (
            "interviewer-answered",
            Message::InterviewerAnswered(InterviewerAnswered {
                interviewer: "Ben Okafor".to_owned(),
                how: Answered::Connected,
                requests: vec![
                    AnsweredRequest {
                        candidate: "Sam Candidate".to_owned(),
                        interview_type: "Coding".to_owned(),
                        times: 14,
                    },
                    AnsweredRequest { candidate: "Kim Lee".to_owned(), interview_type: "Design".to_owned(), times: 0 },
                ],
                link: link("https://convene.example.com/requests"),
            }),
            false,
        ),
        (
            "calendar-moved",
            differs(CalendarSays::Moved {
                to: Some(span("2027-03-09T17:00:00Z", "2027-03-09T17:45:00Z")),
                why: "Ben Okafor is busy then.".to_owned(),
            }),
            false,
        ),
        ("calendar-gone", differs(CalendarSays::Gone), false),
        ("calendar-collided", differs(CalendarSays::Collided { to: None, is_gone: false }), false),
        ("interviewer-declined", differs(CalendarSays::Declined { who: "Ben Okafor".to_owned() }), false),
        ("candidate-declined", differs(CalendarSays::CandidateDeclined), false),
        (
            "booking-link",
            Message::BookingLink(BookingLink {
                interview_type: "Backend engineer, first round".to_owned(),
                coordinator: "Dana Cole".to_owned(),
                organisation: "Example GmbH".to_owned(),
                interviewers: vec!["Ben Okafor".to_owned(), "Eva Lindqvist".to_owned()],
                minutes: 45,
                note: Some("Looking forward to it.\r\nNo preparation needed.".to_owned()),
                link: manage(),
                until: at("2027-03-12T17:00:00Z"),
            }),
            true,
        ),
        ("booking-confirmed", Message::BookingConfirmed(confirmed()), true),
        (
            "booking-moved",
            Message::BookingMoved(BookingMoved { meeting: meeting(), before, moved_by: None, manage: manage() }),
            true,
        ),
        (
            "booking-cancelled",
            Message::BookingCancelled(BookingCancelled {
                meeting: meeting(),
                cancelled_by: Some("Dana Cole".to_owned()),
                reason: Some("The position is filled.".to_owned()),
                book_again: None,
            }),
            true,
        ),
        (
            "booking-held",
            Message::BookingHeld(BookingHeld {
                meeting: meeting(),
                answer_by: at("2027-03-01T10:15:00Z"),
                manage: manage(),
            }),
            true,
        ),
        (
            "held-released",
            Message::HeldReleased(HeldReleased {
                meeting: meeting(),
                link: manage(),
                until: at("2027-03-12T17:00:00Z"),
            }),
            true,
        ),
        ("invitation", Message::Invitation(invitation()), true),
        ("invitation-updated", Message::InvitationUpdated(updated()), true),
        ("invitation-cancelled", Message::InvitationCancelled(cancelled()), true),
        ("invitation-withdrawn", Message::InvitationWithdrawn(withdrawn()), true),
        ("invitation-replaced", Message::InvitationReplaced(replaced()), true),
        ("coordinator-booked", Message::CoordinatorNotice(booked()), false),
        ("coordinator-moved", Message::CoordinatorNotice(notice(CandidateDid::Moved { before })), false),
        ("coordinator-cancelled", Message::CoordinatorNotice(notice(CandidateDid::Cancelled { reason: None })), false),
        (
            "coordinator-not-placed",
            Message::CoordinatorNotice(notice(CandidateDid::NotPlaced {
                reason: "Google says that this calendar may not be written to.".to_owned(),
            })),
            false,
        ),
        (
            "coordinator-not-removed",
            Message::CoordinatorNotice(notice(CandidateDid::NotRemoved {
                reason: "The calendar refused the event.".to_owned(),
            })),
            false,
        ),
        (
            "reconnect-needed",
            Message::ReconnectNeeded(ReconnectNeeded {
                provider: "Google Calendar".to_owned(),
                account: "dana@example.com".to_owned(),
                since: at("2027-03-01T10:00:00Z"),
                is_written: true,
                link: link("https://convene.example.com/settings/calendar"),
            }),
            false,
        ),
        (
            "calendar-failing",
            Message::CalendarFailing(CalendarFailing {
                person: "Ben Okafor".to_owned(),
                provider: "Google Calendar".to_owned(),
                reason: "The calendar did not answer.".to_owned(),
                since: at("2027-03-01T10:00:00Z"),
                link: link("https://convene.example.com/admin/sync"),
            }),
            false,
        ),
        (
            "webhook-switched-off",
            Message::WebhookSwitchedOff(WebhookSwitchedOff {
                host: "careers.example.com".to_owned(),
                since: at("2027-03-01T10:00:00Z"),
                link: link("https://convene.example.com/admin/api"),
            }),
            false,
        ),
        (
            "reminder",
            Message::Reminder(Reminder {
                meeting: Meeting { place: None, ..meeting() },
                join: Some(link("https://meet.example.com/abc")),
                manage: manage(),
                may_change: true,
            }),
            true,
        ),
        (
            "reminder-interviewer",
            Message::InterviewerReminder(InterviewerReminder {
                candidate: "Sam Candidate".to_owned(),
                meeting: Meeting { place: Some("Room 4".to_owned()), ..meeting() },
                join: None,
            }),
            false,
        ),
        (
            "confirm-address",
            Message::ConfirmAddress(ConfirmAddress {
                link: link("https://convene.example.com/settings?address=v1.x.y"),
                until: at("2027-03-02T10:00:00Z"),
            }),
            false,
        ),
    ]
}

#[test]
fn texts_are_the_golden_ones() {
    for (name, message, is_for_candidate) in all() {
        let to = if is_for_candidate { sam() } else { dana() };
        let mail = message.render(&to);
        golden(&format!("{name}.txt"), &format!("Subject: {}\n\n{}", mail.subject, mail.text));
    }
    let mail = Message::BookingConfirmed(confirmed()).render(&sam());
    golden("booking-confirmed.html", &mail.html);
    let late =
        Reminder { meeting: meeting(), join: None, manage: link("https://convene.example.com/b/x"), may_change: false };
    let mail = Message::Reminder(late).render(&sam());
    golden("reminder-late.txt", &format!("Subject: {}\n\n{}", mail.subject, mail.text));
}

#[test]
fn every_message_keeps_the_house_rules() {
    let mut kinds = Vec::new();
    for (name, message, is_for_candidate) in all() {
        let to = if is_for_candidate { sam() } else { dana() };
        let mail = message.render(&to);
        kinds.push(message.kind());
        assert!(!mail.text.contains('!'), "{name} shouts");
        assert!(mail.subject.chars().count() <= 180 && !mail.subject.is_empty());
        let zone = if is_for_candidate { "Berlin" } else { "New York" };
        let is_time =
            |word: &[u8]| matches!(word, [a, b, b':', c, d] if [a, b, c, d].iter().all(|d| d.is_ascii_digit()));
        let says_a_time = mail.text.as_bytes().windows(5).any(is_time);
        assert!(!says_a_time || mail.text.contains(zone), "{name} says a time without the reader's zone");
        assert!(
            // Who only interviews may have no page; they answer the mail.
            mail.text.contains("https://convene.example.com/")
                || name.contains("cancelled")
                || name.contains("withdrawn")
                || mail.text.contains("please answer this mail"),
            "{name} has no way on"
        );
        // Whatever the text says, the HTML says.
        for line in mail.text.lines().filter(|line| !line.is_empty() && *line != "-- ") {
            let words = line.split_once(": ").map_or(line, |(_, value)| value).trim_end_matches(':');
            let escaped = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            assert!(mail.html.contains(&escaped), "{name}: the HTML lacks {words:?}");
        }
        for forbidden in ["<img", "<script", "<link", "javascript:", "src=", "http://"] {
            assert!(!mail.html.contains(forbidden), "{name} has {forbidden}");
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), all().len(), "each kind has its own name");
}

#[test]
fn text_from_outside_is_escaped_in_html() {
    let hostile = "<img src=x onerror=\"alert('1')\">&amp;\u{202e}";
    let mut meeting = meeting();
    meeting.interview_type = hostile.to_owned();
    meeting.place = Some(format!("javascript:alert(1) {hostile}"));
    meeting.coordinator = hostile.to_owned();
    let message = BookingCancelled {
        meeting,
        cancelled_by: Some(hostile.to_owned()),
        reason: Some(hostile.to_owned()),
        book_again: Some(link("https://convene.example.com/b/x?a=1&b=%22")),
    };
    let mail = Message::BookingCancelled(message).render(&sam());
    assert!(!mail.html.contains("<img") && !mail.html.contains("href=\"javascript"));
    assert!(mail.html.contains("&lt;img src=x onerror=&quot;alert('1')&quot;&gt;&amp;amp;"));
    assert!(mail.html.contains("href=\"https://convene.example.com/b/x?a=1&amp;b=%22\""));
    assert!(!mail.html.contains('\u{202e}') && !mail.text.contains('\u{202e}') && !mail.subject.contains('\u{202e}'));
}

#[test]
fn the_second_zone_is_named_only_when_clocks_differ() {
    let text = |zone| {
        let mut message = confirmed();
        message.meeting.coordinator_zone = zone;
        Message::BookingConfirmed(message).render(&sam()).text
    };
    assert!(text(Tz::America__New_York).contains("For Dana Cole: Tue 9 March, 09:00-09:45, New York"));
    assert!(!text(Tz::Europe__Paris).contains("For Dana Cole"));
}
