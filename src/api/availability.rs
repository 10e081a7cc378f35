//! `POST /availability`: the document that `convene slots` reads, and the very answer that it prints.

use axum::{
    body::Bytes,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{
    availability_document::{AvailabilityAnswer, AvailabilityQuery},
    caller::{AvailabilityRead, Caller},
};
use crate::{
    error::AppError,
    scheduling::query::{QueryError, answer_json},
    state::AppState,
    web::{percent, routes::Routes},
};

pub fn routes() -> Routes {
    Routes::default().post("/api/v1/availability", answer)
}

impl From<QueryError> for AppError {
    fn from(error: QueryError) -> Self {
        let refused = Self::new(422, "query_invalid", error.reason().to_owned());
        match error.path() {
            "" => refused,
            path => refused.field(path.to_owned()),
        }
    }
}

/// Open times
///
/// Computes open times from what the query says and nothing else: no calendar is read, nothing is stored. The answer is byte for byte
/// what `convene slots` prints for the same document. At most 4 MiB.
#[utoipa::path(
    post, path = "/api/v1/availability", tag = "availability",
    request_body = AvailabilityQuery,
    responses((status = 200, description = "The open times.", body = AvailabilityAnswer)),
)]
pub async fn answer(
    State(state): State<AppState>,
    _: Caller<AvailabilityRead>,
    body: Bytes,
) -> Result<Response, AppError> {
    let text = String::from_utf8(body.to_vec()).map_err(|_| percent::invalid_utf8())?;
    let turn = state.searches.turn().await?;
    // Large queries take a while of computing, which other requests must not wait for.
    let computed = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        answer_json(&text)
    });
    let answer = computed.await.map_err(|error| AppError::internal(&error))??;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, answer).into_response())
}
