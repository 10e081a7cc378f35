//! Events that appear late, that somebody deletes by hand, that cannot be placed at all; and who hears of it.

use chrono::TimeDelta;
use convene::{
    audit::Origin,
    booking::{
        again, difference,
        list::{self, NotPlaced, Standing},
        outside::decide::{self, Decision},
    },
    calendars::{CalendarError, memory::Action},
    events,
    ids::BookingId,
    notifications::email::MailError,
    outbox::{self, Job, Outlook, Reason},
    store::words::JobStatus,
    sync,
};

use crate::story::{ANA, Asked, TestApp, stories};

const BEN: &str = "ben@example.com";

/// An interview whose event the worker has not placed yet.
async fn booked(app: &TestApp) -> (Asked, BookingId) {
    app.ana_connects().await;
    app.connected(&[BEN]).await;
    let asked = app.asks(|_| ()).await;
    let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    (asked, booking.id)
}

async fn standing(app: &TestApp, asked: &Asked) -> Standing {
    let line = list::line(app.store().reader(), app.org, asked.id, app.now()).await.expect("the store answers");
    line.expect("a request of this organisation").standing
}

async fn try_again(app: &TestApp) {
    let letters = outbox::dead_letters(app.store().reader(), app.org, 10).await.expect("letters");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(again::try_again(&app.state, &app.ana, letters[0].id, &Origin::default()).await.expect("asked"));
}

async fn removed(app: &TestApp, booking: BookingId) -> bool {
    app.placement_of(&app.event_of(booking).await).await.removed_at.is_some()
}

async fn audited(app: &TestApp, action: &str) -> i64 {
    app.rows(&format!("audit_log WHERE action = '{action}'")).await
}

async fn told(app: &TestApp, kind: &str) -> Vec<String> {
    let sent = app.messages().await.into_iter().filter(|row| row.kind == kind);
    let letter = |row| convene::notifications::body(&app.state.keys, &row).expect("it opens").text;
    sent.inspect(|row| assert_eq!(row.to_email, ANA)).map(letter).collect()
}

stories! {
    async fn an_event_that_appears_after_its_cancellation_is_removed(app) {
        let (asked, booking) = booked(&app).await;
        app.google.delay_next_put();
        app.work().await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        assert!(!removed(&app, booking).await, "nothing is there, but something is under way");
        app.google.what_is_late_arrives().await;
        assert_eq!(app.on_calendar().len(), 1, "now it stands there");
        app.passes(TimeDelta::minutes(2));
        app.waits_end().await;
        app.work().await;
        assert!(app.on_calendar().is_empty() && removed(&app, booking).await);
        app.all_is_well().await;
    }

    async fn an_event_that_never_appears_is_looked_for_twice_more(app) {
        let (asked, booking) = booked(&app).await;
        app.google.delay_next_put();
        app.work().await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        for minutes in [2, 13] {
            assert!(!removed(&app, booking).await);
            let waits = &app.jobs_with(JobStatus::Queued).await[0];
            let wait = waits.run_at.at() - app.store().now().await.expect("now");
            assert!(wait > TimeDelta::minutes(minutes - 1) && wait <= TimeDelta::minutes(minutes), "{wait}");
            app.passes(TimeDelta::minutes(minutes));
            app.waits_end().await;
            app.work().await;
        }
        assert!(removed(&app, booking).await, "what has not appeared by now was never taken");
        app.all_is_well().await;
    }

    async fn what_was_refused_is_not_looked_for(app) {
        let (asked, booking) = booked(&app).await;
        app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        app.work().await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        assert!(removed(&app, booking).await, "nothing was written, so nothing can appear");
        app.all_is_well().await;
    }

    async fn an_event_deleted_by_hand_is_not_made_anew_by_a_change(app) {
        let (asked, booking) = booked(&app).await;
        app.work().await;
        let first = app.on_calendar().remove(0).placed;
        app.google.delete_by_hand(ANA, &first);
        app.passes(TimeDelta::minutes(5));
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        assert!(app.on_calendar().is_empty(), "somebody deleted it, perhaps on purpose");
        assert_eq!(app.rows("differences WHERE settled_at IS NULL AND kind = 'collided'").await, 1, "and is asked");
        let open = difference::of_request(app.store().reader(), app.org, asked.id).await.expect("read").remove(0);
        let which = (asked.id, open.id);
        decide::decide(&app.state, &app.ana, which, &open.shown(), Decision::Ours, &Origin::default()).await.expect("decided");
        app.work().await;
        let second = app.on_calendar().remove(0);
        assert_ne!(second.placed.provider_id, first.provider_id);
        assert_eq!(second.span.map(|span| span.start()), Some(app.time(1, "10:00")));
        assert_eq!(app.placement_of(&app.event_of(booking).await).await.generation, 1);
        app.all_is_well().await;
    }

    async fn a_calendar_that_refuses_for_good_is_told_to_the_coordinator(app) {
        let (asked, _) = booked(&app).await;
        app.google.fail_next(Action::Put, CalendarError::Rejected("400 badRequest".into()));
        app.work().await;
        let letters = told(&app, "coordinator_not_placed").await;
        assert!(letters.len() == 1 && letters[0].contains(Reason::Rejected.sentence()), "{letters:?}");
        assert!(!letters[0].contains("badRequest"), "a provider's words are for the log");
        try_again(&app).await;
        app.work().await;
        app.google.fail_next(Action::Cancel, CalendarError::Rejected("400 badRequest".into()));
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        assert_eq!(told(&app, "coordinator_not_removed").await.len(), 1);
        assert_eq!(audited(&app, "event.remove_failed").await, 1);
    }

    async fn who_is_at_it_is_said_as_it_is(app) {
        let (asked, _) = booked(&app).await;
        app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        app.work().await;
        let expected = |reason, outlook| Standing::NotInCalendar(NotPlaced::Failed(reason, Some(outlook)));
        assert_eq!(standing(&app, &asked).await, expected(Reason::Unavailable, Outlook::Trying));
        app.google.revoke(ANA);
        app.waits_end().await;
        app.work().await;
        assert_eq!(standing(&app, &asked).await, expected(Reason::SignInExpired, Outlook::Waiting));
    }

    async fn a_mail_given_up_has_failed(app) {
        let (_, _) = booked(&app).await;
        app.run("UPDATE jobs SET status = 'done' WHERE kind = 'place_event'").await;
        let full = || MailError::Transient { code: 451, retry_after: None, detail: "mailbox of priya@example.net is full".into() };
        app.mail.fail_next(full());
        app.mail.fail_next(full());
        app.work().await;
        assert_eq!(app.rows("messages WHERE status = 'queued'").await, 2, "tried again");
        app.run(&format!("UPDATE jobs SET created_at = created_at - {}", 73 * 3_600_000)).await;
        app.mail.fail_next(full());
        app.mail.fail_next(full());
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.rows("messages WHERE status = 'failed' AND last_error = 'mail_deferred'").await, 2);
        assert_eq!(audited(&app, "message.failed").await, 4, "every try");
    }

    async fn every_mail_handed_over_is_in_the_audit_log(app) {
        let (_, _) = booked(&app).await;
        app.work().await;
        assert_eq!(audited(&app, "message.sent").await, app.mail.sent().len() as i64);
    }

    async fn the_uid_of_an_event_is_the_one_it_is_mailed_under(app) {
        let (_, booking) = booked(&app).await;
        let uid = async || {
            let event = app.event_of(booking).await;
            events::mailed_uid(app.store().reader(), &event).await.expect("the store answers")
        };
        assert_eq!(uid().await, None, "nobody knows yet");
        app.work().await;
        assert_eq!(uid().await, app.on_calendar().remove(0).placed.ical_uid);
    }

    async fn what_was_read_before_an_event_was_placed_is_forgotten(app) {
        let (asked, _) = booked(&app).await;
        app.connected(&[ANA]).await;
        let before = app.rows("busy_reads").await;
        app.offered(&asked).await;
        app.run("UPDATE jobs SET status = 'done' WHERE kind <> 'place_event'").await;
        let ana = app.ana_connects().await;
        let window = "window_start, window_end, intervals, read_at";
        let (id, org) = (app.uuid(ana.id.uuid()), app.uuid(app.org.uuid()));
        app.run(&format!("INSERT INTO busy_reads (connection_id, calendar, org_id, {window}) VALUES ({id}, 'primary', {org}, 0, 1, '[]', 0)")).await;
        app.work().await;
        assert_eq!(app.rows(&format!("busy_reads WHERE connection_id = {id}")).await, 0, "{before} at first");
    }

    async fn no_job_touches_another_organisation(app) {
        let (_, booking) = booked(&app).await;
        let event = app.event_of(booking).await;
        let other = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
        sync::place_event(&app.state, other, event.id).await.expect("there is no such event there");
        assert!(app.google.events(ANA).is_empty());
        let txn = app.store().begin().await.expect("a write");
        outbox::enqueue(&txn, other, &Job::PlaceEvent { event: event.id }, app.now()).await.expect("promised");
        txn.commit().await.expect("committed");
        let ours = app.jobs().await.into_iter().filter(|job| job.org_id == app.org && job.kind == "place_event");
        assert!(ours.map(|job| job.status).eq([JobStatus::Queued]), "theirs supersedes nothing of ours");
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1);
    }
}
