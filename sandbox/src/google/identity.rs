//! Google's identity endpoints: authorize, token, revoke, userinfo, keys, discovery, tokeninfo.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, response};
use serde_json::{Value, json};

use super::errors::{self, known, oauth};
use super::{scopes, service_account};
use crate::faults::Answer;
use crate::html::problem;
use crate::oauth::consent::{self, Screen};
use crate::oauth::grants::{ACCESS_LIFE, AccessToken, Authorization, Code, RedeemError, RefreshToken, ResponseMode};
use crate::oauth::{self as shared, CLIENT_ID, CLIENT_SECRET, bearer, random};
use crate::world::{Account, AccountKind, Provider, State, World};

const GOOGLE: Provider = Provider::Google;

static SCREEN: Screen = Screen {
    provider: GOOGLE,
    title: "Sign in with Google",
    action: "/o/oauth2/v2/consent",
    code_prefix: "4/0A",
    scope_line: scopes::line,
    admits: |_, _| true,
    callback_extras,
    denied: || vec![("error".to_owned(), "access_denied".to_owned())],
};

/// Routes of Google's identity hosts.
pub fn router(world: World) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/o/oauth2/v2/auth", get(authorize))
        .route("/token", post(token))
        .route("/revoke", post(revoke))
        .route("/oauth2/v3/certs", get(jwks))
        .route("/oauth2/v1/certs", get(certificates))
        .route("/tokeninfo", get(token_info).post(token_info))
        .route("/v1/userinfo", get(userinfo).post(userinfo))
        .route("/oauth2/v3/userinfo", get(userinfo).post(userinfo))
        .route("/oauth2/v2/userinfo", get(userinfo_v2))
        .with_state(world.clone())
        .merge(consent::router(world, &SCREEN))
}

fn callback_extras(code: &Code) -> Vec<(String, String)> {
    let prompt = if code.consent_shown { "consent" } else { "none" };
    let pairs = [("scope", code.scopes.join(" ")), ("authuser", "0".to_owned()), ("prompt", prompt.to_owned())];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn discovery(Shared(world): Shared<World>) -> Json<Value> {
    let base = world.google_url();
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/v1/userinfo"),
        "revocation_endpoint": format!("{base}/revoke"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [
            "aud", "email", "email_verified", "exp", "family_name", "given_name", "hd", "iat", "iss", "name", "picture", "sub"
        ],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token", service_account::GRANT_TYPE],
    }))
}

/// Errors here are Google's own pages: the person does not come back to the client.
async fn authorize(Shared(world): Shared<World>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    match read_authorization(&world, &query) {
        Ok(authorization) if query.get("prompt").is_some_and(|prompt| prompt == "none") => {
            let mut answer = vec![("error".to_owned(), "interaction_required".to_owned())];
            answer.extend(authorization.state.clone().map(|state| ("state".to_owned(), state)));
            consent::go_back(&authorization, &answer)
        }
        Ok(authorization) => consent::begin(&world, &SCREEN, authorization),
        Err((status, error, sentence)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            problem(status, &format!("Error {}: {error}", status.as_u16()), &sentence)
        }
    }
}

fn read_authorization(
    world: &World,
    query: &BTreeMap<String, String>,
) -> Result<Authorization, (u16, &'static str, String)> {
    let get = |name: &str| query.get(name).filter(|value| !value.is_empty()).cloned();
    let need = |name: &str| get(name).ok_or((400, "invalid_request", format!("Missing required parameter: {name}")));
    let client_id = need("client_id")?;
    if client_id != CLIENT_ID {
        return Err((401, "invalid_client", "The OAuth client was not found.".into()));
    }
    let redirect_uri = need("redirect_uri")?;
    if !shared::redirect_is_registered(&redirect_uri) {
        let sentence = "The redirect address is not registered: only loopback hosts are.".into();
        return Err((400, "redirect_uri_mismatch", sentence));
    }
    if need("response_type")? != "code" {
        return Err((400, "unsupported_response_type", "Only response_type=code is served.".into()));
    }
    let mut granted = Vec::new();
    for scope in need("scope")?.split_whitespace() {
        let full = scopes::expand(scope)
            .ok_or_else(|| (400, "invalid_scope", format!("Some requested scopes were invalid: {scope}")))?;
        if !granted.contains(&full) {
            granted.push(full);
        }
    }
    let code_challenge = get("code_challenge");
    if code_challenge.is_some() && get("code_challenge_method").as_deref() != Some("S256") {
        return Err((400, "invalid_request", "Only code_challenge_method=S256 is served.".into()));
    }
    let prompts = get("prompt").unwrap_or_default();
    let prompted = |word: &str| prompts.split_whitespace().any(|prompt| prompt == word);
    Ok(Authorization {
        provider: GOOGLE,
        client_id,
        redirect_uri,
        scopes: granted,
        state: get("state"),
        nonce: get("nonce"),
        code_challenge,
        login_hint: get("login_hint"),
        force_consent: prompted("consent"),
        select_account: prompted("select_account"),
        offline: get("access_type").as_deref() == Some("offline"),
        include_granted: get("include_granted_scopes").as_deref() == Some("true"),
        response_mode: match get("response_mode").as_deref() {
            Some("form_post") => ResponseMode::FormPost,
            Some("fragment") => ResponseMode::Fragment,
            _ => ResponseMode::Query,
        },
        tenant: None,
        created: world.lock().now(),
    })
}

async fn token(Shared(world): Shared<World>, headers: HeaderMap, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    match answer_token(&world, &headers, &form) {
        Ok(answer) => ([("cache-control", "no-store")], Json(answer)).into_response(),
        Err(answer) => answer.into_response(),
    }
}

fn answer_token(world: &World, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Result<Value, Answer> {
    let need = |name: &str| {
        let value = form.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| oauth(400, "invalid_request", &format!("Missing required parameter: {name}")))
    };
    let grant_type = need("grant_type")?;
    // The signature says who asks; there is no client secret.
    if grant_type == service_account::GRANT_TYPE {
        return service_account::token(world, form);
    }
    let (id, secret) = shared::client_credentials(headers, form);
    let id = id.ok_or_else(|| oauth(400, "invalid_request", "Could not determine client ID from request."))?;
    if id != CLIENT_ID {
        return Err(known("client.unknown"));
    }
    if secret.as_deref() != Some(CLIENT_SECRET) {
        return Err(known("client.bad_secret"));
    }
    let mut state = world.lock();
    let now = state.now();
    match grant_type.as_str() {
        "authorization_code" => {
            let (code, redirect) = (need("code")?, need("redirect_uri")?);
            let verifier = form.get("code_verifier").map(String::as_str);
            let redeemed = state.grants.redeem(GOOGLE, code, &id, redirect, verifier, now);
            let code = redeemed.map_err(|error| match error {
                RedeemError::RedirectMismatch => known("redirect_mismatch"),
                RedeemError::PkceMismatch if verifier.is_none() => {
                    oauth(400, "invalid_grant", "Missing code verifier.")
                }
                RedeemError::PkceMismatch => oauth(400, "invalid_grant", "Invalid code verifier."),
                RedeemError::ClientMismatch => oauth(400, "invalid_grant", "Bad Request"),
                RedeemError::Unknown | RedeemError::Used | RedeemError::Expired => known("code.used"),
            })?;
            let offline = code.authorization.offline && code.consent_shown;
            issue(world, &mut state, &code.account, code.scopes, code.authorization.nonce.as_deref(), offline)
        }
        "refresh_token" => {
            let refresh = need("refresh_token")?;
            let token = state.grants.refresh(GOOGLE, refresh, now).cloned();
            let token = token.filter(|token| token.client_id == id).ok_or_else(|| known("refresh.revoked"))?;
            issue(world, &mut state, &token.account, token.scopes, None, false)
        }
        other => Err(oauth(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
    }
}

/// A token answer. Only one with `offline` carries a refresh token.
fn issue(
    world: &World,
    state: &mut State,
    email: &str,
    scopes: Vec<String>,
    nonce: Option<&str>,
    offline: bool,
) -> Result<Value, Answer> {
    let account = state.account_of(GOOGLE, email).cloned().ok_or_else(|| known("refresh.revoked"))?;
    let now = state.now();
    let grant = state.grants.new_grant();
    let access = format!("ya29.{}", random::token(120));
    let token = AccessToken {
        provider: GOOGLE,
        account: account.email.clone(),
        client_id: CLIENT_ID.to_owned(),
        scopes: scopes.clone(),
        expires: now + ACCESS_LIFE,
        grant,
    };
    state.grants.store_access(&access, token);
    let mut answer = json!({
        "access_token": access,
        "expires_in": ACCESS_LIFE.num_seconds(),
        "scope": scopes.join(" "),
        "token_type": "Bearer",
    });
    if offline {
        let refresh = format!("1//0{}", random::token(72));
        let token = RefreshToken {
            provider: GOOGLE,
            account: account.email.clone(),
            client_id: CLIENT_ID.to_owned(),
            scopes: scopes.clone(),
            created: now,
            tenant: None,
            grant,
        };
        state.grants.store_refresh(&refresh, token);
        answer["refresh_token"] = json!(refresh);
    }
    if scopes.iter().any(|scope| scope == "openid") {
        let mut claims = person(&account, &scopes);
        claims["iss"] = json!(world.google_url());
        claims["aud"] = json!(CLIENT_ID);
        claims["azp"] = json!(CLIENT_ID);
        claims["iat"] = json!(now.timestamp());
        claims["exp"] = json!((now + ACCESS_LIFE).timestamp());
        claims["at_hash"] = json!(random::at_hash(&access));
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        answer["id_token"] = json!(world.keys().sign(&claims));
    }
    Ok(answer)
}

/// Tokens without a browser; see [`super::control_token`].
pub fn control_token(world: &World, email: &str, wanted: &[String]) -> Result<Value, String> {
    let expanded = super::full_scopes(wanted)?;
    let mut state = world.lock();
    let account = state.account_of(GOOGLE, email).map(|account| account.email.clone());
    let account = account.ok_or_else(|| format!("There is no Google account {email}."))?;
    state.grants.consent(GOOGLE, &account, &expanded);
    issue(world, &mut state, &account, expanded, None, true).map_err(|_| format!("There is no Google account {email}."))
}

/// Claims about a person, as far as the scopes go.
fn person(account: &Account, granted: &[String]) -> Value {
    let has = |name: &str| granted.contains(&scopes::full(name));
    let mut claims = json!({ "sub": account.subject });
    if has("userinfo.email") {
        claims["email"] = json!(account.email);
        claims["email_verified"] = json!(true);
        if account.kind == AccountKind::Work {
            claims["hd"] = json!(account.domain());
        }
    }
    if has("userinfo.profile") {
        claims["name"] = json!(account.name);
        claims["given_name"] = json!(account.given_name);
        claims["family_name"] = json!(account.family_name);
    }
    claims
}

async fn revoke(Shared(world): Shared<World>, Query(query): Query<BTreeMap<String, String>>, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let Some(token) = form.get("token").or_else(|| query.get("token")) else {
        return oauth(400, "invalid_request", "Missing required parameter: token").into_response();
    };
    let mut state = world.lock();
    let now = state.now();
    if state.grants.revoke(GOOGLE, token, now) {
        Json(json!({})).into_response()
    } else {
        known("revoke.invalid").into_response()
    }
}

async fn jwks(Shared(world): Shared<World>) -> impl IntoResponse {
    ([("cache-control", "public, max-age=21600, must-revalidate")], Json(world.keys().jwks(&json!({}))))
}

async fn certificates(Shared(world): Shared<World>) -> Json<Value> {
    Json(json!({ world.keys().kid(): world.keys().signing_certificate_pem() }))
}

fn caller(world: &World, headers: &HeaderMap) -> Result<(Account, AccessToken), Answer> {
    let state = world.lock();
    let token = bearer(headers).and_then(|token| state.grants.access(GOOGLE, token, state.now()));
    let token = token.ok_or_else(|| known("authError"))?;
    let account = state.account_of(GOOGLE, &token.account).ok_or_else(|| known("authError"))?;
    Ok((account.clone(), token.clone()))
}

async fn userinfo(Shared(world): Shared<World>, headers: HeaderMap) -> response::Result<Json<Value>, Response> {
    let (account, token) = caller(&world, &headers).map_err(|_| {
        // The OpenID endpoint has its own error shape.
        let mut answer = oauth(401, "invalid_request", "Invalid Credentials");
        answer.headers.extend(known("authError").headers);
        answer.into_response()
    })?;
    Ok(Json(person(&account, &token.scopes)))
}

async fn userinfo_v2(Shared(world): Shared<World>, headers: HeaderMap) -> response::Result<Json<Value>, Response> {
    let (account, token) = caller(&world, &headers).map_err(IntoResponse::into_response)?;
    let mut info = person(&account, &token.scopes);
    if let Some(info) = info.as_object_mut() {
        let renamed = [("sub", "id"), ("email_verified", "verified_email")];
        for (from, to) in renamed {
            if let Some(value) = info.remove(from) {
                info.insert(to.to_owned(), value);
            }
        }
    }
    Ok(Json(info))
}

async fn token_info(
    Shared(world): Shared<World>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
    body: Bytes,
) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let text = form.get("access_token").or_else(|| query.get("access_token")).map(String::as_str).or(bearer(&headers));
    let state = world.lock();
    let now = state.now();
    let found = text.and_then(|text| state.grants.access(GOOGLE, text, now));
    let Some((token, account)) = found.and_then(|token| Some((token, state.account_of(GOOGLE, &token.account)?)))
    else {
        return errors::oauth(400, "invalid_token", "Invalid Value").into_response();
    };
    let mut info = json!({
        "azp": token.client_id,
        "aud": token.client_id,
        "sub": account.subject,
        "scope": token.scopes.join(" "),
        "exp": token.expires.timestamp().to_string(),
        "expires_in": (token.expires - now).num_seconds().to_string(),
        "access_type": "offline",
    });
    if token.has(&scopes::full("userinfo.email")) {
        info["email"] = json!(account.email);
        info["email_verified"] = json!("true");
    }
    Json(info).into_response()
}
