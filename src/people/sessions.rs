//! Staying signed in: a random 256-bit value in a cookie, its SHA-256 in the database.
//!
//! A session ends after 12 hours without use, after 7 days in any case, when its owner signs out or revokes it, and when the
//! person is disabled. Nothing about who somebody is comes from the request but this one value.

use chrono::{DateTime, Duration, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

use super::Member;
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    ids::{LinkToken, OrgId, PersonId, SessionId},
    store::{Stamp, Store, StoreError, Txn, entities::sessions},
};

/// Name of the session cookie. `__Host-` makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3.2).
pub const COOKIE: &str = "__Host-convene";
/// Longest time without use.
const IDLE: Duration = Duration::hours(12);
/// Longest life.
const LIFE: Duration = Duration::days(7);
/// How stale "last seen" may be: not every page view is worth a write.
const SEEN_EVERY: Duration = Duration::minutes(5);

/// What the cookie holds: 256 random bits. Never log it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionToken(LinkToken);

impl SessionToken {
    /// Reads the cookie out of the values of `Cookie` headers. Two session cookies, or a garbled one, count as none.
    pub fn from_cookies<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        cookie(headers, COOKIE)?.parse().ok().map(Self)
    }

    /// The `Set-Cookie` value that signs a browser in. Lax, so that the provider's redirect back to us still carries it.
    pub fn set_cookie(&self) -> String {
        let age = LIFE.num_seconds();
        format!("{COOKIE}={}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax", self.0.expose())
    }
}

/// The `Set-Cookie` value that signs a browser out.
pub fn clear_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// The one cookie of this name; `None` if it is missing or there twice.
pub(crate) fn cookie<'a>(headers: impl IntoIterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let pairs = headers.into_iter().flat_map(|header| header.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// A session as its owner sees it in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub ip: String,
    pub user_agent: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// Signs a person in: a new session, with the one this browser presented gone (a session id never survives a sign-in).
pub async fn open(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    presented: Option<&SessionToken>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<SessionToken, StoreError> {
    if let Some(old) = presented {
        delete(&**txn, old).await?;
    }
    let token = SessionToken(LinkToken::random());
    let row = sessions::ActiveModel {
        id: Set(SessionId::new()),
        org_id: Set(org),
        person_id: Set(person),
        token_hash: Set(token.0.hash()),
        ip: Set(origin.ip.clone()),
        user_agent: Set(origin.user_agent.clone()),
        created_at: Set(now.into()),
        last_seen_at: Set(now.into()),
        expires_at: Set((now + LIFE).into()),
    };
    sessions::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(token)
}

/// Who this token signs in at `now`, if anybody. Does not count as use: for what a browser asks by itself.
pub async fn look(store: &Store, token: &SessionToken, now: DateTime<Utc>) -> Result<Option<Member>, StoreError> {
    Ok(find(store, token, now).await?.map(|(member, _)| member))
}

async fn find(
    store: &Store,
    token: &SessionToken,
    now: DateTime<Utc>,
) -> Result<Option<(Member, sessions::Model)>, StoreError> {
    let db = store.reader();
    let row = alive(now).filter(sessions::Column::TokenHash.eq(token.0.hash())).one(db).await?;
    let Some(row) = row else { return Ok(None) };
    let Some(person) = super::find(db, row.org_id, row.person_id).await? else { return Ok(None) };
    Ok(Member::with_session(&person, Some(row.id)).map(|member| (member, row)))
}

/// Who this token signs in at `now`, if anybody.
pub async fn authenticate(
    store: &Store,
    token: &SessionToken,
    now: DateTime<Utc>,
) -> Result<Option<Member>, StoreError> {
    let Some((member, row)) = find(store, token, now).await? else { return Ok(None) };
    if now - row.last_seen_at.at() >= SEEN_EVERY {
        let txn = store.begin().await?;
        sessions::Entity::update_many()
            .col_expr(sessions::Column::LastSeenAt, Expr::value(Stamp::from(now).millis()))
            .filter(sessions::Column::Id.eq(row.id))
            .filter(sessions::Column::LastSeenAt.lt(Stamp::from(now)))
            .exec(&*txn)
            .await?;
        txn.commit().await?;
    }
    Ok(Some(member))
}

/// The member's living sessions, the latest used first.
pub async fn list(db: &impl ConnectionTrait, member: &Member, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
    let rows = alive(now)
        .filter(sessions::Column::OrgId.eq(member.org))
        .filter(sessions::Column::PersonId.eq(member.person))
        .order_by_desc(sessions::Column::LastSeenAt)
        .all(db)
        .await?;
    let shown = |row: sessions::Model| Session {
        id: row.id,
        ip: row.ip,
        user_agent: row.user_agent,
        created_at: row.created_at.at(),
        last_seen_at: row.last_seen_at.at(),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Ends one of the member's own sessions; true if there was one.
pub async fn revoke(txn: &Txn, member: &Member, id: SessionId, origin: &Origin) -> Result<bool, StoreError> {
    let theirs = sessions::Entity::delete_many()
        .filter(sessions::Column::OrgId.eq(member.org))
        .filter(sessions::Column::PersonId.eq(member.person))
        .filter(sessions::Column::Id.eq(id));
    let Some(ended) = theirs.exec_with_returning(&**txn).await?.pop() else { return Ok(false) };
    let detail = serde_json::json!({ "session": id, "ip": ended.ip, "user_agent": ended.user_agent });
    audit::record(txn, by(member, "session.revoked", detail, origin)).await?;
    Ok(true)
}

/// Ends every session of the member, the one that speaks included; says how many there were.
pub async fn revoke_all(txn: &Txn, member: &Member, origin: &Origin) -> Result<u64, StoreError> {
    let ended = end_all(txn, member.org, member.person).await?;
    let detail = serde_json::json!({ "sessions": ended });
    audit::record(txn, by(member, "session.all_revoked", detail, origin)).await?;
    Ok(ended)
}

fn by(member: &Member, action: &'static str, detail: serde_json::Value, origin: &Origin) -> AuditEntry {
    let (actor, subject) = (Actor::Person(member.person), member.person.to_string());
    AuditEntry { org: member.org, actor, action, subject, detail, origin: origin.clone() }
}

/// Ends the session behind this token.
pub async fn sign_out(store: &Store, token: &SessionToken, origin: &Origin) -> Result<(), StoreError> {
    let txn = store.begin().await?;
    let row = sessions::Entity::find().filter(sessions::Column::TokenHash.eq(token.0.hash())).one(&*txn).await?;
    let Some(row) = row else { return Ok(()) };
    delete(&*txn, token).await?;
    let (org, actor, subject) = (row.org_id, Actor::Person(row.person_id), row.person_id.to_string());
    let (action, detail) = ("person.signed_out", serde_json::json!({}));
    audit::record(&txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
    txn.commit().await
}

/// Ends every session of a person; says how many there were.
pub async fn end_all(txn: &Txn, org: OrgId, person: PersonId) -> Result<u64, StoreError> {
    let ended = sessions::Entity::delete_many()
        .filter(sessions::Column::OrgId.eq(org))
        .filter(sessions::Column::PersonId.eq(person))
        .exec(&**txn)
        .await?;
    Ok(ended.rows_affected)
}

/// Removes sessions that ended by themselves. For the worker's round.
pub async fn prune(store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
    let txn = store.begin().await?;
    let over = sea_orm::Condition::any()
        .add(sessions::Column::ExpiresAt.lte(Stamp::from(now)))
        .add(sessions::Column::LastSeenAt.lte(Stamp::from(now - IDLE)));
    sessions::Entity::delete_many().filter(over).exec(&*txn).await?;
    txn.commit().await
}

async fn delete(db: &impl ConnectionTrait, token: &SessionToken) -> Result<(), StoreError> {
    sessions::Entity::delete_many().filter(sessions::Column::TokenHash.eq(token.0.hash())).exec(db).await?;
    Ok(())
}

fn alive(now: DateTime<Utc>) -> sea_orm::Select<sessions::Entity> {
    sessions::Entity::find()
        .filter(sessions::Column::ExpiresAt.gt(Stamp::from(now)))
        .filter(sessions::Column::LastSeenAt.gt(Stamp::from(now - IDLE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_has_every_attribute() {
        let token = SessionToken(LinkToken::random());
        let cookie = token.set_cookie();
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        assert_eq!(attributes, ["Path=/", "Max-Age=604800", "Secure", "HttpOnly", "SameSite=Lax"]);
        assert!(clear_cookie().contains("Max-Age=0"));
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(SessionToken::from_cookies([format!("a=b; {pair}; c").as_str()]), Some(token));
    }

    #[test]
    fn doubled_or_garbled_cookies_are_no_session() {
        let good = format!("{COOKIE}={}", LinkToken::random().expose());
        for headers in [
            vec![format!("{good}; {good}")],
            vec![good.clone(), good.clone()],
            vec![format!("{COOKIE}=short")],
            vec![format!("{COOKIE}=")],
            vec![format!("x{good}")],
            vec![format!("{good}x")],
            vec![],
        ] {
            assert_eq!(SessionToken::from_cookies(headers.iter().map(String::as_str)), None, "{headers:?}");
        }
    }
}
