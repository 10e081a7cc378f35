//! What keeps calendars followed without anybody pushing: each is read every so often, and channels are seen to in time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::{
    channels::{self, Channel},
    followed::{self, Followed},
};
use crate::{
    calendars::changes::Pushes,
    ids::ConnectionId,
    outbox::{self, Job},
    state::AppState,
    store::{StoreError, words::ChannelStatus},
};

/// How often a calendar with events of ours is read where nobody pushes, so that what is done there is true here within a
/// minute or so.
const UNPUSHED: TimeDelta = TimeDelta::seconds(45);
/// How often where a provider pushes, since some pushes are lost.
const PUSHED: TimeDelta = TimeDelta::minutes(10);

/// How often all of ours on a calendar is compared with what stands there.
const COMPARED: TimeDelta = TimeDelta::hours(24);

/// Promises what is due: calendars to be read and compared, channels to be opened, made longer or ended. Another process may do the same at the
/// same time; what is promised already is not promised again.
pub async fn tend(state: &AppState) -> Result<(), StoreError> {
    let (db, now) = (state.store.reader(), state.clock.now());
    let followed = followed::all(db, now).await?;
    let progress = followed::progress_of_all(db, None).await?;
    let mut last: BTreeMap<(ConnectionId, String), Channel> = BTreeMap::new();
    let mut open = BTreeSet::new();
    for channel in channels::all(db, None).await? {
        let of = (channel.connection, channel.calendar.clone());
        if channel.is_open(now) {
            open.insert((channel.org, of.clone()));
        }
        last.insert(of, channel);
    }
    let mut due = Vec::new();
    for one in &followed {
        let of = (one.connection, one.calendar.clone());
        let channel = last.get(&of);
        let is_pushed = channel.is_some_and(|one| one.is_open(now) && one.status == ChannelStatus::Live);
        let every = if is_pushed { PUSHED } else { UNPUSHED };
        let progress = progress.get(&of);
        let pulled_at = progress.and_then(|progress| progress.pulled_at);
        // Counted from the first time it was read, so that calendars do not all come at the same hour.
        let compared_at = progress.and_then(|progress| progress.compared_at.or(progress.complete_at));
        if one.has_events && pulled_at.is_none_or(|at| now - at >= every) {
            due.push((one.org, Job::PullCalendar { connection: one.connection, calendar: one.calendar.clone() }));
        }
        if one.has_events && compared_at.is_some_and(|at| now - at >= COMPARED) {
            due.push((one.org, Job::CompareCalendar { connection: one.connection, calendar: one.calendar.clone() }));
        }
        if pushes(state, one) && channel.is_none_or(|channel| channel.renew_at <= now) {
            due.push((one.org, Job::WatchCalendar { connection: one.connection, calendar: one.calendar.clone() }));
        }
        open.remove(&(one.org, of));
    }
    // Nobody follows them any more.
    for (org, (connection, calendar)) in open {
        due.push((org, Job::WatchCalendar { connection, calendar }));
    }
    for (org, job) in due {
        if outbox::is_waiting(db, org, &job).await? {
            continue;
        }
        let txn = state.store.begin().await?;
        outbox::enqueue_once(&txn, org, &job, now, now).await?;
        txn.commit().await?;
        state.wake.notify_one();
    }
    Ok(())
}

/// Whether the provider may push to this server. Plain http is for stand-ins on this machine; real providers refuse it, and are
/// asked again once an hour.
fn pushes(state: &AppState, one: &Followed) -> bool {
    let client = state.services.calendars.get(one.provider);
    one.may_push && client.is_some_and(|client| client.calendar.pushes() != Pushes::Never)
}
