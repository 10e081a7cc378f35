//! What follows from a push: the promise to read the calendar, written down before the provider is answered. What the push says
//! beyond "something happened" is not believed.
//!
//! However many pushes come, a calendar waits to be read once: a push that finds it waiting is answered by looking, without a
//! write, for whoever starts that read sees what was pushed.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::channels::{self, Channel};
use crate::{
    ids::{ChannelId, sha256},
    outbox::{self, Job},
    state::AppState,
    store::{
        Stamp, StoreError,
        entities::channels as rows,
        words::{ChannelStatus, Provider},
    },
};

/// At least so long lies between two reads of a calendar that is pushed all the time.
const SPACING: TimeDelta = TimeDelta::seconds(20);

/// News of a subscription itself (Microsoft).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It ends soon unless it is made longer.
    ReauthorizationRequired,
    /// It is no more.
    Removed,
    /// Pushes were lost.
    Missed,
}

impl Lifecycle {
    /// The provider's word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "reauthorizationRequired" => Some(Self::ReauthorizationRequired),
            "subscriptionRemoved" => Some(Self::Removed),
            "missed" => Some(Self::Missed),
            _ => None,
        }
    }
}

/// The open channel to which this token belongs, if it is one of this provider. `resource` is what the provider says it
/// watches, or what it calls the channel, where it does.
pub async fn channel(
    state: &AppState,
    provider: Provider,
    token: &str,
    named: &[&str],
) -> Result<Option<Channel>, StoreError> {
    let id = token.split_once('.').and_then(|(id, _)| Uuid::try_parse(id).ok()).map(ChannelId::from_uuid);
    let Some(id) = id else { return Ok(None) };
    let Some(channel) = channels::find(state.store.reader(), id).await? else { return Ok(None) };
    let is_meant = bool::from(channel.token_hash.ct_eq(&sha256(token.as_bytes())));
    let names = [channel.watching.id.as_str(), channel.watching.resource.as_str()];
    // Before its answer, only the token tells which channel it is.
    let is_named = channel.status == ChannelStatus::Opening || named.iter().all(|name| names.contains(name));
    let counts = is_meant && is_named && channel.provider == provider && channel.is_open(state.clock.now());
    Ok(counts.then_some(channel))
}

/// Something happened on the calendar of this channel. Whether that was not known yet.
pub async fn hint(state: &AppState, channel: &Channel) -> Result<bool, StoreError> {
    let job = Job::PullCalendar { connection: channel.connection, calendar: channel.calendar.clone() };
    if outbox::is_waiting(state.store.reader(), channel.org, &job).await? {
        return Ok(false);
    }
    let now = state.clock.now();
    let at = channel.pushed_at.map_or(now, |last| now.max(last + SPACING));
    let txn = state.store.begin().await?;
    let is_new = outbox::enqueue_once(&txn, channel.org, &job, at, now).await?;
    if is_new {
        set_pushed(&txn, channel, at).await?;
    }
    txn.commit().await?;
    state.wake.notify_one();
    Ok(is_new)
}

/// A provider tells of the subscription itself.
pub async fn lifecycle(state: &AppState, channel: &Channel, news: Lifecycle) -> Result<(), StoreError> {
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    let status = if news == Lifecycle::Removed { ChannelStatus::Ended } else { channel.status };
    if news != Lifecycle::Missed {
        let change = rows::ActiveModel { status: Set(status), renew_at: Set(now.into()), ..Default::default() };
        rows::Entity::update_many()
            .set(change)
            .filter(rows::Column::OrgId.eq(channel.org))
            .filter(rows::Column::Id.eq(channel.id))
            .exec(&*txn)
            .await?;
        let job = Job::WatchCalendar { connection: channel.connection, calendar: channel.calendar.clone() };
        outbox::enqueue_once(&txn, channel.org, &job, now, now).await?;
    }
    if news != Lifecycle::ReauthorizationRequired {
        let job = Job::PullCalendar { connection: channel.connection, calendar: channel.calendar.clone() };
        outbox::enqueue_once(&txn, channel.org, &job, now, now).await?;
    }
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

async fn set_pushed(txn: &crate::store::Txn, channel: &Channel, at: DateTime<Utc>) -> Result<(), StoreError> {
    rows::Entity::update_many()
        .set(rows::ActiveModel { pushed_at: Set(Some(Stamp::from(at))), ..Default::default() })
        .filter(rows::Column::OrgId.eq(channel.org))
        .filter(rows::Column::Id.eq(channel.id))
        .exec(&**txn)
        .await?;
    Ok(())
}
