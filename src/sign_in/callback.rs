//! The answer a provider puts into the callback's query (RFC 6749 section 4.1.2), read strictly.

use zeroize::Zeroizing;

/// Longest code either provider issues is far shorter; more is not a code.
const MAX_CODE: usize = 4096;
const MAX_STATE: usize = 512;

/// The parts of the query that mean something here. Others (`scope`, `authuser`, `session_state`) are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackQuery {
    pub state: Option<String>,
    /// Who answers (RFC 9207), where the provider says so.
    pub issuer: Option<String>,
    pub answer: Answer,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// Wiped from memory after use.
    Code(Zeroizing<String>),
    Refused(Refusal),
}

impl std::fmt::Debug for Answer {
    /// A code is worth a token until it is used.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(_) => f.write_str("Code(…)"),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

/// Why there is no code, sorted by what the person can do. The provider's own description is never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The person said no, or closed the page.
    Denied,
    /// An administrator of their organisation has to allow it first.
    AdminConsent,
    /// The provider wants the person to sign in or agree again.
    Interaction,
    /// The provider is having trouble.
    Unavailable,
    Other,
}

/// The query is not the answer to anything: no code, two of something, both code and error, or overlong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an answer of a provider")]
pub struct NotAnAnswer;

impl CallbackQuery {
    /// Reads the query string as it came.
    pub fn parse(query: &str) -> Result<Self, NotAnAnswer> {
        let (mut code, mut error, mut description, mut state, mut issuer) = (None, None, None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "code" => &mut code,
                "error" => &mut error,
                "error_description" => &mut description,
                "state" => &mut state,
                "iss" => &mut issuer,
                _ => continue,
            };
            // RFC 6749 section 3.1: parameters must not be included more than once.
            if slot.replace(value.into_owned()).is_some() {
                return Err(NotAnAnswer);
            }
        }
        if state.as_ref().is_some_and(|state: &String| state.len() > MAX_STATE) {
            return Err(NotAnAnswer);
        }
        let answer = match (code, error) {
            (Some(code), None) if !code.is_empty() && code.len() <= MAX_CODE => Answer::Code(code.into()),
            (None, Some(error)) => Answer::Refused(Refusal::read(&error, description.as_deref().unwrap_or_default())),
            _ => return Err(NotAnAnswer),
        };
        Ok(Self { state, issuer, answer })
    }
}

impl Refusal {
    fn read(error: &str, description: &str) -> Self {
        // Microsoft says "access_denied" for several things and tells them apart by a number in the description.
        if ["AADSTS90093", "AADSTS90094", "AADSTS90095"].iter().any(|number| description.starts_with(number)) {
            return Self::AdminConsent;
        }
        match error {
            "access_denied" => Self::Denied,
            "consent_required" | "interaction_required" | "login_required" | "account_selection_required" => {
                Self::Interaction
            }
            "admin_policy_enforced" => Self::AdminConsent,
            "server_error" | "temporarily_unavailable" => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_strangers_are_ignored() {
        let read = CallbackQuery::parse("state=s&code=4%2F0Ab&scope=openid&authuser=0&iss=https%3A%2F%2Fa").unwrap();
        assert_eq!(read.answer, Answer::Code("4/0Ab".to_owned().into()));
        assert_eq!((read.state.as_deref(), read.issuer.as_deref()), (Some("s"), Some("https://a")));
        assert!(!format!("{read:?}").contains("4/0Ab"));
    }

    #[test]
    fn refusals_are_sorted_by_what_helps() {
        let table = [
            ("error=access_denied", Refusal::Denied),
            ("error=access_denied&error_description=AADSTS65004%3A+declined", Refusal::Denied),
            ("error=access_denied&error_description=AADSTS90094%3A+admin", Refusal::AdminConsent),
            ("error=consent_required", Refusal::Interaction),
            ("error=server_error", Refusal::Unavailable),
            ("error=temporarily_unavailable", Refusal::Unavailable),
            ("error=%3Cscript%3E&error_description=%3Cb%3E", Refusal::Other),
        ];
        for (query, wanted) in table {
            assert_eq!(CallbackQuery::parse(query).unwrap().answer, Answer::Refused(wanted), "{query}");
        }
    }

    #[test]
    fn what_is_no_answer() {
        let long = format!("state=s&code={}", "a".repeat(10_240));
        let state = format!("code=c&state={}", "a".repeat(1_000));
        for query in [
            "",
            "state=s",
            "state=s&code=",
            "state=s&code=a&code=b",
            "state=s&code=a&error=x",
            "state=s&state=t&code=a",
            "code=a&iss=a&iss=b",
            &long,
            &state,
        ] {
            assert_eq!(CallbackQuery::parse(query), Err(NotAnAnswer), "{query:.60}");
        }
    }
}
