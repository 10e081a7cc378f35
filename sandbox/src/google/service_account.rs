//! The service account: signed assertions for tokens that act as somebody of a Workspace (domain-wide delegation).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{known, oauth};
use super::scopes;
use crate::faults::Answer;
use crate::oauth::grants::{ACCESS_LIFE, AccessToken};
use crate::oauth::random;
use crate::world::{Provider, World};

/// RFC 7523, section 2.1.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Its address, which assertions name as their issuer.
pub const EMAIL: &str = "convene-calendars@convene-demo.iam.gserviceaccount.com";
/// Its numeric id, to which an administrator delegates scopes.
pub const CLIENT_ID: &str = "108374659201837465920";

const PROJECT: &str = "convene-demo";
/// The longest an assertion may be good for, in seconds.
const LONGEST: i64 = 3600;
/// How far a client's clock may be ahead, in seconds.
const SKEW: i64 = 300;

/// The key file, as Google's console hands it out.
pub fn key_file(world: &World) -> Value {
    let (base, key) = (world.google_url(), world.keys().service_account());
    json!({
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": key.id(),
        "private_key": key.private_pem(),
        "client_email": EMAIL,
        "client_id": CLIENT_ID,
        "auth_uri": format!("{base}/o/oauth2/auth"),
        "token_uri": token_uri(world),
        "auth_provider_x509_cert_url": format!("{base}/oauth2/v1/certs"),
        "client_x509_cert_url": format!("{base}/robot/v1/metadata/x509/{}", EMAIL.replace('@', "%40")),
        "universe_domain": "googleapis.com",
    })
}

/// Where assertions are traded for tokens; also their audience.
fn token_uri(world: &World) -> String {
    format!("{}/token", world.google_url())
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// The token answer for an assertion: a token that is its subject's in all of the API. No refresh token, no id token.
///
/// # Errors
/// As Google's: `invalid_grant` for an assertion that does not hold, `unauthorized_client` (401) for what nobody delegated.
pub fn token(world: &World, form: &BTreeMap<String, String>) -> Result<Value, Answer> {
    let assertion = form.get("assertion").filter(|text| !text.is_empty());
    let assertion = assertion.ok_or_else(|| oauth(400, "invalid_request", "Missing required parameter: assertion"))?;
    let claims = verified(world, assertion)?;
    let wanted = expanded(&claims.scope)?;
    let mut state = world.lock();
    // The service account has no calendar of its own here, so an assertion without a subject is one for nobody.
    let account = state.account_of(Provider::Google, &claims.sub).ok_or_else(|| known("jwt.subject"))?;
    if !state.organisations.delegates(account.domain(), &wanted) {
        return Err(known("delegation.missing"));
    }
    let account = account.email.clone();
    let access = format!("ya29.c.{}", random::token(120));
    let token = AccessToken {
        provider: Provider::Google,
        account,
        client_id: CLIENT_ID.to_owned(),
        scopes: wanted,
        expires: state.now() + ACCESS_LIFE,
        grant: state.grants.new_grant(),
    };
    state.grants.store_access(&access, token);
    Ok(json!({ "access_token": access, "expires_in": ACCESS_LIFE.num_seconds(), "token_type": "Bearer" }))
}

/// The claims of an assertion that the service account signed for this endpoint and this hour.
fn verified(world: &World, assertion: &str) -> Result<Claims, Answer> {
    let unsigned = || known("jwt.signature");
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(unsigned)?;
    let (header, claims) = signed.split_once('.').ok_or_else(unsigned)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| unsigned());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| unsigned())?;
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| known("jwt.times"))?;
    if claims.iss != EMAIL {
        return Err(oauth(400, "invalid_grant", "Invalid grant: account not found"));
    }
    let key = world.keys().service_account();
    let right_key = header.alg == "RS256" && header.kid.is_none_or(|kid| kid == key.id());
    if !right_key || !key.verifies(signed.as_bytes(), &decode(signature)?) {
        return Err(unsigned());
    }
    if claims.aud != token_uri(world) {
        let text = format!("Invalid JWT: Failed audience check. The right audience is {}", token_uri(world));
        return Err(oauth(400, "invalid_grant", &text));
    }
    // The machine's clock, not the sandbox's: the control API moves that one to make tokens expire, while the client dates
    // its assertions by the machine's.
    let now = Utc::now().timestamp();
    let in_time = claims.iat <= now + SKEW && claims.exp > now && claims.exp > claims.iat;
    if !in_time || claims.exp - claims.iat > LONGEST {
        return Err(known("jwt.times"));
    }
    Ok(claims)
}

fn expanded(scope: &str) -> Result<Vec<String>, Answer> {
    if scope.trim().is_empty() {
        return Err(oauth(400, "invalid_scope", "Empty or missing scope not allowed."));
    }
    let known: Option<Vec<String>> = scope.split_whitespace().map(scopes::expand).collect();
    known.ok_or_else(|| oauth(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."))
}
