//! The document around every page, and the table of pages.
//!
//! Pages are rendered whole on the server (`SsrMode::Async`); what moves is an island. The script that wakes islands is our
//! own: Leptos's starts fetching WASM before the page is painted.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header, request::Parts};
use leptos::{hydration::AutoReload, nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    error::{AppError, REQUEST_ID},
    state::AppState,
    web::{
        components::{ErrorPage, LinkButton, PublicShell},
        pages::{
            admin::{ApiPage, AuditPage, CalendarPolicyPage, SyncPage, TeamPage},
            booking::{BookingPage, CancelPage, MovePage},
            dashboard::{Dashboard, RequestsPage},
            home::Home,
            invite::{InvitePage, TimesPage},
            mailbox::{MailPage, MailboxPage},
            new_request::NewRequestPage,
            people::InvitePeoplePage,
            request::{RequestPage, difference_page::DifferencePage, move_page::MoveRequestPage, swap_page::SwapPage},
            settings::{ApplePage, CalendarPage, NotificationsPage, SessionsPage, SettingsPage},
            signin::{SignIn, SignUp},
            styleguide::Styleguide,
            welcome::WelcomePage,
        },
        site::Site,
    },
};

/// The text of `<title>`. Titles quote what people typed, and are written into the document as they are: escaped here.
fn document_title(title: String) -> String {
    if title.is_empty() { "Convene".to_owned() } else { format!("{} · Convene", maud::html!((title)).into_string()) }
}

/// The pages. Their functions must not run when the table is only listed, so nothing here asks for state.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=document_title />
        <Router>
            <FlatRoutes fallback=|| view! { <Failure error=AppError::not_found() /> }>
                <Route path=path!("/") view=Home ssr=SsrMode::Async />
                <Route path=path!("/signin") view=SignIn ssr=SsrMode::Async />
                <Route path=path!("/signup") view=SignUp ssr=SsrMode::Async />
                <Route path=path!("/dashboard") view=Dashboard ssr=SsrMode::Async />
                <Route path=path!("/requests") view=RequestsPage ssr=SsrMode::Async />
                <Route path=path!("/requests/new") view=NewRequestPage ssr=SsrMode::Async />
                <Route path=path!("/requests/:id") view=RequestPage ssr=SsrMode::Async />
                <Route path=path!("/requests/:id/move") view=MoveRequestPage ssr=SsrMode::Async />
                <Route path=path!("/requests/:id/difference/:difference") view=DifferencePage ssr=SsrMode::Async />
                <Route path=path!("/requests/:id/swap/:person") view=SwapPage ssr=SsrMode::Async />
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async />
                <Route path=path!("/settings/calendar") view=CalendarPage ssr=SsrMode::Async />
                <Route path=path!("/settings/notifications") view=NotificationsPage ssr=SsrMode::Async />
                <Route path=path!("/settings/sessions") view=SessionsPage ssr=SsrMode::Async />
                <Route path=path!("/settings/calendar/apple") view=ApplePage ssr=SsrMode::Async />
                <Route path=path!("/welcome") view=WelcomePage ssr=SsrMode::Async />
                <Route path=path!("/admin") view=TeamPage ssr=SsrMode::Async />
                <Route path=path!("/admin/integrations/calendar") view=CalendarPolicyPage ssr=SsrMode::Async />
                <Route path=path!("/admin/sync") view=SyncPage ssr=SsrMode::Async />
                <Route path=path!("/admin/api") view=ApiPage ssr=SsrMode::Async />
                <Route path=path!("/admin/audit") view=AuditPage ssr=SsrMode::Async />
                <Route path=path!("/people/invite") view=InvitePeoplePage ssr=SsrMode::Async />
                <Route path=path!("/invite/:token") view=InvitePage ssr=SsrMode::Async />
                <Route path=path!("/invite/:token/times") view=TimesPage ssr=SsrMode::Async />
                <Route path=path!("/book/:token") view=BookingPage ssr=SsrMode::Async />
                <Route path=path!("/book/:token/move") view=MovePage ssr=SsrMode::Async />
                <Route path=path!("/book/:token/cancel") view=CancelPage ssr=SsrMode::Async />
                <Route path=path!("/mailbox") view=MailboxPage ssr=SsrMode::Async />
                <Route path=path!("/mailbox/:id") view=MailPage ssr=SsrMode::Async />
                <Route path=path!("/styleguide") view=Styleguide ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}

/// The document of a page.
pub fn shell(state: AppState) -> impl IntoView {
    let theme = use_context::<Parts>().map(|parts| Theme::from_headers(&parts.headers)).unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute()>
            <head>
                <Head site=state.site.clone() />
                <AutoReload options=state.leptos_options.clone() />
                <WakeIslands site=state.site />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The document of a failure that no page was there to show. Needs no islands.
pub fn error_document(site: &Site, theme: Theme, error: &AppError) -> String {
    let (site, error) = (site.clone(), error.clone());
    Owner::new().with(|| {
        view! {
            <!DOCTYPE html>
            <html lang="en" data-theme=theme.attribute()>
                <head>
                    <Head site />
                    <title>{format!("{} · Convene", error.sentence)}</title>
                </head>
                <body>
                    <Failure error />
                </body>
            </html>
        }
        .to_html()
        // Leptos ends a text that may change with a marker, which in a title would be read as text.
        .replacen("<!></title>", "</title>", 1)
    })
}

/// The id of the request whose page is being rendered.
#[derive(Clone)]
pub struct Reference(pub String);

/// A failure as a page. Inside a page, set the status as well: see [`fail`].
#[component]
pub fn Failure(error: AppError) -> impl IntoView {
    let sentence = error.hint.as_deref().unwrap_or("Go back and try again.").to_owned();
    let in_a_page = || use_context::<Reference>().map(|Reference(id)| id);
    let reference = error.reference.or_else(in_a_page).or_else(|| REQUEST_ID.try_with(Clone::clone).ok());
    view! {
        <PublicShell organisation="Convene" sheet=true>
            <ErrorPage
                status=error.status
                code=error.code.into_owned()
                title=error.sentence.into_owned()
                sentence=sentence
                reference
            >
                <LinkButton label=error.way_on.label() href=error.way_on.href() />
            </ErrorPage>
        </PublicShell>
    }
}

/// Makes the page being rendered a failure: its status and what it shows.
pub fn fail(error: AppError) -> impl IntoView {
    fail_with(use_context(), error)
}

/// The same from inside a future, where context has to be brought along.
pub fn fail_with(response: Option<leptos_axum::ResponseOptions>, error: AppError) -> impl IntoView {
    if let Some(response) = response {
        response.set_status(error.status_code());
        if let Some(seconds) = error.retry_after {
            response.insert_header(header::RETRY_AFTER, seconds.into());
        }
    }
    view! {
        <Title text=error.sentence.clone().into_owned() />
        <Failure error />
    }
}

#[component]
fn Head(site: Site) -> impl IntoView {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="stylesheet" href=site.stylesheet.to_string() />
        <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
    }
}

/// The script without its comments and indentation.
static WAKE_ISLANDS: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("app/wake_islands.js").lines().map(str::trim);
    lines.filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n")
});

/// Fetches and starts the islands' WASM after the first paint, on pages that have any.
#[component]
fn WakeIslands(site: Site) -> impl IntoView {
    // Everything outside islands stays as the server wrote it, so nothing has to be sent along for it.
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    let script = format!("{}({:?}, {:?});", *WAKE_ISLANDS, site.script, site.wasm);
    view! { <script type="module" nonce=use_nonce()>{script}</script> }
}

/// Light, dark, or as the system has it; kept in the cookie `theme`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let theme = cookies.flat_map(|value| value.split(';')).find_map(|cookie| cookie.trim().strip_prefix("theme="));
        match theme {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// The value of `data-theme`.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}
