//! One line per job: which verb keeps the promise, and how long it may take.

use std::time::Duration;

use crate::{
    booking, connections,
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
        Job::ReadConnection { connection } => {
            let read = connections::connect::read_again(&state.services, org, connection).await;
            read.map_err(|error| sync::job_error(error, connection))
        }
    }
}

/// A job that takes longer is broken off and tried again later. The heartbeat keeps its lease meanwhile.
pub fn limit(job: &Job) -> Duration {
    match job {
        Job::PlaceEvent { .. } | Job::SettleHold { .. } | Job::ReadConnection { .. } => Duration::from_secs(50),
        // Breaking off while the mail server takes its time would send the same mail again: the transport's own patience has
        // to end first.
        Job::SendMessage { .. } => Duration::from_secs(200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::MessageId, notifications::email::smtp::Patience};

    #[test]
    fn a_mail_server_may_take_as_long_as_we_wait_for_it() {
        let Patience { dialogue, delivery } = Patience::default();
        let mail = Job::SendMessage { message: MessageId::new(), thread: String::new() };
        // What is left is for the goodbye and for the database.
        assert!(limit(&mail) >= dialogue + delivery + Duration::from_secs(30));
    }
}
