//! Which calendars are followed, and how far each has been read.
//!
//! Events of ours are followed on the calendars on which they stand, by reading what changed. Of calendars that are only read,
//! nothing is kept but busy times; a push says that those have to be read again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::OnConflict,
};

use super::reconcile::Counts;
use crate::{
    calendars::{Provider, changes::Cursor},
    connections::{self, Need},
    ids::{ConnectionId, EventId, OrgId, PlacementId},
    store::{
        Stamp, StoreError, Txn,
        entities::{calendars, cursors, events, placements},
        words::EventStatus,
    },
};

/// One calendar of a connection that works.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Followed {
    pub org: OrgId,
    pub connection: ConnectionId,
    /// The provider's id, or `primary`.
    pub calendar: String,
    pub provider: Provider,
    /// Events of ours that are not over stand on it.
    pub has_events: bool,
    /// The provider may push what happens on it, as far as its owner's permission goes.
    pub may_push: bool,
}

/// All of them, of all organisations.
pub async fn all(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Followed>, StoreError> {
    let usable = connections::usable(db).await?;
    let standing: Vec<(ConnectionId, String)> = standing(now)
        .select_only()
        .columns([placements::Column::ConnectionId, placements::Column::Calendar])
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let read: Vec<(ConnectionId, String)> = calendars::Entity::find()
        .select_only()
        .columns([calendars::Column::ConnectionId, calendars::Column::ProviderId])
        .filter(calendars::Column::IsRead.eq(true))
        .filter(calendars::Column::IsListed.eq(true))
        .into_tuple()
        .all(db)
        .await?;
    let standing: BTreeSet<_> = standing.into_iter().collect();
    let mut of_connection: BTreeMap<ConnectionId, BTreeSet<String>> = BTreeMap::new();
    for (connection, calendar) in read.into_iter().chain(standing.iter().cloned()) {
        of_connection.entry(connection).or_default().insert(calendar);
    }
    let mut followed = Vec::new();
    for connection in usable {
        for calendar in of_connection.remove(&connection.id).unwrap_or_default() {
            followed.push(Followed {
                org: connection.org,
                connection: connection.id,
                has_events: standing.contains(&(connection.id, calendar.clone())),
                calendar,
                provider: connection.provider,
                may_push: may_push(&connection),
            });
        }
    }
    Ok(followed)
}

/// Google pushes to who may see events, which an interviewer's free/busy permission does not open.
fn may_push(connection: &connections::Connection) -> bool {
    match connection.provider {
        Provider::Google => connection.can(Need::WriteEvents),
        Provider::Microsoft => connection.can(Need::ReadBusy),
        Provider::Apple => false,
    }
}

/// Placements of events that are not over and stand on a calendar as far as we know.
fn standing(now: DateTime<Utc>) -> Select<placements::Entity> {
    let event =
        placements::Entity::belongs_to(events::Entity).from(placements::Column::EventId).to(events::Column::Id).into();
    placements::Entity::find()
        .join(JoinType::InnerJoin, event)
        .filter(placements::Column::ProviderId.ne(""))
        .filter(placements::Column::RemovedAt.is_null())
        .filter(placements::Column::WithdrawnAt.is_null())
        .filter(events::Column::Status.eq(EventStatus::Confirmed))
        .filter(events::Column::EndsAt.gt(Stamp::from(now)))
}

/// An event of ours where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub placement: PlacementId,
    pub event: EventId,
    pub provider_id: String,
    /// It was seen gone before, and somebody is to decide about that.
    pub known_gone: bool,
}

/// What stands on this calendar.
pub async fn standing_on(
    db: &impl ConnectionTrait,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Standing>, StoreError> {
    let rows = standing(now)
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::ConnectionId.eq(connection))
        .filter(placements::Column::Calendar.eq(calendar))
        .order_by_asc(placements::Column::Id)
        .all(db)
        .await?;
    let standing = |row: placements::Model| Standing {
        placement: row.id,
        event: row.event_id,
        provider_id: row.provider_id,
        known_gone: row.seen == "gone",
    };
    Ok(rows.into_iter().map(standing).collect())
}

/// How far a calendar has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// `None`: everything is to be read.
    pub cursor: Option<Cursor>,
    /// When everything was last read, and when anything was.
    pub complete_at: Option<DateTime<Utc>>,
    pub pulled_at: Option<DateTime<Utc>>,
    /// When so much had vanished at once that a person has to say whether that is meant, and how much.
    pub stopped: Option<(DateTime<Utc>, u32)>,
    /// When all of ours on it was last compared with what stands there, and what was found.
    pub compared_at: Option<DateTime<Utc>>,
    pub found: Counts,
}

impl From<cursors::Model> for Progress {
    fn from(row: cursors::Model) -> Self {
        let reaches = row.reaches.map(|at| at.at());
        Self {
            cursor: row.cursor.map(|text| Cursor { text, reaches }),
            complete_at: row.complete_at.map(|at| at.at()),
            pulled_at: row.pulled_at.map(|at| at.at()),
            stopped: row.stopped_at.map(|at| (at.at(), row.missing.unsigned_abs())),
            compared_at: row.compared_at.map(|at| at.at()),
            found: Counts::from_text(&row.found),
        }
    }
}

/// How far this calendar has been read.
pub async fn progress(
    db: &impl ConnectionTrait,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
) -> Result<Progress, StoreError> {
    let row = cursors::Entity::find_by_id((connection, calendar.to_owned())).filter(cursors::Column::OrgId.eq(org));
    Ok(row.one(db).await?.map(Progress::from).unwrap_or_default())
}

/// How far each calendar has been read, of all organisations or of one.
pub async fn progress_of_all(
    db: &impl ConnectionTrait,
    org: Option<OrgId>,
) -> Result<BTreeMap<(ConnectionId, String), Progress>, StoreError> {
    let mut query = cursors::Entity::find();
    if let Some(org) = org {
        query = query.filter(cursors::Column::OrgId.eq(org));
    }
    let rows = query.all(db).await?;
    Ok(rows.into_iter().map(|row| ((row.connection_id, row.calendar.clone()), row.into())).collect())
}

/// Keeps how far a calendar has been read.
pub async fn keep(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
    progress: &Progress,
) -> Result<(), StoreError> {
    use cursors::Column;
    let stamp = |at: Option<DateTime<Utc>>| at.map(Stamp::from);
    let row = cursors::ActiveModel {
        connection_id: Set(connection),
        calendar: Set(calendar.to_owned()),
        org_id: Set(org),
        cursor: Set(progress.cursor.as_ref().map(|cursor| cursor.text.clone())),
        reaches: Set(stamp(progress.cursor.as_ref().and_then(|cursor| cursor.reaches))),
        complete_at: Set(stamp(progress.complete_at)),
        pulled_at: Set(stamp(progress.pulled_at)),
        stopped_at: Set(stamp(progress.stopped.map(|(at, _)| at))),
        missing: Set(progress.stopped.map_or(0, |(_, missing)| i32::try_from(missing).unwrap_or(i32::MAX))),
        compared_at: Set(stamp(progress.compared_at)),
        found: Set(progress.found.to_text()),
    };
    let again = OnConflict::columns([Column::ConnectionId, Column::Calendar])
        .update_columns([
            Column::Cursor,
            Column::Reaches,
            Column::CompleteAt,
            Column::PulledAt,
            Column::StoppedAt,
            Column::Missing,
            Column::ComparedAt,
            Column::Found,
        ])
        .to_owned();
    cursors::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}
