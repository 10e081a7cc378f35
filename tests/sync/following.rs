//! A look at an event where it stands: what is told of it, and what is left alone.

use chrono::TimeDelta;
use convene::{
    calendars::{CalendarError, Placed, Response, memory::Action},
    events::{Event, theirs::Theirs},
    outbox::JobError,
    scheduling::interval::Interval,
    sync::{News, follow},
};

use crate::story::{ANA, Asked, TestApp, stories};

const BEN: &str = "ben@example.com";

/// An interview that stands on Ana's calendar since a while.
pub async fn placed(app: &TestApp, time: &str) -> (Asked, Event, Placed) {
    app.ana_connects().await;
    app.connected(&[BEN]).await;
    let asked = app.asks(|_| ()).await;
    let booking = app.book(&asked, app.time(0, time)).await.expect("booked");
    app.work().await;
    app.passes(TimeDelta::minutes(5));
    let event = app.event_of(booking.id).await;
    let provider_id = app.placement_of(&event).await.provider_id;
    let placed =
        app.on_calendar().into_iter().find(|one| one.placed.provider_id == provider_id).expect("placed").placed;
    (asked, event, placed)
}

pub fn later(span: Interval, hours: i64) -> Interval {
    Interval::new(span.start() + TimeDelta::hours(hours), span.end() + TimeDelta::hours(hours)).expect("as long")
}

/// What a look tells now.
async fn told(app: &TestApp, event: &Event) -> Vec<News> {
    let findings = follow::look(&app.state, app.org, event.id).await.unwrap_or_else(|error| panic!("{error:?}"));
    findings.into_iter().map(|finding| finding.news).collect()
}

async fn seen(app: &TestApp, event: &Event) -> Option<Theirs> {
    app.placement_of(event).await.seen
}

stories! {
    async fn what_stands_as_we_wrote_it_is_no_news(app) {
        let (_, event, _) = placed(&app, "10:00").await;
        assert_eq!(seen(&app, &event).await, Some(Theirs::At(event.span)));
        assert_eq!(told(&app, &event).await, []);
    }

    async fn another_time_is_told_and_told_again_until_somebody_decides(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        let to = later(event.span, 3);
        app.google.move_by_hand(ANA, &at, to);
        assert_eq!(told(&app, &event).await, [News::Moved(to)]);
        assert_eq!(told(&app, &event).await, [News::Moved(to)]);
        app.google.move_by_hand(ANA, &at, event.span);
        assert_eq!(told(&app, &event).await, [], "it was moved back");
    }

    async fn whole_days_cannot_be_followed(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        let day = Interval::new(app.time(1, "00:00"), app.time(2, "00:00")).expect("a day");
        app.google.make_all_day_by_hand(ANA, &at, day);
        assert_eq!(told(&app, &event).await, [News::Collided(Theirs::WholeDays)]);
    }

    async fn an_event_that_is_gone_is_told(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        app.google.delete_by_hand(ANA, &at);
        assert_eq!(told(&app, &event).await, [News::Gone]);
    }

    async fn both_sides_changed_is_a_collision(app) {
        let (asked, event, at) = placed(&app, "10:00").await;
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        let to = later(event.span, 3);
        app.google.move_by_hand(ANA, &at, to);
        assert_eq!(told(&app, &event).await, [News::Collided(Theirs::At(to))]);
        app.google.delete_by_hand(ANA, &at);
        assert_eq!(told(&app, &event).await, [News::Collided(Theirs::Gone)]);
    }

    async fn both_sides_to_the_same_time_agree(app) {
        let (asked, event, at) = placed(&app, "10:00").await;
        let moved = app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.google.move_by_hand(ANA, &at, moved.span);
        assert_eq!(told(&app, &event).await, [News::Agreed]);
    }

    async fn a_move_by_hand_is_never_written_over(app) {
        let (asked, event, at) = placed(&app, "10:00").await;
        let to = later(event.span, 3);
        app.google.move_by_hand(ANA, &at, to);
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        let there = app.on_calendar();
        assert_eq!(there.iter().map(|one| one.span).collect::<Vec<_>>(), [Some(to)], "as Ana left it");
        assert_eq!(told(&app, &event).await, [News::Collided(Theirs::At(to))]);
    }

    async fn answers_are_told_once_they_differ(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        app.google.answer(ANA, &at, BEN, Response::Declined);
        let news = told(&app, &event).await;
        let [News::Answered(answers)] = news.as_slice() else { panic!("{news:?}") };
        assert_eq!(answers.get(BEN), Some(&Response::Declined));
    }

    async fn what_was_written_a_moment_ago_is_looked_at_again(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let event = app.event_of(booking.id).await;
        app.google.delete_by_hand(ANA, &app.on_calendar()[0].placed);
        let look = follow::look(&app.state, app.org, event.id).await;
        assert!(matches!(look, Err(JobError::Later { .. })), "{look:?}");
        app.passes(TimeDelta::minutes(3));
        assert_eq!(told(&app, &event).await, [News::Gone]);
    }

    async fn a_calendar_that_does_not_answer_tells_nothing(app) {
        let (_, event, at) = placed(&app, "10:00").await;
        app.google.delete_by_hand(ANA, &at);
        app.google.fail_next(Action::Find, CalendarError::Unavailable("503".to_owned()));
        let look = follow::look(&app.state, app.org, event.id).await;
        assert!(matches!(look, Err(JobError::Retry { .. })), "{look:?}");
    }

    async fn what_is_cancelled_here_is_no_news_there(app) {
        let (asked, event, at) = placed(&app, "10:00").await;
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.google.move_by_hand(ANA, &at, later(event.span, 1));
        assert_eq!(told(&app, &event).await, []);
        app.work().await;
        assert_eq!(app.on_calendar(), []);
        assert_eq!(told(&app, &event).await, []);
    }
}
