//! What is done to an interview here answers what was open about it in calendars.

use chrono::{DateTime, Utc};

use super::{Difference, open_of, settle};
use crate::{
    audit::{Actor, Origin},
    events::{
        self, Event,
        theirs::{self, Theirs},
    },
    ids::PersonId,
    store::{
        StoreError, Txn,
        words::{DifferenceKind, Outcome},
    },
};

/// The interview got another time here. That is the newest word: calendars are to show it over what they show. What the candidate
/// answered was about the time before; whether an interviewer who declined comes to this one is still to be said.
pub(in crate::booking) async fn after_move(
    txn: &Txn,
    event: &Event,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for open in open_of(&**txn, event.org, event.id).await? {
        let outcome = match open.kind {
            DifferenceKind::Moved | DifferenceKind::Gone | DifferenceKind::Collided => {
                put_back(txn, event, &open, now).await?;
                Outcome::Ours
            }
            DifferenceKind::CandidateDeclined => Outcome::Withdrawn,
            DifferenceKind::Declined if still_comes(event, open.person) => continue,
            DifferenceKind::Declined => Outcome::Withdrawn,
        };
        settle(txn, &open, outcome, actor, &Origin::default(), now).await?;
    }
    Ok(())
}

/// The interview was cancelled here, which is what some of it asked for.
pub(in crate::booking) async fn after_cancellation(
    txn: &Txn,
    event: &Event,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for open in open_of(&**txn, event.org, event.id).await? {
        if let Some(shown) = open.theirs {
            // It may be taken off, whatever it shows.
            theirs::acknowledge(txn, event.org, open.placement, shown, now).await?;
        }
        let outcome = match (open.kind, open.theirs) {
            (DifferenceKind::Gone | DifferenceKind::CandidateDeclined, _) | (_, Some(Theirs::Gone)) => Outcome::Theirs,
            _ => Outcome::Withdrawn,
        };
        settle(txn, &open, outcome, actor, &Origin::default(), now).await?;
    }
    Ok(())
}

/// Somebody came in the place of somebody else, at the time the interview has here: so it takes place, and is to stand in calendars.
/// What time that is, is still open where it was.
pub(in crate::booking) async fn after_swap(
    txn: &Txn,
    event: &Event,
    left: PersonId,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for open in open_of(&**txn, event.org, event.id).await? {
        let outcome = match open.kind {
            DifferenceKind::Declined if open.person == Some(left) => Outcome::Theirs,
            DifferenceKind::Gone => {
                put_back(txn, event, &open, now).await?;
                Outcome::Ours
            }
            _ => continue,
        };
        settle(txn, &open, outcome, actor, &Origin::default(), now).await?;
    }
    Ok(())
}

/// The event left the calendar, or another took its place: what was shown there matters no more, and in the second case attendees
/// are asked anew.
pub(in crate::booking) async fn after_leaving(
    txn: &Txn,
    event: &Event,
    is_replaced: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for open in open_of(&**txn, event.org, event.id).await? {
        if open.is_shown() || is_replaced {
            settle(txn, &open, Outcome::Withdrawn, Actor::System, &Origin::default(), now).await?;
        }
    }
    Ok(())
}

async fn put_back(txn: &Txn, event: &Event, open: &Difference, now: DateTime<Utc>) -> Result<(), StoreError> {
    let placements = events::placements_of(&**txn, event.org, event.id).await?;
    match open.theirs.filter(|_| placements.iter().any(|one| one.id == open.placement && !one.is_withdrawn)) {
        Some(shown) => theirs::insist(txn, event, open.placement, shown, now).await,
        None => Ok(()),
    }
}

fn still_comes(event: &Event, person: Option<PersonId>) -> bool {
    event.participants.iter().any(|one| one.person.is_some() && one.person == person)
}
