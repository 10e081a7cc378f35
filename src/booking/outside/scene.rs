//! One interview, one calendar on which it stands, and what is open about it: read, and locked for a transaction.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::possible::Interview;
use crate::{
    audit::{Actor, Origin},
    booking::{
        self, BookError, Booking,
        difference::{self, Blocker, Difference},
        seat, tell,
    },
    connections,
    events::{
        self, Event, Placement,
        theirs::{self, Theirs},
    },
    ids::{DifferenceId, EventId, OrgId, PersonId, PlacementId},
    people,
    requests::{self, Request},
    state::AppState,
    store::{
        StoreError, Txn,
        words::{BookingStatus, DifferenceKind, EventStatus, Outcome, Provider},
    },
};

/// What a finding is about.
pub(super) struct Found {
    pub request: Request,
    pub booking: Booking,
    pub event: Event,
    pub placement: Placement,
    /// Whose calendar it is, and where.
    pub owner: PersonId,
    pub provider: Provider,
    pub seated: Vec<PersonId>,
}

impl Found {
    /// `None` for what is no interview of this organisation, or stands on no such calendar.
    pub async fn read(
        db: &impl ConnectionTrait,
        org: OrgId,
        event: EventId,
        on: PlacementId,
    ) -> Result<Option<Self>, StoreError> {
        let Some(event) = events::find(db, org, event).await? else { return Ok(None) };
        let placements = events::placements_of(db, org, event.id).await?;
        let Some(placement) = placements.into_iter().find(|one| one.id == on) else { return Ok(None) };
        let Some(connection) = connections::find(db, org, placement.connection).await? else { return Ok(None) };
        let Some(booking) = event.booking else { return Ok(None) };
        let Some(booking) = booking::find(db, org, booking).await? else { return Ok(None) };
        let Some(request) = requests::find(db, org, booking.request).await? else { return Ok(None) };
        let mut seated = seat::seated(db, org, booking.id).await?;
        seated.sort_unstable();
        let (owner, provider) = (connection.person, connections::stored(connection.provider));
        Ok(Some(Self { request, booking, event, placement, owner, provider, seated }))
    }

    /// The interview is certain, on this calendar, and not over.
    pub fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        self.booking.status == BookingStatus::Confirmed
            && self.event.status == EventStatus::Confirmed
            && !self.placement.is_withdrawn
            && self.booking.span.end() > now
    }

    pub fn interview(&self) -> Interview<'_> {
        let Self { request, booking, event, placement, owner, .. } = self;
        Interview { request, booking, event, placement, owner: *owner }
    }
}

/// The same with its request locked, and what is open about it.
pub(super) struct Scene<'a> {
    pub txn: &'a Txn,
    pub state: &'a AppState,
    pub found: Found,
    pub open: Vec<Difference>,
    pub now: DateTime<Utc>,
}

/// Something that a person has to decide about.
pub(super) struct Finding {
    pub kind: DifferenceKind,
    pub theirs: Option<Theirs>,
    pub person: Option<PersonId>,
    pub blockers: Vec<Blocker>,
}

impl Finding {
    pub fn of(kind: DifferenceKind) -> Self {
        Self { kind, theirs: None, person: None, blockers: Vec::new() }
    }
}

impl<'a> Scene<'a> {
    pub async fn lock(
        txn: &'a Txn,
        state: &'a AppState,
        org: OrgId,
        event: EventId,
        on: PlacementId,
    ) -> Result<Option<Self>, BookError> {
        let Some(found) = Found::read(&**txn, org, event, on).await? else { return Ok(None) };
        requests::lock(txn, org, found.request.id).await?;
        // As it is now that nobody else changes it.
        let Some(found) = Found::read(&**txn, org, event, on).await? else { return Ok(None) };
        let open = difference::open_of(&**txn, org, event).await?;
        Ok(Some(Self { txn, state, found, open, now: state.clock.now() }))
    }

    /// Whoever owns the calendar, through it.
    pub fn actor(&self) -> Actor {
        Actor::InCalendar(self.found.provider, self.found.owner)
    }

    fn opened(&self, is: impl Fn(&Difference) -> bool) -> Option<&Difference> {
        self.open.iter().find(|open| is(open))
    }

    /// We know that the calendar shows this, and nothing about it waits for anybody: it was decided, and the calendar is on its way.
    pub fn is_decided(&self, theirs: Theirs) -> bool {
        self.found.placement.seen == Some(theirs) && self.opened(Difference::is_shown).is_none()
    }

    /// Ours is not what the calendar last showed, and that was no proposal of theirs.
    pub fn ours_changed(&self) -> bool {
        let Some(Theirs::At(seen)) = self.found.placement.seen else { return false };
        let is_proposal = |open: &Difference| {
            matches!(open.kind, DifferenceKind::Moved | DifferenceKind::Gone)
                && open.placement == self.found.placement.id
        };
        seen != self.found.event.span && self.opened(is_proposal).is_none()
    }

    pub async fn acknowledge(&self, theirs: Theirs) -> Result<(), StoreError> {
        theirs::acknowledge(self.txn, self.found.event.org, self.found.placement.id, theirs, self.now).await
    }

    /// It is over or cancelled here: whatever the calendar shows, what is still to be written may be.
    pub async fn let_go(&self, theirs: Theirs) -> Result<(), StoreError> {
        let Found { event, placement, .. } = &self.found;
        let leaves = event.status == EventStatus::Cancelled && placement.removed_at.is_none();
        let is_news = placement.seen != Some(theirs);
        match theirs {
            Theirs::At(_) | Theirs::WholeDays if leaves && is_news => {
                theirs::insist(self.txn, event, placement.id, theirs, self.now).await
            }
            _ => self.acknowledge(theirs).await,
        }
    }

    /// Both show the same.
    pub async fn agree(&self) -> Result<(), StoreError> {
        self.settle(Difference::is_shown, Outcome::Withdrawn).await?;
        self.acknowledge(Theirs::At(self.found.event.span)).await
    }

    /// Both changed. Not acknowledged: see the module.
    pub async fn collide(&self, theirs: Theirs, blockers: Vec<Blocker>) -> Result<(), StoreError> {
        if self.is_decided(theirs) {
            return Ok(());
        }
        self.found(Finding { theirs: Some(theirs), blockers, ..Finding::of(DifferenceKind::Collided) }).await
    }

    /// Settles what is open and like this, because it is so no more.
    pub async fn settle(&self, which: impl Fn(&Difference) -> bool, outcome: Outcome) -> Result<(), StoreError> {
        for open in self.open.iter().filter(|open| which(open)) {
            difference::settle(self.txn, open, outcome, Actor::System, &Origin::default(), self.now).await?;
        }
        Ok(())
    }

    /// Keeps a finding, and tells the request's coordinator if it is new. What the calendar showed before is no more.
    pub async fn found(&self, finding: Finding) -> Result<(), StoreError> {
        let Finding { kind, theirs, person, blockers } = finding;
        let is_same = |open: &Difference| open.kind == kind && open.person == person;
        let found = Difference {
            id: DifferenceId::new(),
            org: self.found.event.org,
            request: self.found.request.id,
            booking: self.found.booking.id,
            event: self.found.event.id,
            placement: self.found.placement.id,
            owner: self.found.owner,
            provider: self.found.provider,
            kind,
            theirs,
            person,
            blockers,
            found_at: self.now,
            settled: None,
        };
        if let Some(open) = self.opened(is_same) {
            if (open.theirs, &open.blockers) != (found.theirs, &found.blockers) {
                difference::update(self.txn, open, found.theirs, &found.blockers).await?;
            }
            return Ok(());
        }
        if found.is_shown() {
            self.settle(|open| open.is_shown() && open.placement == found.placement, Outcome::Withdrawn).await?;
        }
        difference::keep(self.txn, &found).await?;
        let org = found.org;
        let Some(coordinator) = people::find(&**self.txn, org, self.found.request.coordinator).await? else {
            return Ok(());
        };
        let owner = people::find(&**self.txn, org, found.owner).await?;
        let about = match found.person {
            Some(person) => people::find(&**self.txn, org, person).await?,
            None => None,
        };
        let why = self.reasons(&found.blockers).await?;
        let told = tell::Differs { found: &found, owner: owner.as_ref(), person: about.as_ref(), why };
        let Found { request, booking, .. } = &self.found;
        tell::differs(self.txn, self.state, request, booking, &coordinator, told, self.now).await
    }

    async fn reasons(&self, blockers: &[Blocker]) -> Result<Vec<String>, StoreError> {
        let ids: Vec<PersonId> = blockers.iter().filter_map(|blocker| blocker.person).collect();
        let people = people::find_all(&**self.txn, self.found.event.org, &ids).await?;
        let name = |id: Option<PersonId>| people.iter().find(|one| Some(one.id) == id).map(|one| one.name.clone());
        let words = |one: &Blocker| one.because.in_words(&name(one.person).unwrap_or_else(|| "Somebody".to_owned()));
        Ok(blockers.iter().map(words).collect())
    }
}
