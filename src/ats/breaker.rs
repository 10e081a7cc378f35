//! Leaving a system alone that does not answer: after five failures in a row nobody calls it for a minute, then one call at a time
//! asks whether it answers again, after pauses that double up to a quarter of an hour.
//!
//! It is a row of the organisation, so that all processes know; no row means all is well. What waits is not failing, so nothing
//! ages meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{BinOper, Expr, ExprTrait, OnConflict, SimpleExpr},
};

use crate::{
    ids::OrgId,
    store::{Stamp, Store, StoreError, Txn, entities::ats_breakers as rows},
};

/// Failures in a row after which nobody calls.
pub const TRIES: i32 = 5;
pub const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// How long the one call that asks may take: longer than the worker lets it, so that there are never two.
const PROBE: TimeDelta = TimeDelta::minutes(1);
/// How soon to look again while that call is under way.
const LOOK: Duration = Duration::from_secs(5);

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    Go,
    Wait(Duration),
}

/// The system is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its first failure in this row.
    pub since: DateTime<Utc>,
}

/// Asks to make a call. Whoever may go says afterwards how it went, by [`answered`] or [`silent`].
pub async fn pass(store: &Store, org: OrgId, now: DateTime<Utc>) -> Result<Pass, StoreError> {
    let Some(row) = find(store.reader(), org).await? else { return Ok(Pass::Go) };
    let Some(until) = row.open_until else { return Ok(Pass::Go) };
    if let Ok(left) = (until.at() - now).to_std()
        && !left.is_zero()
    {
        return Ok(Pass::Wait(left));
    }
    let txn = store.begin().await?;
    let free = rows::Column::ProbeUntil.is_null().or(rows::Column::ProbeUntil.lte(Stamp::from(now)));
    let taken = rows::Entity::update_many()
        .col_expr(rows::Column::ProbeUntil, Expr::value(Stamp::from(now + PROBE)))
        .filter(rows::Column::OrgId.eq(org))
        .filter(rows::Column::OpenUntil.eq(until))
        .filter(free)
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    Ok(if taken.rows_affected == 1 { Pass::Go } else { Pass::Wait(LOOK) })
}

/// It answered, whatever it said: the row ends.
pub async fn answered(txn: &Txn, org: OrgId) -> Result<(), StoreError> {
    rows::Entity::delete_many().filter(rows::Column::OrgId.eq(org)).exec(&**txn).await?;
    Ok(())
}

/// It did not answer. Gives how long to leave it alone, if so.
pub async fn silent(txn: &Txn, org: OrgId, now: DateTime<Utc>) -> Result<Option<Duration>, StoreError> {
    let first = rows::ActiveModel {
        org_id: Set(org),
        failures: Set(1),
        since: Set(now.into()),
        open_until: Set(None),
        pause_ms: Set(FIRST_PAUSE.num_milliseconds()),
        probe_until: Set(None),
    };
    let again = OnConflict::column(rows::Column::OrgId).value(rows::Column::Failures, failures_and_one()).to_owned();
    let row = rows::Entity::insert(first).on_conflict(again).exec_with_returning(&**txn).await?;
    let (pause, until) = match row.open_until.map(Stamp::at) {
        None if row.failures < TRIES => return Ok(None),
        None => (FIRST_PAUSE, now + FIRST_PAUSE),
        // Called before it was left alone, and only now back.
        Some(until) if now < until => return Ok((until - now).to_std().ok()),
        Some(_) => {
            let pause = (TimeDelta::milliseconds(row.pause_ms) * 2).min(LONGEST_PAUSE);
            (pause, now + pause)
        }
    };
    rows::Entity::update_many()
        .col_expr(rows::Column::OpenUntil, Expr::value(Stamp::from(until)))
        .col_expr(rows::Column::PauseMs, Expr::value(pause.num_milliseconds()))
        .col_expr(rows::Column::ProbeUntil, Expr::value(Option::<i64>::None))
        .filter(rows::Column::OrgId.eq(org))
        .exec(&**txn)
        .await?;
    Ok(pause.to_std().ok())
}

/// Since when the system is left alone, if it is.
pub async fn silence(db: &impl ConnectionTrait, org: OrgId) -> Result<Option<Silence>, StoreError> {
    let row = find(db, org).await?.filter(|row| row.open_until.is_some());
    Ok(row.map(|row| Silence { since: row.since.at() }))
}

async fn find(db: &impl ConnectionTrait, org: OrgId) -> Result<Option<rows::Model>, StoreError> {
    Ok(rows::Entity::find().filter(rows::Column::OrgId.eq(org)).one(db).await?)
}

/// What stands in the row already, and one. Named with its table: in an upsert the bare column would be ambiguous.
fn failures_and_one() -> SimpleExpr {
    Expr::col((rows::Entity, rows::Column::Failures)).binary(BinOper::Add, 1)
}
