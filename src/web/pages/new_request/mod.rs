//! `/requests/new`: what a coordinator asks for, with everybody's week and the times it gives beside it.
//!
//! The page is whole without script: fields are controls of one form, "Update the picture" sends them along in the query.
//! The island on top asks [`look`] while somebody types. `fields` reads the form, [`post`] creates the request, `picture`
//! puts a preview into words and pictures.

mod fields;
mod picture;
pub mod post;
mod prompt;
mod sets;
mod week;

use axum::http::request::Parts;
use leptos::{nonce::use_nonce, prelude::*};

use super::staff::{Desk, Frame, desk};
use crate::{
    booking::preview,
    error::AppError,
    idempotency::Key,
    people::{self, Coordinator, preferences},
    requests::draft::FieldError,
    state::AppState,
    web::{
        again::Attempt,
        components::{Button, ButtonKind, Section, ZoneSelect},
        intake,
        islands::request_form::{
            RequestForm,
            data::{Live, Note, Start, Teammate},
        },
        zones::zone_options,
    },
};
use fields::Fields;

/// Comfort before the island wakes.
const SCRIPT: &str = include_str!("before_islands.js");

/// A form that was not accepted.
#[derive(Clone, Debug)]
pub struct Refused {
    fields: Fields,
    errors: Vec<FieldError>,
}

/// What the form as it stands would give, for the island.
///
/// # Errors
/// As of a posted form, and the store's.
pub async fn look(state: &AppState, coordinator: &Coordinator, form: &str) -> Result<Live, AppError> {
    // It came inside JSON, where it was one text; posted it would have been judged as this.
    intake::form::judge(form.as_bytes())?;
    live(state, coordinator, &Fields::of_form(form.as_bytes(), state.ats.is_some())?).await
}

async fn live(state: &AppState, coordinator: &Coordinator, fields: &Fields) -> Result<Live, AppError> {
    let turn = state.searches.turn().await?;
    let preview = preview::preview(state, coordinator, &fields.draft).await?;
    drop(turn);
    Ok(picture::live(&preview, fields.week(), state.clock.now()))
}

#[component]
pub fn NewRequestPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Refused>>();
    let query = use_context::<Parts>().and_then(|parts| parts.uri.query().map(str::to_owned)).unwrap_or_default();
    let page = desk(move |desk: Desk| async move {
        let member = desk.me();
        let now = desk.state.clock.now();
        let (fields, refused) = match attempt {
            Some(attempt) => (attempt.typed.fields, Some(attempt.typed.errors)),
            None => {
                let own = preferences::own_reminders(desk.state.store.reader(), member.org, member.person).await?;
                let reminders = own.as_deref().unwrap_or(&desk.organisation.policies.reminder_minutes);
                let ats = desk.state.ats.is_some();
                (Fields::of_query(&query, Fields::fresh(member.zone, reminders, ats, now)), None)
            }
        };
        let mut live = live(&desk.state, &desk.who, &fields).await?;
        let touched = match &refused {
            Some(errors) => {
                // What only the database knew is not among the preview's own.
                let more: Vec<Note> =
                    errors.iter().map(picture::note).filter(|note| !live.errors.contains(note)).collect();
                live.errors.extend(more);
                errors.iter().map(|error| error.field.clone()).collect()
            }
            None => filled_in(&fields),
        };
        let team = people::team(desk.state.store.reader(), member.org).await?;
        let team = team.into_iter().filter_map(|person| {
            let email = person.contact()?.to_string();
            Some(Teammate { email, name: person.name })
        });
        let zone_error = live.errors.iter().find(|note| note.field == "zone" && touched.contains(&note.field));
        let zone_error = zone_error.map(|note| note.wrong.clone());
        // The frame's question where they live brings the script along.
        let guess = member.zone.is_none() && refused.is_none() && query.is_empty();
        let start = Start { values: fields.values(), live, touched, refused: refused.is_some(), team: team.collect() };
        let zones = zone_options(now, &fields.draft.zone);
        let prompt = prompt::connect(&desk, &query).await?;
        let create = view! { <Button label="Create request" kind=ButtonKind::Primary form="new-request" /> };
        Ok(view! {
            <Frame
                desk
                title="New request"
                sub="The candidate gets one link and picks one time"
                current=Section::Requests
                actions=create.into_any()
            >
                {prompt}
                <RequestForm start>
                    <input type="hidden" name="key" value=Key::fresh() />
                    <div data-guess-zone=guess.then_some("")>
                        <ZoneSelect options=zones name="zone" error=zone_error />
                    </div>
                </RequestForm>
            </Frame>
        })
    });
    view! {
        <script nonce=use_nonce()>{SCRIPT}</script>
        {page}
    }
}

/// Fields of a form sent along in the query that have something in them: their errors are worth showing.
fn filled_in(fields: &Fields) -> Vec<String> {
    let draft = &fields.draft;
    let filled = [
        ("candidate_name", &draft.candidate_name),
        ("candidate_email", &draft.candidate_email),
        ("interview_type", &draft.interview_type),
        ("duration", &draft.duration),
        ("from", &draft.from),
        ("to", &draft.to),
        ("interviewers", &draft.interviewers),
        ("optional", &draft.optional),
        ("any_of", &draft.any_of),
        ("zone", &draft.zone),
        ("buffer_before", &draft.buffer_before),
        ("buffer_after", &draft.buffer_after),
        ("notice", &draft.notice),
        ("change_notice", &draft.change_notice),
        ("location", &draft.location),
        ("notes", &draft.notes),
        ("reminders", &draft.reminders),
        ("windows", &draft.windows),
        ("unknown_start", &draft.unknown_start),
        ("unknown_end", &draft.unknown_end),
    ];
    let application = draft.application_id.as_ref().map(|value| ("application_id", value));
    filled
        .into_iter()
        .chain(application)
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, _)| name.to_owned())
        .collect()
}
