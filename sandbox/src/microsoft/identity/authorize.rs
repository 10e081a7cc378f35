//! `/authorize`: from the client's request to the consent pages.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;

use super::{error_page, scopes, tenant_admits, tenant_exists, unknown_tenant};
use crate::microsoft::errors::guid;
use crate::oauth::consent::{Screen, begin, go_back};
use crate::oauth::grants::{Authorization, Code, ResponseMode};
use crate::oauth::{CLIENT_ID, redirect_is_registered};
use crate::world::{Account, Provider, World};

/// How Microsoft's consent pages differ.
pub static SCREEN: Screen = Screen {
    provider: Provider::Microsoft,
    title: "Sign in with Microsoft",
    action: "/common/Consent/Set",
    code_prefix: "0.AX",
    scope_line: scopes::line,
    admits,
    callback_extras,
    denied,
};

fn admits(authorization: &Authorization, account: &Account) -> bool {
    authorization.tenant.as_deref().is_some_and(|tenant| tenant_admits(tenant, account))
}

fn callback_extras(_: &Code) -> Vec<(String, String)> {
    vec![("session_state".to_owned(), guid())]
}

fn denied() -> Vec<(String, String)> {
    vec![
        ("error".to_owned(), "access_denied".to_owned()),
        ("error_subcode".to_owned(), "cancel".to_owned()),
        ("error_description".to_owned(), "AADSTS65004: User declined to consent to access the app.".to_owned()),
    ]
}

/// GET with the request in the query.
pub async fn get(Shared(world): Shared<World>, Path(tenant): Path<String>, RawQuery(query): RawQuery) -> Response {
    authorize(&world, &tenant, query.unwrap_or_default().as_bytes())
}

/// POST with the request as a form.
pub async fn post(Shared(world): Shared<World>, Path(tenant): Path<String>, body: Bytes) -> Response {
    authorize(&world, &tenant, &body)
}

fn authorize(world: &World, tenant: &str, parameters: &[u8]) -> Response {
    let given: BTreeMap<String, String> = url::form_urlencoded::parse(parameters).into_owned().collect();
    let field = |name: &str| given.get(name).filter(|value| !value.is_empty()).cloned();
    let refuse = |code, text: &str| error_page(StatusCode::BAD_REQUEST, code, text);
    if !tenant_exists(tenant) {
        return refuse(90002, &unknown_tenant(tenant));
    }
    // Until client and address are known to fit, nothing goes back to the client.
    let Some(client_id) = field("client_id") else {
        return refuse(900144, "The request body must contain the following parameter: 'client_id'.");
    };
    if client_id != CLIENT_ID {
        return refuse(700016, &format!("Application with identifier '{client_id}' was not found in the directory."));
    }
    let Some(redirect_uri) = field("redirect_uri") else {
        return refuse(900971, "No reply address provided.");
    };
    if !redirect_is_registered(&redirect_uri) {
        let text = format!(
            "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for \
             the application '{client_id}'."
        );
        return refuse(50011, &text);
    }
    let response_mode = match given.get("response_mode").map(String::as_str) {
        None | Some("query") => ResponseMode::Query,
        Some("fragment") => ResponseMode::Fragment,
        Some("form_post") => ResponseMode::FormPost,
        Some(_) => return refuse(90023, "Unsupported 'response_mode' value."),
    };
    let read = scopes::read(&field("scope").unwrap_or_default());
    let now = world.lock().now();
    let prompt = given.get("prompt").map(String::as_str);
    let authorization = Authorization {
        provider: Provider::Microsoft,
        client_id,
        redirect_uri,
        scopes: read.clone().unwrap_or_default(),
        state: field("state"),
        nonce: field("nonce"),
        code_challenge: field("code_challenge"),
        login_hint: field("login_hint"),
        force_consent: prompt == Some("consent"),
        select_account: matches!(prompt, Some("select_account" | "login")),
        offline: read.as_ref().is_ok_and(|scopes| scopes.iter().any(|scope| scope == "offline_access")),
        include_granted: false,
        response_mode,
        tenant: Some(tenant.to_owned()),
        created: now,
    };
    match refusal(&given, &read) {
        Some((error, description)) => {
            let mut answer =
                vec![("error".to_owned(), error.to_owned()), ("error_description".to_owned(), description)];
            answer.extend(authorization.state.clone().map(|state| ("state".to_owned(), state)));
            go_back(&authorization, &answer)
        }
        None => begin(world, &SCREEN, authorization),
    }
}

/// What is wrong with a request whose client is known, if anything is.
fn refusal(given: &BTreeMap<String, String>, scopes: &Result<Vec<String>, String>) -> Option<(&'static str, String)> {
    let field = |name: &str| given.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let missing = |name: &str| {
        let text = format!("AADSTS900144: The request body must contain the following parameter: '{name}'.");
        Some(("invalid_request", text))
    };
    match field("response_type") {
        None => return missing("response_type"),
        Some("code") => {}
        Some(other) => {
            let text = format!("AADSTS70005: The response_type '{other}' is not supported for the client.");
            return Some(("unsupported_response_type", text));
        }
    }
    match scopes {
        Ok(scopes) if scopes.is_empty() => return missing("scope"),
        Ok(_) => {}
        Err(scope) => {
            let text =
                format!("AADSTS70011: The provided value for the input parameter 'scope' is not valid: '{scope}'.");
            return Some(("invalid_scope", text));
        }
    }
    let plain = field("code_challenge").is_some() && field("code_challenge_method") != Some("S256");
    if plain || (field("code_challenge").is_none() && field("code_challenge_method").is_some()) {
        let text = "AADSTS501491: Invalid Code_challenge or code_challenge_method; the sandbox takes S256.";
        return Some(("invalid_request", text.to_owned()));
    }
    match field("prompt") {
        Some("none") => {
            let text = "AADSTS50058: A silent sign-in request was sent but no user is signed in.";
            Some(("login_required", text.to_owned()))
        }
        None | Some("login" | "consent" | "select_account") => None,
        Some(_) => Some(("invalid_request", "AADSTS90023: Unsupported 'prompt' value.".to_owned())),
    }
}
