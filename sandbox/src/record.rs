//! The layer around everything that is played: it writes every request down and lets faults happen.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::faults::{Answer, Kind};
use crate::oauth::bearer;
use crate::serve::HangUp;
use crate::world::{RequestRecord, Service, World};

/// Larger bodies are refused; calendar requests are far smaller.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Longer answers are not remembered: twenty thousand lists of a busy calendar would fill the memory.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Form fields and JSON properties whose values are not written down.
const SECRET: [&str; 10] = [
    "client_secret",
    "code",
    "refresh_token",
    "access_token",
    "code_verifier",
    "id_token",
    "token",
    "assertion",
    "client_assertion",
    "clientState",
];

/// Wraps the router of what is played.
pub fn watched(router: Router, world: &World, service: Service) -> Router {
    let world = world.clone();
    router.layer(from_fn(move |request: Request, next: Next| watch(world.clone(), service, request, next)))
}

async fn watch(world: World, service: Service, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 4 MiB.").into_response();
    };
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.to_string(), if is_secret(&name) { hidden() } else { value.into_owned() }))
        .collect();
    let (account, application, faults) = {
        let mut state = world.lock();
        let token = bearer(&parts.headers).unwrap_or_default();
        let application = state.grants.application(token).map(str::to_owned);
        let account = match service {
            Service::Microsoft => crate::microsoft::whose(&state, token, &path),
            Service::Apple => crate::apple::whose(&state, &parts.headers),
            Service::Google | Service::Icims => state.grants.owner(token).map(str::to_owned),
        };
        let faults = state.take_faults(service, &method, &path, account.as_deref());
        (account, application, faults)
    };
    let record = RequestRecord {
        number: 0,
        at: world.lock().now(),
        provider: service,
        method,
        path,
        query,
        headers: plain_headers(&parts.headers),
        body: readable(&parts.headers, &body),
        account,
        application,
        status: None,
        answer: Value::Null,
        faults: faults.iter().map(|kind| kind.name().to_owned()).collect(),
    };
    let lasting = faults.iter().any(Kind::outlasts_the_client);
    let answer = answer(world, service, faults, record, Request::from_parts(parts, Body::from(body)), next);
    if !lasting {
        return answer.await;
    }
    // A client that leaves ends its connection and all that waits in it; what a fault keeps waiting goes on.
    tokio::spawn(answer).await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Answers a request as its faults let it, and writes it down.
async fn answer(
    world: World,
    service: Service,
    faults: Vec<Kind>,
    mut record: RequestRecord,
    request: Request,
    next: Next,
) -> Response {
    // A seat is held through latencies too, so that slow requests count as many at once.
    let seat = match &record.account {
        Some(account) if service == Service::Microsoft && record.path.starts_with("/v1.0") => {
            crate::microsoft::Seat::take(&world, account).map(Some)
        }
        _ => Ok(None),
    };
    let response = match seat.and_then(|seat| within_quota(&world, &record).map(|()| seat)) {
        Ok(_seat) => meet(&world, service, &faults, request, next).await,
        Err(refused) => refused.into_response(),
    };
    if response.extensions().get::<HangUp>().is_some() {
        world.lock().remember(record);
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    if let Some(Quirks(names)) = parts.extensions.get() {
        record.faults.extend(names.iter().map(|name| (*name).to_owned()));
    }
    record.status = Some(parts.status.as_u16());
    let remembered = is_json(&parts.headers) && body.len() <= ANSWER_LIMIT;
    record.answer = if remembered { readable(&parts.headers, &body) } else { Value::Null };
    world.lock().remember(record);
    Response::from_parts(parts, Body::from(body))
}

/// Counts a request to a vendor's API, and refuses it if that is too many.
fn within_quota(world: &World, record: &RequestRecord) -> Result<(), Answer> {
    let account = record.account.as_deref();
    match record.provider {
        Service::Google if record.path.starts_with("/calendar/v3") => crate::google::within_quota(world, account),
        // A batch counts by what is in it.
        Service::Microsoft if record.path.starts_with("/v1.0") && !record.path.ends_with("/$batch") => {
            crate::microsoft::within_quota(world, account)
        }
        _ => Ok(()),
    }
}

/// Lets the faults happen around the request.
async fn meet(world: &World, service: Service, faults: &[Kind], request: Request, next: Next) -> Response {
    let waits = faults.iter().filter_map(|kind| if let Kind::Latency { ms } = kind { Some(*ms) } else { None });
    let wait: u64 = waits.sum();
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    match faults.iter().find(|kind| !matches!(kind, Kind::Latency { .. })) {
        Some(Kind::Status { status, retry_after }) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut answer = match service {
                Service::Google => crate::google::status_answer(status).into_response(),
                Service::Microsoft => crate::microsoft::status_answer(status).into_response(),
                Service::Apple => crate::apple::status_answer(status).into_response(),
                Service::Icims => crate::icims::status_answer(status).into_response(),
            };
            if let Some(seconds) = retry_after {
                answer.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
            }
            answer
        }
        Some(Kind::Error { reason }) => {
            let answer = match service {
                Service::Google => crate::google::catalogue(reason).map(IntoResponse::into_response),
                Service::Microsoft => crate::microsoft::catalogue(reason).map(IntoResponse::into_response),
                Service::Apple => crate::apple::catalogue(reason).map(IntoResponse::into_response),
                Service::Icims => crate::icims::catalogue(reason).map(IntoResponse::into_response),
            };
            match answer {
                Some(answer) => answer,
                // The control API refuses unknown names, so this is a fault made in code.
                None => (StatusCode::INTERNAL_SERVER_ERROR, format!("no such error: {reason}")).into_response(),
            }
        }
        Some(Kind::DropAfterWrite) => {
            drop(next.run(request).await);
            hang_up()
        }
        Some(Kind::DropBeforeWrite) => hang_up(),
        Some(Kind::HangAfterWrite { ms }) => {
            drop(next.run(request).await);
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            hang_up()
        }
        Some(Kind::HangBeforeWrite { ms }) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            hang_up()
        }
        Some(Kind::LateWrite { ms }) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            drop(next.run(request).await);
            hang_up()
        }
        Some(Kind::HtmlPage) => sign_in_page(),
        Some(Kind::Redirect { location }) => {
            // Somebody else's port, whose requests are written down too.
            let elsewhere = || format!("{}/elsewhere", world.google_url());
            let location = location.clone().unwrap_or_else(elsewhere);
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        Some(Kind::Oversize { bytes }) => {
            // A multistatus that has not come to its first answer yet.
            let opening = "<?xml version=\"1.0\"?><multistatus xmlns=\"DAV:\">";
            let body = format!("{opening}{}</multistatus>", " ".repeat(*bytes as usize));
            (StatusCode::MULTI_STATUS, [(header::CONTENT_TYPE, "text/xml; charset=UTF-8")], body).into_response()
        }
        // The others meet no request as a whole.
        _ => next.run(request).await,
    }
}

/// Quirks that took part in an answer, for the registry; put into its extensions.
#[derive(Clone, Debug, Default)]
pub struct Quirks(pub Vec<&'static str>);

fn sign_in_page() -> Response {
    let page = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body><form method=\"post\">\
                <input name=\"user\"><input name=\"password\" type=\"password\"><button>Sign in</button></form></body></html>";
    axum::response::Html(page).into_response()
}

fn hang_up() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(HangUp);
    response
}

fn plain_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| *name != header::AUTHORIZATION && *name != header::COOKIE)
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).contains("json")
}

fn readable(headers: &HeaderMap, body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if content_type(headers).starts_with("application/x-www-form-urlencoded") {
        let fields = url::form_urlencoded::parse(body)
            .map(|(name, value)| {
                let value = if is_secret(&name) { hidden() } else { value.into_owned() };
                (name.into_owned(), Value::String(value))
            })
            .collect();
        return Value::Object(fields);
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            if let Some(fields) = value.as_object_mut() {
                for (_, value) in fields.iter_mut().filter(|(name, value)| is_secret(name) && value.is_string()) {
                    *value = Value::String(hidden());
                }
            }
            value
        }
        Err(_) => Value::String(String::from_utf8_lossy(body).into_owned()),
    }
}

fn is_secret(name: &str) -> bool {
    SECRET.contains(&name)
}

fn hidden() -> String {
    "…".to_owned()
}
