//! People and their calendars.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Provider;

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
    /// Google's `sub`; Microsoft's `oid`.
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
