//! The consent pages and the way back to the client.
//!
//! Two steps, both plain forms: whose account, then which scopes. A provider describes itself in a `Screen` and calls
//! `begin` from its authorize endpoint; `router` serves the rest.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use maud::html;
use url::Url;

use super::grants::{Authorization, Code, ResponseMode};
use crate::html::{page, problem};
use crate::world::{Account, Provider, World};

/// How one scope is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLine {
    /// What it allows, for a person.
    pub label: String,
    /// Granted without a box, as sign-in scopes are.
    pub always: bool,
}

/// What differs between the providers' pages.
#[derive(Clone, Copy)]
pub struct Screen {
    pub provider: Provider,
    /// "Sign in with …".
    pub title: &'static str,
    /// Path the forms post to, on the provider's own port.
    pub action: &'static str,
    /// What codes start with.
    pub code_prefix: &'static str,
    /// How a scope is shown.
    pub scope_line: fn(&str) -> ScopeLine,
    /// Whether this account may sign in by this request.
    pub admits: fn(&Authorization, &Account) -> bool,
    /// What the callback carries beside `code` and `state`.
    pub callback_extras: fn(&Code) -> Vec<(String, String)>,
    /// What the callback carries when the person denies, beside `state`.
    pub denied: fn() -> Vec<(String, String)>,
}

/// Shows the first page, or the second if a hint names an account.
pub fn begin(world: &World, screen: &Screen, authorization: Authorization) -> Response {
    let hinted = {
        let state = world.lock();
        let hint = authorization.login_hint.as_deref().filter(|_| !authorization.select_account);
        let hinted = hint.and_then(|hint| {
            state.accounts.iter().find(|a| a.email.eq_ignore_ascii_case(hint) || a.subject == hint).cloned()
        });
        hinted.filter(|account| account.provider == screen.provider && (screen.admits)(&authorization, account))
    };
    let key = world.lock().grants.ask(authorization.clone());
    match hinted {
        Some(account) => after_account(world, screen, &key, &authorization, &account),
        None => accounts_page(world, screen, &key, &authorization),
    }
}

/// Serves the forms of one provider.
pub fn router(world: World, screen: &'static Screen) -> Router {
    Router::new()
        .route(
            screen.action,
            post(move |Shared(world): Shared<World>, body: Bytes| async move { submitted(&world, screen, &body) }),
        )
        .with_state(world)
}

fn submitted(world: &World, screen: &Screen, body: &[u8]) -> Response {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let key = field("request").unwrap_or_default();
    let found = {
        let state = world.lock();
        let pending = state.grants.pending(key, state.now()).cloned();
        let account = field("account").and_then(|email| state.account_of(screen.provider, email)).cloned();
        pending.map(|pending| (pending, account))
    };
    let Some((authorization, account)) = found else {
        return problem(
            StatusCode::BAD_REQUEST,
            "This sign-in is over",
            "It was already answered, or it waited for more than an hour. Go back to the application and start again.",
        );
    };
    let Some(account) = account.filter(|account| (screen.admits)(&authorization, account)) else {
        return accounts_page(world, screen, key, &authorization);
    };
    match field("decision") {
        None => after_account(world, screen, key, &authorization, &account),
        Some("allow") => {
            let ticked: Vec<&str> = fields.iter().filter(|(n, _)| n == "scope").map(|(_, v)| v.as_str()).collect();
            let granted = authorization
                .scopes
                .iter()
                .filter(|scope| (screen.scope_line)(scope).always || ticked.contains(&scope.as_str()))
                .cloned()
                .collect();
            grant(world, screen, key, &account, granted, true)
        }
        Some(_) => {
            let taken = {
                let mut state = world.lock();
                let now = state.now();
                state.grants.take_pending(key, now)
            };
            drop(taken);
            let mut answer = (screen.denied)();
            answer.extend(authorization.state.clone().map(|state| ("state".to_owned(), state)));
            go_back(&authorization, &answer)
        }
    }
}

/// Goes on to the scopes, or straight back if all of them were granted before.
fn after_account(
    world: &World,
    screen: &Screen,
    key: &str,
    authorization: &Authorization,
    account: &Account,
) -> Response {
    let consented = world.lock().grants.consented(screen.provider, &account.email);
    let all_granted = authorization.scopes.iter().all(|scope| consented.contains(scope));
    if all_granted && !authorization.force_consent {
        return grant(world, screen, key, account, authorization.scopes.clone(), false);
    }
    scopes_page(screen, key, authorization, account)
}

fn grant(
    world: &World,
    screen: &Screen,
    key: &str,
    account: &Account,
    mut scopes: Vec<String>,
    consent_shown: bool,
) -> Response {
    let mut state = world.lock();
    let now = state.now();
    let Some(authorization) = state.grants.take_pending(key, now) else {
        return problem(StatusCode::BAD_REQUEST, "This sign-in is over", "It was answered in another window.");
    };
    if authorization.include_granted {
        let before = state.grants.consented(screen.provider, &account.email);
        scopes.extend(before.into_iter().filter(|scope| !authorization.scopes.contains(scope)));
    }
    let account = account.email.clone();
    let code = Code { authorization, account, scopes, consent_shown, created: now, used: false };
    let text = state.grants.issue_code(screen.code_prefix, code.clone());
    drop(state);
    let mut answer = Vec::new();
    answer.extend(code.authorization.state.clone().map(|state| ("state".to_owned(), state)));
    answer.push(("code".to_owned(), text));
    answer.extend((screen.callback_extras)(&code));
    go_back(&code.authorization, &answer)
}

/// Sends the browser back to the client with these parameters, in the way the client asked for.
pub fn go_back(authorization: &Authorization, parameters: &[(String, String)]) -> Response {
    // The address was checked when the request came in.
    let Ok(mut url) = Url::parse(&authorization.redirect_uri) else {
        return problem(StatusCode::BAD_REQUEST, "No way back", "The redirect address is not a URL.");
    };
    match authorization.response_mode {
        ResponseMode::Query => {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        ResponseMode::Fragment => {
            let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
            url.set_fragment(Some(&text));
        }
        ResponseMode::FormPost => {
            let body = html! {
                form class="card" method="post" action=(url) {
                    h1 { "Signed in" }
                    @for (name, value) in parameters { input type="hidden" name=(name) value=(value); }
                    button class="main" { "Continue" }
                }
                script { "document.forms[0].submit()" }
            };
            return page("Signed in", true, body);
        }
    }
    (StatusCode::FOUND, [(header::LOCATION, url.to_string())]).into_response()
}

fn accounts_page(world: &World, screen: &Screen, key: &str, authorization: &Authorization) -> Response {
    let state = world.lock();
    let accounts = state.accounts.iter().filter(|account| account.provider == screen.provider);
    let body = html! {
        form class="card" method="post" action=(screen.action) {
            h1 { (screen.title) }
            p class="soft" { "This is the sandbox: choose who you are. No password is asked." }
            input type="hidden" name="request" value=(key);
            ul class="accounts" {
                @for account in accounts.filter(|account| (screen.admits)(authorization, account)) {
                    li {
                        // The address alone is the accessible name, whatever stands below it.
                        button name="account" value=(account.email) aria-label=(account.email) {
                            (account.email)
                            small { (account.name) " · " (account.job_title) " · " (account.zone.name()) }
                        }
                    }
                }
            }
        }
    };
    page(screen.title, true, body)
}

fn scopes_page(screen: &Screen, key: &str, authorization: &Authorization, account: &Account) -> Response {
    let client =
        Url::parse(&authorization.redirect_uri).ok().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let body = html! {
        form class="card" method="post" action=(screen.action) {
            h1 { "Convene wants access to your account" }
            p { (account.email) }
            p class="soft" { "Untick what it may not have. You return to " (client) "." }
            input type="hidden" name="request" value=(key);
            input type="hidden" name="account" value=(account.email);
            fieldset {
                legend class="soft" { "It may" }
                @for scope in &authorization.scopes {
                    @let line = (screen.scope_line)(scope);
                    @if line.always {
                        div class="scope" { span { (line.label) small { (scope) } } }
                    } @else {
                        label class="scope" {
                            input type="checkbox" name="scope" value=(scope) checked;
                            span { (line.label) small { (scope) } }
                        }
                    }
                }
            }
            div class="actions" {
                button name="decision" value="deny" { "Deny" }
                button class="main" name="decision" value="allow" { "Allow" }
            }
        }
    };
    page("Convene wants access", true, body)
}
