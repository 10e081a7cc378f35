//! The candidate's forms, and the calendar file. Each parses, calls one verb, and redirects or shows the page again.

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::{DateTime, Datelike, Utc};
use serde::Deserialize;
use unicode_segmentation::UnicodeSegmentation;

use super::{Typed, calendar_uid, open};
use crate::{
    audit::Origin,
    booking::{
        self, BookError, Booking, Key,
        book::{self, Choice},
        change::{self, Mover},
    },
    calendars::ical::{Invitation, Method, Party, Status},
    error::AppError,
    events,
    ids::LinkToken,
    limits,
    requests::link::{self, LinkError},
    scheduling::zones,
    state::AppState,
    web::{
        again::{self, Attempt},
        client::ClientAddress,
        form::Form,
    },
};

/// Confirmations one client may try within ten minutes.
const TRIES: u32 = 60;
const PER: std::time::Duration = std::time::Duration::from_secs(600);

/// Longest reason for cancelling, in graphemes.
const LONGEST_REASON: usize = 500;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/book/{token}", post(confirm))
        .route("/book/{token}/move", post(reschedule))
        .route("/book/{token}/cancel", post(cancel))
        .route("/book/{token}/opened", post(opened))
        .route("/calendar/{file}", get(calendar_file))
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
        let key = Key::parse(&self.key)?;
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
    let exact = |start: &DateTime<Utc>| start.format("%Y-%m-%dT%H:%M:%SZ").to_string() == text;
    // Years of four digits: later ones run out of days before an interview could end.
    let usual = |start: &DateTime<Utc>| (0..=9_999).contains(&start.year());
    Ok(start.filter(exact).filter(usual).ok_or(BookError::NotOffered)?)
}

/// Why somebody cancels.
pub fn reason(text: &str) -> Result<&str, AppError> {
    if text.graphemes(true).count() > LONGEST_REASON || text.len() > 32 * LONGEST_REASON {
        return Err(AppError::invalid("reason", "reason_too_long", "Use at most 500 characters."));
    }
    Ok(text)
}

async fn confirm(
    State(state): State<AppState>,
    Path(token): Path<String>,
    parts: Parts,
    Form(form): Form<ChoiceForm>,
) -> Response {
    let outcome = async {
        let token = parse(&token)?;
        limited(&state, &parts).await?;
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
        limited(&state, &parts).await?;
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
    let link = open(&state, &parse(&token)?).await?;
    link::opened(&state, link).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `/calendar/{token}.ics`: the booked interview as a file, for a calendar that was not invited.
async fn calendar_file(State(state): State<AppState>, Path(file): Path<String>) -> Result<Response, AppError> {
    let unknown = || AppError::from(LinkError::Unknown);
    let token: LinkToken = file.strip_suffix(".ics").and_then(|token| token.parse().ok()).ok_or_else(unknown)?;
    let db = state.store.reader();
    let link = open(&state, &token).await?;
    let booking =
        booking::latest(db, link.org, link.request).await?.filter(Booking::is_live).ok_or(BookError::NotBooked)?;
    let event = events::of_booking(db, link.org, booking.id).await?.ok_or(BookError::NotBooked)?;
    let uid = calendar_uid(&state, &booking).await?.ok_or_else(|| {
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

async fn limited(state: &AppState, parts: &Parts) -> Result<(), AppError> {
    let client = parts.extensions.get::<ClientAddress>().map(|client| client.0.to_string()).unwrap_or_default();
    Ok(limits::hit(&state.store, "confirm", &client, TRIES, PER).await?)
}

fn origin(parts: &Parts) -> Origin {
    let ip = parts.extensions.get::<ClientAddress>().map(|client| client.0.to_string()).unwrap_or_default();
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Origin::new(ip, agent)
}
