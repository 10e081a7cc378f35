//! Handing a grant back to its provider, after everything of ours is over already.
//!
//! A disconnection is done when its transaction is: the connection is `inactive` and holds no secret. What is left to do at the
//! provider is a row with the refresh token, sealed anew, and a promise in the outbox; a crash or an outage delays it and loses
//! nothing. The row goes with the answer, or when the promise is given up, so that no secret outlives its use by long.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{Services, known, token_place};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::oauth::{OAuthError, RefreshToken, Revocation},
    ids::{OrgId, RevocationId},
    secrets::Place,
    store::{
        StoreError, Txn,
        entities::{connections, revocations},
        words::{ConnectionStatus, Provider},
    },
};

/// How long the provider may take to answer.
const DEADLINE: Duration = Duration::from_secs(8);

/// Why a grant was not handed back so far.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    #[error("the provider did not answer")]
    NoAnswer,
    #[error("the provider refused")]
    Refused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes the connection's grant over, to be handed back by a job. Nothing to do for one without.
pub(super) async fn promise(services: &Services, txn: &Txn, row: &connections::Model) -> Result<(), StoreError> {
    let sealed = row.refresh_token.as_deref();
    let opened =
        sealed.and_then(|sealed| services.keys.open(&token_place(row.org_id, row.id, "refresh_token"), sealed).ok());
    // One that cannot be opened, as its key is gone, cannot be handed back either.
    let Some(refresh) = opened else { return Ok(()) };
    let id = RevocationId::new();
    let pending = revocations::ActiveModel {
        id: Set(id),
        org_id: Set(row.org_id),
        connection_id: Set(row.id),
        provider: Set(row.provider),
        account_subject: Set(row.account_subject.clone()),
        refresh_token: Set(services.keys.seal(&place(row.org_id, id), refresh.expose())),
        created_at: Set(services.clock.now().into()),
    };
    revocations::Entity::insert(pending).exec_without_returning(&**txn).await?;
    services.watch.disconnected(txn, row.org_id, id).await
}

/// Whoever connects an account again gives a new grant in place of the old: handing the old one back now would end both, where a
/// provider revokes all that an application was granted (Google).
pub(super) async fn call_off(txn: &Txn, provider: Provider, subject: &str) -> Result<(), StoreError> {
    revocations::Entity::delete_many()
        .filter(revocations::Column::Provider.eq(provider))
        .filter(revocations::Column::AccountSubject.eq(subject))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Hands a grant back. Done already, or called off, is done.
///
/// # Errors
/// [`RevocationError`]: the grant is still to be handed back.
pub async fn carry_out(services: &Services, org: OrgId, id: RevocationId) -> Result<(), RevocationError> {
    let Some(row) = pending(services.store.reader(), org, id).await? else { return Ok(()) };
    let door = services.calendars.get(known(row.provider)).and_then(|client| client.oauth());
    let refresh = services.keys.open(&place(org, id), &row.refresh_token);
    let outcome = match (door, refresh) {
        _ if is_used(services, &row).await? => "used_elsewhere",
        (Some(door), Ok(refresh)) => {
            let token = RefreshToken::new(refresh.expose());
            match tokio::time::timeout(DEADLINE, door.client.revoke(&token)).await {
                Ok(Ok(Revocation::Done)) | Ok(Err(OAuthError::InvalidGrant)) => "revoked",
                Ok(Ok(Revocation::NotOffered)) => "not_offered",
                Ok(Err(OAuthError::ProviderDown(_))) | Err(_) => return Err(RevocationError::NoAnswer),
                Ok(Err(error)) => {
                    tracing::warn!(connection = %row.connection_id, %error, "a grant was not revoked");
                    return Err(RevocationError::Refused);
                }
            }
        }
        (None, _) | (_, Err(_)) => "not_possible",
    };
    let txn = services.store.begin().await?;
    end(&txn, &row, outcome).await?;
    txn.commit().await?;
    Ok(())
}

/// No more tries: the secret goes, and the audit log says that the grant may still stand at the provider.
pub async fn give_up(txn: &Txn, org: OrgId, id: RevocationId) -> Result<(), StoreError> {
    match pending(&**txn, org, id).await? {
        Some(row) => end(txn, &row, "given_up").await,
        None => Ok(()),
    }
}

async fn pending(
    db: &impl sea_orm::ConnectionTrait,
    org: OrgId,
    id: RevocationId,
) -> Result<Option<revocations::Model>, StoreError> {
    let query = revocations::Entity::find().filter(revocations::Column::OrgId.eq(org));
    Ok(query.filter(revocations::Column::Id.eq(id)).one(db).await?)
}

/// Whether the same account is connected, by this person again or by another.
async fn is_used(services: &Services, row: &revocations::Model) -> Result<bool, StoreError> {
    let found = connections::Entity::find()
        .filter(connections::Column::Provider.eq(row.provider))
        .filter(connections::Column::AccountSubject.eq(row.account_subject.clone()))
        .filter(connections::Column::Status.ne(ConnectionStatus::Inactive))
        .one(services.store.reader())
        .await?;
    Ok(found.is_some())
}

async fn end(txn: &Txn, row: &revocations::Model, outcome: &str) -> Result<(), StoreError> {
    let gone = revocations::Entity::delete_by_id(row.id).exec(&**txn).await?;
    if gone.rows_affected == 0 {
        return Ok(());
    }
    let entry = AuditEntry {
        org: row.org_id,
        actor: Actor::System,
        action: "connection.grant_ended",
        subject: row.connection_id.to_string(),
        detail: json!({ "provider": row.provider.as_str(), "outcome": outcome }),
        origin: Origin::default(),
    };
    audit::record(txn, entry).await
}

fn place(org: OrgId, id: RevocationId) -> Place {
    Place::new(Some(org), "revocations", id, "refresh_token")
}
