//! Reminders: at the times the request names, once to everybody who takes part then, and never of what does not take place.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    audit::Origin,
    booking::{self, remind, timeline::What},
    calendars::{CalendarError, memory::Action},
    notifications::email::MailError,
    outbox::Reason,
    requests::{self, link},
    store::words::{BookingStatus, JobStatus},
};

use crate::story::{ANA, Asked, TestApp, stories};

const BEN: &str = "ben@example.com";
const EVA: &str = "eva@example.com";
const PRIYA: &str = "priya@example.net";

/// A request that reminds a day, an hour and a quarter before.
async fn asked(app: &TestApp) -> Asked {
    app.connected(&[BEN]).await;
    app.asks(|draft| {
        draft.reminders = "1440, 60, 15".into();
        (draft.notice, draft.change_notice) = ("0 min".into(), "2 h".into());
    })
    .await
}

/// It is so many minutes before this moment, and the worker has done what was due.
async fn minutes_before(app: &TestApp, start: DateTime<Utc>, minutes: i64) {
    app.passes(start - TimeDelta::minutes(minutes) - app.now());
    app.work().await;
}

/// Who was reminded so far, in the order of addresses.
async fn reminded(app: &TestApp) -> Vec<String> {
    let mailed = app.mailed().await.into_iter().filter(|(kind, _)| kind.starts_with("reminder"));
    let mut to: Vec<String> = mailed.map(|(_, to)| to).collect();
    to.sort();
    to
}

fn left_out(why: &str) -> String {
    format!("audit_log WHERE action = 'reminder.left_out' AND detail LIKE '%{why}%'")
}

async fn promised(app: &TestApp) -> i64 {
    app.rows("jobs WHERE kind = 'remind' AND status = 'queued'").await
}

/// How many minutes before its start the reminders to come are due, as the request's page shows them.
async fn planned(app: &TestApp, asked: &Asked) -> Vec<i64> {
    let db = app.store().reader();
    let request = requests::find(db, app.org, asked.id).await.expect("read").expect("the request");
    let booking = booking::latest(db, app.org, asked.id).await.expect("read").expect("a booking");
    let due = remind::planned(&request, &booking, app.now());
    due.into_iter().map(|due| (booking.span.start() - due).num_minutes()).collect()
}

stories! {
    async fn everybody_is_reminded_at_each_time_and_once(app) {
        app.ana_connects().await;
        let asked = asked(&app).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        minutes_before(&app, ten, 1441).await;
        assert_eq!(reminded(&app).await, [""; 0]);
        assert_eq!(planned(&app, &asked).await, [1440, 60, 15]);
        minutes_before(&app, ten, 1440).await;
        assert_eq!(reminded(&app).await, [BEN, PRIYA], "Ana only arranges");
        minutes_before(&app, ten, 61).await;
        assert_eq!(reminded(&app).await.len(), 2);
        assert_eq!(planned(&app, &asked).await, [60, 15]);
        minutes_before(&app, ten, 60).await;
        assert_eq!(reminded(&app).await.len(), 4);
        minutes_before(&app, ten, 14).await;
        assert_eq!(reminded(&app).await, [BEN, BEN, BEN, PRIYA, PRIYA, PRIYA]);

        app.run("UPDATE jobs SET status = 'queued', run_at = 0 WHERE kind = 'remind' AND status = 'done'").await;
        app.work().await;
        assert_eq!(reminded(&app).await.len(), 6, "the jobs ran twice");
        let sent = app.mail.sent();
        let texts = |who: &str| -> Vec<String> {
            let theirs = sent.iter().filter(|mail| mail.to.address.as_str() == who);
            let reminders = theirs.filter(|mail| mail.content.subject.starts_with("Reminder"));
            reminders.map(|mail| mail.content.text.clone()).collect()
        };
        let candidates = texts(PRIYA);
        assert!(candidates[0].contains("move or cancel it here"), "{}", candidates[0]);
        assert!(candidates[1].contains("It is too late to move or cancel"), "{}", candidates[1]);
        for text in &candidates {
            assert!(text.contains("New York") && text.contains(asked.token.expose()), "{text}");
        }
        for text in texts(BEN) {
            assert!(text.contains("Priya Venkataraman") && text.contains("10:00-10:45, UTC"), "{text}");
            assert!(!text.contains(asked.token.expose()), "the candidate's link is the candidate's");
        }
        let seen = app.timeline(&asked).await;
        let in_timeline = seen.iter().filter(|what| matches!(what, What::Mailed { kind, .. } if kind.starts_with("reminder")));
        assert_eq!(in_timeline.count(), 6);
        app.all_is_well().await;
    }

    async fn a_move_takes_the_reminders_along(app) {
        let asked = asked(&app).await;
        let (before, after) = (app.time(0, "10:00"), app.time(2, "14:00"));
        app.book(&asked, before).await.expect("booked");
        minutes_before(&app, before, 1440).await;
        assert_eq!(reminded(&app).await.len(), 2);
        app.ana_moves(&asked, after).await.expect("moved");
        assert_eq!(promised(&app).await, 3);
        minutes_before(&app, before, 10).await;
        minutes_before(&app, after, 1441).await;
        assert_eq!(reminded(&app).await.len(), 2, "nobody of the old time");
        minutes_before(&app, after, 1440).await;
        assert_eq!(reminded(&app).await.len(), 4, "the new time is another");
        // To a time that is nearer than a reminder is long.
        let soon = app.time(2, "11:00");
        app.passes(app.time(2, "09:00") - app.now());
        app.ana_moves(&asked, soon).await.expect("moved");
        assert_eq!(promised(&app).await, 2, "a day before is past");
        minutes_before(&app, soon, 60).await;
        assert_eq!(reminded(&app).await.len(), 6);
    }

    async fn nobody_is_reminded_of_what_was_cancelled(app) {
        let asked = asked(&app).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        minutes_before(&app, ten, 2000).await;
        app.candidate_cancels(&asked).await.expect("cancelled");
        assert_eq!(planned(&app, &asked).await, [0; 0]);
        assert_eq!((promised(&app).await, app.jobs_with(JobStatus::Superseded).await.len()), (0, 3));
        // One that had started already finds out itself.
        app.run("UPDATE jobs SET status = 'queued' WHERE kind = 'remind'").await;
        minutes_before(&app, ten, 60).await;
        assert_eq!(reminded(&app).await, [""; 0]);
    }

    async fn no_reminder_is_promised_for_what_is_past(app) {
        let asked = asked(&app).await;
        let ten = app.time(0, "10:00");
        app.passes(ten - TimeDelta::minutes(59) - app.now());
        app.book(&asked, ten).await.expect("booked");
        assert_eq!(promised(&app).await, 1);
        app.work().await;
        assert_eq!(reminded(&app).await, [""; 0]);
        minutes_before(&app, ten, 15).await;
        assert_eq!(reminded(&app).await, [BEN, PRIYA]);
    }

    async fn a_worker_that_was_away_reminds_once_or_not_at_all(app) {
        let (late, missed) = (asked(&app).await, asked(&app).await);
        let (ten, noon) = (app.time(0, "10:00"), app.time(0, "12:00"));
        app.book(&missed, ten).await.expect("booked");
        app.book(&late, noon).await.expect("booked");
        app.work().await;
        minutes_before(&app, noon, 30).await;
        assert_eq!(reminded(&app).await, [BEN, PRIYA], "of noon, by the nearest reminder that was due");
        assert_eq!(app.rows(&left_out("too_late")).await, 3);
        assert_eq!(app.rows(&left_out("next_is_due")).await, 1);
    }

    async fn a_job_that_runs_early_waits(app) {
        let asked = asked(&app).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.waits_end().await;
        app.work().await;
        assert_eq!((reminded(&app).await.len(), promised(&app).await), (0, 3));
    }

    async fn whoever_sits_by_then_is_reminded(app) {
        app.connected(&[EVA]).await;
        let asked = asked(&app).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        let (ben, eva) = (app.person(BEN).await, app.person(EVA).await);
        let (ben, eva) = (app.uuid(ben.uuid()), app.uuid(eva.uuid()));
        app.run(&format!("UPDATE occupancies SET person_id = {eva} WHERE person_id = {ben}")).await;
        minutes_before(&app, ten, 60).await;
        assert_eq!(reminded(&app).await, [EVA, PRIYA]);
    }

    async fn a_coordinator_who_interviews_is_reminded(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|draft| {
            (draft.interviewers, draft.reminders) = (format!("{BEN}, {ANA}"), "60".into());
        }).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        minutes_before(&app, ten, 60).await;
        assert_eq!(reminded(&app).await, [ANA, BEN, PRIYA]);
    }

    async fn a_held_time_is_reminded_of_once_it_is_certain(app) {
        let asked = asked(&app).await;
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let held = app.book(&asked, app.time(0, "10:00")).await.expect("kept");
        assert_eq!((held.status, promised(&app).await), (BookingStatus::Held, 0));
        app.work().await;
        assert_eq!(promised(&app).await, 3);
    }

    async fn without_reminders_nothing_is_promised(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        assert_eq!(app.rows("jobs WHERE kind = 'remind'").await, 0);
    }

    async fn the_pace_of_mails_does_not_hold_a_reminder_past_its_sense(app) {
        let asked = asked(&app).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        minutes_before(&app, ten, 20).await;
        for _ in 0..5 {
            link::send(&app.state, &app.ana, asked.id, &Origin::default()).await.expect("sent");
            app.passes(TimeDelta::seconds(1));
        }
        minutes_before(&app, ten, 15).await;
        let mails = app.messages().await;
        let mail = mails.iter().rfind(|mail| mail.kind == "reminder").expect("a reminder");
        assert!(mail.due_at.at() > app.now() && mail.due_at.at() < ten - TimeDelta::minutes(7), "{:?}", mail.due_at.at());
    }

    async fn a_reminder_that_could_not_go_in_time_is_dropped(app) {
        let asked = asked(&app).await;
        let (ten, two) = (app.time(0, "10:00"), app.time(0, "14:00"));
        app.book(&asked, ten).await.expect("booked");
        minutes_before(&app, ten, 70).await;
        let full = || MailError::Transient { code: 451, retry_after: Some(Duration::from_secs(600)), detail: "full".into() };
        let failing = |app: &TestApp| (0..2).for_each(|_| app.mail.fail_next(full()));
        failing(&app);
        minutes_before(&app, ten, 60).await;
        app.ana_moves(&asked, two).await.expect("moved");
        let again = "UPDATE jobs SET run_at = 0 WHERE status = 'queued' AND kind = 'send_message'";
        app.run(again).await;
        app.work().await;
        assert_eq!(reminded(&app).await.len(), 2, "a day before, and not an hour");
        let failed = |reason: Reason| format!("messages WHERE status = 'failed' AND last_error = '{}'", reason.code());
        assert_eq!(app.rows(&failed(Reason::MailOvertaken)).await, 2);
        failing(&app);
        minutes_before(&app, two, 60).await;
        app.passes(TimeDelta::minutes(60));
        app.run(again).await;
        app.work().await;
        assert_eq!((reminded(&app).await.len(), app.rows(&failed(Reason::MailTooLate)).await), (2, 2));
    }
}
