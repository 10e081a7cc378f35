//! Google: OAuth 2.0, OpenID Connect, and Calendar v3.

use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::faults::Answer;
use crate::world::{Event, Provider, World};

/// All of Google's hosts on one port.
pub fn router(_world: World) -> Router {
    Router::new()
}
pub fn catalogue(_reason: &str) -> Option<Answer> {
    None
}
pub fn catalogue_names() -> Vec<&'static str> {
    Vec::new()
}
pub fn status_answer(status: StatusCode) -> Answer {
    Answer { status, headers: Vec::new(), body: json!({}) }
}
pub fn guest_copy(_copy: &mut Event, _from: Provider) {}
pub fn control_token(_world: &World, account: &str, _scopes: &[String]) -> Result<Value, String> {
    Err(format!("There is no Google account {account}."))
}
