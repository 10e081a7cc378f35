//! What goes wrong, in WebDAV's words: a status, and often the precondition that did not hold (RFC 4918, section 16).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::xml::{CALDAV, DAV, Element, Style, write};

/// An answer that is not the one hoped for.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// Namespace and name of the precondition.
    pub condition: Option<Element>,
}

/// What a 401 offers. Only the second is taken from others than Apple's own devices.
const CHALLENGE: &str = "X-MobileMe-AuthToken realm=\"MMCalDav\", Basic realm=\"MMCalDav\"";

/// Name, status, and namespace and name of the precondition it stands for.
type Entry = (&'static str, StatusCode, Option<(&'static str, &'static str)>);

const CATALOGUE: [Entry; 13] = [
    ("badRequest", StatusCode::BAD_REQUEST, None),
    ("unauthorized", StatusCode::UNAUTHORIZED, None),
    ("forbidden", StatusCode::FORBIDDEN, None),
    ("notFound", StatusCode::NOT_FOUND, None),
    ("methodNotAllowed", StatusCode::METHOD_NOT_ALLOWED, None),
    ("conflict", StatusCode::CONFLICT, None),
    ("gone", StatusCode::GONE, None),
    ("preconditionFailed", StatusCode::PRECONDITION_FAILED, None),
    ("uidConflict", StatusCode::CONFLICT, Some((CALDAV, "no-uid-conflict"))),
    ("tooManyRequests", StatusCode::TOO_MANY_REQUESTS, None),
    ("internalError", StatusCode::INTERNAL_SERVER_ERROR, None),
    ("unavailable", StatusCode::SERVICE_UNAVAILABLE, None),
    ("overQuota", StatusCode::INSUFFICIENT_STORAGE, Some((DAV, "quota-not-exceeded"))),
];

/// Every name [`catalogue`] knows.
pub fn catalogue_names() -> Vec<&'static str> {
    CATALOGUE.iter().map(|(name, ..)| *name).collect()
}

/// An answer by its name.
pub fn catalogue(name: &str) -> Option<Problem> {
    let (_, status, condition) = CATALOGUE.iter().find(|(known, ..)| *known == name)?;
    Some(Problem { status: *status, condition: condition.map(|(ns, name)| Element::new(ns, name)) })
}

/// What it says with a bare status.
pub fn status_answer(status: StatusCode) -> Problem {
    Problem { status, condition: None }
}

/// A refusal that names its precondition.
pub fn refused(status: StatusCode, ns: &str, name: &str) -> Problem {
    Problem { status, condition: Some(Element::new(ns, name)) }
}

/// 403 with a CalDAV precondition (RFC 4791, section 5.3.2.1).
pub fn forbidden(name: &str) -> Problem {
    refused(StatusCode::FORBIDDEN, CALDAV, name)
}

impl From<StatusCode> for Problem {
    fn from(status: StatusCode) -> Self {
        status_answer(status)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = match self.condition {
            Some(condition) => {
                let body = write(&Element::with(DAV, "error", vec![condition]), Style::default());
                (self.status, [(CONTENT_TYPE, "text/xml; charset=UTF-8")], body).into_response()
            }
            None => {
                let reason = self.status.canonical_reason().unwrap_or("Error");
                let body = format!("<html><head><title>{reason}</title></head><body><h1>{reason}</h1></body></html>");
                (self.status, [(CONTENT_TYPE, "text/html;charset=UTF-8")], body).into_response()
            }
        };
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
        }
        response
    }
}
