//! Pages that follow what happens: what makes news, whose they are, and when they end.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{Request, StatusCode},
};
use chrono::TimeDelta;
use convene::{
    calendars::{CalendarError, memory::Action},
    people::sessions,
    state::AppState,
    web::{live::Topic, server::router},
};
use futures_util::StreamExt;
use tower::ServiceExt;

use crate::story::{HOST, TestApp, on_sqlite, stories, twin};
use crate::support::{Answer, front::Front, html::Page};

const BEN: &str = "ben@example.com";
/// Long enough for a machine that is busy; what comes does so within a second or two.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing has to come to be believed: three looks.
const SILENCE: Duration = Duration::from_secs(3);

/// An open page.
struct Open {
    status: StatusCode,
    content_type: String,
    body: BodyDataStream,
    heard: String,
}

impl Open {
    async fn at(router: &Router, cookie: &str, path: &str) -> Self {
        let request = Request::get(path).header("host", HOST).header("cookie", cookie);
        let request = request.header("accept", "text/event-stream").body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        Self {
            status: response.status(),
            content_type: content_type.unwrap_or_default().to_owned(),
            body: response.into_body().into_data_stream(),
            heard: String::new(),
        }
    }

    /// The next event's name and id; nothing if the stream is over.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.heard.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
                let found = (field("event:").to_owned(), field("id:").to_owned());
                self.heard = rest.to_owned();
                if !found.0.is_empty() {
                    return Some(found);
                }
                continue;
            }
            let more = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("something comes");
            let more = more?.expect("the stream is whole");
            self.heard.push_str(std::str::from_utf8(&more).expect("text"));
        }
    }

    async fn changed(&mut self) -> String {
        let (event, id) = self.next().await.expect("goes on");
        assert_eq!(event, "changed");
        id
    }

    async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(SILENCE, self.next()).await.is_err()
    }
}

/// Another process on the same database.
async fn other_process(app: &TestApp) -> AppState {
    let mut services = app.state.services.clone();
    services.store = twin(&app.home).await;
    let (config, mailer, wake) = (app.state.config.clone(), app.state.mailer.clone(), app.state.wake.clone());
    AppState::new(config, services, mailer, app.state.site.clone(), wake)
}

async fn mark(state: &AppState, topic: Topic) -> String {
    topic.mark(state).await.expect("read")
}

stories! {
    async fn an_open_request_hears_what_happens_in_another_process(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let other = other_process(&app).await;
        let front = Front::over(app).await;
        let app = &front.app;
        let topic = Topic::Request(app.org, asked.id);
        let path = format!("/requests/{}/live?since={}", asked.id, mark(&other, topic).await);
        let mut open = Open::at(&router(other.clone()), &front.cookie, &path).await;
        assert_eq!((open.status.as_u16(), open.content_type.as_str()), (200, "text/event-stream"));
        app.asks(|_| ()).await;
        assert!(open.is_silent().await, "another request is no news of this one");

        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let booked = open.changed().await;
        app.google.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        app.work().await;
        let failed = open.changed().await;
        app.waits_end().await;
        app.work().await;
        let placed = open.changed().await;
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        let moved = open.changed().await;
        app.candidate_cancels(&asked).await.expect("cancelled");
        let cancelled = open.changed().await;
        let mut marks = vec![booked, failed, placed, moved, cancelled];
        marks.dedup();
        assert_eq!(marks.len(), 5, "{marks:?}");
    }

    async fn a_page_that_comes_back_hears_what_it_missed(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let front = Front::over(app).await;
        let app = &front.app;
        let topic = Topic::Request(app.org, asked.id);
        let shown = mark(&app.state, topic).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked between the page and its stream");
        let router = router(app.state.clone());
        let path = format!("/requests/{}/live", asked.id);
        let mut open = Open::at(&router, &front.cookie, &format!("{path}?since={shown}")).await;
        let now = open.changed().await;
        assert_eq!(now, mark(&app.state, topic).await);
        let mut again = Open::at(&router, &front.cookie, &format!("{path}?since={now}")).await;
        assert!(again.is_silent().await, "it shows that already");
    }
}

async fn with_ida() -> (Front, String) {
    let app = TestApp::at(on_sqlite().await).await;
    app.ana_connects().await;
    let ida = app.person("ida@example.com").await;
    app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {}", app.uuid(ida.uuid()))).await;
    let front = Front::over(app).await;
    let cookie = front.session_of(front.app.org, ida).await;
    (front, cookie)
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_with_its_right() {
    let (front, ida) = with_ida().await;
    let router = router(front.app.state.clone());
    let mut open = Open::at(&router, &ida, "/admin/sync/live").await;
    open.changed().await;
    let mut other = Open::at(&router, &ida, "/admin/sync/live").await;
    other.changed().await;
    // Signed out elsewhere; the next news finds nobody who may hear it.
    front.app.run("DELETE FROM sessions").await;
    front.app.run("UPDATE connections SET status = 'error'").await;
    assert_eq!(open.next().await.map(|(event, _)| event).as_deref(), Some("over"));
    assert_eq!((open.next().await, front.app.state.live.open() <= 1), (None, true), "and that was all");
    assert_eq!(other.next().await.map(|(event, _)| event).as_deref(), Some("over"));

    let (front, ida) = with_ida().await;
    let mut open = Open::at(&convene::web::server::router(front.app.state.clone()), &ida, "/admin/sync/live").await;
    open.changed().await;
    front.app.run("UPDATE people SET role = 'coordinator'").await;
    front.app.run("UPDATE connections SET status = 'error'").await;
    assert_eq!(open.next().await.map(|(event, _)| event).as_deref(), Some("over"), "no administrator any more");
}

#[tokio::test]
async fn only_so_many_are_open_and_places_are_given_back() {
    let (front, ida) = with_ida().await;
    let router = router(front.app.state.clone());
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Open::at(&router, &ida, "/admin/sync/live").await);
    }
    assert!(open.iter().all(|one| one.status.is_success()));
    assert_eq!(Open::at(&router, &ida, "/admin/sync/live").await.status.as_u16(), 503);
    open.pop();
    assert!(Open::at(&router, &ida, "/admin/sync/live").await.status.is_success(), "a place is free");
    drop(open);
    assert_eq!(front.app.state.live.open(), 0);
}

#[tokio::test]
async fn a_process_that_stops_ends_its_streams() {
    let (front, ida) = with_ida().await;
    let mut open = Open::at(&router(front.app.state.clone()), &ida, "/admin/sync/live").await;
    open.changed().await;
    front.app.state.live.end();
    assert_eq!(open.next().await, None);
}

#[tokio::test]
async fn following_is_no_use_of_a_session() {
    let (front, ida) = with_ida().await;
    let app = &front.app;
    let session = async |cookie: &str| {
        let token = sessions::SessionToken::from_cookies([cookie]).expect("a session's cookie");
        sessions::look(app.store(), &token, app.now()).await.expect("read").is_some()
    };
    for _ in 0..3 {
        app.passes(TimeDelta::hours(5));
        drop(Open::at(&router(app.state.clone()), &ida, "/admin/sync/live").await);
    }
    assert!(!session(&ida).await, "fifteen hours without anybody there");
}

#[tokio::test]
async fn who_reads_no_events_is_told_so() {
    let (mut front, ida) = with_ida().await;
    front.cookie = ida;
    let Answer { status, body, .. } = front.get("/admin/sync/live").await;
    assert_eq!((status.as_u16(), Page(&body).code().as_deref()), (400, Some("event_stream")));
}
