//! The applicant-tracking system, where one is used: notes on a candidate's application say what became of their interview.
//!
//! [`Ats`] speaks our words; a system is one file behind it (`icims`). Here are its ways to fail and which system the settings
//! name. [`notes`] keeps what is to be told, written in the transaction that makes it true; [`write`] is the worker's verb;
//! [`breaker`] leaves a system alone that does not answer. A newcomer would get wrong that without a system nothing of this may
//! show: no field, no row, no job.

pub mod breaker;
mod icims;
pub mod notes;
pub mod write;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

pub use icims::Icims;
pub use notes::{News, tell};

use crate::{
    config::{AtsMode, Config},
    http::Http,
    ids::{ApplicationId, OrgId},
    outbox::Reason,
    state::AppState,
    store::StoreError,
};

/// How long a form waits for the system's word on an application.
const PATIENCE: Duration = Duration::from_secs(3);

/// An applicant-tracking system. Implementations keep no state that a restart would lose.
#[async_trait]
pub trait Ats: Send + Sync {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Whether there is such an application.
    async fn exists(&self, application: &ApplicationId) -> Result<bool, AtsError>;

    /// The id of the note that holds `marker`, if there is one among all notes of the application.
    async fn find_note(&self, application: &ApplicationId, marker: &str) -> Result<Option<String>, AtsError>;

    /// Adds a note and gives the id it got, which may be empty. `key` is the same whenever the same note is sent; a system that
    /// knows such keys need not be searched, one that does not is searched by [`Ats::find_note`] before anything is sent again.
    async fn add_note(&self, application: &ApplicationId, text: &str, key: &str) -> Result<String, AtsError>;
}

/// The ways in which it can fail us. Texts are for operators, and hold no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AtsError {
    /// The key is not accepted, or may not do this.
    #[error("the key is not accepted")]
    KeyRefused,
    #[error("no such application")]
    NoApplication,
    /// Refused for good.
    #[error("rejected: {0}")]
    Rejected(String),
    #[error("asked too often")]
    RateLimited { retry_after: Option<Duration> },
    /// It was not reached, said nothing in time, or failed itself (5xx).
    #[error("no answer: {detail}")]
    Silent {
        /// What was asked may have happened all the same.
        may_have_happened: bool,
        retry_after: Option<Duration>,
        detail: String,
    },
}

impl AtsError {
    /// Whether the same call may succeed later without a person doing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Silent { .. })
    }

    /// Whether the system as a whole seems to be away.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Silent { .. })
    }

    /// Whether what was asked may have happened all the same.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Silent { may_have_happened: true, .. })
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Silent { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::KeyRefused => Reason::NoteKeyRefused,
            Self::NoApplication => Reason::NoteUnknownApplication,
            Self::Rejected(_) => Reason::NoteRefused,
            Self::RateLimited { .. } => Reason::NoteDeferred,
            Self::Silent { may_have_happened: true, .. } => Reason::NoteUnanswered,
            Self::Silent { .. } => Reason::NoteUnavailable,
        }
    }
}

/// The system that the settings name, if they name one.
pub fn of(config: &Config) -> Option<Arc<dyn Ats>> {
    match &config.ats {
        AtsMode::Disabled => None,
        AtsMode::Icims(icims) => Some(Arc::new(Icims::new(Http::new(), icims))),
    }
}

/// False only if the system says now that it has no such application. One that does not answer at once keeps nobody from asking
/// for an interview.
///
/// # Errors
/// The store's.
pub async fn may_exist(state: &AppState, org: OrgId, application: &ApplicationId) -> Result<bool, StoreError> {
    let Some(ats) = &state.ats else { return Ok(true) };
    if breaker::silence(state.store.reader(), org).await?.is_some() {
        return Ok(true);
    }
    match tokio::time::timeout(PATIENCE, ats.exists(application)).await {
        Ok(Ok(exists)) => Ok(exists),
        Ok(Err(error)) => {
            tracing::info!(%error, "an application could not be looked up");
            Ok(true)
        }
        Err(_) => {
            tracing::info!("an application was not looked up in time");
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_has_to_mend_is_not_tried_again() {
        let silent =
            |may_have_happened| AtsError::Silent { may_have_happened, retry_after: None, detail: "503".into() };
        let table = [
            (AtsError::KeyRefused, false, false, Reason::NoteKeyRefused),
            (AtsError::NoApplication, false, false, Reason::NoteUnknownApplication),
            (AtsError::Rejected("400".into()), false, false, Reason::NoteRefused),
            (AtsError::RateLimited { retry_after: None }, true, false, Reason::NoteDeferred),
            (silent(false), true, true, Reason::NoteUnavailable),
            (silent(true), true, true, Reason::NoteUnanswered),
        ];
        for (error, retryable, outage, reason) in table {
            assert_eq!(
                (error.is_retryable(), error.is_outage(), error.reason()),
                (retryable, outage, reason),
                "{error:?}"
            );
        }
    }
}
