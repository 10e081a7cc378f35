//! Handing a grant back to its provider, after everything of ours is over already.
//!
//! A disconnection is done when its transaction is: the connection is `inactive` and holds no secret. What is left to do at the
//! provider is a row with the refresh token, sealed anew, and a promise in the outbox; a crash or an outage delays it and loses
//! nothing. The row goes with the answer, or when the promise is given up, so that no secret outlives its use by long. Until then
//! the grant may take off the calendar what its owner wants off it ([`with_last_access`]), and nothing else.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

use super::{Services, known, token_place, tokens::AccessError};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        AccessToken, CalendarError,
        oauth::{OAuthError, RefreshToken, Revocation},
    },
    ids::{ConnectionId, OrgId, RevocationId},
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

/// Takes the connection's grant over, to be handed back by a job. A password cannot be handed back: it is kept if something is to
/// be taken off the calendar first.
pub(super) async fn promise(
    services: &Services,
    txn: &Txn,
    row: &connections::Model,
    takes_off: bool,
) -> Result<(), StoreError> {
    let password = row.access_token.as_deref().filter(|_| takes_off && row.refresh_token.is_none());
    let sealed = row.refresh_token.as_deref().map(|sealed| ("refresh_token", sealed));
    let sealed = sealed.or(password.map(|sealed| ("access_token", sealed)));
    let opened =
        sealed.and_then(|(column, sealed)| services.keys.open(&token_place(row.org_id, row.id, column), sealed).ok());
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

/// A grant that is still to be handed back.
pub struct Pending {
    pub connection: ConnectionId,
    pub since: DateTime<Utc>,
}

/// What is still to be handed back by this promise.
pub async fn pending(db: &impl ConnectionTrait, org: OrgId, id: RevocationId) -> Result<Option<Pending>, StoreError> {
    let row = find(db, org, id).await?;
    Ok(row.map(|row| Pending { connection: row.connection_id, since: row.created_at.at() }))
}

/// Makes a call with the grant of a connection that was ended, before it is handed back.
///
/// # Errors
/// [`AccessError::NotConnected`] if it is gone, else what the provider or the store said.
pub async fn with_last_access<T, F, R>(
    services: &Services,
    org: OrgId,
    connection: ConnectionId,
    call: F,
) -> Result<T, AccessError>
where
    F: Fn(AccessToken) -> R,
    R: Future<Output = Result<T, CalendarError>>,
{
    let row = revocations::Entity::find()
        .filter(revocations::Column::OrgId.eq(org))
        .filter(revocations::Column::ConnectionId.eq(connection))
        .order_by_desc(revocations::Column::CreatedAt)
        .one(services.store.reader())
        .await
        .map_err(StoreError::from)?;
    let row = row.ok_or(AccessError::NotConnected)?;
    let client = services.calendars.get(known(row.provider)).ok_or(AccessError::NotConnected)?;
    let kept = services.keys.open(&place(org, row.id), &row.refresh_token)?;
    let Some(door) = client.oauth() else { return Ok(call(AccessToken::new(kept.expose())).await?) };
    match door.client.refresh(&RefreshToken::new(kept.expose())).await {
        Ok(tokens) => {
            if let Some(rotated) = &tokens.refresh {
                keep(services, &row, rotated).await?;
            }
            Ok(call(tokens.access).await?)
        }
        Err(OAuthError::InvalidGrant) => {
            let txn = services.store.begin().await?;
            end(&txn, &row, "revoked").await?;
            txn.commit().await?;
            Err(AccessError::NotConnected)
        }
        Err(error) => Err(CalendarError::Unavailable(error.to_string()).into()),
    }
}

/// The provider gave another token in place of the one that is kept.
async fn keep(services: &Services, row: &revocations::Model, token: &RefreshToken) -> Result<(), StoreError> {
    let txn = services.store.begin().await?;
    let sealed = services.keys.seal(&place(row.org_id, row.id), token.expose());
    revocations::Entity::update_many()
        .col_expr(revocations::Column::RefreshToken, Expr::value(sealed))
        .filter(revocations::Column::Id.eq(row.id))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

/// Hands a grant back. Done already, or called off, is done.
///
/// # Errors
/// [`RevocationError`]: the grant is still to be handed back.
pub async fn carry_out(services: &Services, org: OrgId, id: RevocationId) -> Result<(), RevocationError> {
    let Some(row) = find(services.store.reader(), org, id).await? else { return Ok(()) };
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
    match find(&**txn, org, id).await? {
        Some(row) => end(txn, &row, "given_up").await,
        None => Ok(()),
    }
}

async fn find(
    db: &impl ConnectionTrait,
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
