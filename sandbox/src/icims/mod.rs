//! iCIMS: applications by id, and the notes on them.
//!
//! There is no public text about its limits or about repeated requests, so the least is assumed: a note posted twice is two
//! notes, and no idempotency header is heeded. A client finds out what it has written by reading the list.

/// Error bodies and their names.
mod errors;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

pub use errors::{catalogue, catalogue_names, status_answer};

use crate::faults::Answer;
use crate::oauth::bearer;
use crate::world::{Application, World};
use errors::{invalid, known};

/// The one customer.
pub const CUSTOMER: &str = "1234";
/// The customer's API key.
pub const KEY: &str = "sandbox-icims-key";

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 10_000;
/// Notes on a page, unless the client asks for another number.
const PAGE: usize = 20;
/// Most notes on a page.
const LARGEST_PAGE: usize = 100;

/// Routes of the API.
pub fn router(world: World) -> Router {
    Router::new()
        .route("/customers/{customer}/applicantworkflows/{id}", get(application))
        .route("/customers/{customer}/applicantworkflows/{id}/notes", get(list).post(add))
        .route("/customers/{customer}/applicantworkflows/{id}/notes/{note}", get(note))
        .method_not_allowed_fallback(|| async { known("methodNotAllowed") })
        .fallback(|| async { known("notFound") })
        .with_state(world)
}

/// One request by somebody who has the key, about an application that exists.
struct Ask {
    world: World,
    application: u64,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    customer: String,
    id: String,
    note: Option<String>,
}

impl FromRequestParts<World> for Ask {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, world: &World) -> Result<Self, Answer> {
        if bearer(&parts.headers) != Some(KEY) {
            return Err(known("unauthorized"));
        }
        let place = Path::<Place>::from_request_parts(parts, world).await.map_err(|_| known("notFound"))?;
        let application = place.id.parse().ok().filter(|id| world.lock().applications.contains_key(id));
        match application {
            Some(application) if place.customer == CUSTOMER => {
                Ok(Self { world: world.clone(), application, note: place.0.note })
            }
            _ => Err(known("notFound")),
        }
    }
}

impl Ask {
    /// Looks at the application. A reset keeps the seeded ones, so it is still there.
    fn look<T>(&self, at: impl FnOnce(&Application) -> T) -> Result<T, Answer> {
        let state = self.world.lock();
        state.applications.get(&self.application).map(at).ok_or_else(|| known("notFound"))
    }
}

/// GET /customers/{customer}/applicantworkflows/{id}
async fn application(ask: Ask) -> Result<Json<Value>, Answer> {
    ask.look(|application| Json(json!({ "id": application.id, "status": application.status })))
}

#[derive(Deserialize)]
struct Window {
    #[serde(default)]
    offset: usize,
    #[serde(default = "page")]
    limit: usize,
}

fn page() -> usize {
    PAGE
}

/// GET /customers/{customer}/applicantworkflows/{id}/notes
async fn list(ask: Ask, window: Result<Query<Window>, QueryRejection>) -> Result<Json<Value>, Answer> {
    let Query(window) = window.map_err(|_| invalid("offset and limit must be whole numbers."))?;
    if window.limit == 0 {
        return Err(invalid("limit must be at least 1."));
    }
    let limit = window.limit.min(LARGEST_PAGE);
    ask.look(|application| {
        let notes: Vec<_> = application.notes.iter().skip(window.offset).take(limit).collect();
        let total = application.notes.len();
        Json(json!({ "notes": notes, "offset": window.offset, "limit": limit, "total": total }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    note: String,
}

/// POST /customers/{customer}/applicantworkflows/{id}/notes
async fn add(ask: Ask, body: Bytes) -> Result<Response, Answer> {
    let NewNote { note } =
        serde_json::from_slice(&body).map_err(|_| invalid("The body must be {\"note\": \"text\"}."))?;
    let length = note.chars().count();
    if note.trim().is_empty() {
        return Err(invalid("The note is empty."));
    }
    if length > LONGEST_NOTE {
        return Err(invalid(&format!("A note may have {LONGEST_NOTE} characters; this one has {length}.")));
    }
    let added = ask.world.lock().add_note(ask.application, &note).ok_or_else(|| known("notFound"))?;
    let address = format!(
        "{}/customers/{CUSTOMER}/applicantworkflows/{}/notes/{}",
        ask.world.icims_url(),
        ask.application,
        added.id
    );
    Ok((StatusCode::CREATED, [(LOCATION, address)], Json(json!({ "id": added.id }))).into_response())
}

/// GET /customers/{customer}/applicantworkflows/{id}/notes/{note}, where `Location` points.
async fn note(ask: Ask) -> Result<Json<Value>, Answer> {
    let wanted: Option<u64> = ask.note.as_deref().and_then(|id| id.parse().ok());
    let found = ask.look(|application| {
        application.notes.iter().find(|note| Some(note.id) == wanted).map(|note| Json(json!(note)))
    })?;
    found.ok_or_else(|| known("notFound"))
}
