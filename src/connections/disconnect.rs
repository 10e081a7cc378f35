//! Disconnecting: the tokens go at once and for good, the grant at the provider as well as it can be ended.
//!
//! Ours always succeeds; the provider is told afterwards, with the refresh token it was granted. The row stays, `inactive`, so
//! that what was written to the calendar is still known, and connecting again keeps its settings.

use std::time::Duration;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{Services, busy, of_people, stored, token_place};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{Provider, oauth::RefreshToken},
    ids::PersonId,
    people::{
        self, Admin, Member,
        roles::{self, RoleError},
    },
    store::{StoreError, Txn, entities::connections, words::ConnectionStatus},
};

/// How long the provider may take; the person waits for it.
const REVOKE_DEADLINE: Duration = Duration::from_secs(4);

/// Disconnects the member's own calendar at this provider. `false` if none was connected.
///
/// # Errors
/// The database's; nothing was changed then.
pub async fn disconnect(
    services: &Services,
    member: &Member,
    provider: Provider,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let txn = services.store.begin().await?;
    let row = super::in_org(member.org)
        .filter(connections::Column::PersonId.eq(member.person))
        .filter(connections::Column::Provider.eq(stored(provider)))
        .filter(connections::Column::Status.ne(ConnectionStatus::Inactive))
        .one(&*txn)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let (org, id) = (member.org, row.id);
    shut(&txn, &row).await?;
    if row.is_primary {
        let others = of_people(&*txn, org, &[member.person]).await?.remove(&member.person).unwrap_or_default();
        let heir = others.into_iter().find(|one| one.id != id && one.is_usable());
        if let Some(heir) = heir {
            for (id, primary) in [(heir.id, true), (id, false)] {
                connections::Entity::update_many()
                    .col_expr(connections::Column::IsPrimary, Expr::value(primary))
                    .filter(connections::Column::OrgId.eq(org))
                    .filter(connections::Column::Id.eq(id))
                    .exec(&*txn)
                    .await?;
            }
        }
    }
    let detail = json!({ "provider": provider.as_str() });
    let (actor, action) = (Actor::Person(member.person), "connection.disconnected");
    let entry = AuditEntry { org, actor, action, subject: id.to_string(), detail, origin: origin.clone() };
    audit::record(&txn, entry).await?;
    txn.commit().await?;

    let refresh = row.refresh_token.as_deref();
    let refresh = refresh.and_then(|sealed| services.keys.open(&token_place(org, id, "refresh_token"), sealed).ok());
    let door = services.calendars.get(provider).and_then(|client| client.oauth());
    // A password is taken back by its owner, where they made it.
    if let (Some(refresh), Some(door)) = (refresh, door) {
        let token = RefreshToken::new(refresh.expose());
        match tokio::time::timeout(REVOKE_DEADLINE, door.client.revoke(&token)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(connection = %id, %error, "a grant was not revoked"),
            Err(_) => tracing::warn!(connection = %id, "the provider did not answer a revocation in time"),
        }
    }
    Ok(true)
}

/// Bars a person, who loses everything at once: their sessions, the tokens of their calendars, and with them every call in
/// their name. Invitations to a barred person open nothing. What they granted stands at the providers until they take it
/// back there.
///
/// # Errors
/// [`RoleError`]; nothing was changed then.
pub async fn switch_off(txn: &Txn, admin: &Admin, person: PersonId, origin: &Origin) -> Result<(), RoleError> {
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
        shut(txn, row).await?;
    }
    let (actor, action) = (Actor::Person(admin.member().person), "person.switched_off");
    let detail = json!({ "connections": rows.len() });
    let entry = AuditEntry { org, actor, action, subject: person.to_string(), detail, origin: origin.clone() };
    Ok(audit::record(txn, entry).await?)
}

/// The row stays; its tokens and what was read go, and a refresh under way is not stored.
async fn shut(txn: &Txn, row: &connections::Model) -> Result<(), StoreError> {
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
    busy::forget(txn, row.org_id, row.id).await
}
