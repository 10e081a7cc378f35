//! People and their calendars.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Provider, State};
use crate::oauth::random;

/// What kind of account it is: one of an organisation, or somebody's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    Work,
    Personal,
}

/// A person at one provider.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    pub provider: Provider,
    pub kind: AccountKind,
    /// Whether this person may allow things for the whole organisation.
    pub administrator: bool,
    pub email: String,
    pub name: String,
    pub given_name: String,
    pub family_name: String,
    /// Also the zone of the primary calendar.
    pub zone: Tz,
    /// Google's `sub`; Microsoft's `oid`; the number in Apple's addresses.
    pub subject: String,
    /// Microsoft's `tid`.
    pub tenant: Option<String>,
    pub job_title: String,
}

impl Account {
    /// The part of the address behind the `@`: people of one Workspace share it and see each other's free/busy.
    pub fn domain(&self) -> &str {
        self.email.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// A calendar of one person.
#[derive(Clone, Debug, Serialize)]
pub struct Calendar {
    pub id: String,
    /// Address of the account that owns it.
    pub owner: String,
    pub name: String,
    pub zone: Tz,
    pub primary: bool,
    pub version: u64,
    /// What only its provider understands, in the provider's own words.
    #[serde(skip)]
    pub extra: Map<String, Value>,
}

/// An app-specific password: it opens one Apple account until it is revoked.
#[derive(Clone, Debug, Serialize)]
pub struct AppPassword {
    pub account: String,
    /// Such as `abcd-efgh-ijkl-mnop`.
    pub password: String,
}

/// How many may live at once.
pub const MOST_APP_PASSWORDS: usize = 25;

impl State {
    /// Whose account this address and app-specific password open.
    pub fn opened_by(&self, email: &str, password: &str) -> Option<&Account> {
        let account = self.account_of(Provider::Apple, email)?;
        // Apple takes it with and without its hyphens.
        let bare = |text: &str| text.replace('-', "");
        let mut own = self.app_passwords.iter().filter(|one| one.account == account.email);
        own.any(|one| bare(&one.password) == bare(password)).then_some(account)
    }

    /// One more app-specific password; `None` for somebody who is not at Apple or has too many.
    pub fn new_app_password(&mut self, email: &str) -> Option<AppPassword> {
        let account = self.account_of(Provider::Apple, email)?.email.clone();
        if self.app_passwords.iter().filter(|one| one.account == account).count() >= MOST_APP_PASSWORDS {
            return None;
        }
        let letters: Vec<char> = random::hex(16).chars().map(|digit| (b'a' + digit as u8 % 26) as char).collect();
        let groups: Vec<String> = letters.chunks(4).take(4).map(|group| group.iter().collect()).collect();
        let password = AppPassword { account, password: groups.join("-") };
        self.app_passwords.push(password.clone());
        Some(password)
    }

    /// Revokes the app-specific passwords of one account, or of everybody; returns how many.
    pub fn revoke_app_passwords(&mut self, account: Option<&str>) -> usize {
        let before = self.app_passwords.len();
        self.app_passwords.retain(|one| account.is_some_and(|account| !one.account.eq_ignore_ascii_case(account)));
        before - self.app_passwords.len()
    }
}
