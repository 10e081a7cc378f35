//! Tokens of organisations' accesses: in memory only, until five minutes before their end, and asked for one at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

use super::{Access, in_org, key_place, rows};
use crate::{
    calendars::{
        AccessToken, Provider,
        oauth::{OAuthError, ServiceAccount, organisation::Lent},
    },
    connections::{OAuthDoor, ProviderClient, Services, stored, tokens::ends_at},
    ids::OrgId,
    secrets::OpenError,
    store::{Stamp, StoreError},
};

/// How long before its end a token is no longer used.
const AHEAD: chrono::Duration = chrono::Duration::minutes(5);
/// Tokens kept at most; those of a person each, where colleagues are asked for as themselves.
const KEPT: usize = 2_000;

/// What tokens are made of.
pub enum Credentials {
    Tenant(Uuid),
    ServiceAccount(ServiceAccount),
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the access was withdrawn")]
    Withdrawn,
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    #[error(transparent)]
    Sealed(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One grant, and at Google whom a token acts as.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    org: OrgId,
    granted_at: i64,
    account: String,
    subject: String,
}

struct Held {
    token: AccessToken,
    ends: DateTime<Utc>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Held>>>;

/// The tokens this process holds at one provider.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<Key, Slot>>);

impl Tokens {
    /// Nothing of this organisation's is used any more.
    pub(super) fn forget(&self, org: OrgId) {
        self.slots().retain(|key, _| key.org != org);
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.slots();
        if slots.len() >= KEPT {
            slots.clear();
        }
        slots.entry(key).or_default().clone()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Slot>> {
        // A panic elsewhere leaves whole entries behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token of this access that works as far as we know; at Google it acts as `subject`. `refused` is one the provider did not take.
pub(super) async fn token(
    services: &Services,
    client: &ProviderClient,
    access: &Access,
    subject: &str,
    refused: Option<&AccessToken>,
) -> Result<AccessToken, TokenError> {
    let (granted_at, account) = (access.granted_at.timestamp_millis(), access.account.clone());
    let door = client.oauth().ok_or(TokenError::Withdrawn)?;
    let slot = door.organisations.slot(Key { org: access.org, granted_at, account, subject: subject.to_owned() });
    // Held while it is asked for: who wants the same meanwhile waits for it.
    let mut held = slot.lock().await;
    let now = services.clock.now();
    let good = held.as_ref().filter(|held| held.ends - AHEAD > now && refused != Some(&held.token));
    if let Some(held) = good {
        return Ok(held.token.clone());
    }
    *held = None;
    let credentials = credentials(services, access).await?;
    let lent = lend(door, &credentials, subject, now).await?;
    *held = Some(Held { token: lent.access.clone(), ends: ends_at(now, lent.expires_in).at() });
    Ok(lent.access)
}

/// Asks the provider for a token.
pub(super) async fn lend(
    door: &OAuthDoor,
    credentials: &Credentials,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Lent, OAuthError> {
    match credentials {
        Credentials::Tenant(tenant) => door.client.of_tenant(*tenant).await,
        Credentials::ServiceAccount(account) => door.client.acting_as(account, subject, now).await,
    }
}

/// What was kept of this very grant.
async fn credentials(services: &Services, access: &Access) -> Result<Credentials, TokenError> {
    let row = in_org(access.org)
        .filter(rows::Column::Provider.eq(stored(access.provider)))
        .filter(rows::Column::GrantedAt.eq(Stamp::from(access.granted_at)))
        .one(services.store.reader())
        .await
        .map_err(StoreError::from)?
        .ok_or(TokenError::Withdrawn)?;
    match (access.provider, row.private_key) {
        (Provider::Microsoft, _) => {
            let tenant = Uuid::try_parse(&row.account).map_err(|_| TokenError::Withdrawn)?;
            Ok(Credentials::Tenant(tenant))
        }
        (Provider::Google, Some(sealed)) => {
            let private_key = services.keys.open(&key_place(access.org, access.provider), &sealed)?;
            Ok(Credentials::ServiceAccount(ServiceAccount { email: row.account, private_key }))
        }
        (Provider::Google, None) | (Provider::Apple, _) => Err(TokenError::Withdrawn),
    }
}
