//! Events on calendars that carry our marker and that nobody here asked for: kept until somebody takes them off, or they are gone.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

use super::compare::{Discrepancy, Stray as Found};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{AccessToken, Alert, EventDraft, Placed},
    connections::{self, Connection, tokens},
    ids::{ConnectionId, OrgId, StrayId},
    outbox::{self, Job, JobError},
    people::Admin,
    scheduling::interval::Interval,
    state::AppState,
    store::{Stamp, StoreError, Txn, entities::strays, words::StrayKind},
    sync::run::job_error,
};

/// One that is there as far as we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    pub id: StrayId,
    pub org: OrgId,
    pub connection: ConnectionId,
    pub calendar: String,
    pub kind: StrayKind,
    pub provider_id: String,
    pub marker: String,
    /// `None` for whole days.
    pub span: Option<Interval>,
    pub found_at: DateTime<Utc>,
}

fn from_row(row: strays::Model) -> Stray {
    let span = row.starts_at.zip(row.ends_at).and_then(|(start, end)| Interval::new(start.at(), end.at()));
    Stray {
        id: row.id,
        org: row.org_id,
        connection: row.connection_id,
        calendar: row.calendar,
        kind: row.kind,
        provider_id: row.provider_id,
        marker: row.marker,
        span,
        found_at: row.found_at.at(),
    }
}

/// Those of this organisation, the oldest first.
pub async fn open(db: &impl ConnectionTrait, org: OrgId) -> Result<Vec<Stray>, StoreError> {
    let rows = strays::Entity::find()
        .filter(strays::Column::OrgId.eq(org))
        .filter(strays::Column::SettledAt.is_null())
        .order_by_asc(strays::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

async fn find(db: &impl ConnectionTrait, org: OrgId, id: StrayId) -> Result<Option<Stray>, StoreError> {
    let row = strays::Entity::find()
        .filter(strays::Column::OrgId.eq(org))
        .filter(strays::Column::Id.eq(id))
        .filter(strays::Column::SettledAt.is_null())
        .one(db)
        .await?;
    Ok(row.map(from_row))
}

/// Keeps what is there now, and lets go of what is not any more.
pub(super) async fn keep(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    calendar: &str,
    discrepancies: &[Discrepancy],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let found = |one: &Discrepancy| match one {
        Discrepancy::Stray(stray) => Some(stray.clone()),
        _ => None,
    };
    let found: Vec<Found> = discrepancies.iter().filter_map(found).collect();
    let known = open(&**txn, org).await?.into_iter();
    let known: Vec<Stray> = known.filter(|one| one.connection == connection && one.calendar == calendar).collect();
    for gone in known.iter().filter(|one| found.iter().all(|stray| stray.provider_id != one.provider_id)) {
        settle(txn, org, gone.id, now).await?;
    }
    for stray in found.into_iter().filter(|stray| known.iter().all(|one| one.provider_id != stray.provider_id)) {
        strays::Entity::insert(strays::ActiveModel {
            id: Set(StrayId::new()),
            org_id: Set(org),
            connection_id: Set(connection),
            calendar: Set(calendar.to_owned()),
            kind: Set(stray.kind.into()),
            provider_id: Set(stray.provider_id),
            marker: Set(stray.marker),
            starts_at: Set(stray.span.map(|span| span.start().into())),
            ends_at: Set(stray.span.map(|span| span.end().into())),
            found_at: Set(now.into()),
            settled_at: Set(None),
        })
        .exec_without_returning(&**txn)
        .await?;
    }
    Ok(())
}

async fn settle(txn: &Txn, org: OrgId, id: StrayId, now: DateTime<Utc>) -> Result<(), StoreError> {
    strays::Entity::update_many()
        .col_expr(strays::Column::SettledAt, Expr::value(Stamp::from(now).millis()))
        .filter(strays::Column::OrgId.eq(org))
        .filter(strays::Column::Id.eq(id))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// An administrator wants it off the calendar. False if it is not there any more.
///
/// # Errors
/// The database's.
pub async fn ask_removal(state: &AppState, admin: &Admin, id: StrayId, origin: &Origin) -> Result<bool, StoreError> {
    let (org, now) = (admin.member().org, state.clock.now());
    let txn = state.store.begin().await?;
    let Some(stray) = find(&*txn, org, id).await? else { return Ok(false) };
    outbox::enqueue_once(&txn, org, &Job::RemoveStray { stray: id }, now, now).await?;
    let detail = serde_json::json!({ "connection": stray.connection, "marker": stray.marker });
    let (actor, action, subject) = (Actor::Person(admin.member().person), "stray.removal_asked", id.to_string());
    audit::record(&txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(true)
}

/// Takes it off the calendar. Nobody is told: nobody here invited anybody to it.
pub async fn remove(state: &AppState, org: OrgId, id: StrayId) -> Result<(), JobError> {
    let db = state.store.reader();
    let Some(stray) = find(db, org, id).await? else { return Ok(()) };
    let found = connections::find(db, org, stray.connection).await?.filter(Connection::is_usable);
    let client = found.and_then(|found| state.services.calendars.get(found.provider));
    let Some(client) = client.map(|client| client.calendar.clone()) else { return Ok(()) };
    let (draft, last) = (named(&stray, state.clock.now()), named_there(&stray));
    let (draft, last, calendar) = (&draft, &last, stray.calendar.as_str());
    let removed = tokens::with_access(&state.services, org, stray.connection, |token: AccessToken| {
        let client = client.clone();
        async move { client.cancel(&token, calendar, draft, Some(last), "").await }
    });
    removed.await.map_err(|error| job_error(error, stray.connection))?;
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    settle(&txn, org, id, now).await?;
    connections::busy::forget(&txn, org, stray.connection).await?;
    let detail = serde_json::json!({ "connection": stray.connection, "marker": stray.marker });
    let (actor, action, origin) = (Actor::System, "stray.removed", Origin::default());
    audit::record(&txn, AuditEntry { org, actor, action, subject: id.to_string(), detail, origin }).await?;
    Ok(txn.commit().await?)
}

/// What a calendar needs to know of an event to take it off.
fn named(stray: &Stray, now: DateTime<Utc>) -> EventDraft {
    let some_time = Interval::new(now, now + chrono::TimeDelta::minutes(1)).expect("it runs forward");
    EventDraft {
        uid: String::new(),
        marker: stray.marker.clone(),
        generation: 0,
        sequence: 0,
        summary: String::new(),
        description: String::new(),
        location: None,
        span: stray.span.unwrap_or(some_time),
        zone: chrono_tz::UTC,
        attendees: Vec::new(),
        video: false,
        notify: false,
        alert: Alert::Usual,
    }
}

fn named_there(stray: &Stray) -> Placed {
    let provider_id = stray.provider_id.clone();
    Placed { provider_id, etag: None, join_url: None, ical_uid: None, span: stray.span }
}
