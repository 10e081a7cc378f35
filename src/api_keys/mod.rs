//! API keys: what a program of an organisation opens the door with.
//!
//! A key is 256 random bits that are shown once and kept as their SHA-256. It acts in the name of a coordinator who was named when it
//! was made, so that every verb that takes a [`Coordinator`] knows whose deed it is; it can do no more than that person, and nothing
//! once they may no longer coordinate. Its scopes only narrow that. Administrators make and revoke keys; how requests are answered is
//! `api`'s.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    ids::{ApiKeyId, LinkToken, NotA, OrgId, PersonId},
    people::{self, Admin, Coordinator, Member},
    store::{Stamp, Store, StoreError, Txn, entities::api_keys},
};

pub use crate::store::words::ApiScope as Scope;

/// What every key begins with, so that a scanner for lost secrets finds one.
pub const PREFIX: &str = "cnv_";
/// Longest name, in characters.
const LONGEST_NAME: usize = 80;
/// Most keys of an organisation that are neither revoked nor expired.
const MOST_KEYS: usize = 50;
/// `last_used_at` is kept to the minute: a write for every call would cost more than it tells.
const USED_TO_THE: TimeDelta = TimeDelta::minutes(1);

/// A key as its program sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(LinkToken);

impl Token {
    fn random() -> Self {
        Self(LinkToken::random())
    }

    /// The whole key, to be shown once.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", self.0.expose())
    }

    fn hash(&self) -> Vec<u8> {
        self.0.hash()
    }

    /// Enough to tell it from others: 24 of its 256 bits.
    fn hint(&self) -> String {
        format!("{PREFIX}{}", &self.0.expose()[..4])
    }
}

impl FromStr for Token {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        text.strip_prefix(PREFIX).ok_or(NotA::Token)?.parse().map(Self)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A key as its organisation's administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub org: OrgId,
    pub name: String,
    /// The first characters of the key.
    pub hint: String,
    pub scopes: Vec<Scope>,
    /// In whose name it acts.
    pub coordinator: PersonId,
    pub created_by: PersonId,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it opens anything at this moment.
    pub fn works(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it may be used for this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl From<api_keys::Model> for ApiKey {
    fn from(row: api_keys::Model) -> Self {
        Self {
            id: row.id,
            org: row.org_id,
            name: row.name,
            hint: row.hint,
            // A word of another version allows nothing that this one could check.
            scopes: row.scopes.split_whitespace().filter_map(|word| scope(word).ok()).collect(),
            coordinator: row.coordinator_id,
            created_by: row.created_by,
            created_at: row.created_at.at(),
            expires_at: row.expires_at.map(Stamp::at),
            revoked_at: row.revoked_at.map(Stamp::at),
            last_used_at: row.last_used_at.map(Stamp::at),
        }
    }
}

/// Reads a scope's word.
///
/// # Errors
/// [`KeyError::Scope`], for a word that is none.
pub fn scope(word: &str) -> Result<Scope, KeyError> {
    Scope::iter().find(|scope| scope.as_str() == word).ok_or(KeyError::Scope)
}

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub scopes: Vec<Scope>,
    pub coordinator: PersonId,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("name_invalid")]
    Name,
    #[error("scope_unknown")]
    Scope,
    #[error("scopes_required")]
    NoScope,
    #[error("coordinator_unknown")]
    Coordinator,
    #[error("expiry_past")]
    Expiry,
    #[error("too_many_keys")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeyError> for AppError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Name => Self::invalid(
                "name",
                "name_invalid",
                "Give the key a name of 1 to 80 characters, such as what uses it.",
            ),
            KeyError::Scope => Self::invalid("scopes", "scope_unknown", "One of these permissions is not known here."),
            KeyError::NoScope => {
                Self::invalid("scopes", "scopes_required", "Choose at least one thing that the key may be used for.")
            }
            KeyError::Coordinator => Self::invalid(
                "coordinator",
                "coordinator_unknown",
                "Choose a coordinator or administrator of your organisation.",
            ),
            KeyError::Expiry => Self::invalid("expires", "expiry_past", "Choose a date to come, or leave it empty."),
            KeyError::TooMany => {
                Self::new(409, "too_many_keys", "There are 50 keys already.").hint("Revoke one that is no longer used.")
            }
            KeyError::Store(error) => error.into(),
        }
    }
}

/// Makes a key. Its text is in the answer and nowhere else.
///
/// # Errors
/// [`KeyError`]; nothing was made then.
pub async fn create(
    store: &Store,
    admin: &Admin,
    new: &NewKey,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<(ApiKey, Token), KeyError> {
    let org = admin.member().org;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(KeyError::Name);
    }
    if new.scopes.is_empty() {
        return Err(KeyError::NoScope);
    }
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(KeyError::Expiry);
    }
    let txn = store.begin().await?;
    let person = people::find(&*txn, org, new.coordinator).await?;
    person.and_then(|person| Member::of(&person)?.coordinator().ok()).ok_or(KeyError::Coordinator)?;
    if list(&*txn, org).await?.iter().filter(|key| key.works(now)).count() >= MOST_KEYS {
        return Err(KeyError::TooMany);
    }
    let token = Token::random();
    let mut scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let row = api_keys::Model {
        id: ApiKeyId::new(),
        org_id: org,
        name: name.to_owned(),
        token_hash: token.hash(),
        hint: token.hint(),
        scopes: scopes.join(" "),
        coordinator_id: new.coordinator,
        created_by: admin.member().person,
        created_at: now.into(),
        expires_at: new.expires_at.map(Into::into),
        revoked_at: None,
        last_used_at: None,
    };
    api_keys::Entity::insert(active(row.clone())).exec_without_returning(&*txn).await.map_err(StoreError::from)?;
    let detail = json!({ "name": name, "scopes": scopes, "coordinator": new.coordinator, "expires": new.expires_at });
    record(&txn, admin, "api_key.created", row.id, detail, origin).await?;
    txn.commit().await?;
    Ok((row.into(), token))
}

fn active(row: api_keys::Model) -> api_keys::ActiveModel {
    api_keys::ActiveModel {
        id: Set(row.id),
        org_id: Set(row.org_id),
        name: Set(row.name),
        token_hash: Set(row.token_hash),
        hint: Set(row.hint),
        scopes: Set(row.scopes),
        coordinator_id: Set(row.coordinator_id),
        created_by: Set(row.created_by),
        created_at: Set(row.created_at),
        expires_at: Set(row.expires_at),
        revoked_at: Set(row.revoked_at),
        last_used_at: Set(row.last_used_at),
    }
}

/// Ends a key. `false` if the organisation has none of this id; a second time is no error.
///
/// # Errors
/// The database's.
pub async fn revoke(
    store: &Store,
    admin: &Admin,
    id: ApiKeyId,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let txn = store.begin().await?;
    let done = this(admin.member().org, id)
        .col_expr(api_keys::Column::RevokedAt, Expr::value(Stamp::from(now)))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Ok(find(&*txn, admin.member().org, id).await?.is_some());
    }
    record(&txn, admin, "api_key.revoked", id, json!({}), origin).await?;
    txn.commit().await?;
    Ok(true)
}

/// The organisation's keys, newest first, those that ended too.
pub async fn list(db: &impl ConnectionTrait, org: OrgId) -> Result<Vec<ApiKey>, StoreError> {
    let rows = in_org(org).order_by_desc(api_keys::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// The organisation's key with this id.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    Ok(in_org(org).filter(api_keys::Column::Id.eq(id)).one(db).await?.map(ApiKey::from))
}

/// Who is behind a key that was sent.
#[derive(Debug)]
pub enum Opened {
    /// A key that works, and the coordinator in whose name it acts.
    As(ApiKey, Coordinator),
    /// Its coordinator was switched off, or coordinates no longer.
    WithoutCoordinator,
    /// Revoked, expired, or never made: which of them, is nobody's business.
    Nothing,
}

/// Looks a key up. Notes that it was used.
///
/// # Errors
/// The database's.
pub async fn open(store: &Store, token: &Token, now: DateTime<Utc>) -> Result<Opened, StoreError> {
    let (db, hash) = (store.reader(), token.hash());
    let row = api_keys::Entity::find().filter(api_keys::Column::TokenHash.eq(hash.clone())).one(db).await?;
    // The index looked for the hash of a secret, which says nothing about the secret; this says so once more.
    let Some(row) = row.filter(|row| bool::from(row.token_hash.ct_eq(&hash))) else { return Ok(Opened::Nothing) };
    let key = ApiKey::from(row);
    if !key.works(now) {
        return Ok(Opened::Nothing);
    }
    let person = people::find(db, key.org, key.coordinator).await?;
    let Some(coordinator) = person.and_then(|person| Member::of(&person)?.coordinator().ok()) else {
        return Ok(Opened::WithoutCoordinator);
    };
    if key.last_used_at.is_none_or(|at| now - at >= USED_TO_THE) {
        let txn = store.begin().await?;
        this(key.org, key.id).col_expr(api_keys::Column::LastUsedAt, Expr::value(Stamp::from(now))).exec(&*txn).await?;
        txn.commit().await?;
    }
    Ok(Opened::As(key, coordinator))
}

/// The one tenant filter for keys.
fn in_org(org: OrgId) -> sea_orm::Select<api_keys::Entity> {
    api_keys::Entity::find().filter(api_keys::Column::OrgId.eq(org))
}

fn this(org: OrgId, id: ApiKeyId) -> sea_orm::UpdateMany<api_keys::Entity> {
    api_keys::Entity::update_many().filter(api_keys::Column::OrgId.eq(org)).filter(api_keys::Column::Id.eq(id))
}

async fn record(
    txn: &Txn,
    admin: &Admin,
    action: &'static str,
    id: ApiKeyId,
    detail: serde_json::Value,
    origin: &Origin,
) -> Result<(), StoreError> {
    let (org, actor) = (admin.member().org, Actor::Person(admin.member().person));
    audit::record(txn, AuditEntry { org, actor, action, subject: id.to_string(), detail, origin: origin.clone() }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognised_and_tells_nothing() {
        let token = Token::random();
        let text = token.expose();
        assert!(text.starts_with("cnv_") && text.len() == 47, "{text}");
        assert_eq!(text.parse::<Token>().map(|token| token.hash()), Ok(token.hash()));
        for bad in ["", "cnv_", &text[4..], &format!("{text}a"), &text.to_uppercase()] {
            assert!(bad.parse::<Token>().is_err(), "{bad}");
        }
        assert!(!format!("{token:?}").contains(&text[4..]));
    }

    #[test]
    fn every_scope_is_read_back() {
        for scope in Scope::iter() {
            assert_eq!(super::scope(scope.as_str()).ok(), Some(scope));
        }
        assert!(super::scope("requests:*").is_err() && super::scope("").is_err());
    }
}
