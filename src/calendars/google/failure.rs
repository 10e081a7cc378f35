//! Which of our failures an answer of Google's is. Branches on status and `reason`, never on text
//! or domain: the domain `usageLimits` covers both a rate limit and an API nobody switched on.

use std::time::Duration;

use serde::Deserialize;

use crate::calendars::CalendarError;
use crate::calendars::http::Reply;

/// `quotaExceeded` is an unpublished limit on invitations and writes: wait hours, not seconds.
const QUOTA_PAUSE: Duration = Duration::from_secs(2 * 3600);

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Problem,
}

#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(default)]
    errors: Vec<Detail>,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    #[serde(default)]
    reason: String,
}

/// The failure behind an answer that is no success. `scope` is what the action needed.
pub fn of(reply: &Reply, wrote: bool, scope: &str) -> CalendarError {
    if let Some(error) = reply.overload(wrote) {
        return error;
    }
    let problem = reply.json::<Body>().unwrap_or_default().error;
    let reasons = || problem.errors.iter().chain(&problem.details).map(|detail| detail.reason.as_str());
    let is = |reason: &str| reasons().any(|one| one == reason);
    let rejected = || {
        let reason = reasons().find(|reason| !reason.is_empty()).unwrap_or("no reason given");
        CalendarError::Rejected(format!("{} {reason}", reply.status.as_u16()))
    };
    match reply.status.as_u16() {
        // It is our address for pushes that is not accepted, and the sign-in is fine.
        401 if is("push.webhookUrlUnauthorized") => rejected(),
        401 => CalendarError::SignInExpired,
        403 if is("rateLimitExceeded") || is("userRateLimitExceeded") => {
            CalendarError::RateLimited { retry_after: reply.retry_after() }
        }
        403 if is("quotaExceeded") => {
            CalendarError::RateLimited { retry_after: Some(reply.retry_after().unwrap_or_default().max(QUOTA_PAUSE)) }
        }
        403 if is("insufficientPermissions") || is("ACCESS_TOKEN_SCOPE_INSUFFICIENT") => {
            CalendarError::PermissionMissing(vec![scope.to_owned()])
        }
        403 if is("requiredAccessLevel") => {
            CalendarError::PermissionMissing(vec!["write access to this calendar".into()])
        }
        410 if is("fullSyncRequired") || is("updatedMinTooLongAgo") => CalendarError::CursorGone,
        404 | 410 => CalendarError::Gone,
        409 | 412 => CalendarError::Conflict { etag: None },
        _ => rejected(),
    }
}

/// The failure behind a reason inside a `freeBusy` answer.
pub fn of_calendar(reason: &str) -> CalendarError {
    match reason {
        // Google does not say which: deleted, or no longer shared with this account.
        "notFound" => CalendarError::Gone,
        "forbidden" => CalendarError::PermissionMissing(vec!["free/busy of this calendar".into()]),
        "rateLimitExceeded" | "userRateLimitExceeded" => CalendarError::RateLimited { retry_after: None },
        "groupTooBig" | "tooManyCalendarsRequested" => CalendarError::Rejected(reason.to_owned()),
        // `internalError`, and reasons to come.
        _ => CalendarError::Unavailable(format!("freeBusy: {reason}")),
    }
}
