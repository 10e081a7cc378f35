//! What a demo starts with: an organisation in the sandbox's world, two of whose interviewers are connected.
//!
//! Everybody the sandbox plays belongs to it. Ana and Chloé sign in to it and connect their calendars then; Ben and Raj are
//! connected from the start, with tokens of the sandbox's own token flow. The others never signed in: they can be invited, and
//! whoever of them signs up without an invitation founds an organisation of their own.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::{
    audit::Origin,
    calendars::{
        AccessToken, Account, Provider,
        identity::Identity,
        oauth::{RefreshToken, TokenSet, scopes::short_name},
    },
    connections::connect::{self, Grant, Opener, Probe, Wish},
    ids::{Email, OrgId, PersonId},
    people::{self, NewPerson},
    sign_in,
    state::AppState,
    store::{StoreError, entities::organisations, words::Role},
};

const ORGANISATION: &str = "Northwind Robotics";
const ADMIN: &str = "ana.alvarez@example.com";
const COORDINATOR: &str = "chloe.dubois@example.org";
/// Connected before anybody signs in.
const CONNECTED: [&str; 2] = ["ben.okafor@example.com", "raj.patel@example.org"];

/// Why the demo could not be furnished.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("the sandbox did not answer as expected: {0}")]
    Sandbox(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Deserialize)]
struct Accounts {
    accounts: Vec<Played>,
}

/// Somebody the sandbox plays.
#[derive(Deserialize)]
struct Played {
    provider: Provider,
    email: String,
    name: String,
    zone: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    expires_in: u64,
    id_token: String,
    scope: String,
}

/// The claims of an id token that the sandbox handed to us directly; the sign-in flow verifies them, a demo's seed need not.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    oid: Option<String>,
    tid: Option<String>,
}

/// Furnishes an empty database from the sandbox whose front page is at `control`. A second time it changes nothing.
///
/// # Errors
/// When the sandbox does not answer, or the database does not take it.
pub async fn seed(state: &AppState, control: &Url) -> Result<(), SeedError> {
    let seeded = organisations::Entity::find().count(state.store.reader()).await.map_err(StoreError::from)?;
    if seeded > 0 {
        return Ok(());
    }
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().map_err(sandbox)?;
    let accounts: Accounts = ask(http.get(at(control, "/control/accounts"))).await?;
    let now = state.clock.now();
    let org = OrgId::new();
    let txn = state.store.begin().await?;
    organisations::Entity::insert(organisations::ActiveModel {
        id: Set(org),
        name: Set(ORGANISATION.to_owned()),
        policies: Set("{}".to_owned()),
        created_at: Set(now.into()),
    })
    .exec_without_returning(&*txn)
    .await
    .map_err(StoreError::from)?;
    txn.commit().await?;
    for played in &accounts.accounts {
        furnish(state, &http, control, org, played).await?;
    }
    Ok(())
}

async fn furnish(
    state: &AppState,
    http: &reqwest::Client,
    control: &Url,
    org: OrgId,
    played: &Played,
) -> Result<(), SeedError> {
    let email: Email =
        played.email.parse().map_err(|_| SeedError::Sandbox(format!("{} is no address", played.email)))?;
    let zone = played.zone.parse().map(Some).map_err(|_| SeedError::Sandbox(format!("{} is no zone", played.zone)))?;
    let role = match played.email.as_str() {
        ADMIN => Role::Admin,
        COORDINATOR => Role::Coordinator,
        _ => Role::Interviewer,
    };
    let connected = CONNECTED.contains(&played.email.as_str());
    // Others are interviewers who never signed in: they can be invited, or sign up on their own.
    let account = match connected || role != Role::Interviewer {
        true => Some(account(state, http, control, played, zone, connected).await?),
        false => None,
    };

    let now = state.clock.now();
    let person = PersonId::new();
    let txn = state.store.begin().await?;
    let new = NewPerson { id: person, org, email: &email, name: &played.name, zone, role };
    people::insert(&txn, &new, now.into()).await?;
    if let Some(Signed { identity, grant, probe }) = &account {
        sign_in::identities::add_identity(&txn, org, person, played.provider, identity, now).await?;
        if let Some(probe) = probe {
            let grant = Grant {
                provider: played.provider,
                identity,
                opener: Opener::Tokens(grant),
                scopes: &grant.scopes,
                probe,
                takes_over: false,
            };
            let stored = connect::store(&state.services, &txn, org, person, grant, &Origin::default()).await;
            stored.map_err(|error| SeedError::Sandbox(error.to_string()))?;
        }
    }
    txn.commit().await?;
    Ok(())
}

/// Somebody's account at their provider, as signing in would find it.
struct Signed {
    identity: Identity,
    grant: TokenSet,
    /// Of a calendar that is connected from the start.
    probe: Option<Probe>,
}

async fn account(
    state: &AppState,
    http: &reqwest::Client,
    control: &Url,
    played: &Played,
    zone: Option<Tz>,
    connected: bool,
) -> Result<Signed, SeedError> {
    let wanted = connect::asks(Role::Interviewer, Wish::Usual).scopes(played.provider);
    let order = json!({ "provider": played.provider, "account": played.email, "scopes": wanted });
    let tokens: Tokens = ask(http.post(at(control, "/control/token")).json(&order)).await?;
    let identity = identity(&tokens.id_token, played)?;
    let grant = TokenSet {
        access: AccessToken::new(tokens.access_token),
        refresh: Some(RefreshToken::new(tokens.refresh_token)),
        expires_in: Duration::from_secs(tokens.expires_in),
        scopes: tokens.scope.split_whitespace().map(|scope| short_name(scope).to_owned()).collect::<BTreeSet<_>>(),
        id_token: None,
    };
    let probe = match (connected, state.services.calendars.get(played.provider)) {
        (true, Some(client)) => {
            let account = Account { email: played.email.clone(), personal: identity.personal, zone };
            let (needs, now) = (connect::needs(Role::Interviewer), state.clock.now());
            let probe =
                connect::probe(client, played.provider, &grant.access, &account, &grant.scopes, needs, now).await;
            Some(probe)
        }
        _ => None,
    };
    Ok(Signed { identity, grant, probe })
}

fn identity(id_token: &str, played: &Played) -> Result<Identity, SeedError> {
    let payload = id_token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: Claims = serde_json::from_slice(&payload).map_err(sandbox)?;
    let (subject, tenant) = match (claims.tid, claims.oid) {
        (Some(tid), Some(oid)) => (format!("{tid}.{oid}"), Some(tid)),
        _ => (claims.sub, None),
    };
    Ok(Identity {
        issuer: claims.iss,
        subject,
        tenant,
        email: Some(played.email.clone()),
        email_verified: true,
        name: Some(played.name.clone()),
        personal: false,
    })
}

async fn ask<T: serde::de::DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, SeedError> {
    let response = request.send().await.map_err(sandbox)?;
    response.error_for_status().map_err(sandbox)?.json().await.map_err(sandbox)
}

fn at(control: &Url, path: &str) -> Url {
    let mut url = control.clone();
    url.set_path(path);
    url
}

fn sandbox(error: impl std::fmt::Display) -> SeedError {
    SeedError::Sandbox(error.to_string())
}
