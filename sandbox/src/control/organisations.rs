//! What administrators allow an application for everybody of their organisation.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::microsoft::{APPLICATION_PERMISSIONS, tenant_id};
use crate::world::people::{PERSONAL_TENANT, TENANT, WORKSPACE};
use crate::world::{AccountKind, Provider, State, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantQuery {
    tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    tenant: Option<String>,
    permissions: Option<BTreeSet<String>>,
}

/// Which tenants have consented, and to which application permissions.
pub async fn consents(Shared(world): Shared<World>) -> Json<Value> {
    shown_consents(&world.lock())
}

/// Consents for a tenant as its administrator would on the consent page, with exactly these permissions, or with all.
pub async fn consent(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Consent { tenant, permissions } = read(&body)?;
    let tenant = work_tenant(tenant.as_deref())?;
    let all = APPLICATION_PERMISSIONS.map(|(name, _)| name);
    let permissions = permissions.unwrap_or_else(|| all.map(str::to_owned).into());
    if let Some(unknown) = permissions.iter().find(|name| !all.contains(&name.as_str())) {
        return Err(Refusal::wrong(format!("{unknown} is none of the permissions {}.", all.join(", "))));
    }
    let mut state = world.lock();
    state.organisations.consents.insert(tenant.to_owned(), permissions);
    Ok(shown_consents(&state))
}

/// Takes a tenant's consent away: no new tokens. Those given out live until they expire, as the real ones do.
pub async fn withdraw_consent(
    Shared(world): Shared<World>,
    query: Result<Query<TenantQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(TenantQuery { tenant }) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let tenant = work_tenant(tenant.as_deref())?;
    let mut state = world.lock();
    state.organisations.consents.remove(tenant);
    Ok(shown_consents(&state))
}

fn shown_consents(state: &State) -> Json<Value> {
    let consents = &state.organisations.consents;
    let consents: Vec<_> =
        consents.iter().map(|(tenant, names)| json!({ "tenant": tenant, "permissions": names })).collect();
    Json(json!({ "consents": consents }))
}

/// The work tenant of that id or domain; the only one if none is named.
fn work_tenant(name: Option<&str>) -> Result<&'static str, Refusal> {
    let Some(name) = name else { return Ok(TENANT) };
    let tenant = tenant_id(name).filter(|id| *id != PERSONAL_TENANT);
    tenant.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("There is no work tenant {name}.")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessPolicy {
    shut_out: Vec<String>,
}

/// The mailboxes an application access policy shuts out.
pub async fn access_policy(Shared(world): Shared<World>) -> Json<Value> {
    Json(json!({ "shut_out": world.lock().organisations.shut_out }))
}

/// Shuts applications out of exactly these mailboxes.
pub async fn set_access_policy(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let AccessPolicy { shut_out } = read(&body)?;
    let mut state = world.lock();
    if let Some(unknown) = shut_out.iter().find(|email| state.account_of(Provider::Microsoft, email).is_none()) {
        return Err(Refusal::wrong(format!("There is no Microsoft account {unknown}.")));
    }
    state.organisations.shut_out = shut_out.iter().map(|email| email.to_ascii_lowercase()).collect();
    Ok(Json(json!({ "shut_out": state.organisations.shut_out })))
}

/// The service account's key file, in Google's format.
pub async fn service_account(Shared(world): Shared<World>) -> Json<Value> {
    Json(crate::google::service_account_key(&world))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainQuery {
    domain: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delegation {
    domain: Option<String>,
    scopes: Vec<String>,
}

/// Which Workspaces let the service account act for their people, and with which scopes.
pub async fn delegations(Shared(world): Shared<World>) -> Json<Value> {
    shown_delegations(&world.lock())
}

/// Delegates exactly these scopes to the service account, as a Workspace's administrator would by its client id.
pub async fn delegate(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Delegation { domain, scopes } = read(&body)?;
    let scopes = crate::google::full_scopes(&scopes).map_err(Refusal::wrong)?;
    let mut state = world.lock();
    let domain = workspace(&state, domain)?;
    state.organisations.delegations.insert(domain, scopes.into_iter().collect());
    Ok(shown_delegations(&state))
}

/// Takes a Workspace's delegation away: no new tokens. Those given out live until they expire.
pub async fn withdraw_delegation(
    Shared(world): Shared<World>,
    query: Result<Query<DomainQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(DomainQuery { domain }) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let mut state = world.lock();
    let domain = workspace(&state, domain)?;
    state.organisations.delegations.remove(&domain);
    Ok(shown_delegations(&state))
}

fn shown_delegations(state: &State) -> Json<Value> {
    let delegations = &state.organisations.delegations;
    let delegations: Vec<_> =
        delegations.iter().map(|(domain, scopes)| json!({ "domain": domain, "scopes": scopes })).collect();
    Json(json!({ "delegations": delegations }))
}

/// The Workspace of that domain; the only one if none is named.
fn workspace(state: &State, domain: Option<String>) -> Result<String, Refusal> {
    let Some(domain) = domain else { return Ok(WORKSPACE.to_owned()) };
    let known = state.accounts.iter().any(|account| {
        account.provider == Provider::Google && account.kind == AccountKind::Work && account.domain() == domain
    });
    if known {
        Ok(domain)
    } else {
        Err(Refusal::new(StatusCode::NOT_FOUND, format!("There is no Workspace {domain}.")))
    }
}
