//! `/requests/{id}/swap/{person}`: who comes instead of somebody who cannot, and why.

use axum::{
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::Deserialize;

use super::chosen::{interviews, keeps};
use crate::{
    audit::Origin,
    booking::{
        change::reason,
        swap::{self, Choice, Standing, Substitute, Unknown},
    },
    error::AppError,
    ids::{PersonId, RequestId},
    notifications::when,
    people::Coordinator,
    state::AppState,
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Button, ButtonKind, ButtonSize, Card, CardBody, Checkbox, EmptyState, Glyph, Section, TextField,
            TextareaField, Wrong, field::wrong_line,
        },
        form::Form,
        pages::staff::{Desk, Frame, desk},
    },
};

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    comes: String,
    #[serde(default)]
    asked: String,
    #[serde(default)]
    reason: String,
}

#[component]
pub fn SwapPage() -> impl IntoView {
    let params = use_params_map().get_untracked();
    let (id, person) = (params.get("id").unwrap_or_default(), params.get("person").unwrap_or_default());
    let find = use_query_map().read_untracked().get("find").unwrap_or_default();
    let attempt = use_context::<Attempt<Typed>>();
    desk(move |desk: Desk| async move {
        let (request, leaves) = parsed(&id, &person)?;
        let turn = desk.state.searches.turn().await?;
        let place = swap::substitutes(&desk.state, &desk.who, request, leaves, &find).await?;
        drop(turn);
        let zone = desk.me().clock();
        let path = format!("/requests/{request}");
        let problem = problem(attempt.as_ref(), &["comes", "asked", "reason"]);
        let wrong = |field: &str| wrong(attempt.as_ref(), field);
        let (who, why, asking) = (wrong("comes"), wrong("reason"), wrong("asked"));
        let typed = attempt.map(|attempt| attempt.typed).unwrap_or_default();
        let leaving = place.leaving.name.clone();
        let action = format!("{path}/swap/{leaves}");
        let form = if place.substitutes.is_empty() {
            view! {
                <EmptyState glyph=Glyph::CircleHelp title="There is nobody to choose" sentence="Everybody who is called so sits in this interview already, or nobody is." />
            }
            .into_any()
        } else {
            view! { <SwapForm action=action.clone() substitutes=place.substitutes zone typed who why asking /> }
                .into_any()
        };
        let search = (place.left_out > 0 || !find.is_empty()).then(|| {
            let hint = match place.left_out {
                0 => String::new(),
                more => format!("{more} more of your organisation are not listed."),
            };
            view! {
                <form method="get" action=action class="stack max-w-lg mb-4">
                    <TextField label="Find somebody" name="find" value=find hint optional=true autocomplete="off" />
                    <div>
                        <Button label="Find" size=ButtonSize::Small />
                    </div>
                </form>
            }
        });
        Ok(view! {
            <Frame
                desk
                title=format!("Swap {leaving}")
                sub=format!("{}, {}", place.request.candidate_name, when::span(place.booking.span, zone))
                current=Section::Requests
                back=(place.request.candidate_name.clone(), path)
            >
                {problem}
                {search}
                {form}
            </Frame>
        })
    })
}

#[component]
fn SwapForm(
    action: String,
    substitutes: Vec<Substitute>,
    zone: Tz,
    typed: Typed,
    who: Option<Wrong>,
    why: Option<Wrong>,
    asking: Option<Wrong>,
) -> impl IntoView {
    let somebody_unknown = substitutes.iter().any(|one| matches!(one.standing, Standing::Unknown(_)));
    let chosen = typed.comes;
    let choices = substitutes.iter().map(|one| {
        let value = one.person.id.to_string();
        let checked = value == chosen;
        let disabled = matches!(one.standing, Standing::Kept(_));
        view! {
            <label class="check">
                <input type="radio" name="comes" value=value checked=checked disabled=disabled />
                <span>{one.person.name.clone()} <span class="hint">{standing(one, zone)}</span></span>
            </label>
        }
    });
    let choices = choices.collect_view();
    let described = who.is_some().then_some("comes-error");
    view! {
        <Card>
            <CardBody>
                <form method="post" action=action class="stack-lg max-w-lg">
                    <fieldset class="field" aria-describedby=described>
                        <legend class="label">"Who comes instead"</legend>
                        <div class="check-list">{choices}</div>
                        {wrong_line("comes", who)}
                    </fieldset>
                    {somebody_unknown
                        .then(|| {
                            view! {
                                <div>
                                    <Checkbox
                                        label="I have asked them, and they can come"
                                        name="asked"
                                        checked=!typed.asked.is_empty()
                                        hint="Needed for those of whom nobody knows whether they are free."
                                    />
                                    {wrong_line("asked", asking)}
                                </div>
                            }
                        })}
                    <TextareaField
                        label="Reason"
                        name="reason"
                        value=typed.reason
                        rows=3
                        maxlength=500u32
                        hint="Kept with the request. The candidate does not see it."
                        error=why
                    />
                    <div>
                        <Button label="Swap" kind=ButtonKind::Primary />
                    </div>
                    <p class="hint">"Calendars follow, and everyone who is invited is told. The time stays."</p>
                </form>
            </CardBody>
        </Card>
    }
}

/// "Free, 2 interviews that week", "busy then", "nobody knows whether they are free: …"
fn standing(one: &Substitute, zone: Tz) -> String {
    let pool = if one.in_pool { "Asked for in the request. " } else { "" };
    let words = match &one.standing {
        Standing::Free => format!("Free, {}", interviews(one.load.week)),
        Standing::Kept(rules) => format!("Not free: {}", keeps(rules)),
        Standing::Unknown(Unknown::Nobody) => "Nobody knows whether they are free: no calendar is connected".to_owned(),
        Standing::Unknown(Unknown::Silent(reason)) => {
            format!("Nobody knows whether they are free: their calendar {}", reason.in_words_at(zone))
        }
        Standing::Unknown(Unknown::Invited) => {
            "Nobody knows whether they are free: this interview is in their calendar already".to_owned()
        }
    };
    format!("{pool}{words}")
}

fn parsed(id: &str, person: &str) -> Result<(RequestId, PersonId), AppError> {
    match (id.parse(), person.parse()) {
        (Ok(request), Ok(person)) => Ok((request, person)),
        _ => Err(AppError::not_found()),
    }
}

pub async fn post(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path((id, person)): Path<(String, String)>,
    origin: Origin,
    parts: Parts,
    Form(form): Form<Typed>,
) -> Response {
    let outcome = async {
        let (request, leaves) = parsed(&id, &person)?;
        let comes = form.comes.parse().map_err(|_| swap::SwapError::NoSubstitute)?;
        let choice = Choice { leaves, comes, reason: reason(&form.reason)?, asked: !form.asked.is_empty() };
        let _turn = state.searches.turn().await?;
        swap::swap(&state, &coordinator, request, choice, &origin).await?;
        Ok::<_, AppError>(())
    };
    match outcome.await {
        Ok(()) => Redirect::to(&format!("/requests/{id}?news=swapped")).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: form }).await,
    }
}
