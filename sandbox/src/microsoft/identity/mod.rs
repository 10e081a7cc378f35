//! The identity platform v2.0: what hangs below `/{tenant}` on its own host.
//!
//! Discovery, keys, user info and the sign-out page are here; `authorize` and `token` are the flow itself, `admin` and
//! `application` are access without a person.

mod admin;
mod application;
mod authorize;
mod scopes;
mod token;

pub use token::{for_control, id_subject};

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::html;
use serde_json::{Value, json};

use super::ask::{origin, signed_in};
use super::errors::GraphError;
use crate::html::{page, problem};
use crate::oauth::consent;
use crate::world::people::{PERSONAL_TENANT, TENANT, TENANT_DOMAIN};
use crate::world::{Account, AccountKind, World};

/// What Graph's permissions start with when written in full.
pub const GRAPH: &str = "https://graph.microsoft.com/";

/// The flow, below every tenant, and the consent pages.
pub fn router(world: World) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::get).post(authorize::post))
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/{tenant}/oauth2/v2.0/logout", get(logout))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/v2.0/adminconsent", get(admin::get))
        .route(admin::ACTION, post(admin::post))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery))
        .route("/oidc/userinfo", get(user_info).post(user_info))
        .with_state(world.clone())
        .merge(consent::router(world, &authorize::SCREEN))
}

/// Whether accounts may sign in below this path segment at all.
fn tenant_exists(tenant: &str) -> bool {
    matches!(tenant, "common" | "organizations" | "consumers") || tenant_id(tenant).is_some()
}

/// The tenant a path segment names by its id or by one of its domains.
pub fn tenant_id(segment: &str) -> Option<&'static str> {
    match segment.to_ascii_lowercase().as_str() {
        TENANT | TENANT_DOMAIN => Some(TENANT),
        PERSONAL_TENANT => Some(PERSONAL_TENANT),
        _ => None,
    }
}

/// What stands for the tenant in an issuer: its id, or a template with the braces in it where any organisation may sign in.
fn issuing(segment: &str) -> &str {
    match segment {
        "common" | "organizations" => "{tenantid}",
        "consumers" => PERSONAL_TENANT,
        named => tenant_id(named).unwrap_or(named),
    }
}

/// Whether this account may sign in below this path segment.
fn tenant_admits(tenant: &str, account: &Account) -> bool {
    match tenant {
        "common" => true,
        "organizations" => account.kind == AccountKind::Work,
        "consumers" => account.kind == AccountKind::Personal,
        named => tenant_id(named).is_some_and(|id| account.tenant.as_deref() == Some(id)),
    }
}

fn unknown_tenant(tenant: &str) -> String {
    format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.")
}

async fn discovery(Shared(world): Shared<World>, Path(tenant): Path<String>, headers: HeaderMap) -> Response {
    if !tenant_exists(&tenant) {
        let body =
            super::errors::oauth_body("invalid_tenant", 90002, None, &unknown_tenant(&tenant), world.lock().now());
        return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
    }
    let origin = origin(&world, &headers);
    let base = format!("{origin}/{tenant}");
    let issuer = issuing(&tenant);
    axum::Json(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{origin}/{issuer}/v2.0"),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{origin}/oidc/userinfo"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "email",
        ],
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }))
    .into_response()
}

async fn keys(Shared(world): Shared<World>, Path(tenant): Path<String>, headers: HeaderMap) -> Response {
    let issuer = issuing(&tenant);
    let extra = json!({
        "x5t": world.keys().kid(),
        "x5c": [world.keys().signing_certificate_x5c()],
        "issuer": format!("{}/{issuer}/v2.0", origin(&world, &headers)),
    });
    let mut keys = world.keys().jwks(&extra);
    // Microsoft's keys name no algorithm.
    for key in keys["keys"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        key.remove("alg");
    }
    axum::Json(keys).into_response()
}

async fn user_info(Shared(world): Shared<World>, headers: HeaderMap) -> Result<Response, GraphError> {
    let (account, scopes) = signed_in(&world, &headers)?;
    let has = |scope: &str| scopes.iter().any(|granted| granted == scope);
    if !has("openid") {
        return Err(GraphError::denied());
    }
    let mut info = json!({ "sub": id_subject(&account) });
    if has("profile") {
        info["name"] = json!(account.name);
        info["given_name"] = json!(account.given_name);
        info["family_name"] = json!(account.family_name);
    }
    if has("email") {
        info["email"] = json!(account.email);
    }
    info["picture"] = json!(format!("{GRAPH}v1.0/me/photo/$value"));
    Ok(axum::Json(info).into_response())
}

async fn logout(axum::extract::RawQuery(query): axum::extract::RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let back = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "post_logout_redirect_uri")
        .map(|(_, uri)| uri.into_owned())
        .filter(|uri| crate::oauth::redirect_is_registered(uri));
    match back {
        Some(uri) => (StatusCode::FOUND, [("location", uri)]).into_response(),
        None => page(
            "Signed out",
            true,
            html! { div class="card" { h1 { "You signed out of your account" } p { "It is a good idea to close all browser windows." } } },
        ),
    }
}

/// The page the identity platform shows where it cannot or must not go back to the client.
fn error_page(status: StatusCode, code: u32, text: &str) -> Response {
    problem(status, "Sorry, but we’re having trouble signing you in.", &format!("AADSTS{code}: {text}"))
}
