//! Everything a story about people and their calendars needs: a database, a clock, a provider to sign in with, calendars in
//! memory, and a browser's cookies.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use convene::{
    audit::Origin,
    calendars::{
        Provider,
        endpoints::{Endpoints, Tenant},
        http::Http,
        memory::Memory,
    },
    clock::{Clock, FixedClock},
    config::SignUp,
    connections::{Connection, ProviderClient, Providers, Services, Watch, alerts::Alert},
    ids::{OrgId, PersonId, RevocationId},
    people::{
        self, Member,
        sessions::{self, SessionToken},
    },
    secrets::{KeyRing, Secret},
    sign_in::{
        self, Callback, Purpose, SignedIn, attempts::BrowserToken, callback::CallbackQuery, error::SignInError,
        return_to::ReturnTo,
    },
    store::{Store, StoreError, Txn},
};

use super::provider::{Account, CLIENT_ID, CLIENT_SECRET, FakeProvider};

/// Counts what the connections' watcher is told.
#[derive(Default)]
pub struct Told {
    pub expired: AtomicUsize,
    pub connected: AtomicUsize,
    /// What is to be handed back to a provider.
    pub disconnected: Mutex<Vec<(OrgId, RevocationId)>>,
}

#[async_trait::async_trait]
impl Watch for Told {
    async fn expired(&self, _: &Txn, _: &Connection) -> Result<(), StoreError> {
        self.expired.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn connected(&self, _: &Txn, _: &Connection) -> Result<(), StoreError> {
        self.connected.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn disconnected(&self, _: &Txn, org: OrgId, revocation: RevocationId) -> Result<(), StoreError> {
        self.disconnected.lock().expect("no test panicked inside").push((org, revocation));
        Ok(())
    }

    async fn failing(&self, _: &Txn, _: &Alert) -> Result<(), StoreError> {
        Ok(())
    }
}

pub struct Office {
    pub services: Services,
    pub provider: Arc<FakeProvider>,
    pub memory: Arc<Memory>,
    pub clock: Arc<FixedClock>,
    pub told: Arc<Told>,
    pub sign_up: SignUp,
}

/// A browser: the cookies it keeps.
#[derive(Clone, Default)]
pub struct Browser {
    cookies: HashMap<String, String>,
    /// What its page says of where it is.
    zone: Option<chrono_tz::Tz>,
}

impl Browser {
    pub fn new() -> Self {
        Self::default()
    }

    /// One whose page says where it is.
    pub fn within(zone: Option<chrono_tz::Tz>) -> Self {
        Self { zone, ..Self::new() }
    }

    /// Obeys a `Set-Cookie` value.
    pub fn set(&mut self, cookie: &str) {
        let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// What it would send as `Cookie`.
    pub fn header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub fn session(&self) -> Option<SessionToken> {
        SessionToken::from_cookies([self.header().as_str()])
    }

    pub fn attempt(&self) -> Option<BrowserToken> {
        BrowserToken::from_cookies([self.header().as_str()])
    }
}

impl Office {
    pub async fn open(store: &Store) -> Self {
        let now = Utc::now().duration_trunc(TimeDelta::seconds(1)).expect("a second is a step");
        let clock = Arc::new(FixedClock::at(now));
        let provider = FakeProvider::start(clock.clone()).await;
        let memory = Arc::new(Memory::new());
        let told = Arc::new(Told::default());
        let http = Http::new();
        let clients = [Provider::Google, Provider::Microsoft].map(|which| {
            let endpoints = Endpoints::sandbox(which, &provider.origin, Tenant::Common);
            let base = "https://convene.example".parse().expect("a URL");
            let secret = Secret::new(CLIENT_SECRET.to_owned());
            let mut client = ProviderClient::new(&http, &endpoints, CLIENT_ID, &secret, &base);
            client.calendar = memory.clone();
            (which, client)
        });
        let services = Services {
            store: store.clone(),
            keys: Arc::new(KeyRing::random()),
            calendars: Arc::new(Providers::new(clients)),
            clock: clock.clone(),
            watch: told.clone(),
        };
        Self { services, provider, memory, clock, told, sign_up: SignUp::Open }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Presses "Continue with …"; gives the page of the provider.
    pub async fn begin(&self, browser: &mut Browser, provider: Provider, purpose: Purpose<'_>) -> url::Url {
        let return_to = ReturnTo::parse("/requests/new");
        let begun =
            sign_in::begin(&self.services, provider, purpose, &return_to, browser.attempt(), browser.zone).await;
        let begun = begun.unwrap_or_else(|error| panic!("{error}"));
        browser.set(&begun.browser_cookie);
        begun.authorize_url
    }

    /// Comes back from the provider with this query.
    pub async fn come_back(
        &self,
        browser: &mut Browser,
        provider: Provider,
        query: &str,
    ) -> Result<SignedIn, SignInError> {
        let query = CallbackQuery::parse(query)?;
        let callback = Callback { query, browser: browser.attempt(), session: browser.session() };
        let signed_in = sign_in::finish(&self.services, self.sign_up, provider, callback, &Origin::default()).await?;
        browser.set(&signed_in.session.set_cookie());
        Ok(signed_in)
    }

    /// The whole way, with everything asked for granted.
    pub async fn sign_in(&self, browser: &mut Browser, account: &Account) -> Result<SignedIn, SignInError> {
        self.sign_in_granting(browser, account, None).await
    }

    pub async fn sign_in_granting(
        &self,
        browser: &mut Browser,
        account: &Account,
        scopes: Option<&str>,
    ) -> Result<SignedIn, SignInError> {
        self.memory.sign_in(&account.access_token());
        let page = self.begin(browser, account.provider, Purpose::SignIn).await;
        let query = self.provider.agree(&page, account, scopes);
        self.come_back(browser, account.provider, &query).await
    }

    /// Who the browser's session signs in now.
    pub async fn member(&self, browser: &Browser) -> Option<Member> {
        let session = browser.session()?;
        sessions::authenticate(&self.services.store, &session, self.now()).await.expect("the store answers")
    }

    pub async fn person(&self, member: &Member, id: PersonId) -> people::Person {
        let found = people::find(self.services.store.reader(), member.org, id).await.expect("the store answers");
        found.expect("a person of this organisation")
    }
}
