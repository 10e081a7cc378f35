//! Failures as people and programs get to see them: a page for browsers, problem details (RFC 9457) for the rest.
//!
//! Handlers and layers answer with an [`AppError`]; here it becomes a page if the client asked for one. Answers of layers
//! that know no `AppError` are given one by their status. A page that rendered its own error is left alone.

use std::any::Any;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;

use super::{gate::method_not_allowed, intake::wrong_type};
use crate::{
    api::REPLAYED,
    app::{Theme, error_document},
    error::AppError,
    state::AppState,
};

/// More than any `AppError` takes.
const LARGEST_ERROR: usize = 64 * 1024;

pub async fn explain(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let page_wanted = wants_page(&request);
    let theme = Theme::from_headers(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return with_own_status(response).await;
    }
    let error = response.extensions().get::<AppError>().cloned();
    let Some(error) = error.or_else(|| stand_in(status, response.headers())) else {
        return response;
    };
    let mut explained = if page_wanted {
        (error.status_code(), Html(error_document(&state.site, theme, &error))).into_response()
    } else {
        error.into_response()
    };
    for name in [header::ALLOW, header::RETRY_AFTER, header::CONNECTION, header::WWW_AUTHENTICATE, REPLAYED] {
        if let Some(value) = response.headers().get(&name) {
            explained.headers_mut().insert(name, value.clone());
        }
    }
    explained
}

/// Where a panic ends: the process lives, the person gets a reference.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    // What the panic said stays unsaid, it may quote data; the hook set at start logs where it happened.
    AppError::internal(&Panicked).into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let for_programs = path.starts_with("/api/v1/") || path.starts_with("/hooks/");
    let accepts = |value: &header::HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/html"));
    !for_programs && *request.method() != Method::HEAD && request.headers().get_all(header::ACCEPT).iter().any(accepts)
}

/// For answers of layers below that are bare or in their own words. `None` leaves the answer as it is.
fn stand_in(status: StatusCode, headers: &HeaderMap) -> Option<AppError> {
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if is_page {
        return None;
    }
    match status {
        StatusCode::NOT_FOUND => Some(AppError::not_found()),
        StatusCode::METHOD_NOT_ALLOWED => Some(method_not_allowed()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(wrong_type()),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Some(
            AppError::new(status.as_u16(), "request_invalid", "The request could not be read.")
                .hint("Load the page again."),
        ),
        // Ranges and preconditions are settled between browser and file server.
        _ if status.is_client_error() => None,
        StatusCode::SERVICE_UNAVAILABLE => Some(AppError::unavailable()),
        _ => Some(AppError::internal(&Bare(status))),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a layer answered {0} without saying why")]
struct Bare(StatusCode);

/// A server function called by an island answers 500 whatever the error; its body says which status is meant.
async fn with_own_status(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_ERROR).await else {
        return AppError::unavailable().into_response();
    };
    if let Ok(error) = serde_json::from_slice::<AppError>(&bytes) {
        parts.status = error.status_code();
    }
    Response::from_parts(parts, Body::from(bytes))
}
