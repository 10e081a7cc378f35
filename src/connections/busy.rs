//! When people are busy, as their own calendars say.
//!
//! What was read stays in the database for a while (intervals only, never a title). Asking calendars takes at most three
//! seconds; whoever did not answer by then is taken from what was read in the last five minutes, and else is unknown. Never
//! call this inside a transaction.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use tokio::{sync::oneshot, time::Instant};

use super::{Connection, Need, Services, of_people, tokens, tokens::AccessError};
use crate::{
    calendars::{CalendarError, Provider},
    ids::{CalendarId, ConnectionId, OrgId, PersonId},
    people,
    scheduling::interval::{Interval, normalise, subtract},
    store::{
        Stamp, StoreError,
        entities::{busy_reads, calendars, connections},
        words::ConnectionStatus,
    },
};

/// How long calendars may take to answer, all together.
const DEADLINE: Duration = Duration::from_secs(3);
/// How old busy times may be when a calendar does not answer.
const STALE_AT_MOST: chrono::Duration = chrono::Duration::minutes(5);
/// "Last synced" is not written more often than this.
const SYNCED_EVERY: chrono::Duration = chrono::Duration::minutes(1);

/// When one person is busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonBusy {
    Known {
        /// Sorted, disjoint, cut to the window asked for.
        intervals: Vec<Interval>,
        /// When the oldest part of this was read.
        read_at: DateTime<Utc>,
        /// Of the connection that is written to, or else the first.
        provider: Provider,
    },
    /// Nobody has connected a calendar for this person.
    NotConnected,
    /// A calendar is there and could not be read: the person is not free, nor busy, but unknown.
    Unknown {
        /// When it was last read well.
        since: Option<DateTime<Utc>>,
        reason: UnknownReason,
    },
}

/// Why a connected person's calendar says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// Its owner has to sign in again.
    SignInExpired,
    /// Its owner did not allow reading.
    PermissionMissing,
    /// It did not answer, or not in time.
    NoAnswer,
}

impl UnknownReason {
    /// For a coordinator, after the person's name and "calendar".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::SignInExpired => "needs its owner to reconnect",
            Self::PermissionMissing => "may not be read: permission was not given",
            Self::NoAnswer => "did not answer",
        }
    }
}

/// The busy times of these people within the window, no older than `max_age` where their calendars answer.
///
/// Everybody asked for has an entry. People of other organisations are not connected as far as this one knows.
pub async fn busy_of(
    services: &Services,
    org: OrgId,
    people: &[PersonId],
    window: Interval,
    max_age: chrono::Duration,
) -> Result<HashMap<PersonId, PersonBusy>, StoreError> {
    stored(services.store.reader(), org, people).await?.busy(services, window, max_age).await
}

/// What the database knows of people's calendars: which they connected, and what was read of them last.
#[derive(Clone, Debug)]
pub struct Stored {
    org: OrgId,
    people: Vec<PersonId>,
    /// Disconnected ones left out.
    connections: HashMap<PersonId, Vec<Connection>>,
    reads: HashMap<ConnectionId, Read>,
}

/// Reads it for these people.
pub async fn stored(db: &impl ConnectionTrait, org: OrgId, people: &[PersonId]) -> Result<Stored, StoreError> {
    let mut connections = of_people(db, org, people).await?;
    for list in connections.values_mut() {
        list.retain(|connection| connection.status != ConnectionStatus::Inactive);
    }
    let ids: Vec<_> = connections.values().flatten().map(|connection| connection.id).collect();
    Ok(Stored { org, people: people.to_vec(), reads: reads(db, org, &ids).await?, connections })
}

impl Stored {
    /// [`busy_of`] those people.
    pub async fn busy(
        &self,
        services: &Services,
        window: Interval,
        max_age: chrono::Duration,
    ) -> Result<HashMap<PersonId, PersonBusy>, StoreError> {
        let deadline = Instant::now() + DEADLINE;
        let db = services.store.reader();
        let now = services.clock.now();

        // All calendars are asked at once, before the first answer is waited for.
        let is_fresh = |connection: &Connection| {
            let read = self.reads.get(&connection.id);
            read.is_some_and(|read| read.covers(window) && now - read.read_at <= max_age && !max_age.is_zero())
        };
        let stale: Vec<&Connection> = self
            .connections
            .values()
            .flatten()
            .filter(|connection| connection.is_usable() && connection.can(Need::ReadBusy) && !is_fresh(connection))
            .collect();
        let mut asked = HashMap::new();
        if !stale.is_empty() {
            let ids: Vec<_> = stale.iter().map(|connection| connection.id).collect();
            let selected = selected(services, self.org, &ids).await?;
            let zones: HashMap<_, _> = people::find_all(db, self.org, &self.people)
                .await?
                .into_iter()
                .map(|person| (person.id, person.zone))
                .collect();
            for connection in stale {
                let zone = zones.get(&connection.person).copied().flatten();
                let calendars = selected.get(&connection.id).cloned().unwrap_or_default();
                asked.insert(connection.id, ask(services.clone(), connection.clone(), zone, calendars, window));
            }
        }
        let mut answers: HashMap<ConnectionId, Result<Read, UnknownReason>> = HashMap::new();
        for (id, answer) in asked {
            let answer = match tokio::time::timeout_at(deadline, answer).await {
                Ok(Ok(answer)) => answer,
                // Too late, or its task broke.
                Ok(Err(_)) | Err(_) => Err(UnknownReason::NoAnswer),
            };
            answers.insert(id, answer);
        }

        let of_connection = |connection: &Connection| -> Result<Read, (Option<DateTime<Utc>>, UnknownReason)> {
            let read = self.reads.get(&connection.id);
            let since = read.map(|read| read.read_at).or(connection.last_synced_at);
            let reason = match answers.get(&connection.id) {
                Some(Ok(read)) => return Ok(read.clone()),
                Some(Err(reason)) => *reason,
                None if connection.status == ConnectionStatus::Expired => UnknownReason::SignInExpired,
                None if !connection.can(Need::ReadBusy) => UnknownReason::PermissionMissing,
                // Not asked because what we have is young enough.
                None => return read.map(|read| read.within(window)).ok_or((since, UnknownReason::NoAnswer)),
            };
            match read {
                // A calendar that is merely late, and was read a moment ago.
                Some(read) if reason == UnknownReason::NoAnswer && read.serves(window, now) => Ok(read.within(window)),
                _ => Err((since, reason)),
            }
        };
        let of_person = |person: &PersonId| {
            let Some(list) = self.connections.get(person).filter(|list| !list.is_empty()) else {
                return PersonBusy::NotConnected;
            };
            let mut all: Vec<Interval> = Vec::new();
            let mut oldest = now;
            for connection in list {
                match of_connection(connection) {
                    Ok(read) => {
                        oldest = oldest.min(read.read_at);
                        all.extend(read.intervals);
                    }
                    // One calendar unknown, the person unknown.
                    Err((since, reason)) => return PersonBusy::Unknown { since, reason },
                }
            }
            PersonBusy::Known { intervals: normalise(all), read_at: oldest, provider: list[0].provider }
        };
        Ok(self.people.iter().map(|person| (*person, of_person(person))).collect())
    }
}

/// The busy times of these people as their calendars say right now; for the moment of booking. A calendar that does not
/// answer counts with what it said in the last five minutes, else it is unknown.
pub async fn busy_now(
    services: &Services,
    org: OrgId,
    people: &[PersonId],
    window: Interval,
) -> Result<HashMap<PersonId, PersonBusy>, StoreError> {
    busy_of(services, org, people, window, chrono::Duration::zero()).await
}

/// Forgets what was read of a connection, so that the next question goes to the calendar: after we wrote to it ourselves, or
/// when its owner chose other calendars.
pub async fn forget(txn: &crate::store::Txn, org: OrgId, connection: ConnectionId) -> Result<(), StoreError> {
    busy_reads::Entity::delete_by_id(connection).filter(busy_reads::Column::OrgId.eq(org)).exec(&**txn).await?;
    Ok(())
}

/// What one connection said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    window: Interval,
    intervals: Vec<Interval>,
    read_at: DateTime<Utc>,
}

impl Read {
    fn covers(&self, window: Interval) -> bool {
        self.window.contains(&window)
    }

    /// Whether it may stand in for a calendar that does not answer now.
    fn serves(&self, window: Interval, now: DateTime<Utc>) -> bool {
        self.covers(window) && now - self.read_at <= STALE_AT_MOST
    }

    fn within(&self, window: Interval) -> Self {
        let intervals = self.intervals.iter().filter_map(|span| span.intersection(&window)).collect();
        Self { window, intervals, read_at: self.read_at }
    }

    /// This newer reading, set into a wider older one that is still good, so that a look at one hour does not cost the weeks
    /// around it. The whole is as old as its oldest part.
    fn set_into(self, older: Option<&Self>) -> Self {
        match older {
            Some(older) if older.serves(self.window, self.read_at) && !self.window.contains(&older.window) => {
                let mut intervals = subtract(&older.intervals, &[self.window]);
                intervals.extend(self.intervals);
                Self { window: older.window, intervals: normalise(intervals), read_at: older.read_at }
            }
            _ => self,
        }
    }

    fn from_row(row: &busy_reads::Model) -> Option<Self> {
        let at = |millis| Stamp::from_millis(millis).at();
        let pairs: Vec<(i64, i64)> = serde_json::from_str(&row.intervals).ok()?;
        let intervals =
            pairs.into_iter().map(|(start, end)| Interval::new(at(start), at(end))).collect::<Option<_>>()?;
        let window = Interval::new(row.window_start.at(), row.window_end.at())?;
        Some(Self { window, intervals, read_at: row.read_at.at() })
    }

    fn to_row(&self, org: OrgId, connection: ConnectionId) -> busy_reads::ActiveModel {
        let pairs: Vec<_> = self
            .intervals
            .iter()
            .map(|span| [span.start().timestamp_millis(), span.end().timestamp_millis()])
            .collect();
        busy_reads::ActiveModel {
            connection_id: Set(connection),
            org_id: Set(org),
            window_start: Set(self.window.start().into()),
            window_end: Set(self.window.end().into()),
            intervals: Set(serde_json::json!(pairs).to_string()),
            read_at: Set(self.read_at.into()),
        }
    }
}

async fn reads(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[ConnectionId],
) -> Result<HashMap<ConnectionId, Read>, StoreError> {
    let rows = busy_reads::Entity::find()
        .filter(busy_reads::Column::OrgId.eq(org))
        .filter(busy_reads::Column::ConnectionId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    Ok(rows.iter().filter_map(|row| Some((row.connection_id, Read::from_row(row)?))).collect())
}

/// The calendars of each connection that its owner wants read.
async fn selected(
    services: &Services,
    org: OrgId,
    ids: &[ConnectionId],
) -> Result<HashMap<ConnectionId, Vec<String>>, StoreError> {
    let rows = calendars::Entity::find()
        .filter(calendars::Column::OrgId.eq(org))
        .filter(calendars::Column::ConnectionId.is_in(ids.iter().copied()))
        .filter(calendars::Column::IsRead.eq(true))
        .all(services.store.reader())
        .await?;
    let mut selected: HashMap<ConnectionId, Vec<(CalendarId, String)>> = HashMap::new();
    for row in rows {
        selected.entry(row.connection_id).or_default().push((row.id, row.provider_id));
    }
    let sorted = |mut list: Vec<(CalendarId, String)>| {
        list.sort();
        list.into_iter().map(|(_, id)| id).collect()
    };
    Ok(selected.into_iter().map(|(id, list)| (id, sorted(list))).collect())
}

/// Asks one calendar, on a task of its own: an answer that comes too late for this caller is stored for the next, and a
/// token refresh under way is never torn off.
fn ask(
    services: Services,
    connection: Connection,
    zone: Option<chrono_tz::Tz>,
    calendars: Vec<String>,
    window: Interval,
) -> oneshot::Receiver<Result<Read, UnknownReason>> {
    let (answer, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let answered = ask_and_store(&services, &connection, zone, &calendars, window).await;
        // Nobody waits any more: the answer is stored, that is enough.
        let _ = answer.send(answered);
    });
    receiver
}

async fn ask_and_store(
    services: &Services,
    connection: &Connection,
    zone: Option<chrono_tz::Tz>,
    calendars: &[String],
    window: Interval,
) -> Result<Read, UnknownReason> {
    let client = services.calendars.get(connection.provider).ok_or(UnknownReason::NoAnswer)?;
    let account = connection.account(zone);
    // Before the question: what changes while it is answered may be missing from the answer.
    let read_at = services.clock.now();
    let answer = tokens::with_access(services, connection.org, connection.id, |token| {
        let (client, account) = (client.clone(), account.clone());
        let calendars = calendars.to_vec();
        async move { client.calendar.busy(&token, &account, &calendars, window).await }
    })
    .await;
    let answered = match answer {
        Ok(intervals) => Ok(Read { window, intervals: normalise(intervals), read_at }),
        Err(AccessError::NotConnected | AccessError::Expired) => Err(UnknownReason::SignInExpired),
        Err(AccessError::Calendar(CalendarError::PermissionMissing(_))) => Err(UnknownReason::PermissionMissing),
        Err(AccessError::Calendar(_) | AccessError::Sealed(_) | AccessError::Store(_)) => Err(UnknownReason::NoAnswer),
    };
    if let Err(error) = note(services, connection, &answered).await {
        tracing::warn!(connection = %connection.id, %error, "what a calendar said could not be stored");
    }
    answered
}

/// Stores the reading, and on the connection that it was read or why not.
async fn note(
    services: &Services,
    connection: &Connection,
    answered: &Result<Read, UnknownReason>,
) -> Result<(), StoreError> {
    let (status, sentence) = match answered {
        Ok(_) => (ConnectionStatus::Active, ""),
        // Told and stored where it was noticed.
        Err(UnknownReason::SignInExpired) => return Ok(()),
        Err(UnknownReason::PermissionMissing) => (ConnectionStatus::Active, CANNOT_READ),
        Err(UnknownReason::NoAnswer) => (ConnectionStatus::Error, NO_ANSWER),
    };
    let now = services.clock.now();
    let synced = answered.is_ok() && connection.last_synced_at.is_none_or(|last| now - last >= SYNCED_EVERY);
    let txn = services.store.begin().await?;
    if let Ok(read) = answered {
        let older = busy_reads::Entity::find_by_id(connection.id)
            .filter(busy_reads::Column::OrgId.eq(connection.org))
            .one(&*txn)
            .await?;
        let older = older.as_ref().and_then(Read::from_row);
        // An answer that was overtaken by a younger one of the same stretch has nothing to add.
        let overtaken = older.as_ref().is_some_and(|older| older.read_at > read.read_at && older.covers(read.window));
        if !overtaken {
            store(&txn, connection, read.clone().set_into(older.as_ref())).await?;
        }
    }
    if synced || connection.status != status || connection.last_error != sentence {
        // A connection that expired or was disconnected meanwhile stays that.
        let mut update = connections::Entity::update_many()
            .col_expr(connections::Column::Status, Expr::value(status.as_str()))
            .col_expr(connections::Column::LastError, Expr::value(sentence))
            .filter(connections::Column::OrgId.eq(connection.org))
            .filter(connections::Column::Id.eq(connection.id))
            .filter(connections::Column::Status.is_in([ConnectionStatus::Active, ConnectionStatus::Error]));
        if synced {
            let at = Stamp::from(now).millis();
            update = update.col_expr(connections::Column::LastSyncedAt, Expr::value(at));
        }
        update.exec(&*txn).await?;
    }
    txn.commit().await
}

/// Shown to the owner of a calendar that was not allowed to be read.
pub(super) const CANNOT_READ: &str = "Permission to see when you are busy is missing. Reconnect and allow it.";
/// Shown while a calendar does not answer.
pub(super) const NO_ANSWER: &str = "The calendar did not answer when last asked. We keep trying.";

async fn store(txn: &crate::store::Txn, connection: &Connection, read: Read) -> Result<(), StoreError> {
    use busy_reads::Column;
    let again = OnConflict::column(Column::ConnectionId)
        .update_columns([Column::WindowStart, Column::WindowEnd, Column::Intervals, Column::ReadAt])
        .to_owned();
    let row = read.to_row(connection.org, connection.id);
    busy_reads::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}
