//! The people and busy time a fresh world starts with.

use super::State;

/// Fills an empty world.
pub fn plant(_state: &mut State) {}
