//! `/welcome`: from a new account to a first request in three steps. Each step is a page of its own, with the way back; it can
//! be left and is found again on the dashboard.

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    people::{
        InviteForm, Invited,
        post::{Many, ask_all},
    },
    providers::ConnectButtons,
    staff::{Desk, Frame, GUESS_ZONE, Staff, desk},
};
use crate::{
    audit::Origin,
    calendars::Provider,
    connections::{self, Connection},
    error::AppError,
    ids::Email,
    people::{
        Coordinator, Forbidden, Member,
        welcome::{self, Step},
    },
    state::AppState,
    store::words::Role,
    web::{
        again::{self, Attempt},
        components::{
            Banner, Button, ButtonKind, Card, CardBody, Glyph, Icon, LinkButton, Step as Mark, StepState, Stepper, Tone,
        },
        form::Form,
        routes::Routes,
    },
};

pub fn routes() -> Routes {
    Routes::default().post("/welcome", go_on).post("/welcome/invite", invite)
}

/// A coordinator, calendar or not: this is where it is connected.
#[derive(Clone)]
struct Newcomer(Coordinator);

impl Staff for Newcomer {
    fn of(member: Member) -> Result<Self, Forbidden> {
        member.coordinator().map(Self)
    }

    fn member(&self) -> &Member {
        self.0.member()
    }
}

#[component]
pub fn WelcomePage() -> impl IntoView {
    let attempt = use_context::<Attempt<Invited>>();
    let query = use_query_map().get_untracked();
    let asked = query.get("step").and_then(|step| step.parse().ok()).and_then(Step::of_number);
    let required = query.get("reason").as_deref() == Some("required");
    let invited = query.get("asked").and_then(|count| count.parse::<usize>().ok());
    desk(move |desk: Desk<Newcomer>| async move {
        let (db, me) = (desk.state.store.reader(), desk.me().clone());
        let stored = welcome::step(db, &me).await?;
        let calendar = connections::serving(db, me.org, me.person, me.role).await?;
        let furthest = stored.unwrap_or(Step::Request);
        // Nothing goes before the calendar; a calendar that sign-up connected needs no page of its own.
        let shown = match (&calendar, asked) {
            (None, _) => Step::Connect,
            (Some(_), Some(step)) => step,
            (Some(_), None) => furthest.max(Step::Invite),
        };
        let shown = if attempt.is_some() { Step::Invite } else { shown };
        let marks = Step::ALL.map(|step| {
            let done = match step {
                Step::Connect => calendar.is_some(),
                step => step < furthest,
            };
            let state = if step == shown {
                StepState::Current
            } else if done {
                StepState::Done
            } else {
                StepState::ToDo
            };
            let href = (step != shown && (calendar.is_some() || step == Step::Connect))
                .then(|| format!("/welcome?step={}", step.number()));
            Mark { href, ..Mark::new(step.title(), state) }
        });
        let body = match shown {
            Step::Connect => {
                let providers = desk.calendar_providers();
                view! { <Connect calendar providers required /> }.into_any()
            }
            Step::Invite => view! { <Invite is_admin=me.role == Role::Admin attempt /> }.into_any(),
            Step::Request => view! { <First email=me.contact().cloned() invited /> }.into_any(),
        };
        let nonce = desk.nonce.clone();
        Ok(view! {
            <script nonce=nonce>{GUESS_ZONE}</script>
            <Frame desk title=shown.title() sub=format!("Step {} of 3", shown.number())>
                <div class="stack-lg max-w-3xl">
                    <Stepper steps=marks.to_vec() label="Setting up" />
                    <Card>
                        <CardBody>{body}</CardBody>
                    </Card>
                </div>
            </Frame>
        })
    })
}

/// A button that keeps where one goes on.
#[component]
fn GoOn(to: &'static str, label: &'static str, #[prop(optional)] kind: ButtonKind) -> impl IntoView {
    view! {
        <form method="post" action="/welcome">
            <input type="hidden" name="step" value=to />
            <Button label kind />
        </form>
    }
}

#[component]
fn Connect(calendar: Option<Connection>, providers: Vec<Provider>, required: bool) -> impl IntoView {
    if let Some(calendar) = calendar {
        let account = format!("{}, {}", calendar.provider.label(), calendar.account_email);
        return view! {
            <div class="stack-lg">
                <Banner tone=Tone::Success title="Your calendar is connected">{account}</Banner>
                <GoOn to="2" label="Continue" kind=ButtonKind::Primary />
            </div>
        }
        .into_any();
    }
    let required = required.then(|| {
        view! {
            <Banner tone=Tone::Warning title="Your organisation needs a connected calendar">
                "Requests and the dashboard open as soon as yours is connected. If it was before, its access was withdrawn: connect it again."
            </Banner>
        }
    });
    view! {
        <div class="stack-lg">
            {required}
            <p class="text-muted">
                "Convene reads when you are busy, so that nobody books over it, and puts the interviews you arrange into your calendar, with everybody invited."
            </p>
            <div class="stack max-w-sm"><ConnectButtons providers return_to="/welcome?step=2" /></div>
        </div>
    }
    .into_any()
}

#[component]
fn Invite(is_admin: bool, attempt: Option<Attempt<Invited>>) -> impl IntoView {
    view! {
        <div class="stack-lg">
            <p class="text-muted">
                "Everybody you invite gets a mail with one link. They sign in once, and from then on their times are known; whoever would rather not can give times by hand."
            </p>
            <InviteForm action="/welcome/invite" is_admin attempt>
                <Button label="Continue" kind=ButtonKind::Primary />
                <Button label="Skip for now" name="skip" value="true" attr:formnovalidate="" />
            </InviteForm>
            <a class="crumb" href="/welcome?step=1">
                <Icon glyph=Glyph::ChevronLeft />
                "Back"
            </a>
        </div>
    }
}

#[component]
fn First(email: Option<Email>, invited: Option<usize>) -> impl IntoView {
    let news = invited.map(|count| {
        let title = if count == 1 {
            "The invitation is on its way".to_owned()
        } else {
            format!("{count} invitations are on their way")
        };
        view! { <Banner tone=Tone::Success title>"You are told when they are answered."</Banner> }
    });
    view! {
        <div class="stack-lg">
            {news}
            <p class="text-muted">
                "A request asks a candidate to pick one time that suits the whole panel. The first one is filled in as a sample: you interview somebody made up, and the link goes to your own address, so that you see what candidates see. Change whatever you like."
            </p>
            <div class="form-acts">
                <LinkButton label="Continue" href=sample(email.as_ref()) kind=ButtonKind::Primary />
                <GoOn to="done" label="Skip for now" />
            </div>
            <a class="crumb" href="/welcome?step=2">
                <Icon glyph=Glyph::ChevronLeft />
                "Back"
            </a>
        </div>
    }
}

/// The address of the request form with the sample in it.
fn sample(me: Option<&Email>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("welcome", "3");
    query.append_pair("candidate_name", "Sam Sample");
    query.append_pair("interview_type", "Getting to know each other");
    if let Some(me) = me {
        query.append_pair("candidate_email", me.as_str());
        query.append_pair("interviewers", me.as_str());
    }
    format!("/requests/new?{}", query.finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    #[serde(default)]
    step: String,
}

/// Keeps the step one goes on with.
async fn go_on(State(state): State<AppState>, member: Member, Form(next): Form<Next>) -> Result<Redirect, AppError> {
    let coordinator = member.coordinator()?;
    let next = match next.step.as_str() {
        "done" => None,
        text => Some(
            text.parse()
                .ok()
                .and_then(Step::of_number)
                .ok_or_else(|| AppError::invalid("step", "step_unknown", "Choose one of the three steps."))?,
        ),
    };
    keep(&state, coordinator.member(), next).await?;
    Ok(match next {
        Some(step) => Redirect::to(&format!("/welcome?step={}", step.number())),
        None => Redirect::to("/dashboard"),
    })
}

async fn keep(state: &AppState, member: &Member, next: Option<Step>) -> Result<(), AppError> {
    let txn = state.store.begin().await?;
    welcome::go_on(&txn, member, next).await?;
    txn.commit().await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    #[serde(default)]
    emails: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    skip: String,
}

async fn invite(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(team): Form<Team>,
) -> Response {
    let form = Many::new(team.emails, team.role);
    let outcome = async {
        let coordinator = member.coordinator()?;
        let asked = match team.skip.is_empty() {
            true => Some(ask_all(&state, &coordinator, &form, &origin).await?.asked),
            false => None,
        };
        keep(&state, coordinator.member(), Some(Step::Request)).await?;
        Ok::<_, AppError>(asked)
    };
    match outcome.await {
        Ok(Some(asked)) => Redirect::to(&format!("/welcome?step=3&asked={asked}")).into_response(),
        Ok(None) => Redirect::to("/welcome?step=3").into_response(),
        Err(error) => again::show_at("/welcome?step=2", state, parts, Attempt { error, typed: form.typed() }).await,
    }
}
