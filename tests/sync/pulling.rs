//! Reading what changed on a calendar: the cursor, what is promised for it, and where it stops.

use chrono::TimeDelta;
use convene::{
    calendars::{CalendarError, memory::Action},
    ids::ConnectionId,
    outbox::JobError,
    store::words::JobStatus,
    sync::{self, followed, followed::Progress},
};

use super::following::{later, placed};
use crate::story::{ANA, TestApp, stories};

const PRIMARY: &str = "primary";

async fn connection(app: &TestApp) -> ConnectionId {
    let member = app.ana.member();
    let own = convene::connections::own(app.store().reader(), member, convene::calendars::Provider::Google).await;
    own.expect("the store answers").expect("connected").id
}

async fn pull(app: &TestApp) {
    sync::pull(&app.state, app.org, connection(app).await, PRIMARY).await.unwrap_or_else(|error| panic!("{error:?}"));
}

async fn progress(app: &TestApp) -> Progress {
    let found = followed::progress(app.store().reader(), app.org, connection(app).await, PRIMARY).await;
    found.expect("the store answers")
}

/// The looks that are promised.
async fn looks(app: &TestApp) -> usize {
    let queued = app.jobs_with(JobStatus::Queued).await;
    queued.into_iter().filter(|job| job.kind == "follow_event").count()
}

/// So many interviews on Ana's calendar.
async fn several(app: &TestApp, count: u64) -> Vec<convene::calendars::Placed> {
    app.ana_connects().await;
    app.connected(&["ben@example.com"]).await;
    for number in 0..count {
        let asked = app.asks(|_| ()).await;
        let time = format!("{:02}:00", 9 + 2 * (number % 4));
        app.book(&asked, app.time(number / 4, &time)).await.expect("booked");
    }
    app.work().await;
    app.passes(TimeDelta::minutes(5));
    app.on_calendar().into_iter().map(|one| one.placed).collect()
}

stories! {
    async fn everything_is_read_once_and_then_what_changed(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        pull(&app).await;
        let first = progress(&app).await;
        assert!(first.cursor.is_some() && first.complete_at.is_some());
        app.work().await;
        pull(&app).await;
        assert_eq!(looks(&app).await, 0, "nothing changed");
        app.google.move_by_hand(ANA, &at, later(event.span, 1));
        pull(&app).await;
        assert_eq!(looks(&app).await, 1);
        assert_ne!(progress(&app).await.cursor, first.cursor);
    }

    async fn what_is_not_ours_is_none_of_our_business_but_busy_times_are_read_anew(app) {
        placed(&app, "10:00").await;
        pull(&app).await;
        app.work().await;
        app.busy(ANA, app.time(2, "10:00"), 60);
        pull(&app).await;
        assert_eq!(looks(&app).await, 0);
        assert_eq!(app.rows("busy_reads b JOIN connections c ON c.id = b.connection_id WHERE c.account_email = 'ana@example.com'").await, 0);
    }

    async fn a_forgotten_cursor_means_reading_everything(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        pull(&app).await;
        app.work().await;
        app.google.forget_cursors(ANA);
        app.google.move_by_hand(ANA, &at, later(event.span, 1));
        app.passes(TimeDelta::minutes(1));
        pull(&app).await;
        assert_eq!(looks(&app).await, 1);
        assert_eq!(progress(&app).await.complete_at, Some(app.now()));
    }

    async fn a_read_that_fails_moves_nothing_on(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        pull(&app).await;
        app.work().await;
        let before = progress(&app).await;
        app.google.move_by_hand(ANA, &at, later(event.span, 1));
        for error in [CalendarError::Unavailable("503".to_owned()), CalendarError::RateLimited { retry_after: None }] {
            app.google.fail_next(Action::Changes, error);
            let read = sync::pull(&app.state, app.org, connection(&app).await, PRIMARY).await;
            assert!(matches!(read, Err(JobError::Retry { .. })), "{read:?}");
        }
        assert_eq!(progress(&app).await, before);
        pull(&app).await;
        assert_eq!(looks(&app).await, 1, "nothing was lost");
    }

    async fn a_cursor_of_a_stretch_is_replaced_before_it_ends(app) {
        app.google.bound_cursors();
        placed(&app, "10:00").await;
        pull(&app).await;
        let first = progress(&app).await;
        assert!(first.cursor.as_ref().is_some_and(|cursor| cursor.reaches.is_some()));
        app.passes(TimeDelta::days(1));
        pull(&app).await;
        assert_eq!(progress(&app).await.complete_at, first.complete_at, "there is enough left");
    }

    async fn much_that_vanishes_at_once_stops_and_asks(app) {
        let there = several(&app, 8).await;
        pull(&app).await;
        app.work().await;
        for at in &there[..6] {
            app.google.delete_by_hand(ANA, at);
        }
        pull(&app).await;
        let stopped = progress(&app).await;
        assert_eq!(stopped.stopped.map(|(_, missing)| missing), Some(6));
        assert_eq!(looks(&app).await, 0, "nothing is believed");
        assert_eq!(app.rows("audit_log WHERE action = 'calendar.stopped'").await, 1);
        pull(&app).await;
        assert_eq!(app.rows("audit_log WHERE action = 'calendar.stopped'").await, 1, "said once");
        // Somebody says that it was meant.
        let txn = app.store().begin().await.expect("a write");
        sync::go_on(&txn, app.org, connection(&app).await, PRIMARY, app.now()).await.expect("noted");
        txn.commit().await.expect("committed");
        assert_eq!(looks(&app).await, 8, "each is looked at");
        assert_eq!(progress(&app).await.stopped, None);
    }

    async fn what_comes_back_by_itself_is_followed_again(app) {
        let there = several(&app, 8).await;
        pull(&app).await;
        app.work().await;
        app.google.fail_next(Action::Changes, CalendarError::Gone);
        pull(&app).await;
        assert_eq!(progress(&app).await.stopped.map(|(_, missing)| missing), Some(8), "the calendar is gone");
        pull(&app).await;
        assert_eq!(progress(&app).await.stopped, None, "and there again");
        assert_eq!(looks(&app).await, 0);
        drop(there);
    }

    async fn a_calendar_without_anything_of_ours_is_only_read_for_busy_times(app) {
        app.ana_connects().await;
        pull(&app).await;
        assert_eq!(progress(&app).await, Progress::default());
    }
}
