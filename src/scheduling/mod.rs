//! Which times suit everyone: the pure core. Arguments in, answer out, the present moment among the arguments.
//!
//! [`slots::open_slots`] answers a typed [`slots::Query`]; [`query::answer_json`] is the same for the public JSON
//! document that the command line, the HTTP API and the tests share. Nothing here is asynchronous, reads a clock or
//! knows a database, a page or a provider.
//!
//! Time is instants. Wall-clock time exists in weekly hours, in the alignment of the grid and in labels, and is turned into
//! instants by [`clock`] alone. What a newcomer would get wrong: unknown is not free. Somebody whose calendar did not
//! answer is available only where the request's own fallback windows say so.

// One person against the grid of starts.
mod availability;
// Rows of bits, one bit per start.
mod bits;
// Known or unknown: what calendars say.
pub mod busy;
// UTC offsets over time; the rule for clock changes.
pub mod clock;
// The candidate starts.
mod grid;
// Weekly hours and date overrides into instants.
pub mod hours;
// Half-open spans and their arithmetic.
pub mod interval;
// Somebody who may sit in an interview.
pub mod person;
// The public JSON: QUERY in, ANSWER out.
pub mod query;
// Who sits where.
pub mod seats;
// The question and its answer.
pub mod slots;
// JSON objects read strictly.
mod strict;
// Why a start was refused.
pub mod why;
// Aliases and places of zones (tables).
mod zone_aliases;
// Zones as people write and read them.
pub mod zones;

pub use busy::Busy;
pub use hours::{DayOverride, DayWindow, TimeOfDay, WeeklyWindow};
pub use interval::Interval;
pub use person::Person;
pub use seats::Seat;
pub use slots::{Answer, Query, open_slots};
