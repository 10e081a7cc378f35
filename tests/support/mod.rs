//! A Convene of its own for each test: the real router over a fresh database, asked without a socket.

pub mod front;
pub mod html;
pub mod log;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use convene::{
    clock::SystemClock,
    config::Config,
    notifications::email::MemoryMailer,
    state::AppState,
    store::Store,
    web::{server::router, site::Site},
};
use tower::ServiceExt;

/// Where the test's Convene believes to be.
pub const HOST: &str = "127.0.0.1:3000";

/// Settings that are all right, with some replaced.
pub fn config(changes: &[(&str, &str)]) -> Config {
    let mut settings = HashMap::from([
        ("GOOGLE_CLIENT_ID", "client"),
        ("GOOGLE_CLIENT_SECRET", "hush"),
        ("MICROSOFT_CLIENT_ID", "client"),
        ("MICROSOFT_CLIENT_SECRET", "hush"),
        ("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44"),
        ("SMTP_URL", "smtp://127.0.0.1"),
        ("MAIL_FROM", "Interviews <interviews@example.com>"),
    ]);
    settings.extend(changes.iter().copied());
    let config = Config::from_settings(|name| settings.get(name).map(|value| (*value).to_owned()));
    config.unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// The state of a Convene over a fresh database in memory.
pub async fn state(config: Config) -> AppState {
    let store = Store::open("sqlite::memory:").await.expect("a database in memory opens");
    store.migrate().await.expect("it can be migrated");
    let mailer = Arc::new(MemoryMailer::new(config.mail.from.clone()));
    // No built site is needed to ask for pages.
    let site = Site::named("no-such-folder", None);
    AppState::wire(store, Arc::new(config), Arc::new(SystemClock), mailer, site)
}

/// The router with usual settings.
pub async fn app() -> Router {
    router(state(config(&[])).await)
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The value of a header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The stable code of a problem document.
    pub fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Asks, and waits for the whole answer. A request without a host gets ours.
pub async fn ask(app: &Router, mut request: Request<Body>) -> Answer {
    if !request.headers().contains_key("host") && !request.headers().contains_key("x-no-host") {
        request.headers_mut().insert("host", HOST.parse().expect("a host is a header value"));
    }
    let response = app.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 16 * 1024 * 1024).await.expect("the body can be read");
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status, headers: parts.headers, body }
}
