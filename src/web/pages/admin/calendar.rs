//! `/admin/integrations/calendar`: whom people sign in with, and whether a calendar has to be connected first.

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    people::{
        self, Admin, Policies,
        policies::{self, PolicyError},
    },
    state::AppState,
    store::words::Provider,
    web::{
        again::{self, Attempt},
        components::{
            Banner, Button, ButtonKind, Card, CardBody, CardHead, Choice, RadioGroup, Section, Switch, Toast, Toasts,
            Tone, Wrong,
        },
        form::Form,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
    },
};

const PAGE: &str = "/admin/integrations/calendar";

pub fn routes() -> Routes {
    Routes::default().post(PAGE, decide)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    #[serde(default)]
    sign_in: String,
    #[serde(default)]
    require_calendar: String,
}

/// The three ways to sign in, as the form calls them.
const WAYS: [(&str, &str, &[Provider]); 3] = [
    ("both", "Google and Microsoft", &[Provider::Google, Provider::Microsoft]),
    ("google", "Google only", &[Provider::Google]),
    ("microsoft", "Microsoft only", &[Provider::Microsoft]),
];

impl Decision {
    fn of(policies: &Policies) -> Self {
        let way = WAYS.iter().find(|(.., providers)| {
            providers.len() == policies.sign_in_providers.len()
                && providers.iter().all(|provider| policies.signs_in(*provider))
        });
        Self {
            sign_in: way.map_or("both", |(word, ..)| word).to_owned(),
            require_calendar: if policies.require_calendar { "true".to_owned() } else { String::new() },
        }
    }

    fn policies(&self, before: Policies) -> Result<Policies, AppError> {
        let way = WAYS.iter().find(|(word, ..)| *word == self.sign_in);
        let (.., providers) = way.ok_or_else(|| {
            AppError::invalid("sign_in", "providers_invalid", "Choose whom your people sign in with.")
        })?;
        Ok(Policies {
            sign_in_providers: providers.to_vec(),
            require_calendar: self.require_calendar == "true",
            ..before
        })
    }
}

#[component]
pub fn CalendarPolicyPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Decision>>();
    let saved = use_query_map().read_untracked().get("news").as_deref() == Some("saved");
    desk(move |desk: Desk<Admin>| async move {
        let said =
            attempt.as_ref().map_or_else(|| Decision::of(&desk.organisation.policies), |attempt| attempt.typed.clone());
        let error = attempt.map(|attempt| attempt.error);
        let (wrong, problem) = match error {
            Some(error) if error.field.is_some() => (Some(Wrong::new(error.code, error.sentence)), None),
            error => (None, error),
        };
        let problem = problem.map(|error| {
            let hint = error.hint.unwrap_or_default().to_string();
            view! { <Banner tone=Tone::Danger title=error.sentence.to_string() code=error.code.to_string() alert=true class="mb-4">{hint}</Banner> }
        });
        let is_set_up = |provider: &Provider| desk.state.config.providers.sign_in.contains(provider);
        let choices = WAYS
            .iter()
            .map(|(word, label, providers)| {
                let missing = providers.iter().any(|provider| !is_set_up(provider));
                let hint = if missing { "Not all of it is set up on this server." } else { "" };
                (Choice::new(*word, *label), hint.to_owned())
            })
            .collect();
        let news = saved.then(|| view! { <Toast text="Saved. It holds from now on." dismiss_href=PAGE /> });
        Ok(view! {
            <Frame desk title="Calendars" sub="What holds for everybody of your organisation" current=Section::Admin>
                {problem}
                <div class="stack-lg max-w-3xl">
                    <Card>
                        <CardHead title="Policies" />
                        <CardBody>
                            <form method="post" action=PAGE class="stack-lg">
                                <RadioGroup
                                    legend="People sign in with"
                                    name="sign_in"
                                    choices
                                    selected=said.sign_in
                                    error=wrong
                                    hint="Who is signed in stays so; calendars of the other provider can still be connected."
                                />
                                <Switch
                                    label="A connected calendar is required"
                                    name="require_calendar"
                                    checked=said.require_calendar == "true"
                                    hint="Coordinators see requests and the dashboard only while their own calendar is connected, and are asked to connect it again when access was withdrawn."
                                />
                                <div>
                                    <Button label="Save" kind=ButtonKind::Primary />
                                </div>
                            </form>
                        </CardBody>
                    </Card>
                </div>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

async fn decide(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    parts: Parts,
    Form(decision): Form<Decision>,
) -> Response {
    match keep(&state, &admin, &decision, origin).await {
        Ok(()) => Redirect::to(&format!("{PAGE}?news=saved")).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: decision }).await,
    }
}

async fn keep(state: &AppState, admin: &Admin, decision: &Decision, origin: Origin) -> Result<(), AppError> {
    let me = admin.member();
    let txn = state.store.begin().await?;
    let before = people::organisation(&*txn, me.org).await?.policies;
    let policies = decision.policies(before)?;
    policies::set(&txn, admin, &policies).await?;
    audit::record(
        &txn,
        AuditEntry {
            org: me.org,
            actor: Actor::Person(me.person),
            action: "organisation.policies_set",
            subject: me.org.to_string(),
            detail: serde_json::json!(policies),
            origin,
        },
    )
    .await?;
    txn.commit().await?;
    Ok(())
}

impl From<PolicyError> for AppError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::LocksOut => Self::invalid(
                "sign_in",
                "would_lock_out",
                "You sign in with another provider yourself and could not come back. Have an administrator of the other one decide it.",
            ),
            PolicyError::Store(error) => error.into(),
        }
    }
}
