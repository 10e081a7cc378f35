//! Asking calendars.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::{sync::oneshot, time::Instant};

use super::{
    DEADLINE, UnknownReason,
    read::{self, Read, reads},
    turn::{self, Turn},
};
use crate::{
    calendars::{CalendarError, Heard},
    connections::{Connection, Services, alerts, choice::PRIMARY, find, tokens, tokens::AccessError},
    ids::{CalendarId, ConnectionId, OrgId},
    scheduling::interval::{Interval, normalise},
    store::{
        Stamp, StoreError,
        entities::{calendars, connections},
        words::{ConnectionStatus, Direction},
    },
};

/// "Last synced" is not written more often than this.
const SYNCED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How often to look whether somebody else's question is answered.
pub(in crate::connections) const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(40);
/// Shown to the owner of a calendar that was not allowed to be read.
pub(crate) const CANNOT_READ: &str = "Permission to see when you are busy is missing. Reconnect and allow it.";
/// Shown while a calendar does not answer.
pub(crate) const NO_ANSWER: &str = "The calendar did not answer when last asked. We keep trying.";
/// Shown to the owner of a calendar that is not there any more.
pub const GONE: &str = "A calendar you chose is no longer in this account. Choose again which calendars are read.";

/// What each calendar that was asked said, or why it said nothing.
pub(super) type Answers = HashMap<String, Result<Read, UnknownReason>>;

/// One question to one account.
pub(super) struct Question {
    pub connection: Connection,
    /// Its owner's.
    pub zone: Option<Tz>,
    pub calendars: Vec<String>,
    pub window: Interval,
}

/// The calendars of each connection that its owner wants read, at least one.
pub(super) async fn selected(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[ConnectionId],
) -> Result<HashMap<ConnectionId, Vec<String>>, StoreError> {
    let rows = calendars::Entity::find()
        .filter(calendars::Column::OrgId.eq(org))
        .filter(calendars::Column::ConnectionId.is_in(ids.iter().copied()))
        .filter(calendars::Column::IsRead.eq(true))
        .all(db)
        .await?;
    let mut selected: HashMap<ConnectionId, Vec<(CalendarId, String)>> = HashMap::new();
    for row in rows {
        selected.entry(row.connection_id).or_default().push((row.id, row.provider_id));
    }
    let sorted = |id: &ConnectionId| {
        let mut list = selected.remove(id).unwrap_or_default();
        list.sort();
        let list: Vec<String> = list.into_iter().map(|(_, id)| id).collect();
        (*id, if list.is_empty() { vec![PRIMARY.to_owned()] } else { list })
    };
    Ok(ids.iter().map(sorted).collect())
}

/// Asks one account, on a task of its own: an answer that comes too late for this caller is stored for the next, and a
/// token refresh under way is never torn off.
pub(super) fn ask(services: Services, question: Question) -> oneshot::Receiver<Result<Answers, UnknownReason>> {
    let (answer, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let answered = ask_in_turn(&services, &question).await.unwrap_or_else(|error| {
            tracing::warn!(connection = %question.connection.id, %error, "a calendar was not asked");
            Err(UnknownReason::NoAnswer)
        });
        // Nobody waits any more: the answer is stored, that is enough.
        let _ = answer.send(answered);
    });
    receiver
}

/// Asks when it is this process's turn. While somebody else asks, their answer is waited for, and counts if it holds what is
/// asked here.
async fn ask_in_turn(services: &Services, question: &Question) -> Result<Result<Answers, UnknownReason>, StoreError> {
    let begun = services.clock.now();
    let waits_until = Instant::now() + DEADLINE;
    let mut waited = false;
    loop {
        match turn::take(services, &question.connection).await? {
            Turn::Paused { until } => return Ok(Err(UnknownReason::AskedTooOften { until })),
            Turn::Ours(owner) if waited => {
                let heard = overheard(services, question, begun).await?;
                if heard.is_none() && !is_silent(services, &question.connection).await? {
                    // They asked for something else.
                    return Ok(ask_and_store(services, question, &owner).await);
                }
                let txn = services.store.begin().await?;
                turn::give_back(&txn, &question.connection, &owner, None).await?;
                txn.commit().await?;
                // Nor is it asked again at once, one waiter after the other, if it did not answer them.
                return Ok(heard.ok_or(UnknownReason::NoAnswer));
            }
            Turn::Ours(owner) => return Ok(ask_and_store(services, question, &owner).await),
            Turn::Theirs if Instant::now() >= waits_until => return Ok(Err(UnknownReason::NoAnswer)),
            Turn::Theirs => {
                waited = true;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Whether whoever asked last had no answer.
async fn is_silent(services: &Services, connection: &Connection) -> Result<bool, StoreError> {
    let found = find(services.store.reader(), connection.org, connection.id).await?;
    Ok(found.is_some_and(|found| found.status == ConnectionStatus::Error))
}

/// What somebody else heard while we waited, if it is all that is asked here. They began before we did, by no longer than an
/// answer may take.
async fn overheard(
    services: &Services,
    question: &Question,
    begun: DateTime<Utc>,
) -> Result<Option<Answers>, StoreError> {
    let Question { connection, calendars, window, .. } = question;
    let mut stored = reads(services.store.reader(), connection.org, &[connection.id]).await?;
    let stored = stored.remove(&connection.id).unwrap_or_default();
    let since = begun - TimeDelta::from_std(DEADLINE).unwrap_or_default();
    let heard = |calendar: &String| {
        let read = stored.get(calendar).filter(|read| read.covers(*window) && read.read_at >= since)?;
        Some((calendar.clone(), Ok(read.within(*window))))
    };
    Ok(calendars.iter().map(heard).collect())
}

async fn ask_and_store(services: &Services, question: &Question, owner: &str) -> Result<Answers, UnknownReason> {
    let Question { connection, zone, calendars, window } = question;
    // Before the question: what changes while it is answered may be missing from the answer.
    let read_at = services.clock.now();
    let answer = match services.calendars.get(connection.provider) {
        None => Err(AccessError::NotConnected),
        Some(client) => {
            let account = connection.account(*zone);
            tokens::with_access(services, connection.org, connection.id, |token| {
                let (client, account) = (client.clone(), account.clone());
                async move { client.calendar.busy_each(&token, &account, calendars, *window).await }
            })
            .await
        }
    };
    // By the clock of now: the wait counts from the answer.
    let now = services.clock.now();
    let pause = |error: &CalendarError| match error {
        CalendarError::RateLimited { retry_after } => Some(turn::pause_from(now, *retry_after)),
        _ => None,
    };
    let paused_until = match &answer {
        Ok(heard) => heard.iter().filter_map(|(_, one)| pause(one.as_ref().err()?)).max(),
        Err(AccessError::Calendar(error)) => pause(error),
        Err(_) => None,
    };
    let reason = |error: &CalendarError| match (error, paused_until) {
        (CalendarError::PermissionMissing(_), _) => UnknownReason::PermissionMissing,
        (CalendarError::Gone, _) => UnknownReason::CalendarGone,
        (CalendarError::RateLimited { .. }, Some(until)) => UnknownReason::AskedTooOften { until },
        _ => UnknownReason::NoAnswer,
    };
    let read = |(calendar, one): Heard| {
        let one = one.map(|spans| Read { window: *window, intervals: normalise(spans), read_at });
        (calendar, one.map_err(|error| reason(&error)))
    };
    let answered: Result<Answers, UnknownReason> = match answer {
        Ok(heard) => Ok(heard.into_iter().map(read).collect()),
        Err(AccessError::NotConnected | AccessError::Expired) => Err(UnknownReason::SignInExpired),
        Err(AccessError::Calendar(error)) => Err(reason(&error)),
        Err(AccessError::Sealed(_) | AccessError::Store(_)) => Err(UnknownReason::NoAnswer),
    };
    if let Err(error) = note(services, connection, owner, &answered, paused_until).await {
        tracing::warn!(connection = %connection.id, %error, "what a calendar said could not be stored");
    }
    answered
}

/// Stores what was read, gives the turn back, and keeps on the connection that it was read or why not.
async fn note(
    services: &Services,
    connection: &Connection,
    owner: &str,
    answered: &Result<Answers, UnknownReason>,
    paused_until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let now = services.clock.now();
    let txn = services.store.begin().await?;
    turn::give_back(&txn, connection, owner, paused_until).await?;
    if let Ok(answers) = answered {
        let older = reads(&*txn, connection.org, &[connection.id]).await?.remove(&connection.id).unwrap_or_default();
        for (calendar, read) in answers.iter().filter_map(|(calendar, one)| Some((calendar, one.as_ref().ok()?))) {
            let older = older.get(calendar);
            // An answer that was overtaken by a younger one of the same stretch has nothing to add.
            let overtaken = older.is_some_and(|older| older.read_at > read.read_at && older.covers(read.window));
            if !overtaken {
                let read = read.clone().set_into(older);
                read::store(&txn, connection.org, connection.id, calendar, &read).await?;
            }
        }
    }
    let failures: Vec<UnknownReason> = match answered {
        Ok(answers) => answers.values().filter_map(|one| one.as_ref().err().copied()).collect(),
        Err(reason) => vec![*reason],
    };
    let has = |reason: UnknownReason| failures.contains(&reason);
    let standing = if has(UnknownReason::PermissionMissing) {
        Some((ConnectionStatus::Active, CANNOT_READ))
    } else if has(UnknownReason::CalendarGone) {
        Some((ConnectionStatus::Active, GONE))
    } else if has(UnknownReason::NoAnswer) {
        Some((ConnectionStatus::Error, NO_ANSWER))
    } else {
        // An end of the sign-in was told and stored where it was noticed; being asked too often is no fault of the connection.
        failures.is_empty().then_some((ConnectionStatus::Active, ""))
    };
    let synced = failures.is_empty() && connection.last_synced_at.is_none_or(|last| now - last >= SYNCED_EVERY);
    if let Some((status, sentence)) = standing
        && (synced || connection.status != status || connection.last_error != sentence)
    {
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
    match failures.first() {
        None => alerts::succeeded(&txn, connection, Direction::In).await?,
        Some(reason) => {
            let (org, id) = (connection.org, connection.id);
            alerts::failed(services, &txn, org, id, Direction::In, reason.code()).await?;
        }
    }
    txn.commit().await
}
