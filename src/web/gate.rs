//! What a request must look like before anything reads it: host, method, address and headers.
//!
//! Bodies are `intake`'s business. Everything refused here is refused before a route is looked at.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{config::Web, error::AppError};

const LONGEST_TARGET: usize = 8 * 1024;
const LARGEST_HEADERS: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;
const LARGEST_COOKIES: usize = 4 * 1024;

/// Asked by load balancers, by address.
const ANY_HOST: [&str; 2] = ["/healthz", "/readyz"];

/// The names we answer to.
#[derive(Clone)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    pub fn new(web: &Web) -> Self {
        Self(web.hosts().into())
    }

    fn include(&self, host: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(host))
    }
}

/// Refuses what no browser of ours would send.
pub async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let judged = judge_method(request.method())
        .and_then(|()| judge_sizes(request.uri(), request.headers()))
        .and_then(|()| judge_host(&hosts, request.uri(), request.headers()))
        .and_then(|()| judge_target(request.uri()));
    match judged {
        Ok(()) => next.run(request).await,
        Err(refusal) if refusal.status == 405 => ([(header::ALLOW, "GET, HEAD, POST")], refusal).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Routes say themselves which of these they take; others have no meaning anywhere here.
fn judge_method(method: &Method) -> Result<(), AppError> {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE => Ok(()),
        _ => Err(method_not_allowed()),
    }
}

pub fn method_not_allowed() -> AppError {
    AppError::new(405, "method_not_allowed", "This address cannot be used that way.")
        .hint("Go back and use the page's own buttons.")
}

fn judge_sizes(uri: &Uri, headers: &HeaderMap) -> Result<(), AppError> {
    if uri.path_and_query().is_some_and(|target| target.as_str().len() > LONGEST_TARGET) {
        return Err(AppError::new(414, "address_too_long", "This address is too long."));
    }
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > LARGEST_HEADERS || headers.len() > MOST_HEADERS {
        return Err(AppError::new(431, "headers_too_large", "The request's headers are too large.")
            .hint("Delete this site's cookies in your browser and try again."));
    }
    let cookies: usize = headers.get_all(header::COOKIE).iter().map(|value| value.len()).sum();
    if cookies > LARGEST_COOKIES {
        return Err(AppError::bad_request("cookies_too_large", "The browser sent too many cookies.")
            .hint("Delete this site's cookies in your browser and try again."));
    }
    Ok(())
}

/// RFC 9110 section 7.2 and RFC 9112 section 3.2: exactly one host, one of ours, and the same in an absolute target.
fn judge_host(hosts: &Hosts, uri: &Uri, headers: &HeaderMap) -> Result<(), AppError> {
    if ANY_HOST.contains(&uri.path()) {
        return Ok(());
    }
    let bad = || AppError::bad_request("host_invalid", "The request does not say which host it is for.");
    let mut named = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(bad());
    };
    let host = host.to_str().map_err(|_| bad())?;
    let unknown = || {
        AppError::new(421, "unknown_host", "This server does not answer to that name.")
            .hint("Whoever runs this Convene sets the name with BASE_URL.")
    };
    if !hosts.include(host) || uri.authority().is_some_and(|authority| !hosts.include(authority.as_str())) {
        return Err(unknown());
    }
    Ok(())
}

/// The path must be UTF-8 without NUL or an encoded slash, which some program along the way would read differently; the
/// query must be UTF-8 without NUL.
fn judge_target(uri: &Uri) -> Result<(), AppError> {
    let path = super::percent::decode(uri.path().as_bytes(), false).map_err(|_| AppError::not_found())?;
    let lower = uri.path().to_ascii_lowercase();
    if path.contains(char::is_control) || lower.contains("%2f") || lower.contains("%5c") || path.contains('\\') {
        return Err(AppError::not_found());
    }
    let query = super::percent::decode(uri.query().unwrap_or_default().as_bytes(), true)?;
    if query.contains('\0') {
        return Err(super::percent::invalid_character());
    }
    Ok(())
}
