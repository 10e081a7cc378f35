//! What calendars said, kept in the database for a while: intervals only, never a title.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::{
    connections::{find, organisation},
    ids::{ConnectionId, OrgId},
    scheduling::interval::{Interval, normalise, subtract},
    store::{Stamp, StoreError, Txn, entities::busy_reads},
};

/// How old busy times may be when a calendar does not answer.
const STALE_AT_MOST: chrono::Duration = chrono::Duration::minutes(5);

/// What was read of a connection's calendars, by their ids.
pub(super) type Reads = HashMap<String, Read>;

/// What one calendar said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connections) struct Read {
    pub window: Interval,
    pub intervals: Vec<Interval>,
    pub read_at: DateTime<Utc>,
}

impl Read {
    pub fn covers(&self, window: Interval) -> bool {
        self.window.contains(&window)
    }

    /// Whether it may stand in for a calendar that does not answer now.
    pub fn serves(&self, window: Interval, now: DateTime<Utc>) -> bool {
        self.covers(window) && now - self.read_at <= STALE_AT_MOST
    }

    pub fn within(&self, window: Interval) -> Self {
        let intervals = self.intervals.iter().filter_map(|span| span.intersection(&window)).collect();
        Self { window, intervals, read_at: self.read_at }
    }

    /// This newer reading, set into a wider older one that is still good, so that a look at one hour does not cost the weeks
    /// around it. The whole is as old as its oldest part.
    pub fn set_into(self, older: Option<&Self>) -> Self {
        match older {
            Some(older) if older.serves(self.window, self.read_at) && !self.window.contains(&older.window) => {
                let mut intervals = subtract(&older.intervals, &[self.window]);
                intervals.extend(self.intervals);
                Self { window: older.window, intervals: normalise(intervals), read_at: older.read_at }
            }
            _ => self,
        }
    }

    pub fn from_row(row: &busy_reads::Model) -> Option<Self> {
        Self::parse((row.window_start, row.window_end), &row.intervals, row.read_at)
    }

    /// Reads back what [`Self::as_text`] wrote, and the columns beside it.
    pub fn parse((start, end): (Stamp, Stamp), intervals: &str, read_at: Stamp) -> Option<Self> {
        let at = |millis| Stamp::from_millis(millis).at();
        let pairs: Vec<(i64, i64)> = serde_json::from_str(intervals).ok()?;
        let intervals =
            pairs.into_iter().map(|(start, end)| Interval::new(at(start), at(end))).collect::<Option<_>>()?;
        Some(Self { window: Interval::new(start.at(), end.at())?, intervals, read_at: read_at.at() })
    }

    /// The intervals as they are kept.
    pub fn as_text(&self) -> String {
        let pairs: Vec<_> = self
            .intervals
            .iter()
            .map(|span| [span.start().timestamp_millis(), span.end().timestamp_millis()])
            .collect();
        serde_json::json!(pairs).to_string()
    }

    fn to_row(&self, org: OrgId, connection: ConnectionId, calendar: &str) -> busy_reads::ActiveModel {
        busy_reads::ActiveModel {
            connection_id: Set(connection),
            calendar: Set(calendar.to_owned()),
            org_id: Set(org),
            window_start: Set(self.window.start().into()),
            window_end: Set(self.window.end().into()),
            intervals: Set(self.as_text()),
            read_at: Set(self.read_at.into()),
        }
    }
}

/// The last reading of each calendar of these connections.
pub(super) async fn reads(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[ConnectionId],
) -> Result<HashMap<ConnectionId, Reads>, StoreError> {
    let rows = busy_reads::Entity::find()
        .filter(busy_reads::Column::OrgId.eq(org))
        .filter(busy_reads::Column::ConnectionId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let mut reads: HashMap<ConnectionId, Reads> = HashMap::new();
    for row in rows {
        if let Some(read) = Read::from_row(&row) {
            reads.entry(row.connection_id).or_default().insert(row.calendar, read);
        }
    }
    Ok(reads)
}

/// Keeps a reading in place of the one before.
pub(super) async fn store(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
    read: &Read,
) -> Result<(), StoreError> {
    use busy_reads::Column;
    let again = OnConflict::columns([Column::ConnectionId, Column::Calendar])
        .update_columns([Column::WindowStart, Column::WindowEnd, Column::Intervals, Column::ReadAt])
        .to_owned();
    let row = read.to_row(org, connection, calendar);
    busy_reads::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Forgets what was read of a connection, so that the next question goes to the calendar: after we wrote to it ourselves, or
/// when its owner chose other calendars.
pub async fn forget(txn: &Txn, org: OrgId, connection: ConnectionId) -> Result<(), StoreError> {
    busy_reads::Entity::delete_many()
        .filter(busy_reads::Column::OrgId.eq(org))
        .filter(busy_reads::Column::ConnectionId.eq(connection))
        .exec(&**txn)
        .await?;
    // The same calendar may be known through the organisation.
    match find(&**txn, org, connection).await? {
        Some(connection) => organisation::busy::forget(txn, org, connection.person).await,
        None => Ok(()),
    }
}
