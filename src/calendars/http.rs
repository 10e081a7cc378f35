//! What answers over HTTP mean to a calendar, whichever provider they come from.

use std::time::Instant;

use serde::de::DeserializeOwned;

use super::{AccessToken, CalendarError, Provider};
pub use crate::http::{Ask, Http, HttpError, Reply, address};
use crate::metrics;

impl Http {
    /// Sends with the account's token as bearer, and counts it as a call to this provider.
    pub async fn send(&self, provider: Provider, token: &AccessToken, ask: Ask) -> Result<Reply, HttpError> {
        let (action, started) = (ask.action, Instant::now());
        let reply = self.call(token.expose(), ask).await;
        let status = reply.as_ref().ok().map(|reply| reply.status.as_u16());
        metrics::provider_call(provider.as_str(), action, status, started.elapsed());
        reply
    }
}

impl Reply {
    /// What the answer to a request that succeeded says. A read that cannot be understood is as bad as
    /// no answer; a write that cannot be understood has happened all the same.
    pub fn read<T: DeserializeOwned>(&self, wrote: bool) -> Result<T, CalendarError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let text =
                format!("an answer that is not as documented (line {}, column {})", error.line(), error.column());
            if wrote { CalendarError::UnknownOutcome(text) } else { CalendarError::Unavailable(text) }
        })
    }

    /// What 429 and the 5xx mean, which both providers answer alike; nothing for other statuses.
    pub fn overload(&self, wrote: bool) -> Option<CalendarError> {
        let retry_after = self.retry_after();
        match self.status.as_u16() {
            429 => Some(CalendarError::RateLimited { retry_after }),
            503 if retry_after.is_some() => Some(CalendarError::RateLimited { retry_after }),
            500..=599 => {
                let text = format!("the provider answered {}", self.status.as_u16());
                Some(if wrote { CalendarError::UnknownOutcome(text) } else { CalendarError::Unavailable(text) })
            }
            _ => None,
        }
    }
}

impl HttpError {
    /// The same in the words of the trait.
    pub fn for_calendar(self, wrote: bool) -> CalendarError {
        match self {
            Self::AnswerLost(text) if wrote => CalendarError::UnknownOutcome(text),
            Self::AnswerLost(text) | Self::NotSent(text) => CalendarError::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::{
        StatusCode,
        header::{HeaderMap, RETRY_AFTER},
    };

    use super::*;

    fn reply(status: u16, retry_after: Option<&str>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().expect("a header value"));
        }
        Reply { status: StatusCode::from_u16(status).expect("a status"), headers, body: Vec::new() }
    }

    #[test]
    fn overload_is_told_apart_by_status_and_by_what_was_asked() {
        let limited = |seconds| Some(CalendarError::RateLimited { retry_after: seconds });
        assert_eq!(reply(429, Some("10")).overload(true), limited(Some(Duration::from_secs(10))));
        assert_eq!(reply(429, None).overload(false), limited(None));
        assert_eq!(reply(503, Some("120")).overload(true), limited(Some(Duration::from_secs(120))));
        assert!(matches!(reply(503, None).overload(true), Some(CalendarError::UnknownOutcome(_))));
        assert!(matches!(reply(500, None).overload(false), Some(CalendarError::Unavailable(_))));
        assert_eq!(reply(404, None).overload(true), None);
    }
}
