//! Vendors' limits on how often they may be asked: counted always, enforced once switched on.
//!
//! Microsoft's other limit, four requests at once for one mailbox, is always on and lives with it.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Provider, State};

/// How many requests are answered; windows slide by the sandbox's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Per person, a minute.
    pub google_user: usize,
    /// All people together, a minute.
    pub google_project: usize,
    /// Per mailbox, ten minutes.
    pub microsoft_mailbox: usize,
    /// As what Google refuses: 403 or 429.
    pub google_status: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self { google_user: 600, google_project: 10_000, microsoft_mailbox: 10_000, google_status: 403 }
    }
}

/// Which limit a request is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    User,
    Project,
    /// In so many seconds there is room again.
    Mailbox {
        retry_after: i64,
    },
}

/// Requests of one person, or of everybody.
#[derive(Debug, Default)]
struct Counter {
    /// Those answered in the window, oldest first.
    recent: VecDeque<DateTime<Utc>>,
    used: u64,
    refused: u64,
}

impl Counter {
    fn forget_until(&mut self, start: DateTime<Utc>) {
        while self.recent.front().is_some_and(|at| *at <= start) {
            self.recent.pop_front();
        }
    }

    fn answer(&mut self, at: DateTime<Utc>) {
        self.recent.push_back(at);
        self.used += 1;
    }
}

/// Limits and counters.
#[derive(Debug, Default)]
pub struct Quotas {
    pub on: bool,
    pub limits: Limits,
    people: BTreeMap<(Provider, String), Counter>,
    google_project: Counter,
}

fn window(provider: Provider) -> TimeDelta {
    match provider {
        Provider::Google | Provider::Apple => TimeDelta::minutes(1),
        Provider::Microsoft => TimeDelta::minutes(10),
    }
}

impl Quotas {
    /// Counts a request to a provider's API.
    ///
    /// # Errors
    /// Which limit it is over; only while they are on.
    pub fn count(&mut self, provider: Provider, account: Option<&str>, now: DateTime<Utc>) -> Result<(), Over> {
        let start = now - window(provider);
        self.google_project.forget_until(now - window(Provider::Google));
        let project_full = self.google_project.recent.len() >= self.limits.google_project;
        let person = self.people.entry((provider, account.unwrap_or_default().to_owned())).or_default();
        person.forget_until(start);
        let over = match provider {
            Provider::Google if person.recent.len() >= self.limits.google_user => Some(Over::User),
            Provider::Google if project_full => Some(Over::Project),
            Provider::Microsoft if person.recent.len() >= self.limits.microsoft_mailbox => {
                let free = person.recent.front().map_or(now, |oldest| *oldest + window(provider));
                Some(Over::Mailbox { retry_after: (free - now).num_seconds() + 1 })
            }
            _ => None,
        };
        if let Some(over) = over.filter(|_| self.on) {
            person.refused += 1;
            self.google_project.refused += u64::from(provider == Provider::Google);
            return Err(over);
        }
        person.answer(now);
        if provider == Provider::Google {
            self.google_project.answer(now);
        }
        Ok(())
    }

    /// Starts counting anew.
    pub fn forget(&mut self) {
        self.people.clear();
        self.google_project = Counter::default();
    }

    /// Everything, as the control API shows it.
    pub fn shown(&mut self, now: DateTime<Utc>) -> Value {
        for ((provider, _), person) in &mut self.people {
            person.forget_until(now - window(*provider));
        }
        self.google_project.forget_until(now - window(Provider::Google));
        let figures = |counter: &Counter| json!({ "in_window": counter.recent.len(), "used": counter.used, "refused": counter.refused });
        let people: Vec<_> = self
            .people
            .iter()
            .map(|((provider, account), counter)| {
                let mut shown = figures(counter);
                shown["provider"] = json!(provider);
                shown["account"] = json!(Some(account).filter(|account| !account.is_empty()));
                shown
            })
            .collect();
        json!({ "on": self.on, "limits": self.limits, "people": people, "google_project": figures(&self.google_project) })
    }
}

impl State {
    /// Counts a request to a provider's API; see [`Quotas::count`].
    pub fn count_request(&mut self, provider: Provider, account: Option<&str>) -> Result<(), Over> {
        let now = self.now();
        self.quotas.count(provider, account, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Option<&str> = Some("ana@example.com");

    #[test]
    fn the_window_slides() {
        let mut quotas =
            Quotas { on: true, limits: Limits { google_user: 2, ..Limits::default() }, ..Quotas::default() };
        let start = Utc::now();
        let mut ask = |seconds| quotas.count(Provider::Google, ANA, start + TimeDelta::seconds(seconds));
        assert_eq!([ask(0), ask(30), ask(59)], [Ok(()), Ok(()), Err(Over::User)]);
        assert_eq!([ask(60), ask(61), ask(90)], [Ok(()), Err(Over::User), Ok(())]);
    }

    #[test]
    fn everybody_shares_the_project_and_nobody_a_mailbox() {
        let limits = Limits { google_project: 1, microsoft_mailbox: 1, ..Limits::default() };
        let mut quotas = Quotas { on: true, limits, ..Quotas::default() };
        let now = Utc::now();
        assert_eq!(quotas.count(Provider::Google, ANA, now), Ok(()));
        assert_eq!(quotas.count(Provider::Google, Some("ben@example.com"), now), Err(Over::Project));
        assert_eq!(quotas.count(Provider::Microsoft, ANA, now), Ok(()));
        assert_eq!(quotas.count(Provider::Microsoft, Some("ben@example.com"), now), Ok(()));
        let later = now + TimeDelta::seconds(100);
        assert_eq!(quotas.count(Provider::Microsoft, ANA, later), Err(Over::Mailbox { retry_after: 501 }));
    }

    #[test]
    fn switched_off_it_only_counts() {
        let mut quotas = Quotas { limits: Limits { google_user: 0, ..Limits::default() }, ..Quotas::default() };
        let now = Utc::now();
        assert_eq!(quotas.count(Provider::Google, ANA, now), Ok(()));
        let shown = quotas.shown(now);
        assert_eq!(shown["people"][0]["used"], 1);
        assert_eq!(shown["google_project"]["in_window"], 1);
    }
}
