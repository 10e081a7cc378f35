//! "Sync now": an account is read at once, because its owner says so.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Services,
    busy::{self, PersonBusy, UnknownReason},
    connect, find,
};
use crate::{
    ids::ConnectionId,
    people::Member,
    scheduling::interval::Interval,
    store::{StoreError, words::ConnectionStatus},
};

/// How far ahead it looks: what the pages show of somebody's weeks.
const AHEAD: TimeDelta = TimeDelta::days(28);

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    Read,
    /// Its owner has to sign in again, allow something, or choose their calendars again.
    NeedsOwner,
    /// Its provider wants to be left alone until then.
    Paused(DateTime<Utc>),
    NoAnswer,
}

/// Reads the list of calendars and the busy times of a member's own connection, whatever was read before.
pub async fn refresh(services: &Services, member: &Member, id: ConnectionId) -> Result<Refreshed, StoreError> {
    let db = services.store.reader();
    let now = services.clock.now();
    if let Some(until) = busy::pauses(db, member.org, now).await?.get(&id) {
        return Ok(Refreshed::Paused(*until));
    }
    // The list first: a calendar that came back counts again.
    let listed = connect::read_again(services, member.org, id).await;
    let status = find(db, member.org, id).await?.map(|connection| connection.status);
    if status != Some(ConnectionStatus::Active) && status != Some(ConnectionStatus::Error) {
        return Ok(Refreshed::NeedsOwner);
    }
    let Some(window) = Interval::new(now, now + AHEAD) else { return Ok(Refreshed::NoAnswer) };
    let busy = busy::busy_of(services, member.org, &[member.person], window, TimeDelta::zero()).await?;
    if let Some(until) = busy::pauses(db, member.org, now).await?.get(&id) {
        // What was read a moment before may stand in for it.
        return Ok(Refreshed::Paused(*until));
    }
    Ok(match busy.get(&member.person) {
        Some(PersonBusy::Unknown { reason, .. }) => match reason {
            UnknownReason::AskedTooOften { until } => Refreshed::Paused(*until),
            UnknownReason::SignInExpired | UnknownReason::PermissionMissing | UnknownReason::CalendarGone => {
                Refreshed::NeedsOwner
            }
            _ => Refreshed::NoAnswer,
        },
        _ if listed.is_err() => Refreshed::NoAnswer,
        _ => Refreshed::Read,
    })
}
