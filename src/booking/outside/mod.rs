//! What follows from what people do to an interview in their calendars.
//!
//! `sync` looks at an event where it stands and tells what is new, as often as it sees it, until it is settled: each verb called
//! again with the same does nothing more. A move is followed if it is possible ([`possible`]); everything else becomes a
//! [`Difference`](super::difference) for a coordinator, who is told once and decides ([`decide`]). Nothing is cancelled by itself.
//!
//! What a newcomer would get wrong: a finding is acknowledged, so that the next write of ours may replace what the calendar shows, in
//! the transaction that keeps it; but not where both sides changed. There a write of ours is on its way already, and theirs would be
//! lost before anybody saw it.

pub mod decide;
mod follow;
mod own_place;
mod possible;
mod scene;

use std::collections::BTreeMap;

use super::{
    BookError, book,
    difference::{self, Blocker},
    seat,
};
use crate::{
    calendars::Response,
    events::theirs::{self, Theirs},
    ids::{EventId, OrgId, PersonId, PlacementId},
    outbox::{JobError, Reason},
    scheduling::Interval,
    state::AppState,
    store::{
        StoreError,
        words::{DifferenceKind, Outcome, ParticipantRole},
    },
};
use possible::{Answer, Memory, possible};
use scene::{Finding, Found, Scene};

/// The event has another time on the calendar, and we had not changed ours: the interview moves there, or it is found why not.
///
/// # Errors
/// Nothing was done then, and trying again is right.
pub async fn moved(
    state: &AppState,
    org: OrgId,
    event: EventId,
    on: PlacementId,
    to: Interval,
) -> Result<(), JobError> {
    let (mut tries, mut memory) = (0, Memory::default());
    loop {
        match try_moved(state, org, event, on, to, &mut memory).await {
            // Somebody else took a person of it between the look and the move, or the database was contended.
            Err(BookError::SlotTaken | BookError::Changed) if tries < book::TRIES => tries += 1,
            Err(BookError::Store(error)) if error.is_contention() && tries < book::TRIES => tries += 1,
            done => return outcome(state, done),
        }
        book::pause(tries).await;
    }
}

async fn try_moved(
    state: &AppState,
    org: OrgId,
    event: EventId,
    on: PlacementId,
    to: Interval,
    memory: &mut Memory,
) -> Result<(), BookError> {
    let theirs = Theirs::At(to);
    let Some(found) = Found::read(state.store.reader(), org, event, on).await? else { return Ok(()) };
    // Calendars are asked only about what may be followed.
    let answer = match found.is_ahead(state.clock.now()) && found.event.span != to {
        true => possible(state, &found.interview(), to, false, memory).await?,
        false => Answer::Blocked(Vec::new()),
    };
    let txn = state.store.begin().await?;
    if let Answer::Possible(chosen) = &answer {
        txn.lock_people(&chosen.seating.people).await?;
    }
    let Some(scene) = Scene::lock(&txn, state, org, event, on).await? else { return Ok(()) };
    if !scene.found.is_ahead(scene.now) {
        scene.acknowledge(theirs).await?;
    } else if scene.found.event.span == to {
        scene.agree().await?;
    } else if scene.is_decided(theirs) {
        return Ok(());
    } else if scene.ours_changed() || scene.found.event.span != found.event.span {
        let blockers = match answer {
            Answer::Possible(_) => Vec::new(),
            Answer::Blocked(blockers) => blockers,
        };
        scene.collide(theirs, blockers).await?;
    } else if scene.found.seated != found.seated {
        return Err(BookError::Changed);
    } else {
        match answer {
            Answer::Possible(chosen) => {
                follow::follow(&scene, &chosen, true, scene.actor(), &Default::default()).await?
            }
            Answer::Blocked(blockers) => {
                scene.found(Finding { theirs: Some(theirs), blockers, ..Finding::of(DifferenceKind::Moved) }).await?;
                scene.acknowledge(theirs).await?;
            }
        }
    }
    Ok(txn.commit().await?)
}

/// The event is gone from the calendar, or cancelled there, and we had not changed ours: a cancellation is proposed.
///
/// # Errors
/// Nothing was done then, and trying again is right.
pub async fn gone(state: &AppState, org: OrgId, event: EventId, on: PlacementId) -> Result<(), JobError> {
    let done = async {
        let txn = state.store.begin().await?;
        let Some(scene) = Scene::lock(&txn, state, org, event, on).await? else { return Ok(()) };
        if !scene.found.is_ahead(scene.now) {
            scene.acknowledge(Theirs::Gone).await?;
        } else if scene.found.placement.provider_id.is_empty() || scene.is_decided(Theirs::Gone) {
            // It is about to be put there anew.
            return Ok(());
        } else if scene.ours_changed() {
            scene.collide(Theirs::Gone, Vec::new()).await?;
        } else {
            scene.found(Finding { theirs: Some(Theirs::Gone), ..Finding::of(DifferenceKind::Gone) }).await?;
            scene.acknowledge(Theirs::Gone).await?;
        }
        Ok(txn.commit().await?)
    };
    outcome(state, done.await)
}

/// Both sides changed since they last agreed, or the calendar shows something we cannot follow (whole days): a person keeps one.
///
/// # Errors
/// Nothing was done then, and trying again is right.
pub async fn collided(
    state: &AppState,
    org: OrgId,
    event: EventId,
    on: PlacementId,
    theirs: Theirs,
) -> Result<(), JobError> {
    // What was changed there once more while the change before waits for a decision collides with nothing of ours.
    if is_proposed(state, org, event, on).await? {
        match theirs {
            Theirs::At(to) => return moved(state, org, event, on, to).await,
            Theirs::Gone => return gone(state, org, event, on).await,
            Theirs::WholeDays => {}
        }
    }
    let done = async {
        let blockers = what_blocks(state, org, event, on, theirs).await?;
        let txn = state.store.begin().await?;
        let Some(scene) = Scene::lock(&txn, state, org, event, on).await? else { return Ok(()) };
        if !scene.found.is_ahead(scene.now) {
            scene.let_go(theirs).await?;
        } else if theirs == Theirs::At(scene.found.event.span) {
            scene.agree().await?;
        } else {
            scene.collide(theirs, blockers).await?;
        }
        Ok(txn.commit().await?)
    };
    outcome(state, done.await)
}

/// What keeps an interview from the time on the calendar, at the first look at it: what is read later shows the interview there as
/// well, and cannot always tell. A further look at the same finds what was found.
async fn what_blocks(
    state: &AppState,
    org: OrgId,
    event: EventId,
    on: PlacementId,
    theirs: Theirs,
) -> Result<Vec<Blocker>, StoreError> {
    let db = state.store.reader();
    let Theirs::At(to) = theirs else { return Ok(Vec::new()) };
    let open = difference::open_of(db, org, event).await?;
    if let Some(open) = open.into_iter().find(|open| open.theirs == Some(theirs)) {
        return Ok(open.blockers);
    }
    let Some(found) = Found::read(db, org, event, on).await? else { return Ok(Vec::new()) };
    if !found.is_ahead(state.clock.now()) || found.event.span == to {
        return Ok(Vec::new());
    }
    match possible(state, &found.interview(), to, false, &mut Memory::default()).await? {
        Answer::Possible(_) => Ok(Vec::new()),
        Answer::Blocked(blockers) => Ok(blockers),
    }
}

/// Both sides came to the same by themselves: what was open about that is no more.
///
/// # Errors
/// Nothing was done then, and trying again is right.
pub async fn agreed(state: &AppState, org: OrgId, event: EventId, on: PlacementId) -> Result<(), JobError> {
    let done = async {
        let txn = state.store.begin().await?;
        let Some(scene) = Scene::lock(&txn, state, org, event, on).await? else { return Ok(()) };
        scene.agree().await?;
        Ok(txn.commit().await?)
    };
    outcome(state, done.await)
}

/// Attendees answered otherwise than when we last looked. Addresses in small letters.
///
/// # Errors
/// Nothing was done then, and trying again is right.
pub async fn answered(
    state: &AppState,
    org: OrgId,
    event: EventId,
    on: PlacementId,
    answers: &BTreeMap<String, Response>,
) -> Result<(), JobError> {
    let done = async {
        let txn = state.store.begin().await?;
        let Some(scene) = Scene::lock(&txn, state, org, event, on).await? else { return Ok(()) };
        if scene.found.is_ahead(scene.now) {
            hear(&scene, answers).await?;
        }
        theirs::heard(&txn, org, on, answers).await?;
        Ok(txn.commit().await?)
    };
    outcome(state, done.await)
}

/// Whose answer changes something: a refusal of somebody who is needed wants a decision, another answer of theirs takes it back.
async fn hear(scene: &Scene<'_>, answers: &BTreeMap<String, Response>) -> Result<(), BookError> {
    let event = &scene.found.event;
    let seated = seat::seated(&**scene.txn, event.org, scene.found.booking.id).await?;
    for one in &event.participants {
        let address = one.email.to_lowercase();
        let Some(answer) = answers.get(&address) else { continue };
        let before = scene.found.placement.answers.get(&address);
        if before == Some(answer) {
            continue;
        }
        let (kind, person): (_, Option<PersonId>) = match (one.role, one.person) {
            (ParticipantRole::Candidate, _) => (DifferenceKind::CandidateDeclined, None),
            (ParticipantRole::Interviewer | ParticipantRole::Organizer, Some(person)) if seated.contains(&person) => {
                (DifferenceKind::Declined, Some(person))
            }
            _ => continue,
        };
        if *answer == Response::Declined {
            scene.found(Finding { person, ..Finding::of(kind) }).await?;
        } else {
            scene.settle(|open| open.kind == kind && open.person == person, Outcome::Withdrawn).await?;
        }
    }
    Ok(())
}

/// Whether a change of theirs waits for a decision, and nothing of ours stands against it.
async fn is_proposed(state: &AppState, org: OrgId, event: EventId, on: PlacementId) -> Result<bool, StoreError> {
    let open = difference::open_of(state.store.reader(), org, event).await?;
    let is_proposal = |kind| matches!(kind, DifferenceKind::Moved | DifferenceKind::Gone);
    Ok(open.iter().any(|open| open.placement == on && is_proposal(open.kind)))
}

fn outcome(state: &AppState, done: Result<(), BookError>) -> Result<(), JobError> {
    match done {
        Ok(()) => {
            state.wake.notify_one();
            Ok(())
        }
        Err(BookError::Store(error)) => Err(error.into()),
        Err(BookError::SlotTaken | BookError::Changed) => {
            Err(JobError::Retry { after: None, reason: Reason::Conflict })
        }
        Err(error) => {
            tracing::error!(%error, "a change in a calendar could not be followed");
            Err(JobError::GiveUp { reason: Reason::BrokeOff })
        }
    }
}
