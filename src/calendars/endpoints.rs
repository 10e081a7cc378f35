//! Where each provider lives: production, or a stand-in under another address.
//!
//! Addresses are configuration, so the whole house can be run against a stand-in. Who may sign in at
//! Microsoft ([`Tenant`]) is part of the address and of the check of the id token.

use std::fmt;
use std::str::FromStr;

use url::Url;
use uuid::Uuid;

use super::Provider;

/// The tenant of every personal Microsoft account.
pub const PERSONAL_TENANT: Uuid = Uuid::from_u128(0x9188040d_6c67_4c5b_b112_36a304b66dad);

/// Which Microsoft accounts may sign in (`MICROSOFT_TENANT_ID`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tenant {
    /// Work, school and personal.
    #[default]
    Common,
    /// Work and school.
    Organizations,
    /// Personal.
    Consumers,
    /// One organisation.
    One(Uuid),
}

impl Tenant {
    /// Whether an account of this tenant may sign in.
    pub fn allows(self, tenant: Uuid) -> bool {
        match self {
            Self::Common => true,
            Self::Organizations => tenant != PERSONAL_TENANT,
            Self::Consumers => tenant == PERSONAL_TENANT,
            Self::One(only) => tenant == only,
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common => f.write_str("common"),
            Self::Organizations => f.write_str("organizations"),
            Self::Consumers => f.write_str("consumers"),
            Self::One(id) => write!(f, "{}", id.hyphenated()),
        }
    }
}

/// Neither a tenant's id nor one of the three names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be common, organizations, consumers or a tenant id like 11111111-2222-3333-4444-555555555555")]
pub struct BadTenant;

impl FromStr for Tenant {
    type Err = BadTenant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" => Ok(Self::Consumers),
            _ => parse_guid(text).map(Self::One).ok_or(BadTenant),
        }
    }
}

/// A GUID in its hyphenated form and no other (`Uuid` alone would take braces and plain hex too).
pub(crate) fn parse_guid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

/// The addresses of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub provider: Provider,
    pub authorize: Url,
    pub token: Url,
    /// Microsoft has none.
    pub revoke: Option<Url>,
    /// The keys that sign id tokens.
    pub keys: Url,
    /// The API's base, with a trailing slash.
    pub api: Url,
    /// Accepted issuers of id tokens, the canonical one first. `{tenantid}` stands for the token's `tid`.
    pub issuers: Vec<String>,
    /// Who may sign in; `Common` for Google, which asks no such question.
    pub tenant: Tenant,
}

impl Endpoints {
    /// The provider itself. `tenant` concerns Microsoft only.
    ///
    /// # Panics
    /// For Apple, whose calendars are opened by a password and not by OAuth.
    pub fn production(provider: Provider, tenant: Tenant) -> Self {
        let url = |text: &str| text.parse::<Url>().expect("an address written here is a URL");
        match provider {
            Provider::Google => Self {
                provider,
                authorize: url("https://accounts.google.com/o/oauth2/v2/auth"),
                token: url("https://oauth2.googleapis.com/token"),
                revoke: Some(url("https://oauth2.googleapis.com/revoke")),
                keys: url("https://www.googleapis.com/oauth2/v3/certs"),
                api: url("https://www.googleapis.com/calendar/v3/"),
                issuers: vec!["https://accounts.google.com".into(), "accounts.google.com".into()],
                tenant: Tenant::Common,
            },
            Provider::Microsoft => Self {
                api: url("https://graph.microsoft.com/v1.0/"),
                ..Self::microsoft_at(&url("https://login.microsoftonline.com/"), tenant)
            },
            Provider::Apple => no_oauth(),
        }
    }

    /// A stand-in that serves all of the provider's paths under one origin.
    ///
    /// # Panics
    /// As [`Self::production`].
    pub fn sandbox(provider: Provider, origin: &Url, tenant: Tenant) -> Self {
        match provider {
            Provider::Google => Self {
                provider,
                authorize: at(origin, "o/oauth2/v2/auth"),
                token: at(origin, "token"),
                revoke: Some(at(origin, "revoke")),
                keys: at(origin, "oauth2/v3/certs"),
                api: at(origin, "calendar/v3/"),
                issuers: vec![origin.as_str().trim_end_matches('/').to_owned()],
                tenant: Tenant::Common,
            },
            Provider::Microsoft => Self::microsoft_at(origin, tenant),
            Provider::Apple => no_oauth(),
        }
    }

    /// The token endpoint of one Microsoft tenant: an application that comes by itself is asked for by no other name.
    pub fn token_of(&self, tenant: Uuid) -> Url {
        at(&self.token, &format!("{}/oauth2/v2.0/token", tenant.hyphenated()))
    }

    /// Microsoft's page on which an administrator agrees for a whole tenant: the one this installation is for, or their own.
    pub fn admin_consent(&self) -> Url {
        let tenant = match self.tenant {
            Tenant::One(id) => Tenant::One(id),
            Tenant::Common | Tenant::Organizations | Tenant::Consumers => Tenant::Organizations,
        };
        at(&self.authorize, &format!("{tenant}/v2.0/adminconsent"))
    }

    fn microsoft_at(origin: &Url, tenant: Tenant) -> Self {
        Self {
            provider: Provider::Microsoft,
            authorize: at(origin, &format!("{tenant}/oauth2/v2.0/authorize")),
            token: at(origin, &format!("{tenant}/oauth2/v2.0/token")),
            revoke: None,
            keys: at(origin, &format!("{tenant}/discovery/v2.0/keys")),
            api: at(origin, "v1.0/"),
            issuers: vec![format!("{}/{{tenantid}}/v2.0", origin.as_str().trim_end_matches('/'))],
            tenant,
        }
    }
}

/// Nobody makes an OAuth client for a provider that has none.
pub(super) fn no_oauth() -> ! {
    unreachable!("Apple's calendars are not opened by OAuth")
}

fn at(origin: &Url, path: &str) -> Url {
    let mut url = origin.clone();
    url.set_path(path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_read_strictly_and_admit_the_right_accounts() {
        let work = Uuid::from_u128(7);
        let table = [
            ("common", true, true),
            ("organizations", true, false),
            ("consumers", false, true),
            ("00000000-0000-0000-0000-000000000007", true, false),
            ("00000000-0000-0000-0000-000000000008", false, false),
        ];
        for (name, admits_work, admits_personal) in table {
            let tenant: Tenant = name.parse().expect(name);
            assert_eq!((tenant.allows(work), tenant.allows(PERSONAL_TENANT)), (admits_work, admits_personal), "{name}");
            assert_eq!(tenant.to_string(), name);
        }
        for bad in
            ["", "contoso", "{00000000-0000-0000-0000-000000000007}", "00000000000000000000000000000007", "Common"]
        {
            assert_eq!(bad.parse::<Tenant>(), Err(BadTenant), "{bad}");
        }
    }

    #[test]
    fn production_addresses_are_the_documented_ones() {
        let google = Endpoints::production(Provider::Google, Tenant::Common);
        assert_eq!(google.api.as_str(), "https://www.googleapis.com/calendar/v3/");
        let microsoft = Endpoints::production(Provider::Microsoft, Tenant::Consumers);
        assert_eq!(microsoft.token.as_str(), "https://login.microsoftonline.com/consumers/oauth2/v2.0/token");
        assert_eq!(microsoft.keys.as_str(), "https://login.microsoftonline.com/consumers/discovery/v2.0/keys");
        assert_eq!(microsoft.issuers, ["https://login.microsoftonline.com/{tenantid}/v2.0"]);
        assert_eq!(microsoft.api.as_str(), "https://graph.microsoft.com/v1.0/");
    }
}
