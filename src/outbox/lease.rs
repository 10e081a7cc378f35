//! Claiming jobs: one claimant at a time, fenced by an epoch, all by the database's clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement,
    sea_query::{Expr, ExprTrait},
};

use super::{HORIZON, Job, JobError, Reason, wait};
use crate::{
    ids::{ConnectionId, JobId, OrgId},
    store::{
        self, Stamp, Store, StoreError, Txn, Violation,
        entities::{connections, jobs},
        words::JobStatus,
    },
};

/// How long a claim holds without a heartbeat.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// The right to finish a job. A claimant that slept past its lease finds its epoch overtaken and changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    pub job: JobId,
    epoch: i64,
}

/// A job that is ours for now.
#[derive(Debug)]
pub struct Claimed {
    pub lease: Lease,
    pub org: OrgId,
    pub job: Job,
    /// How often it was tried before.
    pub attempts: u32,
    first_tried: DateTime<Utc>,
    /// By the database's clock.
    claimed_at: DateTime<Utc>,
}

impl Claimed {
    /// Takes the next due job, oldest first, or `None`.
    pub async fn next(store: &Store, owner: &str) -> Result<Option<Self>, StoreError> {
        let txn = store.begin().await?;
        let now = store::now(&*txn).await?;
        rescue(&txn, now).await?;
        let claimed = match claim(&txn, owner, now).await {
            // Another process claimed a job of the same subject in this very moment; the next round sees it.
            Err(StoreError::Refused(Violation::Duplicate)) | Err(StoreError::Contended) => return Ok(None),
            claimed => claimed?,
        };
        txn.commit().await?;
        let Some(row) = claimed else { return Ok(None) };
        let lease = Lease { job: row.id, epoch: row.epoch };
        match serde_json::from_str(&row.payload) {
            Ok(job) => Ok(Some(Self {
                lease,
                org: row.org_id,
                job,
                attempts: u32::try_from(row.attempts - 1).unwrap_or(0),
                first_tried: row.created_at.at(),
                claimed_at: now,
            })),
            Err(error) => {
                tracing::error!(job = %lease.job, %error, "a promise was written by another version");
                let txn = store.begin().await?;
                lease.settle(&txn, given_up(now, Reason::OtherVersion)).await?;
                txn.commit().await?;
                Ok(None)
            }
        }
    }

    /// The promise is kept. Dead letters of the same kind and subject are settled by it: what they could not do is done.
    pub async fn done(&self, store: &Store) -> Result<(), StoreError> {
        let txn = store.begin().await?;
        let now = Stamp::from(store::now(&*txn).await?);
        let change = jobs::Entity::update_many()
            .col_expr(jobs::Column::Status, Expr::value(JobStatus::Done))
            .col_expr(jobs::Column::FinishedAt, Expr::value(now))
            .col_expr(jobs::Column::LastError, Expr::value(""));
        let settled = self.lease.settle(&txn, change).await?;
        if settled && self.job.supersedes() {
            jobs::Entity::update_many()
                .col_expr(jobs::Column::Status, Expr::value(JobStatus::Superseded))
                .filter(jobs::Column::OrgId.eq(self.org))
                .filter(jobs::Column::Subject.eq(self.job.subject()))
                .filter(jobs::Column::Kind.eq(self.job.kind()))
                .filter(jobs::Column::Status.eq(JobStatus::Dead))
                .exec(&*txn)
                .await?;
        }
        txn.commit().await
    }

    /// Settles what did not succeed: again later, parked, or a dead letter. Whoever is to hear of that is told in the same
    /// transaction.
    pub async fn failed(&self, txn: &Txn, error: &JobError) -> Result<Fate, StoreError> {
        let now = store::now(&**txn).await?;
        let (change, fate) = match *error {
            JobError::GiveUp { reason } => (given_up(now, reason), Fate::Dead),
            JobError::Retry { reason, .. } if now - self.first_tried > HORIZON => (given_up(now, reason), Fate::Dead),
            JobError::Park { connection, reason } => (self.parked(txn, connection, reason).await?, Fate::Open),
            JobError::Retry { after, reason } => (
                queued(now, wait(after, self.attempts, dice()))
                    .col_expr(jobs::Column::LastError, Expr::value(reason.code())),
                Fate::Open,
            ),
            JobError::Later { after } => {
                (queued(now, after).col_expr(jobs::Column::CreatedAt, Expr::value(Stamp::from(now))), Fate::Open)
            }
        };
        Ok(if self.lease.settle(txn, change).await? { fate } else { Fate::Overtaken })
    }

    /// Waits for the connection, unless its owner mended it while the job ran: whoever wakes parked jobs has been here already
    /// then, and would not come again.
    async fn parked(&self, txn: &Txn, connection: ConnectionId, reason: Reason) -> Result<Change, StoreError> {
        let row = connections::Entity::find_by_id(connection).filter(connections::Column::OrgId.eq(self.org));
        // A reconnection under way writes this row before it wakes jobs: one of the two waits for the other.
        let is_postgres = txn.get_database_backend() == DbBackend::Postgres;
        let row = if is_postgres { row.lock_shared() } else { row }.one(&**txn).await?;
        let mended = row.is_some_and(|row| row.connected_at.at() >= self.claimed_at);
        // Waiting for a person is not an attempt.
        let change = jobs::Entity::update_many()
            .col_expr(jobs::Column::Attempts, Expr::col(jobs::Column::Attempts).sub(1))
            .col_expr(jobs::Column::LastError, Expr::value(reason.code()));
        Ok(if mended {
            change.col_expr(jobs::Column::Status, Expr::value(JobStatus::Queued))
        } else {
            change
                .col_expr(jobs::Column::Status, Expr::value(JobStatus::Parked))
                .col_expr(jobs::Column::ParkedFor, Expr::value(connection.uuid()))
        })
    }
}

/// What became of a job that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again, or waits to be.
    Open,
    /// A dead letter.
    Dead,
    /// Another claimant settles it.
    Overtaken,
}

type Change = sea_orm::UpdateMany<jobs::Entity>;

fn queued(now: DateTime<Utc>, after: Duration) -> Change {
    let run_at = now + TimeDelta::from_std(after).unwrap_or(HORIZON);
    jobs::Entity::update_many()
        .col_expr(jobs::Column::Status, Expr::value(JobStatus::Queued))
        .col_expr(jobs::Column::RunAt, Expr::value(Stamp::from(run_at)))
}

fn given_up(now: DateTime<Utc>, reason: Reason) -> Change {
    jobs::Entity::update_many()
        .col_expr(jobs::Column::Status, Expr::value(JobStatus::Dead))
        .col_expr(jobs::Column::FinishedAt, Expr::value(Stamp::from(now)))
        .col_expr(jobs::Column::LastError, Expr::value(reason.code()))
}

impl Lease {
    /// Still at it: the lease counts from now again.
    pub async fn heartbeat(self, store: &Store) -> Result<(), StoreError> {
        let txn = store.begin().await?;
        let until = store::now(&*txn).await? + LEASE;
        self.ours(jobs::Entity::update_many().col_expr(jobs::Column::LeaseUntil, Expr::value(Stamp::from(until))))
            .exec(&*txn)
            .await?;
        txn.commit().await
    }

    /// False if the lease was overtaken, and nothing changed.
    async fn settle(self, txn: &Txn, change: Change) -> Result<bool, StoreError> {
        let change = change
            .col_expr(jobs::Column::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(jobs::Column::LeaseUntil, Expr::value(Option::<i64>::None));
        let done = self.ours(change).exec(&**txn).await?;
        if done.rows_affected == 0 {
            tracing::warn!(job = %self.job, "the lease was overtaken; another worker settles this job");
        }
        Ok(done.rows_affected == 1)
    }

    fn ours(self, change: Change) -> Change {
        change
            .filter(jobs::Column::Id.eq(self.job))
            .filter(jobs::Column::Epoch.eq(self.epoch))
            .filter(jobs::Column::Status.eq(JobStatus::Running))
    }
}

/// Running jobs whose claimant has not been heard of go back into the queue.
async fn rescue(txn: &Txn, now: DateTime<Utc>) -> Result<(), StoreError> {
    jobs::Entity::update_many()
        .col_expr(jobs::Column::Status, Expr::value(JobStatus::Queued))
        .filter(jobs::Column::Status.eq(JobStatus::Running))
        .filter(jobs::Column::LeaseUntil.lt(Stamp::from(now)))
        .exec(&**txn)
        .await?;
    Ok(())
}

async fn claim(txn: &Txn, owner: &str, now: DateTime<Utc>) -> Result<Option<jobs::Model>, StoreError> {
    let backend = txn.get_database_backend();
    let skip_locked = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE jobs SET status = 'running', epoch = epoch + 1, attempts = attempts + 1, lease_owner = $1, lease_until = $2
         WHERE id = (
             SELECT j.id FROM jobs j
             WHERE j.status = 'queued' AND j.run_at <= $3
               AND NOT EXISTS (SELECT 1 FROM jobs o WHERE o.org_id = j.org_id AND o.subject = j.subject AND o.id < j.id
                               AND o.status IN ('queued', 'running', 'parked'))
               AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.org_id = j.org_id AND r.subject = j.subject AND r.status = 'running')
             ORDER BY j.run_at, j.id LIMIT 1 {skip_locked})
         RETURNING *"
    );
    let values = [owner.into(), Stamp::from(now + LEASE).into(), Stamp::from(now).into()];
    let row = jobs::Model::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).one(&**txn).await?;
    Ok(row)
}

/// Uniform in [0, 1).
fn dice() -> f64 {
    let bytes = crate::ids::random_bytes();
    let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    f64::from(number) / (f64::from(u32::MAX) + 1.0)
}

/// Half the lease: how often a running job should be heard of.
pub const HEARTBEAT: Duration = Duration::from_secs(20);
