//! How much waits, for how long: what operators look at. Looks at the queue and changes nothing in it.
//!
//! How much waits now is counted when somebody asks; how much waited before is sampled every five minutes, because jobs do not
//! tell it: a row that was tried again has forgotten when it came.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value};

use crate::{
    ids::OrgId,
    store::{self, Stamp, Store, StoreError, Txn, entities::queue_samples},
};

/// How far apart samples are.
pub const STRETCH: TimeDelta = TimeDelta::minutes(5);
/// How long samples are kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Where jobs that are not over stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It is their turn.
    Due,
    Running,
    /// Their time comes: a reminder, or a try that waits for the next one.
    Later,
    /// They wait for somebody to mend a connection.
    Parked,
    /// Given up.
    Dead,
}

impl Phase {
    /// A word for it, as metrics say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Running => "running",
            Self::Later => "later",
            Self::Parked => "parked",
            Self::Dead => "dead",
        }
    }
}

/// The jobs of one kind in one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    pub kind: String,
    pub phase: Phase,
    pub count: u64,
    /// How long the oldest has been in it; of those to come nothing.
    pub oldest: Option<Duration>,
}

#[derive(FromQueryResult)]
struct Row {
    kind: String,
    status: String,
    is_due: i32,
    jobs: i64,
    run_at: Stamp,
    created_at: Stamp,
    finished_at: Option<Stamp>,
}

/// Every kind and phase that has jobs, of one organisation or of all. One query over an index; what is over is not looked at.
pub async fn depths(db: &impl ConnectionTrait, org: Option<OrgId>) -> Result<Vec<Depth>, StoreError> {
    let now = store::now(db).await?;
    let ours = if org.is_some() { "AND org_id = $2" } else { "" };
    let sql = format!(
        "SELECT kind, status, CASE WHEN run_at <= $1 THEN 1 ELSE 0 END AS is_due, COUNT(*) AS jobs,
                MIN(run_at) AS run_at, MIN(created_at) AS created_at, MIN(finished_at) AS finished_at
         FROM jobs WHERE status IN ('queued', 'running', 'parked', 'dead') {ours}
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    );
    let mut values: Vec<Value> = vec![Stamp::from(now).into()];
    values.extend(org.map(Value::from));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    let mut depths: Vec<Depth> = Vec::new();
    for row in rows {
        let depth = depth(row, now);
        // Of what runs or is over it says nothing whether its time had come.
        match depths.iter_mut().find(|known| known.kind == depth.kind && known.phase == depth.phase) {
            Some(known) => {
                known.count += depth.count;
                known.oldest = known.oldest.max(depth.oldest);
            }
            None => depths.push(depth),
        }
    }
    Ok(depths)
}

fn depth(row: Row, now: DateTime<Utc>) -> Depth {
    let (phase, since) = match (row.status.as_str(), row.is_due) {
        ("queued", 1) => (Phase::Due, Some(row.run_at)),
        ("queued", _) => (Phase::Later, None),
        ("running", _) => (Phase::Running, Some(row.run_at)),
        ("parked", _) => (Phase::Parked, Some(row.created_at)),
        _ => (Phase::Dead, Some(row.finished_at.unwrap_or(row.created_at))),
    };
    // A time ahead is one of a clock that is: nothing has waited for less than no time.
    let oldest = since.map(|since| (now - since.at()).to_std().unwrap_or_default());
    Depth { kind: row.kind, phase, count: u64::try_from(row.jobs).unwrap_or_default(), oldest }
}

/// Writes down how much waits, once in [`STRETCH`] whichever process comes first.
pub async fn sample(store: &Store) -> Result<(), StoreError> {
    let txn = store.begin().await?;
    let now = store::now(&*txn).await?;
    let sql = "INSERT INTO queue_samples (org_id, taken_at, kind, waiting)
               SELECT org_id, CAST($1 AS BIGINT), kind, COUNT(*) FROM jobs
               WHERE status = 'running' OR (status = 'queued' AND run_at <= $2)
               GROUP BY org_id, kind
               ON CONFLICT DO NOTHING";
    let values = [stretch(now).into(), Stamp::from(now).into()];
    txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, values)).await?;
    txn.commit().await
}

/// How much of each kind waited over this time until now, a value for each [`STRETCH`], the oldest first. A kind that never
/// waited has no entry.
pub async fn history(
    db: &impl ConnectionTrait,
    org: OrgId,
    over: TimeDelta,
) -> Result<BTreeMap<String, Vec<u64>>, StoreError> {
    let last = stretch(store::now(db).await?).millis();
    let length = STRETCH.num_milliseconds();
    let count = over.num_milliseconds() / length;
    let first = last - (count - 1) * length;
    let rows = queue_samples::Entity::find()
        .filter(queue_samples::Column::OrgId.eq(org))
        .filter(queue_samples::Column::TakenAt.gte(Stamp::from_millis(first)))
        .all(db)
        .await?;
    let count = usize::try_from(count).unwrap_or_default();
    let mut history: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in rows {
        let values = history.entry(row.kind).or_insert_with(|| vec![0; count]);
        let at = usize::try_from((row.taken_at.millis() - first) / length).ok().and_then(|at| values.get_mut(at));
        if let Some(value) = at {
            *value = u64::try_from(row.waiting).unwrap_or_default();
        }
    }
    Ok(history)
}

/// Removes samples nobody looks at any more. For the worker's round.
pub async fn sweep(txn: &Txn, now: DateTime<Utc>) -> Result<(), StoreError> {
    queue_samples::Entity::delete_many()
        .filter(queue_samples::Column::TakenAt.lt(Stamp::from(now - KEPT)))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// The start of the stretch that this instant is in.
fn stretch(at: DateTime<Utc>) -> Stamp {
    let at = at.timestamp_millis();
    Stamp::from_millis(at - at.rem_euclid(STRETCH.num_milliseconds()))
}
