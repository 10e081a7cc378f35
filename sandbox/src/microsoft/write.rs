//! Writing events: create, update, delete, cancel, and the mails Exchange sends for each, which nothing can suppress.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::ask::{Ask, Permission};
use super::draft::{self, Notice};
use super::errors::GraphError;
use super::mailbox::{self, Found};
use super::schema::{CANCEL, EVENT, action_body, json_body};
use super::{events, ids, online, render, series};
use crate::world::ics::Method;
use crate::world::invitations::Invitation;
use crate::world::{Attendee, Event, EventStatus, Provider, State};

/// POST /me/events and /me/calendar/events
pub async fn create_default(ask: Ask, body: Bytes) -> Result<Response, GraphError> {
    create(&ask, None, &body)
}

/// POST /me/calendars/{id}/events
pub async fn create_in(ask: Ask, Path(calendar): Path<String>, body: Bytes) -> Result<Response, GraphError> {
    create(&ask, Some(&calendar), &body)
}

fn create(ask: &Ask, calendar: Option<&str>, body: &[u8]) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let body = json_body(body)?;
    EVENT.check(&body)?;
    let body = body.as_object().cloned().unwrap_or_default();
    let mut state = ask.world.lock();
    let calendar = events::calendar_id(ask, &state, calendar)?;
    let transaction = body.get("transactionId").and_then(Value::as_str).filter(|id| !id.is_empty());
    if let Some(first) = transaction.and_then(|id| mailbox::by_transaction(&state, &ask.account, id)) {
        drop(state);
        return Ok(events::answer(ask, StatusCode::CREATED, &first));
    }
    let Some((span, start_zone, end_zone)) = draft::span(&body, None)? else {
        return Err(GraphError::cannot("The event needs a start and an end."));
    };
    let now = state.now();
    let id = ids::event();
    let uid = format!("040000008200E00074C5B7101A82E008{}", crate::oauth::random::hex(20).to_uppercase());
    let mut event = Event::new(&calendar, &id, &uid, &ask.account.email, span, now);
    event.organizer.name = Some(ask.account.name.clone());
    event.extra.insert("originalStartTimeZone".into(), json!(start_zone.name));
    event.extra.insert("originalEndTimeZone".into(), json!(end_zone.name));
    draft::apply(&body, &mut event)?;
    online::wanted(&body, &mut event, ask.is_work());
    let shown = match body.get("recurrence").filter(|recurrence| !recurrence.is_null()) {
        Some(recurrence) => {
            let series = ids::event();
            let occurrences = series::occurrences(&event, recurrence, &series, &start_zone)?;
            for occurrence in &occurrences {
                state.put(occurrence.clone());
            }
            tell_all(&mut state, &occurrences, Method::Request);
            found(mailbox::find(&state, &ask.account, &series)?).0
        }
        None => {
            let event = state.put(event).clone();
            tell(&mut state, &event, Method::Request, &event.attendees, true);
            event
        }
    };
    drop(state);
    Ok(events::answer(ask, StatusCode::CREATED, &shown))
}

/// PATCH /me/events/{id}
pub async fn update(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let body = json_body(&body)?;
    EVENT.check(&body)?;
    let body = body.as_object().cloned().unwrap_or_default();
    if body.contains_key("transactionId") {
        let message = "The property 'transactionId' cannot be changed once the event exists.";
        return Err(GraphError::bad("ErrorInvalidPropertySet", message));
    }
    let mut state = ask.world.lock();
    let shown = match mailbox::find(&state, &ask.account, &id)? {
        Found::One(event) => {
            check_match(&ask, &event)?;
            change(&mut state, &ask, *event, &body)?
        }
        Found::Series(master, occurrences) => {
            check_match(&ask, &master)?;
            if ["start", "end", "isAllDay", "recurrence"].iter().any(|name| body.contains_key(*name)) {
                // The sandbox keeps occurrences, not rules, so it cannot move a series as a whole.
                return Err(GraphError::cannot(
                    "The times of a series cannot be changed here; change its occurrences.",
                ));
            }
            for occurrence in occurrences {
                change(&mut state, &ask, occurrence, &body)?;
            }
            found(mailbox::find(&state, &ask.account, &id)?).0
        }
    };
    drop(state);
    Ok(events::answer(&ask, StatusCode::OK, &shown))
}

/// Writes one changed event and mails whom Exchange would mail.
fn change(state: &mut State, ask: &Ask, old: Event, body: &Map<String, Value>) -> Result<Event, GraphError> {
    let mut event = old.clone();
    let mut notice = draft::apply(body, &mut event)?;
    if let Some((span, start_zone, end_zone)) = draft::span(body, Some(&old))?
        && span != old.span
    {
        series::check_neighbours(state, &old, &span)?;
        event.span = span;
        event.extra.insert("originalStartTimeZone".into(), json!(start_zone.name));
        event.extra.insert("originalEndTimeZone".into(), json!(end_zone.name));
        if event.is_organized_by(&ask.account.email) {
            draft::ask_again(&mut event);
        }
        notice = Notice::Everybody;
    }
    online::wanted(body, &mut event, ask.is_work());
    online::lost_with_body(body, &mut event);
    let organizes = event.is_organized_by(&ask.account.email);
    event.sequence += u32::from(organizes && notice == Notice::Everybody);
    let stored = state.put(event).clone();
    if organizes {
        let gone: Vec<Attendee> = missing(&old.attendees, &stored.attendees);
        let told = match notice {
            Notice::Everybody => stored.attendees.clone(),
            Notice::Changed => missing(&stored.attendees, &old.attendees),
            Notice::Nobody => Vec::new(),
        };
        // Who is gone is named in the cancellation, so it is made from what the event was.
        let before = Event { sequence: stored.sequence, ..old };
        tell(state, &before, Method::Cancel, &gone, true);
        tell(state, &stored, Method::Request, &told, true);
    }
    Ok(stored)
}

/// Those of `all` that are not among `others`.
fn missing(all: &[Attendee], others: &[Attendee]) -> Vec<Attendee> {
    all.iter().filter(|guest| !others.iter().any(|other| other.is(&guest.email))).cloned().collect()
}

/// DELETE /me/events/{id}
pub async fn delete(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let mut state = ask.world.lock();
    let (shown, all) = found(mailbox::find(&state, &ask.account, &id)?);
    check_match(&ask, &shown)?;
    remove(&mut state, &ask, all, None);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// POST /me/events/{id}/cancel
pub async fn cancel(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let body = action_body(&body)?;
    CANCEL.check(&body)?;
    let mut state = ask.world.lock();
    let (shown, all) = found(mailbox::find(&state, &ask.account, &id)?);
    if !shown.is_organized_by(&ask.account.email) {
        return Err(GraphError::cannot("You need to be an organizer to cancel a meeting."));
    }
    remove(&mut state, &ask, all, body["comment"].as_str().filter(|comment| !comment.is_empty()));
    Ok(StatusCode::ACCEPTED.into_response())
}

/// What stands for it in answers, and every event it is made of.
fn found(found: Found) -> (Event, Vec<Event>) {
    match found {
        Found::One(event) => (*event.clone(), vec![*event]),
        Found::Series(master, occurrences) => (*master, occurrences),
    }
}

/// Takes events out of the mailbox; guests of an organizer's meeting are told, with the comment if there is one.
fn remove(state: &mut State, ask: &Ask, all: Vec<Event>, comment: Option<&str>) {
    let mut told = Vec::new();
    for mut event in all {
        let organizes = event.is_organized_by(&ask.account.email);
        event.sequence += u32::from(organizes);
        if organizes {
            told.push(Event { description: comment.unwrap_or(&event.description).to_owned(), ..event.clone() });
        }
        event.status = EventStatus::Cancelled;
        event.extra.insert("deleted".into(), json!(true));
        state.put(event);
    }
    tell_all(state, &told, Method::Cancel);
}

/// One mail per guest for a whole series, and every occurrence in their calendars.
fn tell_all(state: &mut State, occurrences: &[Event], method: Method) {
    for (index, event) in occurrences.iter().enumerate() {
        tell(state, event, method, &event.attendees, index == 0);
    }
}

/// Mails these guests and keeps their copies in step.
fn tell(state: &mut State, event: &Event, method: Method, guests: &[Attendee], mail: bool) {
    for guest in guests {
        let invitation = Invitation { method, event, provider: Provider::Microsoft, guest: &guest.email, mail };
        state.deliver_invitation(&invitation);
    }
}

/// 412 if the client's change key is not the current one.
fn check_match(ask: &Ask, event: &Event) -> Result<(), GraphError> {
    match ask.if_match.as_deref() {
        Some(tag) if tag != "*" && tag != render::etag(event) => {
            let message = "The send or update operation could not be performed because the change key passed in the \
                           request does not match the current change key for the item.";
            Err(GraphError::new(StatusCode::PRECONDITION_FAILED, "ErrorIrresolvableConflict", message))
        }
        _ => Ok(()),
    }
}
