//! The interview takes the time that its event has on a calendar.

use super::{possible::Chosen, scene::Scene};
use crate::{
    audit::{Actor, Origin},
    booking::{BookError, difference, moving::Move},
    events::theirs::{self, Theirs},
    store::words::Outcome,
};

/// Moves it, and settles what was open about it. Where the calendar `shows` all of the event already, nothing is written there, so
/// that a provider that told its guests of the move does not tell them again.
pub(super) async fn follow(
    scene: &Scene<'_>,
    chosen: &Chosen,
    shows: bool,
    actor: Actor,
    origin: &Origin,
) -> Result<(), BookError> {
    let found = &scene.found;
    let making = Move {
        txn: scene.txn,
        state: scene.state,
        request: &found.request,
        panel: &chosen.panel,
        seating: &chosen.seating,
        guests_stay: chosen.guests_stay,
        zone: found.booking.zone,
        actor,
        origin,
        now: scene.now,
    };
    let (_, event) = making.make(found.booking.clone()).await?;
    if let Some(event) = event {
        let nothing_else = chosen.guests_stay && event.description == found.event.description;
        if shows && nothing_else && found.placement.is_current(&found.event) {
            theirs::follows(scene.txn, &event, found.placement.id, scene.now).await?;
        }
    }
    scene.acknowledge(Theirs::At(chosen.seating.span)).await?;
    for open in scene.open.iter().filter(|open| open.is_shown()) {
        difference::settle(scene.txn, open, Outcome::Theirs, actor, origin, scene.now).await?;
    }
    Ok(())
}
