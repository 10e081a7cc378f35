//! Where providers push to: a server of the stage's own that writes down what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use convene::calendars::changes::{Hook, HookToken};
use serde_json::Value;
use tokio::sync::watch;

/// Longer than a push takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One push that tells of a change.
#[derive(Clone, Debug, PartialEq)]
struct Heard {
    path: String,
    /// What the provider handed back of what we gave it.
    token: String,
}

pub struct Hooks {
    address: SocketAddr,
    heard: watch::Receiver<Vec<Heard>>,
}

impl Hooks {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (tell, heard) = watch::channel(Vec::new());
        let router = axum::Router::new().fallback(hear).with_state(tell);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, heard }
    }

    pub fn hook(&self) -> Hook {
        let channel = uuid::Uuid::now_v7();
        let address = format!("http://{}/hooks/{channel}", self.address);
        let lifecycle = format!("{address}/lifecycle");
        Hook { channel, address, lifecycle, token: HookToken::new(format!("token of {channel}")) }
    }

    /// How many changes were pushed to this hook so far, once there were as many as `least`.
    pub async fn heard(&self, hook: &Hook, least: usize) -> usize {
        let path = format!("/hooks/{}", hook.channel);
        let count = |heard: &Vec<Heard>| {
            let here = heard.iter().filter(|one| one.path == path);
            here.inspect(|one| assert_eq!(one.token, hook.token.expose(), "the token comes back")).count()
        };
        let mut heard = self.heard.clone();
        let told = tokio::time::timeout(PATIENCE, heard.wait_for(|heard| count(heard) >= least)).await;
        count(&told.expect("a push comes").expect("the server lives"))
    }
}

/// Proves the address to Microsoft, and writes down news of changes from either.
async fn hear(State(tell): State<watch::Sender<Vec<Heard>>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    if let Some((_, proof)) = pairs.find(|(name, _)| name == "validationToken") {
        return ([("content-type", "text/plain")], proof.into_owned()).into_response();
    }
    let body = axum::body::to_bytes(body, 1024 * 1024).await.unwrap_or_else(|_| Bytes::new());
    let path = parts.uri.path().to_owned();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tokens: Vec<String> = match header("x-goog-resource-state") {
        // That there is a channel, and no news.
        "sync" => Vec::new(),
        "" => {
            let items: Value = serde_json::from_slice(&body).unwrap_or_default();
            let items = items["value"].as_array().cloned().unwrap_or_default();
            items.iter().map(|item| item["clientState"].as_str().unwrap_or_default().to_owned()).collect()
        }
        _ => vec![header("x-goog-channel-token").to_owned()],
    };
    tell.send_modify(|heard| heard.extend(tokens.into_iter().map(|token| Heard { path: path.clone(), token })));
    StatusCode::ACCEPTED.into_response()
}
