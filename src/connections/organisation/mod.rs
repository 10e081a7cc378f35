//! Access to the calendars of a whole organisation: instead of each person, an administrator agrees once.
//!
//! At Microsoft that is an application permission in one tenant, at Google what a Workspace delegated to a service account. Whose
//! busy times it tells is decided by the organisation's policy and by the domain of a person's address ([`busy`]); asking is in
//! [`ask`], tokens in [`tokens`]. One access per provider and organisation, and no organisation ever reads through another's.
//!
//! What a newcomer would get wrong: that a tenant agreed proves nothing about who says so here. Anybody can name a tenant in an
//! address, so [`grant`] wants the administrator's own account to be of that tenant, and reads their mailbox before it counts.

mod ask;
pub(super) mod busy;
pub mod tokens;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::Uuid;

use super::{Connection, ProviderClient, Services, known, of_people, stored};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        CalendarError, Colleague, Provider,
        oauth::{OAuthError, ServiceAccount},
    },
    ids::{Email, OrgId, PersonId},
    people::{self, Admin, Member},
    scheduling::interval::Interval,
    secrets::Place,
    store::{Stamp, StoreError, entities::organisation_access as rows, words::AccessStatus},
};
use tokens::Credentials;

/// How long the first read may take; the administrator waits for it.
const TRIAL_DEADLINE: Duration = Duration::from_secs(8);
/// More domains than an organisation has.
const DOMAINS: usize = 20;

/// What one organisation allowed at one provider, without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub org: OrgId,
    pub provider: Provider,
    /// The tenant's id, or the service account's address.
    pub account: String,
    /// Whose mailbox showed that it works; at Google also whom requests act as.
    pub subject: String,
    /// Lower case.
    pub domains: Vec<String>,
    pub status: AccessStatus,
    /// A sentence an administrator can act on; empty when all is well.
    pub last_error: String,
    pub granted_by: PersonId,
    pub granted_at: DateTime<Utc>,
    pub last_read_at: Option<DateTime<Utc>>,
    /// Until when the provider wants to be left alone; may be past.
    pub paused_until: Option<DateTime<Utc>>,
}

impl Access {
    /// Whether it is asked about this address: by the whole of its domain, so that a domain below another is another.
    pub fn covers(&self, address: &Email) -> bool {
        let domain = address.as_str().rsplit_once('@').map(|(_, domain)| domain);
        domain.is_some_and(|domain| self.domains.iter().any(|one| one.eq_ignore_ascii_case(domain)))
    }
}

/// What an administrator brings.
pub enum Allowed {
    /// Microsoft says that this tenant agreed.
    Tenant(Uuid),
    /// A key file, and whom to act as.
    ServiceAccount { account: ServiceAccount, subject: Email },
}

impl Allowed {
    pub fn provider(&self) -> Provider {
        match self {
            Self::Tenant(_) => Provider::Microsoft,
            Self::ServiceAccount { .. } => Provider::Google,
        }
    }
}

/// Why an access does not count.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error("this provider is not set up on this server")]
    NotSetUp,
    /// The administrator has no account of the tenant that is said to have agreed.
    #[error("the tenant is not the administrator's")]
    OtherTenant,
    #[error("an address of this domain is read at another provider")]
    DomainTaken(String),
    /// Nobody agreed, or not to this.
    #[error("the provider does not let us read")]
    NotAllowed,
    /// The key is no longer the account's, or there is nobody of the address it should act as.
    #[error("the key or the address was not accepted")]
    KeyRefused,
    #[error("there is no mailbox of this address")]
    NoMailbox,
    #[error("the provider did not answer")]
    NoAnswer,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OAuthError> for GrantError {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::AdminApproval | OAuthError::Denied => Self::NotAllowed,
            OAuthError::InvalidGrant => Self::KeyRefused,
            OAuthError::ClientMisconfigured(_) | OAuthError::ProviderDown(_) | OAuthError::BadResponse(_) => {
                tracing::warn!(%error, "an organisation's access could not be tried");
                Self::NoAnswer
            }
        }
    }
}

impl From<CalendarError> for GrantError {
    fn from(error: CalendarError) -> Self {
        match error {
            CalendarError::SignInExpired | CalendarError::PermissionMissing(_) => Self::NotAllowed,
            CalendarError::Gone => Self::NoMailbox,
            error => {
                tracing::warn!(%error, "an organisation's access could not be tried");
                Self::NoAnswer
            }
        }
    }
}

/// What these words are not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainsError {
    #[error("no domain")]
    None,
    #[error("too many domains")]
    TooMany,
    #[error("not a domain")]
    NotOne(String),
}

/// Reads domains as somebody types them: apart by commas or spaces, with or without an `@`. Written as addresses are kept.
///
/// # Errors
/// [`DomainsError`], with the word that is no domain.
pub fn parse_domains(text: &str) -> Result<Vec<String>, DomainsError> {
    let mut domains = Vec::new();
    for word in text.split([',', ';', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        let email = format!("x@{}", word.trim_start_matches('@')).parse::<Email>();
        let email = email.map_err(|_| DomainsError::NotOne(word.chars().take(80).collect()))?;
        let domain = email.as_str().trim_start_matches("x@").to_owned();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    match domains.len() {
        0 => Err(DomainsError::None),
        1..=DOMAINS => Ok(domains),
        _ => Err(DomainsError::TooMany),
    }
}

/// What this organisation allowed, Google first.
pub async fn of_org(db: &impl ConnectionTrait, org: OrgId) -> Result<Vec<Access>, StoreError> {
    let found = in_org(org).order_by_asc(rows::Column::Provider).all(db).await?;
    Ok(found.into_iter().filter_map(from_row).collect())
}

/// Keeps what an administrator brings, once a mailbox was read with it, in place of what the provider gave before.
///
/// # Errors
/// [`GrantError`]; what there was before stays then.
pub async fn grant(
    services: &Services,
    admin: &Admin,
    allowed: Allowed,
    domains: Vec<String>,
    origin: &Origin,
) -> Result<(), GrantError> {
    let (me, provider) = (admin.member(), allowed.provider());
    let client = services.calendars.get(provider).ok_or(GrantError::NotSetUp)?;
    let (credentials, account, subject) = match allowed {
        Allowed::Tenant(tenant) => {
            let mine = mailbox_in(services.store.reader(), me, tenant).await?.ok_or(GrantError::OtherTenant)?;
            (Credentials::Tenant(tenant), tenant.hyphenated().to_string(), mine)
        }
        Allowed::ServiceAccount { account, subject } => {
            let email = account.email.clone();
            (Credentials::ServiceAccount(account), email, subject.as_str().to_owned())
        }
    };
    let now = services.clock.now();
    let tried = tokio::time::timeout(TRIAL_DEADLINE, try_out(client, &credentials, &subject, now)).await;
    tried.unwrap_or(Err(GrantError::NoAnswer))?;

    let org = me.org;
    let key = match &credentials {
        Credentials::Tenant(_) => None,
        Credentials::ServiceAccount(account) => {
            Some(services.keys.seal(&key_place(org, provider), account.private_key.expose()))
        }
    };
    let txn = services.store.begin().await?;
    let others = of_org(&*txn, org).await?;
    let others = others.iter().filter(|other| other.provider != provider);
    if let Some(domain) = others.flat_map(|other| &other.domains).find(|domain| domains.contains(domain)) {
        return Err(GrantError::DomainTaken(domain.clone()));
    }
    // What was read through the one before goes with it.
    delete(&*txn, org, provider).await?;
    let listed = serde_json::to_string(&domains).map_err(|error| StoreError::from(DbErr::Json(error.to_string())))?;
    let detail = json!({ "provider": provider.as_str(), "account": account, "domains": domains });
    let row = rows::ActiveModel {
        org_id: Set(org),
        provider: Set(stored(provider)),
        account: Set(account),
        subject: Set(subject),
        domains: Set(listed),
        private_key: Set(key),
        status: Set(AccessStatus::Active),
        last_error: Set(String::new()),
        granted_by: Set(me.person),
        granted_at: Set(now.into()),
        last_read_at: Set(Some(now.into())),
        turn_owner: Set(None),
        turn_until: Set(None),
        paused_until: Set(None),
    };
    rows::Entity::insert(row).exec_without_returning(&*txn).await.map_err(StoreError::from)?;
    let (actor, action) = (Actor::Person(me.person), "organisation_access.granted");
    let entry = AuditEntry { org, actor, action, subject: org.to_string(), detail, origin: origin.clone() };
    audit::record(&txn, entry).await?;
    txn.commit().await?;
    if let Some(door) = client.oauth() {
        door.organisations.forget(org);
    }
    Ok(())
}

/// Ends it: the key and what was read are deleted at once. `false` if there was none.
///
/// # Errors
/// The database's; nothing was changed then.
pub async fn withdraw(
    services: &Services,
    admin: &Admin,
    provider: Provider,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let (org, person) = (admin.member().org, admin.member().person);
    let txn = services.store.begin().await?;
    if delete(&*txn, org, provider).await? == 0 {
        return Ok(false);
    }
    let detail = json!({ "provider": provider.as_str() });
    let (actor, action) = (Actor::Person(person), "organisation_access.withdrawn");
    let entry = AuditEntry { org, actor, action, subject: org.to_string(), detail, origin: origin.clone() };
    audit::record(&txn, entry).await?;
    txn.commit().await?;
    if let Some(door) = services.calendars.get(provider).and_then(|client| client.oauth()) {
        door.organisations.forget(org);
    }
    Ok(true)
}

/// How somebody stands whose times the organisation's access tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub provider: Provider,
    pub read_at: Option<DateTime<Utc>>,
    /// Whether the access worked when last asked.
    pub works: bool,
    /// Until when its provider wants to be left alone; may be past.
    pub paused_until: Option<DateTime<Utc>>,
}

/// Those of these people whose times the organisation's access tells. `connections` are theirs.
pub async fn told(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
    connections: &HashMap<PersonId, Vec<Connection>>,
) -> Result<HashMap<PersonId, Told>, StoreError> {
    let policy = people::organisation(db, org).await?.policies.calendar_access;
    Ok(busy::reach(db, org, people, connections, policy).await?.told())
}

/// The administrator's own mailbox in this tenant: their account there says who they are, whoever says what in an address.
async fn mailbox_in(db: &impl ConnectionTrait, me: &Member, tenant: Uuid) -> Result<Option<String>, StoreError> {
    let prefix = format!("{}.", tenant.hyphenated());
    let mine = of_people(db, me.org, &[me.person]).await?.remove(&me.person).unwrap_or_default();
    let mine =
        mine.into_iter().find(|one| one.provider == Provider::Microsoft && one.account_subject.starts_with(&prefix));
    Ok(mine.map(|one| one.account_email).filter(|address| !address.is_empty()))
}

/// Reads a day of one mailbox.
async fn try_out(
    client: &ProviderClient,
    credentials: &Credentials,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), GrantError> {
    let door = client.oauth().ok_or(GrantError::NotSetUp)?;
    let lent = tokens::lend(door, credentials, subject, now).await?;
    let Some(day) = Interval::new(now, now + TimeDelta::days(1)) else { return Err(GrantError::NoAnswer) };
    let who = Colleague { address: subject.to_owned(), zone: None };
    let heard = client.calendar.busy_of(&lent.access, &[who], day).await?;
    let one = heard.into_iter().next().map(|(_, one)| one).ok_or(GrantError::NoAnswer)?;
    one.map(drop).map_err(GrantError::from)
}

async fn delete(db: &impl ConnectionTrait, org: OrgId, provider: Provider) -> Result<u64, StoreError> {
    let gone = rows::Entity::delete_many()
        .filter(rows::Column::OrgId.eq(org))
        .filter(rows::Column::Provider.eq(stored(provider)))
        .exec(db)
        .await?;
    Ok(gone.rows_affected)
}

/// The one tenant filter for organisations' accesses.
fn in_org(org: OrgId) -> sea_orm::Select<rows::Entity> {
    rows::Entity::find().filter(rows::Column::OrgId.eq(org))
}

/// `None` for domains that are none.
fn from_row(row: rows::Model) -> Option<Access> {
    Some(Access {
        provider: known(row.provider),
        domains: serde_json::from_str(&row.domains).ok()?,
        org: row.org_id,
        account: row.account,
        subject: row.subject,
        status: row.status,
        last_error: row.last_error,
        granted_by: row.granted_by,
        granted_at: row.granted_at.at(),
        last_read_at: row.last_read_at.map(Stamp::at),
        paused_until: row.paused_until.map(Stamp::at),
    })
}

/// Where an access keeps its key, for its envelope.
fn key_place(org: OrgId, provider: Provider) -> Place {
    Place::new(Some(org), "organisation_access", provider, "private_key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_as_people_type_them() {
        let read = |text: &str| parse_domains(text);
        assert_eq!(
            read(" Example.com, @example.org;example.com\n"),
            Ok(vec!["example.com".into(), "example.org".into()])
        );
        assert_eq!(read("bücher.example"), Ok(vec!["xn--bcher-kva.example".into()]));
        assert_eq!(read(" , "), Err(DomainsError::None));
        for bad in ["example", "ana@example.com", "https://example.com", "*.example.com", "example.com."] {
            assert_eq!(read(bad), Err(DomainsError::NotOne(bad.into())), "{bad}");
        }
        let many: Vec<String> = (0..21).map(|n| format!("d{n}.example")).collect();
        assert_eq!(read(&many.join(" ")), Err(DomainsError::TooMany));
    }
}
