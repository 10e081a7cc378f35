//! Reads what changed on a calendar, and has every event of ours that is concerned looked at.
//!
//! A change told in passing is a hint: the cursor moves on in the transaction that promises to look ([`Job::FollowEvent`]), so
//! none is lost and nothing is done on hearsay. Where much of what we put there seems to have vanished at once, nothing moves
//! on: somebody has to say that it is meant.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    followed::{self, Progress, Standing},
    run::job_error,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        AccessToken, Calendar, CalendarError,
        changes::{Changes, Cursor},
    },
    connections::{
        self, busy,
        tokens::{self, AccessError},
    },
    ids::{ConnectionId, EventId, OrgId},
    outbox::{self, Job, JobError},
    scheduling::interval::Interval,
    state::AppState,
    store::{StoreError, Txn},
};

/// From when on entries are of interest, before now.
const BACK: TimeDelta = TimeDelta::days(1);
/// And until when; interviews are not booked further ahead.
const AHEAD: TimeDelta = TimeDelta::days(400);
/// Where a cursor tells of a stretch of time only, another is taken when less than this is left of it.
const REACHES_AT_LEAST: TimeDelta = TimeDelta::days(200);
/// More interviews than this are not believed to vanish at once, nor more than a fifth of several.
const VANISH_AT_MOST: usize = 5;

/// Reads what changed on this calendar since it was last read.
pub async fn pull(state: &AppState, org: OrgId, connection: ConnectionId, calendar: &str) -> Result<(), JobError> {
    let db = state.store.reader();
    let begun = state.clock.now();
    let found = connections::find(db, org, connection).await?.filter(connections::Connection::is_usable);
    // What is not connected any more is read when it is again.
    let Some(found) = found else { return Ok(()) };
    let progress = followed::progress(db, org, connection, calendar).await?;
    let standing = followed::standing_on(db, org, connection, calendar, begun).await?;
    if standing.is_empty() && progress.cursor.is_none() {
        // Nothing of ours is there: a push says that busy times may be others, and no more.
        let txn = state.store.begin().await?;
        busy::forget(&txn, org, connection).await?;
        txn.commit().await?;
        return Ok(());
    }
    let Some(client) = state.services.calendars.get(found.provider) else { return Ok(()) };
    let reading = read(state, org, connection, &client.calendar, calendar, progress.cursor.clone(), begun);
    let changes = match reading.await {
        Ok(changes) => Some(changes),
        // The whole calendar is gone, or not shared any more, and with it everything on it.
        Err(AccessError::Calendar(CalendarError::Gone)) => None,
        Err(error) => return Err(job_error(error, connection)),
    };
    settle(state, (org, connection, calendar), &progress, changes, begun).await
}

async fn read(
    state: &AppState,
    org: OrgId,
    connection: ConnectionId,
    client: &Arc<dyn Calendar>,
    calendar: &str,
    cursor: Option<Cursor>,
    now: DateTime<Utc>,
) -> Result<Changes, AccessError> {
    let window = Interval::new(now - BACK, now + AHEAD).expect("it runs forward");
    let is_far = |cursor: &Cursor| cursor.reaches.is_none_or(|until| until - now >= REACHES_AT_LEAST);
    let cursor = cursor.filter(is_far);
    let changes = |since: Option<Cursor>| {
        tokens::with_access(&state.services, org, connection, move |token: AccessToken| {
            let (client, since) = (client.clone(), since.clone());
            async move { client.changes(&token, calendar, since.as_ref(), window).await }
        })
    };
    match changes(cursor.clone()).await {
        Err(AccessError::Calendar(CalendarError::CursorGone)) if cursor.is_some() => changes(None).await,
        told => told,
    }
}

/// What follows from what was told, and the cursor with it. Nothing was told of a calendar that is gone.
async fn settle(
    state: &AppState,
    (org, connection, calendar): (OrgId, ConnectionId, &str),
    before: &Progress,
    changes: Option<Changes>,
    begun: DateTime<Utc>,
) -> Result<(), JobError> {
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    // What stands there by now: what was placed while we read is among the entries or will be.
    let standing = followed::standing_on(&*txn, org, connection, calendar, now).await?;
    let concerned = match &changes {
        Some(changes) => Concerned::of(&standing, changes),
        None => Concerned { gone: standing.iter().map(|one| one.event).collect(), ..Concerned::default() },
    };
    let mut progress = Progress { pulled_at: Some(begun), stopped: None, ..before.clone() };
    match changes {
        Some(changes) if !concerned.is_too_much(standing.len()) => {
            progress.cursor = Some(changes.cursor);
            if changes.is_complete {
                progress.complete_at = Some(begun);
            } else if !changes.entries.is_empty() {
                busy::forget(&txn, org, connection).await?;
            }
            for event in concerned.all() {
                promise(&txn, org, event, now).await?;
            }
        }
        _ => {
            let missing = concerned.gone.len();
            progress.stopped = Some(before.stopped.unwrap_or((now, 0)));
            progress.stopped.iter_mut().for_each(|(_, known)| *known = u32::try_from(missing).unwrap_or(u32::MAX));
            if before.stopped.is_none() {
                tracing::error!(%connection, missing, "much of a calendar seems to have vanished at once");
                let detail = serde_json::json!({ "missing": missing, "of": standing.len() });
                let (actor, action, origin) = (Actor::System, "calendar.stopped", Origin::default());
                let subject = connection.to_string();
                audit::record(&txn, AuditEntry { org, actor, action, subject, detail, origin }).await?;
            }
        }
    }
    followed::keep(&txn, org, connection, calendar, &progress).await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

async fn promise(txn: &Txn, org: OrgId, event: EventId, now: DateTime<Utc>) -> Result<(), StoreError> {
    outbox::enqueue_once(txn, org, &Job::FollowEvent { event }, now, now).await?;
    Ok(())
}

/// Somebody says that what vanished was meant to, or has seen to it: everything is read anew, and each event looked at.
///
/// # Errors
/// The database's.
pub async fn go_on(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let before = followed::progress(&**txn, org, connection, calendar).await?;
    if before.stopped.is_none() {
        return Ok(());
    }
    for one in followed::standing_on(&**txn, org, connection, calendar, now).await? {
        promise(txn, org, one.event, now).await?;
    }
    let progress = Progress { cursor: None, stopped: None, ..before };
    followed::keep(txn, org, connection, calendar, &progress).await
}

/// The events of ours that what was told is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Concerned {
    /// Told, or left out of all there is, as gone; not those of which that is known.
    gone: BTreeSet<EventId>,
    touched: BTreeSet<EventId>,
}

impl Concerned {
    fn of(standing: &[Standing], changes: &Changes) -> Self {
        let mut concerned = Self::default();
        for one in standing {
            let entry = changes.entries.iter().find(|entry| entry.provider_id == one.provider_id);
            match entry {
                Some(entry) if entry.is_gone => concerned.note_gone(one),
                Some(_) => {
                    concerned.touched.insert(one.event);
                }
                None if changes.is_complete => concerned.note_gone(one),
                None => {}
            }
        }
        concerned
    }

    fn note_gone(&mut self, one: &Standing) {
        if !one.known_gone {
            self.gone.insert(one.event);
        }
    }

    /// Whether so much is gone that it is more likely a mistake, of somebody or of the provider, than what somebody wants.
    fn is_too_much(&self, standing: usize) -> bool {
        let gone = self.gone.len();
        gone > VANISH_AT_MOST || (gone > 1 && standing > VANISH_AT_MOST && gone * 5 > standing)
    }

    fn all(self) -> impl Iterator<Item = EventId> {
        self.gone.into_iter().chain(self.touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calendars::changes::Changed, ids::PlacementId};

    fn standing(count: usize) -> Vec<Standing> {
        let one = |number: usize| Standing {
            placement: PlacementId::new(),
            event: EventId::new(),
            provider_id: format!("event-{number}"),
            known_gone: false,
        };
        (0..count).map(one).collect()
    }

    fn told(entries: &[(usize, bool)], is_complete: bool) -> Changes {
        let entry =
            |(number, is_gone): &(usize, bool)| Changed { provider_id: format!("event-{number}"), is_gone: *is_gone };
        let cursor = Cursor { text: "next".to_owned(), reaches: None };
        Changes { entries: entries.iter().map(entry).collect(), is_complete, cursor }
    }

    #[test]
    fn what_is_left_out_counts_only_where_everything_was_told() {
        let three = standing(3);
        let concerned = Concerned::of(&three, &told(&[(0, false), (1, true), (7, true)], false));
        assert_eq!(concerned.touched, [three[0].event].into());
        assert_eq!(concerned.gone, [three[1].event].into());
        let concerned = Concerned::of(&three, &told(&[(0, false)], true));
        assert_eq!(concerned.gone, [three[1].event, three[2].event].into());
    }

    #[test]
    fn what_is_known_to_be_gone_is_no_news() {
        let mut two = standing(2);
        two[1].known_gone = true;
        let concerned = Concerned::of(&two, &told(&[(0, true), (1, true)], false));
        assert_eq!(concerned.gone, [two[0].event].into());
    }

    #[test]
    fn a_person_deletes_some_and_a_mistake_deletes_many() {
        let gone = |standing_there: usize, gone: usize| {
            let all = standing(standing_there);
            let entries: Vec<_> = (0..gone).map(|number| (number, true)).collect();
            Concerned::of(&all, &told(&entries, false)).is_too_much(standing_there)
        };
        for (there, fine) in [(1, 1), (3, 3), (5, 5), (6, 1), (10, 2), (25, 5), (100, 5)] {
            assert!(!gone(there, fine), "{fine} of {there}");
        }
        for (there, too_much) in [(6, 2), (10, 3), (24, 5), (6, 6), (100, 6)] {
            assert!(gone(there, too_much), "{too_much} of {there}");
        }
    }
}
