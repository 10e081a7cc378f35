//! One line per job: which verb keeps the promise, how long it may take, and who hears when it is not kept.

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    ats,
    booking::{self, outside},
    connections::{
        self, alerts,
        revocation::{self, RevocationError},
    },
    events,
    ids::{EventId, OrgId, RevocationId},
    notifications,
    outbox::{Fate, Job, JobError, Reason},
    state::AppState,
    store::{StoreError, Txn, words::Direction},
    sync::{self, News, follow::Finding},
    webhooks,
};

/// How long a grant is kept at most for what is still to be taken off a calendar with it.
const LEAVES_WITHIN: TimeDelta = TimeDelta::hours(72);
/// How often to look whether it is off.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

pub async fn run(state: &AppState, org: OrgId, job: Job) -> Result<(), JobError> {
    match job {
        Job::PlaceEvent { event } => sync::place_event(state, org, event).await,
        Job::SendMessage { message, .. } => notifications::deliver(state, org, message).await,
        Job::SettleHold { booking } => booking::hold::settle(state, org, booking).await,
        Job::ReadConnection { connection } => {
            let read = connections::connect::read_again(&state.services, org, connection).await;
            read.map_err(|error| sync::job_error(error, connection))
        }
        Job::TellAnswered { person, at } => booking::answered::tell(state, org, person, at).await,
        Job::Remind { booking, minutes } => booking::remind::remind(state, org, booking, minutes).await,
        Job::WriteNote { note, .. } => ats::write::write_note(state, org, note).await,
        Job::EndGrant { revocation } => end_grant(state, org, revocation).await,
        Job::PullCalendar { connection, calendar } => sync::pull(state, org, connection, &calendar).await,
        Job::FollowEvent { event } => follow(state, org, event).await,
        Job::CompareCalendar { connection, calendar } => {
            sync::reconcile::compare(state, org, connection, &calendar).await
        }
        Job::RemoveStray { stray } => sync::reconcile::remove(state, org, stray).await,
        Job::WatchCalendar { connection, calendar } => sync::channels::watch(state, org, connection, &calendar).await,
        Job::DeliverWebhook { delivery, endpoint } => webhooks::deliver::deliver(state, org, delivery, endpoint).await,
    }
}

/// Looks at an event where it stands, and does what follows from what was done to it there.
async fn follow(state: &AppState, org: OrgId, event: EventId) -> Result<(), JobError> {
    for Finding { placement: on, news } in sync::follow::look(state, org, event).await? {
        match news {
            News::Moved(to) => outside::moved(state, org, event, on, to).await?,
            News::Gone => outside::gone(state, org, event, on).await?,
            News::Collided(theirs) => outside::collided(state, org, event, on, theirs).await?,
            News::Agreed => outside::agreed(state, org, event, on).await?,
            News::Answered(answers) => outside::answered(state, org, event, on, &answers).await?,
        }
    }
    Ok(())
}

/// Hands a grant back, as soon as what was to be taken off the calendar with it is off; in any case after three days.
async fn end_grant(state: &AppState, org: OrgId, id: RevocationId) -> Result<(), JobError> {
    let (db, now) = (state.store.reader(), state.clock.now());
    let Some(pending) = revocation::pending(db, org, id).await? else { return Ok(()) };
    let may_wait = now < pending.since + LEAVES_WITHIN;
    if may_wait && events::leaving::is_under_way(db, org, pending.connection, now).await? {
        return Err(JobError::Later { after: LOOK_AGAIN });
    }
    if may_wait {
        sync::channels::end_all(state, org, pending.connection).await?;
    }
    revocation::carry_out(&state.services, org, id).await.map_err(|error| match error {
        RevocationError::NoAnswer => JobError::Retry { after: None, reason: Reason::Unavailable },
        RevocationError::Refused => JobError::GiveUp { reason: Reason::Rejected },
        RevocationError::Store(error) => error.into(),
    })
}

/// Keeps why a try failed, and tells whoever has to know of a dead letter; with the transaction that settles the job.
pub async fn failed(
    txn: &Txn,
    state: &AppState,
    org: OrgId,
    job: &Job,
    reason: Reason,
    fate: Fate,
) -> Result<(), StoreError> {
    let is_dead = fate == Fate::Dead;
    match job {
        Job::PlaceEvent { event } => {
            sync::failed(txn, &state.services, org, *event, reason).await?;
            if is_dead { booking::not_placed(txn, state, org, *event, reason).await } else { Ok(()) }
        }
        Job::SendMessage { message, .. } => notifications::failed(txn, org, *message, reason, is_dead).await,
        Job::WriteNote { note, .. } => ats::notes::failed(txn, org, *note, reason, is_dead).await,
        Job::EndGrant { revocation } if is_dead => revocation::give_up(txn, org, *revocation).await,
        Job::EndGrant { .. } => Ok(()),
        Job::DeliverWebhook { delivery, .. } if is_dead => webhooks::deliver::give_up(txn, org, *delivery).await,
        Job::DeliverWebhook { .. } => Ok(()),
        Job::ReadConnection { connection } | Job::PullCalendar { connection, .. } => {
            alerts::failed(&state.services, txn, org, *connection, Direction::In, reason.code()).await
        }
        Job::SettleHold { .. }
        | Job::TellAnswered { .. }
        | Job::Remind { .. }
        | Job::FollowEvent { .. }
        | Job::CompareCalendar { .. }
        | Job::RemoveStray { .. }
        | Job::WatchCalendar { .. } => Ok(()),
    }
}

/// A job that takes longer is broken off and tried again later. The heartbeat keeps its lease meanwhile.
pub fn limit(job: &Job) -> Duration {
    match job {
        Job::PlaceEvent { .. }
        | Job::SettleHold { .. }
        | Job::ReadConnection { .. }
        | Job::TellAnswered { .. }
        | Job::WriteNote { .. }
        | Job::EndGrant { .. }
        | Job::PullCalendar { .. }
        | Job::FollowEvent { .. }
        | Job::CompareCalendar { .. }
        | Job::RemoveStray { .. }
        | Job::WatchCalendar { .. }
        | Job::DeliverWebhook { .. }
        | Job::Remind { .. } => Duration::from_secs(50),
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
