//! What the applicant-tracking system is told when an interview is booked, moves or ends.
//!
//! Who sits is read from the transaction, so a note is written after people were taken, and before they are freed.

use chrono::{DateTime, Utc};

use super::{Booking, seat};
use crate::{
    ats::{self, News, notes},
    audit::Actor,
    ids::ChangeId,
    people,
    requests::Request,
    scheduling::interval::Interval,
    state::AppState,
    store::{StoreError, Txn, words::NoteKind},
};

/// The interview is certain. Told once a booking, whether at once or after it was held.
pub(super) async fn booked(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let about = booking.id.to_string();
    tell(txn, state, request, Some(booking), Told::new(NoteKind::Booked, about, Actor::Candidate), now).await
}

/// The interview has another time.
pub(super) async fn moved(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    before: Interval,
    (change, actor): (ChangeId, Actor),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let told = Told { before: Some(before), ..Told::new(NoteKind::Moved, change.to_string(), actor) };
    tell(txn, state, request, Some(booking), told, now).await
}

/// The interview, or what should have led to one, is called off. Told only where something was told before.
pub(super) async fn cancelled(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: Option<&Booking>,
    reason: &str,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !notes::was_told(&**txn, request.org, request.id).await? {
        return Ok(());
    }
    // A request ends once.
    let told = Told { reason, ..Told::new(NoteKind::Cancelled, request.id.to_string(), actor) };
    tell(txn, state, request, booking, told, now).await
}

/// What differs from one note to the next.
struct Told<'a> {
    kind: NoteKind,
    about: String,
    actor: Actor,
    before: Option<Interval>,
    reason: &'a str,
}

impl Told<'_> {
    fn new(kind: NoteKind, about: String, actor: Actor) -> Self {
        Self { kind, about, actor, before: None, reason: "" }
    }
}

async fn tell(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: Option<&Booking>,
    told: Told<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if state.ats.is_none() || request.application.is_none() {
        return Ok(());
    }
    let seated = match booking {
        Some(booking) => seat::seated(&**txn, request.org, booking.id).await?,
        None => Vec::new(),
    };
    let seated = people::find_all(&**txn, request.org, &seated).await?;
    let by = match told.actor {
        Actor::Candidate => Some(request.candidate_name.clone()),
        Actor::Person(person) | Actor::InCalendar(_, person) => {
            people::find(&**txn, request.org, person).await?.map(|person| person.name)
        }
        Actor::System => None,
    };
    let news = News {
        org: request.org,
        request: request.id,
        application: request.application.as_ref(),
        kind: told.kind,
        about: told.about,
        candidate: &request.candidate_name,
        interview_type: &request.interview_type,
        minutes: request.duration,
        zone: request.zone,
        time: booking.map(|booking| booking.span),
        before: told.before,
        interviewers: seated.into_iter().map(|person| person.name).collect(),
        by: by.as_deref().unwrap_or("Convene"),
        reason: told.reason,
    };
    ats::tell(txn, state, news, now).await
}
