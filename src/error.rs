//! What a browser or an API client may learn when something does not work, and the only translation into it.
//!
//! Small and kind: a stable code, a status, one sentence a person can act on. Never SQL, paths, addresses or what a
//! provider said. Each module turns its own errors into this beside those errors, so nothing here knows any of them but
//! the store's. What went wrong inside is logged once, under the reference the person is shown.

use std::borrow::Cow;

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

/// A failure as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct AppError {
    /// HTTP status.
    pub status: u16,
    /// Stable; programs and tests go by it.
    pub code: Cow<'static, str>,
    /// What happened, in one sentence.
    pub sentence: Cow<'static, str>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Cow<'static, str>>,
    /// The form field it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Ties an internal failure to the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where a page leads on from here.
    #[serde(skip)]
    pub way_on: WayOn,
}

/// Where a page leads on from a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WayOn {
    #[default]
    Home,
    SignIn,
    Dashboard,
    Settings,
    Welcome,
}

impl WayOn {
    pub fn label(self) -> &'static str {
        match self {
            Self::Home => "Home page",
            Self::SignIn => "Sign-in page",
            Self::Dashboard => "Continue to your dashboard",
            Self::Settings => "Your settings",
            Self::Welcome => "Connect your calendar",
        }
    }

    pub fn href(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::SignIn => "/signin",
            Self::Dashboard => "/dashboard",
            Self::Settings => "/settings",
            Self::Welcome => "/welcome?step=1",
        }
    }
}

impl AppError {
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code: code.into(),
            sentence: sentence.into(),
            hint: None,
            field: None,
            retry_after: None,
            reference: None,
            way_on: WayOn::Home,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which form field it is about.
    #[must_use]
    pub fn field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says where a page leads on.
    #[must_use]
    pub fn way_on(mut self, way_on: WayOn) -> Self {
        self.way_on = way_on;
        self
    }

    /// A field that was filled in wrongly (422).
    pub fn invalid(field: &'static str, code: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(422, code, sentence).field(field)
    }

    /// 400 with a code of its own.
    pub fn bad_request(code: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, code, sentence)
    }

    /// A form or JSON with a field that is not among those asked for: refused, never ignored.
    pub fn unknown_field() -> Self {
        Self::new(422, "unknown_field", "The form has a field that is not known here.")
            .hint("Load the page again and fill it in once more.")
    }

    /// The same answer for what does not exist and for what is somebody else's.
    pub fn not_found() -> Self {
        Self::new(404, "not_found", "There is nothing at this address.")
            .hint("Check the address, or start at the home page.")
    }

    /// Signed out where one has to be signed in.
    pub fn signed_out() -> Self {
        Self::new(401, "signed_out", "You are signed out.").hint("Sign in and try again.")
    }

    pub fn forbidden() -> Self {
        Self::new(403, "forbidden", "You are not allowed to do this.")
            .hint("Ask an administrator of your organisation.")
    }

    /// Asked too often (429).
    pub fn too_many(retry_after: std::time::Duration) -> Self {
        let seconds = u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX).max(1);
        let mut error = Self::new(429, "too_many_requests", "This was asked too often in a short time.")
            .hint(format!("Try again in {seconds} seconds."));
        error.retry_after = Some(seconds);
        error
    }

    /// Nothing was done, and trying again soon is right.
    pub fn unavailable() -> Self {
        let mut error = Self::new(503, "unavailable", "Convene is busy at the moment. Nothing was changed.")
            .hint("Try again in a few seconds.");
        error.retry_after = Some(5);
        error
    }

    #[cfg(feature = "ssr")]
    fn sentence_for_internal(reference: String) -> Self {
        let mut error = Self::new(500, "internal", "Something failed on our side. Nothing you typed caused it.")
            .hint("Try again. If it happens again, tell whoever runs this Convene and quote the reference.");
        error.reference = Some(reference);
        error
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(503, "unreachable", "Convene could not be reached.")
                .hint("Check your connection and try again."),
            // `web::strict_json` says it in serde's words, the only ones it has.
            ServerFnErrorErr::Deserialization(error) if error.starts_with("unknown field") => Self::unknown_field(),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Self::new(422, "form_invalid", "The form could not be read.")
                    .hint("Load the page again and fill it in once more.")
            }
            ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::UnsupportedRequestMethod(_) => {
                Self::new(400, "request_invalid", "The request could not be read.").hint("Load the page again.")
            }
            _ => Self::new(500, "internal", "Something failed on our side.").hint("Load the page again."),
        }
    }
}

#[cfg(feature = "ssr")]
pub use server::REQUEST_ID;

#[cfg(feature = "ssr")]
mod server {
    use axum::{
        http::{HeaderValue, StatusCode, header},
        response::{IntoResponse, Response},
    };

    use super::AppError;
    use crate::store::StoreError;

    tokio::task_local! {
        /// The id of the request being answered, which doubles as the reference of a failure inside it.
        pub static REQUEST_ID: String;
    }

    impl AppError {
        /// Something of ours failed: logs `error` once, under the reference that the person gets to see.
        pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
            let reference = reference();
            tracing::error!(%reference, error = %causes(error), "internal failure");
            Self::sentence_for_internal(reference)
        }

        pub fn status_code(&self) -> StatusCode {
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }

        /// RFC 9457 problem details, with our code beside its members.
        pub fn to_problem(&self, request_id: Option<&str>) -> serde_json::Value {
            let mut problem = serde_json::json!({ "status": self.status, "code": self.code, "title": self.sentence });
            let optional = [
                ("detail", self.hint.as_deref()),
                ("field", self.field.as_deref()),
                ("request_id", self.reference.as_deref().or(request_id)),
            ];
            for (name, value) in optional {
                if let Some(value) = value {
                    problem[name] = value.into();
                }
            }
            problem
        }
    }

    /// The request's id; a fresh one in work that no request waits for.
    fn reference() -> String {
        REQUEST_ID.try_with(Clone::clone).unwrap_or_else(|_| uuid::Uuid::new_v4().simple().to_string())
    }

    /// An error and what caused it, each once.
    fn causes(error: &(dyn std::error::Error + 'static)) -> String {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            next = cause.source();
        }
        text
    }

    /// Problem details. `web::failures` makes a page of it for people, and needs the error itself for that: it is put into
    /// the response's extensions.
    impl IntoResponse for AppError {
        fn into_response(self) -> Response {
            let body = self.to_problem(REQUEST_ID.try_with(Clone::clone).ok().as_deref()).to_string();
            let mut response = (self.status_code(), body).into_response();
            let problem = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert(header::CONTENT_TYPE, problem);
            if let Some(seconds) = self.retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response.extensions_mut().insert(self);
            response
        }
    }

    impl From<StoreError> for AppError {
        fn from(error: StoreError) -> Self {
            match error {
                StoreError::Contended | StoreError::Closed => Self::unavailable(),
                StoreError::Unreachable(_) => {
                    tracing::error!(error = %causes(&error), "database unreachable");
                    Self::unavailable()
                }
                error => Self::internal(&error),
            }
        }
    }
}
