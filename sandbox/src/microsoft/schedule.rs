//! `getSchedule`: free/busy of colleagues. Work accounts only; whoever is not in the organisation is an error entry,
//! never a free one.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::ask::{Ask, Permission};
use super::draft::Moment;
use super::errors::GraphError;
use super::schema::{GET_SCHEDULE, action_body};
use super::zones::Zone;
use super::{calendars, mailbox, render};
use crate::world::{Account, AccountKind, Event, Provider, Service, ShowAs, State};

/// Most mailboxes in one question.
const MOST: usize = 20;
/// Longest window, in days.
const LONGEST: i64 = 62;

/// POST /me/calendar/getSchedule and /users/{user}/calendar/getSchedule
pub async fn get_schedule(ask: Ask, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadBasic)?;
    if !ask.is_work() {
        return Err(GraphError::denied());
    }
    let body = action_body(&body)?;
    GET_SCHEDULE.check(&body)?;
    let schedules: Vec<&str> = body["schedules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if schedules.is_empty() {
        return Err(GraphError::bad("ErrorInvalidParameter", "At least one schedule is required."));
    }
    if schedules.len() > MOST {
        let message = format!(
            "There are too many target users in the EmailAddress array. The allowed size = {MOST}; the actual size = {}.",
            schedules.len()
        );
        return Err(GraphError::bad("ErrorMailboxDataArrayTooBig", message));
    }
    let (from, until) = window(&body)?;
    let minutes = interval(&body, from, until)?;
    let value: Vec<Value> = {
        let mut state = ask.world.lock();
        schedules.iter().map(|address| schedule(&ask, &mut state, address, from, until, minutes)).collect()
    };
    let answer = json!({
        "@odata.context": ask.context("Collection(microsoft.graph.scheduleInformation)"),
        "value": value,
    });
    Ok(ask.json(StatusCode::OK, &answer))
}

fn window(body: &Value) -> Result<(DateTime<Utc>, DateTime<Utc>), GraphError> {
    let bound = |name: &str| Moment::read(name, &body[name]).map(|moment| moment.zone.instant(moment.local));
    let (from, until) = (bound("startTime")?, bound("endTime")?);
    if until <= from {
        let message = "The time duration specified for FreeBusyViewOptions.TimeWindow is invalid.";
        return Err(GraphError::bad("ErrorInvalidTimeInterval", message));
    }
    if until - from > TimeDelta::days(LONGEST) {
        let message = format!(
            "The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long. The allowed limit = \
             {LONGEST} days; the actual limit = {} days.",
            (until - from).num_days()
        );
        return Err(GraphError::bad("ErrorTimeIntervalTooBig", message));
    }
    Ok((from, until))
}

fn interval(body: &Value, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<TimeDelta, GraphError> {
    let given = body.get("availabilityViewInterval").filter(|value| !value.is_null());
    let minutes = given.map_or(Some(30), Value::as_i64).unwrap_or_default();
    if !(5..=1440).contains(&minutes) || TimeDelta::minutes(minutes) > until - from {
        let message = "The specified merged free/busy interval is not valid. Specify an interval that is less than the \
                       free/busy time window and between 5 and 1440 minutes.";
        return Err(GraphError::bad("ErrorInvalidMergedFreeBusyInterval", message));
    }
    Ok(TimeDelta::minutes(minutes))
}

fn schedule(
    ask: &Ask,
    state: &mut State,
    address: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    step: TimeDelta,
) -> Value {
    if let Some(reason) = state.take_calendar_error(Service::Microsoft, &[address]) {
        return failed(address, &reason, "The mailbox could not be read.");
    }
    let colleague = state.account_of(Provider::Microsoft, address).filter(|other| are_colleagues(&ask.account, other));
    let calendar = colleague.and_then(|account| state.primary(&account.email));
    let (Some(account), Some(calendar)) = (colleague, calendar) else {
        let message = "Unable to resolve e-mail address to an Active Directory object.";
        return failed(address, "ErrorMailRecipientNotFound", message);
    };
    if ask.by_application && state.organisations.shuts_out(&account.email) {
        return failed(address, "ErrorAccessDenied", &GraphError::shut_out().message);
    }
    let counts = |event: &&Event| event.response_of(&account.email) != Some(crate::world::Response::Declined);
    let mut events: Vec<&Event> = mailbox::events(state, &calendar.id, account)
        .filter(counts)
        .filter(|event| event.status != crate::world::EventStatus::Cancelled)
        .filter(|event| event.overlaps(from, until, calendar.zone))
        .collect();
    events.sort_by_key(|event| event.span.interval(calendar.zone));
    let own = account.email == ask.account.email;
    let items: Vec<Value> = events.iter().map(|event| item(event, calendar.zone, own, &ask.prefer.zone)).collect();
    json!({
        "scheduleId": address,
        "availabilityView": view(&events, calendar.zone, from, until, step),
        "scheduleItems": items,
        "workingHours": calendars::working_hours(&Zone::of_mailbox(account.zone).name),
    })
}

/// An entry that says why one mailbox's time is unknown.
fn failed(address: &str, code: &str, message: &str) -> Value {
    json!({ "scheduleId": address, "error": { "message": message, "responseCode": code } })
}

fn are_colleagues(a: &Account, b: &Account) -> bool {
    b.kind == AccountKind::Work && a.tenant == b.tenant
}

fn item(event: &Event, calendar_zone: chrono_tz::Tz, own: bool, zone: &Zone) -> Value {
    let (start, end) = event.span.interval(calendar_zone);
    let private = event.extra.get("sensitivity").is_some_and(|kind| *kind == "private" || *kind == "confidential");
    let mut item = json!({
        "isPrivate": private,
        "status": render::show_as(event.show_as),
        "start": render::moment(start, zone),
        "end": render::moment(end, zone),
    });
    // Colleagues share free/busy by default, not what it is.
    if own {
        item["subject"] = json!(event.summary);
        item["location"] = json!(event.location);
    }
    item
}

/// One digit per step: the worst that overlaps it.
fn view(events: &[&Event], zone: chrono_tz::Tz, from: DateTime<Utc>, until: DateTime<Utc>, step: TimeDelta) -> String {
    let mut view = String::new();
    let mut at = from;
    while at < until {
        let end = (at + step).min(until);
        let worst = events.iter().filter(|event| event.overlaps(at, end, zone)).map(|event| digit(event.show_as)).max();
        view.push(worst.unwrap_or('0'));
        at += step;
    }
    view
}

fn digit(show_as: ShowAs) -> char {
    match show_as {
        ShowAs::Free | ShowAs::Elsewhere => '0',
        ShowAs::Tentative => '1',
        ShowAs::Busy => '2',
        ShowAs::Away => '3',
    }
}
