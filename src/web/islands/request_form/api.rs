//! What the form asks the server while somebody types.

use leptos::prelude::*;

use super::data::Live;
use crate::{error::AppError, web::strict_json::StrictJson};

/// The people, the week and the times for the form as it stands. Coordinators only; stores nothing.
///
/// `form` is the form as a browser would post it (`application/x-www-form-urlencoded`), so that there is one reading of it.
#[server(prefix = "/api", endpoint = "requests/look", input = StrictJson)]
pub async fn look(form: String) -> Result<Live, AppError> {
    use std::time::Duration;

    use axum::http::request::Parts;

    use crate::{
        limits,
        state::AppState,
        web::{pages::new_request, session},
    };

    /// Looks within a minute. Somebody who types all the time asks three times a second at most.
    const LOOKS: u32 = 200;

    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let member = session::member(&state, &parts.headers).await?.ok_or_else(AppError::signed_out)?;
    let coordinator = session::coordinating(&state, member).await?;
    let who = coordinator.member().person.to_string();
    limits::hit(&state.store, "request_look", &who, LOOKS, Duration::from_secs(60)).await?;
    new_request::look(&state, &coordinator, &form).await
}
