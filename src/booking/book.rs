//! Taking a time.
//!
//! The calendars of the people needed are read live first, outside any transaction and with a deadline; the slot is derived
//! again from that; then one transaction writes everything: who is taken, the booking, the event, the mails and jobs to come,
//! the audit row and the answer to this form. What nobody could see until then, another candidate's commit, is refused by the
//! schema.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;

use super::{
    BookError, Booking, Change, Key, inviting, latest, lock_request, note,
    offer::{self, Seating},
    remember, remind, seat, sitting, tell,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    events::{self, NewEvent, Participant},
    ids::{BookingId, LinkToken, OrgId, RequestId},
    outbox::{self, Job},
    people::{Coordinator, Person},
    requests::{self, Panel, Request, link, link::OpenLink},
    scheduling::clock,
    state::AppState,
    store::{
        StoreError, Txn, Violation,
        entities::bookings,
        words::{BookingStatus, ChangeKind, EventKind, ParticipantRole, RequestStatus},
    },
    webhooks,
};

/// How long a booking waits for a calendar that does not answer.
pub const HOLD: TimeDelta = TimeDelta::minutes(15);
/// Contended transactions are tried this often before the visitor is asked to come back.
pub(super) const TRIES: u32 = 5;

/// What a candidate's form asks for.
#[derive(Clone, Debug)]
pub struct Choice {
    pub start: DateTime<Utc>,
    /// The zone they chose by.
    pub zone: Tz,
    pub key: Key,
}

impl Choice {
    pub(super) fn parameters(&self) -> String {
        self.start.to_rfc3339()
    }
}

/// Books the chosen time for the request behind the link. The same form sent again gets the same booking.
pub async fn book(state: &AppState, token: &LinkToken, choice: &Choice, origin: &Origin) -> Result<Booking, BookError> {
    let db = state.store.reader();
    let link = link::open(db, token, state.clock.now()).await?;
    let booker = Booker { org: link.org, request: link.request, actor: Actor::Candidate };
    choice
        .key
        .once(db, link.org, &scope(booker.request), &choice.parameters(), take(state, booker, choice, origin))
        .await
}

/// Books an offered time for the candidate, who told a coordinator which. The same key sent again gets the same booking.
pub async fn on_behalf(
    state: &AppState,
    coordinator: &Coordinator,
    request: RequestId,
    choice: &Choice,
    origin: &Origin,
) -> Result<Booking, BookError> {
    let (db, me) = (state.store.reader(), coordinator.member());
    let booker = Booker { org: me.org, request, actor: Actor::Person(me.person) };
    choice.key.once(db, me.org, &scope(request), &choice.parameters(), take(state, booker, choice, origin)).await
}

/// Who books: whoever holds the link, or a coordinator of the organisation.
#[derive(Clone, Copy)]
struct Booker {
    org: OrgId,
    request: RequestId,
    actor: Actor,
}

async fn take(state: &AppState, booker: Booker, choice: &Choice, origin: &Origin) -> Result<Booking, BookError> {
    let db = state.store.reader();
    let request =
        requests::find(db, booker.org, booker.request).await?.ok_or(BookError::Link(link::LinkError::Unknown))?;
    match request.status {
        RequestStatus::Open => {}
        RequestStatus::Booked => return Err(BookError::AlreadyBooked),
        RequestStatus::Cancelled => return Err(BookError::Closed),
    }
    let panel = requests::panel(db, request.org, request.id).await?;
    let mut seating = offer::seating_at(state, &request, &panel, choice.start, None).await?;
    // Each further choice of people finds at least one more of them taken.
    let mut choices = if panel.has_choice() { panel.required().len() } else { 0 };
    let mut tries = 0;
    loop {
        match commit(state, booker.actor, &request, &panel, &seating, choice, origin).await {
            Err(BookError::Store(error)) if error.is_contention() && tries < TRIES => {
                tries += 1;
                pause(tries).await;
            }
            Err(BookError::SlotTaken) if choices > 0 => {
                choices -= 1;
                seating = offer::seating_again(state, &request, &panel, choice.start, None).await?;
            }
            Ok(booking) => {
                state.wake.notify_one();
                return Ok(booking);
            }
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn scope(request: RequestId) -> String {
    format!("book:{request}")
}

/// A little longer each time, never in step with others.
pub(super) async fn pause(tries: u32) {
    let jitter = u64::from(crate::ids::random_bytes()[0]) % 20;
    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 10 + jitter)).await;
}

async fn commit(
    state: &AppState,
    actor: Actor,
    request: &Request,
    panel: &Panel,
    seating: &Seating,
    choice: &Choice,
    origin: &Origin,
) -> Result<Booking, BookError> {
    let now = state.clock.now();
    let txn = state.store.begin().await?;
    txn.lock_people(&seating.people).await?;
    // The same form may have been sent twice at once: the twin that comes second finds the first one's answer here.
    let locked = lock_request(&txn, request.org, request.id).await?;
    if let Some(answer) = choice.key.answered(&*txn, request.org, &scope(request.id), &choice.parameters()).await? {
        return Ok(answer);
    }
    match locked.status {
        RequestStatus::Open => {}
        RequestStatus::Booked => return Err(BookError::AlreadyBooked),
        RequestStatus::Cancelled => return Err(BookError::Closed),
    }

    let span = seating.span;
    let held = seating.is_held();
    let booking = Booking {
        id: BookingId::new(),
        org: request.org,
        request: request.id,
        status: if held { BookingStatus::Held } else { BookingStatus::Confirmed },
        span,
        zone: choice.zone,
        hold_until: held.then(|| now + HOLD),
    };
    insert(&txn, &booking, now).await.map_err(refused)?;
    seat::take(&txn, &booking, request, &seating.people).await?;
    sitting::keep(&txn, &booking, &seating.why).await?;

    let coordinator = crate::people::find(&*txn, request.org, request.coordinator).await?;
    let coordinator = coordinator.ok_or(BookError::Closed)?;
    let seated: Vec<&Person> = seating.people.iter().filter_map(|id| panel.people.get(id)).collect();
    let event = events::create(
        &txn,
        NewEvent {
            org: request.org,
            kind: EventKind::Interview,
            booking: Some(booking.id),
            owner: request.coordinator,
            summary: summary(request),
            description: description(request),
            location: request.location.clone(),
            video: request.video,
            span,
            zone: request.zone,
            participants: participants(request, &coordinator, &seated, &seating.optional, panel),
            host: inviting::by(&txn, state, &coordinator).await?,
            place_now: !held,
        },
        now,
    )
    .await?;

    let kind = if held { ChangeKind::Held } else { ChangeKind::Booked };
    let change = Change { kind, actor, reason: "", from: None, to: Some(span.start()) };
    remember(&txn, &booking, change, now).await?;
    set_request(&txn, request, RequestStatus::Booked).await?;
    link::extend(&txn, request.org, request.id, span.end()).await?;
    if held {
        outbox::enqueue(&txn, request.org, &Job::SettleHold { booking: booking.id }, now).await?;
        tell::held(&txn, state, request, &booking, &coordinator, now).await?;
    } else {
        tell::booked(&txn, state, request, &booking, &event, &coordinator, now).await?;
        note::booked(&txn, state, request, &booking, now).await?;
        webhooks::tell(&txn, request.org, webhooks::Event::BookingCreated((&booking).into())).await?;
        remind::promise(&txn, request, &booking, now).await?;
    }
    audit::record(
        &txn,
        AuditEntry {
            org: request.org,
            actor,
            action: if held { "booking.held" } else { "booking.made" },
            subject: booking.id.to_string(),
            detail: json!({ "request": request.id, "start": span.start(), "people": seating.people }),
            origin: origin.clone(),
        },
    )
    .await?;
    choice.key.keep(&txn, request.org, &scope(request.id), &choice.parameters(), &booking.id.to_string(), now).await?;
    txn.commit().await?;
    Ok(booking)
}

/// The schema's refusals in our words.
pub(super) fn refused(error: StoreError) -> BookError {
    match error {
        StoreError::Refused(Violation::Overlap) => BookError::SlotTaken,
        StoreError::Refused(Violation::SecondBooking) => BookError::AlreadyBooked,
        error => BookError::Store(error),
    }
}

async fn insert(txn: &Txn, booking: &Booking, now: DateTime<Utc>) -> Result<(), StoreError> {
    bookings::Entity::insert(bookings::ActiveModel {
        id: Set(booking.id),
        org_id: Set(booking.org),
        request_id: Set(booking.request),
        status: Set(booking.status),
        starts_at: Set(booking.span.start().into()),
        ends_at: Set(booking.span.end().into()),
        candidate_zone: Set(booking.zone.name().to_owned()),
        local_start: Set(clock::shown(booking.span.start(), booking.zone)),
        tzdata: Set(chrono_tz::IANA_TZDB_VERSION.to_owned()),
        hold_until: Set(booking.hold_until.map(Into::into)),
        created_at: Set(now.into()),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(())
}

pub(super) async fn set_request(txn: &Txn, request: &Request, status: RequestStatus) -> Result<(), StoreError> {
    use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};

    use crate::store::entities::requests::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .filter(Column::OrgId.eq(request.org))
        .filter(Column::Id.eq(request.id))
        .exec(&**txn)
        .await?;
    Ok(())
}

fn summary(request: &Request) -> String {
    format!("{}: {}", request.interview_type, request.candidate_name)
}

pub(super) fn description(request: &Request) -> String {
    let mut lines =
        vec![format!("{} with {}, {} minutes.", request.interview_type, request.candidate_name, request.duration)];
    if !request.location.is_empty() {
        lines.push(request.location.clone());
    }
    if !request.notes.is_empty() {
        lines.push(request.notes.clone());
    }
    lines.join("\n\n")
}

pub(super) fn participants(
    request: &Request,
    coordinator: &Person,
    seated: &[&Person],
    optional: &[crate::ids::PersonId],
    panel: &Panel,
) -> Vec<Participant> {
    // Who cannot be written to is not invited; that they are taken is kept elsewhere.
    let of = |person: &Person, role| {
        let email = person.contact()?.to_string();
        Some(Participant { person: Some(person.id), email, name: person.name.clone(), role })
    };
    let mut all: Vec<Participant> = of(coordinator, ParticipantRole::Organizer).into_iter().collect();
    let mut add = |one: Participant| {
        // One line per address: a coordinator who interviews, or a candidate who works here, is one attendee.
        if all.iter().all(|other: &Participant| other.email != one.email) {
            all.push(one);
        }
    };
    add(Participant {
        person: None,
        email: request.candidate_email.to_string(),
        name: request.candidate_name.clone(),
        role: ParticipantRole::Candidate,
    });
    seated.iter().filter_map(|person| of(person, ParticipantRole::Interviewer)).for_each(&mut add);
    let optional = optional.iter().filter_map(|id| panel.people.get(id));
    optional.filter_map(|person| of(person, ParticipantRole::Optional)).for_each(&mut add);
    all
}

/// The booking of a link's request, for its pages.
pub async fn of_link(state: &AppState, link: OpenLink) -> Result<Option<Booking>, StoreError> {
    latest(state.store.reader(), link.org, link.request).await
}
