//! Client credentials: a token for the application itself, in one tenant whose administrator has consented.

use serde_json::{Value, json};

use super::{GRAPH, tenant_id};
use crate::oauth::grants::{ACCESS_LIFE, ApplicationToken};
use crate::oauth::random;
use crate::world::World;
use crate::world::people::PERSONAL_TENANT;

/// Where `common` and `organizations` lead an application that signs in by itself: Microsoft's own tenant, which has never
/// consented to it.
const MICROSOFT_TENANT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";
/// What the application is called inside the tenant, as an object of its directory.
const SERVICE_PRINCIPAL: &str = "d1f0c3a2-6b7e-4c58-9a41-2e8b5f7d9c60";

/// Why there is no token: an error, its number, and a text.
pub type Refusal = (&'static str, u32, String);

/// The token answer for this scope; never with a refresh token.
///
/// # Errors
/// For a scope other than Graph's `.default`, and for a tenant that has not consented.
pub fn token(world: &World, tenant: &str, client_id: &str, scope: &str) -> Result<Value, Refusal> {
    if !is_default(scope) {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(("invalid_scope", 1_002_012, text));
    }
    let tenant = match tenant {
        "consumers" => PERSONAL_TENANT,
        name => tenant_id(name).unwrap_or(MICROSOFT_TENANT),
    };
    let mut state = world.lock();
    let Some(permissions) = state.organisations.consents.get(tenant) else {
        let text = format!(
            "The client application {client_id} is missing service principal in the tenant {tenant}. See instructions \
             here: https://go.microsoft.com/fwlink/?linkid=2225119"
        );
        return Err(("invalid_client", 7_000_229, text));
    };
    let roles: Vec<String> = permissions.iter().cloned().collect();
    let now = state.now();
    let access = world.keys().sign(&claims(client_id, tenant, &roles, now.timestamp()));
    let token = ApplicationToken {
        client_id: client_id.to_owned(),
        tenant: tenant.to_owned(),
        roles,
        expires: now + ACCESS_LIFE,
    };
    state.grants.store_application(&access, token);
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.num_seconds(),
        "ext_expires_in": ACCESS_LIFE.num_seconds(),
        "access_token": access,
    }))
}

/// Whether these scopes are all the application is registered with.
pub fn is_default(scope: &str) -> bool {
    scope.trim().eq_ignore_ascii_case(&format!("{GRAPH}.default"))
}

fn claims(client_id: &str, tenant: &str, roles: &[String], at: i64) -> Value {
    let mut claims = json!({
        "aud": GRAPH.trim_end_matches('/'),
        "iss": format!("https://sts.windows.net/{tenant}/"),
        "iat": at - 300,
        "nbf": at - 300,
        "exp": at + ACCESS_LIFE.num_seconds(),
        "appid": client_id,
        "appidacr": "1",
        "idtyp": "app",
        "oid": SERVICE_PRINCIPAL,
        "sub": SERVICE_PRINCIPAL,
        "tid": tenant,
        "uti": random::token(16),
        "ver": "1.0",
    });
    // Without any permission the claim is absent, not empty.
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    claims
}
