//! A small iCIMS on loopback: applications with notes, a key, and ways to fail. It knows the calls from their description, and none
//! of the application's code. The same note sent twice stands there twice.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use url::Url;

use crate::story::TestApp;

pub const KEY: &str = "sandbox-icims-key";
/// The one application there is.
pub const APPLICATION: &str = "4711";

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    Fine,
    /// Whatever is asked, 503.
    Down,
    /// 429, with seconds to wait.
    Busy(u32),
    /// The key is no longer good.
    Locked,
    /// Does what is asked, and cuts the connection instead of answering.
    Cut,
    /// Does what is asked, and answers 500.
    Stumbling,
    /// 400 to every note.
    Picky,
}

#[derive(Default)]
struct Desk {
    notes: BTreeMap<String, Vec<String>>,
    /// What each call was: `GET` or `POST`, oldest first.
    calls: Vec<Method>,
    keys: Vec<String>,
    mood: Option<Mood>,
    /// Moods of the next calls, before the lasting one.
    next: VecDeque<Mood>,
}

#[derive(Clone)]
pub struct FakeIcims {
    pub base: Url,
    desk: Arc<Mutex<Desk>>,
}

impl FakeIcims {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}/customers/1234/", listener.local_addr().expect("bound"));
        let mut desk = Desk::default();
        desk.notes.insert(APPLICATION.to_owned(), Vec::new());
        let icims = Self { base: base.parse().expect("a URL"), desk: Arc::new(Mutex::new(desk)) };
        let router = Router::new()
            .route("/customers/1234/applicantworkflows/{id}", get(answer))
            .route("/customers/1234/applicantworkflows/{id}/notes", get(answer).post(answer))
            .with_state(icims.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        icims
    }

    pub fn is(&self, mood: Mood) {
        self.desk().mood = Some(mood);
    }

    /// Only the next call.
    pub fn is_once(&self, mood: Mood) {
        self.desk().next.push_back(mood);
    }

    /// The notes that stand there, oldest first.
    pub fn notes(&self) -> Vec<String> {
        self.desk().notes[APPLICATION].clone()
    }

    /// Their first lines.
    pub fn titles(&self) -> Vec<String> {
        self.notes().iter().map(|note| note.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// Somebody else writes there.
    pub fn write(&self, note: &str) {
        self.desk().notes.get_mut(APPLICATION).expect("it is there").push(note.to_owned());
    }

    pub fn calls(&self) -> Vec<Method> {
        self.desk().calls.clone()
    }

    /// Every `Idempotency-Key` that came, oldest first.
    pub fn keys(&self) -> Vec<String> {
        self.desk().keys.clone()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().expect("no test panicked holding it")
    }
}

/// Convene uses this iCIMS.
pub async fn with_icims(mut app: TestApp) -> (TestApp, FakeIcims) {
    let icims = FakeIcims::start().await;
    app.use_icims(icims.base.clone(), KEY);
    (app, icims)
}

async fn answer(
    State(icims): State<FakeIcims>,
    method: Method,
    uri: axum::http::Uri,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, usize>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut desk = icims.desk();
    desk.calls.push(method.clone());
    desk.keys.extend(headers.get("idempotency-key").map(|key| key.to_str().expect("text").to_owned()));
    let mood = desk.next.pop_front().or(desk.mood).unwrap_or(Mood::Fine);
    let authorised = headers.get("authorization").is_some_and(|value| value == format!("Bearer {KEY}").as_str());
    match mood {
        Mood::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Busy(seconds) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
        }
        Mood::Locked => return StatusCode::UNAUTHORIZED.into_response(),
        _ if !authorised => return StatusCode::UNAUTHORIZED.into_response(),
        Mood::Picky if method == Method::POST => return StatusCode::BAD_REQUEST.into_response(),
        _ => {}
    }
    let Some(notes) = desk.notes.get_mut(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let answer = match (method, uri.path().ends_with("/notes")) {
        (Method::POST, _) => {
            let note: Value = serde_json::from_slice(&body).expect("JSON");
            notes.push(note["note"].as_str().expect("a note").to_owned());
            (StatusCode::CREATED, Json(json!({ "id": notes.len() }))).into_response()
        }
        (_, false) => Json(json!({ "id": id })).into_response(),
        (_, true) => {
            let (offset, limit) = (query["offset"], query["limit"]);
            assert!((1..=100).contains(&limit), "a page has 100 notes at most");
            let shown = notes.iter().enumerate().skip(offset).take(limit);
            let shown = shown.map(|(at, note)| json!({ "id": at + 1, "note": note, "createdDate": "2027-03-01" }));
            Json(json!({ "notes": shown.collect::<Vec<_>>(), "total": notes.len() })).into_response()
        }
    };
    match mood {
        Mood::Cut => Response::new(Body::new(Broken)),
        Mood::Stumbling => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => answer,
    }
}

/// A body that breaks off.
struct Broken;

impl hyper::body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("cut"))))
    }
}
