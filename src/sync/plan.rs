//! Pure: what to do about one placement of an event.

use crate::{
    events::{Event, Placement},
    store::words::EventStatus,
};

/// One thing to do on one calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make the calendar show the event as it is now.
    Put,
    /// Take it off. Also when no receipt is known: the put before may have succeeded unseen.
    Remove,
    /// It stands as it should.
    Nothing,
}

/// Compares the event with what this calendar last confirmed.
pub fn plan(event: &Event, placement: &Placement) -> Action {
    if placement.is_withdrawn {
        return Action::Remove;
    }
    match event.status {
        EventStatus::Cancelled if placement.removed_at.is_some() => Action::Nothing,
        EventStatus::Cancelled => Action::Remove,
        // A held booking is on nobody's calendar yet.
        EventStatus::Tentative => Action::Nothing,
        EventStatus::Confirmed if placement.is_current(event) => Action::Nothing,
        EventStatus::Confirmed => Action::Put,
    }
}
