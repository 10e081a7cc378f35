//! Making a request true: its panel, its typed windows and the candidate's link, in one transaction.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;

use super::{
    draft::{FieldError, NewRequest},
    link,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    ids::{Email, OrgId, PersonId, RequestId, SeatId, WindowId},
    people::{self, Coordinator, Person},
    scheduling::interval::Interval,
    state::AppState,
    store::{
        StoreError, Txn,
        entities::{manual_windows, requests, seat_members, seats},
        words::{RequestStatus, SeatKind},
    },
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

/// Creates the request. The candidate hears nothing yet: the coordinator sends or copies the link.
pub async fn create(
    state: &AppState,
    coordinator: &Coordinator,
    new: &NewRequest,
    origin: &Origin,
) -> Result<RequestId, CreateError> {
    let now = state.clock.now();
    let org = coordinator.member().org;
    let txn = state.store.begin().await?;
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
        status: Set(RequestStatus::Open),
        link_sent_at: Set(None),
        link_opened_at: Set(None),
        created_at: Set(now.into()),
    })
    .exec_without_returning(&*txn)
    .await
    .map_err(StoreError::from)?;

    let required = people_of(&txn, org, "interviewers", &new.interviewers).await?;
    let optional = people_of(&txn, org, "optional", &new.optional).await?;
    let kind = if new.any_of.is_some() { SeatKind::Any } else { SeatKind::All };
    let needed = new.any_of.map_or(required.len(), |needed| needed as usize);
    seat(&txn, org, id, 0, kind, needed, &required).await?;
    if !optional.is_empty() {
        seat(&txn, org, id, 1, SeatKind::Optional, 0, &optional).await?;
    }

    let everybody: Vec<&Person> = required.iter().chain(&optional).collect();
    for (email, window) in &new.windows {
        let person = everybody.iter().find(|person| person.email == *email).ok_or_else(|| {
            let message = format!("{email} has typed hours but is not among the interviewers.");
            CreateError::Field(FieldError { field: "windows".to_owned(), code: "window_invalid".to_owned(), message })
        })?;
        typed(&txn, org, id, Some(person.id), *window, coordinator.member().person, now).await?;
    }
    for window in &new.fallback {
        typed(&txn, org, id, None, *window, coordinator.member().person, now).await?;
    }

    link::create(&txn, &state.keys, org, id, new.window.end(), now).await?;
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor: Actor::Person(coordinator.member().person),
            action: "request.created",
            subject: id.to_string(),
            detail: json!({ "interviewers": required.len(), "optional": optional.len(), "minutes": new.duration }),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    Ok(id)
}

/// The people behind the addresses; those never heard of become interviewers who are not connected.
async fn people_of(txn: &Txn, org: OrgId, field: &str, emails: &[Email]) -> Result<Vec<Person>, CreateError> {
    let mut found = Vec::with_capacity(emails.len());
    for email in emails {
        let id = people::ensure_interviewer(txn, org, email, &email.guessed_name()).await?;
        let person = people::find(&**txn, org, id).await?;
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

async fn typed(
    txn: &Txn,
    org: OrgId,
    request: RequestId,
    person: Option<PersonId>,
    window: Interval,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    manual_windows::Entity::insert(manual_windows::ActiveModel {
        id: Set(WindowId::new()),
        org_id: Set(org),
        request_id: Set(request),
        person_id: Set(person),
        starts_at: Set(window.start().into()),
        ends_at: Set(window.end().into()),
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
