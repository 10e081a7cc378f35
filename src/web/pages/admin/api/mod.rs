//! `/admin/api`: the keys by which programs reach the organisation, and the systems that are told what happens ([`webhooks`]). What the
//! form for a key says is read in [`post`].

mod post;
mod webhooks;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use sea_orm::Iterable;

use super::{View, Views};
use crate::{
    api_keys::{self, ApiKey, Scope},
    ids::{ApiKeyId, EndpointId, PersonId},
    people::{self, Admin, Person},
    store::words::Role,
    web::{
        again::{Attempt, problem, wrong},
        components::{
            Badge, Banner, Button, ButtonKind, ButtonSize, Card, CardBody, CardHead, Checkbox, Choice, Dialog,
            EmptyState, InputKind, LinkButton, PersonLine, Section, SelectField, TextField, Toast, Toasts, Tone, Wrong,
        },
        islands::copy_text::CopyText,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
        wording::ago,
    },
};

pub use post::Typed;
use webhooks::{Added, Removing, TypedHook, Webhooks, WebhooksCards};

pub(super) const PAGE: &str = "/admin/api";

pub fn routes() -> Routes {
    post::routes().merge(webhooks::routes())
}

/// A key that was made a moment ago, to be shown this once.
#[derive(Clone)]
pub struct Made {
    pub name: String,
    pub token: String,
}

#[component]
pub fn ApiPage() -> impl IntoView {
    let (attempt, made) = (use_context::<Attempt<Typed>>(), use_context::<Made>());
    let (hook_attempt, added) = (use_context::<Attempt<TypedHook>>(), use_context::<Added>());
    let query = use_query_map().get_untracked();
    let revoking = query.get("revoke").and_then(|id| id.parse::<ApiKeyId>().ok());
    let hook_of = |name: &str| query.get(name).and_then(|id| id.parse::<EndpointId>().ok());
    let (chosen, removing) = (hook_of("webhook"), hook_of("remove"));
    let news = match query.get("news").as_deref() {
        Some("revoked") => Some("Revoked. The key opens nothing any more."),
        Some("removed") => Some("Removed. It is told nothing more."),
        Some("on") => Some("Switched on. It is told what happens from now on."),
        Some("off") => Some("Switched off. It is told nothing until it is switched on."),
        Some("replayed") => Some("It is sent again."),
        _ => None,
    };
    desk(move |desk: Desk<Admin>| async move {
        let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
        let keys = api_keys::list(db, org).await?;
        let people: HashMap<PersonId, Person> =
            people::everybody(db, org).await?.into_iter().map(|person| (person.id, person)).collect();
        let (me, zone) = (desk.me().person, desk.me().clock());
        let told = Webhooks::load(&desk.state, org, chosen).await?;
        let removing = told.find(removing);
        let hook_problem = problem(hook_attempt.as_ref(), &["url", "events"]);
        let problem = problem(attempt.as_ref(), &["name", "scopes", "coordinator", "expires"]);
        let revoking = keys.iter().find(|key| Some(key.id) == revoking && key.works(now)).cloned();
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        let rows: Vec<_> = keys
            .iter()
            .map(|key| view! { <KeyLine key=key.clone() whose=name_of(&people, key.coordinator) now zone /> })
            .collect();
        Ok(view! {
            <Frame
                desk
                title="Administration"
                sub="What holds for everybody of your organisation"
                current=Section::Admin
            >
                <Views current=View::Api />
                {problem}
                {hook_problem}
                <div class="stack-lg max-w-3xl">
                    {made.map(|made| view! { <Shown made /> })}
                    <Card>
                        <CardHead title="API keys" sub="Programs of yours ask for interviews and book them by such a key." />
                        {if rows.is_empty() {
                            view! { <EmptyState title="There are no keys" sentence="A program needs one to reach Convene." /> }.into_any()
                        } else {
                            view! { <ul class="rows">{rows}</ul> }.into_any()
                        }}
                    </Card>
                    <NewKey people=people.into_values().collect() me attempt />
                    <WebhooksCards told attempt=hook_attempt added now />
                    <p class="hint">
                        "What a program can ask is described at " <a class="link" href="/api/v1/openapi.json">"/api/v1/openapi.json"</a> "."
                    </p>
                </div>
                <Revoking key=revoking />
                <Removing endpoint=removing />
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

fn name_of(people: &HashMap<PersonId, Person>, id: PersonId) -> String {
    people.get(&id).map_or_else(|| "somebody who is gone".to_owned(), |person| person.name.clone())
}

/// The key itself, which nobody can show again.
#[component]
fn Shown(made: Made) -> impl IntoView {
    view! {
        <Card>
            <CardBody class="stack">
                <Banner tone=Tone::Success title=format!("The key \u{201c}{}\u{201d} is made", made.name) alert=true>
                    "Copy it now: it is kept nowhere and cannot be shown again."
                </Banner>
                <CopyText id="api-key".to_owned() label="API key".to_owned() value=made.token button="Copy key".to_owned() />
            </CardBody>
        </Card>
    }
}

#[component]
fn KeyLine(key: ApiKey, whose: String, now: DateTime<Utc>, zone: chrono_tz::Tz) -> impl IntoView {
    let (word, tone) = match (key.works(now), key.revoked_at) {
        (true, _) => ("Works", Tone::Success),
        (false, Some(_)) => ("Revoked", Tone::Neutral),
        (false, None) => ("Expired", Tone::Neutral),
    };
    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", ago(at, now)));
    let ends = key.expires_at.filter(|_| key.works(now));
    let ends = ends.map(|at| format!(" · until {}", at.with_timezone(&zone).format("%-d %B %Y"))).unwrap_or_default();
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let detail = format!("{}… · acts for {whose} · {used}{ends} · {}", key.hint, scopes.join(", "));
    let end = key.works(now).then(|| {
        let label = format!("Revoke {}", key.name);
        let href = format!("{PAGE}?revoke={}", key.id);
        view! { <LinkButton label="Revoke" href size=ButtonSize::Small attr:aria-label=label /> }
    });
    view! {
        <li>
            <PersonLine name=key.name.clone() detail>
                <Badge text=word tone />
                {end}
            </PersonLine>
        </li>
    }
}

#[component]
fn NewKey(people: Vec<Person>, me: PersonId, attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let (no_name, no_scope, nobody, no_end) = (wrong("name"), wrong("scopes"), wrong("coordinator"), wrong("expires"));
    let typed = attempt.map(|attempt| attempt.typed).unwrap_or_default();
    let mut people: Vec<Person> =
        people.into_iter().filter(|person| person.disabled_at.is_none() && person.role != Role::Interviewer).collect();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    let choices: Vec<Choice> = people
        .iter()
        .map(|person| {
            let you = if person.id == me { " (you)" } else { "" };
            Choice::new(person.id.to_string(), format!("{}{you}", person.name))
        })
        .collect();
    let selected = if typed.coordinator.is_empty() { me.to_string() } else { typed.coordinator.clone() };
    let boxes = Scope::iter().map(|scope| {
        let checked = typed.scopes.iter().any(|word| word == scope.as_str());
        view! { <Checkbox label=in_words(scope) name="scopes[]" value=scope.as_str() checked hint=scope.as_str() /> }
    });
    let boxes = boxes.collect_view();
    let described = no_scope.as_ref().map(|_| "scopes-error");
    let no_scope = no_scope.map(|Wrong { code, sentence }| {
        view! { <p class="error" id="scopes-error" data-code=code>{sentence}</p> }
    });
    view! {
        <Card>
            <CardHead title="New key" />
            <CardBody>
                <form method="post" action=PAGE class="stack">
                    <TextField label="Name" name="name" value=typed.name error=no_name maxlength=80 hint="What uses it, such as the careers site." />
                    <SelectField
                        label="Acts for"
                        name="coordinator"
                        choices
                        selected
                        error=nobody
                        hint="What it does counts as theirs, and it can do no more than they can. It ends with their role."
                    />
                    <fieldset class="field" aria-describedby=described>
                        <legend class="label">"May be used for"</legend>
                        <div class="check-list">{boxes}</div>
                        {no_scope}
                    </fieldset>
                    <TextField
                        label="Ends on"
                        name="expires"
                        kind=InputKind::Date
                        value=typed.expires
                        error=no_end
                        optional=true
                        hint="It works until the end of this day, by your clock. Without a date it works until it is revoked."
                    />
                    <div>
                        <Button label="Make key" kind=ButtonKind::Primary />
                    </div>
                </form>
            </CardBody>
        </Card>
    }
}

fn in_words(scope: Scope) -> &'static str {
    match scope {
        Scope::AvailabilityRead => "Compute open times from data of its own",
        Scope::RequestsRead => "See requests, their candidates and open times",
        Scope::RequestsWrite => "Ask for interviews, send and see booking links, cancel",
        Scope::BookingsRead => "See interviews",
        Scope::BookingsWrite => "Book, move and cancel interviews",
        Scope::InterviewersRead => "See people and how their calendars stand",
        Scope::InterviewersWrite => "Invite interviewers",
        Scope::ConnectionsRead => "See the calendars of the person it acts for",
        Scope::ConnectionsWrite => "Choose, read and disconnect the calendars of the person it acts for",
        Scope::WebhooksRead => "See webhooks and what was delivered",
        Scope::WebhooksWrite => "Add, change and remove webhooks, send again",
    }
}

/// Asks before a key ends.
#[component]
fn Revoking(key: Option<ApiKey>) -> impl IntoView {
    let Some(key) = key else { return ().into_any() };
    let form = "revoke-form";
    let actions = view! {
        <LinkButton label="Keep it" href=PAGE />
        <Button label="Revoke" kind=ButtonKind::DangerFinal form=form />
    };
    let title = format!("Revoke the key \u{201c}{}\u{201d}?", key.name);
    view! {
        <Dialog id="revoke" title open=true close_href=PAGE actions=actions.into_any()>
            <p>"Whatever uses it is refused from then on. It cannot be taken back; a new key can be made."</p>
            <form id=form method="post" action=format!("{PAGE}/keys/{}/revoke", key.id)></form>
        </Dialog>
    }
    .into_any()
}
