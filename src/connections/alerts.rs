//! Somebody's calendars fail again and again: more than five times within an hour. Whoever can mend it is told once.
//!
//! Every try to bring a calendar and Convene in step ends in [`failed`] or [`succeeded`], and is counted for operators there.
//! What makes an alert are rows, so that all processes count together. An episode ends with the first success of what had
//! failed (reading a calendar does not show that writing to it works), or after an hour without a failure; the next one is told
//! again. What is no fault of the calendar makes none: a provider that asks for time, our own database, a missing key.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Connection, Services, find, from_row};
use crate::{
    ids::{ConnectionId, OrgId, PersonId},
    metrics,
    store::{
        Stamp, StoreError, Txn,
        entities::{connections, sync_alerts, sync_failures},
        words::{ConnectionStatus, Direction},
    },
};

/// More failures than this within [`EPISODE`] are an alert.
const MOST: u64 = 5;
/// Within how long failures count together, and how long without one ends an episode.
const EPISODE: TimeDelta = TimeDelta::hours(1);
/// Reasons that are no fault of somebody's calendar.
const NOT_THEIRS: [&str; 6] = ["rate_limited", "database", "key_missing", "broke_off", "other_version", "not_set_up"];

/// An episode that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub person: PersonId,
    /// What failed last.
    pub connection: Connection,
    /// Why, a code.
    pub reason: String,
    /// When administrators were told.
    pub raised_at: DateTime<Utc>,
    pub last_failed_at: DateTime<Utc>,
}

/// A try failed, for this reason (the code of a known one). With the failure that is one too many, administrators are told in the
/// same transaction.
///
/// # Errors
/// The database's.
pub async fn failed(
    services: &Services,
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    direction: Direction,
    reason: &'static str,
) -> Result<(), StoreError> {
    let Some(connection) = find(&**txn, org, connection).await? else { return Ok(()) };
    metrics::sync_attempt(connection.provider.as_str(), direction.as_str(), reason);
    if connection.status == ConnectionStatus::Inactive || NOT_THEIRS.contains(&reason) {
        return Ok(());
    }
    let (person, now) = (connection.person, services.clock.now());
    let before = hold(txn, &connection, reason, now).await?;
    let failure = sync_failures::ActiveModel {
        id: Set(Uuid::now_v7()),
        org_id: Set(org),
        person_id: Set(person),
        connection_id: Set(connection.id),
        direction: Set(direction),
        failed_at: Set(now.into()),
    };
    sync_failures::Entity::insert(failure).exec_without_returning(&**txn).await?;
    let is_over = before.last_failed_at.at() <= now - EPISODE;
    let known = before.raised_at.filter(|_| !is_over);
    let raised = match known {
        Some(since) => Some(since),
        None => (recent(txn, person, now).await? > MOST).then_some(Stamp::from(now)),
    };
    sync_alerts::Entity::update_many()
        .col_expr(sync_alerts::Column::ConnectionId, Expr::value(connection.id))
        .col_expr(sync_alerts::Column::Reason, Expr::value(reason))
        .col_expr(sync_alerts::Column::LastFailedAt, Expr::value(Stamp::from(now)))
        .col_expr(sync_alerts::Column::RaisedAt, Expr::value(raised))
        .filter(sync_alerts::Column::OrgId.eq(org))
        .filter(sync_alerts::Column::PersonId.eq(person))
        .exec(&**txn)
        .await?;
    if known.is_some() || raised.is_none() {
        return Ok(());
    }
    tracing::error!(%org, %person, connection = %connection.id, reason, "a calendar fails again and again");
    metrics::sync_alert(connection.provider.as_str());
    let alert = Alert { person, connection, reason: reason.to_owned(), raised_at: now, last_failed_at: now };
    services.watch.failing(txn, &alert).await
}

/// A try worked. Failures of the same thing no longer count, and with the last of them the episode ends.
///
/// # Errors
/// The database's.
pub async fn succeeded(txn: &Txn, connection: &Connection, direction: Direction) -> Result<(), StoreError> {
    metrics::sync_attempt(connection.provider.as_str(), direction.as_str(), "ok");
    let these = sync_failures::Entity::delete_many().filter(sync_failures::Column::Direction.eq(direction));
    end(txn, connection, these).await
}

/// The account was connected anew and answered, or is disconnected: what was with it before does not count.
pub(super) async fn start_over(txn: &Txn, connection: &Connection) -> Result<(), StoreError> {
    end(txn, connection, sync_failures::Entity::delete_many()).await
}

async fn end(
    txn: &Txn,
    connection: &Connection,
    failures: sea_orm::DeleteMany<sync_failures::Entity>,
) -> Result<(), StoreError> {
    let ended = failures
        .filter(sync_failures::Column::OrgId.eq(connection.org))
        .filter(sync_failures::Column::ConnectionId.eq(connection.id))
        .exec(&**txn)
        .await?;
    if ended.rows_affected == 0 {
        return Ok(());
    }
    let others = sync_failures::Entity::find()
        .select_only()
        .column(sync_failures::Column::PersonId)
        .filter(sync_failures::Column::PersonId.eq(connection.person))
        .into_query();
    sync_alerts::Entity::delete_many()
        .filter(sync_alerts::Column::OrgId.eq(connection.org))
        .filter(sync_alerts::Column::PersonId.eq(connection.person))
        .filter(sync_alerts::Column::PersonId.not_in_subquery(others))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// The person's row as it was, or as it begins, held until the transaction ends.
async fn hold(
    txn: &Txn,
    connection: &Connection,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<sync_alerts::Model, StoreError> {
    let first = sync_alerts::ActiveModel {
        person_id: Set(connection.person),
        org_id: Set(connection.org),
        connection_id: Set(connection.id),
        reason: Set(reason.to_owned()),
        last_failed_at: Set(now.into()),
        raised_at: Set(None),
    };
    // Changing nothing takes the row all the same, and gives it back.
    let again = OnConflict::column(sync_alerts::Column::PersonId).update_column(sync_alerts::Column::OrgId).to_owned();
    Ok(sync_alerts::Entity::insert(first).on_conflict(again).exec_with_returning(&**txn).await?)
}

async fn recent(txn: &Txn, person: PersonId, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let recent = sync_failures::Entity::find()
        .filter(sync_failures::Column::PersonId.eq(person))
        .filter(sync_failures::Column::FailedAt.gt(Stamp::from(now - EPISODE)));
    Ok(recent.count(&**txn).await?)
}

/// The episodes of an organisation that go on, or of one person of it, the latest first.
///
/// # Errors
/// The database's.
pub async fn open(
    db: &impl ConnectionTrait,
    org: OrgId,
    whose: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<Vec<Alert>, StoreError> {
    let mut rows = raised(now).filter(sync_alerts::Column::OrgId.eq(org));
    if let Some(person) = whose {
        rows = rows.filter(sync_alerts::Column::PersonId.eq(person));
    }
    let rows = rows.order_by_desc(sync_alerts::Column::RaisedAt).all(db).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.connection_id);
    let found = super::in_org(org).filter(connections::Column::Id.is_in(ids)).all(db).await?;
    let alert = |row: sync_alerts::Model| {
        let connection = found.iter().find(|one| one.id == row.connection_id).cloned().map(from_row)?;
        Some(Alert {
            person: row.person_id,
            connection,
            reason: row.reason,
            raised_at: row.raised_at?.at(),
            last_failed_at: row.last_failed_at.at(),
        })
    };
    Ok(rows.into_iter().filter_map(alert).filter(|one| one.connection.status != ConnectionStatus::Inactive).collect())
}

/// How many episodes go on, in all organisations: for the operator's count.
///
/// # Errors
/// The database's.
pub async fn count(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, StoreError> {
    Ok(raised(now).count(db).await?)
}

fn raised(now: DateTime<Utc>) -> sea_orm::Select<sync_alerts::Entity> {
    sync_alerts::Entity::find()
        .filter(sync_alerts::Column::RaisedAt.is_not_null())
        .filter(sync_alerts::Column::LastFailedAt.gt(Stamp::from(now - EPISODE)))
}

/// Removes what no longer counts. For the worker's round.
///
/// # Errors
/// The database's.
pub async fn sweep(txn: &Txn, now: DateTime<Utc>) -> Result<(), StoreError> {
    let over = Stamp::from(now - EPISODE);
    sync_failures::Entity::delete_many().filter(sync_failures::Column::FailedAt.lte(over)).exec(&**txn).await?;
    sync_alerts::Entity::delete_many().filter(sync_alerts::Column::LastFailedAt.lte(over)).exec(&**txn).await?;
    Ok(())
}
