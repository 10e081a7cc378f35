//! Bodies: how large, of which type, and well-formed, before anybody interprets them.
//!
//! Forms and JSON are read here, once and within a time, judged, and passed on whole; so no handler ever waits for a
//! slow sender or meets a field twice. What is asked under `/api/` is asked in JSON, everything else by forms. Pushes from
//! providers (`/hooks/…`) are signed over their raw bytes and only limited in size.

pub mod form;
mod json;

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::error::AppError;

const LARGEST_FORM: usize = 64 * 1024;
const LARGEST_JSON: usize = 256 * 1024;
/// A question about open times brings everybody's busy times along.
const LARGEST_QUERY: usize = 4 * 1024 * 1024;
const LARGEST_HOOK: usize = 1024 * 1024;
const SLOWEST_BODY: Duration = Duration::from_secs(15);

/// Reads and judges the body of whatever may change something.
pub async fn judge(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match read(&parts.headers, parts.uri.path(), body).await {
        Ok(bytes) => {
            parts.headers.remove(header::TRANSFER_ENCODING);
            parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

enum Kind {
    Form,
    Json,
    /// Read as strictly by the core that answers it, in its own words, which are those of `convene slots`.
    Query,
    Hook,
}

async fn read(headers: &HeaderMap, path: &str, body: Body) -> Result<Bytes, AppError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(wrong_type());
    }
    let kind = kind(headers, path)?;
    let limit = match kind {
        Kind::Form => LARGEST_FORM,
        Kind::Json => LARGEST_JSON,
        Kind::Query => LARGEST_QUERY,
        Kind::Hook => LARGEST_HOOK,
    };
    // What Content-Length announces is refused before any of it is read.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let reading = tokio::time::timeout(SLOWEST_BODY, to_bytes(body, limit));
    let bytes = match reading.await {
        Err(_) => {
            return Err(AppError::new(408, "body_too_slow", "The request took too long to arrive.").hint("Try again."));
        }
        Ok(Err(error)) if is_limit(&error) => return Err(too_large()),
        Ok(Err(_)) => {
            return Err(
                AppError::bad_request("body_incomplete", "The request did not arrive whole.").hint("Try again.")
            );
        }
        Ok(Ok(bytes)) => bytes,
    };
    match kind {
        Kind::Form => form::judge(&bytes)?,
        Kind::Json => json::judge(&bytes)?,
        Kind::Query | Kind::Hook => (),
    }
    Ok(bytes)
}

fn kind(headers: &HeaderMap, path: &str) -> Result<Kind, AppError> {
    if path.starts_with("/hooks/") {
        return Ok(Kind::Hook);
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (essence.as_str(), path.starts_with("/api/")) {
        ("application/json", true) if path == "/api/v1/availability" => Ok(Kind::Query),
        ("application/json", true) => Ok(Kind::Json),
        ("application/x-www-form-urlencoded", false) => Ok(Kind::Form),
        _ => Err(wrong_type()),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_large() -> AppError {
    AppError::new(413, "body_too_large", "That is more than can be sent at once.")
        .hint("Shorten the longest text and try again.")
}

pub fn wrong_type() -> AppError {
    AppError::new(415, "content_type", "The request is of a type that is not accepted here.")
        .hint("Send a plain form, or JSON without compression.")
}
