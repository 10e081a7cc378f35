//! Convene's front door: the router over a story's Convene, and a browser in which Ana is signed in.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use convene::{
    audit::Origin,
    ids::{OrgId, PersonId},
    people::sessions,
    state::AppState,
    web::server::router,
};

use crate::{
    story::{TestApp, on_sqlite},
    support::html::Page,
    support::{self, Answer},
};

pub const BEN: &str = "ben@example.com";
/// What the stories' Convene is called.
const HOST: &str = "interviews.example.com";
const FORM: &str = "application/x-www-form-urlencoded";

pub struct Front {
    pub app: TestApp,
    router: Router,
    /// What the browser sends as `Cookie`.
    pub cookie: String,
}

/// What is typed into a form: names and values.
pub type Typed = Vec<(&'static str, String)>;

impl Front {
    /// Ana is signed in; her calendar and Ben's are connected.
    pub async fn open() -> Self {
        let app = TestApp::at(on_sqlite().await).await;
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        Self::over(app).await
    }

    /// Ana is signed in.
    pub async fn over(app: TestApp) -> Self {
        let mut front = Self { router: router(app.state.clone()), app, cookie: String::new() };
        front.sign_in().await;
        front
    }

    /// Answers from another state from now on.
    pub fn serve(&mut self, state: AppState) {
        self.router = router(state);
    }

    /// Signs Ana in anew.
    pub async fn sign_in(&mut self) {
        let member = self.app.ana.member();
        self.cookie = self.session_of(member.org, member.person).await;
    }

    /// The `Cookie` of a new session of this person.
    pub async fn session_of(&self, org: OrgId, person: PersonId) -> String {
        let txn = self.app.store().begin().await.expect("a write");
        let session = sessions::open(&txn, org, person, None, &Origin::default(), self.app.now()).await;
        txn.commit().await.expect("committed");
        let cookie = session.expect("a session").set_cookie();
        cookie.split(';').next().expect("a cookie").to_owned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "text/html", None, Body::empty()).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.send(Method::HEAD, path, "text/html", None, Body::empty()).await
    }

    pub async fn post(&self, path: &str, typed: &[(&str, String)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
        self.send(Method::POST, path, "text/html", Some(FORM), Body::from(body)).await
    }

    /// As an island asks.
    pub async fn post_json(&self, path: &str, body: String) -> Answer {
        const JSON: &str = "application/json";
        self.send(Method::POST, path, JSON, Some(JSON), Body::from(body)).await
    }

    /// As a program with this key asks, or one without a key; what the browser is signed in as goes along.
    pub async fn call(&self, method: Method, path: &str, key: Option<&str>, once: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", HOST).header("cookie", &self.cookie);
        let request = request.header("idempotency-key", once).header("content-type", "application/json");
        let request = match key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        };
        support::ask(&self.router, request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    async fn send(&self, method: Method, path: &str, accept: &str, content_type: Option<&str>, body: Body) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("host", HOST).header("accept", accept).header("sec-fetch-site", "same-origin");
        let request = request.header("cookie", &self.cookie);
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        support::ask(&self.router, request.body(body).expect("a request")).await
    }

    /// How much there is of everything a form could write.
    pub async fn written(&self) -> BTreeMap<&'static str, i64> {
        let tables = [
            "audit_log",
            "booking_changes",
            "bookings",
            "events",
            "idempotency_keys",
            "jobs",
            "manual_windows",
            "messages",
            "occupancies",
            "people",
            "requests",
        ];
        let mut written = BTreeMap::new();
        for table in tables {
            written.insert(table, self.app.rows(table).await);
        }
        written
    }
}

/// The failure an answer shows: its status, code, sentence and the reference of its request.
pub fn assert_failure(what: &str, answer: &Answer, status: u16, code: &str, sentence: &str) {
    let page = Page(&answer.body);
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", page.text());
    assert_eq!(page.code().as_deref(), Some(code), "{what}: {}", page.text());
    assert!(page.text().contains(sentence), "{what}: {sentence:?} is not said in {}", page.text());
    if page.is_error_page() {
        assert!(page.text().contains(answer.header("x-request-id")), "{what}: the page names its reference");
    }
}
