//! Creating the request: parse, one verb, on to its page; or the form again with everything typed and what is wrong.

use axum::{
    Router,
    extract::{RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};

use super::{Refused, fields::Fields};
use crate::{
    audit::Origin,
    error::AppError,
    people::Coordinator,
    requests::{
        create::{self, CreateError},
        draft::FieldError,
    },
    state::AppState,
    web::again::{self, Attempt},
};

pub fn routes() -> Router<AppState> {
    Router::new().route("/requests/new", post(submit))
}

async fn submit(
    State(state): State<AppState>,
    coordinator: Coordinator,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let fields = match Fields::of_form(&body) {
        Ok(fields) => fields,
        Err(error) => return error.into_response(),
    };
    let refused: Vec<FieldError> = match fields.draft.parse(state.clock.now()) {
        Ok(new) => match create::create(&state, &coordinator, &new, &origin).await {
            Ok(id) => return Redirect::to(&format!("/requests/{id}?news=created")).into_response(),
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
