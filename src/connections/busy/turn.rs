//! Taking turns at asking a connection: one process at a time, and nobody before the provider's pause is over.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use crate::{
    connections::{Connection, Services},
    ids::{ConnectionId, OrgId, random_bytes},
    store::{Stamp, StoreError, Txn, entities::busy_turns},
};

/// How long one process may take to ask before another may try; longer than the HTTP client's own limit.
pub(in crate::connections) const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long to leave a provider alone that does not say how long.
const PAUSE: TimeDelta = TimeDelta::seconds(60);
/// No provider's pause is longer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);

/// Whether this process may ask now.
#[derive(Debug)]
pub(super) enum Turn {
    /// Yes, and nobody else may meanwhile. Holds the lease's owner.
    Ours(String),
    /// Somebody asks already.
    Theirs,
    /// The provider was asked too often.
    Paused { until: DateTime<Utc> },
}

/// Takes the turn if it is free.
pub(super) async fn take(services: &Services, connection: &Connection) -> Result<Turn, StoreError> {
    use busy_turns::Column;
    if let Some(until) = paused(services.store.reader(), services, connection).await? {
        return Ok(Turn::Paused { until });
    }
    let owner: String = random_bytes()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let txn = services.store.begin().await?;
    let now = crate::store::now(&*txn).await?;
    let row = busy_turns::ActiveModel {
        connection_id: Set(connection.id),
        org_id: Set(connection.org),
        owner: Set(None),
        until: Set(None),
        paused_until: Set(None),
    };
    let once = OnConflict::column(Column::ConnectionId).do_nothing().to_owned();
    busy_turns::Entity::insert(row).on_conflict(once).exec_without_returning(&*txn).await?;
    let free = Condition::any().add(Column::Until.is_null()).add(Column::Until.lte(Stamp::from(now)));
    let taken = busy_turns::Entity::update_many()
        .col_expr(Column::Owner, Expr::value(owner.clone()))
        .col_expr(Column::Until, Expr::value(Stamp::from(now + LEASE).millis()))
        .filter(Column::OrgId.eq(connection.org))
        .filter(Column::ConnectionId.eq(connection.id))
        .filter(free)
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    Ok(if taken.rows_affected == 1 { Turn::Ours(owner) } else { Turn::Theirs })
}

/// Until when the provider wants to be left alone, if that is still to come.
async fn paused(
    db: &impl ConnectionTrait,
    services: &Services,
    connection: &Connection,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let row = busy_turns::Entity::find_by_id(connection.id)
        .filter(busy_turns::Column::OrgId.eq(connection.org))
        .one(db)
        .await?;
    let until = row.and_then(|row| row.paused_until).map(Stamp::at);
    Ok(until.filter(|until| services.clock.now() < *until))
}

/// Until when providers want to be left alone, for those of this organisation's connections that wait at this time.
pub async fn pauses(
    db: &impl ConnectionTrait,
    org: OrgId,
    now: DateTime<Utc>,
) -> Result<HashMap<ConnectionId, DateTime<Utc>>, StoreError> {
    let waiting = busy_turns::Entity::find()
        .filter(busy_turns::Column::OrgId.eq(org))
        .filter(busy_turns::Column::PausedUntil.gt(Stamp::from(now)))
        .all(db)
        .await?;
    Ok(waiting.into_iter().filter_map(|row| Some((row.connection_id, row.paused_until?.at()))).collect())
}

/// Gives the turn back, and keeps the pause a provider asked for, for every process to see.
pub(super) async fn give_back(
    txn: &Txn,
    connection: &Connection,
    owner: &str,
    paused_until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    use busy_turns::Column;
    let ours = || {
        busy_turns::Entity::update_many()
            .filter(Column::OrgId.eq(connection.org))
            .filter(Column::ConnectionId.eq(connection.id))
    };
    if let Some(until) = paused_until {
        ours().col_expr(Column::PausedUntil, Expr::value(Stamp::from(until).millis())).exec(&**txn).await?;
    }
    ours()
        .col_expr(Column::Owner, Expr::value(None::<String>))
        .col_expr(Column::Until, Expr::value(None::<i64>))
        .filter(Column::Owner.eq(owner))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// When to ask again.
pub(in crate::connections) fn pause_from(now: DateTime<Utc>, retry_after: Option<Duration>) -> DateTime<Utc> {
    let told = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
    now + told.unwrap_or(PAUSE).clamp(TimeDelta::seconds(1), LONGEST_PAUSE)
}
