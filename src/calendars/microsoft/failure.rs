//! Which of our failures an answer of Graph's is. Branches on status and `code`, compared without
//! case and looked for in nested `innerError`s too; never on text.

use serde::Deserialize;

use crate::calendars::CalendarError;
use crate::calendars::http::Reply;

#[derive(Debug, Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Problem,
}

#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(rename = "innerError", alias = "innererror")]
    inner: Option<Box<Problem>>,
}

impl Problem {
    /// The codes from the outside in.
    fn codes(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self), |problem| problem.inner.as_deref())
            .map(|problem| problem.code.as_str())
            .filter(|code| !code.is_empty())
    }
}

/// The failure behind an answer that is no success. `scope` is what the action needed.
pub fn of(reply: &Reply, wrote: bool, scope: &str) -> CalendarError {
    if let Some(error) = reply.overload(wrote) {
        return error;
    }
    let problem = reply.json::<Envelope>().unwrap_or_default().error;
    let is = |code: &str| problem.codes().any(|one| one.eq_ignore_ascii_case(code));
    let status = reply.status.as_u16();
    match status {
        400 | 410 if super::changes::has_forgotten(reply, is) => CalendarError::CursorGone,
        401 => CalendarError::SignInExpired,
        403 if is("ErrorAccessDenied") || is("Authorization_RequestDenied") || is("AccessDenied") => {
            CalendarError::PermissionMissing(vec![scope.to_owned()])
        }
        404 if is("MailboxNotEnabledForRESTAPI") || is("MailboxNotSupportedForRESTAPI") => {
            CalendarError::Rejected("this account has no Exchange Online mailbox".into())
        }
        404 | 410 => CalendarError::Gone,
        409 | 412 => CalendarError::Conflict { etag: None },
        _ => CalendarError::Rejected(format!("{status} {}", problem.codes().next().unwrap_or("no code given"))),
    }
}
