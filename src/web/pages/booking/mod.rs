//! `/book/{token}`: what a candidate sees and does. Complete without script; one card to choose, one page to know.
//!
//! `picture` turns open times into a month and a day, [`post`] answers the forms. The rules are `booking`'s.

mod choose;
mod outcome;
pub mod picture;
pub mod post;

use chrono::NaiveDate;
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_meta::Meta;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    app::fail_with,
    booking::{self, Booking},
    error::AppError,
    events,
    ids::LinkToken,
    people::{self, Person},
    requests::{
        self, Panel, Request,
        link::{self, LinkError, OpenLink},
    },
    scheduling::zones,
    state::AppState,
    store::words::{BookingStatus, RequestStatus},
    web::{
        again::Attempt,
        components::{Banner, Tone},
    },
};

use choose::{Choose, Purpose};

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
    pub link: OpenLink,
    pub request: Request,
    pub panel: Panel,
    pub coordinator: Person,
    pub organisation: String,
    pub booking: Option<Booking>,
    /// Whether there is a calendar file of the booking.
    pub has_file: bool,
    /// The candidate's zone: from the URL, else the booking's, else the request's.
    pub zone: Tz,
    pub day: Option<NaiveDate>,
}

impl Visit {
    async fn load(state: &AppState, token: &str, tz: Option<String>, day: Option<String>) -> Result<Self, AppError> {
        let token: LinkToken = token.parse().map_err(|_| AppError::from(LinkError::Unknown))?;
        let db = state.store.reader();
        let (link, request) = open_request(state, &token).await?;
        let panel = requests::panel(db, link.org, link.request).await?;
        let (coordinator, organisation) = people::find_with_organisation(db, link.org, request.coordinator)
            .await?
            .ok_or_else(|| AppError::from(LinkError::Unknown))?;
        let booking = match request.status {
            // Open is what a request is without a living booking.
            RequestStatus::Open => None,
            _ => booking::latest(db, link.org, link.request).await?.filter(Booking::is_live),
        };
        let has_file = match &booking {
            Some(booking) => calendar_uid(state, booking).await?.is_some(),
            None => false,
        };
        let asked = tz.as_deref().and_then(|tz| zones::parse(tz).ok());
        let known = booking.as_ref().map(|booking| booking.zone);
        Ok(Self {
            token,
            link,
            zone: asked.or(known).unwrap_or(request.zone),
            day: day.and_then(|day| day.parse().ok()),
            request,
            panel,
            coordinator,
            organisation: organisation.name,
            booking,
            has_file,
        })
    }

    /// A page of this visit.
    pub fn href(&self, page: &str) -> String {
        format!("/book/{}{page}", self.token.expose())
    }
}

/// The UID of the booking's calendar file. A file outlives the page, so there is none for a time that may still be taken back,
/// and none under another UID than that of the invitation, which moves and cancellations go by.
async fn calendar_uid(state: &AppState, booking: &Booking) -> Result<Option<String>, AppError> {
    if booking.status != BookingStatus::Confirmed {
        return Ok(None);
    }
    let db = state.store.reader();
    match events::of_booking(db, booking.org, booking.id).await? {
        Some(event) => Ok(events::mailed_uid(db, &event).await?),
        None => Ok(None),
    }
}

/// Opens the link, or says whom to ask.
async fn open(state: &AppState, token: &LinkToken) -> Result<OpenLink, AppError> {
    Ok(open_request(state, token).await?.0)
}

/// The same with its request.
async fn open_request(state: &AppState, token: &LinkToken) -> Result<(OpenLink, Request), AppError> {
    match link::open_request(state.store.reader(), token, state.clock.now()).await {
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
fn visit<V: IntoView + Send + 'static>(
    show: impl FnOnce(Visit, AppState, Option<Attempt<Typed>>) -> V + Send + 'static,
) -> impl IntoView {
    let state = expect_context::<AppState>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let attempt = use_context::<Attempt<Typed>>();
    let token = use_params_map().read_untracked().get("token").unwrap_or_default();
    let query = use_query_map().get_untracked();
    let (tz, day) = (query.get("tz"), query.get("day"));
    let page = Suspend::new(async move {
        match Visit::load(&state, &token, tz, day).await {
            Ok(visit) => show(visit, state, attempt).into_any(),
            Err(error) => fail_with(response, error).into_any(),
        }
    });
    view! {
        <Meta name="robots" content="noindex, nofollow" />
        <Suspense>{page}</Suspense>
    }
}

/// `/book/{token}`
#[component]
pub fn BookingPage() -> impl IntoView {
    visit(|visit, state, attempt| match (&visit.booking, visit.request.status) {
        (Some(booking), _) if booking.status == BookingStatus::Held => {
            let booking = booking.clone();
            view! { <outcome::Held visit booking attempt /> }.into_any()
        }
        (Some(booking), _) => {
            let booking = booking.clone();
            view! { <outcome::Booked visit booking attempt now=state.clock.now() /> }.into_any()
        }
        (None, RequestStatus::Cancelled) => view! { <outcome::Cancelled visit /> }.into_any(),
        (None, _) => view! { <Choose visit purpose=Purpose::Book attempt /> }.into_any(),
    })
}

/// Why a form of these pages could not be carried out.
fn problem(attempt: Option<&Attempt<Typed>>) -> impl IntoView + use<> {
    attempt.map(|attempt| {
        let AppError { sentence, code, hint, .. } = attempt.error.clone();
        view! {
            <Banner tone=Tone::Danger title=sentence.to_string() code=code.to_string() alert=true class="mb-4">
                {hint.unwrap_or_default().to_string()}
            </Banner>
        }
    })
}

/// `/book/{token}/move`
#[component]
pub fn MovePage() -> impl IntoView {
    visit(|visit, state, attempt| match visit.booking.clone() {
        Some(booking) if outcome::may_change(&visit, &booking, state.clock.now()) => {
            view! { <Choose visit purpose=Purpose::Move(booking) attempt /> }.into_any()
        }
        Some(booking) => view! { <outcome::Booked visit booking attempt now=state.clock.now() /> }.into_any(),
        None if visit.request.status == RequestStatus::Cancelled => view! { <outcome::Cancelled visit /> }.into_any(),
        None => view! { <Choose visit purpose=Purpose::Book attempt /> }.into_any(),
    })
}

/// `/book/{token}/cancel`
#[component]
pub fn CancelPage() -> impl IntoView {
    visit(|visit, state, attempt| match visit.booking.clone() {
        Some(booking) if outcome::may_change(&visit, &booking, state.clock.now()) => {
            view! { <outcome::ConfirmCancel visit booking attempt /> }.into_any()
        }
        Some(booking) => view! { <outcome::Booked visit booking attempt now=state.clock.now() /> }.into_any(),
        None if visit.request.status == RequestStatus::Cancelled => view! { <outcome::Cancelled visit /> }.into_any(),
        None => view! { <Choose visit purpose=Purpose::Book attempt /> }.into_any(),
    })
}
