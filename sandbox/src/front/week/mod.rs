//! A person's week, and moving and deleting in it.
//!
//! On a wide screen the days are columns of hours, and `drag.js` lets events be dragged; on a narrow one they are lists. Either
//! way each event has forms that do the same without JavaScript.

/// Where the events of one day stand.
mod grid;

use axum::Form;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use self::grid::{Stretch, hours, side_by_side};
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
    let days: Vec<Day> = (0..7).map(|offset| Day::of(&state, account, monday + Days::new(offset))).collect();
    let (from, until) = hours(days.iter().flat_map(|day| &day.timed).map(|(stretch, ..)| stretch));
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
        p class="soft hint" {
            "Drag an event to another time, or focus it and use the arrow keys: Enter moves it, Escape puts it back, Delete deletes it."
        }
        p id="says" class="soft" role="status" {}
        div class="week" data-from=(from) data-until=(until) style=(format!("--hours:{}", until - from)) {
            div class="hours" aria-hidden="true" {
                @for hour in from..until { span style=(format!("--at:{}", hour - from)) { (hour) ":00" } }
            }
            @for day in &days { (one_day(account, day, today, from)) }
        }
        script { (PreEscaped(include_str!("drag.js"))) }
    };
    page(&format!("{} · week of {monday}", account.name), false, body)
}

fn unknown(email: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "No such account", &format!("Nobody here is called {email}."))
}

/// One day's events of all of a person's calendars.
struct Day<'a> {
    date: NaiveDate,
    all_day: Vec<(&'a Calendar, Event)>,
    /// In order of their start.
    timed: Vec<(Stretch, &'a Calendar, Event)>,
}

impl<'a> Day<'a> {
    fn of(state: &'a State, account: &Account, date: NaiveDate) -> Self {
        let from = instant(date.and_time(NaiveTime::MIN), account.zone);
        let until = instant((date + Days::new(1)).and_time(NaiveTime::MIN), account.zone);
        let mut events: Vec<(&Calendar, Event)> = state
            .calendars_of(&account.email)
            .into_iter()
            .flat_map(|calendar| {
                state.events_between(calendar, from, until).into_iter().map(move |event| (calendar, event))
            })
            .collect();
        events.sort_by_key(|(calendar, event)| event.span.interval(calendar.zone));
        let (all_day, timed): (Vec<_>, Vec<_>) = events.into_iter().partition(|(_, event)| event.span.is_all_day());
        let stretch = |(calendar, event): &(&Calendar, Event)| {
            let (start, end) = event.span.interval(calendar.zone);
            Stretch::on(date, start.with_timezone(&account.zone), end.with_timezone(&account.zone))
        };
        let mut stretches: Vec<Stretch> = timed.iter().map(stretch).collect();
        side_by_side(&mut stretches);
        let timed = stretches.into_iter().zip(timed).map(|(stretch, (calendar, event))| (stretch, calendar, event));
        Self { date, all_day, timed: timed.collect() }
    }
}

/// `first` is the hour the columns start with.
fn one_day(account: &Account, day: &Day, today: NaiveDate, first: u32) -> Markup {
    html! {
        section class="day" data-day=(day.date) aria-label=(day.date.format("%A %-d %B")) {
            h3 aria-current=[(day.date == today).then_some("date")] { (day.date.format("%a %-d %b")) }
            div class="allday" {
                @if day.all_day.is_empty() && day.timed.is_empty() { p class="soft nothing" { "Nothing" } }
                @for (calendar, event) in &day.all_day { (one_event(account, calendar, event, None)) }
            }
            div class="times" {
                @for (stretch, calendar, event) in &day.timed {
                    (one_event(account, calendar, event, Some((day.date, *stretch, first))))
                }
            }
        }
    }
}

fn one_event(
    account: &Account,
    calendar: &Calendar,
    event: &Event,
    place: Option<(NaiveDate, Stretch, u32)>,
) -> Markup {
    let declined = event.response_of(&account.email) == Some(Answer::Declined);
    let kind = match (event.status, event.show_as) {
        (EventStatus::Cancelled, _) => "cancelled",
        _ if declined => "free declined",
        (_, ShowAs::Free | ShowAs::Elsewhere) => "free",
        _ => "",
    };
    let short = place.is_some_and(|(_, stretch, _)| stretch.until - stretch.from < 40);
    let class = format!("event {kind}{}", if short { " short" } else { "" });
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
    let alive = event.status != EventStatus::Cancelled;
    let organizes = event.is_organized_by(&account.email) || event.is_organized_by(&calendar.id);
    let title = if event.summary.is_empty() { "(no title)" } else { &event.summary };
    let style = place.map(|(_, stretch, first)| {
        let Stretch { from, until, lane, lanes } = stretch;
        // Above the first hour is nothing, so this is never negative.
        let from_top = from - first * 60;
        format!("--from:{from_top};--long:{};--lane:{lane};--lanes:{lanes}", until - from)
    });
    // Only the day it starts on has a part that can be taken hold of.
    let starts_here = place.filter(|(day, ..)| alive && organizes && start.date_naive() == *day);
    let minute = starts_here.map(|(_, stretch, _)| stretch.from);
    html! {
        article class=(class) style=[style] tabindex=[alive.then_some(0)] aria-label=(title)
            data-minute=[minute] data-length=[minute.map(|_| (end - start).num_minutes())] {
            div class="what" title=(title) {
                p { strong { (title) } }
                p class="soft" {
                    @if event.span.is_all_day() { "All day" } @else { time { (start.format("%H:%M")) span class="until" { "–" (end.format("%H:%M")) } } }
                    @for mark in marks { " · " (mark) }
                }
                @if !event.location.is_empty() { p { (event.location) } }
            }
            @if alive {
                details class="change" name="change" {
                    summary { span { "Change " (title) } }
                    div class="panel" {
                        p class="name" { strong { (title) } }
                        @if !event.attendees.is_empty() {
                            div {
                                @for attendee in &event.attendees {
                                    p { (attendee.email) " " span class="soft" { "(" (answer_words(attendee.response)) ")" } }
                                }
                            }
                        }
                        @if organizes { (move_form(account, calendar, event, start.naive_local())) }
                        (delete_form(account, calendar, event))
                    }
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
        form class="move" method="post" action=(format!("/calendars/{}/move", segment(&account.email))) {
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
        form class="delete" method="post" action=(format!("/calendars/{}/delete", segment(&account.email))) {
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
