//! `/book/{token}`: what a candidate sees and does. Complete without script; one card to choose, one page to know.
//!
//! `picture` turns open times into a month and a day, [`post`] answers the forms. The rules are `booking`'s.

mod choose;
mod outcome;
pub mod picture;
pub mod post;

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_meta::Meta;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    app::fail_with,
    booking::{
        Booking,
        opened::{Opened, opened},
    },
    error::AppError,
    ids::LinkToken,
    people::{self, Person},
    requests::{
        self, Panel, Request,
        link::{LinkError, OpenLink},
    },
    scheduling::zones,
    state::AppState,
    store::words::{BookingStatus, RequestStatus},
    web::again::Attempt,
};

use choose::{Purpose, choose};

/// What a form on these pages said, shown again when it could not be carried out.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub start: String,
    pub reason: String,
}

/// Everything about one link that its pages show.
#[derive(Clone)]
pub struct Visit {
    pub token: LinkToken,
    pub request: Arc<Request>,
    pub panel: Arc<Panel>,
    pub coordinator: Arc<Person>,
    pub organisation: String,
    pub booking: Option<Booking>,
    /// Whether there is a calendar file of the booking.
    pub has_file: bool,
    /// The candidate's zone: from the URL, else the booking's, else the request's.
    pub zone: Tz,
    pub day: Option<NaiveDate>,
    opened: Arc<Opened>,
}

impl Visit {
    async fn load(state: &AppState, token: &str, tz: Option<String>, day: Option<String>) -> Result<Self, AppError> {
        let token: LinkToken = token.parse().map_err(|_| AppError::from(LinkError::Unknown))?;
        let (opened, _) = open(state, &token).await?;
        let asked = tz.as_deref().and_then(|tz| zones::parse(tz).ok());
        let known = opened.booking.as_ref().map(|booking| booking.zone);
        Ok(Self {
            token,
            zone: asked.or(known).unwrap_or(opened.request.zone),
            day: day.and_then(|day| day.parse().ok()),
            request: opened.request.clone(),
            panel: opened.panel.clone(),
            coordinator: opened.coordinator.clone(),
            organisation: opened.organisation.clone(),
            booking: opened.booking.clone(),
            has_file: opened.calendar_uid.is_some(),
            opened,
        })
    }

    /// The clock beside the candidate's.
    pub fn coordinator_zone(&self) -> Tz {
        self.coordinator.zone_for(self.request.zone)
    }

    /// A page of this visit.
    pub fn href(&self, page: &str) -> String {
        format!("/book/{}{page}", self.token.expose())
    }
}

/// Opens the link, or says whom to ask.
async fn open(state: &AppState, token: &LinkToken) -> Result<(Arc<Opened>, OpenLink), AppError> {
    let opened = async {
        let opened = opened(state, token).await?;
        let link = opened.link.at(state.clock.now())?;
        Ok((opened, link))
    };
    match opened.await {
        Ok(opened) => Ok(opened),
        Err(error) => Err(with_contact(state, error).await),
    }
}

/// Says whom to ask when a link no longer opens.
async fn with_contact(state: &AppState, error: LinkError) -> AppError {
    let place = match &error {
        LinkError::Expired { org, request } | LinkError::Revoked { org, request } => Some((*org, *request)),
        _ => None,
    };
    let db = state.store.reader();
    let contact = async {
        let (org, request) = place?;
        let request = requests::find(db, org, request).await.ok()??;
        people::find(db, org, request.coordinator).await.ok()?
    };
    match contact.await {
        Some(person) => AppError::from(error).hint(format!("Write to {} for a new one.", person.name_and_address())),
        None => error.into(),
    }
}

/// Loads the visit of this URL and shows it, or says why not.
fn visit<Show>(show: impl FnOnce(Visit, AppState, Option<Attempt<Typed>>) -> Show + Send + 'static) -> impl IntoView
where
    Show: Future<Output = Result<AnyView, AppError>> + Send + 'static,
{
    let state = expect_context::<AppState>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let attempt = use_context::<Attempt<Typed>>();
    let token = use_params_map().read_untracked().get("token").unwrap_or_default();
    let query = use_query_map().get_untracked();
    let (tz, day) = (query.get("tz"), query.get("day"));
    let page = Suspend::new(async move {
        let shown = async {
            let visit = Visit::load(&state, &token, tz, day).await?;
            show(visit, state, attempt).await
        };
        shown.await.unwrap_or_else(|error| fail_with(response, error).into_any())
    });
    view! {
        <Meta name="robots" content="noindex, nofollow" />
        <Suspense>{page}</Suspense>
    }
}

/// `/book/{token}`
#[component]
pub fn BookingPage() -> impl IntoView {
    visit(async |visit, state, attempt| {
        Ok(match (visit.booking.clone(), visit.request.status) {
            (Some(booking), _) if booking.status == BookingStatus::Held => {
                view! { <outcome::Held visit booking attempt /> }.into_any()
            }
            (Some(booking), _) => view! { <outcome::Booked visit booking attempt now=state.clock.now() /> }.into_any(),
            (None, RequestStatus::Cancelled) => view! { <outcome::Cancelled visit /> }.into_any(),
            (None, _) => choose(&state, visit, Purpose::Book, attempt).await?,
        })
    })
}

/// `/book/{token}/move`
#[component]
pub fn MovePage() -> impl IntoView {
    visit(async |visit, state, attempt| {
        Ok(match visit.booking.clone() {
            Some(booking) if outcome::may_change(&visit, &booking, state.clock.now()) => {
                choose(&state, visit, Purpose::Move(booking), attempt).await?
            }
            Some(booking) => view! { <outcome::Booked visit booking attempt now=state.clock.now() /> }.into_any(),
            None if visit.request.status == RequestStatus::Cancelled => {
                view! { <outcome::Cancelled visit /> }.into_any()
            }
            None => choose(&state, visit, Purpose::Book, attempt).await?,
        })
    })
}

/// `/book/{token}/cancel`
#[component]
pub fn CancelPage() -> impl IntoView {
    visit(async |visit, state, attempt| {
        Ok(match visit.booking.clone() {
            Some(booking) if outcome::may_change(&visit, &booking, state.clock.now()) => {
                view! { <outcome::ConfirmCancel visit booking attempt /> }.into_any()
            }
            Some(booking) => view! { <outcome::Booked visit booking attempt now=state.clock.now() /> }.into_any(),
            None if visit.request.status == RequestStatus::Cancelled => {
                view! { <outcome::Cancelled visit /> }.into_any()
            }
            None => choose(&state, visit, Purpose::Book, attempt).await?,
        })
    })
}
