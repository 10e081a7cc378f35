//! Somebody's calendar fails again and again: who is told, how often, and when it is over.

use chrono::TimeDelta;
use convene::{
    calendars::{CalendarError, memory::Action},
    connections::{Connection, Services, alerts, busy},
    ids::PersonId,
    scheduling::interval::Interval,
    store::words::Direction,
    worker,
};

use crate::story::{Asked, TestApp, on_sqlite, stories, twin};
use crate::support::{front::Front, html::Page};

const BEN: &str = "ben@example.com";
const IDA: &str = "ida@example.com";

/// A booked interview whose event the worker has not placed yet, in an organisation whose administrators are Ida and Uli.
async fn booked(app: &TestApp) -> (Asked, Connection) {
    let ana = app.ana_connects().await;
    app.connected(&[BEN]).await;
    for email in [IDA, "uli@example.com"] {
        let id = app.uuid(app.person(email).await.uuid());
        app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {id}")).await;
    }
    let asked = app.asks(|_| ()).await;
    app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    (asked, ana)
}

/// Placing the event fails once more.
async fn fails(app: &TestApp) {
    app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
    app.waits_end().await;
    app.work().await;
}

/// Placing the event works.
async fn works(app: &TestApp) {
    app.waits_end().await;
    app.work().await;
}

/// Who was told, by address.
async fn told(app: &TestApp) -> Vec<String> {
    let all = app.messages().await.into_iter().filter(|message| message.kind == "calendar_failing");
    let mut told: Vec<String> = all.map(|message| message.to_email).collect();
    told.sort();
    told
}

async fn open(app: &TestApp) -> Vec<PersonId> {
    let open = alerts::open(app.store().reader(), app.org, None, app.now()).await.expect("read");
    open.into_iter().map(|alert| alert.person).collect()
}

/// One failure, as a job or a read would record it.
async fn failed(services: &Services, connection: &Connection, direction: Direction, reason: &'static str) {
    let txn = services.store.begin().await.expect("a write");
    alerts::failed(services, &txn, connection.org, connection.id, direction, reason).await.expect("recorded");
    txn.commit().await.expect("committed");
}

async fn succeeded(services: &Services, connection: &Connection, direction: Direction) {
    let txn = services.store.begin().await.expect("a write");
    alerts::succeeded(&txn, connection, direction).await.expect("recorded");
    txn.commit().await.expect("committed");
}

stories! {
    async fn the_sixth_failure_is_told_once_and_another_episode_again(app) {
        let (asked, ana) = booked(&app).await;
        for _ in 0..5 {
            fails(&app).await;
        }
        assert_eq!((told(&app).await.len(), open(&app).await), (0, vec![]), "five are not more than five");
        fails(&app).await;
        assert_eq!(told(&app).await, [IDA, "uli@example.com"], "each administrator once, and nobody else");
        assert_eq!(open(&app).await, [ana.person]);
        for _ in 0..3 {
            fails(&app).await;
        }
        assert_eq!(told(&app).await.len(), 2, "the same episode");
        works(&app).await;
        assert_eq!(open(&app).await, [], "the first success ends it");
        app.passes(TimeDelta::minutes(1));
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        for _ in 0..6 {
            fails(&app).await;
        }
        assert_eq!(told(&app).await, [IDA, IDA, "uli@example.com", "uli@example.com"]);
        works(&app).await;
        app.all_is_well().await;
    }

    async fn an_hour_without_a_failure_ends_an_episode(app) {
        let (_, ana) = booked(&app).await;
        let services = &app.state.services;
        for _ in 0..6 {
            failed(services, &ana, Direction::In, "unavailable").await;
        }
        assert_eq!((told(&app).await.len(), open(&app).await.len()), (2, 1));
        app.passes(TimeDelta::minutes(61));
        assert_eq!(open(&app).await, []);
        for _ in 0..5 {
            failed(services, &ana, Direction::In, "unavailable").await;
        }
        assert_eq!((told(&app).await.len(), open(&app).await), (2, vec![]), "what was an hour ago counts no more");
        failed(services, &ana, Direction::In, "unavailable").await;
        assert_eq!((told(&app).await.len(), open(&app).await.len()), (4, 1));
        app.passes(TimeDelta::minutes(61));
        worker::sweep(&app.state).await.expect("swept");
        assert_eq!((app.rows("sync_failures").await, app.rows("sync_alerts").await), (0, 0));
    }

    async fn failures_far_apart_are_none(app) {
        let (_, ana) = booked(&app).await;
        for _ in 0..20 {
            failed(&app.state.services, &ana, Direction::In, "unavailable").await;
            app.passes(TimeDelta::minutes(13));
        }
        assert_eq!(told(&app).await.len(), 0);
    }

    async fn reading_well_does_not_hide_that_writing_fails(app) {
        let (_, ana) = booked(&app).await;
        for _ in 0..6 {
            failed(&app.state.services, &ana, Direction::Out, "rejected").await;
            succeeded(&app.state.services, &ana, Direction::In).await;
        }
        assert_eq!(open(&app).await, [ana.person]);
        failed(&app.state.services, &ana, Direction::In, "unavailable").await;
        succeeded(&app.state.services, &ana, Direction::Out).await;
        assert_eq!(open(&app).await, [ana.person], "reading fails now");
        succeeded(&app.state.services, &ana, Direction::In).await;
        assert_eq!(open(&app).await, []);
    }

    async fn what_is_no_fault_of_the_calendar_is_no_alert(app) {
        let (_, ana) = booked(&app).await;
        for reason in ["rate_limited", "database", "key_missing"] {
            for _ in 0..7 {
                failed(&app.state.services, &ana, Direction::Out, reason).await;
            }
        }
        assert_eq!((told(&app).await.len(), app.rows("sync_failures").await), (0, 0));
    }

    async fn reads_that_fail_count(app) {
        let (_, ana) = booked(&app).await;
        works(&app).await;
        let window = Interval::new(app.now(), app.now() + TimeDelta::days(1)).expect("runs forward");
        for _ in 0..6 {
            app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
            busy::busy_now(&app.state.services, app.org, &[ana.person], window).await.expect("asked");
        }
        assert_eq!((told(&app).await.len(), open(&app).await), (2, vec![ana.person]));
        busy::busy_now(&app.state.services, app.org, &[ana.person], window).await.expect("asked");
        assert_eq!(open(&app).await, [], "it answers");
    }

    async fn processes_count_together_and_one_of_them_tells(app) {
        let (_, ana) = booked(&app).await;
        let mut other = app.state.services.clone();
        other.store = twin(&app.home).await;
        let ours = &app.state.services;
        let fail = |services| failed(services, &ana, Direction::In, "unavailable");
        tokio::join!(fail(ours), fail(&other), fail(ours), fail(&other), fail(ours));
        assert_eq!((told(&app).await.len(), app.rows("sync_failures").await), (0, 5));
        tokio::join!(fail(&other), fail(ours), fail(&other), fail(ours));
        assert_eq!(told(&app).await, [IDA, "uli@example.com"]);
    }

    async fn connecting_anew_or_disconnecting_starts_over(app) {
        let (_, ana) = booked(&app).await;
        for _ in 0..6 {
            failed(&app.state.services, &ana, Direction::Out, "unavailable").await;
        }
        app.ana_connects().await;
        assert_eq!((open(&app).await, app.rows("sync_alerts").await), (vec![], 0));
    }
}

#[tokio::test]
async fn who_can_do_something_about_it_reads_it_on_every_page() {
    let app = TestApp::at(on_sqlite().await).await;
    let (_, ana) = booked(&app).await;
    for _ in 0..6 {
        failed(&app.state.services, &ana, Direction::Out, "unavailable").await;
    }
    let (ida, ben) = (app.person(IDA).await, app.person(BEN).await);
    let mut front = Front::over(app).await;
    // Herself, with the button that asks the calendar at once.
    for path in ["/dashboard", "/requests", "/settings"] {
        let page = front.get(path).await;
        assert!(Page(&page.body).text().contains("Your Google Calendar keeps failing"), "{path}");
        assert!(page.body.contains(r#"action="/settings/calendar/google/sync""#), "{path}");
    }
    front.cookie = front.session_of(ana.org, ida).await;
    for path in ["/dashboard", "/admin", "/admin/audit"] {
        let page = front.get(path).await;
        assert!(
            Page(&page.body).text().contains("The calendar of Ana keeps failing"),
            "{path}: {}",
            Page(&page.body).text()
        );
        assert!(page.body.contains(r#"href="/admin/sync""#), "{path}");
    }
    let page = front.get("/admin/sync").await;
    let text = Page(&page.body).text();
    assert!(text.contains("Keeps failing") && text.contains("The calendar did not answer."), "{text}");
    assert!(!text.contains("The calendar of Ana keeps failing"), "said once: {text}");
    front.cookie = front.session_of(ana.org, ben).await;
    assert!(!Page(&front.get("/settings").await.body).text().contains("keeps failing"), "it is not his");
}
