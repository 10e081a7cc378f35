//! Where grants are renewed and handed back: a provider's token endpoint on loopback.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, Uri, header::CONTENT_TYPE},
    response::IntoResponse,
};

/// Says of every refresh token that it was withdrawn (RFC 6749 section 5.2), until it is told that they live.
pub struct Grants {
    pub url: url::Url,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    live: bool,
    asked: Vec<&'static str>,
}

impl Grants {
    pub async fn open() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let shared = state.clone();
        let router = Router::new().fallback(move |uri: Uri, body: Bytes| async move { answer(&shared, &uri, &body) });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://{address}").parse().expect("a URL"), state }
    }

    /// From now on refresh tokens are worth an access token.
    pub fn live(&self) {
        self.state.lock().expect("no panic").live = true;
    }

    /// What was asked of it, in order: `renew` or `hand back`.
    pub fn asked(&self) -> Vec<&'static str> {
        self.state.lock().expect("no panic").asked.clone()
    }
}

fn answer(state: &Mutex<State>, uri: &Uri, body: &[u8]) -> impl IntoResponse + use<> {
    let mut state = state.lock().expect("no panic");
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let refresh = form.get("refresh_token").and_then(|token| token.strip_prefix("refresh "));
    let (status, text) = match refresh {
        _ if uri.path().contains("revoke") => {
            state.asked.push("hand back");
            (StatusCode::OK, "{}".to_owned())
        }
        // The token of a memory calendar is its account's name.
        Some(account) if state.live => {
            state.asked.push("renew");
            (StatusCode::OK, format!(r#"{{"access_token":"{account}","token_type":"Bearer","expires_in":3600}}"#))
        }
        _ => (StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#.to_owned()),
    };
    (status, [(CONTENT_TYPE, "application/json")], text)
}
