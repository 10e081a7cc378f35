//! Compares everything of ours that should stand on a calendar with what does, heals what is safe to heal, and keeps the rest for
//! somebody to see: nightly, and when an administrator asks.
//!
//! What was moved or is missing is looked at like any change there; a change of ours that did not arrive is promised again; what
//! was taken off and is there is taken off again. Only what nobody here asked for ([`strays`]) waits for a person: it may be somebody's
//! copy, or belong to a database that was restored from a backup.

mod compare;
pub mod strays;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};

use super::{followed, run::job_error};
use crate::{
    calendars::AccessToken,
    connections::{self, Connection, tokens},
    events,
    ids::{ConnectionId, EventId, OrgId},
    outbox::{self, Job, JobError},
    scheduling::interval::Interval,
    state::AppState,
    store::{
        Stamp, StoreError, Txn,
        entities::{events as event_rows, placements},
    },
};
use compare::{Discrepancy, Known};

pub use compare::Counts;
pub use strays::{Stray, remove};

/// How far ahead is compared.
const AHEAD: TimeDelta = TimeDelta::days(400);
/// What was written this short ago may not be told yet.
const SETTLES: TimeDelta = TimeDelta::minutes(2);

/// Compares one calendar.
pub async fn compare(state: &AppState, org: OrgId, connection: ConnectionId, calendar: &str) -> Result<(), JobError> {
    let (db, begun) = (state.store.reader(), state.clock.now());
    let found = connections::find(db, org, connection).await?.filter(Connection::is_usable);
    let Some(found) = found else { return Ok(()) };
    let Some(client) = state.services.calendars.get(found.provider) else { return Ok(()) };
    let client = client.calendar.clone();
    let window = Interval::new(begun, begun + AHEAD).expect("it runs forward");
    let there = tokens::with_access(&state.services, org, connection, |token: AccessToken| {
        let client = client.clone();
        async move { client.ours(&token, calendar, window).await }
    });
    let there = there.await.map_err(|error| job_error(error, connection))?;

    let now = state.clock.now();
    let txn = state.store.begin().await?;
    let (known, fresh) = known(&txn, org, connection, calendar, begun).await?;
    let mut discrepancies = compare::compare(&known, &there);
    discrepancies.retain(|one| event_of(one).is_none_or(|event| !fresh.contains(&event)));
    for one in &discrepancies {
        heal(&txn, org, connection, one, now).await?;
    }
    strays::keep(&txn, org, connection, calendar, &discrepancies, now).await?;
    let standing = known.iter().filter(|one| one.stands).count();
    let before = followed::progress(&*txn, org, connection, calendar).await?;
    let counts = Counts::of(standing, &discrepancies);
    let progress = followed::Progress { compared_at: Some(begun), found: counts, ..before };
    followed::keep(&txn, org, connection, calendar, &progress).await?;
    txn.commit().await?;
    if !counts.is_clean() {
        tracing::warn!(%connection, ?counts, "a calendar differs from what should stand in it");
    }
    state.wake.notify_one();
    Ok(())
}

/// Promises to compare every calendar of this organisation on which something of ours stands.
pub async fn ask(state: &AppState, org: OrgId) -> Result<usize, StoreError> {
    let now = state.clock.now();
    let all = followed::all(state.store.reader(), now).await?;
    let txn = state.store.begin().await?;
    let mut asked = 0;
    for one in all.into_iter().filter(|one| one.org == org && one.has_events) {
        let job = Job::CompareCalendar { connection: one.connection, calendar: one.calendar };
        outbox::enqueue_once(&txn, org, &job, now, now).await?;
        asked += 1;
    }
    txn.commit().await?;
    state.wake.notify_one();
    Ok(asked)
}

/// Whose event it is about, unless it is a stray.
fn event_of(one: &Discrepancy) -> Option<EventId> {
    match one {
        Discrepancy::Missing(event)
        | Discrepancy::Moved(event)
        | Discrepancy::Unwritten(event)
        | Discrepancy::Lingers(event) => Some(*event),
        Discrepancy::Stray(_) => None,
    }
}

/// Every event that is not over and has to do with this calendar; and which of them were written or changed a moment ago.
async fn known(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
    begun: DateTime<Utc>,
) -> Result<(Vec<Known>, Vec<EventId>), StoreError> {
    let event = placements::Entity::belongs_to(event_rows::Entity)
        .from(placements::Column::EventId)
        .to(event_rows::Column::Id)
        .into();
    let ids: Vec<EventId> = placements::Entity::find()
        .select_only()
        .column(placements::Column::EventId)
        .join(JoinType::InnerJoin, event)
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::ConnectionId.eq(connection))
        .filter(placements::Column::Calendar.eq(calendar))
        .filter(event_rows::Column::EndsAt.gt(Stamp::from(begun)))
        .into_tuple()
        .all(&**txn)
        .await?;
    let (mut known, mut fresh) = (Vec::new(), Vec::new());
    for id in ids {
        let Some(event) = events::find(&**txn, org, id).await? else { continue };
        for placement in events::placements_of(&**txn, org, id).await? {
            if placement.connection != connection || placement.calendar != calendar {
                continue;
            }
            if placement.last_synced_at.is_some_and(|at| begun - at < SETTLES) || placement.unconfirmed_since.is_some()
            {
                fresh.push(id);
            }
            known.push(Known {
                event: id,
                status: event.status,
                provider_id: placement.provider_id.clone(),
                stands: placement.stands(),
                is_current: placement.is_current(&event),
                seen: placement.seen,
            });
        }
    }
    Ok((known, fresh))
}

/// Does what is safe to do without asking anybody.
async fn heal(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    one: &Discrepancy,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    match one {
        Discrepancy::Missing(event) | Discrepancy::Moved(event) => {
            outbox::enqueue_once(txn, org, &Job::FollowEvent { event: *event }, now, now).await?;
        }
        Discrepancy::Unwritten(event) => promise_anew(txn, org, *event, now).await?,
        Discrepancy::Lingers(event) => {
            let still_there = placements::ActiveModel { removed_at: Set(None), ..Default::default() };
            placements::Entity::update_many()
                .set(still_there)
                .filter(placements::Column::OrgId.eq(org))
                .filter(placements::Column::EventId.eq(*event))
                .filter(placements::Column::ConnectionId.eq(connection))
                .exec(&**txn)
                .await?;
            promise_anew(txn, org, *event, now).await?;
        }
        Discrepancy::Stray(_) => {}
    }
    Ok(())
}

/// Unless it is promised already, or was given up and somebody is to say that it should be tried again.
async fn promise_anew(txn: &Txn, org: OrgId, event: EventId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let job = Job::PlaceEvent { event };
    let subject = job.subject();
    if outbox::outlooks(&**txn, org, [subject.clone()]).await?.contains_key(&subject) {
        return Ok(());
    }
    outbox::enqueue(txn, org, &job, now).await?;
    Ok(())
}
