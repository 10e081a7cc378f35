//! Writing one note: looked for first if it may stand there already, then sent, and the outcome kept with what it says about the
//! system as a whole.

use std::time::Duration;

use serde_json::json;

use super::{
    Ats, AtsError,
    breaker::{self, Pass},
    notes::{self, Note},
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    ids::{NoteId, OrgId},
    outbox::{JobError, Reason},
    state::AppState,
    store::{StoreError, words::NoteStatus},
};

/// How long after a note was sent without an answer to look for it: what was taken late has appeared by then.
const LOOK_AFTER: Duration = Duration::from_secs(30);

/// Why a note was not written in this try.
enum Failure {
    Ats(AtsError),
    Store(StoreError),
}

impl From<AtsError> for Failure {
    fn from(error: AtsError) -> Self {
        Self::Ats(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Writes a note into the applicant-tracking system, once whatever was tried before. Without a system there is nothing to do,
/// and nobody is bothered with it.
pub async fn write_note(state: &AppState, org: OrgId, id: NoteId) -> Result<(), JobError> {
    let note = notes::find(state.store.reader(), org, id).await?;
    let Some(note) = note.filter(|note| note.status != NoteStatus::Written) else { return Ok(()) };
    let Some(ats) = &state.ats else {
        let txn = state.store.begin().await?;
        notes::failed(&txn, org, id, Reason::NoteSwitchedOff, true).await?;
        return Ok(txn.commit().await?);
    };
    if let Pass::Wait(after) = breaker::pass(&state.store, org, state.clock.now()).await? {
        return Err(JobError::Later { after });
    }
    match put(state, ats.as_ref(), org, &note).await {
        Ok(remote) => Ok(keep(state, org, &note, &remote).await?),
        Err(Failure::Ats(error)) => Err(not_written(state, org, &note, &error).await?),
        Err(Failure::Store(error)) => Err(error.into()),
    }
}

async fn put(state: &AppState, ats: &dyn Ats, org: OrgId, note: &Note) -> Result<String, Failure> {
    if note.is_unconfirmed
        && let Some(remote) = ats.find_note(&note.application, &note.marker()).await?
    {
        return Ok(remote);
    }
    let txn = state.store.begin().await?;
    notes::announce(&txn, org, note.id, state.clock.now()).await?;
    txn.commit().await?;
    Ok(ats.add_note(&note.application, &note.body, &note.id.to_string()).await?)
}

async fn keep(state: &AppState, org: OrgId, note: &Note, remote: &str) -> Result<(), StoreError> {
    let txn = state.store.begin().await?;
    breaker::answered(&txn, org).await?;
    notes::written(&txn, org, note.id, remote, state.clock.now()).await?;
    let entry = AuditEntry {
        org,
        actor: Actor::System,
        action: "note.written",
        subject: note.id.to_string(),
        detail: json!({ "kind": note.kind }),
        origin: Origin::default(),
    };
    audit::record(&txn, entry).await?;
    txn.commit().await
}

/// Keeps what the failure says, and what follows from it for the job.
async fn not_written(state: &AppState, org: OrgId, note: &Note, error: &AtsError) -> Result<JobError, StoreError> {
    // The reason people read is kept with it; what the system said is for operators.
    tracing::warn!(note = %note.id, %error, "a note was not written");
    let txn = state.store.begin().await?;
    let pause = if error.is_outage() {
        breaker::silent(&txn, org, state.clock.now()).await?
    } else {
        breaker::answered(&txn, org).await?;
        None
    };
    // What was sent in an earlier try may stand there whatever became of this one.
    if !note.is_unconfirmed && !error.may_have_happened() {
        notes::not_taken(&txn, org, note.id).await?;
    }
    let reason = error.reason();
    notes::failed(&txn, org, note.id, reason, false).await?;
    txn.commit().await?;
    let least = error.may_have_happened().then_some(LOOK_AFTER);
    Ok(match pause {
        Some(pause) => JobError::Later { after: pause.max(error.retry_after().unwrap_or_default()) },
        None if error.is_retryable() => JobError::Retry { after: error.retry_after().max(least), reason },
        None => JobError::GiveUp { reason },
    })
}
