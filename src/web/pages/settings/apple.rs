//! `/settings/calendar/apple`: a calendar that a name and a password open, at Apple or at any other CalDAV server.

use std::time::Duration;

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use super::{View, Views};
use crate::{
    audit::Origin,
    calendars::Provider,
    connections::caldav::{self, Typed},
    error::AppError,
    limits,
    people::Member,
    secrets::Secret,
    state::AppState,
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Button, ButtonKind, Card, CardBody, CardHead, Checkbox, InputKind, LinkButton, Section, TextField,
        },
        form::Form,
        pages::staff::{Desk, Frame, GUESS_ZONE, desk},
        routes::Routes,
    },
};

const PAGE: &str = "/settings/calendar/apple";
/// How often somebody may try: other people's servers lock accounts.
const TRIES: u32 = 20;
const PER: Duration = Duration::from_secs(600);

pub fn routes() -> Routes {
    Routes::default().post(PAGE, save)
}

/// What the form says. The password is not among what is shown again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    #[serde(default)]
    server: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
    /// Whether it takes the place of what is connected.
    #[serde(default)]
    take_over: String,
}

/// What is shown again.
#[derive(Clone, Debug, Default)]
struct Kept {
    server: String,
    user: String,
    takes_over: bool,
}

/// The page.
#[component]
pub fn ApplePage() -> impl IntoView {
    let nonce = use_nonce();
    let attempt = use_context::<Attempt<Kept>>();
    // Asked before, on the page of the calendars.
    let agreed = use_query_map().get_untracked().get("take_over").is_some();
    desk(move |desk: Desk<Member>| async move {
        if desk.state.services.calendars.get(Provider::Apple).is_none() {
            return Err(AppError::not_found());
        }
        let wrong = |field: &str| wrong(attempt.as_ref(), field);
        let (server, user, password) = (wrong("server"), wrong("user"), wrong("password"));
        let is_in_the_way = attempt.as_ref().is_some_and(|attempt| attempt.error.code == "account_mismatch");
        let typed = attempt.as_ref().map(|attempt| attempt.typed.clone()).unwrap_or_default();
        let problem = problem(attempt.as_ref(), &["server", "user", "password"]);
        Ok(view! {
            <script nonce=nonce>{GUESS_ZONE}</script>
            <Frame desk title="Settings" current=Section::Settings>
                <Views current=View::Calendar />
                <div class="stack-lg max-w-3xl">
                    {problem}
                    <Card>
                        <CardHead title="Connect Apple Calendar" />
                        <CardBody>
                            <form method="post" action=PAGE class="stack max-w-lg">
                                <p class="hint">
                                    "Apple lets programs in by an app-specific password. Make one at "
                                    <a href="https://account.apple.com" target="_blank" rel="noopener noreferrer">"account.apple.com"</a>
                                    " under Sign-In and Security, and paste it here."
                                </p>
                                <TextField label="Apple Account address or user name" name="user" value=typed.user.clone() error=user autocomplete="username" />
                                <TextField
                                    label="App-specific password"
                                    name="password"
                                    kind=InputKind::Password
                                    error=password
                                    autocomplete="off"
                                    hint="Such a password opens your mail and contacts too. It is stored encrypted and used for your calendar alone; take it back at Apple at any time."
                                />
                                <TextField
                                    label="Another CalDAV server"
                                    name="server"
                                    value=typed.server.clone()
                                    error=server
                                    optional=true
                                    hint="Leave it empty for iCloud. Otherwise the server's address, such as https://dav.example.com."
                                />
                                {(agreed || typed.takes_over).then(|| view! { <input type="hidden" name="take_over" value="true" /> })}
                                {is_in_the_way.then(|| view! {
                                    <Checkbox
                                        label="Connect this account in its place"
                                        name="take_over"
                                        hint="The one that is connected is disconnected then. Type the password once more."
                                    />
                                })}
                                <div class="form-acts">
                                    <Button label="Connect Apple Calendar" kind=ButtonKind::Primary />
                                    <LinkButton label="Back" href="/settings/calendar" />
                                </div>
                            </form>
                        </CardBody>
                    </Card>
                </div>
            </Frame>
        })
    })
}

async fn save(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(account): Form<Account>,
) -> Response {
    let Account { server, user, password, take_over } = account;
    let takes_over = take_over == "true";
    let kept = Kept { server: server.clone(), user: user.clone(), takes_over };
    let typed = Typed { server, user, password: Secret::new(password), takes_over };
    match connect(&state, member, typed, origin).await {
        Ok(()) => Redirect::to("/settings/calendar?news=connected").into_response(),
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error, typed: kept }).await,
    }
}

async fn connect(state: &AppState, member: Member, typed: Typed, origin: Origin) -> Result<(), AppError> {
    limits::hit(&state.store, "caldav_connect", &member.person.to_string(), TRIES, PER).await?;
    // On a task of its own: a browser that goes away must not leave half of it.
    let services = state.services.clone();
    let connecting = tokio::spawn(async move { caldav::connect(&services, &member, &typed, &origin).await });
    match connecting.await {
        Ok(connected) => Ok(connected.map(drop)?),
        Err(error) => Err(AppError::internal(&error)),
    }
}
