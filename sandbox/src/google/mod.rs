//! Google: OAuth 2.0, OpenID Connect, and Calendar v3.
//!
//! All of Google's hosts answer on one port, under their own paths. Left out: recurrence rules, access control lists, batches,
//! and sync tokens and channels of anything but events; what asks for them gets an error that says so.

/// Who is calling, and whether they may.
mod access;
/// calendarList, calendars, settings.
mod calendars;
/// Watch channels.
mod channels;
/// Error bodies and their names.
mod errors;
/// events.
mod events;
/// Partial responses (`fields=`).
mod fields;
/// freeBusy.
mod freebusy;
/// Sign-in.
mod identity;
/// Scopes.
mod scopes;
/// The service account, and tokens by which it acts as somebody.
mod service_account;
/// Reading and writing RFC 3339 times and `{date | dateTime, timeZone}`.
mod times;

use axum::Router;
use axum::middleware::from_fn;
use serde_json::Value;

use crate::faults::Answer;
use crate::world::quotas::Over;
use crate::world::{Event, Provider, World};

pub use channels::{message, pushed};
pub use errors::{catalogue, catalogue_names, status_answer};
pub use service_account::key_file as service_account_key;

/// All of Google's hosts on one port.
pub fn router(world: World) -> Router {
    let api = calendars::router().merge(channels::router()).merge(events::router()).merge(freebusy::router());
    let api = api.layer(from_fn(fields::narrow)).with_state(world.clone());
    Router::new()
        .nest("/calendar/v3", api)
        .merge(identity::router(world))
        .fallback(|| async { errors::known("notFound") })
}

/// Makes a guest's copy of an organizer's event fit for a Google calendar: its id and its own properties.
pub fn guest_copy(copy: &mut Event, from: Provider) {
    events::guest_copy(copy, from);
}

/// Counts a request to the API.
///
/// # Errors
/// 403 or 429 if it is one too many.
pub fn within_quota(world: &World, account: Option<&str>) -> Result<(), Answer> {
    let mut state = world.lock();
    let limits = state.quotas.limits;
    state.count_request(Provider::Google, account).map_err(|over| match over {
        _ if limits.google_status == 429 => errors::known("tooManyRequests"),
        Over::User => errors::known("userRateLimitExceeded"),
        Over::Project | Over::Mailbox { .. } => errors::known("rateLimitExceeded"),
    })
}

/// Scopes as Google spells them in answers.
///
/// # Errors
/// A sentence, for one it does not know.
pub fn full_scopes(given: &[String]) -> Result<Vec<String>, String> {
    let full = |scope: &String| scopes::expand(scope).ok_or_else(|| format!("Google does not know the scope {scope}."));
    given.iter().map(full).collect()
}

/// Tokens without a browser, as the token endpoint would answer a code exchange for these scopes.
///
/// # Errors
/// A sentence, for an unknown account or scope.
pub fn control_token(world: &World, account: &str, scopes: &[String]) -> Result<Value, String> {
    identity::control_token(world, account, scopes)
}
