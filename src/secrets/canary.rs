//! Whether the configured keys are the ones this database was sealed with, asked once at start.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, sea_query::OnConflict,
};

use super::{KeyRing, OpenError, Place};
use crate::store::{
    Stamp, Store, StoreError,
    entities::{booking_links, connections, invitations, key_canaries, messages, organisation_access, revocations},
    words::MessageStatus,
};

/// What a canary says.
const SONG: &str = "convene";
/// How long a mail may wait to be sent, with a day on top.
const MAILS_WAIT: chrono::TimeDelta = chrono::TimeDelta::hours(96);

#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    #[error(
        "TOKEN_ENCRYPTION_KEY lacks key {0}, which sealed tokens or links of this database: add that key after a comma"
    )]
    WrongKey(String),
    #[error("the check value of key {0} was altered: restore the database from a backup")]
    Altered(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the check value of every key this database has seen, and leaves one for each key that is new.
///
/// A key that left the ring is forgotten once nothing is sealed with it.
///
/// # Errors
/// [`CanaryError::WrongKey`] names the key that is missing.
pub async fn check_canaries(store: &Store, ring: &KeyRing) -> Result<(), CanaryError> {
    let txn = store.begin().await?;
    let canaries = key_canaries::Entity::find().all(&*txn).await.map_err(StoreError::from)?;
    for canary in &canaries {
        match ring.open(&place(&canary.key_id), &canary.sealed) {
            Ok(song) if song.expose() == SONG => {}
            Err(OpenError::UnknownKey(_)) if !in_use(&txn, &canary.key_id).await? => {
                let gone = key_canaries::Entity::delete_by_id(canary.key_id.clone());
                gone.exec(&*txn).await.map_err(StoreError::from)?;
            }
            Err(OpenError::UnknownKey(id)) => return Err(CanaryError::WrongKey(id)),
            Ok(_) | Err(OpenError::Malformed | OpenError::Refused) => {
                return Err(CanaryError::Altered(canary.key_id.clone()));
            }
        }
    }
    let at = Stamp::from(crate::store::now(&*txn).await?);
    // Only the first key seals; the others were first once, or there is nothing of theirs to check.
    let id = ring.current_id();
    let row = key_canaries::ActiveModel {
        key_id: Set(id.to_owned()),
        sealed: Set(ring.seal(&place(id), SONG)),
        created_at: Set(at),
    };
    key_canaries::Entity::insert(row)
        .on_conflict(OnConflict::column(key_canaries::Column::KeyId).do_nothing().to_owned())
        .exec_without_returning(&*txn)
        .await
        .map_err(StoreError::from)?;
    txn.commit().await?;
    Ok(())
}

fn place(key_id: &str) -> Place {
    Place::new(None, "key_canaries", key_id, "sealed")
}

async fn in_use(txn: &crate::store::Txn, key_id: &str) -> Result<bool, StoreError> {
    // Key ids are hexadecimal, so none of them is a pattern.
    let sealed_with = format!("v1.{key_id}.");
    let tokens = connections::Entity::find()
        .filter(
            connections::Column::RefreshToken
                .starts_with(&sealed_with)
                .or(connections::Column::AccessToken.starts_with(&sealed_with)),
        )
        .count(&**txn)
        .await?;
    let organisations = organisation_access::Entity::find()
        .filter(organisation_access::Column::PrivateKey.starts_with(&sealed_with))
        .count(&**txn)
        .await?;
    let invitations = invitations::Entity::find()
        .filter(invitations::Column::KeyId.eq(key_id))
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::ExpiresAt.gt(Stamp::from(crate::store::now(&**txn).await?)))
        .count(&**txn)
        .await?;
    let revocations = revocations::Entity::find()
        .filter(revocations::Column::RefreshToken.starts_with(&sealed_with))
        .count(&**txn)
        .await?;
    let links = booking_links::Entity::find()
        .filter(booking_links::Column::KeyId.eq(key_id))
        .filter(booking_links::Column::RevokedAt.is_null())
        .filter(booking_links::Column::ExpiresAt.gt(Stamp::from(crate::store::now(&**txn).await?)))
        .count(&**txn)
        .await?;
    // Mails that are still to be sent; after the outbox's horizon they were given up.
    let mails = messages::Entity::find()
        .filter(messages::Column::TextBody.starts_with(&sealed_with))
        .filter(messages::Column::Status.eq(MessageStatus::Queued))
        .filter(messages::Column::CreatedAt.gt(Stamp::from(crate::store::now(&**txn).await? - MAILS_WAIT)))
        .count(&**txn)
        .await?;
    Ok(tokens + organisations + revocations + links + invitations + mails > 0)
}
