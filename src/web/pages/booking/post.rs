//! The candidate's forms, and the calendar file. Each parses, calls one verb, and redirects or shows the page again.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::Deserialize;

use super::{Typed, open};
use crate::{
    booking::{
        BookError, Booking, Key,
        book::{self, Choice},
        change::{self, Mover, reason},
    },
    calendars::ical::{Invitation, Method, Party, Status},
    error::AppError,
    events,
    ids::LinkToken,
    limits,
    requests::link::{self, LinkError, OpenLink},
    scheduling::zones,
    state::AppState,
    web::{
        again::{self, Attempt},
        form::Form,
        routes::Routes,
        session::origin,
    },
};

/// Forms one client may send within ten minutes.
const FORMS_OF_CLIENT: u32 = 60;
/// Forms that may be sent for one request within ten minutes, by whoever holds its link.
const FORMS_OF_LINK: u32 = 120;
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// How often the interview behind a link may be moved within an hour: every time everybody is told.
const MOVES_OF_LINK: u32 = 20;
const HOUR: Duration = Duration::from_secs(3600);

pub fn routes() -> Routes {
    Routes::default()
        .post("/book/{token}", confirm)
        .post("/book/{token}/move", reschedule)
        .post("/book/{token}/cancel", cancel)
        .post("/book/{token}/opened", opened)
        .get("/calendar/{file}", calendar_file)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceForm {
    #[serde(default)]
    start: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    tz: String,
}

impl ChoiceForm {
    fn choice(&self) -> Result<Choice, AppError> {
        let key = Key::parse(&self.key).map_err(BookError::from)?;
        let start = offered_start(&self.start)?;
        let zone = zones::parse(&self.tz)
            .map_err(|_| AppError::new(422, "zone_unknown", "Choose a time zone from the list."))?;
        Ok(Choice { start, zone, key })
    }
}

/// A start as pages offer it, exactly: an instant of whole seconds in UTC.
pub fn offered_start(text: &str) -> Result<DateTime<Utc>, AppError> {
    if text.is_empty() {
        return Err(AppError::new(422, "start_required", "Choose a time first."));
    }
    let start: Option<DateTime<Utc>> = text.parse().ok();
    let exact = |start: &DateTime<Utc>| start.to_rfc3339_opts(SecondsFormat::Secs, true) == text;
    // Years of four digits: later ones run out of days before an interview could end.
    let usual = |start: &DateTime<Utc>| (0..=9_999).contains(&start.year());
    Ok(start.filter(exact).filter(usual).ok_or(BookError::NotOffered)?)
}

async fn confirm(
    State(state): State<AppState>,
    Path(token): Path<String>,
    parts: Parts,
    Form(form): Form<ChoiceForm>,
) -> Response {
    let outcome = async {
        let token = parse(&token)?;
        limited(&state, &parts, &token).await?;
        let _turn = state.searches.turn().await?;
        Ok::<_, AppError>(book::book(&state, &token, &form.choice()?, &origin(&parts)).await?)
    };
    let outcome = outcome.await;
    finish(state, parts, &token, outcome, Typed { start: form.start, ..Typed::default() }).await
}

async fn reschedule(
    State(state): State<AppState>,
    Path(token): Path<String>,
    parts: Parts,
    Form(form): Form<ChoiceForm>,
) -> Response {
    let outcome = async {
        let parsed = parse(&token)?;
        let link = limited(&state, &parts, &parsed).await?;
        limits::hit(&state.store, "link_move", &link.request.to_string(), MOVES_OF_LINK, HOUR).await?;
        let _turn = state.searches.turn().await?;
        let mover = Mover::candidate(&state, &parsed).await?;
        Ok::<_, AppError>(change::reschedule(&state, &mover, &form.choice()?, &origin(&parts)).await?)
    };
    let outcome = outcome.await;
    finish(state, parts, &token, outcome, Typed { start: form.start, ..Typed::default() }).await
}

async fn finish(
    state: AppState,
    parts: Parts,
    token: &str,
    outcome: Result<Booking, AppError>,
    typed: Typed,
) -> Response {
    match outcome {
        Ok(booking) => Redirect::to(&format!("/book/{token}?tz={}", booking.zone.name())).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed }).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelForm {
    #[serde(default)]
    reason: String,
}

async fn cancel(
    State(state): State<AppState>,
    Path(token): Path<String>,
    parts: Parts,
    Form(form): Form<CancelForm>,
) -> Response {
    let outcome = async {
        let parsed = parse(&token)?;
        limited(&state, &parts, &parsed).await?;
        let reason = reason(&form.reason)?;
        let mover = Mover::candidate(&state, &parsed).await?;
        Ok::<_, AppError>(change::cancel(&state, &mover, reason, &origin(&parts)).await?)
    };
    match outcome.await {
        Ok(()) => Redirect::to(&format!("/book/{token}")).into_response(),
        Err(error) => {
            let typed = Typed { reason: form.reason, ..Typed::default() };
            again::show(state, parts, Attempt { error, typed }).await
        }
    }
}

/// The page's script says that a person looks at it.
async fn opened(State(state): State<AppState>, Path(token): Path<String>) -> Result<StatusCode, AppError> {
    let (_, link) = open(&state, &parse(&token)?).await?;
    state.searches.view(link.request)?;
    link::opened(&state, link).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `/calendar/{token}.ics`: the booked interview as a file, for a calendar that was not invited.
async fn calendar_file(State(state): State<AppState>, Path(file): Path<String>) -> Result<Response, AppError> {
    let unknown = || AppError::from(LinkError::Unknown);
    let token: LinkToken = file.strip_suffix(".ics").and_then(|token| token.parse().ok()).ok_or_else(unknown)?;
    let (opened, link) = open(&state, &token).await?;
    let booking = opened.booking.as_ref().ok_or(BookError::NotBooked)?;
    let event = events::of_booking(state.store.reader(), link.org, booking.id).await?.ok_or(BookError::NotBooked)?;
    let uid = opened.calendar_uid.clone().ok_or_else(|| {
        AppError::new(409, "calendar_file_early", "The calendar file is not ready yet.")
            .hint("Try again in a few minutes.")
    })?;
    let organizer = Party { email: event.organizer.email.parse().map_err(|_| unknown())?, name: event.organizer.name };
    let object = Invitation {
        method: Method::Publish,
        uid,
        sequence: event.sequence,
        dtstamp: state.clock.now(),
        span: event.span,
        summary: event.summary,
        description: event.description,
        location: (!event.location.is_empty()).then_some(event.location),
        url: None,
        organizer,
        attendees: Vec::new(),
        status: Status::Confirmed,
    };
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8; method=PUBLISH"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"interview.ics\""),
    ];
    Ok((headers, object.write()).into_response())
}

fn parse(token: &str) -> Result<LinkToken, AppError> {
    token.parse().map_err(|_| LinkError::Unknown.into())
}

/// Counts a form, for whoever sends it and for the request it is about: another link for it, or another address, starts
/// nothing over.
async fn limited(state: &AppState, parts: &Parts, token: &LinkToken) -> Result<OpenLink, AppError> {
    let client = limits::client(&origin(parts).ip);
    limits::hit(&state.store, "confirm", &client, FORMS_OF_CLIENT, TEN_MINUTES).await?;
    let (_, link) = open(state, token).await?;
    limits::hit(&state.store, "link_form", &link.request.to_string(), FORMS_OF_LINK, TEN_MINUTES).await?;
    Ok(link)
}
