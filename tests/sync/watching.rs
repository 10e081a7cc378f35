//! Channels: opened ahead of need, replaced or made longer in time, stopped when nobody needs them; and reading on without.

use chrono::TimeDelta;
use convene::{
    audit::Origin,
    booking::leave::{self, Interviews},
    calendars::{CalendarError, Provider, memory::Action},
    store::words::{ChannelStatus, JobStatus},
    sync::{self, channels},
};

use super::following::placed;
use crate::story::{ANA, TestApp, stories};

/// Does what is due by itself, and what follows.
async fn tend(app: &TestApp) {
    sync::tend(&app.state).await.expect("the store answers");
    app.waits_end().await;
    app.work().await;
}

async fn channels_of_ana(app: &TestApp) -> Vec<channels::Channel> {
    channels::all(app.store().reader(), Some(app.org)).await.expect("the store answers")
}

async fn pulls(app: &TestApp) -> usize {
    sync::tend(&app.state).await.expect("the store answers");
    let queued = app.jobs_with(JobStatus::Queued).await;
    queued.into_iter().filter(|job| job.kind == "pull_calendar").count()
}

stories! {
    async fn a_calendar_that_is_written_to_is_watched(app) {
        placed(&app, "10:00").await;
        tend(&app).await;
        let open = channels_of_ana(&app).await;
        assert_eq!(open.iter().map(|one| one.status).collect::<Vec<_>>(), [ChannelStatus::Live]);
        assert_eq!(app.google.watched(ANA).len(), 1);
        assert!(app.google.watched("ben@example.com").is_empty(), "free/busy alone does not open events");
        tend(&app).await;
        assert_eq!(app.google.watched(ANA).len(), 1, "once");
    }

    async fn a_channel_is_replaced_at_half_its_life_and_the_old_one_stopped(app) {
        placed(&app, "10:00").await;
        tend(&app).await;
        let first = app.google.watched(ANA);
        app.passes(TimeDelta::days(3));
        tend(&app).await;
        assert_eq!(app.google.watched(ANA), first, "not yet");
        app.passes(TimeDelta::hours(13));
        tend(&app).await;
        let second = app.google.watched(ANA);
        assert_eq!(second.len(), 1);
        assert_ne!(second[0].id, first[0].id);
    }

    async fn a_subscription_is_made_longer_or_made_anew_if_it_is_gone(app) {
        app.google.renew_channels();
        placed(&app, "10:00").await;
        tend(&app).await;
        let first = app.google.watched(ANA);
        app.passes(TimeDelta::hours(85));
        tend(&app).await;
        let longer = app.google.watched(ANA);
        assert_eq!(longer[0].id, first[0].id);
        assert!(longer[0].expires_at > first[0].expires_at);
        app.google.drop_channels(ANA);
        app.passes(TimeDelta::hours(85));
        tend(&app).await;
        let anew = app.google.watched(ANA);
        assert_eq!(anew.len(), 1);
        assert_ne!(anew[0].id, first[0].id);
    }

    async fn what_cannot_be_watched_is_asked_for_again_an_hour_later_and_read_meanwhile(app) {
        placed(&app, "10:00").await;
        app.google.fail_next(Action::Watch, CalendarError::Rejected("400 push.webhookUrlUnauthorized".to_owned()));
        tend(&app).await;
        assert!(app.google.watched(ANA).is_empty());
        assert!(app.jobs_with(JobStatus::Dead).await.is_empty(), "nobody can mend it by trying again");
        tend(&app).await;
        assert!(app.google.watched(ANA).is_empty(), "not again at once");
        app.passes(TimeDelta::seconds(50));
        assert_eq!(pulls(&app).await, 1, "read without a push");
        app.work().await;
        app.passes(TimeDelta::minutes(61));
        tend(&app).await;
        assert_eq!(app.google.watched(ANA).len(), 1);
    }

    async fn a_watched_calendar_is_read_now_and_then_all_the_same(app) {
        placed(&app, "10:00").await;
        tend(&app).await;
        app.passes(TimeDelta::minutes(5));
        assert_eq!(pulls(&app).await, 0);
        app.passes(TimeDelta::minutes(6));
        assert_eq!(pulls(&app).await, 1);
    }

    async fn what_nobody_follows_any_more_is_not_watched(app) {
        let (asked, _, _) = placed(&app, "10:00").await;
        tend(&app).await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.run("UPDATE calendars SET is_read = FALSE").await;
        app.work().await;
        tend(&app).await;
        assert!(app.google.watched(ANA).is_empty());
        assert!(channels_of_ana(&app).await.iter().all(|one| one.status == ChannelStatus::Ended));
    }

    async fn disconnecting_stops_the_pushes_before_the_grant_goes(app) {
        placed(&app, "10:00").await;
        tend(&app).await;
        assert_eq!(app.google.watched(ANA).len(), 1);
        app.grants.live();
        let (member, origin) = (app.ana.member(), Origin::default());
        let done = leave::disconnect(&app.state, member, Provider::Google, Interviews::Stay, &origin);
        assert!(done.await.expect("disconnected"));
        app.work().await;
        assert!(app.google.watched(ANA).is_empty());
        assert_eq!(app.rows("revocations").await, 0, "and the grant is handed back");
        assert!(channels_of_ana(&app).await.iter().all(|one| one.status == ChannelStatus::Ended));
    }
}
