//! One line per job: which verb keeps the promise.

use crate::{
    booking,
    ids::OrgId,
    notifications,
    outbox::{Job, JobError},
    state::AppState,
    sync,
};

pub async fn run(state: &AppState, org: OrgId, job: Job) -> Result<(), JobError> {
    match job {
        Job::PlaceEvent { event } => sync::place_event(state, event).await,
        Job::SendMessage { message, .. } => notifications::deliver(state, org, message).await,
        Job::SettleHold { booking } => booking::hold::settle(state, org, booking).await,
    }
}
