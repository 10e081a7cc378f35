//! What every staff page shares: who is signed in, where they may go, and the way to sign-in for those who are not.

use axum::http::request::Parts;
use leptos::{
    nonce::{Nonce, use_nonce},
    prelude::*,
};
use leptos_meta::Title;

use crate::{
    app::fail_with,
    connections,
    error::AppError,
    people::{self, Coordinator},
    state::AppState,
    web::{
        components::{Banner, Button, InputKind, NavItem, Section, StaffShell, TextField, Tone, WhoAmI, ZoneSelect},
        session,
        zones::zone_options,
    },
};

/// Fills in the browser's own zone where `data-guess-zone` asks for it.
pub const GUESS_ZONE: &str = include_str!("guess_zone.js");

/// Somebody who works with requests, and what their pages need.
#[derive(Clone)]
pub struct Desk {
    pub state: AppState,
    pub coordinator: Coordinator,
    pub organisation: String,
    /// What a provider calls their address without vouching for it, while they have none; empty otherwise.
    pub claimed_address: String,
    /// Path and query of the page.
    pub here: String,
    /// For the scripts of parts that wait for something.
    pub nonce: Option<Nonce>,
}

impl Desk {
    pub fn who(&self) -> WhoAmI {
        WhoAmI { name: self.coordinator.member().name.clone(), organisation: self.organisation.clone() }
    }
}

/// Shows a page to a coordinator. Signed-out visitors go to sign-in and come back here afterwards.
pub fn desk<V, F>(show: impl FnOnce(Desk) -> F + Send + 'static) -> impl IntoView
where
    V: IntoView + Send + 'static,
    F: Future<Output = Result<V, AppError>> + Send + 'static,
{
    let state = expect_context::<AppState>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let parts = use_context::<Parts>();
    let nonce = use_nonce();
    let page = Suspend::new(async move {
        let here = parts.as_ref().and_then(|parts| parts.uri.path_and_query());
        let here = here.map_or("/dashboard", |target| target.as_str()).to_owned();
        let outcome = async {
            let member = match &parts {
                Some(parts) => session::member(&state, &parts.headers).await?,
                None => None,
            };
            let Some(member) = member else { return Ok(None) };
            let organisation = people::organisation(state.store.reader(), member.org).await?.name;
            let coordinator = member.coordinator().map_err(|_| {
                AppError::forbidden()
                    .hint("These pages are for those who arrange interviews. There is nothing you need to do here.")
            })?;
            let me = coordinator.member();
            let claimed_address = match me.contact() {
                Some(_) => String::new(),
                None => connections::claimed_address(state.store.reader(), me.org, me.person).await?,
            };
            Ok::<_, AppError>(Some(
                show(Desk {
                    state: state.clone(),
                    coordinator,
                    organisation,
                    claimed_address,
                    here: here.clone(),
                    nonce,
                })
                .await?,
            ))
        };
        match outcome.await {
            Ok(Some(page)) => page.into_any(),
            Ok(None) => {
                to_sign_in(response.as_ref(), &here);
                ().into_any()
            }
            Err(error) => fail_with(response, error).into_any(),
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

fn to_sign_in(response: Option<&leptos_axum::ResponseOptions>, target: &str) {
    use axum::http::{HeaderValue, StatusCode, header};
    let Some(response) = response else { return };
    if let Ok(location) = HeaderValue::from_str(&session::sign_in_location(target)) {
        response.insert_header(header::LOCATION, location);
        response.set_status(StatusCode::SEE_OTHER);
    }
}

/// The frame around a staff page.
#[component]
pub fn Frame(
    desk: Desk,
    #[prop(into)] title: String,
    #[prop(optional, into)] sub: MaybeProp<String>,
    #[prop(optional)] current: Option<Section>,
    #[prop(optional)] actions: Option<AnyView>,
    #[prop(optional)] beside: Option<AnyView>,
    #[prop(default = None, into)] back: Option<(String, String)>,
    children: Children,
) -> impl IntoView {
    let nav = [Section::Dashboard, Section::Requests, Section::Settings].map(|section| NavItem {
        section,
        count: None,
        alert: false,
    });
    let who = desk.who();
    // The settings ask for it themselves.
    let me = desk.coordinator.member();
    let asks = current != Some(Section::Settings) && (me.zone.is_none() || me.contact().is_none());
    view! {
        <Title text=title.clone() />
        <StaffShell
            title
            sub
            nav=nav.to_vec()
            current
            who
            back
            actions=actions.unwrap_or_else(|| ().into_any())
            beside=beside.unwrap_or_else(|| ().into_any())
        >
            {asks.then(|| view! { <AboutYou desk /> })}
            {children()}
        </StaffShell>
    }
}

/// Asks somebody for what no provider told and others need of them.
#[component]
fn AboutYou(desk: Desk) -> impl IntoView {
    let me = desk.coordinator.member();
    let (no_zone, no_address) = (me.zone.is_none(), me.contact().is_none());
    let title = match (no_zone, no_address) {
        (true, false) => "Which time zone are you in?",
        (false, _) => "Where may others write to you?",
        (true, true) => "Where are you, and where may others write to you?",
    };
    let zone = no_zone.then(|| {
        let options = zone_options(desk.state.clock.now(), "");
        view! { <ZoneSelect options name="zone" id="your-zone" label="Where you are" /> }
    });
    let address = no_address.then(|| {
        let claimed = desk.claimed_address.clone();
        view! { <TextField label="Your address" name="email" id="your-address" kind=InputKind::Email value=claimed /> }
    });
    let form = view! {
        <form method="post" action="/settings" class="flex flex-col gap-3 sm:flex-row sm:items-end" data-guess-zone="">
            <input type="hidden" name="return_to" value=desk.here />
            {zone}
            {address}
            <Button label="Save" />
        </form>
    };
    view! {
        <script nonce=desk.nonce>{GUESS_ZONE}</script>
        <Banner tone=Tone::Warning title actions=form.into_any() class="mb-4">
            {no_zone.then_some("Your calendar did not say where you are. Until you do, times here are shown in UTC, your working hours are taken in the zone of each request, and whole days in your calendar block a little more than the day. ")}
            {no_address.then_some("Nobody vouches for an address of yours. Until you confirm one by the mail we send to it, you get no mails, are not invited to interviews, and candidates cannot answer you.")}
        </Banner>
    }
}
