//! Disconnecting: ours at once and for good, the grant at the provider by a promise.
//!
//! It always succeeds here: the tokens go with the transaction. The provider is told by a job ([`revocation`]), at once if it
//! answers. The row stays, `inactive`, so that what was written to the calendar is still known, and connecting the same account again
//! keeps its settings.

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

use super::{Connection, Need, Services, alerts, busy, choice, of_people, revocation};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::Provider,
    ids::PersonId,
    people::{
        self, Admin, Member,
        roles::{self, RoleError},
    },
    store::{StoreError, Txn, entities::connections, words::ConnectionStatus},
};

/// Ends a connection of the member's own; `false` if it was ended already. Another account of theirs takes the events of the future, if one can. Where something
/// `takes_off` what stands in the calendar, the grant is handed back after that.
///
/// # Errors
/// The database's.
pub async fn disconnect(
    services: &Services,
    txn: &Txn,
    member: &Member,
    connection: &Connection,
    takes_off: bool,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let (org, id) = (member.org, connection.id);
    let row = super::in_org(org).filter(connections::Column::Id.eq(id));
    // An event that is made for it now is there before it ends, or goes elsewhere.
    let row = if txn.get_database_backend() == DbBackend::Postgres { row.lock_exclusive() } else { row };
    let row = row.one(&**txn).await?.filter(|row| row.status != ConnectionStatus::Inactive);
    let Some(row) = row else { return Ok(false) };
    shut(services, txn, &row, takes_off).await?;
    if row.is_primary {
        let mut others = of_people(&**txn, org, &[member.person]).await?.remove(&member.person).unwrap_or_default();
        others.retain(|one| one.id != id && one.is_usable());
        if let Some(heir) = others.iter().find(|one| one.can(Need::WriteEvents)).or(others.first()) {
            choice::make_primary(txn, heir).await?;
        }
    }
    let detail = json!({ "provider": connection.provider.as_str() });
    let (actor, action) = (Actor::Person(member.person), "connection.disconnected");
    let entry = AuditEntry { org, actor, action, subject: id.to_string(), detail, origin: origin.clone() };
    audit::record(txn, entry).await?;
    Ok(true)
}

/// This account makes room for another, as its owner agreed.
pub(super) async fn give_way(
    services: &Services,
    txn: &Txn,
    row: &connections::Model,
    to: Provider,
    origin: &Origin,
) -> Result<(), StoreError> {
    shut(services, txn, row, false).await?;
    let (org, actor, action) = (row.org_id, Actor::Person(row.person_id), "connection.switched");
    let detail = json!({ "from": row.provider.as_str(), "to": to.as_str() });
    let entry = AuditEntry { org, actor, action, subject: row.id.to_string(), detail, origin: origin.clone() };
    audit::record(txn, entry).await
}

/// Bars a person, who loses everything at once: their sessions, the tokens of their calendars, and with them every call in
/// their name. Invitations to a barred person open nothing. What they granted is handed back.
///
/// # Errors
/// [`RoleError`]; nothing was changed then.
pub async fn switch_off(
    services: &Services,
    txn: &Txn,
    admin: &Admin,
    person: PersonId,
    origin: &Origin,
) -> Result<(), RoleError> {
    let org = admin.member().org;
    if roles::subject(txn, admin, person).await?.disabled_at.is_some() {
        return Ok(());
    }
    people::disable(txn, admin, person).await?;
    let rows = super::in_org(org)
        .filter(connections::Column::PersonId.eq(person))
        .filter(connections::Column::Status.ne(ConnectionStatus::Inactive))
        .all(&**txn)
        .await
        .map_err(StoreError::from)?;
    for row in &rows {
        shut(services, txn, row, false).await?;
    }
    let (actor, action) = (Actor::Person(admin.member().person), "person.switched_off");
    let detail = json!({ "connections": rows.len() });
    let entry = AuditEntry { org, actor, action, subject: person.to_string(), detail, origin: origin.clone() };
    Ok(audit::record(txn, entry).await?)
}

/// The row stays; its tokens and what was read go, and a refresh under way is not stored.
async fn shut(services: &Services, txn: &Txn, row: &connections::Model, takes_off: bool) -> Result<(), StoreError> {
    revocation::promise(services, txn, row, takes_off).await?;
    connections::Entity::update_many()
        .col_expr(connections::Column::Status, Expr::value(ConnectionStatus::Inactive))
        .col_expr(connections::Column::LastError, Expr::value(""))
        .col_expr(connections::Column::AccessToken, Expr::value(Option::<String>::None))
        .col_expr(connections::Column::RefreshToken, Expr::value(Option::<String>::None))
        .col_expr(connections::Column::TokenVersion, Expr::value(row.token_version + 1))
        .filter(connections::Column::OrgId.eq(row.org_id))
        .filter(connections::Column::Id.eq(row.id))
        .exec(&**txn)
        .await?;
    let connection = super::from_row(row.clone());
    alerts::start_over(txn, &connection).await?;
    busy::forget(txn, row.org_id, row.id).await?;
    services.watch.ended(txn, &connection).await
}
