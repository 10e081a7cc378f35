//! When people are busy, as their own calendars say.
//!
//! What was read stays in the database for a while (intervals only, never a title). Asking calendars takes at most three
//! seconds; whoever did not answer by then is taken from what was read in the last five minutes, and else is unknown. Never
//! call this inside a transaction.

mod ask;
mod read;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use tokio::time::Instant;

use super::{Connection, Need, Services, of_people};
use crate::{
    calendars::Provider,
    ids::{ConnectionId, OrgId, PersonId},
    people,
    scheduling::interval::{Interval, normalise},
    store::{StoreError, words::ConnectionStatus},
};
use ask::{ask, selected};
use read::{Read, reads};

pub(super) use ask::{CANNOT_READ, NO_ANSWER};
pub use read::forget;

/// How long calendars may take to answer, all together.
const DEADLINE: Duration = Duration::from_secs(3);

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
