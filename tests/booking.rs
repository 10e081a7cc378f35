//! What a booking promises, told by the verbs that candidates and coordinators use, on both databases.

mod story;

#[path = "booking/changes.rs"]
mod changes;
#[path = "booking/holds.rs"]
mod holds;
#[path = "booking/inviting.rs"]
mod inviting;
#[path = "booking/limits.rs"]
mod limits;
#[path = "booking/people.rs"]
mod people;
#[path = "booking/reminders.rs"]
mod reminders;
#[path = "booking/seen.rs"]
mod seen;
#[path = "booking/swaps.rs"]
mod swaps;
#[path = "booking/taking.rs"]
mod taking;
#[path = "booking/zones.rs"]
mod zones;
