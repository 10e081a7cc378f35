//! Being pushed to: opening channels before they are needed, making them longer or opening others at half their life, and ending
//! those nobody needs.
//!
//! A push is a hint and may be lost, so nothing depends on a channel but how soon something is noticed. Where a provider does not
//! reach this server, or does not let us watch, calendars are read more often instead ([`tend`](super::tend)).

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{followed, run::job_error};
use crate::{
    calendars::{
        AccessToken, CalendarError,
        changes::{Hook, HookToken, Pushes, Watching},
    },
    config::Config,
    connections::{
        self, Connection, revocation,
        tokens::{self, AccessError},
    },
    ids::{ChannelId, ConnectionId, LinkToken, OrgId, sha256},
    outbox::{self, Job, JobError},
    state::AppState,
    store::{
        Stamp, StoreError, Txn,
        entities::channels,
        words::{ChannelStatus, Provider},
    },
};

/// How long a provider may take to say that it opened a channel; another is asked for after that.
const OPENS_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// How long to let a calendar be that cannot be watched.
const ASK_AGAIN: TimeDelta = TimeDelta::hours(1);

pub const GOOGLE: &str = "/hooks/google";
pub const MICROSOFT: &str = "/hooks/microsoft";
pub const MICROSOFT_LIFECYCLE: &str = "/hooks/microsoft/lifecycle";

/// A way by which a provider pushes what happens on one calendar.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: ChannelId,
    pub org: OrgId,
    pub connection: ConnectionId,
    pub calendar: String,
    pub provider: Provider,
    pub token_hash: Vec<u8>,
    pub watching: Watching,
    pub status: ChannelStatus,
    /// When it is to be seen to: half of its life is over, or nothing came of it.
    pub renew_at: DateTime<Utc>,
    /// When the last push was taken up.
    pub pushed_at: Option<DateTime<Utc>>,
}

impl Channel {
    /// Pushes by it count.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.status != ChannelStatus::Ended && now < self.watching.expires_at
    }
}

impl From<channels::Model> for Channel {
    fn from(row: channels::Model) -> Self {
        Self {
            id: row.id,
            org: row.org_id,
            connection: row.connection_id,
            calendar: row.calendar,
            provider: row.provider,
            token_hash: row.token_hash,
            watching: Watching { id: row.remote_id, resource: row.resource, expires_at: row.expires_at.at() },
            status: row.status,
            renew_at: row.renew_at.at(),
            pushed_at: row.pushed_at.map(|at| at.at()),
        }
    }
}

/// Every channel that is open, and the last of each calendar, oldest first; of all organisations, or of one.
pub async fn all(db: &impl ConnectionTrait, org: Option<OrgId>) -> Result<Vec<Channel>, StoreError> {
    let mut query = channels::Entity::find().order_by_asc(channels::Column::Id);
    if let Some(org) = org {
        query = query.filter(channels::Column::OrgId.eq(org));
    }
    Ok(query.all(db).await?.into_iter().map(Channel::from).collect())
}

/// The channel of this id, of whichever organisation: whoever asks shows its token.
pub async fn find(db: &impl ConnectionTrait, id: ChannelId) -> Result<Option<Channel>, StoreError> {
    Ok(channels::Entity::find_by_id(id).one(db).await?.map(Channel::from))
}

async fn of_calendar(
    db: &impl ConnectionTrait,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
) -> Result<Vec<Channel>, StoreError> {
    let rows = channels::Entity::find()
        .filter(channels::Column::OrgId.eq(org))
        .filter(channels::Column::ConnectionId.eq(connection))
        .filter(channels::Column::Calendar.eq(calendar))
        .order_by_asc(channels::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Channel::from).collect())
}

/// Has the provider push what happens on this calendar, or go on pushing; or stop, if nobody follows it any more.
pub async fn watch(state: &AppState, org: OrgId, connection: ConnectionId, calendar: &str) -> Result<(), JobError> {
    let (db, now) = (state.store.reader(), state.clock.now());
    let found = connections::find(db, org, connection).await?.filter(Connection::is_usable);
    let Some(found) = found else { return Ok(()) };
    let Some(client) = state.services.calendars.get(found.provider) else { return Ok(()) };
    let client = client.calendar.clone();
    let known = of_calendar(db, org, connection, calendar).await?;
    let open: Vec<&Channel> = known.iter().filter(|one| one.is_open(now)).collect();
    let is_followed = followed::all(db, now).await?.into_iter();
    if !{ is_followed }.any(|one| one.connection == connection && one.calendar == calendar && one.may_push) {
        for channel in open {
            end(state, channel).await?;
        }
        return Ok(());
    }
    if known.last().is_some_and(|last| now < last.renew_at) {
        return Ok(());
    }
    let live = open.iter().rev().find(|one| one.status == ChannelStatus::Live);
    if let (Pushes::Renewed, Some(live)) = (client.pushes(), live) {
        let renewed = tokens::with_access(&state.services, org, connection, |token: AccessToken| {
            let client = client.clone();
            async move { client.renew(&token, &live.watching).await }
        });
        match renewed.await {
            Ok(watching) => return Ok(opened(state, live.id, org, &watching).await?),
            // It is there no more; another takes its place.
            Err(AccessError::Calendar(CalendarError::Gone | CalendarError::Rejected(_))) => {}
            Err(error) => return Err(job_error(error, connection)),
        }
    }
    open_another(state, &found, calendar, &open).await
}

async fn open_another(
    state: &AppState,
    connection: &Connection,
    calendar: &str,
    others: &[&Channel],
) -> Result<(), JobError> {
    let (org, now) = (connection.org, state.clock.now());
    let Some(client) = state.services.calendars.get(connection.provider) else { return Ok(()) };
    let client = client.calendar.clone();
    let id = ChannelId::new();
    let hook = hook(&state.config, id, connections::stored(connection.provider));
    let begun = channels::ActiveModel {
        id: Set(id),
        org_id: Set(org),
        connection_id: Set(connection.id),
        calendar: Set(calendar.to_owned()),
        provider: Set(connections::stored(connection.provider)),
        token_hash: Set(sha256(hook.token.expose().as_bytes())),
        remote_id: Set(String::new()),
        resource: Set(String::new()),
        status: Set(ChannelStatus::Opening),
        renew_at: Set((now + OPENS_WITHIN).into()),
        expires_at: Set((now + TimeDelta::days(1)).into()),
        pushed_at: Set(None),
        created_at: Set(now.into()),
    };
    let txn = state.store.begin().await?;
    channels::Entity::insert(begun).exec_without_returning(&*txn).await.map_err(StoreError::from)?;
    txn.commit().await?;
    let (hook, calendar_id) = (&hook, calendar);
    let watching = tokens::with_access(&state.services, org, connection.id, |token: AccessToken| {
        let client = client.clone();
        async move { client.watch(&token, calendar_id, hook).await }
    });
    match watching.await {
        Ok(watching) => {
            opened(state, id, org, &watching).await?;
            for other in others {
                end(state, other).await?;
            }
            Ok(())
        }
        Err(error) => {
            let txn = state.store.begin().await?;
            mark(&txn, org, id, ChannelStatus::Ended, now + ASK_AGAIN).await?;
            txn.commit().await?;
            match &error {
                // Nothing that trying again at once would change, and nothing that anybody waits for.
                AccessError::Calendar(
                    CalendarError::Rejected(_) | CalendarError::PermissionMissing(_) | CalendarError::Gone,
                ) => {
                    tracing::info!(connection = %connection.id, %error, "a calendar cannot be watched and is read more often");
                    Ok(())
                }
                _ => Err(job_error(error, connection.id)),
            }
        }
    }
}

/// Where pushes by this channel go. The token names the channel, because not every provider does before its answer.
fn hook(config: &Config, id: ChannelId, provider: Provider) -> Hook {
    let path = match provider {
        Provider::Microsoft => MICROSOFT,
        _ => GOOGLE,
    };
    Hook {
        channel: id.uuid(),
        address: config.web.url(path),
        lifecycle: config.web.url(MICROSOFT_LIFECYCLE),
        token: HookToken::new(format!("{}.{}", id.uuid().simple(), LinkToken::random().expose())),
    }
}

/// The provider pushes. What happened while nobody did is read once.
async fn opened(state: &AppState, id: ChannelId, org: OrgId, watching: &Watching) -> Result<(), StoreError> {
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    let change = channels::ActiveModel {
        status: Set(ChannelStatus::Live),
        remote_id: Set(watching.id.clone()),
        resource: Set(watching.resource.clone()),
        expires_at: Set(watching.expires_at.into()),
        renew_at: Set((now + (watching.expires_at - now) / 2).into()),
        ..Default::default()
    };
    channels::Entity::update_many()
        .set(change)
        .filter(channels::Column::OrgId.eq(org))
        .filter(channels::Column::Id.eq(id))
        .exec(&*txn)
        .await?;
    if let Some(channel) = find(&*txn, id).await? {
        let job = Job::PullCalendar { connection: channel.connection, calendar: channel.calendar };
        outbox::enqueue_once(&txn, org, &job, now, now).await?;
    }
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

async fn mark(
    txn: &Txn,
    org: OrgId,
    id: ChannelId,
    status: ChannelStatus,
    renew_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let change =
        channels::ActiveModel { status: Set(status), renew_at: Set(Stamp::from(renew_at)), ..Default::default() };
    channels::Entity::update_many()
        .set(change)
        .filter(channels::Column::OrgId.eq(org))
        .filter(channels::Column::Id.eq(id))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Ours is over in any case; the provider is told if it listens. One that does not ends the channel by itself in a few days, and
/// what it pushes until then is refused.
async fn end(state: &AppState, channel: &Channel) -> Result<(), StoreError> {
    let txn = state.store.begin().await?;
    mark(&txn, channel.org, channel.id, ChannelStatus::Ended, state.clock.now()).await?;
    txn.commit().await?;
    let known = connections::known(channel.provider);
    let Some(client) = state.services.calendars.get(known).filter(|_| !channel.watching.id.is_empty()) else {
        return Ok(());
    };
    let client = client.calendar.clone();
    let stopped = tokens::with_access(&state.services, channel.org, channel.connection, |token: AccessToken| {
        let client = client.clone();
        async move { client.unwatch(&token, &channel.watching).await }
    });
    if let Err(error) = stopped.await {
        tracing::info!(channel = %channel.id, %error, "a channel was not stopped");
    }
    Ok(())
}

/// Stops everything that pushes for a connection that was ended, with the grant that is about to be handed back.
///
/// # Errors
/// The provider did not answer; everything else counts as stopped.
pub async fn end_all(state: &AppState, org: OrgId, connection: ConnectionId) -> Result<(), JobError> {
    let rows = channels::Entity::find()
        .filter(channels::Column::OrgId.eq(org))
        .filter(channels::Column::ConnectionId.eq(connection))
        .filter(channels::Column::Status.ne(ChannelStatus::Ended))
        .all(state.store.reader())
        .await
        .map_err(StoreError::from)?;
    for channel in rows.into_iter().map(Channel::from) {
        let known = connections::known(channel.provider);
        if let Some(client) = state.services.calendars.get(known).filter(|_| !channel.watching.id.is_empty()) {
            let client = client.calendar.clone();
            let stopped = revocation::with_last_access(&state.services, org, connection, |token: AccessToken| {
                let (client, watching) = (client.clone(), channel.watching.clone());
                async move { client.unwatch(&token, &watching).await }
            });
            match stopped.await {
                Err(AccessError::Calendar(error)) if error.is_retryable() => {
                    return Err(job_error(error.into(), connection));
                }
                Err(AccessError::Store(error)) => return Err(error.into()),
                _ => {}
            }
        }
        let txn = state.store.begin().await?;
        mark(&txn, org, channel.id, ChannelStatus::Ended, state.clock.now()).await?;
        txn.commit().await?;
    }
    Ok(())
}
