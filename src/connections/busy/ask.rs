//! Asking calendars.

use std::collections::HashMap;

use chrono_tz::Tz;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::oneshot;

use super::{
    UnknownReason,
    read::{self, Read},
};
use crate::{
    calendars::CalendarError,
    connections::{Connection, Services, tokens, tokens::AccessError},
    ids::{CalendarId, ConnectionId, OrgId},
    scheduling::interval::{Interval, normalise},
    store::{
        Stamp, StoreError,
        entities::{busy_reads, calendars, connections},
        words::ConnectionStatus,
    },
};

/// "Last synced" is not written more often than this.
const SYNCED_EVERY: chrono::Duration = chrono::Duration::minutes(1);
/// Shown to the owner of a calendar that was not allowed to be read.
pub(crate) const CANNOT_READ: &str = "Permission to see when you are busy is missing. Reconnect and allow it.";
/// Shown while a calendar does not answer.
pub(crate) const NO_ANSWER: &str = "The calendar did not answer when last asked. We keep trying.";

/// The calendars of each connection that its owner wants read.
pub(super) async fn selected(
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
pub(super) fn ask(
    services: Services,
    connection: Connection,
    zone: Option<Tz>,
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
    zone: Option<Tz>,
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
            read::store(&txn, connection.org, connection.id, &read.clone().set_into(older.as_ref())).await?;
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
