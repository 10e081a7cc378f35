//! What the applicant-tracking system is told: each thing once and in order, whatever it answers, and nothing where none is used.

#[allow(dead_code, reason = "the front door, of which each test uses a part")]
#[path = "bad_inputs/front.rs"]
mod front;
#[allow(dead_code, reason = "reading pages back, of which each test uses a part")]
#[path = "bad_inputs/html.rs"]
mod html;
mod story;
mod support;

#[path = "ats/failures.rs"]
mod failures;
#[path = "ats/form.rs"]
mod form;
#[path = "ats/icims.rs"]
mod icims;
#[path = "ats/notes.rs"]
mod notes;
