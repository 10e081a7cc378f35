//! "Try again" on a promise that could not be kept.

use crate::{
    ats,
    audit::{self, Actor, AuditEntry, Origin},
    ids::JobId,
    outbox::{self, Job},
    people::Coordinator,
    state::AppState,
    store::StoreError,
};

/// Gives a dead letter another life because a coordinator asked for it. False if it is not a dead letter of the organisation.
pub async fn try_again(
    state: &AppState,
    coordinator: &Coordinator,
    id: JobId,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let org = coordinator.member().org;
    let txn = state.store.begin().await?;
    let Some(job) = outbox::revive(&txn, org, id).await? else { return Ok(false) };
    if let Job::WriteNote { note, .. } = &job {
        ats::notes::again(&txn, org, *note).await?;
    }
    let entry = AuditEntry {
        org,
        actor: Actor::Person(coordinator.member().person),
        action: "job.retried",
        subject: id.to_string(),
        detail: serde_json::json!({ "kind": job.kind(), "about": job.subject() }),
        origin: origin.clone(),
    };
    audit::record(&txn, entry).await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(true)
}
