//! Who may do what, as an organisation's administrators decide: roles, and who is switched off.
//!
//! Nobody decides about themselves, and whoever decides is an administrator still when it is written: so there always is one. To be
//! an interviewer no longer takes the person's own consent, because it takes their calendar ([`crate::invitations`]).

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

use super::{Admin, Person, find, set_role, this};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    ids::PersonId,
    store::{
        StoreError, Txn,
        entities::{organisations, people},
        words::Role,
    },
};

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    #[error("nobody of this organisation")]
    Unknown,
    #[error("nobody decides about themselves")]
    Yourself,
    /// Another administrator was faster.
    #[error("whoever decides is no administrator any more")]
    NoAdmin,
    /// An interviewer is asked instead.
    #[error("this takes the person's own consent")]
    NeedsConsent,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives a coordinator or administrator another role. What they arranged stays theirs.
///
/// # Errors
/// [`RoleError`]; nothing was changed then.
pub async fn change(txn: &Txn, admin: &Admin, id: PersonId, role: Role, origin: &Origin) -> Result<(), RoleError> {
    let person = subject(txn, admin, id).await?;
    if person.role == role {
        return Ok(());
    }
    if person.role == Role::Interviewer {
        return Err(RoleError::NeedsConsent);
    }
    set_role(txn, person.org, id, role).await?;
    let detail = json!({ "from": person.role.as_str(), "to": role.as_str() });
    Ok(record(txn, admin, "person.role_changed", id, detail, origin).await?)
}

/// Lets somebody who was switched off sign in again. Their calendars stay disconnected until they connect them.
///
/// # Errors
/// [`RoleError`]; nothing was changed then.
pub async fn switch_on(txn: &Txn, admin: &Admin, id: PersonId, origin: &Origin) -> Result<(), RoleError> {
    let person = subject(txn, admin, id).await?;
    if person.disabled_at.is_none() {
        return Ok(());
    }
    this(person.org, id)
        .col_expr(people::Column::DisabledAt, Expr::value(None::<i64>))
        .exec(&**txn)
        .await
        .map_err(StoreError::from)?;
    Ok(record(txn, admin, "person.switched_on", id, json!({}), origin).await?)
}

/// The person an administrator decides about, with the organisation's decisions one after the other until the transaction ends.
pub(crate) async fn subject(txn: &Txn, admin: &Admin, id: PersonId) -> Result<Person, RoleError> {
    let me = admin.member();
    let organisation = organisations::Entity::find().filter(organisations::Column::Id.eq(me.org));
    let postgres = txn.get_database_backend() == DbBackend::Postgres;
    let organisation = if postgres { organisation.lock_exclusive() } else { organisation };
    organisation.one(&**txn).await.map_err(StoreError::from)?;
    let decides = find(&**txn, me.org, me.person).await?;
    if !decides.is_some_and(|me| me.role == Role::Admin && me.disabled_at.is_none()) {
        return Err(RoleError::NoAdmin);
    }
    if me.person == id {
        return Err(RoleError::Yourself);
    }
    find(&**txn, me.org, id).await?.ok_or(RoleError::Unknown)
}

async fn record(
    txn: &Txn,
    admin: &Admin,
    action: &'static str,
    id: PersonId,
    detail: serde_json::Value,
    origin: &Origin,
) -> Result<(), StoreError> {
    let (org, actor) = (admin.member().org, Actor::Person(admin.member().person));
    audit::record(txn, AuditEntry { org, actor, action, subject: id.to_string(), detail, origin: origin.clone() }).await
}
