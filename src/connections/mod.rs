//! Connections: a person's account at a provider, with the tokens that reach it.
//!
//! Making one lives in [`connect`] (and in [`caldav`] for one that a password opens), what its owner wants of it in [`choice`],
//! ending one in [`disconnect`] and [`revocation`], keeping its token fresh in [`tokens`], asking when its owner is
//! busy in [`busy`], noticing that it fails again and again in [`alerts`], and what an organisation allows for all of its people in
//! [`organisation`]. How a provider is spoken to is [`crate::calendars`]' business. A connection that cannot be read makes its owner *unknown*, which
//! is never free.

pub mod alerts;
pub mod busy;
pub mod caldav;
pub mod choice;
pub mod connect;
pub mod disconnect;
pub mod organisation;
pub mod refresh;
pub mod revocation;
pub mod tokens;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use url::Url;

use crate::{
    calendars::{
        Account, Calendar, Provider,
        caldav::CaldavCalendar,
        endpoints::{Endpoints, Tenant},
        google::GoogleCalendar,
        http::Http,
        identity::IdVerifier,
        microsoft::MicrosoftCalendar,
        oauth::{ClientSecret, OAuthClient},
    },
    clock::Clock,
    config::Config,
    ids::{ConnectionId, OrgId, PersonId, RevocationId},
    people,
    secrets::{KeyRing, Place, Secret},
    store::{
        Stamp, Store, StoreError, Txn,
        entities::connections,
        words::{self, ConnectionStatus, Role},
    },
};

/// What the verbs here work with. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub keys: Arc<KeyRing>,
    pub calendars: Arc<Providers>,
    pub clock: Arc<dyn Clock>,
    /// Who is told, in the same transaction, when a connection stops or starts working.
    pub watch: Arc<dyn Watch>,
}

/// Somebody to tell about a connection's fate: the outbox, which writes to its owner and parks or wakes their jobs.
#[async_trait]
pub trait Watch: Send + Sync {
    /// The connection needs its owner to sign in again. Called once per expiry.
    async fn expired(&self, txn: &Txn, connection: &Connection) -> Result<(), StoreError>;
    /// The connection works (again): new tokens were stored.
    async fn connected(&self, txn: &Txn, connection: &Connection) -> Result<(), StoreError>;
    /// A connection was ended: its tokens are gone. Whether something is left to be done at the provider, says [`Watch::disconnected`].
    async fn ended(&self, _: &Txn, _: &Connection) -> Result<(), StoreError> {
        Ok(())
    }
    /// A connection was ended, and this is still to be done about it at the provider.
    async fn disconnected(&self, txn: &Txn, org: OrgId, revocation: RevocationId) -> Result<(), StoreError>;
    /// Somebody's calendars fail again and again. Called once per episode.
    async fn failing(&self, txn: &Txn, alert: &alerts::Alert) -> Result<(), StoreError>;
}

/// Nobody to tell.
pub struct Unwatched;

#[async_trait]
impl Watch for Unwatched {
    async fn expired(&self, _: &Txn, _: &Connection) -> Result<(), StoreError> {
        Ok(())
    }

    async fn connected(&self, _: &Txn, _: &Connection) -> Result<(), StoreError> {
        Ok(())
    }

    async fn disconnected(&self, _: &Txn, _: OrgId, _: RevocationId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn failing(&self, _: &Txn, _: &alerts::Alert) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The providers this installation is configured for.
#[derive(Clone, Default)]
pub struct Providers {
    clients: HashMap<Provider, ProviderClient>,
    /// Those that open the door; at the others a calendar can be connected by somebody who is signed in.
    sign_in: HashSet<Provider>,
}

/// How to reach one provider: its calendars, and the way in to them.
#[derive(Clone)]
pub struct ProviderClient {
    pub calendar: Arc<dyn Calendar>,
    door: Door,
}

/// How somebody lets us in.
#[derive(Clone)]
enum Door {
    OAuth(Arc<OAuthDoor>),
    /// By a name and a password of theirs.
    Password(CaldavCalendar),
}

/// The way in by OAuth, which is also the way people sign in.
pub struct OAuthDoor {
    pub client: OAuthClient,
    /// Reads id tokens, and keeps the provider's signing keys for a while.
    pub id_tokens: Arc<IdVerifier>,
    /// Where the provider sends the browser back to, as registered there. One per provider, so that an answer of one is never
    /// taken for the other's (RFC 9700 section 4.4.2.2).
    pub redirect_uri: Url,
    /// Where an administrator comes back to who agreed for a whole organisation.
    pub consent_uri: Url,
    /// Tokens that organisations gave.
    organisations: organisation::tokens::Tokens,
    /// Whom the provider calls itself in a callback; `{tenantid}` stands for any tenant.
    issuers: Vec<String>,
}

impl ProviderClient {
    /// A client of the provider that lives at these addresses. `base` is our own public address.
    pub fn new(http: &Http, endpoints: &Endpoints, client_id: &str, client_secret: &Secret, base: &Url) -> Self {
        let calendar: Arc<dyn Calendar> = match endpoints.provider {
            Provider::Google => Arc::new(GoogleCalendar::new(http.clone(), endpoints)),
            Provider::Microsoft => Arc::new(MicrosoftCalendar::new(http.clone(), endpoints)),
            Provider::Apple => unreachable!("no endpoints of Apple's are made"),
        };
        let secret = ClientSecret::new(client_secret.expose());
        let mut redirect_uri = base.clone();
        redirect_uri.set_path(&format!("/auth/{}/callback", endpoints.provider));
        let mut consent_uri = base.clone();
        consent_uri.set_path(&format!("/auth/{}/organisation", endpoints.provider));
        let door = OAuthDoor {
            consent_uri,
            organisations: organisation::tokens::Tokens::default(),
            client: OAuthClient::new(http.clone(), endpoints.clone(), client_id, secret),
            id_tokens: Arc::new(IdVerifier::new(http.clone(), endpoints.clone(), client_id)),
            redirect_uri,
            issuers: endpoints.issuers.clone(),
        };
        Self { calendar, door: Door::OAuth(Arc::new(door)) }
    }

    /// A client of iCloud and of any CalDAV server.
    pub fn caldav(client: CaldavCalendar) -> Self {
        Self { calendar: Arc::new(client.clone()), door: Door::Password(client) }
    }

    /// The way in by OAuth, at a provider that has one.
    pub fn oauth(&self) -> Option<&OAuthDoor> {
        match &self.door {
            Door::OAuth(door) => Some(door),
            Door::Password(_) => None,
        }
    }

    /// The way in by a password.
    pub fn password(&self) -> Option<&CaldavCalendar> {
        match &self.door {
            Door::OAuth(_) => None,
            Door::Password(client) => Some(client),
        }
    }
}

impl OAuthDoor {
    /// Whether this provider calls itself so (RFC 9207, for an `iss` beside a code).
    pub fn is_issuer(&self, name: &str) -> bool {
        self.issuers.iter().any(|issuer| match issuer.split_once("{tenantid}") {
            None => issuer == name,
            Some((before, after)) => {
                let tenant = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                tenant.is_some_and(|tenant| uuid::Uuid::try_parse(tenant).is_ok())
            }
        })
    }
}

impl Providers {
    pub fn new(clients: impl IntoIterator<Item = (Provider, ProviderClient)>) -> Self {
        let clients: HashMap<_, _> = clients.into_iter().collect();
        let opens = |(provider, client): (&Provider, &ProviderClient)| client.oauth().map(|_| *provider);
        let sign_in = clients.iter().filter_map(opens).collect();
        Self { clients, sign_in }
    }

    /// The same, where only these may be signed in with.
    #[must_use]
    pub fn signing_in_with(mut self, providers: &[Provider]) -> Self {
        self.sign_in.retain(|provider| providers.contains(provider));
        self
    }

    /// The providers that are set up.
    pub fn of(config: &Config) -> Self {
        let http = Http::new();
        let base = &config.web.base_url;
        let endpoints = |provider, stand_in: &Option<Url>, tenant| match stand_in {
            Some(origin) => Endpoints::sandbox(provider, origin, tenant),
            None => Endpoints::production(provider, tenant),
        };
        let google = config.providers.google.iter().map(|google| {
            let endpoints = endpoints(Provider::Google, &google.base_url, Tenant::Common);
            let client = ProviderClient::new(&http, &endpoints, &google.client_id, &google.client_secret, base);
            (Provider::Google, client)
        });
        let microsoft = config.providers.microsoft.iter().map(|microsoft| {
            let endpoints = endpoints(Provider::Microsoft, &microsoft.base_url, microsoft.tenant);
            let client = ProviderClient::new(&http, &endpoints, &microsoft.client_id, &microsoft.client_secret, base);
            (Provider::Microsoft, client)
        });
        let apple = config.providers.caldav.iter().map(|caldav| {
            let client = CaldavCalendar::new(caldav.rules.clone(), caldav.icloud.as_ref());
            (Provider::Apple, ProviderClient::caldav(client))
        });
        let sign_in: Vec<_> = config.providers.sign_in.iter().copied().map(known).collect();
        Self::new(google.chain(microsoft).chain(apple)).signing_in_with(&sign_in)
    }

    pub fn get(&self, provider: Provider) -> Option<&ProviderClient> {
        self.clients.get(&provider)
    }

    /// Whether people may sign in with it.
    pub fn signs_in(&self, provider: Provider) -> bool {
        self.sign_in.contains(&provider)
    }

    /// The configured providers, Google first.
    pub fn names(&self) -> Vec<Provider> {
        let mut names: Vec<_> = self.clients.keys().copied().collect();
        names.sort();
        names
    }
}

/// A connection as everybody but [`tokens`] sees it: without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub id: ConnectionId,
    pub org: OrgId,
    pub person: PersonId,
    pub provider: Provider,
    /// The provider's stable key of the account: Google `sub`, Microsoft `tid.oid`.
    pub account_subject: String,
    /// To show which account it is; empty if the provider did not tell.
    pub account_email: String,
    /// A consumer account.
    pub personal: bool,
    pub status: ConnectionStatus,
    /// A sentence a person can act on; empty when all is well.
    pub last_error: String,
    /// As granted, under their short names.
    pub scopes: BTreeSet<String>,
    /// The one of a person's connections that events are written to.
    pub is_primary: bool,
    pub connected_at: DateTime<Utc>,
    pub last_synced_at: Option<DateTime<Utc>>,
}

/// What a connection may be needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Seeing when its owner is busy.
    ReadBusy,
    /// Putting events onto its calendar.
    WriteEvents,
    /// Naming the calendars there are to choose from.
    ListCalendars,
    /// Making a calendar of our own beside its owner's.
    MakeCalendars,
}

impl Need {
    pub const ALL: [Self; 4] = [Self::ReadBusy, Self::WriteEvents, Self::ListCalendars, Self::MakeCalendars];

    /// What a person would have to allow.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ListCalendars => "see the list of your calendars",
            Self::MakeCalendars => "make a calendar of its own",
            Self::ReadBusy => "see when you are busy",
            Self::WriteEvents => "add events to your calendar",
        }
    }
}

impl Connection {
    /// Whether what was granted opens this.
    pub fn can(&self, need: Need) -> bool {
        connect::opens(self.provider, &self.scopes, need)
    }

    /// What was not granted of these, in words for their owner.
    pub fn missing(&self, needs: &[Need]) -> Vec<&'static str> {
        needs.iter().filter(|need| !self.can(**need)).map(|need| need.in_words()).collect()
    }

    /// Whether it may be asked at all: neither disconnected nor waiting for its owner.
    pub fn is_usable(&self) -> bool {
        matches!(self.status, ConnectionStatus::Active | ConnectionStatus::Error)
    }

    /// The account as the calendar clients want to know it. `zone` is its owner's, if anybody knows it.
    pub fn account(&self, zone: Option<chrono_tz::Tz>) -> Account {
        Account { email: self.account_email.clone(), personal: self.personal, zone }
    }
}

/// The connections of these people of the organisation, disconnected ones too, the primary one of each first.
pub async fn of_people(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Vec<Connection>>, StoreError> {
    let rows = in_org(org)
        .filter(connections::Column::PersonId.is_in(people.iter().copied()))
        .order_by_desc(connections::Column::IsPrimary)
        .order_by_asc(connections::Column::Id)
        .all(db)
        .await?;
    let mut found: HashMap<PersonId, Vec<Connection>> = HashMap::new();
    for connection in rows.into_iter().map(from_row) {
        found.entry(connection.person).or_default().push(connection);
    }
    Ok(found)
}

/// What a provider calls this person's address, whether or not it vouches for it; empty if none does.
pub async fn claimed_address(db: &impl ConnectionTrait, org: OrgId, person: PersonId) -> Result<String, StoreError> {
    let found = of_people(db, org, &[person]).await?.remove(&person).unwrap_or_default();
    Ok(found.into_iter().map(|one| one.account_email).find(|email| !email.is_empty()).unwrap_or_default())
}

/// The connection of this organisation with this id.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    let row = in_org(org).filter(connections::Column::Id.eq(id)).one(db).await?;
    Ok(row.map(from_row))
}

/// Where this person's events are put: a connection that is usable and may write, and the provider's id of the calendar.
pub async fn write_target(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
) -> Result<Option<(Connection, String)>, StoreError> {
    let found = of_people(db, org, &[person]).await?.remove(&person).unwrap_or_default();
    let target = found.into_iter().find(|one| one.is_primary && one.is_usable() && one.can(Need::WriteEvents));
    match target {
        Some(connection) => {
            let calendar = choice::target(db, org, connection.id).await?;
            Ok(Some((connection, calendar)))
        }
        None => Ok(None),
    }
}

/// As [`write_target`], for an event that this transaction makes: the connection is not ended before it is over.
pub async fn hold_write_target(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
) -> Result<Option<(Connection, String)>, StoreError> {
    loop {
        let target = write_target(&**txn, org, person).await?;
        let Some((connection, _)) = &target else { return Ok(None) };
        // SQLite has one writer at a time.
        if txn.get_database_backend() != DbBackend::Postgres {
            return Ok(target);
        }
        let row = in_org(org).filter(connections::Column::Id.eq(connection.id)).lock_shared().one(&**txn).await?;
        // Otherwise it was ended, or another one chosen, while we waited for its row.
        if row.map(from_row).is_some_and(|now| now.is_primary && now.is_usable()) {
            return Ok(target);
        }
    }
}

/// The member's connection at this provider, unless they disconnected it.
pub async fn own(
    db: &impl ConnectionTrait,
    member: &people::Member,
    provider: Provider,
) -> Result<Option<Connection>, StoreError> {
    let found = of_people(db, member.org, &[member.person]).await?.remove(&member.person).unwrap_or_default();
    Ok(found.into_iter().find(|one| one.provider == provider && one.status != ConnectionStatus::Inactive))
}

/// A connection of this person that does all that their role wants of one.
pub async fn serving(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
    role: Role,
) -> Result<Option<Connection>, StoreError> {
    let found = of_people(db, org, &[person]).await?.remove(&person).unwrap_or_default();
    let serves = |one: &Connection| one.is_usable() && connect::needs(role).iter().all(|need| one.can(*need));
    Ok(found.into_iter().find(serves))
}

/// How many accounts there are of each provider and status, of all organisations: for the operator's count.
pub async fn counts(db: &impl ConnectionTrait) -> Result<Vec<(String, String, u64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = connections::Entity::find()
        .select_only()
        .column(connections::Column::Provider)
        .column(connections::Column::Status)
        .column_as(connections::Column::Id.count(), "accounts")
        .group_by(connections::Column::Provider)
        .group_by(connections::Column::Status)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(provider, status, count)| (provider, status, count.try_into().unwrap_or(0))).collect())
}

/// The one tenant filter for connections.
fn in_org(org: OrgId) -> sea_orm::Select<connections::Entity> {
    connections::Entity::find().filter(connections::Column::OrgId.eq(org))
}

/// Every connection that may be asked, of people who are not switched off, in all organisations: for what the worker does by itself.
pub async fn usable(db: &impl ConnectionTrait) -> Result<Vec<Connection>, StoreError> {
    use crate::store::entities::people::{Column as PersonColumn, Entity as People};
    let owner = connections::Entity::belongs_to(People).from(connections::Column::PersonId).to(PersonColumn::Id).into();
    let rows = connections::Entity::find()
        .join(JoinType::InnerJoin, owner)
        .filter(PersonColumn::DisabledAt.is_null())
        .filter(connections::Column::Status.is_in([ConnectionStatus::Active, ConnectionStatus::Error]))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

fn from_row(row: connections::Model) -> Connection {
    Connection {
        provider: known(row.provider),
        id: row.id,
        org: row.org_id,
        person: row.person_id,
        account_subject: row.account_subject,
        account_email: row.account_email,
        personal: row.personal_account,
        status: row.status,
        last_error: row.last_error,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        is_primary: row.is_primary,
        connected_at: row.connected_at.at(),
        last_synced_at: row.last_synced_at.map(Stamp::at),
    }
}

/// The word for a provider in the database.
pub(crate) fn stored(provider: Provider) -> words::Provider {
    match provider {
        Provider::Google => words::Provider::Google,
        Provider::Microsoft => words::Provider::Microsoft,
        Provider::Apple => words::Provider::Apple,
    }
}

pub(crate) fn known(provider: words::Provider) -> Provider {
    match provider {
        words::Provider::Google => Provider::Google,
        words::Provider::Microsoft => Provider::Microsoft,
        words::Provider::Apple => Provider::Apple,
    }
}

/// Where a connection's token is kept, for its envelope.
fn token_place(org: OrgId, connection: ConnectionId, column: &'static str) -> Place {
    Place::new(Some(org), "connections", connection, column)
}
