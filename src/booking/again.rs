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

/// The same for all dead letters of a kind, at most [`outbox::MOST_AT_ONCE`]; says how many there were.
pub async fn try_all(
    state: &AppState,
    coordinator: &Coordinator,
    kind: &str,
    origin: &Origin,
) -> Result<usize, StoreError> {
    let letters = outbox::dead_letters(state.store.reader(), coordinator.member().org, outbox::MOST_AT_ONCE).await?;
    let mut tried = 0;
    for letter in letters.into_iter().filter(|letter| letter.kind == kind) {
        // One that somebody else tries meanwhile is no dead letter any more.
        tried += usize::from(try_again(state, coordinator, letter.id, origin).await?);
    }
    Ok(tried)
}

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
