//! `$batch`: up to twenty requests in one, each through the same router with its own headers.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use super::ask::{Prefer, application_token, signed_in};
use super::errors::GraphError;
use super::schema::json_body;
use crate::faults::Kind;
use crate::oauth::bearer;
use crate::world::{Service, World};

/// Most requests in one batch.
const MOST: usize = 20;

/// POST /$batch. `graph` answers the inner requests; `outer` are the headers they inherit the token and host from.
pub async fn batch(world: World, outer: HeaderMap, graph: Router, body: Bytes) -> Result<Response, GraphError> {
    // Each inner request says whose mailbox it is about; here it only counts that somebody is asking.
    if application_token(&world, &outer).is_none() {
        signed_in(&world, &outer)?;
    }
    let prefer = Prefer::read(&outer)?;
    let body = json_body(&body)?;
    let requests = body["requests"].as_array().filter(|requests| !requests.is_empty());
    let requests = requests.ok_or_else(|| invalid("The batch request has no requests."))?;
    if requests.len() > MOST {
        return Err(GraphError::new(
            StatusCode::BAD_REQUEST,
            "MaxBatchRequestsExceeded",
            format!("Number of batch request steps exceeds the maximum value of {MOST}."),
        ));
    }
    let mut statuses: BTreeMap<String, StatusCode> = BTreeMap::new();
    for request in requests {
        check(request)?;
        let id = request["id"].as_str().unwrap_or_default();
        if statuses.insert(id.to_owned(), StatusCode::CONTINUE).is_some() {
            return Err(invalid(&format!("The request id '{id}' is used twice.")));
        }
    }
    let mut responses = Vec::new();
    for request in requests {
        let id = request["id"].as_str().unwrap_or_default();
        let needs: Vec<_> = request["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(unknown) = needs.iter().find(|need| !statuses.contains_key(**need)) {
            return Err(invalid(&format!("The request '{id}' depends on '{unknown}', which is not in the batch.")));
        }
        let failed = needs.iter().any(|need| !statuses[*need].is_success());
        let response = if failed {
            GraphError::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", "Failed Dependency")
                .answer()
                .into_response()
        } else {
            run(&world, &outer, &graph, request).await
        };
        statuses.insert(id.to_owned(), response.status());
        responses.push(written(id, response).await);
    }
    // The order of the answers is not that of the requests; a client that relies on it fails here.
    responses.reverse();
    Ok(prefer.json(StatusCode::OK, &json!({ "responses": responses })))
}

fn invalid(message: &str) -> GraphError {
    GraphError::bad("BadRequest", message)
}

/// Refuses what Graph refuses for the batch as a whole.
fn check(request: &Value) -> Result<(), GraphError> {
    let text = |name: &str| request[name].as_str().filter(|text| !text.is_empty());
    let (Some(id), Some(method), Some(url)) = (text("id"), text("method"), text("url")) else {
        return Err(invalid("Every request of a batch needs an id, a method and a url."));
    };
    if url.contains("://") || url.contains("$batch") {
        return Err(invalid(&format!("The url of request '{id}' must be relative and must not be a batch.")));
    }
    if !matches!(method.to_ascii_uppercase().as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(invalid(&format!("The method of request '{id}' is not supported.")));
    }
    let has_type =
        request["headers"].as_object().into_iter().flatten().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if request.get("body").is_some_and(|body| !body.is_null()) && !has_type {
        return Err(invalid(&format!("Write request '{id}' does not contain a Content-Type header or body.")));
    }
    Ok(())
}

async fn run(world: &World, outer: &HeaderMap, graph: &Router, request: &Value) -> Response {
    let method = request["method"].as_str().unwrap_or_default().to_ascii_uppercase();
    let url = request["url"].as_str().unwrap_or_default();
    let path = format!("/v1.0/{}", url.trim_start_matches('/').trim_start_matches("v1.0/"));
    if let Some(fault) = fault(world, &method, &path, bearer(outer).unwrap_or_default()) {
        return fault;
    }
    let whose =
        super::whose(&world.lock(), bearer(outer).unwrap_or_default(), path.split('?').next().unwrap_or_default());
    if let Err(refused) = super::within_quota(world, whose.as_deref()) {
        return refused.into_response();
    }
    let body = match &request["body"] {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    };
    let mut inner = Request::new(body);
    *inner.method_mut() = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
    match path.parse() {
        Ok(uri) => *inner.uri_mut() = uri,
        Err(_) => return GraphError::bad("BadRequest", "The url is not valid.").answer().into_response(),
    }
    for name in [header::AUTHORIZATION, header::HOST] {
        if let Some(value) = outer.get(&name) {
            inner.headers_mut().insert(name, value.clone());
        }
    }
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            inner.headers_mut().append(name, value);
        }
    }
    graph.clone().oneshot(inner).await.into_response()
}

/// Fault switches meet inner requests too, so that a batch can come back mixed.
fn fault(world: &World, method: &str, path: &str, token: &str) -> Option<Response> {
    let path = path.split('?').next().unwrap_or_default();
    let taken = {
        let mut state = world.lock();
        let account = super::whose(&state, token, path);
        state.take_faults(Service::Microsoft, method, path, account.as_deref())
    };
    taken.iter().find_map(|kind| match kind {
        Kind::Status { status, retry_after } => {
            let mut answer = super::status_answer(StatusCode::from_u16(*status).ok()?);
            answer.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
            Some(answer.into_response())
        }
        Kind::Error { reason } => Some(super::catalogue(reason)?.into_response()),
        _ => None,
    })
}

async fn written(id: &str, response: Response) -> Value {
    let (parts, body) = response.into_parts();
    let mut headers = Map::new();
    for (name, value) in &parts.headers {
        let shown =
            [header::CONTENT_TYPE, header::RETRY_AFTER, header::ETAG].contains(name) || name == "preference-applied";
        if let (true, Ok(value)) = (shown, value.to_str()) {
            headers.insert(title(name.as_str()), json!(value));
        }
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut entry = json!({ "id": id, "status": parts.status.as_u16(), "headers": headers });
    if !body.is_empty() {
        entry["body"] = serde_json::from_slice(&body)
            .unwrap_or_else(|_| json!(base64::engine::general_purpose::STANDARD.encode(&body)));
    }
    entry
}

/// `Retry-After` for `retry-after`: names inside a batch keep their usual spelling.
fn title(name: &str) -> String {
    let word = |word: &str| {
        let mut characters = word.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
