//! `/invite/{token}`: who asks and why, one button per provider, or times by hand. Complete without script.

pub mod post;
mod times;
mod week;

use chrono_tz::Tz;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;

use super::{providers::continue_label, staff::GUESS_ZONE};
use crate::{
    app::fail_with,
    error::AppError,
    ids::LinkToken,
    invitations::{self, LinkError, Opened},
    notifications::when,
    requests::{self, Request},
    state::AppState,
    store::words::{Provider, Role},
    web::{
        again::{Attempt, problem},
        components::{
            Glyph, Icon, PublicShell,
            provider_mark::{Provider as Mark, ProviderButton},
        },
    },
};

pub use times::TimesPage;

/// What a page of an invitation shows.
#[derive(Clone)]
struct Visit {
    token: LinkToken,
    opened: Opened,
    /// The request that made somebody ask, while it is there.
    request: Option<Request>,
    /// Whom one may sign in with.
    providers: Vec<Provider>,
}

impl Visit {
    async fn load(state: &AppState, token: &str) -> Result<Self, AppError> {
        let token: LinkToken = token.parse().map_err(|_| AppError::from(LinkError::Unknown))?;
        let opened = open(state, &token).await?;
        let db = state.store.reader();
        let org = opened.organisation.id;
        let request = match opened.invitation.request {
            Some(request) => requests::find(db, org, request).await?,
            None => None,
        };
        let policies = &opened.organisation.policies;
        let providers = state
            .config
            .providers
            .sign_in
            .iter()
            .copied()
            .filter(|one| policies.signs_in(*one) && policies.connects(*one));
        Ok(Self { token, providers: providers.collect(), opened, request })
    }

    fn href(&self, page: &str) -> String {
        format!("/invite/{}{page}", self.token.expose())
    }
}

/// Opens an invitation that still works, or says whom to ask.
async fn open(state: &AppState, token: &LinkToken) -> Result<Opened, AppError> {
    let opened = invitations::find(state.store.reader(), token).await?;
    match opened.invitation.works(state.clock.now()) {
        Ok(()) => Ok(opened),
        Err(error @ (LinkError::Expired | LinkError::Withdrawn)) => {
            Err(AppError::from(error).hint(format!("Write to {} for a new one.", opened.inviter.name_and_address())))
        }
        Err(error) => Err(error.into()),
    }
}

/// Loads the visit of this address and shows it, or says why not.
fn visit<F>(show: impl FnOnce(Visit, AppState) -> F + Send + 'static) -> impl IntoView
where
    F: Future<Output = Result<AnyView, AppError>> + Send + 'static,
{
    let state = expect_context::<AppState>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let token = use_params_map().read_untracked().get("token").unwrap_or_default();
    let page = Suspend::new(async move {
        let shown = async { show(Visit::load(&state, &token).await?, state).await };
        shown.await.unwrap_or_else(|error| fail_with(response, error).into_any())
    });
    view! {
        <Meta name="robots" content="noindex, nofollow" />
        <Suspense>{page}</Suspense>
    }
}

/// `/invite/{token}`
#[component]
pub fn InvitePage() -> impl IntoView {
    let attempt = use_context::<Attempt<()>>();
    let nonce = use_nonce();
    visit(async move |visit, _| {
        let Opened { invitation, inviter, organisation, .. } = visit.opened.clone();
        let reads = invitation.role == Role::Interviewer;
        let lead = if reads {
            format!(
                "{} asks, so that interviews land only where you are free. It takes one sign-in; after that you need not think of it again.",
                inviter.name
            )
        } else {
            format!(
                "{} asks you to arrange interviews. Convene then also puts the interviews you arrange into your calendar.",
                inviter.name
            )
        };
        let why = visit.request.as_ref().map(|request| {
            let what = format!("{}, {}", request.interview_type, when::length(request.duration));
            view! { <p class="hint">"Asked for: " {what}</p> }
        });
        let button = |provider: &Provider| {
            let mark = Mark::from(*provider);
            view! { <ProviderButton provider=mark label=continue_label(mark) name="provider" value=provider.as_str() /> }
        };
        let buttons = visit.providers.iter().map(button).collect_view();
        let until = when::date(invitation.expires_at, visit.opened.person.zone.or(inviter.zone).unwrap_or(Tz::UTC));
        let foot = format!("This link is for you alone and works until {until}. You can disconnect at any time.");
        let problem = problem(attempt.as_ref(), &[]);
        Ok(view! {
            <Title text="Connect your calendar" />
            <script nonce=nonce>{GUESS_ZONE}</script>
            <PublicShell organisation=organisation.name.clone() sheet=true foot>
                {problem}
                <div class="stack-lg">
                    <div class="stack">
                        <h1 class="public-title">"Connect your calendar"</h1>
                        <p class="text-muted">{lead}</p>
                        {why}
                    </div>
                    <form method="post" action=visit.href("") class="stack">
                        <input type="hidden" name="zone" data-guess-zone="" />
                        {buttons}
                    </form>
                    <form method="get" action=visit.href("/times") class="give-times">
                        <button class="link-button">"Give times instead"</button>
                        ", without connecting anything."
                    </form>
                    <Sees reads />
                </div>
            </PublicShell>
        }
        .into_any())
    })
}

/// What is read and what is not.
#[component]
fn Sees(reads: bool) -> impl IntoView {
    let never = if reads {
        "titles, places, guests or notes; and it cannot change your calendar"
    } else {
        "titles, places, guests or notes of anything it did not put there itself"
    };
    let exactly = if reads {
        "At Google it asks for your free/busy times and nothing else. Microsoft has no permission that narrow: it asks to read your calendar, and uses only when you are busy. Nothing but those times is kept."
    } else {
        "It asks to see when you are busy, to list your calendars, and to write events. It changes only events that it made."
    };
    view! {
        <div class="sees">
            <section>
                <h2 class="sees-head text-success-text">
                    <Icon glyph=Glyph::Eye />
                    <span>"Convene sees"</span>
                </h2>
                <p class="hint">"from when to when you are busy, for the weeks interviews are planned in"</p>
            </section>
            <section>
                <h2 class="sees-head">
                    <Icon glyph=Glyph::EyeOff />
                    <span>"Convene never sees"</span>
                </h2>
                <p class="hint">{never}</p>
            </section>
            <p class="hint sees-exactly">{exactly}</p>
        </div>
    }
}
