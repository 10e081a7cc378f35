//! Everything that is tried from outside the library, in one program: it is linked once, and what several tests use is compiled once.
//!
//! Each test runs in a process of its own under `cargo nextest run`; `cargo test` runs them in threads of one, which they bear.

mod alerts;
mod api;
mod ats;
mod audit;
mod bad_inputs;
mod bad_requests;
mod booking;
mod calendar_contract;
#[cfg(feature = "demo")]
mod canary;
mod common;
mod config;
mod connections;
mod consent;
mod contract;
#[cfg(feature = "demo")]
mod doctor;
mod headers;
mod invitations;
#[cfg(feature = "demo")]
mod kill;
mod limits;
mod live;
mod mail;
mod manifest;
#[cfg(feature = "demo")]
mod mixed_panel;
mod outbox;
mod privacy;
mod race;
mod schema;
mod scrape;
mod settings;
mod sign_in;
mod sign_in_http;
mod slots_model;
mod slots_workloads;
mod story;
mod support;
mod sync;
mod sync_page;
