//! Carries out what [`plan`](super::plan) says for one event. Safe to run twice and after a crash at any point: the provider's
//! id follows from the event, so a repeated put finds the event of the first.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::plan::{Action, plan};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{Attendee, CalendarError, EventDraft, Placed},
    connections::{self, tokens::AccessError},
    events::{self, Event, Placement},
    ids::{ConnectionId, EventId},
    outbox::{self, Job, JobError},
    state::AppState,
    store::{
        Stamp, StoreError,
        entities::placements,
        words::{Inviter, ParticipantRole},
    },
};

/// Brings every calendar the event belongs on in line with it.
pub async fn place_event(state: &AppState, id: EventId) -> Result<(), JobError> {
    let db = state.store.reader();
    // An event that was never committed, or whose organisation was erased, needs nothing.
    let Some(event) = events::find(db, id).await? else { return Ok(()) };
    for placement in events::placements_of(db, event.org, id).await? {
        let action = plan(&event, &placement);
        if action == Action::Nothing {
            continue;
        }
        let outcome = carry_out(state, &event, &placement, action).await;
        match outcome {
            Ok(placed) => record(state, &event, &placement, action, placed).await?,
            Err(error) => {
                note_error(state, &placement, &error).await?;
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn carry_out(
    state: &AppState,
    event: &Event,
    placement: &Placement,
    action: Action,
) -> Result<Option<Placed>, JobError> {
    let connection = connections::find(state.store.reader(), event.org, placement.connection).await?;
    let Some(connection) = connection else {
        return Err(JobError::GiveUp { reason: "the calendar is no longer connected".to_owned() });
    };
    let calendar = state.services.calendars.get(connection.provider).ok_or_else(|| JobError::GiveUp {
        reason: format!("{} is not set up on this server", connection.provider.label()),
    })?;
    let draft = draft(event);
    let last = (!placement.provider_id.is_empty()).then(|| Placed {
        provider_id: placement.provider_id.clone(),
        etag: (!placement.etag.is_empty()).then(|| placement.etag.clone()),
        join_url: (!placement.join_url.is_empty()).then(|| placement.join_url.clone()),
        ical_uid: None,
    });
    let (calendar, draft, last) = (&calendar.calendar, &draft, last.as_ref());
    let target = placement.calendar.as_str();
    let outcome =
        connections::tokens::with_access(&state.services, event.org, placement.connection, move |token| async move {
            match action {
                Action::Put => calendar.put(&token, target, draft, last).await.map(Some),
                Action::Remove => calendar.cancel(&token, target, draft, last, "").await.map(|()| None),
                Action::Nothing => Ok(None),
            }
        });
    outcome.await.map_err(|error| job_error(error, placement.connection))
}

/// What the calendars should show.
fn draft(event: &Event) -> EventDraft {
    let attendees = event.participants.iter().filter(|one| one.role != ParticipantRole::Organizer);
    EventDraft {
        uid: event.uid.clone(),
        marker: event.id.to_string(),
        generation: 0,
        sequence: event.sequence,
        summary: event.summary.clone(),
        description: event.description.clone(),
        location: (!event.location.is_empty()).then(|| event.location.clone()),
        span: event.span,
        zone: event.zone,
        attendees: attendees
            .map(|one| Attendee {
                email: one.email.clone(),
                name: Some(one.name.clone()),
                optional: one.role == ParticipantRole::Optional,
            })
            .collect(),
        video: event.video,
        notify: event.inviter == Inviter::Provider,
    }
}

/// The receipt. If the event was changed while we spoke with the calendar, another look is promised with it: the job of that
/// change may be done already (by a worker that took over from us when our lease ran out), and what we just did undid it.
async fn record(
    state: &AppState,
    event: &Event,
    placement: &Placement,
    action: Action,
    placed: Option<Placed>,
) -> Result<(), StoreError> {
    let now = Stamp::from(state.clock.now());
    let txn = state.store.begin().await?;
    let mut row = placements::ActiveModel {
        last_synced_at: Set(Some(now)),
        last_error: Set(String::new()),
        placed_revision: Set(event.revision),
        ..Default::default()
    };
    let verb = match (action, placed) {
        (Action::Put, Some(placed)) => {
            row.provider_id = Set(placed.provider_id);
            row.etag = Set(placed.etag.unwrap_or_default());
            row.join_url = Set(placed.join_url.unwrap_or_default());
            row.removed_at = Set(None);
            "event.placed"
        }
        _ => {
            row.removed_at = Set(Some(now));
            "event.removed"
        }
    };
    placements::Entity::update_many()
        .set(row)
        .filter(placements::Column::OrgId.eq(event.org))
        .filter(placements::Column::Id.eq(placement.id))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    let now_wanted = events::find(&*txn, event.id).await?;
    if now_wanted.is_some_and(|wanted| wanted.revision != event.revision) {
        outbox::enqueue(&txn, event.org, &Job::PlaceEvent { event: event.id }, state.clock.now()).await?;
    }
    audit::record(
        &txn,
        AuditEntry {
            org: event.org,
            actor: Actor::System,
            action: verb,
            subject: event.id.to_string(),
            detail: serde_json::json!({ "revision": event.revision, "connection": placement.connection }),
            origin: Origin::default(),
        },
    )
    .await?;
    txn.commit().await
}

/// Keeps the latest reason where people look for it.
async fn note_error(state: &AppState, placement: &Placement, error: &JobError) -> Result<(), StoreError> {
    let (JobError::Retry { reason, .. } | JobError::Park { reason, .. } | JobError::GiveUp { reason }) = error;
    let txn = state.store.begin().await?;
    placements::Entity::update_many()
        .col_expr(placements::Column::LastError, Expr::value(reason.clone()))
        .filter(placements::Column::Id.eq(placement.id))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    txn.commit().await
}

/// What follows for a job when a call to this connection failed.
pub fn job_error(error: AccessError, connection: ConnectionId) -> JobError {
    let reason = error.to_string();
    match error {
        AccessError::Expired | AccessError::NotConnected => JobError::Park { connection, reason },
        // An operator puts the key back; the promise stays.
        AccessError::Sealed(_) => JobError::Retry { after: None, reason },
        AccessError::Store(error) => error.into(),
        AccessError::Calendar(error) => match error {
            CalendarError::SignInExpired | CalendarError::PermissionMissing(_) => JobError::Park { connection, reason },
            CalendarError::RateLimited { retry_after } => JobError::Retry { after: retry_after, reason },
            CalendarError::Gone | CalendarError::Rejected(_) => JobError::GiveUp { reason },
            CalendarError::Conflict { .. } | CalendarError::Unavailable(_) | CalendarError::UnknownOutcome(_) => {
                JobError::Retry { after: None, reason }
            }
        },
    }
}
