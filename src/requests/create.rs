//! Making a request true: its panel, its typed windows and the candidate's link, in one transaction. A form that is sent twice
//! makes one request.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;

use super::{
    draft::{FieldError, NewRequest},
    link,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    idempotency::{Key, KeyError},
    ids::{Email, OrgId, PersonId, RequestId, SeatId, WindowId},
    people::{self, Coordinator, Person},
    scheduling::{clock, interval::Interval},
    state::AppState,
    store::{
        StoreError, Txn, Violation,
        entities::{manual_windows, requests, seat_members, seats},
        words::{RequestStatus, SeatKind},
    },
    webhooks,
};

/// Every fifteen minutes a start is offered.
pub(crate) const STEP_MINUTES: i32 = 15;

#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Something only the database knows is wrong with a field.
    #[error("a field cannot be used")]
    Field(FieldError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CreateError> for AppError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Field(error) => AppError::new(422, error.code, error.message).field(error.field),
            CreateError::Store(error) => error.into(),
        }
    }
}

impl From<KeyError> for CreateError {
    fn from(error: KeyError) -> Self {
        let refused = |code: &str, message: &str| {
            let (field, code, message) = ("key".to_owned(), code.to_owned(), message.to_owned());
            Self::Field(FieldError { field, code, message })
        };
        match error {
            KeyError::Required => refused("key_required", "The form was incomplete. Send it once more."),
            KeyError::Reused => {
                refused("key_reused", "A request was made of this form already. Send it once more to make another.")
            }
            KeyError::Store(error) => Self::Store(error),
        }
    }
}

/// What tells copies of one form from other forms: its key, and everything that was typed.
#[derive(Clone, Debug)]
pub struct Copy {
    pub key: Key,
    pub typed: String,
}

/// Creates the request. The candidate hears nothing yet: the coordinator sends or copies the link.
pub async fn create(
    state: &AppState,
    coordinator: &Coordinator,
    new: &NewRequest,
    origin: &Origin,
) -> Result<RequestId, CreateError> {
    let txn = state.store.begin().await?;
    let id = write(&txn, state, coordinator, new, origin).await?;
    txn.commit().await?;
    Ok(id)
}

/// The same for a form that may come twice: every copy gets the request of the first.
pub async fn create_once(
    state: &AppState,
    coordinator: &Coordinator,
    new: &NewRequest,
    Copy { key, typed }: &Copy,
    origin: &Origin,
) -> Result<RequestId, CreateError> {
    let org = coordinator.member().org;
    let scope = format!("create:{}", coordinator.member().person);
    let answered = |result: Option<String>| result.and_then(|id| id.parse().ok());
    let txn = state.store.begin().await?;
    if let Some(id) = answered(key.result(&*txn, org, &scope, typed).await?) {
        return Ok(id);
    }
    let id = write(&txn, state, coordinator, new, origin).await?;
    match key.keep(&txn, org, &scope, typed, &id.to_string(), state.clock.now()).await {
        // Sent twice at once: the other one was first, and this one is undone.
        Err(error @ StoreError::Refused(Violation::Duplicate)) => {
            drop(txn);
            answered(key.result(state.store.reader(), org, &scope, typed).await?).ok_or(CreateError::Store(error))
        }
        kept => {
            kept?;
            txn.commit().await?;
            Ok(id)
        }
    }
}

async fn write(
    txn: &Txn,
    state: &AppState,
    coordinator: &Coordinator,
    new: &NewRequest,
    origin: &Origin,
) -> Result<RequestId, CreateError> {
    let now = state.clock.now();
    let org = coordinator.member().org;
    let id = RequestId::new();
    requests::Entity::insert(requests::ActiveModel {
        id: Set(id),
        org_id: Set(org),
        coordinator_id: Set(coordinator.member().person),
        candidate_name: Set(new.candidate_name.to_string()),
        candidate_email: Set(new.candidate_email.to_string()),
        interview_type: Set(new.interview_type.clone()),
        duration_minutes: Set(signed(new.duration)),
        step_minutes: Set(STEP_MINUTES),
        window_start: Set(new.window.start().into()),
        window_end: Set(new.window.end().into()),
        zone: Set(new.zone.name().to_owned()),
        buffer_before_minutes: Set(signed(new.buffer_before)),
        buffer_after_minutes: Set(signed(new.buffer_after)),
        min_notice_minutes: Set(signed(new.min_notice)),
        change_notice_minutes: Set(signed(new.change_notice)),
        location: Set(new.location.clone()),
        video: Set(new.video),
        notes: Set(new.notes.clone()),
        // Numbers: serialising them cannot fail.
        reminder_minutes: Set(serde_json::to_string(&new.reminders).expect("a list of numbers is plain data")),
        application_id: Set(new.application.as_ref().map(ToString::to_string).unwrap_or_default()),
        status: Set(RequestStatus::Open),
        link_sent_at: Set(None),
        link_opened_at: Set(None),
        created_at: Set(now.into()),
    })
    .exec_without_returning(&**txn)
    .await
    .map_err(StoreError::from)?;

    ensure_people(txn, org, new).await?;
    let required = people_of(txn, org, "interviewers", &new.interviewers).await?;
    let optional = people_of(txn, org, "optional", &new.optional).await?;
    let kind = if new.any_of.is_some() { SeatKind::Any } else { SeatKind::All };
    let needed = new.any_of.map_or(required.len(), |needed| needed as usize);
    seat(txn, org, id, 0, kind, needed, &required).await?;
    if !optional.is_empty() {
        seat(txn, org, id, 1, SeatKind::Optional, 0, &optional).await?;
    }

    let everybody: Vec<&Person> = required.iter().chain(&optional).collect();
    let by = coordinator.member().person;
    let hours = |span| Hours { span, zone: new.zone };
    for (email, window) in &new.windows {
        let person = everybody.iter().find(|person| person.email == *email).ok_or_else(|| {
            let message = format!("{email} has typed hours but is not among the interviewers.");
            CreateError::Field(FieldError { field: "windows".to_owned(), code: "window_invalid".to_owned(), message })
        })?;
        typed(txn, org, id, Some(person.id), hours(*window), by, now).await?;
    }
    for window in &new.fallback {
        typed(txn, org, id, None, hours(*window), by, now).await?;
    }

    link::create(txn, &state.keys, org, id, new.window.end(), now).await?;
    webhooks::tell(txn, org, webhooks::Event::RequestCreated { request: id }).await?;
    audit::record(
        txn,
        AuditEntry {
            org,
            actor: Actor::Person(by),
            action: "request.created",
            subject: id.to_string(),
            detail: json!({ "interviewers": required.len(), "optional": optional.len(), "minutes": new.duration }),
            origin: origin.clone(),
        },
    )
    .await?;
    Ok(id)
}

/// Makes interviewers who are not connected of addresses never heard of. In one order for everybody: two requests that name
/// the same new people wait for each other instead of deadlocking.
async fn ensure_people(txn: &Txn, org: OrgId, new: &NewRequest) -> Result<(), StoreError> {
    let mut emails: Vec<&Email> = new.interviewers.iter().chain(&new.optional).collect();
    emails.sort();
    for email in emails {
        people::ensure_interviewer(txn, org, email, &email.guessed_name()).await?;
    }
    Ok(())
}

/// The people behind the addresses, in the order they were named.
async fn people_of(txn: &Txn, org: OrgId, field: &str, emails: &[Email]) -> Result<Vec<Person>, CreateError> {
    let known = people::by_emails(&**txn, org, emails).await?;
    let mut found = Vec::with_capacity(emails.len());
    for email in emails {
        let person = known.iter().find(|person| person.email == *email).cloned();
        match person {
            Some(person) if person.disabled_at.is_none() => found.push(person),
            _ => {
                return Err(CreateError::Field(FieldError {
                    field: field.to_owned(),
                    code: "interviewer_disabled".to_owned(),
                    message: format!("{email} no longer takes part. Choose somebody else."),
                }));
            }
        }
    }
    Ok(found)
}

async fn seat(
    txn: &Txn,
    org: OrgId,
    request: RequestId,
    position: i32,
    kind: SeatKind,
    needed: usize,
    people: &[Person],
) -> Result<(), StoreError> {
    let id = SeatId::new();
    seats::Entity::insert(seats::ActiveModel {
        id: Set(id),
        org_id: Set(org),
        request_id: Set(request),
        position: Set(position),
        kind: Set(kind),
        needed: Set(i32::try_from(needed).unwrap_or(i32::MAX)),
    })
    .exec_without_returning(&**txn)
    .await?;
    let members = people.iter().map(|person| seat_members::ActiveModel {
        org_id: Set(org),
        seat_id: Set(id),
        person_id: Set(person.id),
    });
    seat_members::Entity::insert_many(members).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Hours as somebody typed them: by the clocks of a zone.
struct Hours {
    span: Interval,
    zone: Tz,
}

async fn typed(
    txn: &Txn,
    org: OrgId,
    request: RequestId,
    person: Option<PersonId>,
    hours: Hours,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    manual_windows::Entity::insert(manual_windows::ActiveModel {
        id: Set(WindowId::new()),
        org_id: Set(org),
        request_id: Set(request),
        person_id: Set(person),
        starts_at: Set(hours.span.start().into()),
        ends_at: Set(hours.span.end().into()),
        zone: Set(hours.zone.name().to_owned()),
        local_start: Set(clock::shown(hours.span.start(), hours.zone)),
        local_end: Set(clock::shown(hours.span.end(), hours.zone)),
        tzdata: Set(chrono_tz::IANA_TZDB_VERSION.to_owned()),
        typed_by: Set(by),
        typed_at: Set(now.into()),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(())
}

/// Minutes as stored. Drafts bound them far below what a 32-bit integer holds.
fn signed(minutes: u32) -> i32 {
    i32::try_from(minutes).unwrap_or(i32::MAX)
}
