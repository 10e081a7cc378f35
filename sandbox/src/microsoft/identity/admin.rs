//! `/adminconsent`: an administrator allows the application for a whole tenant.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::{application, error_page, scopes, tenant_admits, tenant_id, unknown_tenant};
use crate::html::{page, problem};
use crate::microsoft::application::PERMISSIONS;
use crate::oauth::consent::go_back;
use crate::oauth::grants::{Authorization, ResponseMode};
use crate::oauth::{CLIENT_ID, redirect_is_registered};
use crate::world::people::PERSONAL_TENANT;
use crate::world::{Account, AccountKind, Provider, State, World};

/// Where both forms post to.
pub const ACTION: &str = "/common/AdminConsent/Set";
const TITLE: &str = "Sign in with Microsoft";

/// GET /{tenant}/v2.0/adminconsent
pub async fn get(Shared(world): Shared<World>, Path(tenant): Path<String>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let given: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    match read(&world, &tenant, &given) {
        Ok(authorization) => {
            let key = world.lock().grants.ask(authorization.clone());
            accounts_page(&world.lock(), &key, &authorization)
        }
        Err((code, text)) => error_page(StatusCode::BAD_REQUEST, code, &text),
    }
}

/// Personal accounts have no administrator, so only a tenant or `organizations` will do.
fn read(world: &World, tenant: &str, given: &BTreeMap<String, String>) -> Result<Authorization, (u32, String)> {
    let need = |name: &str| {
        let missing = || (900_144, format!("The request body must contain the following parameter: '{name}'."));
        given.get(name).filter(|value| !value.is_empty()).cloned().ok_or_else(missing)
    };
    if tenant != "organizations" && tenant_id(tenant).is_none_or(|id| id == PERSONAL_TENANT) {
        return Err((90_002, unknown_tenant(tenant)));
    }
    let client_id = need("client_id")?;
    if client_id != CLIENT_ID {
        return Err((700_016, format!("Application with identifier '{client_id}' was not found in the directory.")));
    }
    let redirect_uri = need("redirect_uri")?;
    if !redirect_is_registered(&redirect_uri) {
        let text = format!(
            "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for \
             the application '{client_id}'."
        );
        return Err((50_011, text));
    }
    let scope = need("scope")?;
    if !application::is_default(&scope) {
        scopes::read(&scope).map_err(|scope| {
            (70_011, format!("The provided value for the input parameter 'scope' is not valid: '{scope}'."))
        })?;
    }
    Ok(Authorization {
        provider: Provider::Microsoft,
        client_id,
        redirect_uri,
        scopes: scope.split_whitespace().map(str::to_owned).collect(),
        state: given.get("state").cloned(),
        nonce: None,
        code_challenge: None,
        login_hint: None,
        force_consent: true,
        select_account: true,
        offline: false,
        include_granted: false,
        response_mode: ResponseMode::Query,
        tenant: Some(tenant.to_owned()),
        created: world.lock().now(),
    })
}

/// POST of either form: whose account, then the decision.
pub async fn post(Shared(world): Shared<World>, body: Bytes) -> Response {
    let given: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    let key = field("request");
    let mut state = world.lock();
    let now = state.now();
    let Some(authorization) = state.grants.pending(key, now).cloned() else {
        return problem(
            StatusCode::BAD_REQUEST,
            "This request is over",
            "It was already answered, or it waited for more than an hour. Go back to the application and start again.",
        );
    };
    let account = state.account_of(Provider::Microsoft, field("account")).cloned();
    let Some(account) = account.filter(|account| may_answer(&authorization, account)) else {
        return accounts_page(&state, key, &authorization);
    };
    if !account.administrator {
        let text = "This operation can only be performed by an administrator. Sign out and sign in as an administrator or \
                    contact one of your organization's administrators.";
        return error_page(StatusCode::FORBIDDEN, 90_093, text);
    }
    let answered = match field("decision") {
        "" => return permissions_page(key, &authorization, &account),
        "allow" => Some(allow(&mut state, &authorization, &account)),
        _ => None,
    };
    state.grants.take_pending(key, now);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let asked = authorization.state.as_deref().map(|state| pair("state", state));
    let mut answer = Vec::new();
    match answered {
        Some(tenant) => {
            answer.extend([pair("admin_consent", "True"), pair("tenant", &tenant)]);
            answer.extend(asked);
            answer.push(pair("scope", &authorization.scopes.join(" ")));
        }
        None => {
            let text = "AADSTS65004: User declined to consent to access the app.";
            answer.extend([pair("error", "access_denied"), pair("error_subcode", "cancel")]);
            answer.push(pair("error_description", text));
            answer.extend(asked);
        }
    }
    go_back(&authorization, &answer)
}

fn may_answer(authorization: &Authorization, account: &Account) -> bool {
    let admitted = authorization.tenant.as_deref().is_some_and(|tenant| tenant_admits(tenant, account));
    account.provider == Provider::Microsoft && account.kind == AccountKind::Work && admitted
}

/// Writes the consent down and returns its tenant: `.default` is what the application is registered with, anything else
/// are delegated permissions, which the tenant's people are then not asked for any more.
fn allow(state: &mut State, authorization: &Authorization, administrator: &Account) -> String {
    let tenant = administrator.tenant.clone().unwrap_or_default();
    let scope = authorization.scopes.join(" ");
    let consent = state.organisations.consents.entry(tenant.clone()).or_default();
    if application::is_default(&scope) {
        consent.extend(PERMISSIONS.iter().map(|(name, _)| (*name).to_owned()));
    } else {
        let delegated = scopes::read(&scope).unwrap_or_default();
        let people: Vec<String> =
            state.accounts.iter().filter(|a| a.tenant == administrator.tenant).map(|a| a.email.clone()).collect();
        for email in people {
            state.grants.consent(Provider::Microsoft, &email, &delegated);
        }
    }
    tenant
}

fn accounts_page(state: &State, key: &str, authorization: &Authorization) -> Response {
    let body = html! {
        form class="card" method="post" action=(ACTION) {
            h1 { (TITLE) }
            p class="soft" { "An administrator of the organisation is needed. This is the sandbox: no password is asked." }
            input type="hidden" name="request" value=(key);
            ul class="accounts" {
                @for account in state.accounts.iter().filter(|account| may_answer(authorization, account)) {
                    li {
                        // The address alone is the accessible name, whatever stands below it.
                        button name="account" value=(account.email) aria-label=(account.email) {
                            (account.email)
                            small {
                                (account.name) " · " (account.job_title)
                                @if account.administrator { " · administrator" }
                            }
                        }
                    }
                }
            }
        }
    };
    page(TITLE, true, body)
}

fn permissions_page(key: &str, authorization: &Authorization, account: &Account) -> Response {
    let scope = authorization.scopes.join(" ");
    let lines: Vec<(String, &str)> = if application::is_default(&scope) {
        PERMISSIONS.iter().map(|(name, label)| ((*label).to_owned(), *name)).collect()
    } else {
        authorization.scopes.iter().map(|scope| (scopes::line(scope).label, scope.as_str())).collect()
    };
    let body = html! {
        form class="card" method="post" action=(ACTION) {
            h1 { "Permissions requested: review for your organisation" }
            p { (account.email) }
            p class="soft" { "Convene asks to be allowed this for everybody of your organisation. Nobody there is asked again." }
            input type="hidden" name="request" value=(key);
            input type="hidden" name="account" value=(account.email);
            fieldset {
                legend class="soft" { "It may" }
                @for (label, name) in &lines {
                    div class="scope" { span { (label) small { (name) } } }
                }
            }
            div class="actions" {
                button name="decision" value="deny" { "Deny" }
                button class="main" name="decision" value="allow" { "Allow" }
            }
        }
    };
    page("Permissions requested", true, body)
}
