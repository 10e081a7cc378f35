//! The forms that invite people. Each parses, calls one verb, and goes back to the page.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::Invited;
use crate::{
    audit::Origin,
    error::AppError,
    ids::PersonId,
    invitations::{
        ask::{self, Ask, AskError},
        paste,
    },
    limits,
    people::{self, Coordinator},
    sign_in::return_to::ReturnTo,
    state::AppState,
    store::words::Role,
    web::{
        again::{self, Attempt},
        form::Form,
        routes::Routes,
    },
};

/// Invitations one account may send within an hour.
const INVITATIONS: u32 = 200;
const HOUR: Duration = Duration::from_secs(3600);

pub fn routes() -> Routes {
    Routes::default()
        .post("/people/invite", many)
        .post("/people/{id}/invite", one)
        .post("/people/{id}/withdraw", withdraw)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    #[serde(default)]
    emails: String,
    #[serde(default)]
    role: String,
}

async fn many(
    State(state): State<AppState>,
    coordinator: Coordinator,
    origin: Origin,
    parts: Parts,
    Form(form): Form<Many>,
) -> Response {
    match ask_all(&state, &coordinator, &form, &origin).await {
        Ok(Asked { asked, skipped }) => {
            Redirect::to(&format!("/people/invite?news=asked&asked={asked}&skipped={skipped}")).into_response()
        }
        Err(error) => again::show(state, parts, Attempt { error, typed: form.typed() }).await,
    }
}

/// What became of a list of addresses.
pub struct Asked {
    pub asked: usize,
    /// Connected already.
    pub skipped: usize,
}

impl Many {
    pub fn new(emails: String, role: String) -> Self {
        Self { emails, role }
    }

    /// For the page that shows it again.
    pub fn typed(self) -> Invited {
        Invited { emails: self.emails, role: self.role }
    }
}

/// Asks everybody of a pasted list; nobody if anything in it cannot be read.
pub async fn ask_all(
    state: &AppState,
    coordinator: &Coordinator,
    form: &Many,
    origin: &Origin,
) -> Result<Asked, AppError> {
    let role = match form.role.as_str() {
        "" | "interviewer" => Role::Interviewer,
        "coordinator" => Role::Coordinator,
        _ => return Err(AppError::invalid("role", "role_invalid", "Choose a role from the list.")),
    };
    let named = paste::read(&form.emails)
        .map_err(|error| AppError::new(422, error.code(), error.to_string()).field("emails"))?;
    let (mut asked, mut skipped) = (0, 0);
    for one in named {
        let whom = Ask { email: one.email, name: one.name, role, request: None };
        match ask_one(state, coordinator, &whom, origin).await {
            Ok(()) => asked += 1,
            Err(Refused::Ask(AskError::AlreadyConnected { .. })) => skipped += 1,
            Err(Refused::Ask(error @ AskError::TooMany(_))) => {
                let sentence =
                    format!("{} was sent several mails within the hour; {asked} others were invited.", whom.email);
                return Err(AppError { sentence: sentence.into(), ..AppError::from(error) });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Asked { asked, skipped })
}

enum Refused {
    Ask(AskError),
    Limit(AppError),
}

impl From<Refused> for AppError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ask(error) => error.into(),
            Refused::Limit(error) => error,
        }
    }
}

async fn ask_one(state: &AppState, coordinator: &Coordinator, whom: &Ask, origin: &Origin) -> Result<(), Refused> {
    let who = coordinator.member().person.to_string();
    let counted = limits::hit(&state.store, "invite_sent", &who, INVITATIONS, HOUR).await;
    counted.map_err(|error| Refused::Limit(error.into()))?;
    ask::ask(state, coordinator, whom, origin).await.map_err(Refused::Ask)?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    #[serde(default)]
    request: String,
    #[serde(default)]
    return_to: String,
}

/// Asks somebody who is known, for what they are: nobody's role changes by it.
async fn one(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
    Form(form): Form<One>,
) -> Result<Redirect, AppError> {
    let id: PersonId = id.parse().map_err(|_| AppError::not_found())?;
    let person = people::find(state.store.reader(), coordinator.member().org, id).await?;
    let person = person.ok_or_else(AppError::not_found)?;
    let email = person.contact().cloned().ok_or(AskError::Unmailable)?;
    let request = match form.request.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| AppError::not_found())?),
    };
    ask_one(&state, &coordinator, &Ask::interviewer(email, request), &origin).await?;
    let back = ReturnTo::parse(&form.return_to);
    let with = if back.as_str().contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{}{with}news=asked&asked=1", back.as_str())))
}

async fn withdraw(
    State(state): State<AppState>,
    coordinator: Coordinator,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    let id: PersonId = id.parse().map_err(|_| AppError::not_found())?;
    ask::withdraw(&state, &coordinator, id, &origin).await?;
    Ok(Redirect::to("/people/invite?news=withdrawn"))
}
