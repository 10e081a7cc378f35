//! For load balancers: is the process alive, can it serve. Says nothing else to anybody.

use std::time::Duration;

use axum::{Router, extract::State, http::StatusCode, routing::get};

use crate::{state::AppState, store::Store};

pub fn routes() -> Router<AppState> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> &'static str {
    "ok"
}

/// Ready when the database answers within two seconds.
async fn ready(State(store): State<Store>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(Duration::from_secs(2), store.now()).await {
        Ok(Ok(_)) => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    }
}
