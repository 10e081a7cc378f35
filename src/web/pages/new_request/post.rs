//! Creating the request: parse, one verb, on to its page; or the form again with everything typed and what is wrong.

use std::time::Duration;

use axum::{
    extract::{RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};

use super::{Refused, fields::Fields};
use crate::{
    ats,
    audit::Origin,
    error::AppError,
    idempotency::Key,
    ids::RequestId,
    limits,
    people::{Coordinator, welcome},
    requests::{
        create::{self, CreateError},
        draft::{FieldError, NewRequest},
    },
    state::AppState,
    store::StoreError,
    web::{
        again::{self, Attempt},
        routes::Routes,
    },
};

/// Requests one account may send within an hour, those that are refused included.
const REQUESTS: u32 = 300;
const HOUR: Duration = Duration::from_secs(3600);

pub fn routes() -> Routes {
    Routes::default().post("/requests/new", submit)
}

async fn submit(
    State(state): State<AppState>,
    coordinator: Coordinator,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let fields = match Fields::of_form(&body, state.ats.is_some()) {
        Ok(fields) => fields,
        Err(error) => return error.into_response(),
    };
    let who = coordinator.member().person.to_string();
    if let Err(error) = limits::hit(&state.store, "request_create", &who, REQUESTS, HOUR).await {
        return error.into_response();
    }
    let refused: Vec<FieldError> = match fields.draft.parse(state.clock.now()) {
        Ok(new) => match created(&state, &coordinator, &fields, &new, &origin).await {
            Ok(id) => {
                if let Err(error) = through_the_welcome(&state, &coordinator).await {
                    return AppError::from(error).into_response();
                }
                return Redirect::to(&format!("/requests/{id}?news=created")).into_response();
            }
            Err(CreateError::Field(error)) => vec![error],
            Err(error) => return AppError::from(error).into_response(),
        },
        Err(errors) => errors,
    };
    let error = match refused.first() {
        Some(first) => AppError::new(422, first.code.clone(), first.message.clone()).field(first.field.clone()),
        None => AppError::new(422, "form_invalid", "The request could not be created."),
    };
    again::show(state, parts, Attempt { error, typed: Refused { fields, errors: refused } }).await
}

/// Whoever has made a request needs no welcome any more.
async fn through_the_welcome(state: &AppState, coordinator: &Coordinator) -> Result<(), StoreError> {
    if welcome::step(state.store.reader(), coordinator.member()).await?.is_none() {
        return Ok(());
    }
    let txn = state.store.begin().await?;
    welcome::go_on(&txn, coordinator.member(), None).await?;
    txn.commit().await
}

/// The request of this form, made now or by another copy of it. Only a program sends a form without a key, and says each time
/// anew what it wants.
async fn created(
    state: &AppState,
    coordinator: &Coordinator,
    fields: &Fields,
    new: &NewRequest,
    origin: &Origin,
) -> Result<RequestId, CreateError> {
    if let Some(application) = &new.application
        && !ats::may_exist(state, coordinator.member().org, application).await?
    {
        let (field, code) = ("application_id".to_owned(), "application_unknown".to_owned());
        let message = "No application has this ID. Check it where the application is kept.".to_owned();
        return Err(CreateError::Field(FieldError { field, code, message }));
    }
    if fields.key.is_empty() {
        return create::create(state, coordinator, new, origin).await;
    }
    // Plain text: serialising it cannot fail.
    let typed = serde_json::to_string(&fields.draft).expect("a draft is plain data");
    let copy = create::Copy { key: Key::parse(&fields.key)?, typed };
    create::create_once(state, coordinator, new, &copy, origin).await
}
