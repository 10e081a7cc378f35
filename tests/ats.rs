//! What the applicant-tracking system is told: each thing once and in order, whatever it answers, and nothing where none is used.

mod failures;
mod form;
mod icims;
mod notes;
