//! What keeps the promises: claims jobs, runs them side by side, keeps their leases alive, and wakes up for what is periodic.
//! Runs inside the web process or alone (`convene worker`); any number of them share one database.

mod jobs;
mod periodic;

use std::time::{Duration, Instant};

pub use periodic::sweep;
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use crate::{
    ids::LinkToken,
    metrics,
    outbox::{Claimed, Fate, HEARTBEAT, JobError, Reason},
    state::AppState,
    store::StoreError,
};

/// Jobs one process runs at a time.
const SIDE_BY_SIDE: usize = 8;
/// How long to sleep when nothing is due and nobody calls.
const IDLE: Duration = Duration::from_secs(1);
/// How long running jobs may take to end after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(20);

/// Keeps promises until `stop` says so, then lets what is running end (at most 20 s). A defect that breaks the worker off, or
/// what is periodic, is logged, and it begins anew.
pub async fn run(state: AppState, stop: watch::Receiver<bool>) {
    tokio::join!(
        anew("the worker", || work_off(state.clone(), stop.clone())),
        anew("what is periodic", || periodic::run(state.clone(), stop.clone())),
    );
}

/// Runs a task, again and again, until it ends without a panic.
async fn anew<F: Future<Output = ()> + Send + 'static>(what: &str, task: impl Fn() -> F) {
    // With the set, the task is dropped if we are.
    let mut running = JoinSet::new();
    loop {
        running.spawn(task());
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!("{what} broke off and begins anew");
                tokio::time::sleep(IDLE).await;
            }
            _ => return,
        }
    }
}

async fn work_off(state: AppState, mut stop: watch::Receiver<bool>) {
    // Tells processes and restarts apart in the `lease_owner` column.
    let owner = LinkToken::random().expose()[..12].to_owned();
    let mut running = JoinSet::new();
    let mut ticks = tokio::time::interval(IDLE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        if running.len() < SIDE_BY_SIDE {
            match Claimed::next(&state.store, &owner).await {
                Ok(Some(claimed)) => {
                    running.spawn(keep(state.clone(), claimed));
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "jobs could not be claimed"),
            }
        }
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.wake.notified() => {}
            Some(_) = running.join_next(), if !running.is_empty() => {}
            _ = stop.changed() => {}
        }
    }
    let drained = tokio::time::timeout(DRAIN, async { while running.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("some jobs did not end in time; their leases run out and another worker takes them");
    }
}

/// Runs every due job now and returns how many ran. For tests and for draining by hand.
pub async fn drain(state: &AppState) -> Result<usize, StoreError> {
    let mut ran = 0;
    while let Some(claimed) = Claimed::next(&state.store, "drain").await? {
        keep(state.clone(), claimed).await;
        ran += 1;
    }
    Ok(ran)
}

/// Runs one job and settles it. A panic inside counts as a failed try.
async fn keep(state: AppState, claimed: Claimed) {
    let (lease, started) = (claimed.lease, Instant::now());
    let kind = claimed.job.kind();
    let limit = jobs::limit(&claimed.job);
    let work = tokio::spawn({
        let (state, org, job) = (state.clone(), claimed.org, claimed.job.clone());
        async move { jobs::run(&state, org, job).await }
    });
    let abort = work.abort_handle();
    let alive = async {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            if let Err(error) = lease.heartbeat(&state.store).await {
                tracing::warn!(job = %lease.job, %error, "the lease could not be extended");
            }
        }
    };
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(limit, work) => outcome,
        () = alive => unreachable!("the heartbeat never ends by itself"),
    };
    let outcome = match outcome {
        Ok(Ok(outcome)) => outcome,
        // What the panic says, the panic hook has said on standard error.
        Ok(Err(_)) => Err(JobError::Retry { after: None, reason: Reason::BrokeOff }),
        Err(_) => {
            abort.abort();
            Err(JobError::Retry { after: None, reason: Reason::TookTooLong })
        }
    };
    let took = started.elapsed();
    let settled = match outcome {
        Ok(()) => claimed.done(&state.store).await.map(|()| "done"),
        Err(error) => {
            tracing::info!(job = %lease.job, kind, ?error, "a job is not done");
            unkept(&state, &claimed, &error).await.map(|fate| became(&error, fate))
        }
    };
    match settled {
        Ok(outcome) => metrics::job(kind, outcome, took),
        // The lease runs out and the job is run again, which is safe.
        Err(error) => tracing::warn!(job = %lease.job, %error, "a job's end could not be recorded"),
    }
}

/// What became of a job that is not done, for the operator's count.
fn became(error: &JobError, fate: Fate) -> &'static str {
    match (fate, error) {
        (Fate::Overtaken, _) => "overtaken",
        (Fate::Dead, _) => "dead",
        (Fate::Open, JobError::Later { .. }) => "later",
        (Fate::Open, JobError::Park { .. }) => "parked",
        (Fate::Open, _) => "retry",
    }
}

/// Settles a job that is not done, and tells of it, in one transaction.
async fn unkept(state: &AppState, claimed: &Claimed, error: &JobError) -> Result<Fate, StoreError> {
    let txn = state.store.begin().await?;
    let fate = claimed.failed(&txn, error).await?;
    if let Some(reason) = error.reason().filter(|_| fate != Fate::Overtaken) {
        if fate == Fate::Dead {
            tracing::error!(job = %claimed.lease.job, ?reason, "a promise could not be kept");
        }
        jobs::failed(&txn, state, claimed.org, &claimed.job, reason, fate).await?;
    }
    txn.commit().await?;
    Ok(fate)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn what_panics_begins_anew() {
        let begun = Arc::new(AtomicUsize::new(0));
        anew("a test", || {
            let begun = begun.clone();
            async move { assert!(begun.fetch_add(1, Ordering::SeqCst) > 0, "on purpose") }
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }
}
