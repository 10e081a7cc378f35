//! Every way in, and who may use it.
//!
//! The check itself is where a way leads: a handler or page that takes a [`Coordinator`](crate::people::Coordinator) or a
//! link's token cannot do without. This table says what must be so, `tests/manifest.rs` holds it against the router and asks
//! each way in every role, and [`only_listed`] refuses what somebody added without saying here who may use it. The files of
//! the built site are for anyone and are not listed.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::gate::method_not_allowed;
use crate::{error::AppError, state::AppState};

/// Who may use a way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Anyone.
    Public,
    /// Whoever holds the token in the address; being signed in changes nothing.
    Link,
    /// A provider that shows the token of a channel it was asked to push by.
    Push,
    /// Anyone who is signed in, for what is theirs.
    Member,
    /// A signed-in coordinator, for what belongs to their organisation. What belongs to another is not there.
    Coordinator,
    /// A signed-in administrator, for their own organisation.
    Admin,
    /// A program with a key of an organisation, for what belongs to it, as far as the key's scopes and the coordinator it acts for may.
    ApiKey,
    /// Anyone, in a demo; elsewhere there is nothing at this address.
    Demo,
}

/// One way in. `HEAD` goes where `GET` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub method: Method,
    /// As routes are written: `/book/{token}`.
    pub path: &'static str,
    pub policy: Policy,
}

const fn way(method: Method, path: &'static str, policy: Policy) -> Way {
    Way { method, path, policy }
}

use Policy::{Admin, ApiKey, Coordinator, Demo, Link, Member, Public, Push};

/// The manifest.
pub static WAYS: &[Way] = &[
    way(Method::GET, "/", Public),
    way(Method::GET, "/signin", Public),
    way(Method::GET, "/signup", Public),
    way(Method::POST, "/auth/{provider}", Public),
    way(Method::GET, "/auth/{provider}/callback", Public),
    way(Method::POST, "/signout", Public),
    way(Method::GET, "/healthz", Public),
    way(Method::GET, "/readyz", Public),
    way(Method::POST, "/hooks/google", Push),
    way(Method::POST, "/hooks/microsoft", Push),
    way(Method::POST, "/hooks/microsoft/lifecycle", Push),
    way(Method::GET, "/book/{token}", Link),
    way(Method::POST, "/book/{token}", Link),
    way(Method::GET, "/book/{token}/move", Link),
    way(Method::POST, "/book/{token}/move", Link),
    way(Method::GET, "/book/{token}/cancel", Link),
    way(Method::POST, "/book/{token}/cancel", Link),
    way(Method::POST, "/book/{token}/opened", Link),
    way(Method::GET, "/calendar/{file}", Link),
    way(Method::GET, "/invite/{token}", Link),
    way(Method::POST, "/invite/{token}", Link),
    way(Method::GET, "/invite/{token}/times", Link),
    way(Method::POST, "/invite/{token}/times", Link),
    way(Method::GET, "/dashboard", Coordinator),
    way(Method::GET, "/requests", Coordinator),
    way(Method::GET, "/requests/new", Coordinator),
    way(Method::POST, "/requests/new", Coordinator),
    way(Method::POST, "/api/requests/look", Coordinator),
    way(Method::GET, "/requests/{id}", Coordinator),
    way(Method::GET, "/requests/{id}/live", Coordinator),
    way(Method::POST, "/requests/{id}/send", Coordinator),
    way(Method::POST, "/requests/{id}/replace-link", Coordinator),
    way(Method::GET, "/requests/{id}/move", Coordinator),
    way(Method::POST, "/requests/{id}/move", Coordinator),
    way(Method::GET, "/requests/{id}/swap/{person}", Coordinator),
    way(Method::POST, "/requests/{id}/swap/{person}", Coordinator),
    way(Method::GET, "/requests/{id}/difference/{difference}", Coordinator),
    way(Method::POST, "/requests/{id}/difference/{difference}", Coordinator),
    way(Method::POST, "/requests/{id}/cancel", Coordinator),
    way(Method::POST, "/jobs/{id}/retry", Coordinator),
    way(Method::GET, "/welcome", Coordinator),
    way(Method::POST, "/welcome", Coordinator),
    way(Method::POST, "/welcome/invite", Coordinator),
    way(Method::GET, "/people/invite", Coordinator),
    way(Method::POST, "/people/invite", Coordinator),
    way(Method::POST, "/people/{id}/invite", Coordinator),
    way(Method::POST, "/people/{id}/withdraw", Coordinator),
    way(Method::GET, "/settings", Member),
    way(Method::POST, "/settings", Member),
    way(Method::POST, "/settings/hours", Member),
    way(Method::POST, "/settings/dates", Member),
    way(Method::POST, "/settings/dates/remove", Member),
    way(Method::POST, "/settings/limits", Member),
    way(Method::GET, "/settings/calendar", Member),
    way(Method::GET, "/settings/integrations", Public),
    way(Method::POST, "/settings/calendar/{provider}", Member),
    way(Method::POST, "/settings/calendar/{provider}/sync", Member),
    way(Method::GET, "/settings/calendar/apple", Member),
    way(Method::POST, "/settings/calendar/apple", Member),
    way(Method::POST, "/settings/calendar/{provider}/disconnect", Member),
    way(Method::GET, "/settings/notifications", Member),
    way(Method::POST, "/settings/notifications", Member),
    way(Method::POST, "/settings/notifications/reminders", Coordinator),
    way(Method::GET, "/settings/sessions", Member),
    way(Method::POST, "/settings/sessions/{id}/end", Member),
    way(Method::POST, "/settings/sessions/end-all", Member),
    way(Method::GET, "/admin", Admin),
    way(Method::POST, "/admin/people/{id}/role", Admin),
    way(Method::POST, "/admin/people/{id}/off", Admin),
    way(Method::POST, "/admin/people/{id}/on", Admin),
    way(Method::GET, "/admin/integrations/calendar", Admin),
    way(Method::POST, "/admin/integrations/calendar", Admin),
    way(Method::POST, "/admin/integrations/calendar/microsoft", Admin),
    way(Method::GET, "/auth/microsoft/organisation", Admin),
    way(Method::POST, "/admin/integrations/calendar/google", Admin),
    way(Method::POST, "/admin/integrations/calendar/{provider}/withdraw", Admin),
    way(Method::GET, "/admin/sync", Admin),
    way(Method::GET, "/admin/sync/live", Admin),
    way(Method::POST, "/admin/sync/retry", Admin),
    way(Method::GET, "/admin/audit", Admin),
    way(Method::POST, "/admin/audit/check", Admin),
    way(Method::POST, "/admin/audit/export", Admin),
    way(Method::GET, "/admin/api", Admin),
    way(Method::POST, "/admin/api", Admin),
    way(Method::POST, "/admin/api/keys/{id}/revoke", Admin),
    way(Method::POST, "/admin/api/webhooks", Admin),
    way(Method::POST, "/admin/api/webhooks/{id}/remove", Admin),
    way(Method::POST, "/admin/api/webhooks/{id}/switch", Admin),
    way(Method::POST, "/admin/api/webhooks/{id}/deliveries/{delivery}/replay", Admin),
    way(Method::GET, "/api/v1/openapi.json", Public),
    way(Method::POST, "/api/v1/availability", ApiKey),
    way(Method::GET, "/api/v1/requests", ApiKey),
    way(Method::POST, "/api/v1/requests", ApiKey),
    way(Method::GET, "/api/v1/requests/{id}", ApiKey),
    way(Method::GET, "/api/v1/requests/{id}/link", ApiKey),
    way(Method::GET, "/api/v1/requests/{id}/slots", ApiKey),
    way(Method::POST, "/api/v1/requests/{id}/send", ApiKey),
    way(Method::POST, "/api/v1/requests/{id}/book", ApiKey),
    way(Method::POST, "/api/v1/requests/{id}/cancel", ApiKey),
    way(Method::GET, "/api/v1/bookings", ApiKey),
    way(Method::GET, "/api/v1/bookings/{id}", ApiKey),
    way(Method::POST, "/api/v1/bookings/{id}/move", ApiKey),
    way(Method::POST, "/api/v1/bookings/{id}/cancel", ApiKey),
    way(Method::GET, "/api/v1/interviewers", ApiKey),
    way(Method::POST, "/api/v1/interviewers", ApiKey),
    way(Method::GET, "/api/v1/connections", ApiKey),
    way(Method::GET, "/api/v1/connections/{provider}", ApiKey),
    way(Method::DELETE, "/api/v1/connections/{provider}", ApiKey),
    way(Method::POST, "/api/v1/connections/{provider}/connect", ApiKey),
    way(Method::PUT, "/api/v1/connections/{provider}/calendars", ApiKey),
    way(Method::POST, "/api/v1/connections/{provider}/sync", ApiKey),
    way(Method::GET, "/api/v1/preferences", ApiKey),
    way(Method::PUT, "/api/v1/preferences", ApiKey),
    way(Method::GET, "/api/v1/webhooks", ApiKey),
    way(Method::POST, "/api/v1/webhooks", ApiKey),
    way(Method::GET, "/api/v1/webhooks/{id}", ApiKey),
    way(Method::DELETE, "/api/v1/webhooks/{id}", ApiKey),
    way(Method::PUT, "/api/v1/webhooks/{id}/state", ApiKey),
    way(Method::GET, "/api/v1/webhooks/{id}/deliveries", ApiKey),
    way(Method::POST, "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", ApiKey),
    way(Method::GET, "/mailbox", Demo),
    way(Method::GET, "/mailbox/{id}", Demo),
    way(Method::GET, "/mailbox/{id}/html", Demo),
    way(Method::GET, "/mailbox/{id}/invite.ics", Demo),
    way(Method::GET, "/styleguide", Demo),
];

/// Refuses a route that is not in the manifest, a method it does not list for the route, and a demo's ways elsewhere.
pub async fn only_listed(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let listed: Vec<&Way> = WAYS.iter().filter(|way| way.path == path).collect();
    if listed.is_empty() {
        tracing::error!(route = path, "a route without a line in the manifest is not served");
    }
    if listed.iter().all(|way| way.policy == Demo && !state.config.demo) {
        return AppError::not_found().into_response();
    }
    if listed.iter().any(|way| way.method == *method) {
        return next.run(request).await;
    }
    let mut allowed: Vec<&str> = listed.iter().map(|way| way.method.as_str()).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    // Names of methods are header text.
    let allow = HeaderValue::from_str(&allowed.join(", ")).ok().map(|value| [(header::ALLOW, value)]);
    match allow {
        Some(allow) => (allow, method_not_allowed()).into_response(),
        None => method_not_allowed().into_response(),
    }
}
