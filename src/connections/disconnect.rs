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
    people::Member,
    store::{StoreError, entities::connections, words::ConnectionStatus},
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
    connections::Entity::update_many()
        .col_expr(connections::Column::Status, Expr::value(ConnectionStatus::Inactive))
        .col_expr(connections::Column::LastError, Expr::value(""))
        .col_expr(connections::Column::AccessToken, Expr::value(Option::<String>::None))
        .col_expr(connections::Column::RefreshToken, Expr::value(Option::<String>::None))
        .col_expr(connections::Column::TokenVersion, Expr::value(row.token_version + 1))
        .filter(connections::Column::OrgId.eq(org))
        .filter(connections::Column::Id.eq(id))
        .exec(&*txn)
        .await?;
    busy::forget(&txn, org, id).await?;
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
    if let (Some(refresh), Some(client)) = (refresh, services.calendars.get(provider)) {
        let token = RefreshToken::new(refresh.expose());
        match tokio::time::timeout(REVOKE_DEADLINE, client.oauth.revoke(&token)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(connection = %id, %error, "a grant was not revoked"),
            Err(_) => tracing::warn!(connection = %id, "the provider did not answer a revocation in time"),
        }
    }
    Ok(true)
}
