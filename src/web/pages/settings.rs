//! `/settings`: what somebody says about themselves. The question on other staff pages posts here too, and goes back there.

use axum::{
    Router,
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use super::staff::{Frame, GUESS_ZONE, desk};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    people::{self, Member},
    scheduling::zones,
    sign_in::return_to::ReturnTo,
    state::AppState,
    web::{
        again::{self, Attempt},
        components::{Button, ButtonKind, Card, CardBody, CardHead, Section, Toast, Toasts, Wrong, ZoneSelect},
        form::Form,
        zones::zone_options,
    },
};

pub fn routes() -> Router<AppState> {
    Router::new().route("/settings", post(save))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[serde(default)]
    zone: String,
    #[serde(default)]
    return_to: String,
}

/// The settings page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Profile>>();
    let saved = use_query_map().read_untracked().get("news").as_deref() == Some("saved");
    desk(move |desk| async move {
        let member = desk.coordinator.member();
        let known = member.zone.map(|zone| zone.name().to_owned()).unwrap_or_default();
        let (zone, wrong) = match attempt {
            Some(attempt) => (attempt.typed.zone, Some(Wrong::new(attempt.error.code, attempt.error.sentence))),
            None => (known.clone(), None),
        };
        let zones = zone_options(desk.state.clock.now(), &zone);
        let guess = known.is_empty() && wrong.is_none();
        let script = guess.then(|| view! { <script nonce=desk.nonce.clone()>{GUESS_ZONE}</script> });
        let news = saved.then(|| view! { <Toast text="Saved." dismiss_href="/settings" /> });
        Ok(view! {
            {script}
            <Frame desk title="Settings" current=Section::Settings>
                <Card>
                    <CardHead title="You" />
                    <CardBody>
                        <form method="post" action="/settings" class="stack" data-guess-zone=guess.then_some("")>
                            <input type="hidden" name="return_to" value="/settings?news=saved" />
                            <ZoneSelect
                                options=zones
                                name="zone"
                                error=wrong
                                hint="Your working hours are hours of this zone, and pages and mails tell you times in it."
                            />
                            <div>
                                <Button label="Save" kind=ButtonKind::Primary />
                            </div>
                        </form>
                    </CardBody>
                </Card>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

async fn save(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(profile): Form<Profile>,
) -> Response {
    match keep(&state, &member, &profile, origin).await {
        Ok(()) => Redirect::to(ReturnTo::parse(&profile.return_to).as_str()).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: profile }).await,
    }
}

async fn keep(state: &AppState, member: &Member, profile: &Profile, origin: Origin) -> Result<(), AppError> {
    let zone = zones::parse(&profile.zone)
        .map_err(|_| AppError::invalid("zone", "zone_unknown", "Choose a time zone from the list."))?;
    let txn = state.store.begin().await?;
    people::set_zone(&txn, member.org, member.person, zone).await?;
    let entry = AuditEntry {
        org: member.org,
        actor: Actor::Person(member.person),
        action: "person.zone_set",
        subject: member.person.to_string(),
        detail: serde_json::json!({ "zone": zone.name() }),
        origin,
    };
    audit::record(&txn, entry).await?;
    txn.commit().await?;
    Ok(())
}
