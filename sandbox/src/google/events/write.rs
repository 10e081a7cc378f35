//! insert, import, patch, update, delete.

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response as HttpResponse;
use serde_json::{Map, Value, json};

use super::draft::{Draft, Versions, merge};
use super::notify::{Updates, announce};
use super::{View, answer, if_match, resource};
use crate::faults::Answer;
use crate::google::access::{Caller, Parameters, object};
use crate::google::errors::{invalid, known, missing};
use crate::google::scopes::Method;
use crate::oauth::random;
use crate::world::event::Organizer;
use crate::world::{Calendar, Event, EventStatus, Response, Span, State, World};

fn versions(parameters: &Parameters) -> Result<Versions, Answer> {
    let conference = match parameters.get("conferenceDataVersion") {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return Err(invalid("Invalid value for: conferenceDataVersion")),
    };
    Ok(Versions { conference, attachments: parameters.flag("supportsAttachments") })
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// `POST …/events`.
pub async fn insert(
    Shared(world): Shared<World>,
    Path(calendar): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<HttpResponse, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsInsert)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    let updates = Updates::read(&parameters)?;
    let body = object(&body)?;
    let draft = Draft::read(&body, None, calendar.zone, &calendar.id, versions(&parameters)?)?;
    let id = match text(&body, "id") {
        Some(_) if body.contains_key("iCalUID") => return Err(invalid("Only one of id and iCalUID may be given.")),
        Some(id) if is_client_id(id) => id.to_owned(),
        Some(_) => return Err(known("invalidId")),
        None => random::hex(13),
    };
    if state.event(&calendar.id, &id).is_some() {
        return Err(known("duplicate"));
    }
    let uid = text(&body, "iCalUID").map_or_else(|| format!("{id}@google.com"), str::to_owned);
    let mut event = Event::new(&calendar.id, &id, &uid, &calendar.id, draft.span.clone(), state.now());
    if calendar.primary {
        event.organizer.name = Some(caller.account.name.clone());
    }
    event.sequence = draft.sequence.unwrap_or_default();
    draft.apply(&mut event);
    event.extra.insert("creator".to_owned(), json!(caller.account.email));
    let stored = state.put(event).clone();
    announce(&mut state, None, &stored, updates);
    Ok(answer(&stored, &View::new(&caller, &calendar, &parameters)?))
}

/// 5 to 1024 characters of base32hex in lower case.
fn is_client_id(id: &str) -> bool {
    (5..=1024).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'a'..=b'v' | b'0'..=b'9'))
}

/// `POST …/events/import`: a private copy of somebody's event. Nobody is told.
pub async fn import(
    Shared(world): Shared<World>,
    Path(calendar): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<HttpResponse, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsImport)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    let body = object(&body)?;
    let uid = text(&body, "iCalUID").filter(|uid| !uid.is_empty()).ok_or_else(|| missing("Missing iCalUID."))?;
    if text(&body, "eventType").is_some_and(|kind| kind != "default") {
        return Err(invalid("Only default events can be imported."));
    }
    let old = state.events_in(&calendar.id).find(|event| event.ical_uid == uid).cloned();
    let draft = Draft::read(&body, old.as_ref(), calendar.zone, &calendar.id, versions(&parameters)?)?;
    if let (Some(old), Some(sequence)) = (&old, draft.sequence) {
        refuse_lower(sequence, old.sequence)?;
    }
    let mut event = old.unwrap_or_else(|| {
        let id = format!("_{}", random::hex(20));
        Event::new(&calendar.id, &id, uid, &calendar.id, draft.span.clone(), state.now())
    });
    if let Some(email) = body.get("organizer").and_then(|organizer| organizer.get("email")).and_then(Value::as_str) {
        let name = body["organizer"].get("displayName").and_then(Value::as_str).map(str::to_owned);
        event.organizer = Organizer { email: email.to_owned(), name };
    }
    event.sequence = draft.sequence.unwrap_or(event.sequence);
    draft.apply(&mut event);
    event.extra.insert("creator".to_owned(), json!(caller.account.email));
    event.extra.insert("privateCopy".to_owned(), json!(true));
    let stored = state.put(event).clone();
    Ok(answer(&stored, &View::new(&caller, &calendar, &parameters)?))
}

/// `PATCH …/events/{id}`.
pub async fn patch(
    Shared(world): Shared<World>,
    Path((calendar, id)): Path<(String, String)>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<HttpResponse, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsPatch)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    let old = state.event(&calendar.id, &id).cloned().ok_or_else(|| known("notFound"))?;
    let patch = Value::Object(object(&body)?);
    let mut whole = resource::resource(&old, &calendar, calendar.zone);
    merge(&mut whole, &patch);
    // Only a number the client wrote is compared; the one in the resource is what it is.
    if patch.get("sequence").is_none() {
        whole["sequence"] = Value::Null;
    }
    let Value::Object(whole) = whole else { return Err(invalid("The body must be a JSON object.")) };
    change(&mut state, &caller, &calendar, old, &whole, &parameters, &headers)
}

/// `PUT …/events/{id}`: what the body leaves out is removed.
pub async fn update(
    Shared(world): Shared<World>,
    Path((calendar, id)): Path<(String, String)>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<HttpResponse, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsUpdate)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    let old = state.event(&calendar.id, &id).cloned().ok_or_else(|| known("notFound"))?;
    change(&mut state, &caller, &calendar, old, &object(&body)?, &parameters, &headers)
}

fn change(
    state: &mut State,
    caller: &Caller,
    calendar: &Calendar,
    old: Event,
    body: &Map<String, Value>,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<HttpResponse, Answer> {
    if_match(headers, old.version)?;
    let updates = Updates::read(parameters)?;
    let own = old.is_organized_by(&calendar.id);
    let organizer = if own { calendar.id.as_str() } else { &old.organizer.email };
    let draft = Draft::read(body, Some(&old), calendar.zone, organizer, versions(parameters)?)?;
    if let Some(sequence) = draft.sequence {
        refuse_lower(sequence, old.sequence)?;
    }
    let guests_may = old.extra.get("guestsCanModify") == Some(&json!(true));
    let imported = old.extra.contains_key("privateCopy");
    let stored = if own || imported {
        let mut new = old.clone();
        let given = draft.sequence;
        draft.apply(&mut new);
        if imported {
            new.extra.insert("privateCopy".to_owned(), json!(true));
        }
        let moved = moved(&old, &new) || old.location != new.location || old.status != new.status;
        new.sequence = given.unwrap_or(old.sequence).max(old.sequence + u32::from(moved));
        let stored = state.put(new).clone();
        if own {
            announce(state, Some(&old), &stored, updates);
        }
        stored
    } else {
        change_copy(state, caller, old, draft, guests_may, updates)?
    };
    Ok(answer(&stored, &View::new(caller, calendar, parameters)?))
}

fn moved(old: &Event, new: &Event) -> bool {
    match (&old.span, &new.span) {
        // The zone an instant is told in is no move.
        (Span::Timed { start: a, end: b, .. }, Span::Timed { start: c, end: d, .. }) => (a, b) != (c, d),
        (old, new) => old != new,
    }
}

fn refuse_lower(given: u32, current: u32) -> Result<(), Answer> {
    if given < current {
        return Err(invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence number of the \
             resource. Re-fetch the resource and use its sequence number on the following request.",
        ));
    }
    Ok(())
}

/// A guest changes the own copy: the answer and what is private are free, what all share is the organizer's.
fn change_copy(
    state: &mut State,
    caller: &Caller,
    old: Event,
    draft: Draft,
    guests_may: bool,
    updates: Updates,
) -> Result<Event, Answer> {
    let me = caller.account.email.as_str();
    let answered = draft.attendees.iter().find(|attendee| attendee.is(me)).map(|attendee| attendee.response);
    let mut new = old.clone();
    draft.apply(&mut new);
    let untouched = new.summary == old.summary
        && new.description == old.description
        && new.location == old.location
        && !moved(&old, &new)
        && new.shared_properties == old.shared_properties;
    if !untouched && !guests_may {
        return Err(known("forbiddenForNonOrganizer"));
    }
    let declined = new.status == EventStatus::Cancelled && old.status != EventStatus::Cancelled;
    // The list of guests stays the organizer's; only the own answer was read from it.
    new.attendees.clone_from(&old.attendees);
    let (calendar, id, uid) = (new.calendar.clone(), new.id.clone(), new.ical_uid.clone());
    state.put(new);
    let answered = if declined { Some(Response::Declined) } else { answered };
    if let Some(response) = answered.filter(|response| old.response_of(me) != Some(*response)) {
        state.reply(&uid, me, response, updates != Updates::None);
    }
    Ok(state.event(&calendar, &id).cloned().unwrap_or(old))
}

/// `DELETE …/events/{id}`: the organizer cancels for everybody, a guest removes the own copy and declines.
pub async fn delete(
    Shared(world): Shared<World>,
    Path((calendar, id)): Path<(String, String)>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<StatusCode, Answer> {
    let mut state = world.lock();
    let caller = Caller::identify(&state, &headers, Method::EventsDelete)?;
    let calendar = caller.calendar(&state, &calendar)?.clone();
    let updates = Updates::read(&parameters)?;
    let old = state.event(&calendar.id, &id).cloned().ok_or_else(|| known("notFound"))?;
    if old.status == EventStatus::Cancelled {
        return Err(known("deleted"));
    }
    if_match(&headers, old.version)?;
    let own = old.is_organized_by(&calendar.id);
    let mut gone = old.clone();
    gone.status = EventStatus::Cancelled;
    gone.sequence += u32::from(own);
    let gone = state.put(gone).clone();
    if own {
        announce(&mut state, Some(&old), &gone, updates);
    } else if old.response_of(&caller.account.email).is_some() {
        state.reply(&old.ical_uid, &caller.account.email, Response::Declined, updates != Updates::None);
    }
    Ok(StatusCode::NO_CONTENT)
}
