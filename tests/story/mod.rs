//! A whole Convene without the web: what the stories in `booking.rs`, `outbox.rs`, `schema.rs` and `race.rs` are told with.
//!
//! A [`TestApp`] has a migrated database of its own, an organisation whose coordinator is Ana, calendars and mail in memory,
//! and a clock that stands still. A story that is written in [`stories!`] runs on SQLite, and on PostgreSQL when
//! `TEST_POSTGRES_URL` names a database from which others may be created.

mod asked;
mod grants;
mod look;
mod store;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use chrono::{DateTime, Days, DurationRound, NaiveTime, TimeDelta, Utc, Weekday};
use convene::{
    audit::Origin,
    calendars::{
        AccessToken, Calendar, Provider,
        caldav::CaldavCalendar,
        endpoints::{Endpoints, Tenant},
        http::Http,
        identity::Identity,
        memory::{Entry, Memory},
        oauth::{RefreshToken, ScopeSet, TokenSet},
    },
    clock::{Clock, FixedClock},
    config::{AtsMode, Config, Icims, Reader},
    connections::{
        Connection, ProviderClient, Providers, Services,
        connect::{self, Grant, Opener, Probe},
    },
    http::guard::Rules,
    ids::{OrgId, PersonId},
    notifications::{email::MemoryMailer, watch::TellOwner},
    people::{self, Coordinator, Member},
    scheduling::interval::Interval,
    secrets::Secret,
    state::AppState,
    store::{
        Store,
        entities::{organisations, people as people_rows},
        words::{ConnectionStatus, Role},
    },
    web::site::Site,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::Notify;

pub use asked::Asked;
pub use asked::twin;
pub use grants::Grants;
pub use store::{Home, on_postgres, on_sqlite};

/// Tells each story on both databases.
macro_rules! stories {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every story needs everything")]
            use super::*;

            $(#[$doc])*
            async fn story($app: $crate::story::TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                story($crate::story::TestApp::at($crate::story::on_sqlite().await).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                match $crate::story::on_postgres().await {
                    Some(home) => story($crate::story::TestApp::at(home).await).await,
                    None => eprintln!("TEST_POSTGRES_URL is not set: not told on PostgreSQL"),
                }
            }
        }
    )*};
}
pub(crate) use stories;

/// The coordinator's address.
pub const ANA: &str = "ana@example.com";

/// Convene, and the world it sees.
pub struct TestApp {
    pub state: AppState,
    pub clock: Arc<FixedClock>,
    /// Everybody's Google account.
    pub google: Arc<Memory>,
    /// Where its grants are renewed and handed back.
    pub grants: Grants,
    pub mail: Arc<MemoryMailer>,
    pub org: OrgId,
    pub ana: Coordinator,
    keys: AtomicU64,
    // Dropped last: its folder goes.
    pub home: Home,
}

impl TestApp {
    /// Opens Convene on this database. Ana is there, without a calendar.
    pub async fn at(home: Home) -> Self {
        let config = Arc::new(config());
        let now = Utc::now().duration_trunc(TimeDelta::seconds(1)).expect("a second is a step");
        let clock = Arc::new(FixedClock::at(now));
        let google = Arc::new(Memory::with_clock(clock.clone()));
        let wake = Arc::new(Notify::new());
        let mail = Arc::new(MemoryMailer::new(config.mail.from.clone()));
        let grants = Grants::open().await;
        let services = Services {
            store: home.store.clone(),
            keys: config.keys.clone(),
            calendars: Arc::new(providers(&config, google.clone(), &grants.url)),
            clock: clock.clone(),
            watch: Arc::new(TellOwner { config: config.clone(), wake: wake.clone() }),
        };
        let site = Site::named("no-site", None);
        let state = AppState::new(config, services, mail.clone(), site, wake);
        let org = organisation(&home.store, "Northwind", now).await;
        let ana = coordinator(&home.store, org, ANA).await;
        Self { state, clock, google, grants, mail, org, ana, keys: AtomicU64::new(1), home }
    }

    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// A state whose Google calendar is another one, for calendars that misbehave in ways [`Memory`] does not.
    pub async fn with_calendar(&self, calendar: Arc<dyn Calendar>) -> AppState {
        let mut state = self.state.clone();
        let providers = providers(&state.config, calendar, &self.grants.url);
        state.services.calendars = Arc::new(providers);
        state
    }

    /// From now on iCIMS is used, and answers here.
    pub fn use_icims(&mut self, base_url: url::Url, key: &str) {
        let icims = Icims { base_url, api_key: Secret::new(key.to_owned()) };
        let config = Config { ats: AtsMode::Icims(icims), ..(*self.state.config).clone() };
        self.state.ats = convene::ats::of(&config);
        self.state.config = Arc::new(config);
    }

    /// A wall time (UTC) on a day of the request's week: 0 is its Monday, at least ten days from now.
    pub fn time(&self, day: u64, time: &str) -> DateTime<Utc> {
        let time = NaiveTime::parse_from_str(time, "%H:%M").expect("a time of day");
        (self.monday() + Days::new(day)).and_time(time).and_utc()
    }

    pub fn monday(&self) -> chrono::NaiveDate {
        let base = self.home.opened_at.date_naive() + Days::new(10);
        base.week(Weekday::Mon).first_day() + Days::new(7)
    }

    /// The person behind an address, made an interviewer if nobody has it yet.
    pub async fn person(&self, email: &str) -> PersonId {
        person(self.store(), self.org, email).await
    }

    /// Ana connects her calendar, so that interviews are placed on it.
    pub async fn ana_connects(&self) -> Connection {
        self.connect(self.org, ANA, ScopeSet::Coordinator).await
    }

    /// These interviewers connect their calendars, read-only.
    pub async fn connected(&self, emails: &[&str]) {
        for email in emails {
            self.connect(self.org, email, ScopeSet::Interviewer).await;
        }
    }

    /// Stores what signing in would: a connection whose calendar was just read well. Also reconnects.
    pub async fn connect(&self, org: OrgId, email: &str, scopes: ScopeSet) -> Connection {
        let person = person(self.store(), org, email).await;
        let access = self.google.sign_in(email);
        let calendars = self.google.calendars(&access).await.expect("just signed in");
        let granted: BTreeSet<String> = scopes.scopes(Provider::Google).iter().map(|scope| (*scope).into()).collect();
        let granted =
            granted.iter().map(|scope| convene::calendars::oauth::scopes::short_name(scope).to_owned()).collect();
        let identity = Identity {
            issuer: "https://accounts.google.com".into(),
            subject: email.into(),
            tenant: None,
            email: Some(email.into()),
            email_verified: true,
            name: None,
            personal: true,
        };
        let tokens = TokenSet {
            access: AccessToken::new(access.expose()),
            refresh: Some(RefreshToken::new(format!("refresh {email}"))),
            expires_in: Duration::from_secs(90 * 24 * 3600),
            scopes: Some(&granted).cloned().unwrap_or_default(),
            id_token: None,
        };
        let probe = Probe { calendars, status: ConnectionStatus::Active, last_error: String::new() };
        let grant = Grant {
            provider: Provider::Google,
            identity: &identity,
            opener: Opener::Tokens(&tokens),
            scopes: &granted,
            probe: &probe,
            takes_over: false,
        };
        let txn = self.store().begin().await.expect("a write");
        let connection = connect::store(&self.state.services, &txn, org, person, grant, &Origin::default()).await;
        let connection = connection.expect("connected");
        txn.commit().await.expect("committed");
        connection
    }

    /// The same with a calendar that a password opens, and whose provider invites nobody.
    pub async fn connect_by_password(&self, email: &str) -> Connection {
        let person = person(self.store(), self.org, email).await;
        let access = self.google.sign_in(email);
        let calendars = self.google.calendars(&access).await.expect("just signed in");
        let identity = Identity {
            issuer: "https://caldav.icloud.com".into(),
            subject: email.into(),
            tenant: None,
            email: Some(email.into()),
            email_verified: false,
            name: None,
            personal: true,
        };
        let probe = Probe { calendars, status: ConnectionStatus::Active, last_error: String::new() };
        let scopes = ["caldav.read", "caldav.write"].map(str::to_owned).into();
        let opener = Opener::Password(&access);
        let grant = Grant {
            provider: Provider::Apple,
            identity: &identity,
            opener,
            scopes: &scopes,
            probe: &probe,
            takes_over: false,
        };
        let txn = self.store().begin().await.expect("a write");
        let connection = connect::store(&self.state.services, &txn, self.org, person, grant, &Origin::default()).await;
        let connection = connection.expect("connected");
        txn.commit().await.expect("committed");
        connection
    }

    /// An entry of the person's own in their calendar.
    pub fn busy(&self, email: &str, start: DateTime<Utc>, minutes: i64) {
        let span = Interval::new(start, start + TimeDelta::minutes(minutes)).expect("runs forward");
        let entry = Entry { calendar: "primary".into(), span, transparent: false, declined: false };
        self.google.add_entry(email, entry);
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// What the stories' Convene is called; requests for another host are refused.
pub const HOST: &str = "interviews.example.com";

/// The settings of the stories' Convene, but for the database.
pub const SETTINGS: [(&str, &str); 6] = [
    ("BASE_URL", "https://interviews.example.com"),
    ("GOOGLE_CLIENT_ID", "client"),
    ("GOOGLE_CLIENT_SECRET", "hush"),
    ("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44"),
    ("SMTP_URL", "smtps://me:secret@mail.example.com"),
    ("MAIL_FROM", "Interviews <interviews@example.com>"),
];

fn config() -> Config {
    let settings = |name: &str| SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let mut reader = Reader::new(settings);
    Config::read(&mut reader).unwrap_or_else(|| panic!("the settings are good: {:?}", reader.into_problems()))
}

fn providers(config: &Config, calendar: Arc<dyn Calendar>, origin: &url::Url) -> Providers {
    let endpoints = Endpoints::sandbox(Provider::Google, origin, Tenant::Common);
    let secret = Secret::new("hush".to_owned());
    let mut client = ProviderClient::new(&Http::new(), &endpoints, "client", &secret, &config.web.base_url);
    client.calendar = calendar.clone();
    // The same people keep calendars there.
    let mut apple = ProviderClient::caldav(CaldavCalendar::new(Rules::default(), None));
    apple.calendar = calendar;
    Providers::new([(Provider::Google, client), (Provider::Apple, apple)])
}

/// Another tenant.
pub async fn organisation(store: &Store, name: &str, now: DateTime<Utc>) -> OrgId {
    let id = OrgId::new();
    let txn = store.begin().await.expect("a write");
    let row = organisations::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        policies: Set("{}".to_owned()),
        created_at: Set(now.into()),
    };
    organisations::Entity::insert(row).exec_without_returning(&*txn).await.expect("an organisation");
    txn.commit().await.expect("committed");
    id
}

async fn person(store: &Store, org: OrgId, email: &str) -> PersonId {
    let txn = store.begin().await.expect("a write");
    let address: convene::ids::Email = email.parse().expect("an address");
    let id = people::ensure_interviewer(&txn, org, &address, &address.guessed_name()).await;
    txn.commit().await.expect("committed");
    id.expect("a person")
}

/// A coordinator of this organisation.
pub async fn coordinator(store: &Store, org: OrgId, email: &str) -> Coordinator {
    let id = person(store, org, email).await;
    let txn = store.begin().await.expect("a write");
    people_rows::Entity::update_many()
        .col_expr(people_rows::Column::Role, Expr::value(Role::Coordinator))
        .col_expr(people_rows::Column::Zone, Expr::value("UTC"))
        .filter(people_rows::Column::Id.eq(id))
        .exec(&*txn)
        .await
        .expect("a role");
    txn.commit().await.expect("committed");
    let found = people::find(store.reader(), org, id).await.expect("the store answers").expect("just made");
    Member::of(&found).expect("not disabled").coordinator().expect("a coordinator")
}
