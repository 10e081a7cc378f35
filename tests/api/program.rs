//! A program with a key.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
};
use convene::{
    api_keys::{self, NewKey, Scope},
    audit::Origin,
    ids::{OrgId, PersonId},
    people::{self, Admin, Member},
    web::server::router,
};
use sea_orm::Iterable;
use serde_json::Value;

use super::described;
use crate::{
    story::{HOST, TestApp, coordinator, organisation},
    support,
};

pub struct Program {
    pub app: TestApp,
    router: Router,
    /// Ana's, for everything.
    pub key: String,
}

/// What came back, as the document says it should be.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `null` where there is no content.
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status, stable code and what it is about.
    pub fn refusal(&self) -> (u16, &str, &str) {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        (self.status, text("code"), text("field"))
    }
}

impl Program {
    /// Ana's calendar and Ben's are connected.
    pub async fn over(app: TestApp) -> Self {
        app.ana_connects().await;
        app.connected(&["ben@example.com"]).await;
        let router = router(app.state.clone());
        let mut program = Self { app, router, key: String::new() };
        program.key = program.key_for(&Scope::iter().collect::<Vec<_>>()).await;
        program
    }

    /// A second program on the same database, as another process would be.
    pub async fn twin(&self) -> Router {
        let mut state = self.app.state.clone();
        state.store = crate::story::twin(&self.app.home).await;
        state.services.store = state.store.clone();
        router(state)
    }

    /// Answers by this router from now on.
    pub fn ask_through(&mut self, router: Router) {
        self.router = router;
    }

    /// A key in Ana's name.
    pub async fn key_for(&self, scopes: &[Scope]) -> String {
        let (org, ana) = (self.app.org, self.app.ana.member().person);
        self.key_of(org, ana, scopes, None).await
    }

    pub async fn key_of(&self, org: OrgId, coordinator: PersonId, scopes: &[Scope], days: Option<i64>) -> String {
        let now = self.app.now();
        let expires_at = days.map(|days| now + chrono::TimeDelta::days(days));
        let new = NewKey { name: "Careers site".into(), scopes: scopes.to_vec(), coordinator, expires_at };
        let admin = self.admin(org).await;
        let made = api_keys::create(self.app.store(), &admin, &new, &Origin::default(), now).await;
        made.expect("a key").1.expose()
    }

    /// An administrator of the organisation.
    pub async fn admin(&self, org: OrgId) -> Admin {
        let ida = coordinator(self.app.store(), org, "ida@example.com").await;
        let id = self.app.uuid(ida.member().person.uuid());
        self.app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {id}")).await;
        let found = people::find(self.app.store().reader(), org, ida.member().person).await.expect("read");
        Member::of(&found.expect("there")).expect("not off").admin().expect("an administrator")
    }

    /// A key of another organisation, for everything.
    pub async fn foreign_key(&self) -> String {
        let theirs = organisation(self.app.store(), "Contoso", self.app.now()).await;
        let uma = coordinator(self.app.store(), theirs, "uma@example.com").await;
        self.key_of(theirs, uma.member().person, &Scope::iter().collect::<Vec<_>>(), None).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, None).await
    }

    /// Changes something, with this idempotency key.
    pub async fn post(&self, path: &str, once: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(once), Some(body)).await
    }

    pub async fn call(&self, method: &str, path: &str, once: Option<&str>, body: Option<&Value>) -> Answer {
        self.call_as(&self.key, method, path, once, body).await
    }

    pub async fn call_as(
        &self,
        key: &str,
        method: &str,
        path: &str,
        once: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let body = match body {
            None | Some(Value::Null) => Body::empty(),
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        let answer = support::ask(&self.router, request.body(body).expect("a request")).await;
        let content_type = answer.header("content-type").to_owned();
        described::judge(method, path, answer.status.as_u16(), &content_type, &answer.body);
        Answer {
            status: answer.status.as_u16(),
            body: serde_json::from_str(&answer.body).unwrap_or_default(),
            headers: answer.headers,
            text: answer.body,
        }
    }

    /// What a new request says: 45 minutes of Ben in the week of [`TestApp::time`].
    pub fn wish(&self) -> Value {
        let monday = self.app.monday();
        serde_json::json!({
            "candidate": {"name": "Priya Venkataraman", "email": "priya@example.net"},
            "interview_type": "Coding",
            "duration_minutes": 45,
            "from": monday.to_string(),
            "to": (monday + chrono::Days::new(4)).to_string(),
            "zone": "Etc/UTC",
            "interviewers": ["ben@example.com"],
        })
    }

    /// A request made of that, by its id.
    pub async fn asks(&self, once: &str) -> String {
        let made = self.post("/api/v1/requests", once, &self.wish()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.body["id"].as_str().expect("an id").to_owned()
    }

    /// The first times that a request offers.
    pub async fn offered(&self, request: &str) -> Vec<String> {
        let slots = self.get(&format!("/api/v1/requests/{request}/slots")).await;
        let starts = slots.body["slots"].as_array().expect("slots").iter();
        starts.map(|slot| slot["start"].as_str().expect("a start").to_owned()).collect()
    }
}
