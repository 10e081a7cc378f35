//! `/api/v1`, asked as programs ask it: through the whole router, by a key. Every answer is held against what the document says of it.

mod availability;
mod bookings;
mod connections;
mod described;
mod keys;
mod once;
mod page;
mod people;
mod program;
mod requests;
mod webhooks;
