//! Providers and mail servers that refuse, forget or ask for time.

use std::time::Duration;

use chrono::TimeDelta;
use convene::{
    booking::timeline::What,
    calendars::{CalendarError, memory::Action},
    notifications::email::MailError,
    outbox::{self, Claimed, JobError, Reason},
    store::words::JobStatus,
    worker,
};

use crate::story::{ANA, Asked, TestApp, stories};

const BEN: &str = "ben@example.com";

/// A booked interview whose event the worker has not placed yet.
async fn booked(app: &TestApp) -> Asked {
    app.ana_connects().await;
    app.connected(&[BEN]).await;
    let asked = app.asks(|_| ()).await;
    app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    asked
}

stories! {
    async fn a_429_is_obeyed(app) {
        booked(&app).await;
        let wait = Some(Duration::from_secs(600));
        app.google.fail_next(Action::Put, CalendarError::RateLimited { retry_after: wait });
        app.work().await;
        let queued = app.jobs_with(JobStatus::Queued).await;
        assert_eq!((queued.len(), queued[0].kind.as_str(), queued[0].attempts), (1, "place_event", 1));
        let in_seconds = (queued[0].run_at.at() - app.store().now().await.expect("now")).num_seconds();
        assert!((500..=600).contains(&in_seconds), "{in_seconds}");
        assert_eq!(app.work().await, 0, "not before the time we were told");
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1);
        app.all_is_well().await;
    }

    async fn being_told_to_come_back_at_once_still_backs_off(app) {
        booked(&app).await;
        // After ten failures the back-off is minutes on average; the database's clock is asked a moment later.
        app.run("UPDATE jobs SET attempts = 10 WHERE kind = 'place_event'").await;
        app.run("UPDATE jobs SET run_at = 0").await;
        app.google.fail_next(Action::Put, CalendarError::RateLimited { retry_after: Some(Duration::ZERO) });
        app.work().await;
        let queued = app.jobs_with(JobStatus::Queued).await;
        assert_eq!((queued.len(), queued[0].attempts), (1, 11), "tried once, not in a loop");
    }

    async fn an_absurd_retry_after_is_a_day_at_most(app) {
        booked(&app).await;
        let wait = Some(Duration::from_secs(400 * 24 * 3600));
        app.google.fail_next(Action::Put, CalendarError::RateLimited { retry_after: wait });
        app.work().await;
        let queued = app.jobs_with(JobStatus::Queued).await;
        assert!(queued[0].run_at.at() - app.store().now().await.expect("now") <= TimeDelta::days(1));
    }

    async fn a_provider_that_is_down_is_asked_again(app) {
        let asked = booked(&app).await;
        for _ in 0..5 {
            app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
            app.waits_end().await;
            app.work().await;
        }
        let queued = app.jobs_with(JobStatus::Queued).await;
        assert_eq!(queued[0].attempts, 5);
        assert!(app.timeline(&asked).await.iter().any(|what| matches!(what, What::CalendarFailed { .. })));
        app.waits_end().await;
        app.work().await;
        assert!(app.timeline(&asked).await.contains(&What::InCalendar));
        app.all_is_well().await;
    }

    async fn an_answer_that_is_lost_makes_no_second_event(app) {
        booked(&app).await;
        for _ in 0..3 {
            app.google.lose_next_answer(Action::Put);
            app.waits_end().await;
            app.work().await;
        }
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.google.events(ANA).len(), 1);
        assert_eq!(app.google.notices().len(), 2, "Ben and the candidate were invited once");
        app.all_is_well().await;
    }

    async fn a_removal_whose_answer_is_lost_is_done_once(app) {
        let asked = booked(&app).await;
        app.work().await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.google.lose_next_answer(Action::Cancel);
        app.work().await;
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.google.notices().len(), 4, "two invitations, two cancellations");
        app.all_is_well().await;
    }

    async fn an_expired_sign_in_parks_jobs_until_reconnected(app) {
        let asked = booked(&app).await;
        app.google.revoke(ANA);
        app.work().await;
        let parked = app.jobs_with(JobStatus::Parked).await;
        assert_eq!((parked.len(), parked[0].attempts), (1, 0), "waiting for a person is no attempt");
        let mailed = app.mailed().await;
        assert_eq!(mailed.iter().filter(|(kind, _)| kind == "reconnect_needed").count(), 1, "{mailed:?}");
        // It stays parked however often the worker comes, and what is new waits behind it.
        app.waits_end().await;
        assert_eq!(app.work().await, 0);
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved meanwhile");
        app.work().await;
        assert_eq!(app.jobs_with(JobStatus::Parked).await.len(), 1, "only the newest intent waits");
        // Four days later Ana reconnects; a first failure then is no reason to give up.
        app.run(&format!("UPDATE jobs SET created_at = created_at - {} WHERE status = 'parked'", 4 * 24 * 3_600_000)).await;
        app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        app.ana_connects().await;
        app.work().await;
        app.waits_end().await;
        app.work().await;
        let placed = app.on_calendar();
        assert_eq!((placed.len(), placed[0].span.map(|span| span.start())), (1, Some(app.time(1, "10:00"))));
        app.all_is_well().await;
    }

    async fn a_job_parked_after_its_connection_was_mended_runs_again(app) {
        booked(&app).await;
        app.run("UPDATE jobs SET status = 'done' WHERE kind <> 'place_event'").await;
        app.waits_end().await;
        let job = Claimed::next(app.store(), "slow").await.expect("the store answers").expect("a job");
        // It met an expired sign-in, and before that is recorded Ana has signed in again.
        let mended = app.ana_connects().await;
        let txn = app.store().begin().await.expect("a write");
        let expired = JobError::Park { connection: mended.id, reason: Reason::SignInExpired };
        job.failed(&txn, &expired).await.expect("answered");
        txn.commit().await.expect("committed");
        assert!(app.jobs_with(JobStatus::Parked).await.is_empty());
        app.waits_end().await;
        app.work().await;
        app.all_is_well().await;
        assert_eq!(app.on_calendar().len(), 1);
    }

    async fn the_sweep_wakes_what_waits_for_a_connection_that_works(app) {
        let asked = booked(&app).await;
        app.google.revoke(ANA);
        app.work().await;
        worker::sweep(&app.state).await.expect("swept");
        assert_eq!(app.jobs_with(JobStatus::Parked).await.len(), 1, "it does not work yet");
        app.run("UPDATE jobs SET status = 'dead' WHERE status = 'parked'").await;
        app.ana_connects().await;
        app.run("UPDATE jobs SET status = 'parked' WHERE status = 'dead'").await;
        worker::sweep(&app.state).await.expect("swept");
        app.work().await;
        assert!(app.timeline(&asked).await.contains(&What::InCalendar));
        app.all_is_well().await;
    }

    async fn a_cancellation_while_parked_ends_in_nothing(app) {
        let asked = booked(&app).await;
        app.google.revoke(ANA);
        app.work().await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        app.ana_connects().await;
        app.work().await;
        assert!(app.google.events(ANA).is_empty());
        app.all_is_well().await;
    }

    async fn what_is_rejected_becomes_a_dead_letter_that_can_be_revived(app) {
        let asked = booked(&app).await;
        app.google.fail_next(Action::Put, CalendarError::Rejected("400 badRequest".into()));
        app.work().await;
        let letters = outbox::dead_letters(app.store().reader(), app.org, 10).await.expect("letters");
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].reason, Reason::Rejected, "in our words, not in the provider's");
        assert!(app.timeline(&asked).await.iter().any(|what| matches!(what, What::CalendarFailed { .. })));
        app.waits_end().await;
        assert_eq!(app.work().await, 0);

        let other = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
        let txn = app.store().begin().await.expect("a write");
        assert!(outbox::revive(&txn, other, letters[0].id).await.expect("asked").is_none(), "not theirs");
        assert!(outbox::revive(&txn, app.org, letters[0].id).await.expect("asked").is_some());
        txn.commit().await.expect("committed");
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1);
        app.all_is_well().await;
    }

    async fn three_days_of_failure_are_enough(app) {
        booked(&app).await;
        let two_days = format!("UPDATE jobs SET created_at = created_at - {} WHERE kind = 'place_event'", 48 * 3_600_000);
        app.run(&two_days).await;
        app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        app.work().await;
        assert_eq!(app.jobs_with(JobStatus::Dead).await.len(), 0, "two days are not");
        app.run(&two_days).await;
        app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.jobs_with(JobStatus::Dead).await.len(), 1);
    }

    async fn an_invitation_that_waits_keeps_its_cancellation_waiting(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let full = || MailError::Transient { code: 451, retry_after: None, detail: "full".into() };
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        for _ in 0..2 {
            app.mail.fail_next(full());
        }
        app.work().await;
        let before = app.objects().len();
        assert!(before < 3, "some invitations wait");
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        let waiting = app.jobs_with(JobStatus::Queued).await;
        assert!(waiting.len() >= 2, "the cancellation waits behind the invitation");
        app.waits_end().await;
        app.work().await;
        for who in [ANA, BEN, "priya@example.net"] {
            let theirs: Vec<_> = app.objects().into_iter().filter(|(.., to)| to == who).map(|(m, ..)| m).collect();
            assert_eq!(theirs, ["REQUEST", "CANCEL"], "{who}");
        }
        app.all_is_well().await;
    }

    async fn an_invitation_tried_again_after_its_cancellation_is_dropped(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        for _ in 0..4 {
            app.mail.fail_next(MailError::Permanent { code: Some(550), detail: "no such user".into() });
        }
        app.work().await;
        let letters = outbox::dead_letters(app.store().reader(), app.org, 10).await.expect("letters");
        assert!(letters.len() >= 3, "every invitation: {letters:?}");
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        let txn = app.store().begin().await.expect("a write");
        for letter in letters {
            assert!(outbox::revive(&txn, app.org, letter.id).await.expect("asked").is_some());
        }
        txn.commit().await.expect("committed");
        app.work().await;
        let methods: Vec<_> = app.objects().into_iter().map(|(method, ..)| method).collect();
        assert!(!methods.is_empty() && methods.iter().all(|method| method == "CANCEL"), "{methods:?}");
        app.all_is_well().await;
    }

    async fn a_mail_without_receipt_is_sent_again_under_the_same_id(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.mail.fail_next(MailError::UnknownOutcome { detail: "cut".into() });
        app.work().await;
        app.waits_end().await;
        app.work().await;
        let ids: Vec<_> = app.mail.sent().iter().map(|mail| mail.id.to_string()).collect();
        let stored: Vec<_> = app.messages().await.into_iter().map(|row| row.message_id).collect();
        assert_eq!(ids.len(), stored.len());
        assert!(ids.iter().all(|id| stored.contains(id)));
    }

    async fn an_address_that_bounces_cancels_nothing(app) {
        let asked = booked(&app).await;
        app.mail.fail_next(MailError::Permanent { code: Some(550), detail: "no such user".into() });
        app.work().await;
        assert_eq!(app.jobs_with(JobStatus::Dead).await.len(), 1);
        assert!(app.timeline(&asked).await.iter().any(|what| matches!(what, What::MailFailed { .. })));
        assert_eq!((app.on_calendar().len(), app.rows("bookings WHERE status = 'confirmed'").await), (1, 1));
    }

    async fn a_job_of_another_version_is_put_aside(app) {
        booked(&app).await;
        app.run("UPDATE jobs SET payload = '{\"kind\":\"of_tomorrow\"}' WHERE kind = 'place_event'").await;
        app.work().await;
        app.work().await;
        let dead = app.jobs_with(JobStatus::Dead).await;
        assert!(dead.len() == 1 && dead[0].last_error == Reason::OtherVersion.code(), "{dead:?}");
        assert_eq!(app.mail.sent().len(), 2, "the others were kept");
    }
}
