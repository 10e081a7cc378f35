//! What the outbox promises: every job is kept once, in order, through refusals, silence, crashes and frozen workers.

mod story;

#[path = "outbox/failures.rs"]
mod failures;
#[path = "outbox/leases.rs"]
mod leases;
#[path = "outbox/placing.rs"]
mod placing;
