//! Convene schedules interviews: it reads the calendars of the people involved, offers a candidate only times that work for
//! everyone, books exactly one, and keeps every calendar and inbox in step.
//!
//! The modules are the product's nouns. `docs/architecture.md` walks through them.

// The document around pages and the table of pages.
#[cfg(feature = "ssr")]
pub mod app;
// Settings, judged at start.
#[cfg(feature = "ssr")]
pub mod config;
// What a demo starts with.
#[cfg(feature = "demo")]
pub mod demo;
// Checks every setting against the world: `convene doctor`.
#[cfg(feature = "ssr")]
pub mod doctor;
// What a browser may learn of a failure.
pub mod error;
// Being told to stop.
#[cfg(feature = "ssr")]
pub mod shutdown;
// What handlers and jobs can reach.
#[cfg(feature = "ssr")]
pub mod state;
// The ways in from the web; pages, components and islands.
pub mod web;

// The way in for programs: `/api/v1`.
#[cfg(feature = "ssr")]
pub mod api;
// What programs open the door with.
#[cfg(feature = "ssr")]
pub mod api_keys;

// The times a candidate may choose, and the booking they make of one.
#[cfg(feature = "ssr")]
pub mod booking;
// What goes on calendars: one UID for life, a SEQUENCE that only grows.
#[cfg(feature = "ssr")]
pub mod events;
// Asking somebody to connect their calendar, and their answer.
#[cfg(feature = "ssr")]
pub mod invitations;
// What we tell people, and how mail carries it.
#[cfg(feature = "ssr")]
pub mod notifications;
// What a coordinator asks for: panel, windows, links.
#[cfg(feature = "ssr")]
pub mod requests;
// Bringing calendars in line with events: plan, then run.
#[cfg(feature = "ssr")]
pub mod sync;
// Telling other systems what happened, by signed calls.
#[cfg(feature = "ssr")]
pub mod webhooks;
// What keeps the promises, and everything periodic.
#[cfg(feature = "ssr")]
pub mod worker;

// Who did what, append only.
#[cfg(feature = "ssr")]
pub mod audit;
// The applicant-tracking system: what it is told, and how.
#[cfg(feature = "ssr")]
pub mod ats;
// Other people's calendars and sign-ins, a client per provider.
#[cfg(feature = "ssr")]
pub mod calendars;
// A person's account at a provider: connecting it, its tokens, when it says its owner is busy.
#[cfg(feature = "ssr")]
pub mod connections;
// A form's key, and the answer that is repeated to its copies.
#[cfg(feature = "ssr")]
pub mod idempotency;
// The one way out over HTTP: a client with limits.
#[cfg(feature = "ssr")]
pub mod http;
// How often something may happen, counted for all processes together.
#[cfg(feature = "ssr")]
pub mod limits;
// Signing in, and connecting a calendar: to the provider and back.
#[cfg(feature = "ssr")]
pub mod sign_in;
// Who people are, their sessions, and what they may do.
#[cfg(feature = "ssr")]
pub mod people;
// Where the time comes from.
#[cfg(feature = "ssr")]
pub mod clock;
// Prefixed ids, addresses, names and link tokens: parsed once, trusted after.
#[cfg(feature = "ssr")]
pub mod ids;
// What operators count: requests, jobs, calls, with their outcome. Knows nobody.
#[cfg(feature = "ssr")]
pub mod metrics;
// Values that never show themselves, and the keys that seal them.
#[cfg(feature = "ssr")]
pub mod secrets;
// Entities, migrations, and the one way to write.
#[cfg(feature = "ssr")]
pub mod store;
// Promises: enqueue in a transaction, claim, retry, give up. Knows nobody.
#[cfg(feature = "ssr")]
pub mod outbox;
// The pure core: hours, busy times, seats and slots.
#[cfg(feature = "ssr")]
pub mod scheduling;

/// Called by the page's script once the module is loaded; the islands follow one by one.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
