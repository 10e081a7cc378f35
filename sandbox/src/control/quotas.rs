//! Vendors' quotas: on, off, and how much of them is used.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::Value;

use super::{Refusal, read};
use crate::world::World;
use crate::world::quotas::Limits;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
    /// Other limits than the vendors'; what is left out is theirs.
    #[serde(default)]
    limits: Limits,
}

pub async fn show(Shared(world): Shared<World>) -> Json<Value> {
    let mut state = world.lock();
    let now = state.now();
    Json(state.quotas.shown(now))
}

/// Switches them on or off. Counters stay.
pub async fn switch(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Switch { on, limits } = read(&body)?;
    if !matches!(limits.google_status, 403 | 429) {
        return Err(Refusal::wrong("google_status must be 403 or 429."));
    }
    {
        let mut state = world.lock();
        state.quotas.on = on;
        state.quotas.limits = limits;
    }
    Ok(show(Shared(world)).await)
}

/// Starts counting anew.
pub async fn forget(Shared(world): Shared<World>) -> Json<Value> {
    world.lock().quotas.forget();
    show(Shared(world)).await
}
