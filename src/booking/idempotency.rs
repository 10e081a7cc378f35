//! A form's idempotency key: the first answer is kept and repeated to every copy of the same form.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{BookError, Booking};
use crate::{
    ids::{LinkToken, OrgId, sha256},
    store::{StoreError, Txn, entities::idempotency_keys},
};

/// 1 to 255 visible ASCII characters, made by the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A fresh one, for a form about to be shown.
    pub fn fresh() -> String {
        LinkToken::random().expose().to_owned()
    }

    /// Parses what a form sent back.
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(BookError::KeyRequired) }
    }

    /// The booking this key already answered with, or that of `attempt`, whose own transaction looks again.
    pub(super) async fn once(
        &self,
        db: &impl ConnectionTrait,
        org: OrgId,
        scope: &str,
        parameters: &str,
        attempt: impl Future<Output = Result<Booking, BookError>>,
    ) -> Result<Booking, BookError> {
        if let Some(answer) = self.answered(db, org, scope, parameters).await? {
            return Ok(answer);
        }
        match attempt.await {
            // What stood in the way may be what this very form did, sent twice at once.
            Err(error @ (BookError::SlotTaken | BookError::NotOffered | BookError::AlreadyBooked)) => {
                self.answered(db, org, scope, parameters).await?.ok_or(error)
            }
            done => done,
        }
    }

    /// What this key already answered in `scope`, if it did. The same key with other parameters is refused.
    pub(super) async fn answered(
        &self,
        db: &impl ConnectionTrait,
        org: OrgId,
        scope: &str,
        parameters: &str,
    ) -> Result<Option<Booking>, BookError> {
        let row = idempotency_keys::Entity::find()
            .filter(idempotency_keys::Column::OrgId.eq(org))
            .filter(idempotency_keys::Column::Scope.eq(scope))
            .filter(idempotency_keys::Column::Key.eq(&self.0))
            .one(db)
            .await
            .map_err(StoreError::from)?;
        let Some(row) = row else { return Ok(None) };
        if row.parameters_hash != sha256(parameters.as_bytes()) {
            return Err(BookError::KeyReused);
        }
        let booking = row.result.parse().map_err(|_| BookError::KeyReused)?;
        super::find(db, org, booking).await?.map(Some).ok_or(BookError::KeyReused)
    }

    /// Keeps the answer with the transaction that made it true. Purged after 72 hours at the earliest.
    pub(super) async fn keep(
        &self,
        txn: &Txn,
        org: OrgId,
        scope: &str,
        parameters: &str,
        result: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        idempotency_keys::Entity::insert(idempotency_keys::ActiveModel {
            org_id: Set(org),
            scope: Set(scope.to_owned()),
            key: Set(self.0.clone()),
            parameters_hash: Set(sha256(parameters.as_bytes())),
            result: Set(result.to_owned()),
            created_at: Set(now.into()),
        })
        .exec_without_returning(&**txn)
        .await?;
        Ok(())
    }
}
