//! Keeping calendars in line with events. [`plan`] compares what we want with what was last placed and touches nothing;
//! [`run`] carries out one action at a time and records it, so that a crash resumes.

pub mod plan;
pub mod run;

pub use run::{failed, job_error, place_event};
