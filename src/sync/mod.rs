//! Calendars and events in step, both ways.
//!
//! Outwards, [`plan`](mod@plan) compares an event with what a calendar last confirmed, and [`run`] carries out what follows.
//! Inwards, a push ([`pushed`]) or the time that passed ([`tend`](mod@tend)) has a calendar read ([`pull`](mod@pull)); each event
//! of ours that is concerned is looked at where it stands ([`follow`]), and compared with what we want and what both looked like
//! when they last agreed ([`news`](mod@news)). What follows from that for an interview is not decided here: whoever runs the job
//! calls the same verbs a person would.
//!
//! What a newcomer would get wrong: a push or a list of changes proves nothing. Only a look at the event itself does.

pub mod channels;
pub mod follow;
pub mod followed;
mod news;
mod plan;
mod pull;
pub mod pushed;
pub mod reconcile;
mod run;
mod tend;

pub use news::News;
pub use pull::{go_on, pull};
pub use run::{failed, job_error, place_event};
pub use tend::tend;
