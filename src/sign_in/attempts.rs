//! Sign-in attempts under way: what was asked of a provider, by which browser, for ten minutes and one answer.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::return_to::ReturnTo;
use crate::{
    calendars::{Provider, oauth::PkceVerifier},
    connections::{self, Services, connect::Wish},
    ids::{InvitationId, LinkToken, PersonId, sha256},
    people::sessions,
    secrets::{OpenError, Place},
    store::{Stamp, StoreError, entities::oauth_attempts},
};

/// How long the provider's page may stay open.
const LIFE: Duration = Duration::minutes(10);
/// Name of the cookie that ties an answer to the browser that asked.
const COOKIE: &str = "__Host-convene-attempt";

/// The secret of a browser that is signing in. Never log it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserToken(LinkToken);

impl BrowserToken {
    pub(super) fn random() -> Self {
        Self(LinkToken::random())
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        self.0.hash()
    }

    /// Reads the cookie out of the values of `Cookie` headers; doubled or garbled is none.
    pub fn from_cookies<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        sessions::cookie(headers, COOKIE)?.parse().ok().map(Self)
    }

    /// The `Set-Cookie` value. Lax, because the answer comes as a navigation from the provider's site.
    pub fn set_cookie(&self) -> String {
        let age = LIFE.num_seconds();
        format!("{COOKIE}={}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax", self.0.expose())
    }
}

/// The `Set-Cookie` value that forgets the browser's attempts.
pub fn clear_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// What an attempt is for, as it is kept until the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    SignIn,
    /// This person, who is signed in, connects a calendar.
    Connect(PersonId, Wish),
    /// Whoever comes back accepts this invitation.
    Accept(InvitationId),
    /// This person, who is signed in, takes up what they were offered.
    Coordinate(PersonId, InvitationId),
}

impl Goal {
    /// Whether it ends with somebody signed in who was not before.
    pub fn opens_the_door(self) -> bool {
        matches!(self, Self::SignIn | Self::Accept(_))
    }

    fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Connect(_, wish) => match wish {
                Wish::Usual => "connect",
                Wish::ChooseCalendars => "connect_choose",
                Wish::OwnCalendar => "connect_own",
                Wish::TakeOver => "connect_take_over",
            },
            Self::Accept(_) => "accept",
            Self::Coordinate(..) => "coordinate",
        }
    }

    fn ids(self) -> (Option<PersonId>, Option<InvitationId>) {
        match self {
            Self::SignIn => (None, None),
            Self::Connect(person, _) => (Some(person), None),
            Self::Accept(invitation) => (None, Some(invitation)),
            Self::Coordinate(person, invitation) => (Some(person), Some(invitation)),
        }
    }

    /// Reads back what was stored; another word or other ids are none of ours.
    fn stored(word: &str, ids: (Option<PersonId>, Option<InvitationId>)) -> Option<Self> {
        let goals = match ids {
            (None, None) => vec![Self::SignIn],
            (Some(person), None) => Wish::ALL.map(|wish| Self::Connect(person, wish)).to_vec(),
            (None, Some(invitation)) => vec![Self::Accept(invitation)],
            (Some(person), Some(invitation)) => vec![Self::Coordinate(person, invitation)],
        };
        goals.into_iter().find(|goal| goal.word() == word)
    }
}

/// What has to be known when the answer comes.
pub(super) struct Attempt {
    pub provider: Provider,
    pub goal: Goal,
    pub nonce: String,
    pub verifier: PkceVerifier,
    pub return_to: ReturnTo,
    /// Where the browser says it is.
    pub zone: Option<Tz>,
}

#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sealed(#[from] OpenError),
}

/// Writes an attempt down, and removes those that ran out.
pub(super) async fn store(
    services: &Services,
    state: &str,
    browser: &BrowserToken,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let now = services.clock.now();
    let state_hash = sha256(state.as_bytes());
    let row = oauth_attempts::ActiveModel {
        verifier: Set(services.keys.seal(&place(&state_hash), attempt.verifier.expose())),
        state_hash: Set(state_hash),
        browser_hash: Set(browser.0.hash()),
        provider: Set(connections::stored(attempt.provider)),
        purpose: Set(attempt.goal.word().to_owned()),
        nonce: Set(attempt.nonce.clone()),
        return_to: Set(attempt.return_to.as_str().to_owned()),
        browser_zone: Set(attempt.zone.map(|zone| zone.name().to_owned())),
        person_id: Set(attempt.goal.ids().0),
        invitation_id: Set(attempt.goal.ids().1),
        created_at: Set(now.into()),
        expires_at: Set((now + LIFE).into()),
    };
    let txn = services.store.begin().await?;
    oauth_attempts::Entity::delete_many()
        .filter(oauth_attempts::Column::ExpiresAt.lte(Stamp::from(now)))
        .exec(&*txn)
        .await?;
    oauth_attempts::Entity::insert(row).exec_without_returning(&*txn).await?;
    txn.commit().await
}

/// The attempt with this state, deleted by the statement that reads it: whoever comes second finds nothing. An attempt of
/// another browser or provider, or one that is over, is used up as well and yields nothing.
pub(super) async fn take(
    services: &Services,
    state: &str,
    provider: Provider,
    browser: Option<&BrowserToken>,
    now: DateTime<Utc>,
) -> Result<Option<Attempt>, AttemptError> {
    let state_hash = sha256(state.as_bytes());
    let txn = services.store.begin().await?;
    let row = oauth_attempts::Entity::delete_by_id(state_hash.clone()).exec_with_returning(&*txn).await;
    let row = row.map_err(StoreError::from)?;
    txn.commit().await?;
    let Some(row) = row else { return Ok(None) };
    let fits = browser.is_some_and(|browser| browser.0.hash() == row.browser_hash)
        && row.provider == connections::stored(provider)
        && now < row.expires_at.at();
    let goal = Goal::stored(&row.purpose, (row.person_id, row.invitation_id)).filter(|_| fits);
    let Some(goal) = goal else { return Ok(None) };
    let verifier = services.keys.open(&place(&state_hash), &row.verifier)?;
    Ok(Some(Attempt {
        provider,
        goal,
        nonce: row.nonce,
        verifier: PkceVerifier::new(verifier.expose()),
        return_to: ReturnTo::parse(&row.return_to),
        zone: row.browser_zone.and_then(|zone| zone.parse().ok()),
    }))
}

fn place(state_hash: &[u8]) -> Place {
    let row: String = state_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Place::new(None, "oauth_attempts", row, "verifier")
}
