//! Putting somebody else into a booked interview, at the time it has.
//!
//! Who could come is asked of the pool they come from and of everybody else ([`substitutes`]); the coordinator chooses, and
//! [`swap`] reads the newcomer's calendars again, outside any transaction, before one transaction takes the newcomer and frees
//! who leaves. A swap is never held: whoever is unknown counts only where the coordinator says that they were asked.

mod substitutes;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{
    BookError, Booking, Change, book, difference, latest, lock_request, remember_with, seat,
    sitting::{self, Swap, Why},
    tell,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    events::{self, Participant},
    ids::{PersonId, RequestId},
    people::{self, Coordinator, Person},
    requests::{self, Request, link::LinkError},
    scheduling::why::Rule,
    state::AppState,
    store::{
        StoreError,
        words::{BookingStatus, ChangeKind, ParticipantRole, RequestStatus},
    },
};

use substitutes::look;
pub use substitutes::{Place, Standing, Substitute, Unknown, substitutes};

/// What a coordinator wants changed.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    pub leaves: PersonId,
    pub comes: PersonId,
    pub reason: &'a str,
    /// The coordinator has asked them.
    pub asked: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    #[error(transparent)]
    Book(#[from] BookError),
    /// The booking waits for a calendar.
    #[error("still_held")]
    StillHeld,
    /// The person to be swapped does not sit in this interview.
    #[error("not_seated")]
    NotSeated,
    /// Nobody of the organisation, or somebody who takes no part, or sits there already.
    #[error("substitute_required")]
    NoSubstitute,
    #[error("substitute_not_free")]
    NotFree(Vec<Rule>),
    /// Nobody knows whether they are free, and they were not asked.
    #[error("substitute_not_asked")]
    NotAsked,
    #[error("reason_required")]
    ReasonRequired,
}

impl From<StoreError> for SwapError {
    fn from(error: StoreError) -> Self {
        Self::Book(error.into())
    }
}

impl From<SwapError> for AppError {
    fn from(error: SwapError) -> Self {
        match error {
            // There is no link here that could be unknown.
            SwapError::Book(BookError::Link(LinkError::Unknown)) => AppError::not_found(),
            SwapError::Book(BookError::SlotTaken) => AppError::new(
                409,
                "slot_taken",
                "Another interview took this time of theirs, or they have as many as agreed. Nothing was changed.",
            )
            .hint("Choose somebody else."),
            SwapError::Book(error) => error.into(),
            SwapError::StillHeld => {
                AppError::new(409, "booking_held", "This time is still being confirmed, so nobody can be swapped yet.")
                    .hint("It is confirmed or released within fifteen minutes.")
            }
            SwapError::NotSeated => {
                AppError::new(409, "not_seated", "They do not sit in this interview any more. Nothing was changed.")
            }
            SwapError::NoSubstitute => AppError::invalid("comes", "substitute_required", "Choose who comes instead."),
            SwapError::NotFree(_) => {
                AppError::new(409, "substitute_not_free", "They are not free at this time. Nothing was changed.")
                    .hint("Choose somebody else.")
            }
            SwapError::NotAsked => AppError::invalid(
                "asked",
                "substitute_not_asked",
                "Nobody knows whether they are free. Ask them first, then tick that you did.",
            ),
            SwapError::ReasonRequired => {
                AppError::invalid("reason", "reason_required", "Say why, in a few words. It is kept with the request.")
            }
        }
    }
}

/// The request and its booking, if people of it may still be swapped.
async fn booked(
    db: &impl ConnectionTrait,
    coordinator: &Coordinator,
    request: RequestId,
    now: DateTime<Utc>,
) -> Result<(Request, Booking), SwapError> {
    let org = coordinator.member().org;
    let request = requests::find(db, org, request).await?.ok_or(BookError::Link(LinkError::Unknown))?;
    let booking = latest(db, org, request.id).await?.filter(Booking::is_live);
    let booking = match booking {
        Some(booking) => booking,
        None if request.status == RequestStatus::Cancelled => return Err(BookError::Closed.into()),
        None => return Err(BookError::NotBooked.into()),
    };
    if booking.status == BookingStatus::Held {
        return Err(SwapError::StillHeld);
    }
    if booking.span.end() <= now {
        return Err(BookError::TooLate { deadline: booking.span.end() }.into());
    }
    Ok((request, booking))
}

/// Puts somebody else into a booked interview: occupancy, calendars and mails follow. The same swap sent twice is one.
///
/// # Errors
/// Nothing was changed then.
pub async fn swap(
    state: &AppState,
    coordinator: &Coordinator,
    request: RequestId,
    choice: Choice<'_>,
    origin: &Origin,
) -> Result<(), SwapError> {
    let db = state.store.reader();
    let org = coordinator.member().org;
    let (request, booking) = booked(db, coordinator, request, state.clock.now()).await?;
    let seated = seat::seated(db, org, booking.id).await?;
    if !seated.contains(&choice.leaves) {
        return match sitting::of(db, org, booking.id).await?.remove(&choice.comes) {
            Some(Why::Swapped(swap)) if swap.before.last() == Some(&choice.leaves) => Ok(()),
            _ => Err(SwapError::NotSeated),
        };
    }
    if choice.reason.trim().is_empty() {
        return Err(SwapError::ReasonRequired);
    }
    let comes = people::find(db, org, choice.comes).await?;
    let comes = comes.filter(|person| person.disabled_at.is_none() && !seated.contains(&person.id));
    let comes = comes.ok_or(SwapError::NoSubstitute)?;
    let looked = look(state, &request, &booking, &[], vec![comes.clone()], chrono::TimeDelta::zero()).await?;
    let was_unknown = match looked.into_iter().next().map(|one| one.standing) {
        Some(Standing::Free) => false,
        Some(Standing::Unknown(_)) if choice.asked => true,
        Some(Standing::Unknown(_)) | None => return Err(SwapError::NotAsked),
        Some(Standing::Kept(rules)) => return Err(SwapError::NotFree(rules)),
    };
    let mut tries = 0;
    loop {
        match commit(state, coordinator, &request, &booking, &comes, choice, was_unknown, origin).await {
            Err(SwapError::Book(BookError::Store(error))) if error.is_contention() && tries < book::TRIES => {
                tries += 1;
                book::pause(tries).await;
            }
            Ok(()) => {
                state.wake.notify_one();
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one transaction, all of whose facts were found before it")]
async fn commit(
    state: &AppState,
    coordinator: &Coordinator,
    request: &Request,
    looked_at: &Booking,
    comes: &Person,
    choice: Choice<'_>,
    was_unknown: bool,
    origin: &Origin,
) -> Result<(), SwapError> {
    let now = state.clock.now();
    let (org, leaves) = (request.org, choice.leaves);
    let txn = state.store.begin().await?;
    txn.lock_people(&[leaves, comes.id]).await?;
    lock_request(&txn, org, request.id).await?;
    let (_, booking) = booked(&*txn, coordinator, request.id, now).await?;
    if (booking.id, booking.span) != (looked_at.id, looked_at.span) {
        return Err(BookError::Changed.into());
    }
    let mut whys = sitting::of(&*txn, org, booking.id).await?;
    let seated = seat::seated(&*txn, org, booking.id).await?;
    if !seated.contains(&leaves) || seated.contains(&comes.id) {
        return Err(BookError::Changed.into());
    }
    seat::free_one(&txn, org, booking.id, leaves).await?;
    seat::take(&txn, &booking, request, &[comes.id]).await?;
    sitting::forget(&txn, &booking, leaves).await?;
    let mut before = match whys.remove(&leaves) {
        Some(Why::Swapped(swap)) => swap.before,
        _ => Vec::new(),
    };
    before.push(leaves);
    let why = Why::Swapped(Swap { before, reason: choice.reason.trim().to_owned(), asked: was_unknown });
    sitting::keep(&txn, &booking, &[(comes.id, why)].into()).await?;

    let actor = Actor::Person(coordinator.member().person);
    let owner = people::find(&*txn, org, request.coordinator).await?.ok_or(BookError::Closed)?;
    if let Some(event) = events::of_booking(&*txn, org, booking.id).await? {
        let before = event.participants.clone();
        let who = replaced(&before, leaves, comes);
        let missing = |from: &[Participant], than: &[Participant]| -> Vec<Participant> {
            from.iter().filter(|one| than.iter().all(|other| other.email != one.email)).cloned().collect()
        };
        let (left, came) = (missing(&before, &who), missing(&who, &before));
        let event = match who != before {
            true => {
                let event = event.reseat(&txn, who, now).await?;
                let change = tell::Swapped { event: &event, left: &left, came: &came };
                tell::swapped(&txn, state, request, &booking, &owner, change, now).await?;
                event
            }
            false => event,
        };
        difference::after_swap(&txn, &event, leaves, actor, now).await?;
    }
    let start = booking.span.start();
    let change =
        Change { kind: ChangeKind::Swapped, actor, reason: choice.reason.trim(), from: Some(start), to: Some(start) };
    remember_with(&txn, &booking, change, Some((leaves, comes.id)), now).await?;
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor,
            action: "booking.swapped",
            subject: booking.id.to_string(),
            detail: json!({ "left": leaves, "came": comes.id, "start": start, "asked": was_unknown }),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    Ok(())
}

/// Who takes part after the swap. A coordinator who leaves their seat stays the organizer; whoever came along now sits; who
/// cannot be written to is not invited.
fn replaced(before: &[Participant], leaves: PersonId, comes: &Person) -> Vec<Participant> {
    let is_organizer = |one: &Participant| one.role == ParticipantRole::Organizer;
    let stays = |one: &&Participant| is_organizer(one) || (one.person != Some(leaves) && one.person != Some(comes.id));
    let mut after: Vec<Participant> = before.iter().filter(stays).cloned().collect();
    if let Some(email) = comes.contact()
        && after.iter().all(|one| one.email != email.as_str())
    {
        let (email, name) = (email.to_string(), comes.name.clone());
        after.push(Participant { person: Some(comes.id), email, name, role: ParticipantRole::Interviewer });
    }
    after
}
