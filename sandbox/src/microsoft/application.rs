//! An application on its own: whose mailbox it asks about, and what shuts it out.
//!
//! Its token names a tenant and no person, so the mailbox is the one in the path, below `/users`.

use axum::http::StatusCode;
use percent_encoding::percent_decode_str;

use super::errors::GraphError;
use crate::oauth::grants::ApplicationToken;
use crate::world::{Account, AccountKind, Provider, State};

/// Application permissions the client is registered with, and what each allows, for an administrator.
pub const PERMISSIONS: [(&str, &str); 2] = [
    ("Calendars.Read", "Read calendars in all mailboxes"),
    ("Calendars.ReadBasic.All", "Read basic details of calendars in all mailboxes"),
];

/// The mailbox an application asks about by this path.
///
/// # Errors
/// 400 below `/me`, 404 for anybody who is not of the token's tenant, 403 if the tenant's policy shuts the application out.
pub fn mailbox(state: &State, token: &ApplicationToken, path: &str) -> Result<Account, GraphError> {
    let first = path.strip_prefix("/v1.0/").unwrap_or(path).split('/').next().unwrap_or_default();
    if first == "me" {
        return Err(GraphError::bad("BadRequest", "/me request is only valid with delegated authentication flow."));
    }
    let Some(name) = user(path) else {
        return Err(GraphError::bad("BadRequest", format!("Resource not found for the segment '{first}'.")));
    };
    let account = found(state, &name).filter(|account| account.tenant.as_deref() == Some(&token.tenant));
    let account = account.ok_or_else(|| {
        let message = format!("The requested user '{name}' is invalid.");
        GraphError::new(StatusCode::NOT_FOUND, "ErrorInvalidUser", message)
    })?;
    if state.organisations.shuts_out(&account.email) {
        return Err(GraphError::shut_out());
    }
    Ok(account.clone())
}

/// Whose mailbox a request is about: the token's owner's, or the one an application's token names in the path.
pub fn whose(state: &State, token: &str, path: &str) -> Option<String> {
    if let Some(owner) = state.grants.owner(token) {
        return Some(owner.to_owned());
    }
    state.grants.application(token)?;
    found(state, &user(path)?).map(|account| account.email.clone())
}

/// The user a path below `/users` names, decoded.
pub fn user(path: &str) -> Option<String> {
    let name = path.strip_prefix("/v1.0/users/")?.split('/').next().filter(|name| !name.is_empty())?;
    Some(percent_decode_str(name).decode_utf8_lossy().into_owned())
}

/// A person of some organisation, by object id or user principal name.
fn found<'a>(state: &'a State, name: &str) -> Option<&'a Account> {
    state.accounts.iter().find(|account| {
        let known = account.provider == Provider::Microsoft && account.kind == AccountKind::Work;
        known && (account.email.eq_ignore_ascii_case(name) || account.subject.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::people::{PERSONAL_TENANT, TENANT};

    fn token(tenant: &str) -> ApplicationToken {
        let expires = chrono::Utc::now();
        ApplicationToken { client_id: "c".into(), tenant: tenant.into(), roles: Vec::new(), expires }
    }

    #[test]
    fn the_path_names_a_mailbox_of_the_tenant_and_no_other() {
        let mut state = State::seeded();
        let ask = |state: &State, tenant: &str, path: &str| {
            mailbox(state, &token(tenant), path).map(|account| account.email).map_err(|error| error.status.as_u16())
        };
        let raj = "raj.patel@example.org";
        assert_eq!(ask(&state, TENANT, "/v1.0/users/Raj.Patel%40example.org/calendars"), Ok(raj.to_owned()));
        assert_eq!(ask(&state, TENANT, "/v1.0/users/8c2d4b6a-1e3f-4a5b-8c7d-9e0f1a2b3c4d"), Ok(raj.to_owned()));
        assert_eq!(ask(&state, PERSONAL_TENANT, "/v1.0/users/raj.patel@example.org/calendars"), Err(404));
        for other in ["mia.rossi@outlook.example", "ben.okafor@example.com", "nobody@example.org"] {
            assert_eq!(ask(&state, TENANT, &format!("/v1.0/users/{other}/calendarView")), Err(404), "{other}");
        }
        assert_eq!(ask(&state, TENANT, "/v1.0/me/calendars"), Err(400));
        assert_eq!(ask(&state, TENANT, "/v1.0/groups"), Err(400));
        state.organisations.shut_out.insert(raj.to_owned());
        assert_eq!(ask(&state, TENANT, "/v1.0/users/RAJ.patel@example.org/calendars"), Err(403));
    }
}
