//! Who invites: the calendar the event stands on, or our own mail, and never both.

use std::sync::Arc;

use convene::{
    audit::Origin,
    booking::change::{self, Mover},
};

use crate::story::{ANA, stories};

const BEN: &str = "ben@example.com";
const PRIYA: &str = "priya@example.net";

stories! {
    async fn without_a_write_calendar_everybody_gets_our_invitation(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let uid = app.event_of(booking.id).await.uid;
        assert_eq!(people_of(&app, "REQUEST", &uid, 0), [ANA, BEN, PRIYA]);
        let sent = app.mail.sent();
        let (_, ics) = sent.iter().find_map(|mail| mail.content.ics.as_ref()).expect("an object");
        let unfolded = ics.replace("\r\n ", "");
        assert_eq!(unfolded.matches("ATTENDEE").count(), 3, "{unfolded}");
        assert!(unfolded.contains("ORGANIZER") && unfolded.contains("mailto:interviews@example.com"), "{unfolded}");

        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        assert_eq!(people_of(&app, "REQUEST", &uid, 1), [ANA, BEN, PRIYA]);
        app.candidate_cancels(&asked).await.expect("cancelled");
        app.work().await;
        assert_eq!(people_of(&app, "CANCEL", &uid, 2), [ANA, BEN, PRIYA]);
        assert_eq!(app.objects().len(), 9, "three mails to three people: {:?}", app.objects());
        // Nobody hears of a cancellation before the invitation.
        for who in [ANA, BEN, PRIYA] {
            let theirs: Vec<_> = app.objects().into_iter().filter(|(.., to)| to == who).map(|(_, _, n, _)| n).collect();
            assert_eq!(theirs, [0, 1, 2], "{who}");
        }
        assert!(app.google.notices().is_empty() && app.google.events(ANA).is_empty());
        app.all_is_well().await;
    }

    async fn a_coordinator_without_an_address_is_not_written_to(app) {
        app.connected(&[BEN]).await;
        app.run(&format!("UPDATE people SET email = 'per_1@no-address.invalid' WHERE email = '{ANA}'")).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.candidate_cancels(&asked).await.expect("cancelled");
        app.work().await;
        let uid = app.event_of(booking.id).await.uid;
        assert_eq!(people_of(&app, "REQUEST", &uid, 0), [BEN, PRIYA]);
        assert_eq!(app.objects().len(), 6, "three mails to two people: {:?}", app.objects());
        assert_eq!(app.rows("messages WHERE to_email LIKE '%invalid' OR reply_to LIKE '%invalid'").await, 0);
        assert_eq!(app.rows("event_participants WHERE email LIKE '%invalid'").await, 0);
        for mail in app.mail.sent() {
            let ics = mail.content.ics.as_ref().map(|(_, ics)| ics.replace("\r\n ", "")).unwrap_or_default();
            assert!(!format!("{} {} {ics}", mail.content.text, mail.content.html).contains("no-address"), "{ics}");
        }
    }

    async fn the_organizer_stays_whatever_the_sender_becomes(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let mut later = app.state.clone();
        let mut config = (*later.config).clone();
        config.mail.from = "Jobs <jobs@example.org>".parse().expect("a mailbox");
        later.config = Arc::new(config);
        change::cancel(&later, &Mover::coordinator(&app.ana, asked.id), "", &Origin::default()).await.expect("cancelled");
        app.work().await;
        let objects: Vec<_> = app.mail.sent().into_iter().filter_map(|mail| mail.content.ics).collect();
        assert_eq!(objects.len(), 6, "three people invited and uninvited");
        for (method, ics) in objects {
            assert!(ics.replace("\r\n ", "").contains("mailto:interviews@example.com"), "{method} {ics}");
        }
    }

    async fn with_a_write_calendar_our_mail_carries_no_invitation(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        app.candidate_cancels(&asked).await.expect("cancelled");
        app.work().await;
        assert!(app.objects().is_empty());
        assert_eq!(app.google.notices().len(), 6, "Ben and Priya three times: {:?}", app.google.notices());
        let to_ben = app.mailed().await.into_iter().filter(|(_, to)| to == BEN).count();
        assert_eq!(to_ben, 0, "the provider wrote to him");
        app.all_is_well().await;
    }

    async fn on_a_calendar_that_does_not_invite_our_mail_does(app) {
        app.connect_by_password(ANA).await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let uid = app.event_of(booking.id).await.uid;
        let standing = || app.google.events(ANA).into_iter().filter(|one| !one.cancelled).map(|one| one.span).collect::<Vec<_>>();
        assert_eq!(standing(), [Some(booking.span)]);
        // Ana has it on her calendar from us, and needs no invitation to it.
        assert_eq!(people_of(&app, "REQUEST", &uid, 0), [BEN, PRIYA]);
        let sent = app.mail.sent();
        let (_, ics) = sent.iter().find_map(|mail| mail.content.ics.as_ref()).expect("an object");
        assert!(ics.replace("\r\n ", "").contains("mailto:interviews@example.com"), "organised by our address: {ics}");

        let moved = app.time(1, "10:00");
        app.candidate_moves(&asked, moved).await.expect("moved");
        app.work().await;
        assert_eq!(standing().into_iter().flatten().map(|span| span.start()).collect::<Vec<_>>(), [moved], "moved in place");
        assert_eq!(people_of(&app, "REQUEST", &uid, 1), [BEN, PRIYA]);
        app.candidate_cancels(&asked).await.expect("cancelled");
        app.work().await;
        assert_eq!(standing(), []);
        assert_eq!(people_of(&app, "CANCEL", &uid, 2), [BEN, PRIYA]);
        assert_eq!(app.objects().len(), 6, "{:?}", app.objects());
        assert!(app.google.notices().is_empty(), "the provider told nobody: {:?}", app.google.notices());
        app.all_is_well().await;
    }

    async fn who_no_longer_sits_gets_a_cancellation(app) {
        let eva = "eva@example.com";
        app.connected(&[BEN, eva]).await;
        let asked = app.asks(|draft| (draft.interviewers, draft.any_of) = (format!("{BEN} {eva}"), "1".into())).await;
        let (ten, two) = (app.time(0, "10:00"), app.time(0, "14:00"));
        // Only Ben can at ten, only Eva at two.
        app.busy(eva, ten, 45);
        app.busy(BEN, two, 45);
        let booking = app.book(&asked, ten).await.expect("booked");
        app.ana_moves(&asked, two).await.expect("moved");
        app.work().await;
        let uid = app.event_of(booking.id).await.uid;
        assert_eq!(people_of(&app, "REQUEST", &uid, 1), [ANA, eva, PRIYA]);
        assert_eq!(people_of(&app, "CANCEL", &uid, 1), [BEN]);
        app.all_is_well().await;
    }

    async fn a_coordinator_who_interviews_is_invited_once_by_mail(app) {
        let asked = app.asks(|draft| {
            draft.interviewers = ANA.into();
            (draft.unknown_start, draft.unknown_end) = ("09:00".into(), "17:00".into());
        }).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        assert_eq!(app.objects().len(), 2, "Ana and Priya: {:?}", app.objects());
        let sent = app.mail.sent();
        let (_, ics) = sent.iter().find_map(|mail| mail.content.ics.as_ref()).expect("an object");
        assert_eq!(ics.replace("\r\n ", "").matches("ATTENDEE").count(), 2, "{ics}");
    }

    async fn connecting_later_does_not_change_who_invites(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        app.ana_connects().await;
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        assert!(app.google.events(ANA).is_empty(), "invited by mail, moved by mail");
        assert_eq!(app.objects().len(), 6);
        app.all_is_well().await;
    }
}

/// Who got this object, sorted.
pub fn people_of(app: &crate::story::TestApp, method: &str, uid: &str, sequence: u32) -> Vec<String> {
    let objects = app.objects().into_iter();
    let these = objects.filter(|(m, u, s, _)| (m.as_str(), u.as_str(), *s) == (method, uid, sequence));
    let mut to: Vec<_> = these.map(|(.., to)| to).collect();
    to.sort();
    to
}
