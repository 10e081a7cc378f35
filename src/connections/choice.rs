//! Which calendars of an account are read, and into which one events are put: its owner's choice.
//!
//! What an account has is learned whenever it is looked at ([`keep_list`]); what was chosen of it stays, even of a calendar the
//! provider no longer names. Such a calendar makes its owner unknown until they choose again: nobody can say whether it was
//! deleted or merely not shared any more.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;

use super::{Connection, Need, Services, busy, tokens, tokens::AccessError};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{Access, CalendarInfo, Provider},
    ids::{CalendarId, ConnectionId, OrgId},
    people::Member,
    store::{
        StoreError, Txn,
        entities::{calendars, connections},
        words::AccessLevel,
    },
};

/// The name under which every provider knows an account's main calendar.
pub const PRIMARY: &str = "primary";
/// What the calendar is called that we make for somebody who wants ours apart from theirs.
pub const OURS: &str = "Convene";

/// A calendar of a connected account, and what its owner chose for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub id: CalendarId,
    /// The provider's, or [`PRIMARY`].
    pub provider_id: String,
    pub name: String,
    /// `#rrggbb`, as the provider paints it; empty if it does not say.
    pub colour: String,
    pub access: AccessLevel,
    pub is_read: bool,
    pub is_write_target: bool,
    /// Made by us.
    pub is_ours: bool,
    /// Whether the provider still named it when it was last asked.
    pub is_listed: bool,
}

impl Calendar {
    pub fn is_main(&self) -> bool {
        self.provider_id == PRIMARY
    }

    /// Whether events can be put into it.
    pub fn is_writable(&self) -> bool {
        self.is_listed && matches!(self.access, AccessLevel::Write | AccessLevel::Own)
    }
}

impl From<calendars::Model> for Calendar {
    fn from(row: calendars::Model) -> Self {
        Self {
            id: row.id,
            provider_id: row.provider_id,
            name: row.name,
            colour: row.colour,
            access: row.access,
            is_read: row.is_read,
            is_write_target: row.is_write_target,
            is_ours: row.is_ours,
            is_listed: row.is_listed,
        }
    }
}

/// The calendars of these connections, each with its main one first and the rest by name.
pub async fn of_connections(
    db: &impl ConnectionTrait,
    org: OrgId,
    ids: &[ConnectionId],
) -> Result<HashMap<ConnectionId, Vec<Calendar>>, StoreError> {
    let rows = calendars::Entity::find()
        .filter(calendars::Column::OrgId.eq(org))
        .filter(calendars::Column::ConnectionId.is_in(ids.iter().copied()))
        .order_by_asc(calendars::Column::Name)
        .order_by_asc(calendars::Column::Id)
        .all(db)
        .await?;
    let mut found: HashMap<ConnectionId, Vec<Calendar>> = HashMap::new();
    for row in rows {
        found.entry(row.connection_id).or_default().push(row.into());
    }
    for list in found.values_mut() {
        list.sort_by_key(|calendar| !calendar.is_main());
    }
    Ok(found)
}

/// The calendars one connection reads and writes.
async fn of_connection(db: &impl ConnectionTrait, org: OrgId, id: ConnectionId) -> Result<Vec<Calendar>, StoreError> {
    Ok(of_connections(db, org, &[id]).await?.remove(&id).unwrap_or_default())
}

/// The calendar events of this connection are put into, by the provider's id.
pub(super) async fn target(db: &impl ConnectionTrait, org: OrgId, id: ConnectionId) -> Result<String, StoreError> {
    let chosen = of_connection(db, org, id).await?.into_iter().find(|calendar| calendar.is_write_target);
    Ok(chosen.map_or_else(|| PRIMARY.to_owned(), |calendar| calendar.provider_id))
}

/// Keeps what an account has. At first its main calendar is read and written to; CalDAV knows no main one, and people spread their
/// events over several, so all that are their own are read there. What its owner chose before stays. An empty list tells nothing: the
/// account could not be asked for it.
pub(super) async fn keep_list(
    txn: &Txn,
    org: OrgId,
    connection: ConnectionId,
    provider: Provider,
    list: &[CalendarInfo],
) -> Result<(), StoreError> {
    let main = list.iter().find(|calendar| calendar.primary);
    let is_own = |info: Option<&CalendarInfo>| provider == Provider::Apple && info.is_some_and(|info| info.writable);
    let row = |provider_id: &str, name: &str, info: Option<&CalendarInfo>| calendars::ActiveModel {
        id: Set(CalendarId::new()),
        org_id: Set(org),
        connection_id: Set(connection),
        provider_id: Set(provider_id.to_owned()),
        name: Set(name.to_owned()),
        colour: Set(info.and_then(|info| info.colour.clone()).unwrap_or_default()),
        access: Set(info.map_or(AccessLevel::Own, |info| level(info.access))),
        is_read: Set(provider_id == PRIMARY || is_own(info)),
        is_write_target: Set(provider_id == PRIMARY),
        is_ours: Set(false),
        is_listed: Set(true),
    };
    let mut rows = vec![row(PRIMARY, main.map_or("Main calendar", |info| &info.name), main)];
    let others = list.iter().filter(|calendar| !calendar.primary);
    rows.extend(others.map(|info| row(&info.id, &info.name, Some(info))));
    let named: Vec<String> = rows.iter().map(|row| row.provider_id.clone().unwrap()).collect();
    let again = OnConflict::columns([calendars::Column::ConnectionId, calendars::Column::ProviderId])
        .update_columns([
            calendars::Column::Name,
            calendars::Column::Colour,
            calendars::Column::Access,
            calendars::Column::IsListed,
        ])
        .to_owned();
    let first_look =
        OnConflict::columns([calendars::Column::ConnectionId, calendars::Column::ProviderId]).do_nothing().to_owned();
    let known = if list.is_empty() { first_look } else { again };
    calendars::Entity::insert_many(rows).on_conflict(known).exec_without_returning(&**txn).await?;
    if list.is_empty() {
        return Ok(());
    }
    let unnamed = Condition::all()
        .add(calendars::Column::OrgId.eq(org))
        .add(calendars::Column::ConnectionId.eq(connection))
        .add(calendars::Column::ProviderId.is_not_in(named));
    calendars::Entity::delete_many()
        .filter(unnamed.clone())
        .filter(calendars::Column::IsRead.eq(false))
        .filter(calendars::Column::IsWriteTarget.eq(false))
        .exec(&**txn)
        .await?;
    calendars::Entity::update_many()
        .col_expr(calendars::Column::IsListed, Expr::value(false))
        .filter(unnamed)
        .exec(&**txn)
        .await?;
    Ok(())
}

fn level(access: Access) -> AccessLevel {
    match access {
        Access::FreeBusy => AccessLevel::FreeBusy,
        Access::Read => AccessLevel::Read,
        Access::Write => AccessLevel::Write,
        Access::Own => AccessLevel::Own,
    }
}

/// Where somebody wants events put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// As before; also for an account that is only read.
    AsBefore,
    /// Into this calendar. Its account becomes the one that is written to.
    Calendar(CalendarId),
    /// Into one of its own, which is made if need be.
    Ours,
}

/// What somebody chose for one of their accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The calendars to read; at least one.
    pub read: Vec<CalendarId>,
    pub target: Target,
}

/// Why a choice was not kept. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    #[error("Choose at least one calendar, or disconnect this account.")]
    NothingRead,
    #[error("One of the calendars you chose is not in this account any more. Choose again.")]
    UnknownCalendar,
    #[error("This calendar can be read and not written to. Choose another one for interviews.")]
    ReadOnly,
    #[error("Permission to {} is missing.", .0.in_words())]
    PermissionMissing(Need),
    #[error("The calendar could not be made.")]
    NotMade(#[source] AccessError),
    #[error("This calendar is not connected.")]
    NotConnected,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChoiceError {
    /// Stable; programs and tests go by it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingRead => "calendars_none",
            Self::UnknownCalendar => "calendar_unknown",
            Self::ReadOnly => "calendar_read_only",
            Self::PermissionMissing(_) => "permission_missing",
            Self::NotMade(_) => "calendar_not_made",
            Self::NotConnected => "not_connected",
            Self::Store(_) => "internal",
        }
    }
}

/// Keeps what a member chose for their own account at this provider. What stands in a calendar already stays there; what comes goes
/// into the chosen one.
///
/// # Errors
/// [`ChoiceError`]; nothing was changed, though the provider may have made a calendar that is found again by its name.
pub async fn choose(
    services: &Services,
    member: &Member,
    provider: Provider,
    choice: &Choice,
    origin: &Origin,
) -> Result<(), ChoiceError> {
    let db = services.store.reader();
    let connection = own(db, member, provider).await?;
    if choice.read.is_empty() {
        return Err(ChoiceError::NothingRead);
    }
    if choice.target != Target::AsBefore && !connection.can(Need::WriteEvents) {
        return Err(ChoiceError::PermissionMissing(Need::WriteEvents));
    }
    let made = match choice.target {
        Target::Ours => make_ours(services, &connection).await?,
        Target::AsBefore | Target::Calendar(_) => None,
    };
    let txn = services.store.begin().await?;
    let connection = own(&*txn, member, provider).await?;
    if let Some(made) = made {
        keep_ours(&txn, &connection, &made).await?;
    }
    let have = of_connection(&*txn, member.org, connection.id).await?;
    if !choice.read.iter().all(|id| have.iter().any(|calendar| calendar.id == *id)) {
        return Err(ChoiceError::UnknownCalendar);
    }
    let target = match choice.target {
        Target::AsBefore => None,
        Target::Ours => have.iter().find(|calendar| calendar.is_ours && calendar.is_listed),
        Target::Calendar(id) => {
            let found = have.iter().find(|calendar| calendar.id == id).ok_or(ChoiceError::UnknownCalendar)?;
            if !found.is_writable() {
                return Err(ChoiceError::ReadOnly);
            }
            Some(found)
        }
    };
    set(&txn, &connection, calendars::Column::IsRead, &choice.read).await?;
    if let Some(target) = target {
        set(&txn, &connection, calendars::Column::IsWriteTarget, &[target.id]).await?;
        make_primary(&txn, &connection).await?;
    }
    // A calendar that is gone and neither read nor written to is of no more use.
    calendars::Entity::delete_many()
        .filter(calendars::Column::OrgId.eq(member.org))
        .filter(calendars::Column::ConnectionId.eq(connection.id))
        .filter(calendars::Column::IsListed.eq(false))
        .filter(calendars::Column::IsRead.eq(false))
        .filter(calendars::Column::IsWriteTarget.eq(false))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    busy::forget(&txn, member.org, connection.id).await?;
    let detail = json!({
        "provider": provider.as_str(),
        "read": choice.read,
        "write": target.map(|calendar| calendar.id),
    });
    let (actor, action, subject) =
        (Actor::Person(member.person), "connection.calendars_chosen", connection.id.to_string());
    audit::record(&txn, AuditEntry { org: member.org, actor, action, subject, detail, origin: origin.clone() }).await?;
    txn.commit().await?;
    Ok(())
}

/// The member's connection at this provider.
async fn own(db: &impl ConnectionTrait, member: &Member, provider: Provider) -> Result<Connection, ChoiceError> {
    super::own(db, member, provider).await?.ok_or(ChoiceError::NotConnected)
}

/// Exactly these calendars of the connection have the mark.
async fn set(
    txn: &Txn,
    connection: &Connection,
    mark: calendars::Column,
    chosen: &[CalendarId],
) -> Result<(), StoreError> {
    let all = || {
        calendars::Entity::update_many()
            .filter(calendars::Column::OrgId.eq(connection.org))
            .filter(calendars::Column::ConnectionId.eq(connection.id))
    };
    all().col_expr(mark, Expr::value(false)).exec(&**txn).await?;
    let chosen = calendars::Column::Id.is_in(chosen.iter().copied());
    all().col_expr(mark, Expr::value(true)).filter(chosen).exec(&**txn).await?;
    Ok(())
}

/// The person's events go to this account from now on.
pub(super) async fn make_primary(txn: &Txn, connection: &Connection) -> Result<(), StoreError> {
    for (this, primary) in [(false, false), (true, true)] {
        let which =
            if this { connections::Column::Id.eq(connection.id) } else { connections::Column::Id.ne(connection.id) };
        connections::Entity::update_many()
            .col_expr(connections::Column::IsPrimary, Expr::value(primary))
            .filter(connections::Column::OrgId.eq(connection.org))
            .filter(connections::Column::PersonId.eq(connection.person))
            .filter(which)
            .exec(&**txn)
            .await?;
    }
    Ok(())
}

/// The calendar of our own in this account, made if need be. `None` if it is known already.
async fn make_ours(services: &Services, connection: &Connection) -> Result<Option<CalendarInfo>, ChoiceError> {
    if !connection.can(Need::MakeCalendars) {
        return Err(ChoiceError::PermissionMissing(Need::MakeCalendars));
    }
    let client = services.calendars.get(connection.provider).ok_or(ChoiceError::NotConnected)?;
    let known = of_connection(services.store.reader(), connection.org, connection.id).await?;
    let known: Vec<String> =
        known.into_iter().filter(|calendar| calendar.is_ours).map(|calendar| calendar.provider_id).collect();
    let made = tokens::with_access(services, connection.org, connection.id, |token| {
        let (client, known) = (client.clone(), known.clone());
        async move {
            let listed = client.calendar.calendars(&token).await?;
            if listed.iter().any(|one| known.contains(&one.id)) {
                return Ok(None);
            }
            client.calendar.create_calendar(&token, OURS).await.map(Some)
        }
    });
    made.await.map_err(ChoiceError::NotMade)
}

async fn keep_ours(txn: &Txn, connection: &Connection, made: &CalendarInfo) -> Result<(), StoreError> {
    let row = calendars::ActiveModel {
        id: Set(CalendarId::new()),
        org_id: Set(connection.org),
        connection_id: Set(connection.id),
        provider_id: Set(made.id.clone()),
        name: Set(made.name.clone()),
        colour: Set(made.colour.clone().unwrap_or_default()),
        access: Set(AccessLevel::Own),
        is_read: Set(false),
        is_write_target: Set(false),
        is_ours: Set(true),
        is_listed: Set(true),
    };
    let again = OnConflict::columns([calendars::Column::ConnectionId, calendars::Column::ProviderId])
        .update_columns([calendars::Column::IsOurs, calendars::Column::IsListed])
        .to_owned();
    calendars::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}
