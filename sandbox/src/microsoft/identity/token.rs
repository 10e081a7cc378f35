//! `/token`: codes, refresh tokens and client credentials for access tokens, and the id token.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{GRAPH, application, scopes, tenant_admits, tenant_exists, unknown_tenant};
use crate::faults::Answer;
use crate::microsoft::ask::origin;
use crate::microsoft::errors::{catalogue, oauth_body};
use crate::oauth::grants::{ACCESS_LIFE, AccessToken, RedeemError, RefreshToken};
use crate::oauth::{CLIENT_ID, CLIENT_SECRET, client_credentials, random};
use crate::world::{Account, AccountKind, Provider, State, World};

const MICROSOFT: Provider = Provider::Microsoft;
/// How long a refresh token of a web app lives.
const REFRESH_LIFE: Duration = Duration::days(90);
/// What refresh tokens start with; by it a dead one is told from garbage.
const REFRESH_PREFIX: &str = "1.AX";

/// A refusal in the token endpoint's words.
fn refusal(status: StatusCode, error: &str, code: u32, text: &str, now: DateTime<Utc>) -> Answer {
    Answer { status, headers: Vec::new(), body: oauth_body(error, code, None, text, now) }
}

/// A refusal that is in the catalogue.
fn known(name: &str) -> Answer {
    catalogue(name).expect("the catalogue has this entry")
}

/// POST /{tenant}/oauth2/v2.0/token
pub async fn token(
    Shared(world): Shared<World>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let no_store = [("cache-control", "no-store, no-cache"), ("pragma", "no-cache")];
    match answer(&world, &tenant, &headers, &form) {
        Ok(body) => (no_store, axum::Json(body)).into_response(),
        Err(answer) => (no_store, answer).into_response(),
    }
}

fn answer(world: &World, tenant: &str, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Result<Value, Answer> {
    let now = world.lock().now();
    let invalid = |code, text: &str| refusal(StatusCode::BAD_REQUEST, "invalid_request", code, text, now);
    let missing =
        |name: &str| invalid(900144, &format!("The request body must contain the following parameter: '{name}'."));
    if !tenant_exists(tenant) {
        return Err(invalid(90002, &unknown_tenant(tenant)));
    }
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let grant_type = field("grant_type").ok_or_else(|| missing("grant_type"))?;
    let (client_id, secret) = client_credentials(headers, form);
    let client_id = client_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("client_id"))?;
    if client_id != CLIENT_ID {
        return Err(known("client.unknown"));
    }
    match secret.as_deref() {
        Some(CLIENT_SECRET) => {}
        Some(_) => return Err(known("client.secretWrong")),
        None => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(refusal(StatusCode::UNAUTHORIZED, "invalid_client", 7000218, text, now));
        }
    }
    if grant_type == "client_credentials" {
        let scope = field("scope").ok_or_else(|| missing("scope"))?;
        return application::token(world, tenant, &client_id, scope).map_err(|(error, code, text)| {
            let client = error == "invalid_client";
            let status = if client { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            refusal(status, error, code, &text, now)
        });
    }
    if let Some(Err(scope)) = field("scope").map(scopes::read) {
        let text = format!("The provided value for the input parameter 'scope' is not valid: '{scope}'.");
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_scope", 70011, &text, now));
    }
    let issuer = origin(world, headers);
    match grant_type {
        "authorization_code" => {
            let code = field("code").ok_or_else(|| missing("code"))?;
            let redirect_uri = field("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
            let verifier = field("code_verifier");
            exchange(world, tenant, &issuer, &client_id, code, redirect_uri, verifier)
        }
        "refresh_token" => {
            let text = field("refresh_token").ok_or_else(|| missing("refresh_token"))?;
            refresh(world, tenant, &issuer, &client_id, text)
        }
        other => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            Err(refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", 70003, &text, now))
        }
    }
}

fn exchange(
    world: &World,
    tenant: &str,
    issuer: &str,
    client_id: &str,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> Result<Value, Answer> {
    let mut state = world.lock();
    let now = state.now();
    let refuse = |status, error: &str, code, text: &str| refusal(status, error, code, text, now);
    let bad = StatusCode::BAD_REQUEST;
    let redeemed = state.grants.redeem(MICROSOFT, code, client_id, redirect_uri, verifier, now);
    let code = redeemed.map_err(|error| match error {
        RedeemError::Used => known("code.used"),
        RedeemError::PkceMismatch => known("code.pkce"),
        RedeemError::Unknown => {
            refuse(bad, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        }
        RedeemError::Expired => refuse(
            bad,
            "invalid_grant",
            70008,
            "The provided authorization code or refresh token has expired due to inactivity.",
        ),
        RedeemError::ClientMismatch => {
            refuse(bad, "invalid_grant", 70000, "The provided authorization code was issued to another client.")
        }
        RedeemError::RedirectMismatch => refuse(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            500112,
            "The reply address does not match the reply address provided when requesting Authorization code.",
        ),
    })?;
    if code.authorization.tenant.as_deref() != Some(tenant) {
        let text = "Provided Authorization Code is intended to use against other tenant, thus rejected.";
        return Err(refuse(bad, "invalid_grant", 700005, text));
    }
    let account = account(&state, &code.account)?;
    let asked = &code.authorization;
    Ok(issue(
        world,
        &mut state,
        &account,
        client_id,
        &code.scopes,
        asked.offline,
        asked.nonce.as_deref(),
        issuer,
        tenant,
    ))
}

fn refresh(world: &World, tenant: &str, issuer: &str, client_id: &str, text: &str) -> Result<Value, Answer> {
    let mut state = world.lock();
    let now = state.now();
    let found = state.grants.refresh(MICROSOFT, text, now).cloned();
    let Some(token) = found else {
        if !text.starts_with(REFRESH_PREFIX) {
            let text = "Invalid request. Request is malformed or invalid.";
            return Err(refusal(StatusCode::BAD_REQUEST, "invalid_grant", 9002313, text, now));
        }
        // With a life set by a switch it has aged; otherwise only a revocation takes a token away.
        return Err(known(if state.grants.refresh_life.is_some() { "refresh.inactive" } else { "refresh.revoked" }));
    };
    if token.created + REFRESH_LIFE <= now {
        return Err(known("refresh.inactive"));
    }
    if token.client_id != client_id {
        let text = "The provided refresh token was issued to another client.";
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_grant", 70000, text, now));
    }
    let account = account(&state, &token.account)?;
    if !tenant_admits(tenant, &account) {
        let text = "User account does not exist in tenant and cannot access the application in that tenant.";
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_grant", 50020, text, now));
    }
    // The old one stays valid: a client that crashed before storing the new one can go on.
    Ok(issue(world, &mut state, &account, client_id, &token.scopes, true, None, issuer, tenant))
}

fn account(state: &State, email: &str) -> Result<Account, Answer> {
    state.account_of(MICROSOFT, email).cloned().ok_or_else(|| known("refresh.userDisabled"))
}

#[expect(clippy::too_many_arguments, reason = "these are the facts of one grant, used once")]
fn issue(
    world: &World,
    state: &mut State,
    account: &Account,
    client_id: &str,
    scopes: &[String],
    offline: bool,
    nonce: Option<&str>,
    issuer: &str,
    tenant: &str,
) -> Value {
    let now = state.now();
    let grant = state.grants.new_grant();
    // Opaque: a personal account's is not even shaped like a JWT.
    let prefix = if account.kind == AccountKind::Personal { "EwB" } else { "eyJ0eXAi" };
    let access = format!("{prefix}{}", random::token(96));
    let token = AccessToken {
        provider: MICROSOFT,
        account: account.email.clone(),
        client_id: client_id.to_owned(),
        scopes: scopes.to_vec(),
        expires: now + ACCESS_LIFE,
        grant,
    };
    state.grants.store_access(&access, token);
    let mut answer = json!({
        "token_type": "Bearer",
        "scope": scopes::written(scopes),
        "expires_in": ACCESS_LIFE.num_seconds(),
        "ext_expires_in": ACCESS_LIFE.num_seconds(),
        "access_token": access,
    });
    if offline {
        let text = format!("{REFRESH_PREFIX}{}", random::token(96));
        let token = RefreshToken {
            provider: MICROSOFT,
            account: account.email.clone(),
            client_id: client_id.to_owned(),
            scopes: scopes.to_vec(),
            created: now,
            tenant: Some(tenant.to_owned()),
            grant,
        };
        state.grants.store_refresh(&text, token);
        answer["refresh_token"] = json!(text);
    }
    if scopes.iter().any(|scope| scope == "openid") {
        answer["id_token"] = json!(world.keys().sign(&claims(account, client_id, scopes, nonce, issuer, now)));
    }
    answer
}

fn claims(
    account: &Account,
    client_id: &str,
    scopes: &[String],
    nonce: Option<&str>,
    issuer: &str,
    now: DateTime<Utc>,
) -> Value {
    let has = |scope: &str| scopes.iter().any(|granted| granted == scope);
    let tenant = account.tenant.as_deref().unwrap_or_default();
    let at = now.timestamp();
    let mut claims = json!({
        "ver": "2.0",
        "iss": format!("{issuer}/{tenant}/v2.0"),
        "sub": id_subject(account),
        "aud": client_id,
        // Five minutes in the past, so that a client with a slow clock accepts it.
        "iat": at - 300,
        "nbf": at - 300,
        "exp": at + 3600,
        "tid": tenant,
    });
    if has("profile") {
        claims["oid"] = json!(account.subject);
        claims["name"] = json!(account.name);
        claims["preferred_username"] = json!(account.email);
    }
    if has("email") {
        claims["email"] = json!(account.email);
    }
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

/// The pairwise subject: the same person is another one to every client.
pub fn id_subject(account: &Account) -> String {
    let both = format!("{CLIENT_ID}\n{}\n{}", account.tenant.as_deref().unwrap_or_default(), account.subject);
    URL_SAFE_NO_PAD.encode(random::sha256(both.as_bytes()))
}

/// Tokens without a browser, as a code exchange would answer.
///
/// # Errors
/// A sentence, for an unknown account or scope.
pub fn for_control(world: &World, email: &str, asked: &[String]) -> Result<Value, String> {
    let text = if asked.is_empty() {
        format!("openid profile email offline_access {GRAPH}User.Read {GRAPH}Calendars.ReadWrite")
    } else {
        asked.join(" ")
    };
    let scopes = scopes::read(&text).map_err(|scope| format!("There is no Microsoft scope {scope}."))?;
    let mut state = world.lock();
    let account =
        state.account_of(MICROSOFT, email).cloned().ok_or_else(|| format!("There is no Microsoft account {email}."))?;
    state.grants.consent(MICROSOFT, &account.email, &scopes);
    let offline = scopes.iter().any(|scope| scope == "offline_access");
    let issuer = world.microsoft_url();
    Ok(issue(world, &mut state, &account, CLIENT_ID, &scopes, offline, None, &issuer, "common"))
}
