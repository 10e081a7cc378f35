//! `Idempotency-Key`: a call that changes something is carried out once, and its answer is repeated to every copy.
//!
//! The key belongs to the API key that sent it, for 72 hours. A row says that a call is under way before anything is done, so that
//! copies are told apart across processes; the answer is kept with it afterwards, sealed, because it may hold names. A call that broke
//! off (its process died) is taken over by a copy that comes after its lease: the verbs below know a key of their own, derived from
//! this one, so that what was committed is found and not done twice. What failed on our side is not kept: the copy tries again.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;
use serde_json::Value;

use super::caller::Caller;
use crate::{
    error::{AppError, REQUEST_ID},
    idempotency::Key,
    ids::{ApiKeyId, OrgId, sha256},
    secrets::Place,
    state::AppState,
    store::{self, Stamp, StoreError, Txn, entities::api_calls},
};

/// Says that an answer was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const HEADER: &str = "idempotency-key";
/// Longer than any call may take (`web::server`), so that only what broke off is taken over.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What a handler answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    status: StatusCode,
    /// `None` for no content.
    body: Option<Value>,
}

impl Reply {
    fn new(status: StatusCode, body: &impl Serialize) -> Self {
        // Strings, numbers, lists and structs of them: serialising cannot fail.
        Self { status, body: Some(serde_json::to_value(body).expect("an answer is plain data")) }
    }

    pub fn ok(body: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub fn created(body: &impl Serialize) -> Self {
        Self::new(StatusCode::CREATED, body)
    }

    pub fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        // Names and addresses of people are in it.
        let keep = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.body {
            Some(body) => {
                let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                (self.status, [keep, json], body.to_string()).into_response()
            }
            None => (self.status, [keep]).into_response(),
        }
    }
}

/// A call that is carried out once: its key, and what is called.
#[derive(Clone, Debug)]
pub struct Once {
    key: String,
    target: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let refused = |code, sentence: &'static str| {
            AppError::bad_request(code, sentence)
                .hint("Send a fresh Idempotency-Key, such as a UUID, with every call that changes something; repeat it when you repeat the call.")
                .into_response()
        };
        let mut sent = parts.headers.get_all(HEADER).iter();
        let Some(key) = sent.next() else {
            return Err(refused("idempotency_key_required", "This call needs an Idempotency-Key."));
        };
        let key = key.to_str().unwrap_or_default();
        let fits = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits || sent.next().is_some() {
            return Err(refused("idempotency_key_invalid", "An Idempotency-Key is 1 to 255 visible ASCII characters."));
        }
        let target = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        Ok(Self { key: key.to_owned(), target: format!("{} {target}", parts.method) })
    }
}

/// What a key was used for before.
enum Found {
    /// Nothing: it is ours to do.
    Ours,
    Answered(i32, String),
}

impl Once {
    /// The key for the verb below, which keeps its own answer with what it made true.
    pub fn key<N>(&self, caller: &Caller<N>) -> Key {
        let text = format!("{}:{}", caller.key, self.key);
        let hex: String = sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        // Letters, digits and a dash are what a key is made of.
        Key::parse(&format!("api-{hex}")).expect("a hash is a key")
    }

    /// Does it, or repeats what came of it. It goes on to its end whether or not the caller waits.
    pub async fn carry_out<N>(
        self,
        state: &AppState,
        caller: &Caller<N>,
        sent: &Value,
        act: impl Future<Output = Result<Reply, AppError>> + Send + 'static,
    ) -> Response {
        let hash = sha256(format!("{}\n{sent}", self.target).as_bytes());
        let (org, key) = (caller.org, caller.key);
        match self.claim(state, org, key, hash).await {
            Err(error) => error.into_response(),
            Ok(Found::Answered(status, body)) => repeated(state, org, &self, key, status, &body),
            Ok(Found::Ours) => {
                let (state, id) = (state.clone(), REQUEST_ID.try_with(Clone::clone).unwrap_or_default());
                let work = async move {
                    let outcome = act.await;
                    if let Err(error) = self.settle(&state, org, key, &outcome).await {
                        tracing::error!(%error, "an answer was given and could not be kept");
                    }
                    outcome
                };
                match tokio::spawn(REQUEST_ID.scope(id, work)).await {
                    Ok(outcome) => outcome.into_response(),
                    Err(error) => AppError::internal(&error).into_response(),
                }
            }
        }
    }

    async fn claim(&self, state: &AppState, org: OrgId, key: ApiKeyId, hash: Vec<u8>) -> Result<Found, AppError> {
        let txn = state.store.begin().await?;
        let now = store::now(&*txn).await?;
        let row = api_calls::ActiveModel {
            org_id: Set(org),
            api_key_id: Set(key),
            key: Set(self.key.clone()),
            request_hash: Set(hash.clone()),
            status: Set(None),
            body: Set(String::new()),
            lease_until: Set((now + LEASE).into()),
            created_at: Set(now.into()),
        };
        let taken = OnConflict::columns([api_calls::Column::ApiKeyId, api_calls::Column::Key]).do_nothing().to_owned();
        let written = api_calls::Entity::insert(row)
            .on_conflict(taken)
            .exec_without_returning(&*txn)
            .await
            .map_err(StoreError::from)?;
        if written == 1 {
            txn.commit().await?;
            return Ok(Found::Ours);
        }
        let query = self.row(org, key);
        // Of two copies that come after a lease, one takes over.
        let query = if txn.get_database_backend() == DbBackend::Postgres { query.lock_exclusive() } else { query };
        let before = query.one(&*txn).await.map_err(StoreError::from)?;
        // Swept or given up at this very moment.
        let Some(before) = before else { return Err(in_progress()) };
        if before.request_hash != hash {
            return Err(AppError::new(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key came with another call before.",
            )
            .hint("Use a fresh one for every call, and repeat it only with the very same call."));
        }
        if let Some(status) = before.status {
            return Ok(Found::Answered(status, before.body));
        }
        if before.lease_until.at() > now {
            return Err(in_progress());
        }
        self.lease(&txn, org, key, now).await?;
        txn.commit().await?;
        Ok(Found::Ours)
    }

    async fn lease(&self, txn: &Txn, org: OrgId, key: ApiKeyId, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.change(org, key)
            .col_expr(api_calls::Column::LeaseUntil, Expr::value(Stamp::from(now + LEASE)))
            .exec(&**txn)
            .await?;
        Ok(())
    }

    async fn settle(
        &self,
        state: &AppState,
        org: OrgId,
        key: ApiKeyId,
        outcome: &Result<Reply, AppError>,
    ) -> Result<(), StoreError> {
        let (status, body) = match outcome {
            Ok(Reply { status, body }) => (status.as_u16(), body.as_ref().map(ToString::to_string)),
            // Nothing came of it that would still be so the next time.
            Err(error) if error.status >= 500 || error.status == 429 => {
                let txn = state.store.begin().await?;
                let this = api_calls::Entity::delete_many()
                    .filter(api_calls::Column::OrgId.eq(org))
                    .filter(api_calls::Column::ApiKeyId.eq(key))
                    .filter(api_calls::Column::Key.eq(&self.key));
                this.exec(&*txn).await?;
                return txn.commit().await;
            }
            Err(error) => (error.status, serde_json::to_string(error).ok()),
        };
        let body = body.map(|body| state.keys.seal(&self.place(org, key), &body)).unwrap_or_default();
        let txn = state.store.begin().await?;
        self.change(org, key)
            .col_expr(api_calls::Column::Status, Expr::value(i32::from(status)))
            .col_expr(api_calls::Column::Body, Expr::value(body))
            .exec(&*txn)
            .await?;
        txn.commit().await
    }

    fn row(&self, org: OrgId, key: ApiKeyId) -> sea_orm::Select<api_calls::Entity> {
        api_calls::Entity::find()
            .filter(api_calls::Column::OrgId.eq(org))
            .filter(api_calls::Column::ApiKeyId.eq(key))
            .filter(api_calls::Column::Key.eq(&self.key))
    }

    fn change(&self, org: OrgId, key: ApiKeyId) -> sea_orm::UpdateMany<api_calls::Entity> {
        api_calls::Entity::update_many()
            .filter(api_calls::Column::OrgId.eq(org))
            .filter(api_calls::Column::ApiKeyId.eq(key))
            .filter(api_calls::Column::Key.eq(&self.key))
    }

    fn place(&self, org: OrgId, key: ApiKeyId) -> Place {
        Place::new(Some(org), "api_calls", format_args!("{key}:{}", self.key), "body")
    }
}

fn in_progress() -> AppError {
    let mut error = AppError::new(409, "idempotency_in_progress", "A copy of this call is still being carried out.")
        .hint("Wait a moment and send it again with the same Idempotency-Key.");
    error.retry_after = Some(Duration::from_secs(1).as_secs() as u32);
    error
}

/// The answer as it was given. If the key it was sealed with is gone, so is the answer, and the caller is told to look.
fn repeated(state: &AppState, org: OrgId, once: &Once, key: ApiKeyId, status: i32, sealed: &str) -> Response {
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let text = match sealed {
        "" => Some(None),
        sealed => state.keys.open(&once.place(org, key), sealed).ok().map(Some),
    };
    let lost = || {
        AppError::new(
            409,
            "idempotency_answer_lost",
            "This call was carried out before, and its answer is no longer readable.",
        )
        .hint("Read what it changed instead.")
    };
    let (Some(status), Some(text)) = (status, text) else { return lost().into_response() };
    let read = |text: &str| serde_json::from_str(text).ok();
    let mut response = match text {
        None => Reply { status, body: None }.into_response(),
        Some(text) if status.is_client_error() => {
            serde_json::from_str::<AppError>(text.expose()).unwrap_or_else(|_| lost()).into_response()
        }
        Some(text) => Reply { status, body: read(text.expose()) }.into_response(),
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
