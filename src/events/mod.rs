//! What Convene puts on calendars: one event with a lifelong UID, a SEQUENCE that only grows, participants and a span.
//!
//! Every change raises `revision` and promises [`Job::PlaceEvent`] in the same transaction; `sync` then brings the calendars
//! in line with whatever the event says by that time. Who invites the attendees is decided once, when the event is made.

pub mod leaving;
pub mod theirs;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};

use theirs::Theirs;

use crate::{
    calendars::Response,
    ids::{BookingId, ConnectionId, EventId, OrgId, ParticipantId, PersonId, PlacementId},
    outbox::{self, Job, Reason},
    scheduling::interval::Interval,
    store::{
        StoreError, Txn,
        entities::{event_participants, events, placements},
        words::{EventKind, EventStatus, Inviter, ParticipantRole},
    },
};

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// `None` for a candidate.
    pub person: Option<PersonId>,
    pub email: String,
    pub name: String,
    pub role: ParticipantRole,
}

/// An event as it should stand on calendars.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: EventId,
    pub org: OrgId,
    pub kind: EventKind,
    pub booking: Option<BookingId>,
    /// iCalendar UID (RFC 5545 section 3.8.4.7).
    pub uid: String,
    /// iCalendar SEQUENCE (RFC 5546 section 2.1.4).
    pub sequence: u32,
    /// Counts every change; a placement remembers the one it shows.
    pub revision: i64,
    pub owner: PersonId,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub video: bool,
    pub span: Interval,
    pub zone: Tz,
    pub status: EventStatus,
    pub inviter: Inviter,
    /// Its owner wanted no events of this kind in calendars when it was made.
    pub kept_off: bool,
    pub organizer: Organizer,
    pub participants: Vec<Participant>,
}

/// Whom calendar objects name as ORGANIZER. Kept with the event: it must stay what it was in the first of them
/// (RFC 5546 section 2.1.4), whatever settings and names become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organizer {
    pub email: String,
    pub name: String,
}

/// Where an event goes, and who invites to it.
#[derive(Clone, Debug)]
pub struct Host {
    /// A connection of the owner and the calendar on it. `None`: nobody's calendar.
    pub target: Option<(ConnectionId, String)>,
    /// A provider can only where the event goes, and not every one does.
    pub inviter: Inviter,
    pub organizer: Organizer,
    /// Whether it goes to nobody's calendar because its owner wants it so.
    pub kept_off: bool,
    /// Right-hand side of the UID.
    pub uid_domain: String,
}

/// What a new event says.
pub struct NewEvent {
    pub org: OrgId,
    pub kind: EventKind,
    pub booking: Option<BookingId>,
    pub owner: PersonId,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub video: bool,
    pub span: Interval,
    pub zone: Tz,
    pub participants: Vec<Participant>,
    pub host: Host,
    /// False keeps it off the calendars for now (a held booking); the change that confirms it puts it there.
    pub place_now: bool,
}

/// Makes an event, and promises to place it.
pub async fn create(txn: &Txn, new: NewEvent, now: DateTime<Utc>) -> Result<Event, StoreError> {
    let (id, host) = (EventId::new(), new.host);
    let event = Event {
        id,
        org: new.org,
        kind: new.kind,
        booking: new.booking,
        uid: format!("{}@{}", id.uuid(), host.uid_domain),
        sequence: 0,
        revision: 1,
        owner: new.owner,
        summary: new.summary,
        description: new.description,
        location: new.location,
        video: new.video,
        span: new.span,
        zone: new.zone,
        status: if new.place_now { EventStatus::Confirmed } else { EventStatus::Tentative },
        inviter: host.inviter,
        kept_off: host.kept_off,
        organizer: host.organizer,
        participants: new.participants,
    };
    insert(txn, &event, host.target, now).await?;
    Ok(event)
}

/// Writes a new event down. One that is confirmed is promised to its calendar.
async fn insert(
    txn: &Txn,
    event: &Event,
    target: Option<(ConnectionId, String)>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    events::Entity::insert(events::ActiveModel {
        id: Set(event.id),
        org_id: Set(event.org),
        kind: Set(event.kind),
        booking_id: Set(event.booking),
        uid: Set(event.uid.clone()),
        sequence: Set(stored(event.sequence)),
        revision: Set(event.revision),
        owner_id: Set(event.owner),
        summary: Set(event.summary.clone()),
        description: Set(event.description.clone()),
        location: Set(event.location.clone()),
        video: Set(event.video),
        starts_at: Set(event.span.start().into()),
        ends_at: Set(event.span.end().into()),
        zone: Set(event.zone.name().to_owned()),
        status: Set(event.status),
        inviter: Set(event.inviter),
        kept_off: Set(event.kept_off),
        organizer_email: Set(event.organizer.email.clone()),
        organizer_name: Set(event.organizer.name.clone()),
        created_at: Set(now.into()),
    })
    .exec_without_returning(&**txn)
    .await?;
    write_participants(txn, event).await?;
    if let Some((connection, calendar)) = target {
        intend(txn, event, connection, calendar).await?;
        if event.status == EventStatus::Confirmed {
            outbox::enqueue(txn, event.org, &Job::PlaceEvent { event: event.id }, now).await?;
        }
    }
    Ok(())
}

/// The event belongs on this calendar from now on.
async fn intend(txn: &Txn, event: &Event, connection: ConnectionId, calendar: String) -> Result<(), StoreError> {
    placements::Entity::insert(placements::ActiveModel {
        id: Set(PlacementId::new()),
        org_id: Set(event.org),
        event_id: Set(event.id),
        connection_id: Set(connection),
        calendar: Set(calendar),
        provider_id: Set(String::new()),
        etag: Set(String::new()),
        join_url: Set(String::new()),
        ical_uid: Set(String::new()),
        generation: Set(0),
        unconfirmed_since: Set(None),
        placed_revision: Set(0),
        removed_at: Set(None),
        withdrawn_at: Set(None),
        last_synced_at: Set(None),
        last_error: Set(String::new()),
        seen: Set(String::new()),
        seen_starts_at: Set(None),
        seen_ends_at: Set(None),
        seen_answers: Set("{}".to_owned()),
        looked_at: Set(None),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(())
}

/// A SEQUENCE as the table has it.
fn stored(sequence: u32) -> i32 {
    i32::try_from(sequence).unwrap_or(i32::MAX)
}

impl Event {
    /// The time and people changed: SEQUENCE and revision grow, calendars follow.
    pub async fn change(
        mut self,
        txn: &Txn,
        span: Interval,
        participants: Vec<Participant>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        self.span = span;
        self.participants = participants;
        self.sequence += 1;
        self.save(txn, now).await?;
        self.replace_participants(txn).await?;
        Ok(self)
    }

    /// Other people take part at the same time: calendars follow. SEQUENCE grows where our own objects tell of it; where a
    /// provider invites, it counts for itself, and mails of ours that name the time stay true.
    pub async fn reseat(
        mut self,
        txn: &Txn,
        participants: Vec<Participant>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        if self.inviter == Inviter::Mail {
            let span = self.span;
            return self.change(txn, span, participants, now).await;
        }
        self.participants = participants;
        self.save(txn, now).await?;
        self.replace_participants(txn).await?;
        Ok(self)
    }

    /// It will not take place. Its placements stay as tombstones until each calendar confirmed that it is gone.
    pub async fn cancel(mut self, txn: &Txn, now: DateTime<Utc>) -> Result<Self, StoreError> {
        self.status = EventStatus::Cancelled;
        self.sequence += 1;
        self.save(txn, now).await?;
        Ok(self)
    }

    /// A tentative event becomes real and goes to the calendars. Nobody was told of it, so SEQUENCE stays.
    pub async fn confirm(mut self, txn: &Txn, now: DateTime<Utc>) -> Result<Self, StoreError> {
        self.status = EventStatus::Confirmed;
        self.save(txn, now).await?;
        Ok(self)
    }

    async fn replace_participants(&self, txn: &Txn) -> Result<(), StoreError> {
        event_participants::Entity::delete_many()
            .filter(event_participants::Column::OrgId.eq(self.org))
            .filter(event_participants::Column::EventId.eq(self.id))
            .exec(&**txn)
            .await?;
        write_participants(txn, self).await
    }

    async fn save(&mut self, txn: &Txn, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.revision += 1;
        let row = row_of(&**txn, self.org, self.id).await?;
        let Some(row) = row else { return Ok(()) };
        let mut row = row.into_active_model();
        row.sequence = Set(stored(self.sequence));
        row.revision = Set(self.revision);
        row.description = Set(self.description.clone());
        row.starts_at = Set(self.span.start().into());
        row.ends_at = Set(self.span.end().into());
        row.status = Set(self.status);
        row.update(&**txn).await?;
        if !placements_of(&**txn, self.org, self.id).await?.is_empty() {
            outbox::enqueue(txn, self.org, &Job::PlaceEvent { event: self.id }, now).await?;
        }
        Ok(())
    }
}

async fn write_participants(txn: &Txn, event: &Event) -> Result<(), StoreError> {
    // One line per address, whoever it stands for: the first role given wins.
    let mut seen = BTreeSet::new();
    let rows = event.participants.iter().filter(|one| seen.insert(one.email.clone())).map(|one| {
        event_participants::ActiveModel {
            id: Set(ParticipantId::new()),
            org_id: Set(event.org),
            event_id: Set(event.id),
            person_id: Set(one.person),
            email: Set(one.email.clone()),
            name: Set(one.name.clone()),
            role: Set(one.role),
        }
    });
    event_participants::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The event of this organisation with its participants.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: EventId) -> Result<Option<Event>, StoreError> {
    match row_of(db, org, id).await? {
        Some(row) => Ok(Some(load(db, row).await?)),
        None => Ok(None),
    }
}

async fn row_of(db: &impl ConnectionTrait, org: OrgId, id: EventId) -> Result<Option<events::Model>, StoreError> {
    let query = events::Entity::find().filter(events::Column::OrgId.eq(org)).filter(events::Column::Id.eq(id));
    Ok(query.one(db).await?)
}

/// The event of a booking; of several, the one that took the others' place.
pub async fn of_booking(
    db: &impl ConnectionTrait,
    org: OrgId,
    booking: BookingId,
) -> Result<Option<Event>, StoreError> {
    let row = events::Entity::find()
        .filter(events::Column::OrgId.eq(org))
        .filter(events::Column::BookingId.eq(booking))
        .order_by_desc(events::Column::Sequence)
        .one(db)
        .await?;
    match row {
        Some(row) => Ok(Some(load(db, row).await?)),
        None => Ok(None),
    }
}

async fn load(db: &impl ConnectionTrait, row: events::Model) -> Result<Event, StoreError> {
    let participants = event_participants::Entity::find()
        .filter(event_participants::Column::OrgId.eq(row.org_id))
        .filter(event_participants::Column::EventId.eq(row.id))
        .order_by_asc(event_participants::Column::Id)
        .all(db)
        .await?;
    let participant = |row: event_participants::Model| Participant {
        person: row.person_id,
        email: row.email,
        name: row.name,
        role: row.role,
    };
    Ok(Event {
        id: row.id,
        org: row.org_id,
        kind: row.kind,
        booking: row.booking_id,
        uid: row.uid,
        sequence: row.sequence.unsigned_abs(),
        revision: row.revision,
        owner: row.owner_id,
        summary: row.summary,
        description: row.description,
        location: row.location,
        video: row.video,
        span: Interval::new(row.starts_at.at(), row.ends_at.at()).expect("a stored event runs forward"),
        zone: row.zone.parse().map_err(|_| StoreError::unreadable("events.zone"))?,
        status: row.status,
        inviter: row.inviter,
        kept_off: row.kept_off,
        organizer: Organizer { email: row.organizer_email, name: row.organizer_name },
        participants: participants.into_iter().map(participant).collect(),
    })
}

/// Where an event stands, per connection.
#[derive(Clone, Debug)]
pub struct Placement {
    pub id: PlacementId,
    pub connection: ConnectionId,
    pub calendar: String,
    /// The provider's receipt: its id for the event. Empty until there is one.
    pub provider_id: String,
    pub etag: String,
    pub join_url: String,
    /// The UID under which the provider mails it, which is not ours. Empty until there is a receipt.
    pub ical_uid: String,
    /// How often it was made anew after somebody deleted it by hand.
    pub generation: u32,
    /// Since when an event was sent whose receipt has not come. It may appear whenever the provider gets to it.
    pub unconfirmed_since: Option<DateTime<Utc>>,
    /// The revision that stands there; 0 for none yet.
    pub placed_revision: i64,
    pub removed_at: Option<DateTime<Utc>>,
    /// Its owner wants it off this calendar, although the event takes place.
    pub is_withdrawn: bool,
    pub last_synced_at: Option<DateTime<Utc>>,
    /// Why it does not stand there as it should.
    pub problem: Option<Reason>,
    /// What the calendar showed when it was last written or looked at.
    pub seen: Option<Theirs>,
    /// What attendees had answered when it was last looked at, by address in small letters.
    pub answers: BTreeMap<String, Response>,
    pub looked_at: Option<DateTime<Utc>>,
}

impl Placement {
    /// The event stands there as far as we know, in whatever version, and is meant to.
    pub fn stands(&self) -> bool {
        !self.provider_id.is_empty() && self.removed_at.is_none() && !self.is_withdrawn
    }

    /// The calendar shows the event as it is now.
    pub fn is_current(&self, event: &Event) -> bool {
        self.stands() && self.placed_revision == event.revision
    }
}

/// All placements of an event, tombstones too.
pub async fn placements_of(
    db: &impl ConnectionTrait,
    org: OrgId,
    event: EventId,
) -> Result<Vec<Placement>, StoreError> {
    let rows = placements::Entity::find()
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::EventId.eq(event))
        .all(db)
        .await?;
    let placement = |row: placements::Model| Placement {
        id: row.id,
        connection: row.connection_id,
        calendar: row.calendar,
        provider_id: row.provider_id,
        etag: row.etag,
        join_url: row.join_url,
        ical_uid: row.ical_uid,
        generation: row.generation.unsigned_abs(),
        unconfirmed_since: row.unconfirmed_since.map(|at| at.at()),
        placed_revision: row.placed_revision,
        removed_at: row.removed_at.map(|at| at.at()),
        is_withdrawn: row.withdrawn_at.is_some(),
        last_synced_at: row.last_synced_at.map(|at| at.at()),
        problem: Reason::stored(&row.last_error),
        seen: Theirs::stored(&row.seen, row.seen_starts_at.zip(row.seen_ends_at)),
        // What cannot be read is taken as no answer yet; the next look tells.
        answers: serde_json::from_str(&row.seen_answers).unwrap_or_default(),
        looked_at: row.looked_at.map(|at| at.at()),
    };
    Ok(rows.into_iter().map(placement).collect())
}

/// The UID under which attendees know the event: the provider's if that one invites (`None` until its receipt), else ours.
pub async fn mailed_uid(db: &impl ConnectionTrait, event: &Event) -> Result<Option<String>, StoreError> {
    match event.inviter {
        Inviter::Mail => Ok(Some(event.uid.clone())),
        Inviter::Provider => {
            let placed = placements_of(db, event.org, event.id).await?;
            Ok(placed.into_iter().map(|at| at.ical_uid).find(|uid| !uid.is_empty()))
        }
    }
}
