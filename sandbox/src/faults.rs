//! Fault switches: what goes wrong next, for whom, and how often.
//!
//! The layer in [`crate::record`] asks `Faults::take` before each request. A provider supplies the bodies: its own
//! error catalogue by name, and what it says with a bare 429 or 5xx.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::Provider;

/// An error as a provider words it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        (self.status, headers, axum::Json(self.body)).into_response()
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// This status with the provider's usual body; `retry_after` in seconds goes into `Retry-After`.
    Status {
        status: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// An entry of the provider's error catalogue.
    Error { reason: String },
    /// The request waits this many milliseconds, then goes on.
    Latency { ms: u64 },
    /// The request takes effect, then the connection is closed without an answer.
    DropAfterWrite,
    /// The connection is closed before the request takes effect.
    DropBeforeWrite,
    /// Free/busy answers 200 but reports this reason for one calendar (an address or a calendar id), as the real
    /// services do when a single mailbox fails. It meets free/busy only and ignores `match`.
    CalendarError { calendar: String, reason: String },
}

impl Kind {
    /// The word used in the control API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Error { .. } => "error",
            Self::Latency { .. } => "latency",
            Self::DropAfterWrite => "drop_after_write",
            Self::DropBeforeWrite => "drop_before_write",
            Self::CalendarError { .. } => "calendar_error",
        }
    }

    fn is_about_writes(&self) -> bool {
        matches!(self, Self::DropAfterWrite | Self::DropBeforeWrite)
    }
}

/// Which requests a fault meets; everything given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// HTTP method. Without one the drop kinds meet POST, PUT, PATCH and DELETE, the others every method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What the path starts with. Without one: the calendar API (`/calendar/v3`, `/v1.0`), not sign-in; for an
    /// OAuth error, paths that end in `/token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// Whose access token the request carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// One switch that is on.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    pub id: u64,
    pub provider: Provider,
    #[serde(flatten)]
    pub kind: Kind,
    #[serde(rename = "match")]
    pub matching: Match,
    /// How many requests it still meets; null for all until it is switched off.
    pub times: Option<u32>,
    /// Whether its error is one of the token endpoint, which is then what it meets.
    #[serde(skip)]
    pub about_tokens: bool,
}

impl Fault {
    fn meets(&self, provider: Provider, method: &str, path: &str, account: Option<&str>) -> bool {
        let path_fits = match (&self.matching.path_prefix, self.provider) {
            (Some(prefix), _) => path.starts_with(prefix),
            (None, _) if self.about_tokens => path.ends_with("/token"),
            (None, Provider::Google) => path.starts_with("/calendar/v3"),
            (None, Provider::Microsoft) => path.starts_with("/v1.0"),
        };
        let method_fits = match &self.matching.method {
            Some(wanted) => wanted.eq_ignore_ascii_case(method),
            None => !self.kind.is_about_writes() || matches!(method, "POST" | "PUT" | "PATCH" | "DELETE"),
        };
        let account_fits = self
            .matching
            .account
            .as_deref()
            .is_none_or(|wanted| account.is_some_and(|a| a.eq_ignore_ascii_case(wanted)));
        self.provider == provider && path_fits && method_fits && account_fits
    }
}

/// All switches that are on.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Switches one on.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Switches all off.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Switches one off; false if there is none with this id.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|fault| fault.id != id);
        self.0.len() < before
    }

    /// Those that are on.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }

    /// What happens to this request, counting it against the switches: all latencies that meet it, and the oldest
    /// of the other kinds.
    pub fn take(&mut self, provider: Provider, method: &str, path: &str, account: Option<&str>) -> Vec<Kind> {
        let mut taken: Vec<Kind> = Vec::new();
        let mut decided = false;
        for fault in &mut self.0 {
            let latency = matches!(fault.kind, Kind::Latency { .. });
            let elsewhere = matches!(fault.kind, Kind::CalendarError { .. });
            if elsewhere || (decided && !latency) || !fault.meets(provider, method, path, account) {
                continue;
            }
            decided |= !latency;
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            taken.push(fault.kind.clone());
        }
        self.0.retain(|fault| fault.times != Some(0));
        taken
    }

    /// The reason free/busy must report for the calendar known by any of these names, counting it.
    pub fn take_calendar_error(&mut self, provider: Provider, names: &[&str]) -> Option<String> {
        let met = self.0.iter_mut().filter(|fault| fault.provider == provider).find_map(|fault| match &fault.kind {
            Kind::CalendarError { calendar, reason }
                if names.iter().any(|name| name.eq_ignore_ascii_case(calendar)) =>
            {
                if let Some(times) = &mut fault.times {
                    *times = times.saturating_sub(1);
                }
                Some(reason.clone())
            }
            _ => None,
        });
        self.0.retain(|fault| fault.times != Some(0));
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind, matching: Match, times: Option<u32>) -> Fault {
        Fault { id: 1, provider: Provider::Google, kind, matching, times, about_tokens: false }
    }

    #[test]
    fn a_fault_meets_as_many_requests_as_told() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::Status { status: 503, retry_after: None }, Match::default(), Some(2)));
        let mut ask = |path: &str| faults.take(Provider::Google, "GET", path, None).len();
        assert_eq!(ask("/token"), 0, "sign-in is left alone unless named");
        assert_eq!(ask("/calendar/v3/freeBusy"), 1);
        assert_eq!(ask("/calendar/v3/freeBusy"), 1);
        assert_eq!(ask("/calendar/v3/freeBusy"), 0);
    }

    #[test]
    fn drops_meet_writes_only_and_latency_combines() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::DropAfterWrite, Match::default(), None));
        faults.add(fault(Kind::Latency { ms: 5 }, Match::default(), None));
        faults.add(fault(Kind::DropBeforeWrite, Match::default(), None));
        assert_eq!(faults.take(Provider::Google, "GET", "/calendar/v3/x", None), [Kind::Latency { ms: 5 }]);
        let taken = faults.take(Provider::Google, "POST", "/calendar/v3/x", None);
        assert_eq!(taken, [Kind::DropAfterWrite, Kind::Latency { ms: 5 }]);
        assert!(faults.take(Provider::Microsoft, "POST", "/v1.0/me", None).is_empty());
    }

    #[test]
    fn a_fault_can_be_for_one_person() {
        let mut faults = Faults::default();
        let ben = Match { account: Some("ben@example.com".into()), ..Match::default() };
        faults.add(fault(Kind::Latency { ms: 5 }, ben, None));
        assert!(faults.take(Provider::Google, "GET", "/calendar/v3/x", Some("ana@example.com")).is_empty());
        assert_eq!(faults.take(Provider::Google, "GET", "/calendar/v3/x", Some("Ben@example.com")).len(), 1);
    }
}
