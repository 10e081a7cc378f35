//! `/admin`: everybody of the organisation, what they may do, how it is known when they can, and who is switched off.

use std::collections::{BTreeMap, HashMap};

use axum::{
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use super::{View, Views};
use crate::{
    audit::Origin,
    connections::{self, Connection, busy, disconnect::switch_off, organisation},
    error::AppError,
    ids::{ConnectionId, PersonId},
    invitations::{self, Invitation},
    people::{
        self, Admin, Person,
        given::{self, GivenTimes},
        roles::{self, RoleError},
    },
    state::AppState,
    store::words::Role,
    web::{
        again::{self, Attempt, problem},
        components::{
            Button, ButtonKind, ButtonSize, Card, CardHead, Choice, Dialog, Glyph, LinkButton, PersonLine, RadioGroup,
            Section, StatusBadge, Toast, Toasts,
        },
        form::Form,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
        standing::Source,
        wording::ago,
    },
};

pub(super) const PAGE: &str = "/admin";

pub fn routes() -> Routes {
    Routes::default()
        .post("/admin/people/{id}/role", change)
        .post("/admin/people/{id}/off", off)
        .post("/admin/people/{id}/on", on)
}

/// Everybody, and how it is known when they can.
struct Team {
    people: Vec<Person>,
    connections: HashMap<PersonId, Vec<Connection>>,
    told: HashMap<PersonId, organisation::Told>,
    pauses: HashMap<ConnectionId, DateTime<Utc>>,
    given: BTreeMap<PersonId, GivenTimes>,
    invitations: BTreeMap<PersonId, Invitation>,
}

impl Team {
    async fn load(desk: &Desk<Admin>) -> Result<Self, AppError> {
        let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
        let people = people::everybody(db, org).await?;
        let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
        let connections = connections::of_people(db, org, &ids).await?;
        Ok(Self {
            told: organisation::told(db, org, &ids, &connections).await?,
            pauses: busy::pauses(db, org, now).await?,
            given: given::of_people(db, org, &ids).await?,
            invitations: invitations::of_people(db, org, &ids).await?,
            connections,
            people,
        })
    }

    fn source(&self, person: PersonId) -> Source<'_> {
        let connections = self.connections.get(&person).map_or(&[][..], Vec::as_slice);
        Source {
            connections,
            told: self.told.get(&person).copied(),
            paused_until: connections.first().and_then(|one| self.pauses.get(&one.id)).copied(),
            given: self.given.get(&person),
            typed: None,
            invitation: self.invitations.get(&person),
        }
    }
}

#[component]
pub fn TeamPage() -> impl IntoView {
    let attempt = use_context::<Attempt<()>>();
    let query = use_query_map().get_untracked();
    let chosen = |name: &str| query.get(name).and_then(|id| id.parse::<PersonId>().ok());
    let (changing, leaving) = (chosen("person"), chosen("off"));
    let news = match query.get("news").as_deref() {
        Some("changed") => Some("Saved. It holds from their next page on."),
        Some("off") => Some("Switched off. They are signed out everywhere, and their calendars are disconnected."),
        Some("on") => Some("Switched on. They can sign in again, and connect their calendar."),
        _ => None,
    };
    desk(move |desk: Desk<Admin>| async move {
        let team = Team::load(&desk).await?;
        let (me, now) = (desk.me().person, desk.state.clock.now());
        let (there, gone): (Vec<Person>, Vec<Person>) =
            team.people.iter().cloned().partition(|person| person.disabled_at.is_none());
        let rows = there.iter().map(|person| {
            let (status, detail) = team.source(person.id).in_words(now);
            let address = person.contact().map(ToString::to_string).unwrap_or_else(|| "no address".to_owned());
            let (name, end) = if person.id == me {
                (format!("{} (you)", person.name), None)
            } else {
                let (href, label) = (format!("{PAGE}?person={}", person.id), format!("Change {}", person.name));
                let change = view! { <LinkButton label="Change" href size=ButtonSize::Small attr:aria-label=label /> };
                (person.name.clone(), Some(change))
            };
            view! {
                <li>
                    <PersonLine name detail=format!("{} · {address} · {detail}", role_in_words(person.role))>
                        <StatusBadge status />
                        {end}
                    </PersonLine>
                </li>
            }
        });
        let rows = rows.collect_view();
        let gone = gone.into_iter().map(|person| {
            let since = person.disabled_at.map(|at| format!("switched off {}", ago(at, now))).unwrap_or_default();
            view! {
                <li>
                    <PersonLine name=person.name.clone() detail=format!("{} · {since}", role_in_words(person.role))>
                        <form method="post" action=format!("/admin/people/{}/on", person.id)>
                            <Button label="Switch on" size=ButtonSize::Small attr:aria-label=format!("Switch {} on", person.name) />
                        </form>
                    </PersonLine>
                </li>
            }
        });
        let gone: Vec<_> = gone.collect();
        let gone = (!gone.is_empty()).then(|| {
            view! {
                <Card>
                    <CardHead title="Switched off" sub="They cannot sign in, and nobody offers times with them." />
                    <ul class="rows">{gone}</ul>
                </Card>
            }
        });
        let of = |id: Option<PersonId>| there.iter().find(|person| Some(person.id) == id && person.id != me).cloned();
        let dialogs = view! {
            {of(changing).map(|person| view! { <Changing person /> })}
            {of(leaving).map(|person| view! { <Leaving person /> })}
        };
        let problem = problem(attempt.as_ref(), &[]);
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        let action = view! { <LinkButton label="Invite people" icon=Glyph::Plus href="/people/invite" kind=ButtonKind::Primary /> };
        Ok(view! {
            <Frame
                desk
                title="Administration"
                sub="What holds for everybody of your organisation"
                current=Section::Admin
                actions=action.into_any()
            >
                <Views current=View::People />
                {problem}
                <div class="stack-lg max-w-3xl">
                    <Card>
                        <CardHead title="People" />
                        <ul class="rows">{rows}</ul>
                    </Card>
                    {gone}
                </div>
                {dialogs}
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Admin => "Administrator",
        Role::Coordinator => "Coordinator",
        Role::Interviewer => "Interviewer",
    }
}

/// What somebody may do. An interviewer is asked, because to coordinate takes their calendar.
#[component]
fn Changing(person: Person) -> impl IntoView {
    let off =
        view! { <LinkButton label="Switch off" href=format!("{PAGE}?off={}", person.id) kind=ButtonKind::Danger /> };
    let form = "role-form";
    let title = format!("Change {}", person.name);
    let (body, verb) = match (person.role, person.contact()) {
        (Role::Interviewer, None) => {
            let words = "They are an interviewer without an address. Once they have confirmed one they can be asked to arrange interviews.";
            (view! { <p>{words}</p> }.into_any(), None)
        }
        (Role::Interviewer, Some(address)) => {
            let body = view! {
                <p>"They are an interviewer: their calendar is only read. To arrange interviews takes one more permission for it, so they are asked by mail and decide themselves."</p>
                <form id=form method="post" action="/people/invite">
                    <input type="hidden" name="emails" value=address.to_string() />
                    <input type="hidden" name="role" value="coordinator" />
                </form>
            };
            (body.into_any(), Some("Ask to coordinate"))
        }
        (role, _) => {
            let choices = vec![
                (
                    Choice::new("interviewer", "Interviewer"),
                    "Their calendar is read. They no longer see requests and candidates; what they arranged stands."
                        .to_owned(),
                ),
                (
                    Choice::new("coordinator", "Coordinator"),
                    "They arrange interviews, and see every candidate.".to_owned(),
                ),
                (Choice::new("admin", "Administrator"), "They also decide what holds for everybody.".to_owned()),
            ];
            let body = view! {
                <form id=form method="post" action=format!("/admin/people/{}/role", person.id)>
                    <RadioGroup legend="Role" name="role" choices selected=role.as_str() />
                </form>
            };
            (body.into_any(), Some("Save"))
        }
    };
    let actions = view! {
        {off}
        <LinkButton label="Close" href=PAGE />
        {verb.map(|label| view! { <Button label kind=ButtonKind::Primary form=form /> })}
    };
    view! {
        <Dialog id="change" title open=true close_href=PAGE actions=actions.into_any()>
            {body}
        </Dialog>
    }
    .into_any()
}

/// Asks before anything ends.
#[component]
fn Leaving(person: Person) -> impl IntoView {
    let form = "off-form";
    let actions = view! {
        <LinkButton label="Keep" href=PAGE />
        <Button label="Switch off" kind=ButtonKind::DangerFinal form=form />
    };
    let title = format!("Switch {} off?", person.name);
    view! {
        <Dialog id="off" title open=true close_href=PAGE actions=actions.into_any()>
            <p>"They are signed out everywhere at once and cannot sign in again. Their calendars are disconnected, and no more times are offered with them."</p>
            <p class="hint mt-2">"Interviews they sit in stand; swap them on each interview's page. You can switch them on again."</p>
            <form id=form method="post" action=format!("/admin/people/{}/off", person.id)></form>
        </Dialog>
    }
    .into_any()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleForm {
    #[serde(default)]
    role: String,
}

async fn change(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    origin: Origin,
    parts: Parts,
    Form(form): Form<RoleForm>,
) -> Response {
    let outcome = async {
        let role = match form.role.as_str() {
            "interviewer" => Role::Interviewer,
            "coordinator" => Role::Coordinator,
            "admin" => Role::Admin,
            _ => return Err(AppError::invalid("role", "role_unknown", "Choose one of the three roles.")),
        };
        let txn = state.store.begin().await?;
        roles::change(&txn, &admin, parsed(&id)?, role, &origin).await?;
        Ok(txn.commit().await?)
    };
    answer(outcome.await, "changed", state, parts).await
}

async fn off(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    origin: Origin,
    parts: Parts,
) -> Response {
    let outcome = async {
        let txn = state.store.begin().await?;
        switch_off(&state.services, &txn, &admin, parsed(&id)?, &origin).await?;
        Ok(txn.commit().await?)
    };
    answer(outcome.await, "off", state, parts).await
}

async fn on(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    origin: Origin,
    parts: Parts,
) -> Response {
    let outcome = async {
        let txn = state.store.begin().await?;
        roles::switch_on(&txn, &admin, parsed(&id)?, &origin).await?;
        Ok(txn.commit().await?)
    };
    answer(outcome.await, "on", state, parts).await
}

async fn answer(outcome: Result<(), AppError>, news: &str, state: AppState, parts: Parts) -> Response {
    match outcome {
        Ok(()) => Redirect::to(&format!("{PAGE}?news={news}")).into_response(),
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error, typed: () }).await,
    }
}

fn parsed(id: &str) -> Result<PersonId, AppError> {
    id.parse().map_err(|_| AppError::not_found())
}

impl From<RoleError> for AppError {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::Unknown => Self::new(404, "person_unknown", "There is nobody like that in your organisation."),
            RoleError::Yourself => Self::new(422, "own_role", "Nobody changes their own role.")
                .hint("Ask another administrator. So there is always one."),
            RoleError::NoAdmin => Self::forbidden(),
            RoleError::NeedsConsent => Self::new(422, "consent_needed", "An interviewer decides themselves.")
                .hint("Ask them to coordinate: it takes one more permission for their calendar."),
            RoleError::Store(error) => error.into(),
        }
    }
}
