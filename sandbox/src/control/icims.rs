//! Applications in iCIMS and the notes on them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::icims::LONGEST_NOTE;
use crate::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotesQuery {
    application: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    application: u64,
    note: String,
}

/// Every application with its notes, or one.
pub async fn list(
    Shared(world): Shared<World>,
    query: Result<Query<NotesQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    shown(&world, query.application)
}

/// A note as if a recruiter had typed it into iCIMS.
pub async fn add(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let NewNote { application, note } = read(&body)?;
    if note.trim().is_empty() || note.chars().count() > LONGEST_NOTE {
        return Err(Refusal::wrong(format!("note must have between 1 and {LONGEST_NOTE} characters.")));
    }
    let added = world.lock().add_note(application, &note);
    added.map(|note| Json(json!(note))).ok_or_else(|| unknown(application))
}

/// Takes all notes away, or those of one application.
pub async fn clear(
    Shared(world): Shared<World>,
    query: Result<Query<NotesQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let mut state = world.lock();
    for application in state.applications.values_mut() {
        if query.application.is_none_or(|id| id == application.id) {
            application.notes.clear();
        }
    }
    drop(state);
    shown(&world, query.application)
}

fn shown(world: &World, application: Option<u64>) -> Result<Json<Value>, Refusal> {
    let state = world.lock();
    let wanted: Vec<_> = state.applications.values().filter(|one| application.is_none_or(|id| id == one.id)).collect();
    match application {
        Some(id) if wanted.is_empty() => Err(unknown(id)),
        _ => Ok(Json(json!({ "applications": wanted }))),
    }
}

fn unknown(application: u64) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("There is no application {application}."))
}
