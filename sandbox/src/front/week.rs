//! A person's week, and moving and deleting in it.

use axum::Form;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use maud::{Markup, html};
use serde::Deserialize;

use super::{navigation, segment};
use crate::html::{page, problem};
use crate::world::event::instant;
use crate::world::{Account, Calendar, Event, EventStatus, Response as Answer, ShowAs, Span, State, World};

#[derive(Deserialize)]
pub struct WeekQuery {
    week: Option<NaiveDate>,
}

/// `GET /calendars/{account}?week=YYYY-MM-DD`: any day of the week will do.
pub async fn show(
    Shared(world): Shared<World>,
    Path(email): Path<String>,
    query: Result<Query<WeekQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let state = world.lock();
    let Some(account) = state.account(&email) else { return unknown(&email) };
    let Ok(Query(query)) = query else {
        return problem(StatusCode::BAD_REQUEST, "No such week", "The week is a date such as 2026-12-01.");
    };
    let today = state.now().with_timezone(&account.zone).date_naive();
    let day = query.week.unwrap_or(today);
    let monday = day - Days::new(u64::from(day.weekday().num_days_from_monday()));
    let here = format!("/calendars/{}", segment(&account.email));
    let body = html! {
        (navigation(&world))
        h1 { (account.name) }
        p class="soft" {
            (account.email) " · " (account.provider.name()) " · times in " (account.zone.name())
        }
        nav class="top" aria-label="Weeks" {
            a href=(format!("{here}?week={}", monday - Days::new(7))) { "Week before" }
            a href=(here) { "This week" }
            a href=(format!("{here}?week={}", monday + Days::new(7))) { "Week after" }
            span class="soft" { "Week of " (monday.format("%-d %B %Y")) }
        }
        div class="week" {
            @for offset in 0..7 {
                (one_day(&state, account, monday + Days::new(offset)))
            }
        }
    };
    page(&format!("{} · week of {monday}", account.name), false, body)
}

fn unknown(email: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "No such account", &format!("Nobody here is called {email}."))
}

fn one_day(state: &State, account: &Account, day: NaiveDate) -> Markup {
    let from = instant(day.and_time(NaiveTime::MIN), account.zone);
    let until = instant((day + Days::new(1)).and_time(NaiveTime::MIN), account.zone);
    let calendars = state.calendars_of(&account.email);
    let mut events: Vec<(&Calendar, Event)> = calendars
        .iter()
        .flat_map(|calendar| {
            state.events_between(calendar, from, until).into_iter().map(move |event| (*calendar, event))
        })
        .collect();
    events.sort_by_key(|(calendar, event)| event.span.interval(calendar.zone));
    html! {
        section class="day" aria-label=(day.format("%A %-d %B")) {
            h3 { (day.format("%a %-d %b")) }
            @if events.is_empty() { p class="soft" { "Nothing" } }
            @for (calendar, event) in &events { (one_event(account, calendar, event)) }
        }
    }
}

fn one_event(account: &Account, calendar: &Calendar, event: &Event) -> Markup {
    let declined = event.response_of(&account.email) == Some(Answer::Declined);
    let class = match (event.status, event.show_as) {
        (EventStatus::Cancelled, _) => "event cancelled",
        _ if declined => "event free declined",
        (_, ShowAs::Free | ShowAs::Elsewhere) => "event free",
        _ => "event",
    };
    let (start, end) = event.span.interval(calendar.zone);
    let start = start.with_timezone(&account.zone);
    let end = end.with_timezone(&account.zone);
    let mut marks = Vec::new();
    if event.status == EventStatus::Cancelled {
        marks.push("cancelled");
    } else if declined {
        marks.push("declined");
    } else if matches!(event.show_as, ShowAs::Free | ShowAs::Elsewhere) {
        marks.push("free");
    } else if event.status == EventStatus::Tentative || event.show_as == ShowAs::Tentative {
        marks.push("tentative");
    }
    if !calendar.primary {
        marks.push(&calendar.name);
    }
    let organizes = event.is_organized_by(&account.email) || event.is_organized_by(&calendar.id);
    html! {
        article class=(class) {
            p { strong { @if event.summary.is_empty() { "(no title)" } @else { (event.summary) } } }
            p class="soft" {
                @if event.span.is_all_day() { "All day" } @else { (start.format("%H:%M")) "–" (end.format("%H:%M")) }
                @for mark in marks { " · " (mark) }
            }
            @if !event.location.is_empty() { p { (event.location) } }
            @if !event.attendees.is_empty() {
                details {
                    summary { (event.attendees.len()) " attendees" }
                    @for attendee in &event.attendees {
                        p { (attendee.email) " " span class="soft" { "(" (answer_words(attendee.response)) ")" } }
                    }
                }
            }
            @if event.status != EventStatus::Cancelled {
                details {
                    summary { "Change" }
                    @if organizes { (move_form(account, calendar, event, start.naive_local())) }
                    (delete_form(account, calendar, event))
                }
            }
        }
    }
}

fn answer_words(response: Answer) -> &'static str {
    match response {
        Answer::NeedsAction => "not answered",
        Answer::Accepted => "accepted",
        Answer::Declined => "declined",
        Answer::Tentative => "maybe",
    }
}

fn hidden(calendar: &Calendar, event: &Event) -> Markup {
    html! {
        input type="hidden" name="calendar" value=(calendar.id);
        input type="hidden" name="event" value=(event.id);
    }
}

fn move_form(account: &Account, calendar: &Calendar, event: &Event, start: NaiveDateTime) -> Markup {
    html! {
        form method="post" action=(format!("/calendars/{}/move", segment(&account.email))) {
            (hidden(calendar, event))
            label class="field" {
                "New start"
                input type="datetime-local" name="start" required value=(start.format("%Y-%m-%dT%H:%M"));
            }
            button { "Move" }
        }
    }
}

fn delete_form(account: &Account, calendar: &Calendar, event: &Event) -> Markup {
    html! {
        form method="post" action=(format!("/calendars/{}/delete", segment(&account.email))) {
            (hidden(calendar, event))
            button { "Delete" }
        }
    }
}

#[derive(Deserialize)]
pub struct EventForm {
    calendar: String,
    event: String,
    /// Wall clock time in the account's zone.
    start: Option<String>,
}

/// `POST /calendars/{account}/move`.
pub async fn move_event(
    Shared(world): Shared<World>,
    Path(email): Path<String>,
    Form(form): Form<EventForm>,
) -> Response {
    let mut state = world.lock();
    let Some(zone) = state.account(&email).map(|account| account.zone) else { return unknown(&email) };
    let text = form.start.as_deref().unwrap_or_default();
    let Ok(local) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M") else {
        return problem(StatusCode::BAD_REQUEST, "Not moved", "The new start is a date and a time.");
    };
    let moved = owned(&state, &email, &form).and_then(|()| {
        state.move_by_hand(&form.calendar, &form.event, instant(local, zone)).map_err(|e| e.to_string())
    });
    back(&email, local.date(), moved)
}

/// `POST /calendars/{account}/delete`.
pub async fn delete_event(
    Shared(world): Shared<World>,
    Path(email): Path<String>,
    Form(form): Form<EventForm>,
) -> Response {
    let mut state = world.lock();
    let Some(zone) = state.account(&email).map(|account| account.zone) else { return unknown(&email) };
    let day = match state.shown_event(&form.calendar, &form.event).map(|event| event.span) {
        Some(Span::AllDay { start, .. }) => start,
        Some(span) => span.interval(zone).0.with_timezone(&zone).date_naive(),
        None => state.now().with_timezone(&zone).date_naive(),
    };
    let deleted = owned(&state, &email, &form)
        .and_then(|()| state.delete_by_hand(&form.calendar, &form.event).map_err(|e| e.to_string()));
    back(&email, day, deleted)
}

fn owned(state: &State, email: &str, form: &EventForm) -> Result<(), String> {
    let owns = state.calendars_of(email).iter().any(|calendar| calendar.id == form.calendar);
    if owns { Ok(()) } else { Err(format!("{email} has no such calendar.")) }
}

fn back(email: &str, week: NaiveDate, done: Result<(), String>) -> Response {
    match done {
        Ok(()) => Redirect::to(&format!("/calendars/{}?week={week}", segment(email))).into_response(),
        Err(sentence) => problem(StatusCode::CONFLICT, "Nothing was changed", &sentence),
    }
}
