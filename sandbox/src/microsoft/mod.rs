//! Microsoft: identity platform v2.0 and the calendar part of Graph v1.0.

use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::faults::Answer;
use crate::world::{Event, Provider, World};

/// Both hosts' paths on one port.
pub fn router(_world: World) -> Router {
    Router::new()
}

/// An entry of Microsoft's error catalogue.
pub fn catalogue(_reason: &str) -> Option<Answer> {
    None
}

/// Names in the catalogue, for the fault switches.
pub fn catalogue_names() -> Vec<&'static str> {
    Vec::new()
}

/// What Graph says with a bare status.
pub fn status_answer(status: StatusCode) -> Answer {
    let code = status.canonical_reason().unwrap_or("error").replace(' ', "");
    Answer { status, headers: Vec::new(), body: json!({ "error": { "code": code, "message": code } }) }
}

/// Makes a guest's copy of an organizer's event fit for a Microsoft calendar: its id and its own properties.
///
/// `copy.extra` holds the organizer's properties if the organizer is at Microsoft too, else nothing. The id is used
/// only if the guest has no copy yet. A cancelled event is not passed here.
pub fn guest_copy(_copy: &mut Event, _from: Provider) {}

/// Tokens without a browser, as the token endpoint would answer a code exchange for these scopes.
///
/// # Errors
/// A sentence, for an unknown account or scope.
pub fn control_token(_world: &World, account: &str, _scopes: &[String]) -> Result<Value, String> {
    Err(format!("There is no Microsoft account {account}."))
}
