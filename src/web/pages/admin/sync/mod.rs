//! `/admin/sync`: how the organisation's calendars are kept in step: who has trouble ([`failing`]), what waits ([`queue`]), how each
//! provider answers ([`providers`]), and what was given up ([`dead`]). One file for each part; `docs/operations.md` says what to do
//! about each. The page follows what happens ([`crate::web::live`]).

mod dead;
mod failing;
mod providers;
mod queue;

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{Redirect, Response},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use super::{View, Views};
use crate::{
    audit::Origin,
    booking::again,
    error::AppError,
    ids::JobId,
    people::Admin,
    state::AppState,
    web::{
        components::{Section, Toast, Toasts},
        form::Form,
        islands::Live,
        live::{self, Since, Topic},
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
    },
};

pub(super) const PAGE: &str = "/admin/sync";

pub fn routes() -> Routes {
    Routes::default().get("/admin/sync/live", follow).post("/admin/sync/retry", retry)
}

#[component]
pub fn SyncPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let news = match query.get("news").as_deref() {
        Some("again") => Some("It is tried again now."),
        Some("all") => Some("They are tried again now."),
        Some("none") => Some("Nothing of that kind is given up any more."),
        _ => None,
    };
    desk(move |desk: Desk<Admin>| async move {
        // Before anything is read: what changes meanwhile is news.
        let since = Topic::Sync(desk.me().org).mark(&desk.state).await?;
        let failing = failing::load(&desk).await?;
        let queue = queue::load(&desk).await?;
        let providers = providers::load(&desk).await?;
        let dead = dead::load(&desk).await?;
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        Ok(view! {
            <Frame desk title="Administration" sub="What holds for everybody of your organisation" current=Section::Admin>
                <Views current=View::Sync />
                <p class="hint mb-4">
                    "This page follows what happens. Without script, " <a class="link" href=PAGE>"reload it"</a> "."
                </p>
                <Live url="/admin/sync/live".to_owned() since />
                <div class="stack-lg">
                    <div data-live="failing"><failing::People failing /></div>
                    <div data-live="queue"><queue::Queue queue /></div>
                    <div data-live="providers"><providers::Health providers /></div>
                    <div data-live="dead"><dead::Letters dead /></div>
                </div>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// News of all of this, for the open page.
async fn follow(
    State(state): State<AppState>,
    admin: Admin,
    headers: HeaderMap,
    Query(since): Query<Since>,
) -> Result<Response, AppError> {
    let member = admin.member();
    live::follow(&state, Topic::Sync(member.org), member, |member| member.admin().is_ok(), &headers, &since).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    /// One dead letter,
    #[serde(default)]
    job: String,
    /// or all of a kind.
    #[serde(default)]
    kind: String,
}

/// Dead letters get another life.
async fn retry(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    Form(form): Form<Again>,
) -> Result<Redirect, AppError> {
    let coordinator = admin.member().clone().coordinator()?;
    let news = match (form.job.as_str(), form.kind.as_str()) {
        ("", "") => {
            return Err(AppError::new(422, "nothing_chosen", "Nothing was chosen to be tried again.")
                .hint("Go back and use a button beside what was given up."));
        }
        ("", kind) => match again::try_all(&state, &coordinator, kind, &origin).await? {
            0 => "none",
            _ => "all",
        },
        (job, _) => {
            let job: JobId = job.parse().map_err(|_| AppError::not_found())?;
            if !again::try_again(&state, &coordinator, job, &origin).await? {
                return Err(AppError::not_found());
            }
            "again"
        }
    };
    Ok(Redirect::to(&format!("{PAGE}?news={news}")))
}
