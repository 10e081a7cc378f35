//! Fault switches: what goes wrong next, for whom, and how often.
//!
//! The layer in [`crate::record`] asks [`crate::world::State::take_faults`] before each request. What is played supplies the
//! bodies: its own error catalogue by name, and what it says with a bare 429 or 5xx.

/// What can go wrong.
mod kinds;

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::kinds::{Kind, PushFate};
use crate::apple::Quirk;
use crate::world::{Service, State};

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

/// The methods that change something.
pub const WRITES: [&str; 6] = ["POST", "PUT", "PATCH", "DELETE", "MKCALENDAR", "PROPPATCH"];

/// Which requests a fault meets; everything given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// HTTP method. Without one drops, hangs and late writes meet [`WRITES`], the others every method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What the path starts with. Without one: the API itself (`/calendar/v3`, `/v1.0`, everything at Apple, `/customers`), not
    /// sign-in; for an OAuth error, paths that end in `/token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// Whose access token the request carries; for an application's own token at Microsoft, whose mailbox the path names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// One switch that is on.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    pub id: u64,
    pub provider: Service,
    #[serde(flatten)]
    pub kind: Kind,
    #[serde(rename = "match")]
    pub matching: Match,
    /// How many requests it still meets; null for all until it is switched off.
    pub times: Option<u32>,
    /// When it switches itself off, by the sandbox's clock; null for never.
    pub until: Option<DateTime<Utc>>,
    /// Whether its error is one of the token endpoint, which is then what it meets.
    #[serde(skip)]
    pub about_tokens: bool,
}

impl Fault {
    fn meets(&self, provider: Service, method: &str, path: &str, account: Option<&str>) -> bool {
        let path_fits = match (&self.matching.path_prefix, self.provider) {
            (Some(prefix), _) => path.starts_with(prefix),
            (None, _) if self.about_tokens => path.ends_with("/token"),
            (None, Service::Google) => path.starts_with("/calendar/v3"),
            (None, Service::Microsoft) => path.starts_with("/v1.0"),
            (None, Service::Apple) => true,
            (None, Service::Icims) => path.starts_with("/customers"),
        };
        let method_fits = match &self.matching.method {
            Some(wanted) => wanted.eq_ignore_ascii_case(method),
            None => !self.kind.is_about_writes() || WRITES.contains(&method),
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

    /// Switches off those whose time is over.
    fn end(&mut self, now: DateTime<Utc>) {
        self.0.retain(|fault| fault.until.is_none_or(|until| until > now));
    }

    /// Those that are on.
    fn list(&self) -> &[Fault] {
        &self.0
    }

    fn take(&mut self, provider: Service, method: &str, path: &str, account: Option<&str>) -> Vec<Kind> {
        let mut taken: Vec<Kind> = Vec::new();
        let mut decided = false;
        for fault in &mut self.0 {
            let latency = matches!(fault.kind, Kind::Latency { .. });
            let elsewhere =
                matches!(fault.kind, Kind::CalendarError { .. } | Kind::Quirk { .. }) || fault.kind.is_about_pushes();
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

    fn take_quirk(&mut self, provider: Service, wanted: Quirk, request: (&str, &str, Option<&str>)) -> bool {
        let (method, path, account) = request;
        let met = self.0.iter_mut().find(|fault| {
            fault.kind == (Kind::Quirk { quirk: wanted }) && fault.meets(provider, method, path, account)
        });
        let Some(fault) = met else { return false };
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
        }
        self.0.retain(|fault| fault.times != Some(0));
        true
    }

    fn take_push_fate(&mut self, provider: Service, account: &str) -> PushFate {
        let mut fate = PushFate::default();
        for fault in &mut self.0 {
            let own = fault.matching.account.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(account));
            if !own || fault.provider != provider || fate.drop {
                continue;
            }
            match fault.kind {
                Kind::PushDrop => fate.drop = true,
                Kind::PushDuplicate { copies } => fate.copies = fate.copies.max(copies),
                Kind::PushReorder => fate.reorder = true,
                Kind::PushDelay { ms } => fate.delay = Some(fate.delay.unwrap_or_default() + Duration::from_millis(ms)),
                _ => continue,
            }
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
        }
        self.0.retain(|fault| fault.times != Some(0));
        fate
    }

    fn take_calendar_error(&mut self, provider: Service, names: &[&str]) -> Option<String> {
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

impl State {
    /// The faults that are on now.
    pub fn faults_on(&mut self) -> &[Fault] {
        self.faults.end(self.now());
        self.faults.list()
    }

    /// What happens to this request, counting it against the switches: all latencies that meet it, and the oldest of the
    /// other kinds.
    pub fn take_faults(&mut self, service: Service, method: &str, path: &str, account: Option<&str>) -> Vec<Kind> {
        self.faults.end(self.now());
        self.faults.take(service, method, path, account)
    }

    /// Whether an answer to this request (method, path, account) must have this quirk, counting it.
    pub fn take_quirk(&mut self, service: Service, quirk: Quirk, request: (&str, &str, Option<&str>)) -> bool {
        self.faults.end(self.now());
        self.faults.take_quirk(service, quirk, request)
    }

    /// What happens to a push about this account, counting it against the switches.
    pub fn take_push_fate(&mut self, service: Service, account: &str) -> PushFate {
        self.faults.end(self.now());
        self.faults.take_push_fate(service, account)
    }

    /// The reason free/busy must report for the calendar known by any of these names, counting it.
    pub fn take_calendar_error(&mut self, service: Service, names: &[&str]) -> Option<String> {
        self.faults.end(self.now());
        self.faults.take_calendar_error(service, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind, matching: Match, times: Option<u32>) -> Fault {
        Fault { id: 1, provider: Service::Google, kind, matching, times, until: None, about_tokens: false }
    }

    #[test]
    fn a_fault_meets_as_many_requests_as_told() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::Status { status: 503, retry_after: None }, Match::default(), Some(2)));
        let mut ask = |path: &str| faults.take(Service::Google, "GET", path, None).len();
        assert_eq!(ask("/token"), 0, "sign-in is left alone unless named");
        assert_eq!(ask("/calendar/v3/freeBusy"), 1);
        assert_eq!(ask("/calendar/v3/freeBusy"), 1);
        assert_eq!(ask("/calendar/v3/freeBusy"), 0);
    }

    #[test]
    fn an_outage_ends_by_itself() {
        let mut state = State::empty();
        let until = state.now() + chrono::TimeDelta::minutes(30);
        let outage = fault(Kind::Status { status: 503, retry_after: None }, Match::default(), None);
        state.faults.add(Fault { provider: Service::Icims, until: Some(until), ..outage });
        let ask = |state: &mut State| state.take_faults(Service::Icims, "POST", "/customers/1234/x", None).len();
        assert_eq!(ask(&mut state), 1);
        state.advance(chrono::TimeDelta::minutes(29));
        assert_eq!(ask(&mut state), 1);
        state.advance(chrono::TimeDelta::minutes(1));
        assert_eq!(ask(&mut state), 0);
        assert!(state.faults_on().is_empty());
    }

    #[test]
    fn drops_meet_writes_only_and_latency_combines() {
        let mut faults = Faults::default();
        faults.add(fault(Kind::DropAfterWrite, Match::default(), None));
        faults.add(fault(Kind::Latency { ms: 5 }, Match::default(), None));
        faults.add(fault(Kind::DropBeforeWrite, Match::default(), None));
        assert_eq!(faults.take(Service::Google, "GET", "/calendar/v3/x", None), [Kind::Latency { ms: 5 }]);
        let taken = faults.take(Service::Google, "POST", "/calendar/v3/x", None);
        assert_eq!(taken, [Kind::DropAfterWrite, Kind::Latency { ms: 5 }]);
        assert!(faults.take(Service::Microsoft, "POST", "/v1.0/me", None).is_empty());
    }

    #[test]
    fn a_fault_can_be_for_one_person() {
        let mut faults = Faults::default();
        let ben = Match { account: Some("ben@example.com".into()), ..Match::default() };
        faults.add(fault(Kind::Latency { ms: 5 }, ben, None));
        assert!(faults.take(Service::Google, "GET", "/calendar/v3/x", Some("ana@example.com")).is_empty());
        assert_eq!(faults.take(Service::Google, "GET", "/calendar/v3/x", Some("Ben@example.com")).len(), 1);
    }

    #[test]
    fn a_push_meets_all_that_is_on_for_it_and_requests_meet_none_of_it() {
        let mut faults = Faults::default();
        let ben = Match { account: Some("ben@example.com".into()), ..Match::default() };
        faults.add(fault(Kind::PushDelay { ms: 5 }, ben, None));
        faults.add(fault(Kind::PushDuplicate { copies: 3 }, Match::default(), Some(1)));
        assert!(faults.take(Service::Google, "POST", "/calendar/v3/x", Some("ben@example.com")).is_empty());
        let fate = faults.take_push_fate(Service::Google, "Ben@example.com");
        assert_eq!(fate.names(), ["push_duplicate", "push_delay"]);
        let fate = faults.take_push_fate(Service::Google, "ana@example.com");
        assert_eq!(fate, PushFate::default());
    }
}
