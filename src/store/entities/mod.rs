//! Rows as they stand in the database, one module per table; `migrations/` says what the columns mean.
//!
//! Joins are written in the queries that need them, so the entities declare no relations.

pub mod access_attempts;
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
pub mod channels;
pub mod connections;
pub mod cursors;
pub mod differences;
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
pub mod queue_samples;
pub mod rate_windows;
pub mod requests;
pub mod revocations;
pub mod seat_members;
pub mod seats;
pub mod sessions;
pub mod sittings;
pub mod strays;
pub mod sync_alerts;
pub mod sync_failures;
pub mod sync_preferences;
