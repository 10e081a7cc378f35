//! Convene schedules interviews: it reads the calendars of the people involved, offers a candidate only times that work for
//! everyone, books exactly one, and keeps every calendar and inbox in step.
//!
//! The modules are the product's nouns. `docs/architecture.md` walks through them.

// Who did what, append only.
#[cfg(feature = "ssr")]
pub mod audit;
// Where the time comes from.
#[cfg(feature = "ssr")]
pub mod clock;
// Prefixed ids, addresses, names and link tokens: parsed once, trusted after.
#[cfg(feature = "ssr")]
pub mod ids;
// Values that never show themselves, and the keys that seal them.
#[cfg(feature = "ssr")]
pub mod secrets;
// Entities, migrations, and the one way to write.
#[cfg(feature = "ssr")]
pub mod store;
