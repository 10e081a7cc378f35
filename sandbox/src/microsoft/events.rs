//! Reading events: `/me/events`, `/me/calendars/{id}/events`, calendar views, one event.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::ask::{Ask, Named, Permission};
use super::errors::GraphError;
use super::mailbox::{self, Found};
use super::render;
use crate::world::Event;

/// The longest calendar view, in days.
const LONGEST_VIEW: i64 = 1825;

/// GET /me/events and /me/calendar/events
pub async fn list_default(ask: Ask) -> Result<Response, GraphError> {
    list(&ask, None)
}

/// GET /me/calendars/{id}/events
pub async fn list_in(ask: Ask, Path(calendar): Path<String>) -> Result<Response, GraphError> {
    list(&ask, Some(&calendar))
}

fn list(ask: &Ask, calendar: Option<&str>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    ask.options.check_event_names()?;
    let values = {
        let state = ask.world.lock();
        let calendar = calendar_id(ask, &state, calendar)?;
        let mut events = mailbox::masters_and_singles(&state, &calendar, &ask.account);
        // The latest written first, unless the client orders otherwise.
        events.sort_by_key(|event| std::cmp::Reverse(event.version));
        rendered(ask, &events)
    };
    Ok(ask.json(StatusCode::OK, &ask.options.collection(ask, ask.user_context("events"), values)))
}

/// GET /me/calendarView and /me/calendar/calendarView, and the same below /users/{user}
pub async fn view_default(ask: Ask) -> Result<Response, GraphError> {
    view(&ask, None)
}

/// GET /me/calendars/{id}/calendarView, and the same below /users/{user}
pub async fn view_in(ask: Ask, Path(Named { id }): Path<Named>) -> Result<Response, GraphError> {
    view(&ask, Some(&id))
}

fn view(ask: &Ask, calendar: Option<&str>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let (from, until) = window(ask)?;
    ask.options.check_event_names()?;
    let selected = ask.options.select.iter().flatten();
    if let Some(name) =
        selected.into_iter().find(|name| ["createdDateTime", "lastModifiedDateTime"].contains(&name.as_str()))
    {
        let message = format!("The property '{name}' cannot be selected in a calendar view.");
        return Err(GraphError::bad("ErrorInvalidProperty", message));
    }
    let values = {
        let state = ask.world.lock();
        let calendar = calendar_id(ask, &state, calendar)?;
        let zone = state.calendars[&calendar].zone;
        let mut events: Vec<Event> = mailbox::events(&state, &calendar, &ask.account)
            .filter(|event| within(event, from, until, zone))
            .cloned()
            .collect();
        events.sort_by_key(|event| event.span.interval(zone));
        rendered(ask, &events)
    };
    Ok(ask.json(StatusCode::OK, &ask.options.collection(ask, ask.user_context("calendarView"), values)))
}

/// A moment of no length is seen too, if it lies inside.
pub fn within(event: &Event, from: DateTime<Utc>, until: DateTime<Utc>, zone: chrono_tz::Tz) -> bool {
    let (start, end) = event.span.interval(zone);
    event.overlaps(from, until, zone) || (start == end && from <= start && start < until)
}

/// GET /me/events/{id}/instances
pub async fn instances(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    let (from, until) = window(&ask)?;
    let values = {
        let state = ask.world.lock();
        let Found::Series(_, mut occurrences) = mailbox::find(&state, &ask.account, &id)? else {
            return Err(GraphError::cannot("The event is not a series master."));
        };
        occurrences.retain(|event| within(event, from, until, ask.account.zone));
        occurrences.sort_by_key(|event| event.span.interval(ask.account.zone));
        rendered(&ask, &occurrences)
    };
    Ok(ask.json(StatusCode::OK, &ask.options.collection(&ask, ask.user_context("events"), values)))
}

/// GET /me/events/{id}
pub async fn get(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsRead)?;
    ask.options.check_event_names()?;
    let event = {
        let state = ask.world.lock();
        match mailbox::find(&state, &ask.account, &id)? {
            Found::One(event) => *event,
            Found::Series(master, _) => *master,
        }
    };
    Ok(answer(&ask, StatusCode::OK, &event))
}

/// One event as an answer, with its entity tag in the header too.
pub fn answer(ask: &Ask, status: StatusCode, event: &Event) -> Response {
    let mut value = ask.options.finished(render::event(ask, event));
    value["@odata.context"] = json!(ask.user_context("events/$entity"));
    let mut response = ask.json(status, &value);
    if let Ok(tag) = render::etag(event).parse() {
        response.headers_mut().insert("etag", tag);
    }
    response
}

fn rendered(ask: &Ask, events: &[Event]) -> Vec<Value> {
    events.iter().map(|event| render::event(ask, event)).collect()
}

/// The calendar named in the path, or the default one.
pub fn calendar_id(ask: &Ask, state: &crate::world::State, id: Option<&str>) -> Result<String, GraphError> {
    let calendar = match id {
        Some(id) => mailbox::calendar(state, &ask.account, id)?,
        None => mailbox::default_calendar(state, &ask.account)?,
    };
    Ok(calendar.id.clone())
}

/// The bounds of a view: by their own offset, UTC if they have none.
pub fn window(ask: &Ask) -> Result<(DateTime<Utc>, DateTime<Utc>), GraphError> {
    let bound = |name: &str| {
        let text = ask.options.parameter(name).ok_or_else(|| {
            let message = "This request requires a time window specified by the query string parameters StartDateTime and \
                           EndDateTime.";
            GraphError::bad("ErrorInvalidParameter", message)
        })?;
        instant(text).ok_or_else(|| {
            let message = format!("The value '{text}' of parameter '{name}' is invalid.");
            GraphError::bad("ErrorInvalidParameter", message)
        })
    };
    let (from, until) = (bound("startDateTime")?, bound("endDateTime")?);
    if until < from {
        return Err(GraphError::cannot("The end of the time window is earlier than its start."));
    }
    if until - from > TimeDelta::days(LONGEST_VIEW) {
        return Err(GraphError::cannot(&format!(
            "The range between the start and end dates is greater than the allowed range. Maximum number of days: {LONGEST_VIEW}"
        )));
    }
    Ok((from, until))
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    let plain = || text.parse::<NaiveDateTime>().ok().map(|at| at.and_utc());
    let short = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok().map(|at| at.and_utc());
    let date = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    with_offset.or_else(plain).or_else(short).or_else(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_by_their_own_offset() {
        let at = |text| instant(text).map(|at| at.to_rfc3339());
        assert_eq!(at("2026-12-01T10:00:00+01:00").as_deref(), Some("2026-12-01T09:00:00+00:00"));
        assert_eq!(at("2026-12-01T10:00:00.0000000").as_deref(), Some("2026-12-01T10:00:00+00:00"));
        assert_eq!(at("2026-12-01").as_deref(), Some("2026-12-01T00:00:00+00:00"));
        assert_eq!(at("2026-12-01T10:00:00 01:00"), None, "an unencoded plus arrives as a space");
    }
}
