//! Finding things in one person's mailbox: calendars, events by either id form, series as their masters.
//!
//! The world has no recurrence rules, only occurrences that share a series. A series master is therefore put together
//! on demand from its first occurrence.

use std::collections::BTreeSet;

use chrono::Datelike;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::ids;
use crate::world::{Account, Calendar, Event, EventStatus, State};

/// What an id in a path stands for.
pub enum Found {
    /// One event, or one occurrence.
    One(Box<Event>),
    /// A series: its master, and every occurrence that is still there.
    Series(Box<Event>, Vec<Event>),
}

/// A calendar of this person by id.
///
/// # Errors
/// 404 for another person's, or none.
pub fn calendar<'a>(state: &'a State, account: &Account, id: &str) -> Result<&'a Calendar, GraphError> {
    state.calendars.get(id).filter(|calendar| owns(account, calendar)).ok_or_else(GraphError::item_not_found)
}

/// The default calendar.
///
/// # Errors
/// 404 for an account without a mailbox.
pub fn default_calendar<'a>(state: &'a State, account: &Account) -> Result<&'a Calendar, GraphError> {
    state.primary(&account.email).ok_or_else(|| {
        let message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
        GraphError::new(axum::http::StatusCode::NOT_FOUND, "MailboxNotEnabledForRESTAPI", message)
    })
}

/// Whether the mailbox still shows an event. What its organizer cancelled or its owner deleted is gone; a guest's copy
/// of a cancelled meeting stays until the guest deletes it.
pub fn is_visible(event: &Event, account: &Account) -> bool {
    let deleted = event.extra.get("deleted").is_some_and(|deleted| *deleted == true);
    let cancelled = event.status == EventStatus::Cancelled;
    !deleted && (!cancelled || !event.is_organized_by(&account.email))
}

/// Every visible event of a calendar, occurrences one by one.
pub fn events<'a>(state: &'a State, calendar: &'a str, account: &'a Account) -> impl Iterator<Item = &'a Event> {
    state.events_in(calendar).filter(move |event| is_visible(event, account))
}

/// An event or series of this person by either form of its id.
///
/// # Errors
/// 400 for a malformed id, 404 for one that is not there (any more).
pub fn find(state: &State, account: &Account, id: &str) -> Result<Found, GraphError> {
    let names = ids::stored(id)?;
    let calendars = state.calendars_of(&account.email);
    for (calendar, name) in calendars.iter().flat_map(|calendar| names.iter().map(move |name| (calendar, name))) {
        if let Some(event) = state.event(&calendar.id, name) {
            let found = Some(event).filter(|event| is_visible(event, account));
            return found.map(|event| Found::One(Box::new(event.clone()))).ok_or_else(GraphError::item_not_found);
        }
    }
    for calendar in &calendars {
        let all = events(state, &calendar.id, account);
        let series: Vec<Event> =
            all.filter(|event| event.series.as_ref().is_some_and(|series| names.contains(series))).cloned().collect();
        if let Some(master) = master(series.clone()) {
            return Ok(Found::Series(Box::new(master), series));
        }
    }
    Err(GraphError::item_not_found())
}

/// The event or series master made by a create with this transaction id.
pub fn by_transaction(state: &State, account: &Account, transaction: &str) -> Option<Event> {
    let mine = |event: &&Event| event.extra.get("transactionId").is_some_and(|id| *id == transaction);
    let calendars = state.calendars_of(&account.email);
    let all = calendars.iter().flat_map(|calendar| events(state, &calendar.id, account));
    let found: Vec<Event> = all.filter(mine).cloned().collect();
    match found.first() {
        Some(event) if event.series.is_some() => master(found),
        _ => found.into_iter().next(),
    }
}

/// Single events and series masters, as `/events` lists them.
pub fn masters_and_singles(state: &State, calendar: &str, account: &Account) -> Vec<Event> {
    let (series, mut singles): (Vec<Event>, Vec<Event>) =
        events(state, calendar, account).cloned().partition(|event| event.series.is_some());
    let names: BTreeSet<_> = series.iter().filter_map(|event| event.series.clone()).collect();
    singles.extend(names.iter().filter_map(|name| {
        master(series.iter().filter(|event| event.series.as_ref() == Some(name)).cloned().collect())
    }));
    singles
}

/// The master of a series, from its occurrences; none if there are none.
fn master(mut occurrences: Vec<Event>) -> Option<Event> {
    occurrences.sort_by_key(|event| event.span.interval(chrono_tz::UTC));
    let mut master = occurrences.first()?.clone();
    master.id = master.series.clone()?;
    master.version = occurrences.iter().map(|event| event.version).max()?;
    master.extra.insert("type".into(), json!("seriesMaster"));
    if !master.extra.contains_key("recurrence") {
        let recurrence = inferred(&occurrences);
        master.extra.insert("recurrence".into(), recurrence);
    }
    Some(master)
}

/// A weekly pattern that fits seeded occurrences, which carry none of their own.
fn inferred(occurrences: &[Event]) -> Value {
    let dates: Vec<_> = occurrences.iter().map(|event| event.span.interval(chrono_tz::UTC).0.date_naive()).collect();
    let days: BTreeSet<_> = dates.iter().map(|date| date.weekday().num_days_from_monday()).collect();
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let weeks: BTreeSet<_> = dates.iter().map(|date| (date.num_days_from_ce() - 1) / 7).collect();
    let interval = weeks.iter().zip(weeks.iter().skip(1)).map(|(a, b)| b - a).min().unwrap_or(1);
    json!({
        "pattern": {
            "type": "weekly", "interval": interval, "month": 0, "dayOfMonth": 0, "index": "first",
            "daysOfWeek": days.iter().map(|day| names[*day as usize]).collect::<Vec<_>>(), "firstDayOfWeek": "sunday",
        },
        "range": {
            "type": "endDate", "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0,
            "startDate": dates.first().map(ToString::to_string), "endDate": dates.last().map(ToString::to_string),
        },
    })
}

fn owns(account: &Account, calendar: &Calendar) -> bool {
    calendar.owner.eq_ignore_ascii_case(&account.email)
}
