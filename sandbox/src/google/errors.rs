//! Google's error bodies, each under a name the fault switches know.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::faults::Answer;

/// One item of `error.errors`, before it is put into its envelope.
#[derive(Clone, Copy)]
struct Entry {
    name: &'static str,
    status: u16,
    domain: &'static str,
    reason: &'static str,
    message: &'static str,
    /// `locationType` and `location`.
    location: Option<(&'static str, &'static str)>,
}

const fn entry(
    name: &'static str,
    status: u16,
    domain: &'static str,
    reason: &'static str,
    message: &'static str,
    location: Option<(&'static str, &'static str)>,
) -> Entry {
    Entry { name, status, domain, reason, message, location }
}

const fn parameter(name: &'static str) -> Option<(&'static str, &'static str)> {
    Some(("parameter", name))
}

/// The API's errors. The first entry whose name or reason fits is taken, so names come before shared reasons.
const API: [Entry; 31] = [
    entry(
        "timeRangeEmpty",
        400,
        "calendar",
        "timeRangeEmpty",
        "The specified time range is empty.",
        parameter("timeMax"),
    ),
    entry(
        "timeRangeTooLong",
        400,
        "calendar",
        "timeRangeTooLong",
        "The requested time range is too long.",
        parameter("timeMax"),
    ),
    entry("invalidId", 400, "global", "invalid", "Invalid resource id value.", None),
    entry("parseError", 400, "global", "parseError", "Parse Error", None),
    entry("badRequest", 400, "global", "badRequest", "Bad Request", None),
    entry("required", 400, "global", "required", "Required", None),
    entry("invalidCredentials", 401, "global", "authError", "Invalid Credentials", Some(("header", "Authorization"))),
    entry("loginRequired", 401, "global", "required", "Login Required.", Some(("header", "Authorization"))),
    entry("userRateLimitExceeded", 403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded", None),
    entry("rateLimitExceeded", 403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded", None),
    entry("quotaExceeded", 403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded.", None),
    entry(
        "forbiddenForNonOrganizer",
        403,
        "calendar",
        "forbiddenForNonOrganizer",
        "Shared properties can only be changed by the organizer of the event.",
        None,
    ),
    entry("forbidden", 403, "global", "forbidden", "Forbidden", None),
    entry(
        "requiredAccessLevel",
        403,
        "calendar",
        "requiredAccessLevel",
        "You need to have writer access to this calendar.",
        None,
    ),
    entry("cannotDeletePrimary", 403, "calendar", "forbidden", "Cannot delete the primary calendar.", None),
    entry("notFound", 404, "global", "notFound", "Not Found", None),
    entry("duplicate", 409, "global", "duplicate", "The requested identifier already exists.", None),
    entry("conflict", 409, "global", "conflict", "Conflict", None),
    entry("deleted", 410, "global", "deleted", "Resource has been deleted", None),
    entry(
        "fullSyncRequired",
        410,
        "calendar",
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
        parameter("syncToken"),
    ),
    entry(
        "updatedMinTooLongAgo",
        410,
        "calendar",
        "updatedMinTooLongAgo",
        "The requested minimum modification time lies too far in the past.",
        parameter("updatedMin"),
    ),
    entry("conditionNotMet", 412, "global", "conditionNotMet", "Precondition Failed", Some(("header", "If-Match"))),
    entry(
        "syncTokenWithForbiddenParam",
        400,
        "calendar",
        "invalid",
        "Sync token cannot be used with other query restrictions.",
        parameter("syncToken"),
    ),
    entry("tooManyRequests", 429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded", None),
    entry("backendError", 500, "global", "backendError", "Backend Error", None),
    entry("serviceUnavailable", 503, "global", "backendError", "The service is currently unavailable.", None),
    entry(
        "push.webhookUrlNotHttps",
        400,
        "global",
        "push.webhookUrlNotHttps",
        "WebHook callback must be HTTPS: http://example.test/hook",
        None,
    ),
    entry(
        "push.webhookUrlUnauthorized",
        401,
        "global",
        "push.webhookUrlUnauthorized",
        "Unauthorized WebHook callback channel: https://example.test/hook",
        None,
    ),
    entry("channelIdNotUnique", 400, "global", "channelIdNotUnique", "Channel id not unique", None),
    entry("channelNotFound", 404, "global", "notFound", "Channel 'c1' not found for project '000000000000'", None),
    entry("authError", 401, "global", "authError", "Invalid Credentials", Some(("header", "Authorization"))),
];

/// The token and revocation endpoints' errors: name, status, `error`, description, subtype.
const OAUTH: [(&str, u16, &str, &str, Option<&str>); 14] = [
    ("refresh.revoked", 400, "invalid_grant", "Token has been expired or revoked.", None),
    ("refresh.session_control", 400, "invalid_grant", "reauth related error (invalid_rapt)", Some("invalid_rapt")),
    ("code.used", 400, "invalid_grant", "Malformed auth code.", None),
    ("client.bad_secret", 401, "invalid_client", "Unauthorized", None),
    ("client.unknown", 401, "invalid_client", "The OAuth client was not found.", None),
    ("client.deleted", 401, "deleted_client", "The OAuth client was deleted.", None),
    ("redirect_mismatch", 400, "redirect_uri_mismatch", "Bad Request", None),
    ("admin_policy", 400, "admin_policy_enforced", "An administrator restricts one of the requested scopes.", None),
    ("revoke.invalid", 400, "invalid_token", "Token expired or revoked", None),
    ("jwt.signature", 400, "invalid_grant", "Invalid JWT Signature.", None),
    (
        "jwt.times",
        400,
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp \
         values in the JWT claim.",
        None,
    ),
    ("jwt.subject", 400, "invalid_grant", "Invalid email or User ID", None),
    (
        "delegation.missing",
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the \
         scopes requested.",
        None,
    ),
    ("invalid_rapt", 400, "invalid_grant", "reauth related error (invalid_rapt)", Some("invalid_rapt")),
];

/// Every name [`catalogue`] knows.
pub fn catalogue_names() -> Vec<&'static str> {
    let api = API.iter().map(|entry| entry.name);
    let special = ["insufficientScopes", "insufficientPermissions", "apiDisabled", "accessNotConfigured"];
    api.chain(special).chain(OAUTH.iter().map(|(name, ..)| *name)).collect()
}

/// An answer by its name, or by its reason if no name fits.
pub fn catalogue(name: &str) -> Option<Answer> {
    match name {
        "insufficientScopes" | "insufficientPermissions" => {
            return Some(insufficient_scopes("calendar.v3.Events.List", ""));
        }
        "apiDisabled" | "accessNotConfigured" => return Some(api_disabled()),
        _ => {}
    }
    let by_name = API.iter().find(|entry| entry.name == name);
    if let Some(entry) = by_name.or_else(|| API.iter().find(|entry| entry.reason == name)) {
        return Some(build(entry, entry.message));
    }
    let by_name = OAUTH.iter().find(|(id, ..)| *id == name);
    let (_, status, error, description, subtype) =
        by_name.or_else(|| OAUTH.iter().find(|(_, _, error, ..)| *error == name))?;
    let mut answer = oauth(*status, error, description);
    if let Some(subtype) = subtype {
        answer.body["error_subtype"] = json!(subtype);
    }
    Some(answer)
}

/// What the API says with a bare status.
pub fn status_answer(status: StatusCode) -> Answer {
    let name = match status.as_u16() {
        400 => "badRequest",
        401 => "authError",
        403 => "forbidden",
        404 => "notFound",
        409 => "conflict",
        410 => "deleted",
        412 => "conditionNotMet",
        429 => "tooManyRequests",
        503 => "serviceUnavailable",
        _ => "backendError",
    };
    let mut answer = known(name);
    answer.status = status;
    answer.body["error"]["code"] = json!(status.as_u16());
    answer
}

/// A catalogue entry that is known to exist.
pub fn known(name: &str) -> Answer {
    catalogue(name).expect("named in the catalogue above")
}

/// 400 `invalid` with this sentence.
pub fn invalid(message: &str) -> Answer {
    build(&entry("", 400, "global", "invalid", "", None), message)
}

/// 400 `invalid` about a query parameter.
pub fn invalid_parameter(name: &'static str, message: &str) -> Answer {
    build(&entry("", 400, "global", "invalidParameter", "", parameter(name)), message)
}

/// 400 `required`: something is missing.
pub fn missing(message: &str) -> Answer {
    build(&entry("", 400, "global", "required", "", None), message)
}

/// Any other error of the `global` domain.
pub fn global(status: u16, reason: &'static str, message: &str) -> Answer {
    build(&entry("", status, "global", reason, "", None), message)
}

/// 403 because the token lacks every scope the method accepts.
pub fn insufficient_scopes(method: &str, scopes: &str) -> Answer {
    let scopes = if scopes.is_empty() { "https://www.googleapis.com/auth/calendar" } else { scopes };
    let challenge =
        format!("Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"{scopes}\"");
    let body = json!({ "error": {
        "code": 403,
        "message": "Request had insufficient authentication scopes.",
        "errors": [{ "message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions" }],
        "status": "PERMISSION_DENIED",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": { "service": "calendar-json.googleapis.com", "method": method },
        }],
    } });
    Answer { status: StatusCode::FORBIDDEN, headers: vec![(WWW_AUTHENTICATE, challenge)], body }
}

/// An OAuth error (RFC 6749, section 5.2).
pub fn oauth(status: u16, error: &str, description: &str) -> Answer {
    Answer {
        status: status_code(status),
        headers: vec![("cache-control", "no-store".to_owned())],
        body: json!({ "error": error, "error_description": description }),
    }
}

const WWW_AUTHENTICATE: &str = "www-authenticate";

fn api_disabled() -> Answer {
    let message = "Google Calendar API has not been used in project 000000000000 before or it is disabled.";
    let body = json!({ "error": {
        "code": 403,
        "message": message,
        "errors": [{
            "message": message,
            "domain": "usageLimits",
            "reason": "accessNotConfigured",
            "extendedHelp": "https://console.developers.google.com",
        }],
        "status": "PERMISSION_DENIED",
    } });
    Answer { status: StatusCode::FORBIDDEN, headers: Vec::new(), body }
}

fn build(entry: &Entry, message: &str) -> Answer {
    let mut item = json!({ "domain": entry.domain, "reason": entry.reason, "message": message });
    if let Some((kind, name)) = entry.location {
        item["locationType"] = json!(kind);
        item["location"] = json!(name);
    }
    let body: Value = json!({ "error": { "errors": [item], "code": entry.status, "message": message } });
    let mut headers = Vec::new();
    if entry.status == 401 && entry.location.is_some() {
        let realm = "Bearer realm=\"https://accounts.google.com/\"";
        let error = if entry.reason == "authError" { ", error=\"invalid_token\"" } else { "" };
        headers.push((WWW_AUTHENTICATE, format!("{realm}{error}")));
    }
    Answer { status: status_code(entry.status), headers, body }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("the catalogue holds valid statuses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_body_that_repeats_its_status() {
        for name in catalogue_names() {
            let answer = catalogue(name).unwrap_or_else(|| panic!("{name} is missing"));
            if answer.body["error"].is_object() {
                assert_eq!(answer.body["error"]["code"], answer.status.as_u16(), "{name}");
                assert!(answer.body["error"]["errors"][0]["reason"].is_string(), "{name}");
            }
        }
        assert!(catalogue("no such thing").is_none());
    }

    #[test]
    fn a_bare_status_keeps_its_number() {
        assert_eq!(status_answer(StatusCode::BAD_GATEWAY).body["error"]["code"], 502);
    }
}
