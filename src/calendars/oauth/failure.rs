//! The ways in which the code flow fails, and which one an answer means.
//!
//! Branches on `error` and Microsoft's numeric `error_codes`, never on descriptions, which are text
//! for people in the provider's words and are not shown or logged.

use std::fmt;

use oauth2::{ErrorResponse, HttpResponse, RequestTokenError};
use serde::{Deserialize, Serialize};

/// Why there are no tokens. Texts are for operators and carry no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The person said no, or closed the page.
    #[error("access was not granted")]
    Denied,
    /// An administrator of the person's organisation has to agree first. Trying again does not help.
    #[error("an administrator has to approve this application")]
    AdminApproval,
    /// The code or refresh token is used, expired or revoked: the person has to go through the flow
    /// again.
    #[error("the grant is no longer valid")]
    InvalidGrant,
    /// Our registration with the provider is wrong: everyone's sign-in fails until someone mends it.
    #[error("the OAuth client is misconfigured: {0}")]
    ClientMisconfigured(String),
    /// Try again later; tokens in hand stay good.
    #[error("the provider is down: {0}")]
    ProviderDown(String),
    #[error("an answer that is not as documented: {0}")]
    BadResponse(String),
}

/// A token endpoint's error (RFC 6749 section 5.2), with Microsoft's numbers.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProviderError {
    error: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

impl ErrorResponse for ProviderError {}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.error))?;
        match self.error_codes.first() {
            Some(code) => write!(f, " AADSTS{code}"),
            None => Ok(()),
        }
    }
}

/// No answer of the token endpoint's own came back.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// A front end or an outage speaks, not the token endpoint. (503 with OAuth's JSON inside means the
/// same.)
pub fn is_outage(response: &HttpResponse) -> bool {
    response.status().is_server_error() || response.status().as_u16() == 429
}

pub fn classify(error: RequestTokenError<Unanswered, ProviderError>) -> OAuthError {
    match error {
        RequestTokenError::Request(Unanswered(why)) => OAuthError::ProviderDown(why),
        RequestTokenError::ServerResponse(error) => meaning(&error),
        // The body may hold tokens, so only where it stopped making sense is told.
        RequestTokenError::Parse(error, _) => OAuthError::BadResponse(format!("unreadable at {}", error.path())),
        RequestTokenError::Other(_) => OAuthError::BadResponse("no JSON".into()),
    }
}

/// What a refusal means of a token that no person asked for, but an application of itself.
///
/// Microsoft says in several ways that an administrator of the tenant has not agreed, or no longer does: the application is
/// not in the directory (700016, 7000229), is switched off there (7000112), or there is no such tenant (90002). At Google the
/// same is `unauthorized_client`, or the scope alone.
pub fn of_application(error: &ProviderError) -> OAuthError {
    match (error.error_codes.first(), error.error.as_str()) {
        (Some(700_016 | 7_000_229 | 7_000_112 | 90002), _) => OAuthError::AdminApproval,
        (None, "unauthorized_client" | "invalid_scope" | "access_denied") => OAuthError::AdminApproval,
        _ => meaning(error),
    }
}

fn meaning(error: &ProviderError) -> OAuthError {
    match error.error_codes.first() {
        Some(90093..=90095) => return OAuthError::AdminApproval,
        Some(65004) => return OAuthError::Denied,
        // Secret wrong or expired, application unknown or disabled, redirect not registered, wrong kind
        // of account for this registration, and the guard against a client that loops.
        Some(7_000_215 | 7_000_222 | 700_016 | 7_000_112 | 50011 | 50194 | 500_208 | 9_002_332 | 50196) => {
            return OAuthError::ClientMisconfigured(error.to_string());
        }
        Some(90033 | 90006 | 90024 | 90012 | 50000) => return OAuthError::ProviderDown(error.to_string()),
        _ => {}
    }
    match error.error.as_str() {
        "invalid_grant" | "interaction_required" | "consent_required" | "login_required" => OAuthError::InvalidGrant,
        "access_denied" => OAuthError::Denied,
        "admin_policy_enforced" => OAuthError::AdminApproval,
        "temporarily_unavailable" | "server_error" => OAuthError::ProviderDown(error.to_string()),
        "invalid_client"
        | "unauthorized_client"
        | "deleted_client"
        | "disabled_client"
        | "redirect_uri_mismatch"
        | "invalid_scope"
        | "invalid_request"
        | "unsupported_grant_type"
        | "org_internal" => OAuthError::ClientMisconfigured(error.to_string()),
        _ => OAuthError::BadResponse(error.to_string()),
    }
}

/// What `error` in a callback's query means. Its `error_description` is not to be shown.
pub fn callback_error(error: &str) -> OAuthError {
    match error {
        "consent_required" | "interaction_required" | "login_required" => OAuthError::Denied,
        other => meaning(&ProviderError { error: other.to_owned(), error_codes: Vec::new() }),
    }
}

/// A code's own characters only: it arrives from outside and ends in logs.
fn plain(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(60).collect()
}
