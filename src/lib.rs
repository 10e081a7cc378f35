//! Convene schedules interviews: it reads the calendars of the people involved, offers a candidate only times that work for
//! everyone, books exactly one, and keeps every calendar and inbox in step.
//!
//! The modules are the product's nouns. `docs/architecture.md` walks through them.

// Where the time comes from.
#[cfg(feature = "ssr")]
pub mod clock;
// Prefixed ids, addresses, names and link tokens: parsed once, trusted after.
#[cfg(feature = "ssr")]
pub mod ids;
// Entities, migrations, and the one way to write.
#[cfg(feature = "ssr")]
pub mod store;
// Promises: enqueue in a transaction, claim, retry, give up. Knows nobody.
#[cfg(feature = "ssr")]
pub mod outbox;
// The pure core: hours, busy times, seats and slots.
#[cfg(feature = "ssr")]
pub mod scheduling;
