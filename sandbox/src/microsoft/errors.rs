//! Errors as Graph and the identity platform word them, and the catalogue the fault switches draw from.
//!
//! A handler returns a [`GraphError`]; the layer in `graph` stamps it with the request's ids. The identity platform's
//! bodies are made in [`oauth_body`]; which error fits which situation is decided where the situation is known.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::faults::Answer;
use crate::oauth::random;

/// A refusal by Graph, before it is stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    pub headers: Vec<(&'static str, String)>,
}

impl GraphError {
    /// An error without extra headers.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), headers: Vec::new() }
    }

    /// 400 with this code.
    pub fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 400 `ErrorInvalidRequest`, whose texts start alike.
    pub fn cannot(reason: &str) -> Self {
        Self::bad("ErrorInvalidRequest", format!("Your request can't be completed. {reason}"))
    }

    /// 403: the token lacks the permission, or the mailbox the feature.
    pub fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    }

    /// 403: the tenant's policy keeps applications out of this mailbox.
    pub fn shut_out() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", SHUT_OUT)
    }

    /// 404 for an event or calendar.
    pub fn item_not_found() -> Self {
        let message = "The specified object was not found in the store.";
        Self::new(StatusCode::NOT_FOUND, "ErrorItemNotFound", message)
    }

    /// 400 for an id that cannot be one of ours.
    pub fn malformed_id() -> Self {
        Self::bad("ErrorInvalidIdMalformed", "Id is malformed.")
    }

    /// 401 with the challenge header.
    pub fn token(message: &str) -> Self {
        let mut error = Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
        error.headers.push(("www-authenticate", CHALLENGE.to_owned()));
        error
    }

    /// 429: a fifth request at once for one mailbox.
    pub fn concurrency() -> Self {
        let message = "Application is over its MailboxConcurrency limit.";
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "ApplicationThrottled", message);
        error.headers.push(("retry-after", "1".to_owned()));
        error
    }

    /// An entry of the catalogue that is known to exist.
    pub fn named(name: &str) -> Self {
        let entry = GRAPH.iter().find(|entry| entry.0 == name).expect("named in the catalogue below");
        Self::entry(entry)
    }

    fn entry((_, status, code, message, header): &GraphEntry) -> Self {
        let mut error = Self::new(known(*status), code, *message);
        error.headers.extend(header.map(|(name, value)| (name, value.to_owned())));
        error
    }

    /// The body with ids and date, as it goes out.
    pub fn body(&self, now: DateTime<Utc>, request_id: &str, client_request_id: &str) -> Value {
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": now.format("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        } })
    }

    /// Stamped with new ids, for a layer that knows no request.
    pub fn answer(self) -> Answer {
        let id = guid();
        let body = self.body(Utc::now(), &id, &id);
        Answer { status: self.status, headers: self.headers, body }
    }
}

impl IntoResponse for GraphError {
    /// Unstamped: the error itself travels in the extensions to the layer that writes the body.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A random GUID (version 4).
pub fn guid() -> String {
    let hex = random::hex(16);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

const SHUT_OUT: &str =
    "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";

const CHALLENGE: &str = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                         client_id=\"00000003-0000-0000-c000-000000000000\"";

/// The token endpoint's error body.
pub fn oauth_body(error: &str, code: u32, suberror: Option<&str>, text: &str, now: DateTime<Utc>) -> Value {
    let (trace, correlation) = (guid(), guid());
    let timestamp = now.format("%Y-%m-%d %H:%M:%SZ").to_string();
    let mut body = json!({
        "error": error,
        "error_description":
            format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"),
        "error_codes": [code],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    });
    if let Some(suberror) = suberror {
        body["suberror"] = json!(suberror);
    }
    body
}

/// Name, status, code, message, and one header, of what Graph may say.
type GraphEntry = (&'static str, u16, &'static str, &'static str, Option<(&'static str, &'static str)>);

const GRAPH: &[GraphEntry] = &[
    (
        "token.expired",
        401,
        "InvalidAuthenticationToken",
        "Lifetime validation failed, the token is expired.",
        Some(("www-authenticate", CHALLENGE)),
    ),
    (
        "token.claimsChallenge",
        401,
        "InvalidAuthenticationToken",
        "Continuous access evaluation resulted in challenge.",
        // The claims decode to {"access_token":{"nbf":{"essential":true,"value":"1760000000"}}}.
        Some((
            "www-authenticate",
            "Bearer realm=\"\", error=\"insufficient_claims\", \
             claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzYwMDAwMDAwIn19fQ==\"",
        )),
    ),
    ("accessDenied", 403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.", None),
    ("application.shutOut", 403, "ErrorAccessDenied", SHUT_OUT, None),
    ("notFound", 404, "ErrorItemNotFound", "The specified object was not found in the store.", None),
    (
        "mailboxMissing",
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        None,
    ),
    ("invalidId", 400, "ErrorInvalidIdMalformed", "Id is malformed.", None),
    (
        "invalidRequest",
        400,
        "ErrorInvalidRequest",
        "Your request can't be completed. The range between the start and end dates is greater than the allowed range. \
         Maximum number of days: 1825",
        None,
    ),
    (
        "notOrganizer",
        400,
        "ErrorInvalidRequest",
        "Your request can't be completed. You need to be an organizer to cancel a meeting.",
        None,
    ),
    (
        "occurrenceCrossing",
        400,
        "ErrorOccurrenceCrossingBoundary",
        "Modified occurrence is crossing or overlapping adjacent occurrence.",
        None,
    ),
    (
        "etag.conflict",
        412,
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the request does not \
         match the current change key for the item.",
        None,
    ),
    (
        "throttled",
        429,
        "ApplicationThrottled",
        "Application is over its MailboxConcurrency limit.",
        Some(("retry-after", "10")),
    ),
    ("throttled.generic", 429, "TooManyRequests", "Too many requests.", Some(("retry-after", "30"))),
    (
        "unavailable",
        503,
        "serviceNotAvailable",
        "The service is temporarily unavailable.",
        Some(("retry-after", "120")),
    ),
    ("timeout", 504, "UnknownError", "", None),
    (
        "delta.expired",
        410,
        "SyncStateNotFound",
        "The sync state generation is not found; generation=149;[highest=157][157][155][156].",
        None,
    ),
    ("delta.resync", 410, "resyncRequired", "Resync is required; the sync state is too old.", None),
    ("delta.invalid", 400, "InvalidDeltaToken", "The value '...' of parameter '$deltaToken' is invalid.", None),
    (
        "sub.validationFailed",
        400,
        "ValidationError",
        "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.",
        None,
    ),
    ("sub.validationTimeout", 400, "ValidationError", "Subscription validation request timed out.", None),
    ("sub.tooLong", 400, "ExtensionError", "Subscription expiration can only be 10070 minutes in the future.", None),
    ("sub.gone", 404, "ResourceNotFound", "The object was not found.", None),
    ("folderExists", 409, "ErrorFolderExists", "A folder with the specified name already exists.", None),
    ("internal", 500, "ErrorInternalServerError", "An internal server error occurred. The operation failed.", None),
];

/// Name, status, error, AADSTS number, suberror and text of what the token endpoint may say.
type OauthEntry = (&'static str, u16, &'static str, u32, Option<&'static str>, &'static str);

const OAUTH: &[OauthEntry] = &[
    ("refresh.inactive", 400, "invalid_grant", 700082, None, "The refresh token has expired due to inactivity."),
    (
        "refresh.revoked",
        400,
        "invalid_grant",
        50173,
        None,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    ),
    (
        "refresh.signInFrequency",
        400,
        "invalid_grant",
        70043,
        None,
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
    ),
    (
        "refresh.mfa",
        400,
        "invalid_grant",
        50076,
        Some("basic_action"),
        "Due to a configuration change made by your administrator, you must use multi-factor authentication.",
    ),
    (
        "refresh.consentRemoved",
        400,
        "invalid_grant",
        65001,
        Some("consent_required"),
        "The user or administrator has not consented to use the application.",
    ),
    ("refresh.userDisabled", 400, "invalid_grant", 50057, None, "The user account is disabled."),
    ("code.used", 400, "invalid_grant", 54005, None, "OAuth2 Authorization code was already redeemed."),
    (
        "code.pkce",
        400,
        "invalid_grant",
        501481,
        None,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ),
    ("client.secretWrong", 401, "invalid_client", 7000215, None, "Invalid client secret provided."),
    ("client.secretExpired", 401, "invalid_client", 7000222, None, "The provided client secret keys are expired."),
    ("client.unknown", 400, "unauthorized_client", 700016, None, "Application was not found in the directory."),
    (
        "application.notConsented",
        401,
        "invalid_client",
        7000229,
        None,
        "The client application is missing service principal in the tenant.",
    ),
    (
        "client.loop",
        400,
        "invalid_grant",
        50196,
        None,
        "The server terminated an operation because it encountered a client request loop.",
    ),
    ("busy", 503, "temporarily_unavailable", 90033, None, "A transient error has occurred. Please try again."),
];

/// An entry of the catalogue: what Graph or the token endpoint would answer.
pub fn catalogue(name: &str) -> Option<Answer> {
    if let Some(entry) = GRAPH.iter().find(|entry| entry.0 == name) {
        return Some(GraphError::entry(entry).answer());
    }
    let (_, status, error, number, suberror, text) = OAUTH.iter().find(|entry| entry.0 == name)?;
    let body = oauth_body(error, *number, *suberror, text, Utc::now());
    Some(Answer { status: known(*status), headers: Vec::new(), body })
}

/// Every name [`catalogue`] knows.
pub fn catalogue_names() -> Vec<&'static str> {
    GRAPH.iter().map(|entry| entry.0).chain(OAUTH.iter().map(|entry| entry.0)).collect()
}

/// What Graph says with a bare status.
pub fn status_answer(status: StatusCode) -> Answer {
    let (code, message) = match status.as_u16() {
        401 => return GraphError::token("Lifetime validation failed, the token is expired.").answer(),
        403 => return GraphError::denied().answer(),
        404 => return GraphError::item_not_found().answer(),
        400 => ("BadRequest", "Bad request."),
        409 => return GraphError::named("folderExists").answer(),
        410 => return GraphError::named("delta.expired").answer(),
        412 => return GraphError::named("etag.conflict").answer(),
        429 => ("TooManyRequests", "Too many requests."),
        500 => ("generalException", "An unspecified error has occurred."),
        503 => ("serviceNotAvailable", "The service is temporarily unavailable."),
        _ => ("UnknownError", ""),
    };
    GraphError::new(status, code, message).answer()
}

fn known(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("the catalogue holds valid statuses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_catalogue_can_be_had() {
        let names = catalogue_names();
        assert!(names.iter().all(|name| catalogue(name).is_some_and(|answer| answer.body["error"] != Value::Null)));
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        assert!(catalogue("no.such").is_none());
    }

    #[test]
    fn a_guid_has_its_shape() {
        let id = guid();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
    }
}
