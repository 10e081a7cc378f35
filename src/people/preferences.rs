//! What somebody wants to find in their own calendar, kind by kind, and when they are alerted to it; and when requests of theirs
//! remind people.
//!
//! Both count from now on: what stands in a calendar stays there and is kept in step, and a request keeps the reminders it was
//! made with.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;

use super::{Coordinator, Member};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    ids::{OrgId, PersonId},
    store::{
        StoreError, Txn,
        entities::{people, sync_preferences},
        words::{Alert, EventKind},
    },
};

/// What somebody wants of events of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference {
    /// They are put into their calendar.
    pub is_synced: bool,
    /// When their calendar alerts them to one.
    pub alert: Alert,
}

impl Default for Preference {
    fn default() -> Self {
        Self { is_synced: true, alert: Alert::Usual }
    }
}

/// What this person wants of events of this kind.
pub async fn preference(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
    kind: EventKind,
) -> Result<Preference, StoreError> {
    let row = of_person(org, person).filter(sync_preferences::Column::Kind.eq(kind)).one(db).await?;
    Ok(row.map(from_row).unwrap_or_default())
}

/// The same of every kind, in the order of the vocabulary.
pub async fn preferences(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
) -> Result<Vec<(EventKind, Preference)>, StoreError> {
    let rows = of_person(org, person).all(db).await?;
    let said: BTreeMap<&str, Preference> = rows.into_iter().map(|row| (row.kind.as_str(), from_row(row))).collect();
    Ok(EventKind::iter().map(|kind| (kind, said.get(kind.as_str()).copied().unwrap_or_default())).collect())
}

/// Keeps what somebody wants of these kinds.
pub async fn set(
    txn: &Txn,
    member: &Member,
    wanted: &[(EventKind, Preference)],
    origin: Origin,
) -> Result<(), StoreError> {
    use sync_preferences::Column;
    let rows = wanted.iter().map(|(kind, preference)| sync_preferences::ActiveModel {
        org_id: Set(member.org),
        person_id: Set(member.person),
        kind: Set(*kind),
        is_synced: Set(preference.is_synced),
        alert: Set(preference.alert),
    });
    let again = OnConflict::columns([Column::PersonId, Column::Kind])
        .update_columns([Column::IsSynced, Column::Alert])
        .to_owned();
    sync_preferences::Entity::insert_many(rows).on_conflict(again).exec_without_returning(&**txn).await?;
    let told = |(kind, preference): &(EventKind, Preference)| {
        (kind.as_str().to_owned(), json!({ "synced": preference.is_synced, "alert": preference.alert }))
    };
    let detail: serde_json::Map<_, _> = wanted.iter().map(told).collect();
    record(txn, member, "person.preferences_set", detail.into(), origin).await
}

/// How many minutes before an interview this person's new requests remind; `None` is as their organisation has it.
pub async fn own_reminders(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
) -> Result<Option<Vec<u32>>, StoreError> {
    let said: Option<Option<String>> = super::in_org(org)
        .filter(people::Column::Id.eq(person))
        .select_only()
        .column(people::Column::ReminderMinutes)
        .into_tuple()
        .one(db)
        .await?;
    said.flatten().map(|text| super::json("people.reminder_minutes", &text)).transpose()
}

/// Keeps when a coordinator's new requests remind; `None` is as their organisation has it.
pub async fn set_own_reminders(
    txn: &Txn,
    coordinator: &Coordinator,
    minutes: Option<&[u32]>,
    origin: Origin,
) -> Result<(), StoreError> {
    let me = coordinator.member();
    let text = minutes.map(serde_json::to_string).transpose().map_err(|error| DbErr::Json(error.to_string()))?;
    super::this(me.org, me.person).col_expr(people::Column::ReminderMinutes, Expr::value(text)).exec(&**txn).await?;
    record(txn, me, "person.reminders_set", json!({ "minutes": minutes }), origin).await
}

fn of_person(org: OrgId, person: PersonId) -> sea_orm::Select<sync_preferences::Entity> {
    sync_preferences::Entity::find()
        .filter(sync_preferences::Column::OrgId.eq(org))
        .filter(sync_preferences::Column::PersonId.eq(person))
}

fn from_row(row: sync_preferences::Model) -> Preference {
    Preference { is_synced: row.is_synced, alert: row.alert }
}

async fn record(
    txn: &Txn,
    member: &Member,
    action: &'static str,
    detail: serde_json::Value,
    origin: Origin,
) -> Result<(), StoreError> {
    let (actor, subject) = (Actor::Person(member.person), member.person.to_string());
    audit::record(txn, AuditEntry { org: member.org, actor, action, subject, detail, origin }).await
}
