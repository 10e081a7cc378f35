//! Pending authorisations, codes, tokens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Duration, Utc};

use super::{CLIENT_ID, random};
use crate::world::Provider;

/// How long an authorisation may wait for the person.
pub const PENDING_LIFE: Duration = Duration::minutes(60);
/// How long a code may wait for the client.
pub const CODE_LIFE: Duration = Duration::minutes(10);
/// How long an access token works.
pub const ACCESS_LIFE: Duration = Duration::seconds(3599);
/// Live refresh tokens one person may have with one client; the oldest dies of one more.
pub const REFRESH_LIMIT: usize = 100;

/// How the answer travels back to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// What a client asked a person for.
#[derive(Clone, Debug)]
pub struct Authorization {
    pub provider: Provider,
    pub client_id: String,
    pub redirect_uri: String,
    /// As the provider spells them in its answers.
    pub scopes: Vec<String>,
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// PKCE with S256.
    pub code_challenge: Option<String>,
    pub login_hint: Option<String>,
    /// Show the scopes even if all were granted before.
    pub force_consent: bool,
    /// Show the account picker even with a hint.
    pub select_account: bool,
    /// Whether a refresh token is wanted.
    pub offline: bool,
    /// Whether the token should carry what was granted before too.
    pub include_granted: bool,
    pub response_mode: ResponseMode,
    /// Path segment the request came by (Microsoft): `common`, `organizations`, `consumers` or a tenant id.
    pub tenant: Option<String>,
    pub created: DateTime<Utc>,
}

/// A single-use code.
#[derive(Clone, Debug)]
pub struct Code {
    pub authorization: Authorization,
    /// Address of the account.
    pub account: String,
    pub scopes: Vec<String>,
    /// Whether the person saw the scopes; Google gives a refresh token only then.
    pub consent_shown: bool,
    pub created: DateTime<Utc>,
    pub used: bool,
}

/// Why a code was not redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemError {
    Unknown,
    Used,
    Expired,
    ClientMismatch,
    RedirectMismatch,
    /// The verifier is missing, or does not fit the challenge.
    PkceMismatch,
}

/// What an access token stands for.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub provider: Provider,
    pub account: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub expires: DateTime<Utc>,
    /// Shared with the refresh token it came with.
    pub grant: u64,
}

/// What an application's own access token stands for: itself, in one of Microsoft's tenants, and no person.
#[derive(Clone, Debug)]
pub struct ApplicationToken {
    pub client_id: String,
    pub tenant: String,
    /// The application permissions that were in the tenant's consent when it was given out.
    pub roles: Vec<String>,
    pub expires: DateTime<Utc>,
}

impl AccessToken {
    /// Whether this exact scope was granted.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// What a refresh token stands for.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    pub provider: Provider,
    pub account: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub created: DateTime<Utc>,
    pub tenant: Option<String>,
    pub grant: u64,
}

/// All of it. Tokens are looked up by their text.
#[derive(Debug, Default)]
pub struct Grants {
    pending: HashMap<String, Authorization>,
    codes: HashMap<String, Code>,
    access: HashMap<String, AccessToken>,
    applications: HashMap<String, ApplicationToken>,
    refresh: BTreeMap<String, RefreshToken>,
    consents: HashMap<(Provider, String), BTreeSet<String>>,
    /// When set, refresh tokens die this long after they were made.
    pub refresh_life: Option<Duration>,
    last_grant: u64,
}

impl Grants {
    /// Remembers what a client asked for; the answer names it on the consent pages.
    pub fn ask(&mut self, authorization: Authorization) -> String {
        let now = authorization.created;
        self.pending.retain(|_, pending| pending.created + PENDING_LIFE > now);
        let key = random::token(24);
        self.pending.insert(key.clone(), authorization);
        key
    }

    /// A pending authorisation that is not too old.
    pub fn pending(&self, key: &str, now: DateTime<Utc>) -> Option<&Authorization> {
        self.pending.get(key).filter(|pending| pending.created + PENDING_LIFE > now)
    }

    /// Takes a pending authorisation, so that it is answered once.
    pub fn take_pending(&mut self, key: &str, now: DateTime<Utc>) -> Option<Authorization> {
        self.pending.remove(key).filter(|pending| pending.created + PENDING_LIFE > now)
    }

    /// Stores a code under a new name that starts with `prefix`, and the consent it stands for.
    pub fn issue_code(&mut self, prefix: &str, code: Code) -> String {
        self.consent(code.authorization.provider, &code.account, &code.scopes);
        let text = format!("{prefix}{}", random::token(48));
        self.codes.insert(text.clone(), code);
        text
    }

    /// Takes a code's worth: single use, in time, and bound to client, redirect address and PKCE verifier.
    ///
    /// # Errors
    /// [`RedeemError`]; a code that failed a check for any other reason than age or use stays usable.
    pub fn redeem(
        &mut self,
        provider: Provider,
        text: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Code, RedeemError> {
        let code = self.codes.get_mut(text).ok_or(RedeemError::Unknown)?;
        let asked = &code.authorization;
        if asked.provider != provider {
            return Err(RedeemError::Unknown);
        }
        if code.used {
            return Err(RedeemError::Used);
        }
        if code.created + CODE_LIFE <= now {
            return Err(RedeemError::Expired);
        }
        if asked.client_id != client_id {
            return Err(RedeemError::ClientMismatch);
        }
        if asked.redirect_uri != redirect_uri {
            return Err(RedeemError::RedirectMismatch);
        }
        match (&asked.code_challenge, verifier) {
            (None, None) => {}
            (Some(challenge), Some(verifier)) if *challenge == random::s256(verifier) => {}
            _ => return Err(RedeemError::PkceMismatch),
        }
        code.used = true;
        Ok(code.clone())
    }

    /// A number that ties an access token to its refresh token.
    pub fn new_grant(&mut self) -> u64 {
        self.last_grant += 1;
        self.last_grant
    }

    /// Stores an access token under the given text.
    pub fn store_access(&mut self, text: &str, token: AccessToken) {
        self.access.insert(text.to_owned(), token);
    }

    /// Stores an application's own access token under the given text.
    pub fn store_application(&mut self, text: &str, token: ApplicationToken) {
        self.applications.insert(text.to_owned(), token);
    }

    /// Stores a refresh token; beyond [`REFRESH_LIMIT`] of one person with one client the oldest dies silently.
    pub fn store_refresh(&mut self, text: &str, token: RefreshToken) {
        let same = |other: &RefreshToken| {
            other.provider == token.provider && other.account == token.account && other.client_id == token.client_id
        };
        let mut siblings: Vec<_> = self
            .refresh
            .iter()
            .filter(|(_, other)| same(other))
            .map(|(text, other)| (other.grant, text.clone()))
            .collect();
        if siblings.len() >= REFRESH_LIMIT {
            siblings.sort();
            for (_, text) in siblings.iter().take(siblings.len() + 1 - REFRESH_LIMIT) {
                self.refresh.remove(text);
            }
        }
        self.refresh.insert(text.to_owned(), token);
    }

    /// A live access token of this provider.
    pub fn access(&self, provider: Provider, text: &str, now: DateTime<Utc>) -> Option<&AccessToken> {
        self.access.get(text).filter(|token| token.provider == provider && token.expires > now)
    }

    /// A live access token of an application's own.
    pub fn of_application(&self, text: &str, now: DateTime<Utc>) -> Option<&ApplicationToken> {
        self.applications.get(text).filter(|token| token.expires > now)
    }

    /// The client id of the application that got a token by itself, live or not: its own, or a service account's that
    /// acts as somebody. `None` for a token a person consented to.
    pub fn application(&self, text: &str) -> Option<&str> {
        let acting = || self.access.get(text).map(|token| &token.client_id).filter(|id| *id != CLIENT_ID);
        self.applications.get(text).map(|token| &token.client_id).or_else(acting).map(String::as_str)
    }

    /// Whoever an access token belongs to, live or not.
    pub fn owner(&self, text: &str) -> Option<&str> {
        self.access.get(text).map(|token| token.account.as_str())
    }

    /// A live refresh token of this provider.
    pub fn refresh(&self, provider: Provider, text: &str, now: DateTime<Utc>) -> Option<&RefreshToken> {
        self.refresh
            .get(text)
            .filter(|token| token.provider == provider)
            .filter(|token| self.refresh_life.is_none_or(|life| token.created + life > now))
    }

    /// Notes what a person agreed to.
    pub fn consent(&mut self, provider: Provider, account: &str, scopes: &[String]) {
        self.consents.entry((provider, account.to_owned())).or_default().extend(scopes.iter().cloned());
    }

    /// What a person has agreed to so far.
    pub fn consented(&self, provider: Provider, account: &str) -> BTreeSet<String> {
        self.consents.get(&(provider, account.to_owned())).cloned().unwrap_or_default()
    }

    /// Revokes whatever person and client this token (access or refresh) belongs to: all their tokens and consents go.
    /// Returns whether the token was known.
    pub fn revoke(&mut self, provider: Provider, text: &str, now: DateTime<Utc>) -> bool {
        if self.application(text).is_some() {
            // Nobody consented to it, so nothing else goes with it.
            return self.access.remove(text).is_some();
        }
        let account = self
            .refresh(provider, text, now)
            .map(|token| token.account.clone())
            .or_else(|| self.access(provider, text, now).map(|token| token.account.clone()));
        let Some(account) = account else { return false };
        self.revoke_all(provider, Some(&account));
        self.access.retain(|_, token| token.provider != provider || token.account != account);
        true
    }

    /// Kills refresh tokens and consents of one person or of everybody; access tokens live on until they expire.
    /// Returns how many refresh tokens died.
    pub fn revoke_all(&mut self, provider: Provider, account: Option<&str>) -> usize {
        let before = self.refresh.len();
        let meant = |p: Provider, a: &str| p == provider && account.is_none_or(|account| account == a);
        self.refresh.retain(|_, token| !meant(token.provider, &token.account));
        self.consents.retain(|(p, a), _| !meant(*p, a));
        before - self.refresh.len()
    }

    /// Makes access tokens of one person or of everybody invalid at once. Returns how many.
    pub fn expire_access(&mut self, provider: Provider, account: Option<&str>) -> usize {
        let before = self.access.len() + self.applications.len();
        if provider == Provider::Microsoft && account.is_none() {
            self.applications.clear();
        }
        self.access
            .retain(|_, token| token.provider != provider || account.is_some_and(|account| account != token.account));
        before - self.access.len() - self.applications.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(now: DateTime<Utc>) -> Authorization {
        Authorization {
            provider: Provider::Google,
            client_id: "c".into(),
            redirect_uri: "http://127.0.0.1/cb".into(),
            scopes: vec!["openid".into()],
            state: None,
            nonce: None,
            code_challenge: Some(random::s256("verifier")),
            login_hint: None,
            force_consent: false,
            select_account: false,
            offline: true,
            include_granted: false,
            response_mode: ResponseMode::Query,
            tenant: None,
            created: now,
        }
    }

    fn grants_with_code(now: DateTime<Utc>) -> (Grants, String) {
        let mut grants = Grants::default();
        let code = Code {
            authorization: asked(now),
            account: "a@example.com".into(),
            scopes: vec!["openid".into()],
            consent_shown: true,
            created: now,
            used: false,
        };
        let text = grants.issue_code("4/", code);
        (grants, text)
    }

    #[test]
    fn a_code_is_bound_and_works_once() {
        let now = Utc::now();
        let (mut grants, code) = grants_with_code(now);
        let mut redeem = |client: &str, uri: &str, verifier: Option<&str>, at| {
            grants.redeem(Provider::Google, &code, client, uri, verifier, at).map(|code| code.account)
        };
        let uri = "http://127.0.0.1/cb";
        assert_eq!(redeem("d", uri, Some("verifier"), now), Err(RedeemError::ClientMismatch));
        assert_eq!(redeem("c", "http://127.0.0.1/", Some("verifier"), now), Err(RedeemError::RedirectMismatch));
        assert_eq!(redeem("c", uri, None, now), Err(RedeemError::PkceMismatch));
        assert_eq!(redeem("c", uri, Some("other"), now), Err(RedeemError::PkceMismatch));
        assert_eq!(redeem("c", uri, Some("verifier"), now + CODE_LIFE), Err(RedeemError::Expired));
        assert_eq!(redeem("c", uri, Some("verifier"), now), Ok("a@example.com".into()));
        assert_eq!(redeem("c", uri, Some("verifier"), now), Err(RedeemError::Used));
    }

    #[test]
    fn one_refresh_token_too_many_kills_the_oldest() {
        let now = Utc::now();
        let mut grants = Grants::default();
        for n in 0..=REFRESH_LIMIT {
            let grant = grants.new_grant();
            let token = RefreshToken {
                provider: Provider::Google,
                account: "a@example.com".into(),
                client_id: "c".into(),
                scopes: Vec::new(),
                created: now,
                tenant: None,
                grant,
            };
            grants.store_refresh(&format!("token {n}"), token);
        }
        assert!(grants.refresh(Provider::Google, "token 0", now).is_none());
        assert!(grants.refresh(Provider::Google, "token 1", now).is_some());
        assert!(grants.refresh(Provider::Microsoft, "token 1", now).is_none());
    }
}
