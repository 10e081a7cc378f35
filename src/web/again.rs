//! Showing a page again from a form that could not be carried out: same URL, what was typed still there, the right status.
//!
//! Forms post to the page they stand on. A verb that succeeds ends in a redirect; one that does not ends here, so the answer to
//! the POST is the page itself and nothing has to travel through a query string.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use leptos::prelude::*;

use crate::{
    app::shell,
    error::AppError,
    state::AppState,
    web::{
        components::{Banner, Tone, Wrong},
        server::hand_over,
    },
};

/// What went wrong with the form, for the page that shows it again.
#[derive(Clone, Debug)]
pub struct Attempt<T> {
    pub error: AppError,
    /// What was typed.
    pub typed: T,
}

/// What is wrong with this field, for the line below it.
pub fn wrong<T>(attempt: Option<&Attempt<T>>, field: &str) -> Option<Wrong> {
    let error = attempt.map(|attempt| &attempt.error).filter(|error| error.field.as_deref() == Some(field));
    error.map(|error| Wrong::new(error.code.clone(), error.sentence.clone()))
}

/// Why the form could not be carried out, above it; nothing if one of these fields says so.
pub fn problem<T>(attempt: Option<&Attempt<T>>, fields: &[&str]) -> impl IntoView + use<T> {
    let is_said = |error: &AppError| error.field.as_deref().is_some_and(|field| fields.contains(&field));
    let error = attempt.map(|attempt| attempt.error.clone()).filter(|error| !is_said(error));
    error.map(|AppError { sentence, code, hint, .. }| {
        view! {
            <Banner tone=Tone::Danger title=sentence.to_string() code=code.to_string() alert=true class="mb-4">
                {hint.unwrap_or_default().to_string()}
            </Banner>
        }
    })
}

/// Renders the page at `path`, where the form stands, with the attempt in context.
pub async fn show_at<T: Clone + Send + Sync + 'static>(
    path: &'static str,
    state: AppState,
    mut parts: Parts,
    attempt: Attempt<T>,
) -> Response {
    parts.uri = Uri::from_static(path);
    show(state, parts, attempt).await
}

/// Renders the page at `path` with the outcome of a form that succeeded in context, for what is to be seen this once and must
/// not stand in an address.
pub async fn show_with<T: Clone + Send + Sync + 'static>(
    path: &'static str,
    state: AppState,
    mut parts: Parts,
    outcome: T,
) -> Response {
    parts.uri = Uri::from_static(path);
    render(state, parts, outcome).await
}

async fn render<T: Clone + Send + Sync + 'static>(state: AppState, mut parts: Parts, told: T) -> Response {
    parts.method = Method::GET;
    let request = Request::from_parts(parts, Body::empty());
    let context = {
        let state = state.clone();
        move || {
            hand_over();
            provide_context(state.clone());
            provide_context(told.clone());
        }
    };
    let page = leptos_axum::render_app_async_with_context(context, move || shell(state.clone()));
    page(request).await.into_response()
}

/// Renders the page at the request's own URL with the attempt in context, under the error's status.
pub async fn show<T: Clone + Send + Sync + 'static>(state: AppState, parts: Parts, attempt: Attempt<T>) -> Response {
    let (status, retry_after) = (attempt.error.status_code(), attempt.error.retry_after);
    let mut response = render(state, parts, attempt).await;
    // A page that failed for another reason keeps its own status.
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
    }
    response
}
