//! What a booking promises, told by the verbs that candidates and coordinators use, on both databases.

mod changes;
mod holds;
mod inviting;
mod leaving;
mod limits;
mod outside;
mod people;
mod reminders;
mod seen;
mod swaps;
mod taking;
mod zones;
