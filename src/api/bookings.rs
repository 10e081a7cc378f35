//! `/bookings`: interviews as they stand, moved and cancelled.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    response::Response,
};
use sea_orm::Iterable;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Caller, Once, Reply,
    body::Body,
    caller::{BookingsRead, BookingsWrite},
    paging::Params,
    requests::{Cancelling, not_by_link},
    words::{Instant, id},
};
use crate::{
    booking::{
        self, BookError, Booking,
        book::Choice,
        browse::{self, Booked},
        change::{self, Mover},
        list,
    },
    error::AppError,
    ids::{BookingId, OrgId, PersonId, RequestId},
    people,
    state::AppState,
    store::words::BookingStatus,
    web::routes::Routes,
};

pub fn routes() -> Routes {
    Routes::default()
        .get("/api/v1/bookings", list_all)
        .get("/api/v1/bookings/{id}", get_one)
        .post("/api/v1/bookings/{id}/move", reschedule)
        .post("/api/v1/bookings/{id}/cancel", cancel)
}

/// An interview.
#[derive(Clone, Serialize, ToSchema)]
pub struct BookingView {
    pub id: BookingId,
    pub request: RequestId,
    pub status: BookingStatus,
    pub start: Instant,
    pub end: Instant,
    /// IANA name: the clock by which the candidate chose.
    pub zone: String,
    /// While `held`: until when a calendar that did not answer is waited for.
    pub hold_until: Option<Instant>,
    /// Who sits.
    pub people: Vec<PersonRef>,
    /// What the coordinator's calendar says; `null` once the booking is over.
    pub standing: Option<Standing>,
}

/// Somebody of the organisation.
#[derive(Clone, Serialize, ToSchema)]
pub struct PersonRef {
    pub id: PersonId,
    pub name: String,
    /// `null` where nobody knows an address that mail reaches.
    pub email: Option<String>,
}

/// Where a request or an interview stands. `not_in_calendar` means that everybody was invited by mail, or that somebody has to mend
/// something; the request's page says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    WaitingForCandidate,
    Lapsed,
    Held,
    Booked,
    KeptOff,
    InCalendar,
    NotInCalendar,
    Cancelled,
}

impl From<&list::Standing> for Standing {
    fn from(standing: &list::Standing) -> Self {
        match standing {
            list::Standing::WaitingForCandidate => Self::WaitingForCandidate,
            list::Standing::Lapsed => Self::Lapsed,
            list::Standing::Held => Self::Held,
            list::Standing::Booked => Self::Booked,
            list::Standing::KeptOff => Self::KeptOff,
            list::Standing::InCalendar => Self::InCalendar,
            list::Standing::NotInCalendar(_) => Self::NotInCalendar,
            list::Standing::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct BookingList {
    pub bookings: Vec<BookingView>,
    /// `cursor` of the next page, if there is one.
    pub next_cursor: Option<String>,
}

impl BookingView {
    pub(super) fn of(booking: &Booking, people: Vec<PersonRef>, standing: Option<Standing>) -> Self {
        Self {
            id: booking.id,
            request: booking.request,
            status: booking.status,
            start: booking.span.start().into(),
            end: booking.span.end().into(),
            zone: booking.zone.name().to_owned(),
            hold_until: booking.hold_until.map(Into::into),
            people,
            standing,
        }
    }
}

/// What these people are called.
pub(super) async fn names(
    state: &AppState,
    org: OrgId,
    ids: &[PersonId],
) -> Result<BTreeMap<PersonId, PersonRef>, AppError> {
    let found = people::find_all(state.store.reader(), org, ids).await?;
    let named = found.into_iter().map(|person| {
        let email = person.contact().map(ToString::to_string);
        (person.id, PersonRef { id: person.id, email, name: person.name })
    });
    Ok(named.collect())
}

async fn views(state: &AppState, org: OrgId, found: Vec<Booked>) -> Result<Vec<BookingView>, AppError> {
    let ids: Vec<PersonId> = found.iter().flat_map(|one| one.people.iter().copied()).collect();
    let names = names(state, org, &ids).await?;
    let view = |Booked { booking, people, standing }: Booked| {
        let people = people.iter().filter_map(|id| names.get(id).cloned()).collect();
        BookingView::of(&booking, people, standing.as_ref().map(Standing::from))
    };
    Ok(found.into_iter().map(view).collect())
}

pub(super) async fn view(state: &AppState, org: OrgId, id: BookingId) -> Result<BookingView, AppError> {
    let found = browse::booking(state.store.reader(), org, id).await?.ok_or_else(AppError::not_found)?;
    views(state, org, vec![found]).await?.pop().ok_or_else(AppError::not_found)
}

/// List bookings
///
/// Newest first, those that were cancelled too.
#[utoipa::path(
    get, path = "/api/v1/bookings", tag = "bookings",
    params(
        ("status" = Option<BookingStatus>, Query, description = "Only those that stand so."),
        ("request" = Option<RequestId>, Query, description = "Only those of this request."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Entries of a page; 50 unless said."),
        ("cursor" = Option<String>, Query, pattern = "^bkg_[0-9a-f]{32}$", description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of bookings.", body = BookingList)),
)]
pub async fn list_all(
    State(state): State<AppState>,
    caller: Caller<BookingsRead>,
    params: Params,
) -> Result<Reply, AppError> {
    params.only(&["status", "request", "limit", "cursor"])?;
    let page = params.page::<BookingId>()?;
    let status = params.get("status").map(|word| {
        let known = BookingStatus::iter().find(|status| status.as_str() == word);
        known
            .ok_or_else(|| AppError::invalid("status", "status_unknown", "Use held, confirmed, cancelled or released."))
    });
    let request = params.get("request").map(|text| {
        text.parse().map_err(|_| AppError::invalid("request", "request_unknown", "This is no id of a request."))
    });
    let (db, status, request) = (state.store.reader(), status.transpose()?, request.transpose()?);
    let found = browse::bookings(db, caller.org, request, status, page.after, page.limit + 1).await?;
    let (found, next_cursor) = page.cut(found, |one| one.booking.id);
    Ok(Reply::ok(&BookingList { bookings: views(&state, caller.org, found).await?, next_cursor }))
}

/// Get a booking
#[utoipa::path(
    get, path = "/api/v1/bookings/{id}", tag = "bookings",
    params(("id" = BookingId, Path)),
    responses((status = 200, description = "The booking.", body = BookingView)),
)]
pub async fn get_one(
    State(state): State<AppState>,
    caller: Caller<BookingsRead>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    Ok(Reply::ok(&view(&state, caller.org, id(&path)?).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Moving {
    /// One of the times that the request offers now.
    pub start: Instant,
}

/// Move a booking
///
/// To another offered time. Everybody is told. The candidate keeps seeing times by the clock they chose by.
#[utoipa::path(
    post, path = "/api/v1/bookings/{id}/move", tag = "bookings",
    params(("id" = BookingId, Path)),
    request_body = Moving,
    responses((status = 200, description = "The booking at its new time.", body = BookingView)),
)]
pub async fn reschedule(
    State(state): State<AppState>,
    caller: Caller<BookingsWrite>,
    once: Once,
    Path(path): Path<String>,
    Body { read, sent }: Body<Moving>,
) -> Response {
    let key = once.key(&caller);
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let booked = living(&state, caller.org, id(&path)?).await?.ok_or(BookError::NotBooked)?;
            let choice = Choice { start: read.start.0, zone: booked.zone, key };
            let mover = Mover::coordinator(&caller.coordinator, booked.request);
            let _turn = state.searches.turn().await?;
            change::reschedule(&state, &mover, &choice, &caller.origin).await.map_err(not_by_link)?;
            Ok(Reply::ok(&view(&state, caller.org, booked.id).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

/// Cancel a booking
///
/// The interview and its request are cancelled, and everybody is told. A second time changes nothing.
#[utoipa::path(
    post, path = "/api/v1/bookings/{id}/cancel", tag = "bookings",
    params(("id" = BookingId, Path)),
    request_body = Cancelling,
    responses((status = 200, description = "The booking.", body = BookingView)),
)]
pub async fn cancel(
    State(state): State<AppState>,
    caller: Caller<BookingsWrite>,
    once: Once,
    Path(path): Path<String>,
    Body { read, sent }: Body<Cancelling>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let id = id(&path)?;
            let reason = change::reason(&read.reason)?;
            if let Some(booked) = living(&state, caller.org, id).await? {
                let mover = Mover::coordinator(&caller.coordinator, booked.request);
                change::cancel(&state, &mover, reason, &caller.origin).await.map_err(not_by_link)?;
            }
            Ok(Reply::ok(&view(&state, caller.org, id).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

/// The booking, if it still holds; its request has no other then.
async fn living(state: &AppState, org: OrgId, id: BookingId) -> Result<Option<Booking>, AppError> {
    let found = booking::find(state.store.reader(), org, id).await?.ok_or_else(AppError::not_found)?;
    Ok(Some(found).filter(Booking::is_live))
}
