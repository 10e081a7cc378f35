//! `/requests`: asking for an interview, sending its link, seeing how it stands, cancelling it, and booking for the candidate. What a new
//! one says is read in [`draft`](super::request_draft).

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    response::Response,
};
use sea_orm::Iterable;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Caller, Once, Reply,
    body::Body,
    bookings::{BookingView, PersonRef, Standing, names},
    caller::{BookingsWrite, RequestsRead, RequestsWrite},
    paging::Params,
    request_draft::NewRequest,
    words::{Instant, id},
};
use crate::{
    ats,
    booking::{
        BookError, book,
        book::Choice,
        browse, change,
        list::{self, Line},
        offer, sitting,
    },
    error::AppError,
    ids::{OrgId, PersonId, RequestId},
    requests::{
        self, create,
        link::{self, LinkError},
    },
    scheduling::zones,
    state::AppState,
    store::words::RequestStatus,
    web::routes::Routes,
};

pub fn routes() -> Routes {
    Routes::default()
        .get("/api/v1/requests", list_all)
        .post("/api/v1/requests", create_one)
        .get("/api/v1/requests/{id}", get_one)
        .get("/api/v1/requests/{id}/link", get_link)
        .get("/api/v1/requests/{id}/slots", slots)
        .post("/api/v1/requests/{id}/send", send)
        .post("/api/v1/requests/{id}/book", book_one)
        .post("/api/v1/requests/{id}/cancel", cancel)
}

/// A scheduling request.
#[derive(Serialize, ToSchema)]
pub struct RequestView {
    pub id: RequestId,
    pub status: RequestStatus,
    pub standing: Standing,
    pub candidate: Candidate,
    pub interview_type: String,
    pub duration_minutes: u32,
    /// Interviews lie inside.
    pub window: Window,
    /// IANA name: the clock it was asked for by.
    pub zone: String,
    pub buffer_before_minutes: u32,
    pub buffer_after_minutes: u32,
    pub min_notice_minutes: u32,
    /// Until how long before the interview the candidate may move or cancel it.
    pub change_notice_minutes: u32,
    pub location: String,
    pub video: bool,
    pub notes: String,
    pub reminder_minutes: Vec<u32>,
    pub application_id: Option<String>,
    pub coordinator: PersonId,
    /// Who sits, or who is asked while nothing is booked.
    pub people: Vec<PersonRef>,
    pub booking: Option<BookingView>,
    pub link_sent_at: Option<Instant>,
    pub link_opened_at: Option<Instant>,
    pub created_at: Instant,
}

#[derive(Serialize, ToSchema)]
pub struct Candidate {
    pub name: String,
    pub email: String,
}

#[derive(Serialize, ToSchema)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}

#[derive(Serialize, ToSchema)]
pub struct RequestList {
    pub requests: Vec<RequestView>,
    /// `cursor` of the next page, if there is one.
    pub next_cursor: Option<String>,
}

impl RequestView {
    fn of(line: Line, names: &BTreeMap<PersonId, PersonRef>) -> Self {
        let Line { request, booking, standing, people } = line;
        let people: Vec<PersonRef> = people.iter().filter_map(|id| names.get(id).cloned()).collect();
        let live = booking.filter(|booking| booking.is_live());
        let standing = Standing::from(&standing);
        Self {
            booking: live.map(|booking| BookingView::of(&booking, people.clone(), Some(standing))),
            id: request.id,
            status: request.status,
            standing,
            candidate: Candidate { name: request.candidate_name, email: request.candidate_email.to_string() },
            interview_type: request.interview_type,
            duration_minutes: request.duration,
            window: Window { start: request.window.start().into(), end: request.window.end().into() },
            zone: request.zone.name().to_owned(),
            buffer_before_minutes: request.buffer_before,
            buffer_after_minutes: request.buffer_after,
            min_notice_minutes: request.min_notice,
            change_notice_minutes: request.change_notice,
            location: request.location,
            video: request.video,
            notes: request.notes,
            reminder_minutes: request.reminders,
            application_id: request.application.map(|one| one.to_string()),
            coordinator: request.coordinator,
            people,
            link_sent_at: request.link_sent_at.map(Into::into),
            link_opened_at: request.link_opened_at.map(Into::into),
            created_at: request.created_at.into(),
        }
    }
}

async fn views(state: &AppState, org: OrgId, lines: Vec<Line>) -> Result<Vec<RequestView>, AppError> {
    let ids: Vec<PersonId> = lines.iter().flat_map(|line| line.people.iter().copied()).collect();
    let names = names(state, org, &ids).await?;
    Ok(lines.into_iter().map(|line| RequestView::of(line, &names)).collect())
}

async fn view(state: &AppState, org: OrgId, id: RequestId) -> Result<RequestView, AppError> {
    let line = list::line(state.store.reader(), org, id, state.clock.now()).await?;
    let line = line.ok_or_else(AppError::not_found)?;
    views(state, org, vec![line]).await?.pop().ok_or_else(AppError::not_found)
}

/// List requests
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/requests", tag = "requests",
    params(
        ("status" = Option<RequestStatus>, Query, description = "Only those that stand so."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Entries of a page; 50 unless said."),
        ("cursor" = Option<String>, Query, pattern = "^req_[0-9a-f]{32}$", description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of requests.", body = RequestList)),
)]
pub async fn list_all(
    State(state): State<AppState>,
    caller: Caller<RequestsRead>,
    params: Params,
) -> Result<Reply, AppError> {
    params.only(&["status", "limit", "cursor"])?;
    let page = params.page::<RequestId>()?;
    let status = params.get("status").map(|word| {
        let known = RequestStatus::iter().find(|status| status.as_str() == word);
        known.ok_or_else(|| AppError::invalid("status", "status_unknown", "Use open, booked or cancelled."))
    });
    let (db, now) = (state.store.reader(), state.clock.now());
    let found = browse::requests(db, caller.org, status.transpose()?, page.after, page.limit + 1, now).await?;
    let (lines, next_cursor) = page.cut(found, |line| line.request.id);
    Ok(Reply::ok(&RequestList { requests: views(&state, caller.org, lines).await?, next_cursor }))
}

/// Ask for an interview
///
/// The candidate hears nothing until the link is sent. Addresses nobody has yet become interviewers who are not connected.
#[utoipa::path(
    post, path = "/api/v1/requests", tag = "requests",
    request_body = NewRequest,
    responses((status = 201, description = "The request.", body = RequestView)),
)]
pub async fn create_one(
    State(state): State<AppState>,
    caller: Caller<RequestsWrite>,
    once: Once,
    Body { read, sent }: Body<NewRequest>,
) -> Response {
    let key = once.key(&caller);
    let typed = sent.to_string();
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let draft = read.draft(&state, caller.member()).await?;
            let new = draft.parse(state.clock.now()).map_err(|errors| NewRequest::refused(&errors))?;
            if let Some(application) = &new.application
                && !ats::may_exist(&state, caller.org, application).await?
            {
                return Err(AppError::invalid("application_id", "application_unknown", "No application has this ID."));
            }
            let copy = create::Copy { key, typed };
            let made = create::create_once(&state, &caller.coordinator, &new, &copy, &caller.origin).await;
            let id = made.map_err(|error| match error {
                create::CreateError::Field(error) => NewRequest::refused(&[error]),
                error => error.into(),
            })?;
            Ok(Reply::created(&view(&state, caller.org, id).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

/// Get a request
#[utoipa::path(
    get, path = "/api/v1/requests/{id}", tag = "requests",
    params(("id" = RequestId, Path)),
    responses((status = 200, description = "The request.", body = RequestView)),
)]
pub async fn get_one(
    State(state): State<AppState>,
    caller: Caller<RequestsRead>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    Ok(Reply::ok(&view(&state, caller.org, id(&path)?).await?))
}

#[derive(Serialize, ToSchema)]
pub struct LinkView {
    /// Whoever has this address may book, move and cancel. Treat it like a password of the candidate's.
    #[schema(format = "uri")]
    pub url: String,
}

/// Get a request's booking link
#[utoipa::path(
    get, path = "/api/v1/requests/{id}/link", tag = "requests",
    params(("id" = RequestId, Path)),
    responses((status = 200, description = "The link that the candidate books by.", body = LinkView)),
)]
pub async fn get_link(
    State(state): State<AppState>,
    caller: Caller<RequestsWrite>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    let id = id(&path)?;
    requests::find(state.store.reader(), caller.org, id).await?.ok_or_else(AppError::not_found)?;
    let url = link::url(&state, caller.org, id).await?;
    Ok(Reply::ok(&LinkView { url: url.ok_or(link::SendError::KeyLost)? }))
}

#[derive(Serialize, ToSchema)]
pub struct SlotList {
    pub slots: Vec<Window>,
}

/// List the times a request offers now
///
/// What the candidate would see. Calendars read within the last five minutes answer.
#[utoipa::path(
    get, path = "/api/v1/requests/{id}/slots", tag = "requests",
    params(("id" = RequestId, Path)),
    responses((status = 200, description = "The open times, soonest first.", body = SlotList)),
)]
pub async fn slots(
    State(state): State<AppState>,
    caller: Caller<RequestsRead>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    let db = state.store.reader();
    let request = requests::find(db, caller.org, id(&path)?).await?.ok_or_else(AppError::not_found)?;
    if request.status == RequestStatus::Cancelled {
        return Ok(Reply::ok(&SlotList { slots: Vec::new() }));
    }
    let _turn = state.searches.turn().await?;
    let panel = sitting::panel(db, &request).await?;
    let answer = offer::open_slots(&state, &request, &panel).await?;
    let slots = answer.slots().map(|slot| Window { start: slot.start().into(), end: slot.end().into() });
    Ok(Reply::ok(&SlotList { slots: slots.collect() }))
}

/// Send the booking link
///
/// Mails it to the candidate, each time it is called with a fresh `Idempotency-Key`.
#[utoipa::path(
    post, path = "/api/v1/requests/{id}/send", tag = "requests",
    params(("id" = RequestId, Path)),
    responses((status = 200, description = "The request; a mail is on its way.", body = RequestView)),
)]
pub async fn send(
    State(state): State<AppState>,
    caller: Caller<RequestsWrite>,
    once: Once,
    Path(path): Path<String>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let id = id(&path)?;
            link::send(&state, &caller.coordinator, id, &caller.origin).await?;
            Ok(Reply::ok(&view(&state, caller.org, id).await?))
        }
    };
    once.carry_out(&state, &caller, &Value::Null, act).await
}

/// A time that is taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// One of the offered starts.
    pub start: Instant,
    /// IANA name of the clock by which the candidate is told; the request's unless said.
    pub zone: Option<String>,
}

/// Book for the candidate
///
/// Takes one of the offered times, as if the candidate had chosen it. Everybody is invited at once.
#[utoipa::path(
    post, path = "/api/v1/requests/{id}/book", tag = "requests",
    params(("id" = RequestId, Path)),
    request_body = Chosen,
    responses((status = 201, description = "The booking.", body = BookingView)),
)]
pub async fn book_one(
    State(state): State<AppState>,
    caller: Caller<BookingsWrite>,
    once: Once,
    Path(path): Path<String>,
    Body { read, sent }: Body<Chosen>,
) -> Response {
    let key = once.key(&caller);
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let id = id(&path)?;
            let found = requests::find(state.store.reader(), caller.org, id).await?;
            let request = found.ok_or_else(AppError::not_found)?;
            let zone = match &read.zone {
                Some(name) => zones::parse(name)
                    .map_err(|_| AppError::invalid("zone", "zone_unknown", "This is no IANA time zone."))?,
                None => request.zone,
            };
            let choice = Choice { start: read.start.0, zone, key };
            let _turn = state.searches.turn().await?;
            let booked = book::on_behalf(&state, &caller.coordinator, id, &choice, &caller.origin).await;
            let booking = booked.map_err(not_by_link)?;
            Ok(Reply::created(&super::bookings::view(&state, caller.org, booking.id).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancelling {
    /// Told to everybody invited. At most 500 characters.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: String,
}

/// Cancel a request
///
/// Booked or not: an interview is cancelled with it, and everybody is told. A second time changes nothing.
#[utoipa::path(
    post, path = "/api/v1/requests/{id}/cancel", tag = "requests",
    params(("id" = RequestId, Path)),
    request_body = Cancelling,
    responses((status = 200, description = "The request.", body = RequestView)),
)]
pub async fn cancel(
    State(state): State<AppState>,
    caller: Caller<RequestsWrite>,
    once: Once,
    Path(path): Path<String>,
    Body { read, sent }: Body<Cancelling>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let id = id(&path)?;
            let reason = change::reason(&read.reason)?;
            let done = change::withdraw(&state, &caller.coordinator, id, reason, &caller.origin).await;
            done.map_err(not_by_link)?;
            Ok(Reply::ok(&view(&state, caller.org, id).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

/// No link was sent here that could be unknown.
pub(super) fn not_by_link(error: BookError) -> AppError {
    match error {
        BookError::Link(LinkError::Unknown) => AppError::not_found(),
        error => error.into(),
    }
}
