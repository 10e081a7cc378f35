//! Rows as they stand in the database, one module per table; `migrations/` says what the columns mean.
//!
//! Joins are written in the queries that need them, so the entities declare no relations.

pub mod access_attempts;
pub mod api_calls;
pub mod api_keys;
pub mod ats_breakers;
pub mod ats_notes;
pub mod audit_heads;
pub mod audit_log;
pub mod booking_changes;
pub mod booking_links;
pub mod bookings;
pub mod busy_reads;
pub mod busy_turns;
pub mod calendars;
pub mod connections;
pub mod event_participants;
pub mod events;
pub mod given_times;
pub mod idempotency_keys;
pub mod identities;
pub mod invitations;
pub mod jobs;
pub mod key_canaries;
pub mod manual_windows;
pub mod messages;
pub mod oauth_attempts;
pub mod occupancies;
pub mod organisation_access;
pub mod organisation_reads;
pub mod organisations;
pub mod people;
pub mod placements;
pub mod rate_windows;
pub mod requests;
pub mod revocations;
pub mod seat_members;
pub mod seats;
pub mod sessions;
pub mod sittings;
pub mod sync_preferences;
pub mod webhook_deliveries;
pub mod webhook_endpoints;
