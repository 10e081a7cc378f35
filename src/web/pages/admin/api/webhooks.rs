//! On `/admin/api`: which systems are told what happens, and what they were told.

use axum::{
    extract::{Path, RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use sea_orm::Iterable;
use serde::Deserialize;

use super::PAGE;
use crate::{
    audit::Origin,
    error::AppError,
    ids::{DeliveryId, EndpointId, OrgId},
    people::{Admin, Coordinator},
    secrets::Secret,
    state::AppState,
    store::words::{DeliveryStatus, HookEvent},
    web::{
        again::{self, Attempt, wrong},
        components::{
            Badge, Banner, Button, ButtonKind, ButtonSize, Card, CardBody, CardHead, Checkbox, Dialog, EmptyState,
            LinkButton, PersonLine, TextField, Tone, Wrong,
        },
        form::Form,
        islands::copy_text::CopyText,
        routes::Routes,
        wording::ago,
    },
    webhooks::{
        self, Delivery, Endpoint,
        endpoints::{self, Disabled, EndpointError},
    },
};

/// How many deliveries the page shows; the API has all of them.
const SHOWN: u64 = 30;

pub fn routes() -> Routes {
    Routes::default()
        .post("/admin/api/webhooks", add)
        .post("/admin/api/webhooks/{id}/remove", remove)
        .post("/admin/api/webhooks/{id}/switch", switch)
        .post("/admin/api/webhooks/{id}/deliveries/{delivery}/replay", replay)
}

/// What was typed for a new webhook.
#[derive(Clone, Debug, Default)]
pub struct TypedHook {
    url: String,
    events: Vec<String>,
}

/// A webhook that was added a moment ago, with the secret that is shown this once.
#[derive(Clone)]
pub struct Added {
    secret: String,
}

/// What the page shows of webhooks.
pub struct Webhooks {
    endpoints: Vec<Endpoint>,
    /// The one whose deliveries are looked at.
    chosen: Option<(Endpoint, Vec<Delivery>)>,
}

impl Webhooks {
    pub async fn load(state: &AppState, org: OrgId, chosen: Option<EndpointId>) -> Result<Self, AppError> {
        let db = state.store.reader();
        let endpoints = webhooks::of_org(db, org).await?;
        let chosen = match endpoints.iter().find(|one| Some(one.id) == chosen).cloned() {
            Some(one) => Some((one.clone(), webhooks::deliveries(db, org, one.id, None, SHOWN).await?)),
            None => None,
        };
        Ok(Self { endpoints, chosen })
    }

    pub fn find(&self, id: Option<EndpointId>) -> Option<Endpoint> {
        self.endpoints.iter().find(|one| Some(one.id) == id).cloned()
    }
}

#[component]
pub fn WebhooksCards(
    told: Webhooks,
    attempt: Option<Attempt<TypedHook>>,
    added: Option<Added>,
    now: DateTime<Utc>,
) -> impl IntoView {
    let rows: Vec<_> = told.endpoints.into_iter().map(|endpoint| view! { <HookLine endpoint now /> }).collect();
    view! {
        {added.map(|Added { secret }| view! {
            <Card>
                <CardBody class="stack">
                    <Banner tone=Tone::Success title="The webhook is added" alert=true>
                        "Copy its secret now: deliveries are signed with it, and it cannot be shown again."
                    </Banner>
                    <CopyText id="webhook-secret".to_owned() label="Secret".to_owned() value=secret button="Copy secret".to_owned() />
                </CardBody>
            </Card>
        })}
        <Card attr:id="webhooks">
            <CardHead title="Webhooks" sub="Systems of yours that are told what happens, signed." />
            {if rows.is_empty() {
                view! { <EmptyState title="Nobody is told" sentence="Add the address of a system that wants to know." /> }.into_any()
            } else {
                view! { <ul class="rows">{rows}</ul> }.into_any()
            }}
        </Card>
        {told.chosen.map(|(endpoint, list)| view! { <Deliveries endpoint list now /> })}
        <NewHook attempt />
    }
}

fn host(endpoint: &Endpoint) -> String {
    let url = endpoint.url.parse::<url::Url>().ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| endpoint.url.clone())
}

#[component]
fn HookLine(endpoint: Endpoint, now: DateTime<Utc>) -> impl IntoView {
    let (word, tone) = match (endpoint.disabled, endpoint.failures) {
        (Some((Disabled::Failing, _)), _) => ("Switched off: failing", Tone::Danger),
        (Some((Disabled::ByHand, _)), _) => ("Switched off", Tone::Neutral),
        (None, 0) => ("On", Tone::Success),
        (None, _) => ("Failing", Tone::Warning),
    };
    let since = endpoint.failing_since.filter(|_| endpoint.failures > 0);
    let since = since.map(|at| format!(" · failing since {}", ago(at, now))).unwrap_or_default();
    let events: Vec<&str> = endpoint.events.iter().map(|event| event.as_str()).collect();
    let detail = format!("{}{since} · {}", endpoint.url, events.join(", "));
    let (id, name) = (endpoint.id, host(&endpoint));
    let on = endpoint.disabled.is_some();
    let label = if on { "Switch on" } else { "Switch off" };
    view! {
        <li>
            <PersonLine name=name.clone() detail>
                <Badge text=word tone />
                <LinkButton label="Deliveries" href=format!("{PAGE}?webhook={id}#deliveries") size=ButtonSize::Small attr:aria-label=format!("Deliveries to {name}") />
                <form method="post" action=format!("{PAGE}/webhooks/{id}/switch")>
                    <input type="hidden" name="on" value=on.to_string() />
                    <Button label size=ButtonSize::Small attr:aria-label=format!("{label} {name}") />
                </form>
                <LinkButton label="Remove" href=format!("{PAGE}?remove={id}") size=ButtonSize::Small attr:aria-label=format!("Remove {name}") />
            </PersonLine>
        </li>
    }
}

#[component]
fn Deliveries(endpoint: Endpoint, list: Vec<Delivery>, now: DateTime<Utc>) -> impl IntoView {
    let rows: Vec<_> = list
        .iter()
        .map(|delivery| {
            let (word, tone) = match delivery.status {
                DeliveryStatus::Queued => ("Waiting", Tone::Info),
                DeliveryStatus::Delivered => ("Delivered", Tone::Success),
                DeliveryStatus::Failed => ("Given up", Tone::Danger),
            };
            let answer = match (delivery.attempts, delivery.last_status) {
                (0, _) => "not sent yet".to_owned(),
                (_, Some(status)) => format!("answered {status}"),
                (_, None) => "did not answer".to_owned(),
            };
            let tries = match delivery.attempts {
                0 | 1 => String::new(),
                many => format!(" · {many} tries"),
            };
            let detail = format!("{} · {answer}{tries} · {}", ago(delivery.created_at, now), delivery.id);
            let action = format!("{PAGE}/webhooks/{}/deliveries/{}/replay", endpoint.id, delivery.id);
            let again = (delivery.status != DeliveryStatus::Queued).then(|| {
                view! {
                    <form method="post" action=action>
                        <Button label="Send again" size=ButtonSize::Small />
                    </form>
                }
            });
            view! {
                <li>
                    <PersonLine name=delivery.event.clone() detail>
                        <Badge text=word tone />
                        {again}
                    </PersonLine>
                </li>
            }
        })
        .collect();
    let title = format!("Told to {}", host(&endpoint));
    view! {
        <Card attr:id="deliveries">
            <CardHead title=title />
            {if rows.is_empty() {
                view! { <EmptyState title="Nothing yet" sentence="What happens from now on appears here." /> }.into_any()
            } else {
                view! { <ul class="rows">{rows}</ul> }.into_any()
            }}
        </Card>
    }
}

#[component]
fn NewHook(attempt: Option<Attempt<TypedHook>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let (no_url, no_event) = (wrong("url"), wrong("events"));
    let typed = attempt.map(|attempt| attempt.typed).unwrap_or_default();
    let boxes = HookEvent::iter().map(|event| {
        let checked = typed.events.iter().any(|word| word == event.as_str());
        view! { <Checkbox label=event.as_str() name="events[]" value=event.as_str() checked /> }
    });
    let boxes = boxes.collect_view();
    let described = no_event.as_ref().map(|_| "events-error");
    let no_event = no_event.map(|Wrong { code, sentence }| {
        view! { <p class="error" id="events-error" data-code=code>{sentence}</p> }
    });
    view! {
        <Card>
            <CardHead title="New webhook" />
            <CardBody>
                <form method="post" action=format!("{PAGE}/webhooks") class="stack">
                    <TextField label="Address" name="url" value=typed.url error=no_url placeholder="https://careers.example.com/convene" hint="https, and public." />
                    <fieldset class="field" aria-describedby=described>
                        <legend class="label">"Is told of"</legend>
                        <div class="check-list">{boxes}</div>
                        {no_event}
                    </fieldset>
                    <div>
                        <Button label="Add webhook" kind=ButtonKind::Secondary />
                    </div>
                </form>
            </CardBody>
        </Card>
    }
}

/// Asks before one is removed.
#[component]
pub fn Removing(endpoint: Option<Endpoint>) -> impl IntoView {
    let Some(endpoint) = endpoint else { return ().into_any() };
    let form = "remove-form";
    let actions = view! {
        <LinkButton label="Keep it" href=PAGE />
        <Button label="Remove" kind=ButtonKind::DangerFinal form=form />
    };
    let title = format!("Tell {} nothing more?", host(&endpoint));
    view! {
        <Dialog id="remove" title open=true close_href=PAGE actions=actions.into_any()>
            <p>"What waits for it is not sent, and its secret is of no more use."</p>
            <form id=form method="post" action=format!("{PAGE}/webhooks/{}/remove", endpoint.id)></form>
        </Dialog>
    }
    .into_any()
}

/// Administrators may do what coordinators do.
fn coordinating(admin: Admin) -> Result<Coordinator, AppError> {
    Ok(admin.member().clone().coordinator()?)
}

async fn add(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let mut typed = TypedHook::default();
    for (name, value) in url::form_urlencoded::parse(&body) {
        match &*name {
            "url" => typed.url = value.into_owned(),
            "events[]" => typed.events.push(value.into_owned()),
            _ => return AppError::unknown_field().into_response(),
        }
    }
    match added(&state, admin, &typed, &origin).await {
        Ok(secret) => again::show_with(PAGE, state, parts, Added { secret: secret.expose().to_owned() }).await,
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error, typed }).await,
    }
}

async fn added(state: &AppState, admin: Admin, typed: &TypedHook, origin: &Origin) -> Result<Secret, AppError> {
    let events = typed.events.iter().map(|word| endpoints::event(word)).collect::<Option<Vec<_>>>();
    let events = events.ok_or(EndpointError::NoEvent)?;
    let added = endpoints::add(state, &coordinating(admin)?, &typed.url, &events, origin).await?;
    Ok(added.1)
}

fn parsed<I: std::str::FromStr>(id: &str) -> Result<I, AppError> {
    id.parse().map_err(|_| AppError::not_found())
}

async fn remove(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    if !endpoints::remove(&state, &coordinating(admin)?, parsed(&id)?, &origin).await? {
        return Err(AppError::not_found());
    }
    Ok(Redirect::to(&format!("{PAGE}?news=removed")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchForm {
    #[serde(default)]
    on: String,
}

async fn switch(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    origin: Origin,
    Form(form): Form<SwitchForm>,
) -> Result<Redirect, AppError> {
    let on = match form.on.as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(AppError::invalid("on", "form_invalid", "Say whether to switch it on or off.")),
    };
    if !endpoints::switch(&state, &coordinating(admin)?, parsed(&id)?, on, &origin).await? {
        return Err(AppError::not_found());
    }
    Ok(Redirect::to(&format!("{PAGE}?news={}", if on { "on" } else { "off" })))
}

async fn replay(
    State(state): State<AppState>,
    admin: Admin,
    Path((endpoint, delivery)): Path<(String, String)>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    let (id, delivery): (EndpointId, DeliveryId) = (parsed(&endpoint)?, parsed(&delivery)?);
    if !webhooks::replay(&state, &coordinating(admin)?, id, delivery, &origin).await? {
        return Err(AppError::not_found());
    }
    Ok(Redirect::to(&format!("{PAGE}?webhook={id}&news=replayed#deliveries")))
}
