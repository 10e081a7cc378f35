//! What every staff page shares: who is signed in, where they may go, and the way to sign-in for those who are not.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    app::fail_with,
    error::AppError,
    people::{self, Coordinator},
    state::AppState,
    web::{
        components::{NavItem, Section, StaffShell, WhoAmI},
        session,
    },
};

/// Somebody who works with requests, and what their pages need.
#[derive(Clone)]
pub struct Desk {
    pub state: AppState,
    pub coordinator: Coordinator,
    pub organisation: String,
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
    let page = Suspend::new(async move {
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
            Ok::<_, AppError>(Some(show(Desk { state: state.clone(), coordinator, organisation }).await?))
        };
        match outcome.await {
            Ok(Some(page)) => page.into_any(),
            Ok(None) => {
                let target = parts
                    .as_ref()
                    .and_then(|parts| parts.uri.path_and_query())
                    .map_or("/dashboard", |target| target.as_str());
                to_sign_in(response.as_ref(), target);
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
    let nav = [Section::Dashboard, Section::Requests].map(|section| NavItem { section, count: None, alert: false });
    let who = desk.who();
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
            {children()}
        </StaffShell>
    }
}
