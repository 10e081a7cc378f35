//! `/requests/{id}/difference/{difference}`: ours and theirs side by side, and which of them counts.

use axum::{
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use serde::Deserialize;

use super::{
    difference_words::{Words, reasons, shown},
    substitutes::Substitutes,
};
use crate::{
    audit::Origin,
    booking::{
        self, Booking,
        change::reason,
        difference::{self, Blocker, Difference},
        outside::decide::{self, DecideError, Decision},
        swap,
    },
    error::AppError,
    events::theirs::Theirs,
    ids::{DifferenceId, PersonId, RequestId},
    notifications::when,
    people::{self, Coordinator, Person},
    requests::{self, Request},
    state::AppState,
    store::words::DifferenceKind,
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Banner, Button, ButtonKind, Card, CardBody, CardHead, Checkbox, LinkButton, Section, TextareaField, Tone,
            Wrong, field::wrong_line,
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
    decision: String,
    /// What the page showed when it was decided.
    #[serde(default)]
    shown: String,
    #[serde(default)]
    asked: String,
    #[serde(default)]
    reason: String,
}

/// Everything the page shows.
struct Sheet {
    found: Difference,
    request: Request,
    booking: Booking,
    team: Vec<Person>,
    /// What keeps it from the calendar's time, now.
    blockers: Vec<Blocker>,
    /// Who could come instead of who declined.
    place: Option<swap::Place>,
}

impl Sheet {
    async fn load(desk: &Desk, request: RequestId, id: DifferenceId) -> Result<Self, AppError> {
        let (db, org) = (desk.state.store.reader(), desk.me().org);
        let found = difference::find(db, org, request, id).await?.ok_or_else(AppError::not_found)?;
        let request = requests::find(db, org, request).await?.ok_or_else(AppError::not_found)?;
        let booking = booking::find(db, org, found.booking).await?.ok_or_else(AppError::not_found)?;
        let turn = desk.state.searches.turn().await?;
        let blockers = decide::blockers(&desk.state, &found).await?;
        let place = match found.person.filter(|_| found.is_open()) {
            // Who left the interview meanwhile needs nobody in their place.
            Some(person) => swap::substitutes(&desk.state, &desk.who, request.id, person, "").await.ok(),
            None => None,
        };
        drop(turn);
        Ok(Self { team: people::team(db, org).await?, found, request, booking, blockers, place })
    }

    fn name_of(&self, id: PersonId) -> String {
        let found = self.team.iter().find(|person| person.id == id);
        found.map_or_else(|| "Somebody".to_owned(), |person| person.name.clone())
    }

    fn reasons(&self) -> Vec<String> {
        reasons(&self.blockers, |id| self.name_of(id))
    }

    /// It could be if everybody were asked.
    fn may_be_asked(&self) -> bool {
        !self.blockers.is_empty() && self.blockers.iter().all(|one| one.because.may_be_asked())
    }
}

#[component]
pub fn DifferencePage() -> impl IntoView {
    let params = use_params_map().get_untracked();
    let (id, difference) = (params.get("id").unwrap_or_default(), params.get("difference").unwrap_or_default());
    let attempt = use_context::<Attempt<Typed>>();
    desk(move |desk: Desk| async move {
        let (request, difference) = parsed(&id, &difference)?;
        let sheet = Sheet::load(&desk, request, difference).await?;
        let zone = desk.me().clock();
        let words = Words::of(&sheet.found, &sheet.request.candidate_name, |id| sheet.name_of(id));
        let problem = problem(attempt.as_ref(), &["asked", "reason", "decision"]);
        let path = format!("/requests/{request}");
        let sub = format!("{}, {}", sheet.request.candidate_name, when::span(sheet.booking.span, zone));
        let back = (sheet.request.candidate_name.clone(), path.clone());
        let inside = if sheet.found.is_open() {
            view! { <Open sheet means=words.means path zone attempt /> }.into_any()
        } else {
            let actions = view! { <LinkButton label="Open the request" href=path /> };
            view! {
                <Banner tone=Tone::Success title="This is settled" actions=actions.into_any()>
                    {format!("{}.", words.settled)}
                </Banner>
            }
            .into_any()
        };
        Ok(view! {
            <Frame desk title=words.title sub current=Section::Requests back>
                {problem}
                {inside}
            </Frame>
        })
    })
}

#[component]
fn Open(sheet: Sheet, means: String, path: String, zone: Tz, attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let wrongs = Wrongs { decision: wrong("decision"), asked: wrong("asked"), reason: wrong("reason") };
    let typed = attempt.as_ref().map(|attempt| attempt.typed.clone()).unwrap_or_default();
    let action = format!("{path}/difference/{}", sheet.found.id);
    let sides = sheet.found.theirs.map(|theirs| {
        let calendar = format!("In {}'s {}", sheet.name_of(sheet.found.owner), sheet.found.calendar());
        let reasons = sheet.reasons().into_iter().map(|why| view! { <li>{why}</li> }).collect_view();
        let reasons = (!sheet.blockers.is_empty()).then(|| view! { <ul class="hint mt-2">{reasons}</ul> });
        view! {
            <div class="cols-2">
                <Card label="Ours">
                    <CardHead title="Ours" sub="In Convene" open=true />
                    <CardBody>
                        <p class="num">{when::span(sheet.booking.span, zone)}</p>
                    </CardBody>
                </Card>
                <Card label="Theirs">
                    <CardHead title="Theirs" sub=calendar open=true />
                    <CardBody>
                        <p class="num">{shown(theirs, zone)}</p>
                        {reasons}
                    </CardBody>
                </Card>
            </div>
        }
    });
    let substitutes = sheet.place.as_ref().map(|place| {
        let free = Some(place.substitutes.clone());
        view! { <Substitutes request=sheet.request.id.to_string() leaves=place.leaving.id.to_string() substitutes=free most=8 /> }
    });
    view! {
        <div class="stack-lg">
            <p>{means}</p>
            {sides}
            {substitutes}
            <Decide sheet action typed wrongs />
        </div>
    }
}

/// What is wrong with which field.
#[derive(Clone)]
struct Wrongs {
    decision: Option<Wrong>,
    asked: Option<Wrong>,
    reason: Option<Wrong>,
}

/// One form with a button for each thing that can be decided.
#[component]
fn Decide(sheet: Sheet, action: String, typed: Typed, wrongs: Wrongs) -> impl IntoView {
    let found = &sheet.found;
    let cancels = found.kind == DifferenceKind::CandidateDeclined || found.theirs == Some(Theirs::Gone);
    let button = |label: &'static str, value: &'static str, kind: ButtonKind| {
        view! { <Button label name="decision" value kind /> }
    };
    let theirs = match found.theirs {
        _ if cancels => Some(button("Cancel interview", "theirs", ButtonKind::DangerFinal).into_any()),
        Some(Theirs::At(_)) if sheet.blockers.is_empty() || sheet.may_be_asked() => {
            Some(button("Take theirs", "theirs", ButtonKind::Primary).into_any())
        }
        _ => None,
    };
    let ours = match found.theirs {
        Some(Theirs::Gone) => button("Put it back", "ours", ButtonKind::Secondary).into_any(),
        Some(_) => button("Keep ours", "ours", ButtonKind::Secondary).into_any(),
        None => button("Keep as it is", "keep", ButtonKind::Secondary).into_any(),
    };
    let asking = sheet.may_be_asked().then(|| {
        view! {
            <div>
                <Checkbox
                    label="I have asked them"
                    name="asked"
                    checked=!typed.asked.is_empty()
                    hint="Needed to take a time at which somebody may not be free."
                />
                {wrong_line("asked", wrongs.asked.clone())}
            </div>
        }
    });
    let why = cancels.then(|| {
        view! {
            <TextareaField label="Reason" name="reason" value=typed.reason.clone() optional=true rows=3 maxlength=500u32 hint="If it is cancelled, the candidate reads it." error=wrongs.reason.clone() />
        }
    });
    let after = match found.theirs {
        Some(Theirs::At(_)) => "Whatever counts, calendars follow and everyone is told of a new time.",
        _ if cancels => "If it is cancelled, everyone who was invited is told.",
        _ => "Nobody is told anything if you keep it.",
    };
    view! {
        <form method="post" action=action class="stack max-w-lg">
            <input type="hidden" name="shown" value=found.shown() />
            {why}
            {asking}
            {wrong_line("decision", wrongs.decision.clone())}
            <div class="row">{ours} {theirs}</div>
            <p class="hint">{after}</p>
        </form>
    }
}

fn parsed(id: &str, difference: &str) -> Result<(RequestId, DifferenceId), AppError> {
    match (id.parse(), difference.parse()) {
        (Ok(request), Ok(difference)) => Ok((request, difference)),
        _ => Err(AppError::not_found()),
    }
}

pub async fn post(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path((id, difference)): Path<(String, String)>,
    origin: Origin,
    parts: Parts,
    Form(form): Form<Typed>,
) -> Response {
    let outcome = async {
        let about = parsed(&id, &difference)?;
        let (decision, news) = match form.decision.as_str() {
            "ours" => (Decision::Ours, "ours"),
            "theirs" => {
                let asked = !form.asked.is_empty();
                (Decision::Theirs { asked, reason: reason(&form.reason)? }, "theirs")
            }
            "keep" => (Decision::Keep, "kept"),
            _ => return Err(DecideError::NoDecision.into()),
        };
        let _turn = state.searches.turn().await?;
        decide::decide(&state, &coordinator, about, &form.shown, decision, &origin).await?;
        Ok::<_, AppError>(news)
    };
    match outcome.await {
        Ok(news) => Redirect::to(&format!("/requests/{id}?news={news}")).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: form }).await,
    }
}
