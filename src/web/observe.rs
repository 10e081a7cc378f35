//! One id, one span and one log line per request. Says the route's template, never the address: addresses hold tokens.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use tracing_subscriber::EnvFilter;

use super::manifest::WAYS;
use crate::{error::REQUEST_ID, metrics};

/// What may be logged, whatever is asked for: the lines of this library's checks quote addresses.
pub fn tame(filter: EnvFilter) -> EnvFilter {
    match "tower_http=info".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

/// Outermost: everything a request causes happens inside its span. Ids in requests are not believed.
pub async fn observe(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let started = Instant::now();
    let span = tracing::info_span!("request", id = %id);

    let mut response = REQUEST_ID.scope(id.clone(), next.run(request)).instrument(span.clone()).await;

    let status = response.status().as_u16();
    let took = started.elapsed();
    metrics::request(word(&method), template(&route), status, took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, route, status, ms, "answered"));
    // A UUID in hexadecimal is a valid header value.
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// A route as the manifest writes it; whatever else is asked for counts as one.
fn template(route: &str) -> &'static str {
    WAYS.iter().find(|way| way.path == route).map_or("-", |way| way.path)
}

/// A method's name; those that nothing here answers count as one, for anybody may make some up.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
