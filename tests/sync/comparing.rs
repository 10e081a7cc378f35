//! What should stand in calendars compared with what does: healed where that is safe, shown where somebody has to say.

use chrono::TimeDelta;
use convene::{
    audit::Origin,
    calendars::memory::Action,
    outbox::Job,
    store::words::{JobStatus, StrayKind},
    sync::{self, followed, reconcile},
};

use super::following::{later, placed};
use crate::story::{ANA, TestApp, stories};

const PRIMARY: &str = "primary";

/// Compares Ana's calendar now, and says what was found.
async fn compare(app: &TestApp) -> reconcile::Counts {
    let own = convene::connections::own(app.store().reader(), app.ana.member(), convene::calendars::Provider::Google);
    let connection = own.await.expect("the store answers").expect("connected").id;
    reconcile::compare(&app.state, app.org, connection, PRIMARY).await.unwrap_or_else(|error| panic!("{error:?}"));
    let progress = followed::progress(app.store().reader(), app.org, connection, PRIMARY).await;
    progress.expect("the store answers").found
}

async fn promised(app: &TestApp, kind: &str) -> usize {
    app.jobs_with(JobStatus::Queued).await.into_iter().filter(|job| job.kind == kind).count()
}

async fn strays(app: &TestApp) -> Vec<reconcile::Stray> {
    reconcile::strays::open(app.store().reader(), app.org).await.expect("the store answers")
}

stories! {
    async fn what_agrees_is_said_to_agree(app) {
        placed(&app, "10:00").await;
        let found = compare(&app).await;
        assert!(found.is_clean() && found.standing == 1, "{found:?}");
    }

    async fn what_is_missing_or_moved_is_looked_at(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        app.google.move_by_hand(ANA, &at, later(event.span, 2));
        assert_eq!(compare(&app).await.moved, 1);
        assert_eq!(promised(&app, "follow_event").await, 1);
        app.run("DELETE FROM jobs").await;
        app.google.delete_by_hand(ANA, &at);
        assert_eq!(compare(&app).await.missing, 1);
        assert_eq!(promised(&app, "follow_event").await, 1);
        app.work().await;
        assert_eq!(app.rows("differences WHERE kind = 'gone'").await, 1);
        app.run("DELETE FROM jobs").await;
        assert_eq!(compare(&app).await.missing, 0, "it waits for a decision");
    }

    async fn a_promise_that_was_lost_is_made_again(app) {
        let (asked, _, _) = placed(&app, "10:00").await;
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.run("DELETE FROM jobs WHERE kind = 'place_event'").await;
        assert_eq!(compare(&app).await.unwritten, 1);
        app.work().await;
        assert!(compare(&app).await.is_clean());
        app.all_is_well().await;
    }

    async fn a_cancelled_event_that_is_there_again_is_taken_off(app) {
        let (asked, event, at) = placed(&app, "10:00").await;
        let copy = app.google.copy_by_hand(ANA, &at);
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.work().await;
        app.passes(TimeDelta::minutes(5));
        // As if a restored calendar had it under its old id.
        app.run(&format!("UPDATE placements SET provider_id = '{}'", copy.provider_id)).await;
        assert_eq!(compare(&app).await.lingering, 1);
        app.work().await;
        assert_eq!(app.on_calendar(), []);
        assert!(compare(&app).await.is_clean());
        drop(event);
    }

    async fn a_copy_is_shown_and_taken_off_when_an_administrator_says_so(app) {
        let (_, _, at) = placed(&app, "10:00").await;
        app.google.copy_by_hand(ANA, &at);
        assert_eq!(compare(&app).await.strays, 1);
        assert_eq!(compare(&app).await.strays, 1);
        let open = strays(&app).await;
        assert_eq!(open.iter().map(|one| one.kind).collect::<Vec<_>>(), [StrayKind::Copy], "once");
        assert_eq!(app.on_calendar().len(), 2, "nobody said so yet");
        app.run("UPDATE people SET role = 'admin'").await;
        let ana = convene::people::find(app.store().reader(), app.org, app.ana.member().person).await;
        let ana = convene::people::Member::of(&ana.expect("read").expect("there")).expect("not disabled");
        let admin = ana.admin().expect("an administrator");
        for _ in 0..2 {
            let asked = reconcile::strays::ask_removal(&app.state, &admin, open[0].id, &Origin::default()).await;
            assert!(asked.expect("asked"));
        }
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1);
        assert_eq!(strays(&app).await, []);
        assert!(compare(&app).await.is_clean());
        app.all_is_well().await;
    }

    async fn an_event_that_this_database_does_not_know_is_shown_and_left_alone(app) {
        let (_, event, _) = placed(&app, "10:00").await;
        // As after a backup was restored that is older than the booking.
        let id = app.uuid(event.id.uuid());
        for table in ["placements WHERE event_id", "event_participants WHERE event_id"] {
            app.run(&format!("DELETE FROM {table} = {id}")).await;
        }
        app.run(&format!("DELETE FROM events WHERE id = {id}")).await;
        assert_eq!(compare(&app).await.strays, 1);
        app.work().await;
        assert_eq!(strays(&app).await.iter().map(|one| one.kind).collect::<Vec<_>>(), [StrayKind::Unknown]);
        assert_eq!(app.on_calendar().len(), 1);
        app.google.delete_by_hand(ANA, &app.on_calendar()[0].placed);
        compare(&app).await;
        assert_eq!(strays(&app).await, [], "somebody took it off");
    }

    async fn what_was_written_a_moment_ago_is_not_judged(app) {
        let (asked, _, _) = placed(&app, "10:00").await;
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        app.google.delete_by_hand(ANA, &app.on_calendar()[0].placed);
        assert!(compare(&app).await.is_clean());
        app.passes(TimeDelta::minutes(3));
        assert_eq!(compare(&app).await.missing, 1);
    }

    async fn every_calendar_is_compared_once_a_day(app) {
        placed(&app, "10:00").await;
        let due = async || {
            sync::tend(&app.state).await.expect("the store answers");
            let due = promised(&app, "compare_calendar").await;
            app.work().await;
            due
        };
        assert_eq!(due().await, 0, "it was not read yet");
        app.passes(TimeDelta::hours(23));
        assert_eq!(due().await, 0);
        app.passes(TimeDelta::hours(2));
        assert_eq!(due().await, 1);
        app.passes(TimeDelta::hours(2));
        assert_eq!(due().await, 0);
        assert_eq!(reconcile::ask(&app.state, app.org).await.expect("asked"), 1);
        assert_eq!(promised(&app, "compare_calendar").await, 1);
        app.google.fail_next(Action::Ours, convene::calendars::CalendarError::Unavailable("503".into()));
        app.work().await;
        let open = app.jobs_with(JobStatus::Queued).await;
        let waits = |job: &convene::store::entities::jobs::Model| job.kind == "compare_calendar" && job.attempts == 1;
        assert!(open.iter().any(waits), "tried again later: {open:?}");
        let never = Job::RemoveStray { stray: convene::ids::StrayId::new() };
        assert_eq!(never.kind(), "remove_stray");
    }
}
