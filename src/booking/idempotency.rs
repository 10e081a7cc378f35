//! A form that books or moves, sent more than once: every copy gets the booking of the first.

use sea_orm::ConnectionTrait;

use super::{BookError, Booking};
use crate::{
    idempotency::{Key, KeyError},
    ids::OrgId,
};

impl From<KeyError> for BookError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Required => Self::KeyRequired,
            KeyError::Reused => Self::KeyReused,
            KeyError::Store(error) => Self::Store(error),
        }
    }
}

impl Key {
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
        let Some(result) = self.result(db, org, scope, parameters).await? else { return Ok(None) };
        let booking = result.parse().map_err(|_| BookError::KeyReused)?;
        super::find(db, org, booking).await?.map(Some).ok_or(BookError::KeyReused)
    }
}
