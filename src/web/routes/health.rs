//! For load balancers: is the process alive, can it serve. Says nothing else to anybody.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};

use super::Routes;
use crate::store::Store;

pub fn routes() -> Routes {
    Routes::default().get("/healthz", alive).get("/readyz", ready)
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
