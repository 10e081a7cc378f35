//! Promises to the outside world, written in the transaction that made them true, and kept by the worker.
//!
//! A [`Job`] is a small struct of ids. It is claimed with a lease by the database's clock, retried with full-jitter back-off,
//! parked while a connection is broken, and given up to a visible dead letter. Jobs of one subject run one at a time, oldest
//! first. Every job is safe to run twice. This folder knows nobody: what a job does is said in `worker::jobs`.

pub mod depths;
mod lease;
mod reason;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, IntoCondition},
};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{
        BookingId, ConnectionId, DeliveryId, EndpointId, EventId, JobId, MessageId, NoteId, OrgId, PersonId, RequestId,
        RevocationId, StrayId,
    },
    store::{
        self, Stamp, StoreError, Txn,
        entities::{connections, jobs},
        words::{ConnectionStatus, JobStatus},
    },
};

pub use lease::{Claimed, Fate, HEARTBEAT, LEASE, Lease};
pub use reason::Reason;

/// How long a job may fail before it becomes a dead letter.
pub const HORIZON: TimeDelta = TimeDelta::hours(72);
/// Dead letters that are looked at, or tried again, at a time.
pub const MOST_AT_ONCE: u64 = 500;
/// The longest `Retry-After` we obey.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Make the calendars agree with an event: put, update or cancel it, whatever it says now.
    PlaceEvent { event: EventId },
    /// Hand a message to the mail transport. `thread` keeps the messages about one thing to one person in order.
    SendMessage { message: MessageId, thread: String },
    /// Ask the calendars of a held booking again, and confirm or release it.
    SettleHold { booking: BookingId },
    /// Read a newly connected account whose first read failed.
    ReadConnection { connection: ConnectionId },
    /// Tell the coordinators of open requests that somebody connected their calendar or gave times, at this instant
    /// (milliseconds since 1970).
    TellAnswered { person: PersonId, at: i64 },
    /// Write a note about a request into the applicant-tracking system.
    WriteNote { note: NoteId, request: RequestId },
    /// Remind everybody of a booked interview, that many minutes before.
    Remind { booking: BookingId, minutes: u32 },
    /// Hand the grant of a disconnected account back to its provider.
    EndGrant { revocation: RevocationId },
    /// Read what changed on a calendar. Some push, or the time that passed, says that something may have.
    PullCalendar { connection: ConnectionId, calendar: String },
    /// Look at one event where it stands, and do what follows from what was done to it there.
    FollowEvent { event: EventId },
    /// Compare everything of ours that should stand on a calendar with what does.
    CompareCalendar { connection: ConnectionId, calendar: String },
    /// Take an event off a calendar that carries our marker and should not be there.
    RemoveStray { stray: StrayId },
    /// Have the provider push when something changes on a calendar, or go on pushing.
    WatchCalendar { connection: ConnectionId, calendar: String },
    /// Tell a webhook what happened. Deliveries to one endpoint keep their order.
    DeliverWebhook { delivery: DeliveryId, endpoint: EndpointId },
}

impl Job {
    /// The word stored in the `kind` column.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PlaceEvent { .. } => "place_event",
            Self::SendMessage { .. } => "send_message",
            Self::SettleHold { .. } => "settle_hold",
            Self::ReadConnection { .. } => "read_connection",
            Self::TellAnswered { .. } => "tell_answered",
            Self::WriteNote { .. } => "write_note",
            Self::Remind { .. } => "remind",
            Self::EndGrant { .. } => "end_grant",
            Self::PullCalendar { .. } => "pull_calendar",
            Self::FollowEvent { .. } => "follow_event",
            Self::CompareCalendar { .. } => "compare_calendar",
            Self::RemoveStray { .. } => "remove_stray",
            Self::WatchCalendar { .. } => "watch_calendar",
            Self::DeliverWebhook { .. } => "deliver_webhook",
        }
    }

    /// What it is about. One job of a subject runs at a time, oldest first.
    pub fn subject(&self) -> String {
        match self {
            Self::PlaceEvent { event } => event.to_string(),
            Self::SendMessage { thread, .. } => thread.clone(),
            Self::SettleHold { booking } => format!("hold:{booking}"),
            Self::ReadConnection { connection } => format!("read:{connection}"),
            Self::TellAnswered { person, .. } => format!("answered:{person}"),
            Self::WriteNote { request, .. } => format!("ats:{request}"),
            Self::Remind { booking, minutes } => format!("remind:{booking}:{minutes}"),
            Self::EndGrant { revocation } => revocation.to_string(),
            Self::PullCalendar { connection, calendar } => format!("pull:{connection}:{calendar}"),
            // Not that of placing it, which must not wait for a look that waits.
            Self::FollowEvent { event } => format!("follow:{event}"),
            Self::CompareCalendar { connection, calendar } => format!("compare:{connection}:{calendar}"),
            Self::RemoveStray { stray } => stray.to_string(),
            Self::WatchCalendar { connection, calendar } => format!("watch:{connection}:{calendar}"),
            Self::DeliverWebhook { endpoint, .. } => format!("webhook:{endpoint}"),
        }
    }

    /// Whether a newer job of the same subject makes an older one that has not started pointless.
    fn supersedes(&self) -> bool {
        !matches!(self, Self::SendMessage { .. } | Self::WriteNote { .. } | Self::DeliverWebhook { .. })
    }
}

/// Why a job did not succeed, which decides what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobError {
    /// Nothing failed; the job has more to do after this time. Its time to fail starts over.
    Later { after: Duration },
    /// Try again: after the given time if the other side said when, else with back-off.
    Retry { after: Option<Duration>, reason: Reason },
    /// Wait until this connection works again.
    Park { connection: ConnectionId, reason: Reason },
    /// Trying again cannot help.
    GiveUp { reason: Reason },
}

impl JobError {
    /// What failed, if anything did.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Later { .. } => None,
            Self::Retry { reason, .. } | Self::Park { reason, .. } | Self::GiveUp { reason } => Some(*reason),
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the database failed a job");
        Self::Retry { after: None, reason: Reason::Database }
    }
}

/// Writes a promise into the transaction that makes it true.
pub async fn enqueue(txn: &Txn, org: OrgId, job: &Job, now: DateTime<Utc>) -> Result<JobId, StoreError> {
    enqueue_at(txn, org, job, now, now).await
}

/// The same, to be kept not before `run_at`.
pub async fn enqueue_at(
    txn: &Txn,
    org: OrgId,
    job: &Job,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<JobId, StoreError> {
    if job.supersedes() {
        withdraw(txn, org, job, now).await?;
    }
    let id = JobId::new();
    // Plain ids and strings: serialising them cannot fail.
    let payload = serde_json::to_string(job).expect("a job is plain data");
    jobs::Entity::insert(jobs::ActiveModel {
        id: Set(id),
        org_id: Set(org),
        kind: Set(job.kind().to_owned()),
        subject: Set(job.subject()),
        payload: Set(payload),
        status: Set(JobStatus::Queued),
        attempts: Set(0),
        run_at: Set(run_at.into()),
        epoch: Set(0),
        lease_owner: Set(None),
        lease_until: Set(None),
        parked_for: Set(None),
        last_error: Set(String::new()),
        created_at: Set(now.into()),
        finished_at: Set(None),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(id)
}

/// The same, unless it is promised already and has not started: whoever starts it then sees what we saw. One that waits, because the
/// other side wants to be left alone, is not hastened. Whether it was written.
///
/// Two who promise at the same moment may both write it, which costs a run and no more.
pub async fn enqueue_once(
    txn: &Txn,
    org: OrgId,
    job: &Job,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if is_waiting(&**txn, org, job).await? {
        return Ok(false);
    }
    enqueue_at(txn, org, job, run_at, now).await?;
    Ok(true)
}

/// Whether it is promised and has not started.
pub async fn is_waiting(db: &impl ConnectionTrait, org: OrgId, job: &Job) -> Result<bool, StoreError> {
    let waiting = jobs::Entity::find()
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Subject.eq(job.subject()))
        .filter(jobs::Column::Kind.eq(job.kind()))
        .filter(jobs::Column::Status.is_in([JobStatus::Queued, JobStatus::Parked]));
    Ok(waiting.count(db).await? > 0)
}

/// Takes back what was promised of this kind and subject, unless it has started.
pub async fn withdraw(txn: &Txn, org: OrgId, job: &Job, now: DateTime<Utc>) -> Result<(), StoreError> {
    jobs::Entity::update_many()
        .col_expr(jobs::Column::Status, Expr::value(JobStatus::Superseded))
        .col_expr(jobs::Column::FinishedAt, Expr::value(Stamp::from(now)))
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Subject.eq(job.subject()))
        .filter(jobs::Column::Kind.eq(job.kind()))
        .filter(jobs::Column::Status.is_in([JobStatus::Queued, JobStatus::Parked]))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// How long to wait before attempt number `attempts + 1`: full jitter between nothing and twice as long each time, from 2 s to
/// 1 h ("Exponential Backoff And Jitter", AWS Architecture Blog). `dice` is uniform in [0, 1).
pub fn backoff(attempts: u32, dice: f64) -> Duration {
    let ceiling = 2f64 * 2f64.powi(attempts.min(20) as i32);
    Duration::from_secs_f64((ceiling.min(3600.0) * dice).max(0.25))
}

/// How long to wait before the next attempt: as told, but never less than our own back-off ("0 seconds", or a date just past, is
/// no invitation to ask without end) and a day at most.
fn wait(told: Option<Duration>, attempts: u32, dice: f64) -> Duration {
    told.unwrap_or_default().max(backoff(attempts, dice)).min(LONGEST_WAIT)
}

/// Puts jobs that waited for a connection back into the queue. Their time to fail starts over: waiting for a person is not
/// failing.
pub async fn unpark(txn: &Txn, org: OrgId, connection: ConnectionId) -> Result<u64, StoreError> {
    wake(txn, Condition::all().add(jobs::Column::OrgId.eq(org)).add(jobs::Column::ParkedFor.eq(connection))).await
}

/// Puts every parked job back whose connection works as far as we know. A net below [`unpark`]: a job that still lacks a permission
/// asks once and is parked again.
pub async fn unpark_usable(txn: &Txn) -> Result<u64, StoreError> {
    let usable = connections::Entity::find()
        .select_only()
        .column(connections::Column::Id)
        .filter(connections::Column::Status.is_in([ConnectionStatus::Active, ConnectionStatus::Error]))
        .into_query();
    wake(txn, jobs::Column::ParkedFor.in_subquery(usable)).await
}

async fn wake(txn: &Txn, which: impl IntoCondition) -> Result<u64, StoreError> {
    let now = store::now(&**txn).await?;
    let done = jobs::Entity::update_many()
        .col_expr(jobs::Column::Status, Expr::value(JobStatus::Queued))
        .col_expr(jobs::Column::ParkedFor, Expr::value(Option::<uuid::Uuid>::None))
        .col_expr(jobs::Column::RunAt, Expr::value(Stamp::from(now)))
        .col_expr(jobs::Column::CreatedAt, Expr::value(Stamp::from(now)))
        .filter(which)
        .filter(jobs::Column::Status.eq(JobStatus::Parked))
        .exec(&**txn)
        .await?;
    Ok(done.rows_affected)
}

/// A dead letter gets another life: attempts start over. `None` if it is not a dead letter of this organisation, or one that
/// this version cannot read.
pub async fn revive(txn: &Txn, org: OrgId, id: JobId) -> Result<Option<Job>, StoreError> {
    let now = store::now(&**txn).await?;
    let row = jobs::Entity::find()
        .filter(jobs::Column::Id.eq(id))
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Status.eq(JobStatus::Dead))
        .one(&**txn)
        .await?;
    let Some(job) = row.and_then(|row| serde_json::from_str(&row.payload).ok()) else { return Ok(None) };
    let done = jobs::Entity::update_many()
        .col_expr(jobs::Column::Status, Expr::value(JobStatus::Queued))
        .col_expr(jobs::Column::Attempts, Expr::value(0))
        .col_expr(jobs::Column::RunAt, Expr::value(Stamp::from(now)))
        .col_expr(jobs::Column::CreatedAt, Expr::value(Stamp::from(now)))
        .col_expr(jobs::Column::FinishedAt, Expr::value(Option::<i64>::None))
        .filter(jobs::Column::Id.eq(id))
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Status.eq(JobStatus::Dead))
        .exec(&**txn)
        .await?;
    Ok((done.rows_affected == 1).then_some(job))
}

/// A promise that could not be kept, for the people who can mend it.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub id: JobId,
    pub kind: String,
    pub subject: String,
    pub reason: Reason,
    pub failed_at: DateTime<Utc>,
}

/// The organisation's dead letters, newest first, at most `limit`.
pub async fn dead_letters(db: &impl ConnectionTrait, org: OrgId, limit: u64) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = jobs::Entity::find()
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Status.eq(JobStatus::Dead))
        .order_by_desc(jobs::Column::FinishedAt)
        .limit(limit)
        .all(db)
        .await?;
    let letter = |row: jobs::Model| DeadLetter {
        id: row.id,
        kind: row.kind,
        subject: row.subject,
        reason: Reason::stored(&row.last_error).unwrap_or(Reason::BrokeOff),
        failed_at: row.finished_at.unwrap_or(row.created_at).at(),
    };
    Ok(rows.into_iter().map(letter).collect())
}

/// When a promise is tried next, if it waits for its turn.
pub async fn next_try(db: &impl ConnectionTrait, org: OrgId, job: &Job) -> Result<Option<DateTime<Utc>>, StoreError> {
    let row = jobs::Entity::find()
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Kind.eq(job.kind()))
        .filter(jobs::Column::Subject.eq(job.subject()))
        .filter(jobs::Column::Status.eq(JobStatus::Queued))
        .one(db)
        .await?;
    Ok(row.map(|row| row.run_at.at()))
}

/// How many promises wait for this connection to work again.
pub async fn waiting_for(db: &impl ConnectionTrait, org: OrgId, connection: ConnectionId) -> Result<u64, StoreError> {
    let parked = jobs::Entity::find()
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::ParkedFor.eq(connection))
        .filter(jobs::Column::Status.eq(JobStatus::Parked));
    Ok(parked.count(db).await?)
}

/// The jobs of this subject that wait for their turn.
pub async fn queued(db: &impl ConnectionTrait, org: OrgId, subject: &str) -> Result<Vec<Job>, StoreError> {
    let rows = jobs::Entity::find()
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Subject.eq(subject))
        .filter(jobs::Column::Status.eq(JobStatus::Queued))
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(|row| serde_json::from_str(&row.payload).ok()).collect())
}

/// What becomes of a promise that is not kept yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// The worker tries again by itself.
    Trying,
    /// It waits for somebody to mend a connection.
    Waiting,
    /// A dead letter: somebody has to say "Try again".
    GivenUp(JobId),
}

/// The outlook of these subjects. One without an open or dead job has no entry.
pub async fn outlooks(
    db: &impl ConnectionTrait,
    org: OrgId,
    subjects: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, Outlook>, StoreError> {
    let open = [JobStatus::Dead, JobStatus::Parked, JobStatus::Queued, JobStatus::Running];
    let rows = jobs::Entity::find()
        .filter(jobs::Column::OrgId.eq(org))
        .filter(jobs::Column::Subject.is_in(subjects))
        .filter(jobs::Column::Status.is_in(open))
        .order_by_asc(jobs::Column::Id)
        .all(db)
        .await?;
    let mut outlooks = BTreeMap::new();
    for row in rows {
        let outlook = match row.status {
            JobStatus::Dead => Outlook::GivenUp(row.id),
            JobStatus::Parked => Outlook::Waiting,
            _ => Outlook::Trying,
        };
        // Whatever is still under way says more than an older dead letter.
        if outlook == Outlook::Trying || outlooks.get(&row.subject) != Some(&Outlook::Trying) {
            outlooks.insert(row.subject, outlook);
        }
    }
    Ok(outlooks)
}

/// How many jobs have neither succeeded nor been given up.
pub async fn pending(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    let open = [JobStatus::Queued, JobStatus::Running];
    Ok(jobs::Entity::find().filter(jobs::Column::Status.is_in(open)).count(db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_are_never_nothing() {
        assert_eq!(backoff(0, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(3, 1.0), Duration::from_secs(16));
        assert_eq!(backoff(3, 0.5), Duration::from_secs(8));
        assert_eq!(backoff(60, 1.0), Duration::from_secs(3600));
        assert_eq!(backoff(5, 0.0), Duration::from_millis(250));
    }

    #[test]
    fn being_told_a_time_is_obeyed_within_bounds() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(Some(seconds(600)), 0, 1.0), seconds(600));
        assert_eq!(wait(Some(Duration::ZERO), 9, 0.5), backoff(9, 0.5));
        assert_eq!(wait(None, 3, 0.5), seconds(8));
        assert_eq!(wait(Some(seconds(400 * 24 * 3600)), 0, 1.0), LONGEST_WAIT);
    }

    #[test]
    fn a_job_is_stored_under_its_kind() {
        let job = Job::PlaceEvent { event: EventId::new() };
        let stored: serde_json::Value = serde_json::to_value(&job).unwrap();
        assert_eq!(stored["kind"], job.kind());
        assert_eq!(serde_json::from_value::<Job>(stored).unwrap(), job);
    }
}
