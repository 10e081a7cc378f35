//! The JSON API by which tests and scripts steer the sandbox; documented in `sandbox/README.md`.
//!
//! Errors are `{"error": "a sentence"}` with a fitting status.

/// Apple's passwords and stored objects.
mod apple;
/// Switching faults on.
mod faults;
/// Applications in iCIMS and the notes on them.
mod icims;
/// Events, mails, requests, accounts as JSON.
mod look;
/// What administrators allow an application for everybody of their organisation.
mod organisations;
/// Vendors' quotas.
mod quotas;
/// Tokens that expire, channels, pushes.
mod sync;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::world::{Provider, World};

pub use faults::switch_on;

/// Routes under `/control`.
pub fn router(world: World) -> Router {
    Router::new()
        .route("/control", get(describe))
        .route("/control/reset", post(reset))
        .route("/control/clock", get(clock).post(advance))
        .route("/control/policy", post(policy))
        .route("/control/token", post(token))
        .route("/control/accounts", get(look::accounts))
        .route("/control/events", get(look::events))
        .route("/control/mail", get(look::mail).delete(look::forget_mail))
        .route("/control/requests", get(look::requests).delete(look::forget_requests))
        .route("/control/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/control/faults/catalogue", get(faults::catalogue))
        .route("/control/faults/{id}", delete(faults::remove))
        .route("/control/cursors/expire", post(sync::expire_cursors))
        .route("/control/channels", get(sync::channels))
        .route("/control/channels/expire", post(sync::expire_channels))
        .route("/control/channels/lifecycle", post(sync::lifecycle))
        .route("/control/pushes", get(sync::pushes).delete(sync::forget_pushes))
        .route("/control/pushes/storm", post(sync::storm))
        .route("/control/quotas", get(quotas::show).post(quotas::switch).delete(quotas::forget))
        .route(
            "/control/apple/passwords",
            get(apple::passwords).post(apple::add_password).delete(apple::revoke_passwords),
        )
        .route("/control/apple/home", post(apple::home))
        .route("/control/apple/objects", get(apple::objects).post(apple::put_object).delete(apple::delete_object))
        .route("/control/icims/notes", get(icims::list).post(icims::add).delete(icims::clear))
        .route(
            "/control/microsoft/consent",
            get(organisations::consents).post(organisations::consent).delete(organisations::withdraw_consent),
        )
        .route(
            "/control/microsoft/access-policy",
            get(organisations::access_policy).post(organisations::set_access_policy),
        )
        .route("/control/google/service-account", get(organisations::service_account))
        .route(
            "/control/google/delegation",
            get(organisations::delegations).post(organisations::delegate).delete(organisations::withdraw_delegation),
        )
        .route("/control/certificate", get(certificate))
        .fallback(|| async {
            Refusal::new(StatusCode::NOT_FOUND, "There is nothing here; GET /control lists what is.")
        })
        .with_state(world)
}

/// A request that was not carried out, and why.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    sentence: String,
}

impl Refusal {
    /// With any status.
    pub fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }

    /// 422: the request was understood and is wrong.
    pub fn wrong(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    }

    /// What was wrong.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.sentence }))).into_response()
    }
}

/// A JSON body, whatever its content type says.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::wrong(format!("The body is not as expected: {error}.")))
}

async fn describe(Shared(world): Shared<World>) -> Json<Value> {
    Json(json!({
        "google": world.google_url(),
        "microsoft": world.microsoft_url(),
        "microsoft_https": world.microsoft_https_url(),
        "apple": world.apple_url(),
        "apple_partition": world.apple_partition_url(),
        "icims": world.icims_url(),
        "icims_customer": crate::icims::CUSTOMER,
        "icims_key": crate::icims::KEY,
        "client_id": crate::oauth::CLIENT_ID,
        "client_secret": crate::oauth::CLIENT_SECRET,
        "endpoints": [
            "POST /control/reset",
            "GET|POST /control/clock",
            "POST /control/policy",
            "POST /control/token",
            "GET /control/accounts",
            "GET /control/events?account=",
            "GET|DELETE /control/mail",
            "GET|DELETE /control/requests?provider=&since=",
            "GET|POST|DELETE /control/faults",
            "DELETE /control/faults/{id}",
            "GET /control/faults/catalogue",
            "POST /control/cursors/expire",
            "GET /control/channels?provider=&account=&id=",
            "POST /control/channels/expire",
            "POST /control/channels/lifecycle",
            "GET|DELETE /control/pushes?provider=&channel=&since=",
            "POST /control/pushes/storm",
            "GET|POST|DELETE /control/quotas",
            "GET|POST|DELETE /control/apple/passwords?account=",
            "POST /control/apple/home",
            "GET|POST|DELETE /control/apple/objects?account=&calendar=&uid=",
            "GET|POST|DELETE /control/icims/notes?application=",
            "GET|POST|DELETE /control/microsoft/consent?tenant=",
            "GET|POST /control/microsoft/access-policy",
            "GET /control/google/service-account",
            "GET|POST|DELETE /control/google/delegation?domain=",
            "GET /control/certificate",
        ],
    }))
}

async fn reset(Shared(world): Shared<World>) -> Json<Value> {
    world.reset();
    Json(json!({ "reset": true }))
}

async fn clock(Shared(world): Shared<World>) -> Json<Value> {
    Json(json!({ "now": world.lock().now() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

async fn advance(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Advance { advance_seconds } = read(&body)?;
    // A century is enough, and keeps every later sum within what a timestamp can hold.
    if !(0..=3_155_760_000).contains(&advance_seconds) {
        return Err(Refusal::wrong("advance_seconds must be between 0 and a century: the clock does not go back."));
    }
    let mut state = world.lock();
    state.advance(TimeDelta::seconds(advance_seconds));
    Ok(Json(json!({ "now": state.now() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    refresh_token_seconds: Option<i64>,
}

/// How long refresh tokens live; null for as long as nothing else kills them.
async fn policy(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Policy { refresh_token_seconds } = read(&body)?;
    if refresh_token_seconds.is_some_and(|seconds| !(0..=3_155_760_000).contains(&seconds)) {
        return Err(Refusal::wrong("refresh_token_seconds must be between 0 and a century, or null."));
    }
    world.lock().grants.refresh_life = refresh_token_seconds.map(TimeDelta::seconds);
    Ok(Json(json!({ "refresh_token_seconds": refresh_token_seconds })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    provider: Provider,
    account: String,
    scopes: Scopes,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    List(Vec<String>),
    Text(String),
}

/// Tokens without a browser.
async fn token(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let TokenRequest { provider, account, scopes } = read(&body)?;
    let scopes = match scopes {
        Scopes::List(scopes) => scopes,
        Scopes::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
    };
    let answer = match provider {
        Provider::Google => crate::google::control_token(&world, &account, &scopes),
        Provider::Microsoft => crate::microsoft::control_token(&world, &account, &scopes),
        Provider::Apple => {
            Err("Apple gives out no tokens: an account is opened by its app-specific password.".to_owned())
        }
    };
    answer.map(Json).map_err(Refusal::wrong)
}

/// The https certificate, PEM.
async fn certificate(Shared(world): Shared<World>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/x-pem-file"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"convene-sandbox.pem\""),
    ];
    (headers, world.keys().certificate_pem().to_owned()).into_response()
}
