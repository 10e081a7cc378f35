//! What the outbox promises: every job is kept once, in order, through refusals, silence, crashes and frozen workers.

mod failures;
mod leases;
mod placing;
