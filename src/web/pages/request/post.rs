//! What a coordinator may do about one request. Each handler parses, calls one verb, and goes back to the page.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{difference_page, swap_page};
use crate::{
    audit::Origin,
    booking::{
        self, BookError, Key,
        book::Choice,
        change::{self, Mover, reason},
    },
    error::AppError,
    ids::{JobId, RequestId},
    people::Coordinator,
    requests::{
        self,
        link::{self, LinkError},
        replace,
    },
    state::AppState,
    web::{
        again::{self, Attempt},
        form::Form,
        live::{self, Since, Topic},
        pages::booking::post::offered_start,
        routes::Routes,
    },
};

pub fn routes() -> Routes {
    Routes::default()
        .get("/requests/{id}/live", follow)
        .post("/requests/{id}/send", send)
        .post("/requests/{id}/replace-link", replace_link)
        .post("/requests/{id}/move", reschedule)
        .post("/requests/{id}/swap/{person}", swap_page::post)
        .post("/requests/{id}/difference/{difference}", difference_page::post)
        .post("/requests/{id}/cancel", cancel)
        .post("/jobs/{id}/retry", retry)
}

fn parsed(id: &str) -> Result<RequestId, AppError> {
    id.parse().map_err(|_| AppError::not_found())
}

/// News of the request, for its open page.
async fn follow(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(since): Query<Since>,
) -> Result<Response, AppError> {
    let (request, member) = (parsed(&id)?, coordinator.member());
    requests::find(state.store.reader(), member.org, request).await?.ok_or_else(AppError::not_found)?;
    let topic = Topic::Request(member.org, request);
    live::follow(&state, topic, member, |member| member.coordinator().is_ok(), &headers, &since).await
}

async fn send(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    link::send(&state, &coordinator, parsed(&id)?, &origin).await?;
    Ok(Redirect::to(&format!("/requests/{id}?news=sent")))
}

/// The candidate gets another link, and the one before stops opening.
async fn replace_link(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    replace::replace(&state, &coordinator, parsed(&id)?, &origin).await?;
    Ok(Redirect::to(&format!("/requests/{id}?news=replaced")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveForm {
    #[serde(default)]
    start: String,
    #[serde(default)]
    key: String,
}

async fn reschedule(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
    parts: Parts,
    Form(form): Form<MoveForm>,
) -> Response {
    let outcome = async {
        let request = parsed(&id)?;
        let start = offered_start(&form.start)?;
        // The candidate keeps seeing times in the zone they chose by.
        let booked = booking::latest(state.store.reader(), coordinator.member().org, request)
            .await?
            .ok_or(BookError::NotBooked)?;
        let choice = Choice { start, zone: booked.zone, key: Key::parse(&form.key).map_err(BookError::from)? };
        let _turn = state.searches.turn().await?;
        change::reschedule(&state, &Mover::coordinator(&coordinator, request), &choice, &origin).await?;
        Ok::<_, AppError>(())
    };
    match outcome.await {
        Ok(()) => Redirect::to(&format!("/requests/{id}?news=moved")).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: () }).await,
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
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
    Form(form): Form<CancelForm>,
) -> Result<Redirect, AppError> {
    let done = change::withdraw(&state, &coordinator, parsed(&id)?, reason(&form.reason)?, &origin).await;
    done.map_err(|error| match error {
        // There is no link here that could be unknown.
        BookError::Link(LinkError::Unknown) => AppError::not_found(),
        error => error.into(),
    })?;
    Ok(Redirect::to(&format!("/requests/{id}?news=cancelled")))
}

/// A dead letter gets another life.
async fn retry(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    let job: JobId = id.parse().map_err(|_| AppError::not_found())?;
    if !booking::again::try_again(&state, &coordinator, job, &origin).await? {
        return Err(AppError::not_found());
    }
    Ok(Redirect::to("/dashboard"))
}
