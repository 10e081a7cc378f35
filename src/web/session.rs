//! Who is asking: the signed-in member behind a request, and where it came from.
//!
//! Handlers and pages name what they need as an argument; asking for a [`Member`] or [`Coordinator`] is the check. Nothing of
//! it comes from the body or the query.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};

use super::{client::ClientAddress, islands::live::FOLLOWS, live};
use crate::{
    audit::Origin,
    connections,
    error::{AppError, WayOn},
    people::{self, Admin, Coordinator, Forbidden, Member, Policies, sessions, sessions::SessionToken},
    sign_in::return_to::ReturnTo,
    state::AppState,
    store::StoreError,
};

/// The values of the `Cookie` headers.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok())
}

/// The member these headers' session cookie signs in, if any. For pages, which have the request's parts in context.
pub async fn member(state: &AppState, headers: &HeaderMap) -> Result<Option<Member>, StoreError> {
    match SessionToken::from_cookies(cookies(headers)) {
        // A page that follows what happens is no sign of anybody being there.
        Some(token) if follows(headers) => sessions::look(&state.store, &token, state.clock.now()).await,
        Some(token) => sessions::authenticate(&state.store, &token, state.clock.now()).await,
        None => Ok(None),
    }
}

/// Whether a browser asks by itself, for a page that follows what happens.
fn follows(headers: &HeaderMap) -> bool {
    live::reads_events(headers) || headers.contains_key(FOLLOWS)
}

/// Where somebody who is signed out goes first, to come back to `target` (path and query) afterwards.
pub fn sign_in_location(target: &str) -> String {
    let target = ReturnTo::parse(target);
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", target.as_str()).finish();
    format!("/signin?{query}")
}

impl FromRequestParts<AppState> for Member {
    type Rejection = Response;

    /// Signed out: a page view is sent to the sign-in page and comes back, anything else is told so.
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        match member(state, &parts.headers).await {
            Ok(Some(member)) => Ok(member),
            Ok(None) if parts.method == Method::GET => {
                let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
                Err(Redirect::to(&sign_in_location(target)).into_response())
            }
            Ok(None) => Err(AppError::signed_out().into_response()),
            Err(error) => Err(AppError::from(error).into_response()),
        }
    }
}

impl FromRequestParts<AppState> for Coordinator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let member = Member::from_request_parts(parts, state).await?;
        coordinating(state, member).await.map_err(IntoResponse::into_response)
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let member = Member::from_request_parts(parts, state).await?;
        member.admin().map_err(|error| AppError::from(error).into_response())
    }
}

/// Lets a member arrange interviews, if their role and their organisation's policy do.
pub async fn coordinating(state: &AppState, member: Member) -> Result<Coordinator, AppError> {
    let coordinator = member.coordinator()?;
    let policies = people::organisation(state.store.reader(), coordinator.member().org).await?.policies;
    if waits_for_calendar(state, coordinator.member(), &policies).await? {
        return Err(AppError::new(403, "calendar_required", "Connect your calendar first.")
            .hint("Your organisation arranges interviews only with a connected calendar.")
            .way_on(WayOn::Welcome));
    }
    Ok(coordinator)
}

/// Whether the organisation wants this person's calendar connected before anything else, and it is not, or no longer.
pub async fn waits_for_calendar(state: &AppState, member: &Member, policies: &Policies) -> Result<bool, StoreError> {
    if !policies.require_calendar {
        return Ok(false);
    }
    let serving = connections::serving(state.store.reader(), member.org, member.person, member.role).await?;
    Ok(serving.is_none())
}

impl From<Forbidden> for AppError {
    fn from(Forbidden: Forbidden) -> Self {
        Self::forbidden()
    }
}

/// The origin of a request, from its parts.
pub fn origin(parts: &Parts) -> Origin {
    let address = parts.extensions.get::<ClientAddress>().map(|ClientAddress(address)| address.to_string());
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin::new(address.unwrap_or_default(), agent.unwrap_or_default())
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(origin(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_out_visitor_comes_back_to_the_page_and_nowhere_else() {
        assert_eq!(
            sign_in_location("/requests/new?type=screen"),
            "/signin?return_to=%2Frequests%2Fnew%3Ftype%3Dscreen"
        );
        assert_eq!(sign_in_location("//evil.example/"), "/signin?return_to=%2Fdashboard");
    }
}
