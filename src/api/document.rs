//! `/api/v1/openapi.json`: what the API is, made of the types it reads and writes (OpenAPI 3.1). Anyone may read it.
//!
//! Handlers describe themselves; what holds for all of them (the key, who may be refused and how, `Idempotency-Key`) is added here, once.

use std::{borrow::Cow, sync::LazyLock};

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{
    Modify, OpenApi, PartialSchema, ToSchema,
    openapi::{
        self, ContentBuilder, HttpMethod, Ref, RefOr, Required,
        header::HeaderBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        response::ResponseBuilder,
        schema::{ObjectBuilder, Schema, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    availability, bookings,
    caller::{self, Needs},
    connections, interviewers, requests, webhooks,
};
use crate::{api_keys::Scope, web::routes::Routes};

pub fn routes() -> Routes {
    Routes::default().get("/api/v1/openapi.json", serve)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Convene",
        description = "Interviews are asked for, booked, moved and cancelled, and calendars connected, by programs of an organisation. \
                       `docs/api.md` tells how to begin.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "availability", description = "Open times, computed from what the query says."),
        (name = "requests", description = "A candidate is to meet a panel."),
        (name = "bookings", description = "Interviews."),
        (name = "interviewers", description = "People of the organisation, and asking them to connect."),
        (name = "connections", description = "The calendars of the person the key acts for."),
        (name = "webhooks", description = "Other systems are told what happened."),
    ),
    paths(
        describe,
        availability::answer,
        requests::list_all, requests::create_one, requests::get_one, requests::get_link, requests::slots,
        requests::send, requests::book_one, requests::cancel,
        bookings::list_all, bookings::get_one, bookings::reschedule, bookings::cancel,
        interviewers::list_all, interviewers::invite,
        connections::list_all, connections::get_one, connections::connect, connections::choose, connections::sync,
        connections::disconnect, connections::get_preferences, connections::set_preferences,
        webhooks::list_all, webhooks::add, webhooks::get_one, webhooks::remove, webhooks::switch, webhooks::list_deliveries,
        webhooks::replay,
    ),
    components(schemas(Problem)),
    modifiers(&Conventions),
)]
struct Api;

/// Problem details (RFC 9457), with a stable code.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    status: u16,
    /// Stable; programs go by it.
    code: String,
    /// What happened, in a sentence.
    title: String,
    /// What to do about it.
    #[schema(nullable = false)]
    detail: Option<String>,
    /// What it is about: the path into the JSON that was sent, as in `windows[0].start`, or a parameter.
    #[schema(nullable = false)]
    field: Option<String>,
    /// Ties it to the server's log.
    #[schema(nullable = false)]
    request_id: Option<String>,
}

/// The document itself
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "document",
    responses((status = 200, description = "OpenAPI 3.1.", body = Document)),
)]
#[expect(dead_code, reason = "described; `serve` answers")]
fn describe() {}

/// An OpenAPI 3.1 document.
pub struct Document;

impl PartialSchema for Document {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

impl ToSchema for Document {
    fn name() -> Cow<'static, str> {
        "Document".into()
    }
}

/// The document, as text.
pub fn document() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| Api::openapi().to_json().expect("a document of plain values serialises"));
    &TEXT
}

async fn serve() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, document()).into_response()
}

/// What a caller needs for each operation; `None` for the document, which anyone may read.
fn scope(path: &str, method: &HttpMethod) -> Option<Scope> {
    let reads = *method == HttpMethod::Get;
    let of = |read: Scope, write: Scope| Some(if reads { read } else { write });
    match path.trim_start_matches("/api/v1/").split('/').next() {
        Some("availability") => Some(caller::AvailabilityRead::SCOPE),
        // The link is as good as the candidate's word.
        Some("requests") if path.ends_with("/link") => Some(Scope::RequestsWrite),
        Some("requests") if path.ends_with("/book") => Some(Scope::BookingsWrite),
        Some("requests") => of(Scope::RequestsRead, Scope::RequestsWrite),
        Some("bookings") => of(Scope::BookingsRead, Scope::BookingsWrite),
        Some("interviewers") => of(Scope::InterviewersRead, Scope::InterviewersWrite),
        Some("connections" | "preferences") => of(Scope::ConnectionsRead, Scope::ConnectionsWrite),
        Some("webhooks") => of(Scope::WebhooksRead, Scope::WebhooksWrite),
        _ => None,
    }
}

/// What holds for every operation.
struct Conventions;

impl Modify for Conventions {
    fn modify(&self, api: &mut openapi::OpenApi) {
        api.info.version = env!("CARGO_PKG_VERSION").to_owned();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("cnv_…")
            .description(Some("An API key. An administrator makes them on the page Administration, API."))
            .build();
        if let Some(components) = &mut api.components {
            components.add_security_scheme("key", SecurityScheme::Http(key));
        }
        for (path, item) in &mut api.paths.paths {
            let operations = [
                (HttpMethod::Get, &mut item.get),
                (HttpMethod::Post, &mut item.post),
                (HttpMethod::Put, &mut item.put),
                (HttpMethod::Delete, &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    describe_operation(path, &method, operation);
                }
            }
        }
    }
}

fn describe_operation(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let name = format!("{} {path}", word(method));
    operation.operation_id = Some(name.replace(['/', ' ', '{', '}', '.'], "_").replace("__", "_").to_lowercase());
    let Some(scope) = scope(path, method) else {
        operation.security = Some(Vec::new());
        return;
    };
    operation.security = Some(vec![SecurityRequirement::new("key", [scope.as_str()])]);
    let changes = *method != HttpMethod::Get && !path.ends_with("/availability") && !path.ends_with("/connect");
    let mut refusals: Vec<(&str, &str)> = vec![
        ("400", "The request could not be read, or its `Idempotency-Key` is missing."),
        ("401", "No key, or none that works."),
        ("403", "The key may not be used for this, or the person it acts for may not do it."),
        ("422", "Something that was sent is not what belongs there."),
        ("429", "Asked too often; `Retry-After` says when again."),
        ("500", "Something failed on our side."),
        ("503", "Busy, or it took too long. Nothing was changed."),
    ];
    if *method != HttpMethod::Get {
        refusals.push(("408", "The body took too long to arrive."));
        refusals.push(("413", "The body is too large."));
        refusals.push(("415", "The body is not JSON."));
    }
    if path.contains('{') || changes {
        refusals.push(("404", "Nothing of this organisation is there."));
    }
    if changes || path.ends_with("/link") || path.ends_with("/connect") {
        refusals.push(("409", "It stands otherwise than the call takes for granted."));
    }
    if path.ends_with("/book") || path.ends_with("/move") {
        refusals.push(("410", "The request was cancelled."));
    }
    if path.ends_with("/calendars") {
        refusals.push(("502", "The provider did not do it. Nothing was changed."));
    }
    for (status, description) in refusals {
        operation.responses.responses.insert(status.to_owned(), RefOr::T(refusal(status, description)));
    }
    if changes {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$"));
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(
                "Fresh for every call, and the same again when the call is repeated: it is then answered as the first time.",
            ))
            .schema(Some(schema));
        operation.parameters.get_or_insert_default().push(header.build());
    }
}

fn word(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Put => "put",
        HttpMethod::Delete => "delete",
        _ => "post",
    }
}

fn refusal(status: &str, description: &str) -> openapi::Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description).content("application/problem+json", problem);
    let text = |description: &str, schema: Type| {
        HeaderBuilder::new().description(Some(description)).schema(ObjectBuilder::new().schema_type(schema)).build()
    };
    match status {
        "401" => response.header("WWW-Authenticate", text("RFC 6750.", Type::String)),
        "429" | "503" => response.header("Retry-After", text("Seconds.", Type::Integer)),
        _ => response,
    }
    .build()
}
