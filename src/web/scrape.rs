//! `/metrics` on a listener of its own, so that who reaches the pages never reads it: what this process counted, and what the
//! database says for all of them. `METRICS_LISTEN` says where; without it nothing is counted.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

use super::serve::serve;
use crate::{
    connections::{self, alerts},
    metrics::{self, Jobs, Now},
    outbox::depths::depths,
    shutdown::Shutdown,
    state::AppState,
    store::StoreError,
};

/// The text exposition format and its version.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How often what histograms gathered is folded, whether or not anybody asks.
const UPKEEP: Duration = Duration::from_secs(10);
/// How long the database may take: whoever asks comes again in a few seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers until told to stop. Whoever calls this has begun to count.
pub async fn answer(listener: TcpListener, state: AppState, shutdown: Shutdown) {
    let upkeep = async {
        let mut ticks = tokio::time::interval(UPKEEP);
        while !shutdown.has_begun() {
            tokio::select! {
                _ = ticks.tick() => metrics::upkeep(),
                () = shutdown.begun() => {}
            }
        }
    };
    tokio::join!(serve(listener, router(state), shutdown.clone()), upkeep);
}

/// The one route there is, ready to be served or asked directly in a test.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(state)
}

async fn scrape(State(state): State<AppState>) -> Response {
    let now = match tokio::time::timeout(PATIENCE, now(&state)).await {
        Ok(Ok(now)) => Some(now),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database did not say how things stand");
            None
        }
        Err(_) => None,
    };
    let text = metrics::counted() + &metrics::now(now.as_ref());
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}

/// What only the database knows.
async fn now(state: &AppState) -> Result<Now, StoreError> {
    let db = state.store.reader();
    let jobs = depths(db, None).await?.into_iter().map(|depth| Jobs {
        kind: depth.kind,
        state: depth.phase.as_str(),
        count: depth.count,
        oldest: depth.oldest,
    });
    Ok(Now {
        jobs: jobs.collect(),
        connections: connections::counts(db).await?,
        alerts: alerts::count(db, state.clock.now()).await?,
    })
}
