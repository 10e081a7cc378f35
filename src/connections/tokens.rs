//! A working access token, whenever somebody needs one.
//!
//! Tokens are refreshed five minutes before they end, by one process at a time: whoever takes the lease on the row asks the
//! provider, everybody else waits for the new version. A token is stored before it is used, because the provider may have
//! withdrawn the one before. Nothing here happens inside a transaction of the caller.

use std::{future::Future, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};

use tokio::task::JoinSet;

use super::{Services, find, known, token_place};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        AccessToken, CalendarError, ErrorClass,
        oauth::{OAuthError, RefreshToken, TokenSet},
    },
    ids::{ConnectionId, OrgId, random_bytes},
    metrics,
    secrets::OpenError,
    store::{Stamp, StoreError, Txn, entities::connections, words::ConnectionStatus},
};

/// How long before its end a token is replaced.
const AHEAD: chrono::Duration = chrono::Duration::minutes(5);
/// How long one process may take for a refresh before another may try; longer than the HTTP client's own limit.
const LEASE: chrono::Duration = chrono::Duration::seconds(30);
/// How often to look whether somebody else's refresh is done.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// How often the audit log is told of a refresh that fails for the same reason again.
const TOLD_EVERY: chrono::Duration = chrono::Duration::hours(1);
/// The longest lifetime of a token that is believed; providers say an hour.
const LONGEST_LIFE: chrono::Duration = chrono::Duration::days(365);
/// Tokens refreshed ahead in one round, and how many of them at a time.
const MOST_AT_ONCE: u64 = 200;
const SIDE_BY_SIDE: usize = 4;
/// A password has no end of its own.
const FOREVER: chrono::Duration = chrono::Duration::days(100 * 365);
/// What the owner of an expired connection reads.
const EXPIRED: &str = "The sign-in has expired or was withdrawn. Reconnect to go on.";

/// Why there is no token, or why the call made with it failed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the calendar is not connected")]
    NotConnected,
    /// The owner has to sign in again; they were told when it happened.
    #[error("the sign-in has expired")]
    Expired,
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    #[error(transparent)]
    Sealed(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessError {
    /// What to do about it, for the worker's retry rules.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotConnected | Self::Expired => ErrorClass::Auth,
            Self::Calendar(error) => error.class(),
            // A key that is missing is put back by an operator; the promise stays.
            Self::Sealed(_) | Self::Store(_) => ErrorClass::Transient,
        }
    }
}

/// Makes a call with a working token of this connection. A call the provider answers with "sign-in expired" is repeated once
/// with a refreshed token; if that one is not accepted either, the connection is `expired`.
///
/// # Errors
/// [`AccessError::Expired`] when only the owner can mend it, else what the provider or the store said.
pub async fn with_access<T, F, R>(
    services: &Services,
    org: OrgId,
    connection: ConnectionId,
    call: F,
) -> Result<T, AccessError>
where
    F: Fn(AccessToken) -> R,
    R: Future<Output = Result<T, CalendarError>>,
{
    let (token, version) = access(services, org, connection, None).await?;
    match call(token).await {
        Err(CalendarError::SignInExpired) => {}
        answer => return Ok(answer?),
    }
    let (token, version) = access(services, org, connection, Some(version)).await?;
    match call(token).await {
        Err(CalendarError::SignInExpired) => {
            let lost = Condition::all().add(connections::Column::TokenVersion.eq(version));
            expire(services, org, connection, lost).await?;
            Err(AccessError::Expired)
        }
        answer => Ok(answer?),
    }
}

/// A token that works as far as we know, and its version. `refused` is the version the provider did not accept.
async fn access(
    services: &Services,
    org: OrgId,
    connection: ConnectionId,
    refused: Option<i64>,
) -> Result<(AccessToken, i64), AccessError> {
    let mut waited = false;
    loop {
        let row = load(services, org, connection).await?;
        let ends_soon = row.access_expires_at.at() - AHEAD <= services.clock.now();
        let was_refused = refused.is_some_and(|refused| row.token_version <= refused);
        if !ends_soon && !was_refused {
            let sealed = row.access_token.as_deref().ok_or(AccessError::NotConnected)?;
            let token = services.keys.open(&token_place(org, row.id, "access_token"), sealed)?;
            return Ok((AccessToken::new(token.expose()), row.token_version));
        }
        if waited && row.refresh_owner.is_none() {
            // Whoever we waited for gave up. Asking again at once, one waiter after the other, would only be a storm.
            return Err(CalendarError::Unavailable("the token could not be refreshed".to_owned()).into());
        }
        let Some(owner) = take_lease(services, &row).await? else {
            waited = true;
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        // On a task of its own: a caller that stops waiting must not lose a token the provider has already rotated.
        let (services, row) = (services.clone(), row);
        let refreshing = tokio::spawn(async move { refresh(&services, row, &owner).await });
        match refreshing.await {
            Ok(Ok(Some(token))) => return Ok(token),
            // Somebody stored a newer one meanwhile (a reconnection, or a refresh after our lease ran out).
            Ok(Ok(None)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(CalendarError::Unavailable("the refresh was interrupted".to_owned()).into()),
        }
    }
}

/// Refreshes the tokens that end soon, also of connections nobody asks at the moment: a grant that was withdrawn is noticed, and
/// its owner told, before it is needed. At most 200 a round, those that still live first, a few at a time.
pub async fn keep_fresh(services: &Services) -> Result<(), StoreError> {
    let soon = Stamp::from(services.clock.now() + AHEAD);
    let ending: Vec<(OrgId, ConnectionId)> = connections::Entity::find()
        .select_only()
        .columns([connections::Column::OrgId, connections::Column::Id])
        .filter(connections::Column::Status.is_in([ConnectionStatus::Active, ConnectionStatus::Error]))
        .filter(connections::Column::AccessExpiresAt.lte(soon))
        .order_by_desc(connections::Column::AccessExpiresAt)
        .limit(MOST_AT_ONCE)
        .into_tuple()
        .all(services.store.reader())
        .await?;
    let mut refreshing = JoinSet::new();
    for (org, id) in ending {
        if refreshing.len() == SIDE_BY_SIDE {
            refreshing.join_next().await;
        }
        let services = services.clone();
        refreshing.spawn(async move {
            if let Err(error) = access(&services, org, id, None).await {
                tracing::info!(connection = %id, %error, "a token was not refreshed ahead");
            }
        });
    }
    while refreshing.join_next().await.is_some() {}
    Ok(())
}

async fn load(services: &Services, org: OrgId, connection: ConnectionId) -> Result<connections::Model, AccessError> {
    let row = super::in_org(org).filter(connections::Column::Id.eq(connection)).one(services.store.reader()).await;
    let row = row.map_err(StoreError::from)?.ok_or(AccessError::NotConnected)?;
    match row.status {
        ConnectionStatus::Inactive => Err(AccessError::NotConnected),
        ConnectionStatus::Expired => Err(AccessError::Expired),
        ConnectionStatus::Active | ConnectionStatus::Error => Ok(row),
    }
}

/// The right to refresh this version of the token, if nobody else holds it; the answer names its holder.
async fn take_lease(services: &Services, row: &connections::Model) -> Result<Option<String>, StoreError> {
    let owner: String = random_bytes()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let txn = services.store.begin().await?;
    let now = crate::store::now(&*txn).await?;
    let free = Condition::any()
        .add(connections::Column::RefreshUntil.is_null())
        .add(connections::Column::RefreshUntil.lte(Stamp::from(now)));
    let taken = connections::Entity::update_many()
        .col_expr(connections::Column::RefreshOwner, Expr::value(owner.clone()))
        .col_expr(connections::Column::RefreshUntil, Expr::value(Stamp::from(now + LEASE).millis()))
        .filter(connections::Column::OrgId.eq(row.org_id))
        .filter(connections::Column::Id.eq(row.id))
        .filter(connections::Column::TokenVersion.eq(row.token_version))
        .filter(free)
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    Ok((taken.rows_affected == 1).then_some(owner))
}

/// Asks the provider and stores what it gave. `None` if a newer version stands there by now.
async fn refresh(
    services: &Services,
    row: connections::Model,
    owner: &str,
) -> Result<Option<(AccessToken, i64)>, AccessError> {
    let (id, org, version) = (row.id, row.org_id, row.token_version);
    let client = services.calendars.get(known(row.provider)).ok_or(AccessError::NotConnected)?;
    let held = Condition::all()
        .add(connections::Column::TokenVersion.eq(version))
        .add(connections::Column::RefreshOwner.eq(owner));
    let Some(door) = client.oauth() else {
        // A password is not renewed, and one that is refused is not tried again: that may lock the account.
        let ours = expire(services, org, id, held).await?;
        return if ours { Err(AccessError::Expired) } else { Ok(None) };
    };
    let place = token_place(org, id, "refresh_token");
    let old = services.keys.open(&place, row.refresh_token.as_deref().ok_or(AccessError::NotConnected)?)?;
    let result = door.client.refresh(&RefreshToken::new(old.expose())).await;
    metrics::token_refresh(known(row.provider).as_str(), outcome(&result));
    match result {
        Ok(tokens) => Ok(store(services, org, id, &tokens, held).await?.then(|| (tokens.access, version + 1))),
        Err(OAuthError::InvalidGrant) => {
            // Not ours any more: somebody reconnected while we asked with the old token.
            let ours = expire(services, org, id, held).await?;
            if ours { Err(AccessError::Expired) } else { Ok(None) }
        }
        Err(error) => {
            let txn = services.store.begin().await?;
            if change(&txn, org, id, held, released().to_vec()).await? {
                let why =
                    if matches!(error, OAuthError::ClientMisconfigured(_)) { "misconfigured" } else { "unavailable" };
                let detail = serde_json::json!({ "provider": row.provider.as_str(), "why": why });
                let (actor, action, origin) = (Actor::System, "connection.refresh_failed", Origin::default());
                let entry = AuditEntry { org, actor, action, subject: id.to_string(), detail, origin };
                audit::record_news(&txn, entry, TOLD_EVERY).await?;
            }
            txn.commit().await?;
            Err(unanswered(&error).into())
        }
    }
}

/// For the operator's count.
fn outcome(result: &Result<TokenSet, OAuthError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(OAuthError::InvalidGrant) => "expired",
        Err(OAuthError::ClientMisconfigured(_)) => "misconfigured",
        Err(_) => "unavailable",
    }
}

/// A refresh that failed without telling anything about the grant.
fn unanswered(error: &OAuthError) -> CalendarError {
    match error {
        // Everybody's refresh fails until an operator mends the registration; no person is to be bothered.
        OAuthError::ClientMisconfigured(_) => {
            tracing::error!(%error, "tokens cannot be refreshed");
            CalendarError::Unavailable(error.to_string())
        }
        _ => CalendarError::Unavailable(error.to_string()),
    }
}

/// Writes the new tokens over the version they replace; false if that is no longer the stored one.
async fn store(
    services: &Services,
    org: OrgId,
    id: ConnectionId,
    tokens: &TokenSet,
    held: Condition,
) -> Result<bool, StoreError> {
    let seal = |column, text: &str| services.keys.seal(&token_place(org, id, column), text);
    let ends = ends_at(services.clock.now(), tokens.expires_in);
    let mut columns = released().to_vec();
    columns.extend([
        (connections::Column::AccessToken, Expr::value(seal("access_token", tokens.access.expose()))),
        (connections::Column::AccessExpiresAt, Expr::value(ends.millis())),
        (connections::Column::TokenVersion, ExprTrait::add(Expr::col(connections::Column::TokenVersion), 1)),
    ]);
    // Google answers without a refresh token: the old one goes on. Microsoft sends a new one each time.
    if let Some(rotated) = &tokens.refresh {
        columns.push((connections::Column::RefreshToken, Expr::value(seal("refresh_token", rotated.expose()))));
    }
    update(services, org, id, held, columns).await
}

/// When a token that lives this long ends. A lifetime beyond a year is a mistake of whoever said it, and taken as an hour.
pub(super) fn ends_at(now: DateTime<Utc>, lives: Duration) -> Stamp {
    let lives = chrono::Duration::from_std(lives).ok().filter(|lives| *lives <= LONGEST_LIFE);
    Stamp::from(now + lives.unwrap_or(chrono::Duration::hours(1)))
}

/// When a password ends that nobody takes back.
pub(super) fn never_ends(now: DateTime<Utc>) -> Stamp {
    Stamp::from(now + FOREVER)
}

/// Marks the connection expired and has its owner told, in one transaction; false if `only_if` no longer holds.
async fn expire(services: &Services, org: OrgId, id: ConnectionId, only_if: Condition) -> Result<bool, StoreError> {
    let txn = services.store.begin().await?;
    let mut columns = released().to_vec();
    columns.extend([
        (connections::Column::Status, Expr::value(ConnectionStatus::Expired.as_str())),
        (connections::Column::LastError, Expr::value(EXPIRED)),
    ]);
    let only_if = only_if.add(connections::Column::Status.ne(ConnectionStatus::Expired));
    if !change(&txn, org, id, only_if, columns).await? {
        return Ok(false);
    }
    if let Some(connection) = find(&*txn, org, id).await? {
        let detail = serde_json::json!({ "provider": connection.provider.as_str() });
        let entry = AuditEntry {
            org,
            actor: Actor::System,
            action: "connection.expired",
            subject: id.to_string(),
            detail,
            origin: Origin::default(),
        };
        audit::record(&txn, entry).await?;
        services.watch.expired(&txn, &connection).await?;
    }
    txn.commit().await?;
    Ok(true)
}

/// The columns that give a lease back.
fn released() -> [(connections::Column, SimpleExpr); 2] {
    [
        (connections::Column::RefreshOwner, Expr::value(None::<String>)),
        (connections::Column::RefreshUntil, Expr::value(None::<i64>)),
    ]
}

async fn update(
    services: &Services,
    org: OrgId,
    id: ConnectionId,
    only_if: Condition,
    columns: Vec<(connections::Column, SimpleExpr)>,
) -> Result<bool, StoreError> {
    let txn = services.store.begin().await?;
    let changed = change(&txn, org, id, only_if, columns).await?;
    txn.commit().await?;
    Ok(changed)
}

/// Sets columns of one connection if the condition holds; says whether it did.
async fn change(
    txn: &Txn,
    org: OrgId,
    id: ConnectionId,
    only_if: Condition,
    columns: Vec<(connections::Column, SimpleExpr)>,
) -> Result<bool, StoreError> {
    let update = connections::Entity::update_many()
        .filter(connections::Column::OrgId.eq(org))
        .filter(connections::Column::Id.eq(id))
        .filter(only_if);
    let update = columns.into_iter().fold(update, |update, (column, value)| update.col_expr(column, value));
    Ok(update.exec(&**txn).await?.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_lifetimes_are_an_hour() {
        let now = DateTime::UNIX_EPOCH;
        let hour = Duration::from_secs(3600);
        assert_eq!(ends_at(now, 2 * hour).at(), now + 2 * hour);
        for absurd in [Duration::MAX, Duration::from_secs(u64::MAX / 1000), Duration::from_secs(9_000_000_000_000)] {
            assert_eq!(ends_at(now, absurd).at(), now + hour);
        }
    }
}
