//! When people are busy, as their own calendars say.
//!
//! What was read stays in the database for a while, for each calendar (intervals only, never a title). Asking calendars takes
//! at most three seconds; whoever did not answer by then is taken from what was read in the last five minutes, and else is
//! unknown. One account is asked by one process at a time ([`turn`]), for all its calendars that are not known in one question,
//! and not at all while its provider wants to be left alone. Never call this inside a transaction.

mod ask;
pub(super) mod read;
pub(super) mod turn;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::ConnectionTrait;
use tokio::{sync::oneshot, time::Instant};

use super::{
    Connection, Need, Services, of_people,
    organisation::busy::{Heard, Reach, reach},
};
use crate::{
    calendars::Provider,
    ids::{ConnectionId, OrgId, PersonId},
    people,
    scheduling::{
        interval::{Interval, normalise},
        zones,
    },
    store::{StoreError, words::ConnectionStatus},
};
use ask::{Answers, Question, ask, selected};
use read::{Read, Reads, reads};

pub use ask::GONE;
pub(super) use ask::{CANNOT_READ, LOOK_EVERY, NO_ANSWER};
pub use read::forget;
pub use turn::pauses;

/// How long calendars may take to answer, all together.
pub(super) const DEADLINE: Duration = Duration::from_secs(3);

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
    /// A calendar that its owner wants read is not in the account any more.
    CalendarGone,
    /// Its provider wants to be left alone for a while.
    AskedTooOften { until: DateTime<Utc> },
    /// The organisation's access was refused; an administrator can mend it.
    AccessRefused,
    /// The organisation's directory knows nobody of this address.
    NoMailbox,
    /// A calendar is connected, but the organisation reads by its own access only, and that is not about this address.
    NotCovered,
}

impl UnknownReason {
    /// The code of the known reason that this is.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::SignInExpired => "sign_in_expired",
            Self::PermissionMissing => "read_permission_missing",
            Self::NoAnswer => "unavailable",
            Self::CalendarGone => "calendar_gone",
            Self::AskedTooOften { .. } => "rate_limited",
            Self::AccessRefused | Self::NoMailbox | Self::NotCovered => "rejected",
        }
    }

    /// For a coordinator, after the person's name and "calendar".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::SignInExpired => "needs its owner to reconnect",
            Self::PermissionMissing => "may not be read: permission was not given",
            Self::NoAnswer => "did not answer",
            Self::CalendarGone => "is not in the account any more: its owner has to choose again",
            Self::AskedTooOften { .. } => "was asked too often and is asked again in a while",
            Self::AccessRefused => "may not be read: the organisation's access was refused, ask an administrator",
            Self::NoMailbox => "is not known to the organisation's directory",
            Self::NotCovered => "is not read: the organisation's own access does not cover this address",
        }
    }

    /// The same with the time it is about, on somebody's clock.
    pub fn in_words_at(self, zone: Tz) -> String {
        match self {
            Self::AskedTooOften { until } => {
                // The minute in which it is over, not the one before.
                let until = (until + chrono::Duration::seconds(59)).with_timezone(&zone);
                format!(
                    "was asked too often and is asked again at {} {} time",
                    until.format("%H:%M"),
                    zones::place(zone)
                )
            }
            _ => self.in_words().to_owned(),
        }
    }

    /// It may answer in a moment: what was read of it just now still counts.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::NoAnswer | Self::AskedTooOften { .. })
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
    /// The calendars of each that its owner wants read.
    selected: HashMap<ConnectionId, Vec<String>>,
    reads: HashMap<ConnectionId, Reads>,
    /// Those whose times the organisation's access tells; their own connections are left out above.
    organisation: Reach,
    /// How old what was read may be when a sign-in has expired.
    grace: chrono::Duration,
}

/// Reads it for these people.
pub async fn stored(db: &impl ConnectionTrait, org: OrgId, people: &[PersonId]) -> Result<Stored, StoreError> {
    let mut connections = of_people(db, org, people).await?;
    for list in connections.values_mut() {
        list.retain(|connection| connection.status != ConnectionStatus::Inactive);
    }
    let policies = people::organisation(db, org).await?.policies;
    let organisation = reach(db, org, people, &connections, policies.calendar_access).await?;
    connections.retain(|person, _| !organisation.has(*person));
    let ids: Vec<_> = connections.values().flatten().map(|connection| connection.id).collect();
    Ok(Stored {
        org,
        people: people.to_vec(),
        selected: selected(db, org, &ids).await?,
        reads: reads(db, org, &ids).await?,
        connections,
        organisation,
        grace: chrono::Duration::minutes(policies.expiry_grace_minutes.into()),
    })
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

        // All accounts are asked at once, before the first answer is waited for, each for what is not fresh of it.
        let stale: Vec<(&Connection, Vec<String>)> = self
            .connections
            .values()
            .flatten()
            .filter(|connection| connection.is_usable() && connection.can(Need::ReadBusy))
            .map(|connection| (connection, self.stale(connection, window, now, max_age)))
            .filter(|(_, calendars)| !calendars.is_empty())
            .collect();
        let mut asked = HashMap::new();
        if !stale.is_empty() {
            let zones: HashMap<_, _> = people::find_all(db, self.org, &self.people)
                .await?
                .into_iter()
                .map(|person| (person.id, person.zone))
                .collect();
            for (connection, calendars) in stale {
                let zone = zones.get(&connection.person).copied().flatten();
                let question = Question { connection: connection.clone(), zone, calendars, window };
                asked.insert(connection.id, ask(services.clone(), question));
            }
        }
        let asked_of_all = self.organisation.ask(services, window, max_age);
        let mut answers: HashMap<ConnectionId, Result<Answers, UnknownReason>> = HashMap::new();
        for (id, answer) in asked {
            answers.insert(id, in_time(deadline, answer).await);
        }
        let mut heard = Heard::new();
        for (provider, answer) in asked_of_all {
            heard.insert(provider, in_time(deadline, answer).await);
        }

        let of_person = |person: &PersonId| {
            if let Some(busy) = self.organisation.busy(*person, &heard, window, now) {
                return busy;
            }
            let Some(list) = self.connections.get(person).filter(|list| !list.is_empty()) else {
                return PersonBusy::NotConnected;
            };
            let mut all: Vec<Interval> = Vec::new();
            let mut oldest = now;
            for connection in list {
                for calendar in self.calendars_of(connection) {
                    match self.heard(connection, calendar, answers.get(&connection.id), window, now, max_age) {
                        Ok(read) => {
                            oldest = oldest.min(read.read_at);
                            all.extend(read.intervals);
                        }
                        // One calendar unknown, the person unknown.
                        Err((since, reason)) => return PersonBusy::Unknown { since, reason },
                    }
                }
            }
            PersonBusy::Known { intervals: normalise(all), read_at: oldest, provider: list[0].provider }
        };
        Ok(self.people.iter().map(|person| (*person, of_person(person))).collect())
    }
}

/// The answer, if it comes before the deadline.
async fn in_time<T>(
    deadline: Instant,
    answer: oneshot::Receiver<Result<T, UnknownReason>>,
) -> Result<T, UnknownReason> {
    match tokio::time::timeout_at(deadline, answer).await {
        Ok(Ok(answer)) => answer,
        // Too late, or its task broke.
        Ok(Err(_)) | Err(_) => Err(UnknownReason::NoAnswer),
    }
}

impl Stored {
    /// What was read last of all of somebody's calendars within this window, however long ago, and when the newest part of it was.
    /// No answer to whether they are free, which only what is fresh can be.
    pub fn last_read(&self, person: PersonId, window: Interval) -> Option<(Vec<Interval>, DateTime<Utc>)> {
        let list = self.connections.get(&person).filter(|list| !list.is_empty())?;
        let (mut all, mut newest) = (Vec::new(), DateTime::<Utc>::MIN_UTC);
        for connection in list {
            for calendar in self.calendars_of(connection) {
                let read = self.read_of(connection, calendar).filter(|read| read.covers(window))?;
                newest = newest.max(read.read_at);
                all.extend(read.within(window).intervals);
            }
        }
        Some((normalise(all), newest))
    }

    pub fn debug_reads(&self, person: PersonId) -> String {
        format!(
            "{:?} sel={:?}",
            self.connections.get(&person).map(|l| l.iter().map(|c| (c.id, self.reads.get(&c.id))).collect::<Vec<_>>()),
            self.selected
        )
    }

    fn calendars_of(&self, connection: &Connection) -> &[String] {
        self.selected.get(&connection.id).map_or(&[], Vec::as_slice)
    }

    fn read_of(&self, connection: &Connection, calendar: &str) -> Option<&Read> {
        self.reads.get(&connection.id)?.get(calendar)
    }

    /// The calendars of which nothing was read that is young enough.
    fn stale(
        &self,
        connection: &Connection,
        window: Interval,
        now: DateTime<Utc>,
        max_age: chrono::Duration,
    ) -> Vec<String> {
        let is_fresh = |calendar: &String| {
            let read = self.read_of(connection, calendar);
            read.is_some_and(|read| read.covers(window) && now - read.read_at <= max_age && !max_age.is_zero())
        };
        self.calendars_of(connection).iter().filter(|calendar| !is_fresh(calendar)).cloned().collect()
    }

    /// What is known of one calendar, or since when and why nothing is.
    fn heard(
        &self,
        connection: &Connection,
        calendar: &str,
        answers: Option<&Result<Answers, UnknownReason>>,
        window: Interval,
        now: DateTime<Utc>,
        max_age: chrono::Duration,
    ) -> Result<Read, (Option<DateTime<Utc>>, UnknownReason)> {
        let read = self.read_of(connection, calendar);
        let since = read.map(|read| read.read_at).or(connection.last_synced_at);
        // A calendar that was not asked, because what we have of it is young enough.
        let kept = || read.map(|read| read.within(window)).ok_or((since, UnknownReason::NoAnswer));
        let reason = match answers {
            Some(Ok(answers)) => match answers.get(calendar) {
                Some(Ok(read)) => return Ok(read.clone()),
                Some(Err(reason)) => *reason,
                None => return kept(),
            },
            Some(Err(reason)) => *reason,
            None if connection.status == ConnectionStatus::Expired => UnknownReason::SignInExpired,
            None if !connection.can(Need::ReadBusy) => UnknownReason::PermissionMissing,
            None => return kept(),
        };
        match read {
            // A calendar that is merely late, and was read a moment ago.
            Some(read) if reason.is_passing() && read.serves(window, now) => Ok(read.within(window)),
            Some(read) if reason == UnknownReason::SignInExpired && read.covers(window) => {
                let age = now - read.read_at;
                if age > self.grace {
                    Err((since, reason))
                } else if read.serves(window, now) || !max_age.is_zero() {
                    Ok(read.within(window))
                } else {
                    // Offered within the grace, and now wanted for certain: the time is held, and its owner may reconnect meanwhile.
                    Err((since, UnknownReason::NoAnswer))
                }
            }
            _ => Err((since, reason)),
        }
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
