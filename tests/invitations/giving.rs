//! Times given by hand: they count where their owner spoke, and an unknown calendar is never taken for a free one.

use chrono::TimeDelta;
use chrono_tz::Tz;
use convene::{
    audit::Origin,
    invitations::{self, LinkError, redeem},
    scheduling::interval::Interval,
    store::words::JobStatus,
};

use super::asking::{KENJI, invite};
use crate::story::{TestApp, stories};

fn span(app: &TestApp, day: u64, from: &str, until: &str) -> Interval {
    Interval::new(app.time(day, from), app.time(day, until)).expect("runs forward")
}

fn week(app: &TestApp) -> Interval {
    Interval::new(app.time(0, "00:00"), app.time(7, "00:00")).expect("runs forward")
}

async fn give(app: &TestApp, period: Interval, windows: &[Interval]) -> Result<(), LinkError> {
    let person = app.person(KENJI).await;
    let token = app.invitation_token(person).await;
    let opened = invitations::open(app.store().reader(), &token, app.now()).await?;
    redeem::give_times(&app.state, &opened, period, windows, Tz::UTC, &Origin::default()).await
}

stories! {
    async fn given_times_are_the_times_offered(app) {
        app.ana_connects().await;
        invite(&app, KENJI).await;
        let asked = app.asks(|draft| draft.interviewers = KENJI.into()).await;
        assert!(app.offered(&asked).await.is_empty(), "unknown is not free");
        give(&app, week(&app), &[span(&app, 1, "10:00", "11:30")]).await.expect("given");
        let offered = app.offered(&asked).await;
        let wanted = ["10:00", "10:15", "10:30", "10:45"].map(|time| app.time(1, time));
        assert_eq!(offered, wanted);
        // Booked like any other, and taken then.
        app.book(&asked, wanted[2]).await.expect("booked");
        let other = app.asks(|draft| draft.interviewers = KENJI.into()).await;
        assert!(app.offered(&other).await.is_empty(), "what is left is shorter than the interview");
    }

    /// What they say about a week replaces what they said, and what was typed for them, about that week and no other.
    async fn their_own_word_comes_first(app) {
        invite(&app, KENJI).await;
        let monday = app.monday();
        let typed = format!("{KENJI} {monday} 09:00 10:00\n{KENJI} {} 09:00 10:00", monday + TimeDelta::days(1));
        let asked = app.asks(|draft| {
            draft.interviewers = KENJI.into();
            draft.windows = typed;
        }).await;
        let typed = app.offered(&asked).await;
        assert_eq!(typed.len(), 4, "{typed:?}");
        let first_day = Interval::new(app.time(0, "00:00"), app.time(1, "00:00")).expect("runs forward");
        give(&app, first_day, &[]).await.expect("given");
        let offered = app.offered(&asked).await;
        assert_eq!(offered, [app.time(1, "09:00"), app.time(1, "09:15")], "no time at all is an answer");
        give(&app, week(&app), &[span(&app, 3, "14:00", "14:45")]).await.expect("given");
        assert_eq!(app.offered(&asked).await, [app.time(3, "14:00")]);
    }

    /// Whoever asked is told once per answer, with what it opened.
    async fn the_coordinator_is_told(app) {
        invite(&app, KENJI).await;
        app.asks(|draft| draft.interviewers = KENJI.into()).await;
        give(&app, week(&app), &[span(&app, 1, "10:00", "11:30")]).await.expect("given");
        app.work().await;
        let told = |mails: &[(String, String)]| {
            mails.iter().filter(|(kind, to)| kind == "interviewer_answered" && to == crate::story::ANA).count()
        };
        assert_eq!(told(&app.mailed().await), 1);
        let body = app.messages().await.into_iter().find(|mail| mail.kind == "interviewer_answered").expect("a mail");
        let text = convene::notifications::body(&app.state.keys, &body).expect("opened").text;
        assert!(text.contains("Kenji gave times.") && text.contains("Priya Venkataraman, Coding: 4 times open"), "{text}");
        // The job runs twice after a crash: one mail all the same.
        app.run("UPDATE jobs SET status = 'queued', finished_at = NULL WHERE kind = 'tell_answered'").await;
        app.work().await;
        assert_eq!(told(&app.mailed().await), 1);
        assert!(app.jobs_with(JobStatus::Dead).await.is_empty());
        app.passes(TimeDelta::minutes(1));
        give(&app, week(&app), &[]).await.expect("given");
        app.work().await;
        assert_eq!(told(&app.mailed().await), 2);
    }

    async fn a_link_that_ended_gives_nothing(app) {
        let invitation = invite(&app, KENJI).await;
        let token = app.invitation_token(invitation.person).await;
        let opened = invitations::open(app.store().reader(), &token, app.now()).await.expect("works");
        convene::invitations::ask::withdraw(&app.state, &app.ana, invitation.person, &Origin::default())
            .await
            .expect("withdrawn");
        let late = redeem::give_times(&app.state, &opened, week(&app), &[], Tz::UTC, &Origin::default()).await;
        assert!(matches!(late, Err(LinkError::Withdrawn)), "{late:?}");
        assert_eq!(app.rows("given_times").await, 0);
    }

    /// A calendar that is connected decides alone; what its owner typed before is history.
    async fn a_connected_calendar_outweighs_given_times(app) {
        invite(&app, KENJI).await;
        let asked = app.asks(|draft| draft.interviewers = KENJI.into()).await;
        give(&app, week(&app), &[span(&app, 1, "06:00", "07:00")]).await.expect("given");
        assert_eq!(app.offered(&asked).await.len(), 2);
        app.connected(&[KENJI]).await;
        app.busy(KENJI, app.time(0, "00:00"), 4 * 24 * 60);
        let offered = app.offered(&asked).await;
        assert!(!offered.is_empty() && offered.iter().all(|start| *start >= app.time(4, "00:00")), "{offered:?}");
    }
}
