//! Carries out what [`plan`](super::plan) says for one event. Safe to run twice and after a crash at any point: the provider's
//! id follows from the event, so a repeated put finds the event of the first.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::plan::{Action, plan};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{AccessToken, Alert, Attendee, Calendar, CalendarError, EventDraft, Placed, Removal},
    connections::{self, Services, alerts, revocation, tokens::AccessError},
    events::{self, Event, Placement, theirs::Theirs},
    ids::{ConnectionId, EventId, OrgId},
    outbox::{self, Job, JobError, Reason},
    people::preferences,
    state::AppState,
    store::{
        Stamp, StoreError, Txn,
        entities::placements,
        words::{self, Direction, EventStatus, Inviter, ParticipantRole},
    },
};

/// How long after an unconfirmed put a removal that finds nothing looks again: what the provider took from us late has appeared
/// by then.
const LOOK_AGAIN: [TimeDelta; 2] = [TimeDelta::minutes(2), TimeDelta::minutes(15)];

/// What guests are told whose invitation gives way to another.
const REPLACED: &str = "The interview takes place at the same time. Another invitation replaces this one.";

/// Brings every calendar the event belongs on in line with it.
pub async fn place_event(state: &AppState, org: OrgId, id: EventId) -> Result<(), JobError> {
    let db = state.store.reader();
    // An event that was never committed, or whose organisation was erased, needs nothing.
    let Some(event) = events::find(db, org, id).await? else { return Ok(()) };
    let mut look_again = None;
    for placement in events::placements_of(db, org, id).await? {
        match plan(&event, &placement) {
            Action::Nothing => {}
            Action::Put => put(state, &event, &placement).await?,
            Action::Remove => look_again = look_again.max(remove(state, &event, &placement).await?),
        }
    }
    look_again.map_or(Ok(()), |after| Err(JobError::Later { after }))
}

async fn put(state: &AppState, event: &Event, placement: &Placement) -> Result<(), JobError> {
    if !announce(state, event, placement).await? {
        // Changed or cancelled since we looked: the job of that change does what is wanted now.
        return Ok(());
    }
    // As its owner wants it now: what they change later counts from the next write on.
    let wanted = preferences::preference(state.store.reader(), event.org, event.owner, event.kind).await?;
    let (draft, last) = (draft(event, placement, wanted.alert), last(placement));
    let (draft, last) = (&draft, last.as_ref());
    let outcome = with_calendar(state, event, placement, |calendar, token| async move {
        calendar.put(&token, &placement.calendar, draft, last).await
    });
    match outcome.await {
        Ok(placed) => Ok(record(state, event, placement, Some(placed)).await?),
        // Somebody moved or deleted it there meanwhile, which is not ours to undo: what follows is decided after a look.
        Err(error) if placement.stands() && matches!(error.reason(), Some(Reason::Moved | Reason::Gone)) => {
            let (txn, now) = (state.store.begin().await?, state.clock.now());
            outbox::enqueue_once(&txn, event.org, &Job::FollowEvent { event: event.id }, now, now).await?;
            Ok(txn.commit().await?)
        }
        Err(error) => {
            if error.reason() != Some(Reason::UnknownOutcome) {
                unannounce(state, placement, event.org).await?;
            }
            Err(error)
        }
    }
}

/// When to look again, if what was not there may still appear.
async fn remove(state: &AppState, event: &Event, placement: &Placement) -> Result<Option<Duration>, JobError> {
    let (draft, last) = (draft(event, placement, words::Alert::Usual), last(placement));
    let (draft, last) = (&draft, last.as_ref());
    let comment = if is_replaced(state, event).await? { REPLACED } else { "" };
    let outcome = with_calendar(state, event, placement, |calendar, token| async move {
        calendar.cancel(&token, &placement.calendar, draft, last, comment).await
    });
    let removal = outcome.await?;
    // What was written down while we asked counts too: the put of a worker that is slower than its lease.
    let since = unconfirmed_since(state, event, placement).await?.filter(|_| removal == Removal::NotThere);
    let now = state.clock.now();
    let again = since.and_then(|since| LOOK_AGAIN.iter().map(|after| since + *after).find(|look| *look > now));
    if let Some(look) = again {
        return Ok((look - now).to_std().ok());
    }
    record(state, event, placement, None).await?;
    Ok(None)
}

/// Whether another event stands for the same interview.
async fn is_replaced(state: &AppState, event: &Event) -> Result<bool, StoreError> {
    let Some(booking) = event.booking else { return Ok(false) };
    let latest = events::of_booking(state.store.reader(), event.org, booking).await?;
    Ok(latest.is_some_and(|latest| latest.id != event.id && latest.status == EventStatus::Confirmed))
}

/// Makes a call with the calendar the event is placed on. What leaves a calendar that was disconnected is taken off with the grant
/// that is about to be handed back.
pub(super) async fn with_calendar<T, F, R>(
    state: &AppState,
    event: &Event,
    placement: &Placement,
    call: F,
) -> Result<T, JobError>
where
    F: Fn(Arc<dyn Calendar>, AccessToken) -> R,
    R: Future<Output = Result<T, CalendarError>>,
{
    let connection = connections::find(state.store.reader(), event.org, placement.connection).await?;
    let connection = connection.ok_or(JobError::GiveUp { reason: Reason::NotConnected })?;
    let client = state.services.calendars.get(connection.provider);
    let client = client.ok_or(JobError::GiveUp { reason: Reason::NotSetUp })?;
    let call = |token| call(client.calendar.clone(), token);
    let (services, org, id) = (&state.services, event.org, placement.connection);
    let outcome = match connections::tokens::with_access(services, org, id, call).await {
        Err(AccessError::NotConnected) if plan(event, placement) == Action::Remove => {
            revocation::with_last_access(services, org, id, call).await
        }
        outcome => outcome,
    };
    outcome.map_err(|error| job_error(error, id))
}

/// The provider's last receipt.
pub(super) fn last(placement: &Placement) -> Option<Placed> {
    let told = |text: &String| (!text.is_empty()).then(|| text.clone());
    Some(Placed {
        provider_id: told(&placement.provider_id)?,
        etag: told(&placement.etag),
        join_url: told(&placement.join_url),
        ical_uid: told(&placement.ical_uid),
        span: placement.seen.and_then(Theirs::span),
    })
}

/// Writes down that an event is about to be sent, before it is: whatever becomes of this process then, a removal knows that it
/// may appear. False if the event is no longer what was to be sent.
async fn announce(state: &AppState, event: &Event, placement: &Placement) -> Result<bool, StoreError> {
    if !placement.provider_id.is_empty() {
        // It stands there under a known id; nothing unknown can appear.
        return Ok(true);
    }
    let txn = state.store.begin().await?;
    if events::find(&*txn, event.org, event.id).await?.is_none_or(|wanted| wanted.revision != event.revision) {
        return Ok(false);
    }
    set_unconfirmed(&txn, event.org, placement, Some(state.clock.now())).await?;
    txn.commit().await?;
    Ok(true)
}

/// Nothing was written: what was known before holds again.
async fn unannounce(state: &AppState, placement: &Placement, org: OrgId) -> Result<(), StoreError> {
    let txn = state.store.begin().await?;
    set_unconfirmed(&txn, org, placement, placement.unconfirmed_since).await?;
    txn.commit().await
}

async fn set_unconfirmed(
    txn: &Txn,
    org: OrgId,
    placement: &Placement,
    since: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let change = placements::ActiveModel { unconfirmed_since: Set(since.map(Stamp::from)), ..Default::default() };
    update(txn, org, placement, change).await
}

async fn unconfirmed_since(
    state: &AppState,
    event: &Event,
    placement: &Placement,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let all = events::placements_of(state.store.reader(), event.org, event.id).await?;
    Ok(all.into_iter().find(|one| one.id == placement.id).and_then(|one| one.unconfirmed_since))
}

async fn update(
    txn: &Txn,
    org: OrgId,
    placement: &Placement,
    change: placements::ActiveModel,
) -> Result<(), StoreError> {
    placements::Entity::update_many()
        .set(change)
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::Id.eq(placement.id))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// What the calendars should show.
pub(super) fn draft(event: &Event, placement: &Placement, alert: words::Alert) -> EventDraft {
    let attendees = event.participants.iter().filter(|one| one.role != ParticipantRole::Organizer);
    EventDraft {
        uid: event.uid.clone(),
        marker: event.id.to_string(),
        generation: placement.generation,
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
        alert: match (alert, alert.minutes()) {
            (words::Alert::Silent, _) => Alert::Silent,
            (_, Some(minutes)) => Alert::Before(minutes),
            (_, None) => Alert::Usual,
        },
    }
}

/// The receipt of a put, or that it is off the calendar. If the event was changed while we spoke with the calendar, another look
/// is promised with it: the job of that change may be done already (by a worker that took over from us when our lease ran
/// out), and what we just did undid it.
async fn record(
    state: &AppState,
    event: &Event,
    placement: &Placement,
    placed: Option<Placed>,
) -> Result<(), StoreError> {
    let now = Stamp::from(state.clock.now());
    let txn = state.store.begin().await?;
    // What stands there now is what we know of: the next look is compared with it.
    let shows = if placed.is_some() { Theirs::At(event.span) } else { Theirs::Gone };
    let mut row = placements::ActiveModel {
        last_synced_at: Set(Some(now)),
        last_error: Set(String::new()),
        placed_revision: Set(event.revision),
        unconfirmed_since: Set(None),
        ..shows.columns()
    };
    let is_off = placed.is_none();
    let verb = match placed {
        Some(placed) => {
            row.provider_id = Set(placed.provider_id);
            row.etag = Set(placed.etag.unwrap_or_default());
            row.join_url = Set(placed.join_url.unwrap_or_default());
            row.ical_uid = Set(placed.ical_uid.unwrap_or_default());
            row.removed_at = Set(None);
            "event.placed"
        }
        None => {
            row.removed_at = Set(Some(now));
            "event.removed"
        }
    };
    update(&txn, event.org, placement, row).await?;
    if is_off && placement.is_withdrawn {
        events::leaving::forget(&txn, placement).await?;
    }
    if let Some(connection) = connections::find(&*txn, event.org, placement.connection).await? {
        alerts::succeeded(&txn, &connection, Direction::Out).await?;
    }
    // What we know of this calendar is from before.
    connections::busy::forget(&txn, event.org, placement.connection).await?;
    let now_wanted = events::find(&*txn, event.org, event.id).await?;
    if now_wanted.is_some_and(|wanted| wanted.revision != event.revision) {
        outbox::enqueue(&txn, event.org, &Job::PlaceEvent { event: event.id }, state.clock.now()).await?;
    }
    let detail = serde_json::json!({ "revision": event.revision, "connection": placement.connection });
    note(&txn, event, verb, detail).await?;
    txn.commit().await
}

/// Keeps why a try failed where people look for it.
pub async fn failed(txn: &Txn, services: &Services, org: OrgId, id: EventId, reason: Reason) -> Result<(), StoreError> {
    let Some(event) = events::find(&**txn, org, id).await? else { return Ok(()) };
    let mut counted = false;
    for placement in events::placements_of(&**txn, org, id).await? {
        let verb = match plan(&event, &placement) {
            Action::Put => "event.place_failed",
            Action::Remove => "event.remove_failed",
            Action::Nothing => continue,
        };
        let change = placements::ActiveModel { last_error: Set(reason.code().to_owned()), ..Default::default() };
        update(txn, org, &placement, change).await?;
        let detail = serde_json::json!({ "reason": reason.code(), "connection": placement.connection });
        note(txn, &event, verb, detail).await?;
        // They are tried one after the other, up to the first that fails.
        if !counted {
            alerts::failed(services, txn, org, placement.connection, Direction::Out, reason.code()).await?;
            counted = true;
        }
    }
    Ok(())
}

async fn note(txn: &Txn, event: &Event, action: &'static str, detail: serde_json::Value) -> Result<(), StoreError> {
    let (org, actor, subject, origin) = (event.org, Actor::System, event.id.to_string(), Origin::default());
    audit::record(txn, AuditEntry { org, actor, action, subject, detail, origin }).await
}

/// What follows for a job when a call to this connection failed.
pub fn job_error(error: AccessError, connection: ConnectionId) -> JobError {
    tracing::warn!(%connection, %error, "a calendar was not brought in line");
    let retry = |reason| JobError::Retry { after: None, reason };
    match error {
        AccessError::Expired => JobError::Park { connection, reason: Reason::SignInExpired },
        AccessError::NotConnected => JobError::Park { connection, reason: Reason::NotConnected },
        // An operator puts the key back; the promise stays.
        AccessError::Sealed(_) => retry(Reason::KeyMissing),
        AccessError::Store(_) => retry(Reason::Database),
        AccessError::Calendar(error) => match error {
            CalendarError::SignInExpired => JobError::Park { connection, reason: Reason::SignInExpired },
            CalendarError::PermissionMissing(_) => JobError::Park { connection, reason: Reason::PermissionMissing },
            CalendarError::RateLimited { retry_after } => {
                JobError::Retry { after: retry_after, reason: Reason::RateLimited }
            }
            CalendarError::Gone | CalendarError::CursorGone => JobError::GiveUp { reason: Reason::Gone },
            CalendarError::Rejected(_) => JobError::GiveUp { reason: Reason::Rejected },
            CalendarError::Conflict { .. } => retry(Reason::Conflict),
            CalendarError::Moved(_) => retry(Reason::Moved),
            CalendarError::Unavailable(_) => retry(Reason::Unavailable),
            CalendarError::UnknownOutcome(_) => retry(Reason::UnknownOutcome),
        },
    }
}
