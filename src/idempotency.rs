//! A form's idempotency key: the first answer is kept with what it made true, and repeated to every copy of the same form.
//!
//! What an answer is, and what to do with a copy that comes at the same moment, is the verb's; here is what they share.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::{
    ids::{LinkToken, OrgId, sha256},
    store::{StoreError, Txn, entities::idempotency_keys},
};

/// 1 to 255 visible ASCII characters, made by the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

/// Why a key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("key_required")]
    Required,
    /// It came with another form before.
    #[error("key_reused")]
    Reused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Key {
    /// A fresh one, for a form about to be shown.
    pub fn fresh() -> String {
        LinkToken::random().expose().to_owned()
    }

    /// Parses what a form sent back.
    ///
    /// # Errors
    /// It is missing, or not what a page makes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(KeyError::Required) }
    }

    /// What was kept for this key in `scope`, if anything.
    ///
    /// # Errors
    /// The key came with other parameters then.
    pub async fn result(
        &self,
        db: &impl ConnectionTrait,
        org: OrgId,
        scope: &str,
        parameters: &str,
    ) -> Result<Option<String>, KeyError> {
        let row = idempotency_keys::Entity::find()
            .filter(idempotency_keys::Column::OrgId.eq(org))
            .filter(idempotency_keys::Column::Scope.eq(scope))
            .filter(idempotency_keys::Column::Key.eq(&self.0))
            .one(db)
            .await
            .map_err(StoreError::from)?;
        let Some(row) = row else { return Ok(None) };
        if row.parameters_hash != sha256(parameters.as_bytes()) {
            return Err(KeyError::Reused);
        }
        Ok(Some(row.result))
    }

    /// Keeps the answer with the transaction that made it true. Purged after 72 hours at the earliest.
    ///
    /// # Errors
    /// [`Violation::Duplicate`](crate::store::Violation::Duplicate) if a copy of the form kept its answer at the same moment.
    pub async fn keep(
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
