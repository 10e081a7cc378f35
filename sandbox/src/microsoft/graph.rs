//! Graph's paths, and the layer that stamps every answer with ids.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::ask::Ask;
use super::errors::{GraphError, guid};
use super::{batch, calendars, delta, events, respond, schedule, subscriptions, write};
use crate::world::World;

/// Everything under `/v1.0`, batches included.
pub fn router(world: World) -> Router {
    let single = single(world.clone());
    let inner = single.clone();
    let batch = move |Shared(world): Shared<World>, headers: HeaderMap, body: Bytes| {
        let inner = inner.clone();
        async move { batch::batch(world, headers, inner, body).await }
    };
    let batches = Router::new().route("/v1.0/$batch", post(batch)).with_state(world.clone());
    single.merge(stamped(batches, world))
}

/// What a batch may hold too.
fn single(world: World) -> Router {
    let graph = Router::new()
        .route("/v1.0/me", get(calendars::me))
        .route("/v1.0/me/mailboxSettings", get(calendars::settings))
        .route("/v1.0/me/calendars", get(calendars::list).post(calendars::create))
        .route("/v1.0/me/calendars/{id}", get(calendars::get).patch(calendars::update).delete(calendars::delete))
        .route("/v1.0/me/calendars/{id}/events", get(events::list_in).post(write::create_in))
        .route("/v1.0/me/calendars/{id}/calendarView", get(events::view_in))
        .route("/v1.0/me/calendar", get(calendars::default))
        .route("/v1.0/me/calendar/events", get(events::list_default).post(write::create_default))
        .route("/v1.0/me/calendar/calendarView", get(events::view_default))
        .route("/v1.0/me/calendar/getSchedule", post(schedule::get_schedule))
        .route("/v1.0/me/calendarView", get(events::view_default))
        .route("/v1.0/me/events", get(events::list_default).post(write::create_default))
        .route("/v1.0/me/events/{id}", get(events::get).patch(write::update).delete(write::delete))
        .route("/v1.0/me/events/{id}/instances", get(events::instances))
        .route("/v1.0/me/events/{id}/cancel", post(write::cancel))
        .route("/v1.0/me/events/{id}/accept", post(respond::accept))
        .route("/v1.0/me/events/{id}/tentativelyAccept", post(respond::tentatively_accept))
        .route("/v1.0/me/events/{id}/decline", post(respond::decline))
        .route("/v1.0/me/calendarView/delta", get(delta::delta_default))
        .route("/v1.0/me/calendar/calendarView/delta", get(delta::delta_default))
        .route("/v1.0/me/calendars/{id}/calendarView/delta", get(delta::delta_in))
        .route("/v1.0/subscriptions", get(subscriptions::list).post(subscriptions::create))
        .route(
            "/v1.0/subscriptions/{id}",
            get(subscriptions::get).patch(subscriptions::renew).delete(subscriptions::delete),
        )
        .route("/v1.0/subscriptions/{id}/reauthorize", post(subscriptions::reauthorize))
        .route("/v1.0/users/{user}/calendars", get(calendars::list))
        .route("/v1.0/users/{user}/calendars/{id}", get(calendars::get))
        .route("/v1.0/users/{user}/calendars/{id}/calendarView", get(events::view_in))
        .route("/v1.0/users/{user}/calendar", get(calendars::default))
        .route("/v1.0/users/{user}/calendar/calendarView", get(events::view_default))
        .route("/v1.0/users/{user}/calendar/getSchedule", post(schedule::get_schedule))
        .route("/v1.0/users/{user}/calendarView", get(events::view_default))
        .route("/v1.0/{*path}", axum::routing::any(nothing_here))
        .with_state(world.clone());
    stamped(graph, world)
}

/// A path Graph does not have, or this sandbox does not play.
async fn nothing_here(ask: Ask) -> GraphError {
    let segment = ask.path.rsplit('/').next().unwrap_or_default();
    GraphError::bad("BadRequest", format!("Resource not found for the segment '{segment}'."))
}

fn stamped(router: Router, world: World) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| stamp(world.clone(), request, next)))
}

/// Gives the answer its `request-id`, and writes the body of an error.
async fn stamp(world: World, request: Request, next: Next) -> Response {
    let request_id = guid();
    let sent = request.headers().get("client-request-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let client_id = sent.unwrap_or_else(|| request_id.clone());
    let mut response = next.run(request).await;
    let mut error = response.extensions_mut().remove::<GraphError>();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let message = "The OData request is not supported.";
        error = Some(GraphError::new(StatusCode::METHOD_NOT_ALLOWED, "BadRequest", message));
    }
    if let Some(error) = error {
        let body = error.body(world.lock().now(), &request_id, &client_id);
        let headers = std::mem::take(response.headers_mut());
        response = (error.status, axum::Json(body)).into_response();
        let own = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
        response.headers_mut().extend(own.filter(|(name, _)| name == "allow"));
        for (name, value) in error.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    for (name, value) in [("request-id", &request_id), ("client-request-id", &client_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
