//! How many interviews somebody takes: on a day, and in a week.

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    people::{self, Limits, Member},
    state::AppState,
    web::{
        again::{self, Attempt, wrong},
        components::{Button, ButtonKind, Card, CardBody, CardHead, InputKind, TextField},
        form::Form,
        routes::Routes,
    },
};

pub fn routes() -> Routes {
    Routes::default().post("/settings/limits", save)
}

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    max_per_day: String,
    #[serde(default)]
    max_per_week: String,
}

impl Typed {
    fn of(limits: Limits) -> Self {
        let text = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        Self { max_per_day: text(limits.per_day), max_per_week: text(limits.per_week) }
    }
}

/// The card with the form. `attempt` is what could not be saved.
#[component]
pub fn LimitsCard(limits: Limits, #[prop(default = None)] attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let (day, week) = (wrong("max_per_day"), wrong("max_per_week"));
    let typed = attempt.map_or_else(|| Typed::of(limits), |attempt| attempt.typed);
    view! {
        <Card attr:id="limits">
            <CardHead title="Limits" />
            <CardBody>
                <form method="post" action="/settings/limits#limits" class="stack max-w-lg">
                    <p class="hint">
                        "Beyond these no interview is offered with you. Days and weeks are those of your time zone; leave a field empty for no limit."
                    </p>
                    <TextField label="Interviews a day, at most" name="max_per_day" kind=InputKind::Number value=typed.max_per_day error=day optional=true />
                    <TextField label="Interviews a week, at most" name="max_per_week" kind=InputKind::Number value=typed.max_per_week error=week optional=true />
                    <div>
                        <Button label="Save limits" kind=ButtonKind::Primary />
                    </div>
                </form>
            </CardBody>
        </Card>
    }
}

async fn save(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(typed): Form<Typed>,
) -> Response {
    match keep(&state, &member, &typed, origin).await {
        Ok(()) => Redirect::to("/settings?news=saved").into_response(),
        Err(error) => again::show_at("/settings", state, parts, Attempt { error, typed }).await,
    }
}

async fn keep(state: &AppState, member: &Member, typed: &Typed, origin: Origin) -> Result<(), AppError> {
    let limits = Limits::parse(&typed.max_per_day, &typed.max_per_week)?;
    let txn = state.store.begin().await?;
    people::set_limits(&txn, member.org, member.person, limits).await?;
    audit::record(
        &txn,
        AuditEntry {
            org: member.org,
            actor: Actor::Person(member.person),
            action: "person.limits_set",
            subject: member.person.to_string(),
            detail: serde_json::json!({ "per_day": limits.per_day, "per_week": limits.per_week }),
            origin,
        },
    )
    .await?;
    txn.commit().await?;
    Ok(())
}
