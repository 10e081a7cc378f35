//! What a coordinator decides about a difference. Decided once: the same decision again gets the same answer, another one is told that
//! it comes too late, and one about what the calendar no longer shows that it changed meanwhile.

use chrono::{DateTime, Utc};

use super::{
    follow,
    possible::{Answer, Memory, possible},
    scene::{Found, Scene},
};
use crate::{
    audit::{Actor, Origin},
    booking::{
        BookError, book,
        change::{self, Mover},
        difference::{self, Because, Blocker, Difference},
    },
    error::AppError,
    events::theirs::{self, Theirs},
    ids::{DifferenceId, RequestId},
    people::Coordinator,
    scheduling::Interval,
    state::AppState,
    store::{
        StoreError,
        words::{DifferenceKind, Outcome},
    },
};

/// What shall count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// The calendar shows what we have again.
    Ours,
    /// The interview follows: it moves, or it is cancelled for this reason.
    Theirs {
        /// The coordinator asked those of whom a calendar says that they cannot, or nothing.
        asked: bool,
        reason: &'a str,
    },
    /// Nothing is done.
    Keep,
}

impl Decision<'_> {
    fn outcome(self) -> Outcome {
        match self {
            Self::Ours => Outcome::Ours,
            Self::Theirs { .. } => Outcome::Theirs,
            Self::Keep => Outcome::Kept,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error(transparent)]
    Book(#[from] BookError),
    /// No difference of this request, or of this organisation.
    #[error("not_found")]
    Unknown,
    #[error("difference_settled")]
    Settled,
    /// The calendar shows something else than what was decided about.
    #[error("difference_changed")]
    Changed,
    /// Nothing that can be decided about this kind.
    #[error("decision_required")]
    NoDecision,
    /// The interview cannot have that time.
    #[error("theirs_not_possible")]
    Impossible(Vec<Blocker>),
    /// It could if everybody were asked.
    #[error("not_asked")]
    NotAsked,
}

impl From<StoreError> for DecideError {
    fn from(error: StoreError) -> Self {
        Self::Book(error.into())
    }
}

impl From<DecideError> for AppError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Book(error) => error.into(),
            DecideError::Unknown => AppError::not_found(),
            DecideError::Settled => {
                AppError::new(409, "difference_settled", "This was settled already in another way.")
                    .hint("Open the request to see how the interview stands.")
            }
            DecideError::Changed => {
                AppError::new(409, "difference_changed", "The calendar changed meanwhile, so nothing was done.")
                    .hint("Look at what it shows now, and decide again.")
            }
            DecideError::NoDecision => AppError::invalid("decision", "decision_required", "Choose what shall count."),
            DecideError::Impossible(_) => {
                AppError::new(409, "theirs_not_possible", "The interview cannot have that time. Nothing was changed.")
                    .hint("Keep ours, or move the interview to another time.")
            }
            DecideError::NotAsked => AppError::invalid(
                "asked",
                "not_asked",
                "Somebody may not be free then. Ask them first, then tick that you did.",
            ),
        }
    }
}

/// Decides about what `shown` names ([`Difference::shown`]).
///
/// # Errors
/// Nothing was changed then.
pub async fn decide(
    state: &AppState,
    coordinator: &Coordinator,
    (request, id): (RequestId, DifferenceId),
    shown: &str,
    decision: Decision<'_>,
    origin: &Origin,
) -> Result<(), DecideError> {
    let org = coordinator.member().org;
    let found = difference::find(state.store.reader(), org, request, id).await?.ok_or(DecideError::Unknown)?;
    if let Some(settled) = found.settled {
        return if settled.outcome == decision.outcome() { Ok(()) } else { Err(DecideError::Settled) };
    }
    if found.shown() != shown {
        return Err(DecideError::Changed);
    }
    let deciding = Deciding { state, coordinator, found: &found, origin };
    match (found.kind, found.theirs, decision) {
        (DifferenceKind::Declined | DifferenceKind::CandidateDeclined, _, Decision::Keep) => deciding.keep().await,
        (DifferenceKind::Moved | DifferenceKind::Gone | DifferenceKind::Collided, _, Decision::Ours) => {
            deciding.ours().await
        }
        (DifferenceKind::Moved | DifferenceKind::Collided, Some(Theirs::At(to)), Decision::Theirs { asked, .. }) => {
            deciding.their_time(to, asked).await
        }
        (DifferenceKind::Collided, Some(Theirs::WholeDays), Decision::Theirs { .. }) => {
            Err(DecideError::Impossible(vec![Blocker { person: None, because: Because::Length }]))
        }
        (DifferenceKind::CandidateDeclined, _, Decision::Theirs { reason, .. })
        | (_, Some(Theirs::Gone), Decision::Theirs { reason, .. }) => deciding.cancel(reason).await,
        _ => Err(DecideError::NoDecision),
    }
}

/// What keeps the interview from the time that the calendar shows, now. Nothing where it shows none.
///
/// # Errors
/// The database's.
pub async fn blockers(state: &AppState, found: &Difference) -> Result<Vec<Blocker>, StoreError> {
    let Some(Theirs::At(to)) = found.theirs.filter(|_| found.is_open()) else { return Ok(Vec::new()) };
    let Some(scene) = Found::read(state.store.reader(), found.org, found.event, found.placement).await? else {
        return Ok(Vec::new());
    };
    match possible(state, &scene.interview(), to, false, &mut Memory::default()).await? {
        Answer::Possible(_) => Ok(Vec::new()),
        Answer::Blocked(blockers) => Ok(blockers),
    }
}

struct Deciding<'a> {
    state: &'a AppState,
    coordinator: &'a Coordinator,
    found: &'a Difference,
    origin: &'a Origin,
}

impl Deciding<'_> {
    fn actor(&self) -> Actor {
        Actor::Person(self.coordinator.member().person)
    }

    /// The scene with what is decided about still open in it.
    async fn lock<'a>(&'a self, txn: &'a crate::store::Txn) -> Result<(Scene<'a>, Difference), DecideError> {
        let found = self.found;
        let scene = Scene::lock(txn, self.state, found.org, found.event, found.placement).await?;
        let scene = scene.ok_or(DecideError::Settled)?;
        let open = scene.open.iter().find(|open| open.id == found.id).cloned().ok_or(DecideError::Settled)?;
        if open.theirs != found.theirs {
            return Err(DecideError::Changed);
        }
        Ok((scene, open))
    }

    async fn settle(&self, scene: &Scene<'_>, open: &Difference, outcome: Outcome) -> Result<(), StoreError> {
        difference::settle(scene.txn, open, outcome, self.actor(), self.origin, scene.now).await?;
        Ok(())
    }

    async fn keep(&self) -> Result<(), DecideError> {
        let txn = self.state.store.begin().await?;
        let (scene, open) = self.lock(&txn).await?;
        self.settle(&scene, &open, Outcome::Kept).await?;
        Ok(txn.commit().await?)
    }

    async fn ours(&self) -> Result<(), DecideError> {
        let txn = self.state.store.begin().await?;
        let (scene, open) = self.lock(&txn).await?;
        let (event, placement) = (&scene.found.event, &scene.found.placement);
        if let Some(shown) = open.theirs {
            match scene.found.is_ahead(scene.now) {
                true => theirs::insist(&txn, event, placement.id, shown, scene.now).await?,
                // Nobody puts what is over into a calendar.
                false => scene.acknowledge(shown).await?,
            }
        }
        self.settle(&scene, &open, Outcome::Ours).await?;
        txn.commit().await?;
        self.state.wake.notify_one();
        Ok(())
    }

    async fn cancel(&self, reason: &str) -> Result<(), DecideError> {
        // Settles it with the same transaction, and everything else that is open.
        let mover = Mover::coordinator(self.coordinator, self.found.request);
        change::cancel(self.state, &mover, reason, self.origin).await?;
        Ok(())
    }

    async fn their_time(&self, to: Interval, asked: bool) -> Result<(), DecideError> {
        let (mut tries, mut memory) = (0, Memory::default());
        loop {
            match self.try_their_time(to, asked, &mut memory).await {
                Err(DecideError::Book(BookError::SlotTaken | BookError::Changed)) if tries < book::TRIES => tries += 1,
                Err(DecideError::Book(BookError::Store(error))) if error.is_contention() && tries < book::TRIES => {
                    tries += 1;
                }
                Ok(()) => {
                    self.state.wake.notify_one();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            book::pause(tries).await;
        }
    }

    async fn try_their_time(&self, to: Interval, asked: bool, memory: &mut Memory) -> Result<(), DecideError> {
        let Difference { org, event, placement, .. } = *self.found;
        let seen = Found::read(self.state.store.reader(), org, event, placement).await?.ok_or(DecideError::Settled)?;
        ahead(&seen, self.state.clock.now())?;
        let chosen = match possible(self.state, &seen.interview(), to, asked, memory).await? {
            Answer::Possible(chosen) => chosen,
            Answer::Blocked(blockers) if !asked && blockers.iter().all(|one| one.because.may_be_asked()) => {
                return Err(DecideError::NotAsked);
            }
            Answer::Blocked(blockers) => return Err(DecideError::Impossible(blockers)),
        };
        let txn = self.state.store.begin().await?;
        txn.lock_people(&chosen.seating.people).await?;
        let (scene, open) = self.lock(&txn).await?;
        ahead(&scene.found, scene.now)?;
        if (scene.found.seated != seen.seated) || (scene.found.event.span != seen.event.span) {
            return Err(BookError::Changed.into());
        }
        // What was not acknowledged stands there as it was found; what was, unless we wrote over it since.
        let shown = open.kind == DifferenceKind::Collided || scene.found.placement.seen == Some(Theirs::At(to));
        follow::follow(&scene, &chosen, shown, self.actor(), self.origin).await?;
        Ok(txn.commit().await?)
    }
}

fn ahead(found: &Found, now: DateTime<Utc>) -> Result<(), BookError> {
    match found.is_ahead(now) {
        true => Ok(()),
        false if found.booking.span.end() <= now => Err(BookError::TooLate { deadline: found.booking.span.end() }),
        false => Err(BookError::Closed),
    }
}
