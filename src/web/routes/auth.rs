//! To the provider and back: `POST /auth/{provider}`, `GET /auth/{provider}/callback`, `POST /signout`.

use std::time::Duration;

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::Url;

use super::Routes;
use crate::{
    app::{Theme, error_document},
    audit::Origin,
    calendars::Provider,
    connections::connect::Wish,
    error::AppError,
    invitations, limits,
    people::sessions::{self, SessionToken},
    scheduling::zones,
    sign_in::{
        self, Callback, Outcome, Purpose,
        attempts::{self, BrowserToken},
        callback::CallbackQuery,
        error::SignInError,
        return_to::{self, ReturnTo},
    },
    state::AppState,
    web::{
        again::{self, Attempt},
        form::Form,
        pages::settings::calendar::{InTheWay, NotConnected},
        session::{cookies, member},
    },
};

/// How often one address may begin, and how often come back.
const ATTEMPTS: u32 = 60;
const PER: Duration = Duration::from_secs(600);

pub fn routes() -> Routes {
    Routes::default()
        .post("/auth/{provider}", begin)
        .get("/auth/{provider}/callback", callback)
        .post("/signout", sign_out)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    #[serde(default)]
    return_to: String,
    /// `connect` for somebody who is signed in and wants their calendar (re)connected, `coordinate` to take up the role they
    /// were offered.
    #[serde(default)]
    purpose: String,
    /// With `connect`: `choose` for the list of their calendars, `own` for a calendar of ours, `take_over` to end what is connected
    /// for it.
    #[serde(default)]
    wish: String,
    /// Where the browser is, as the page's script found out.
    #[serde(default)]
    zone: String,
}

async fn begin(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    origin: Origin,
    headers: HeaderMap,
    parts: Parts,
    Form(start): Form<Start>,
) -> Result<Response, Response> {
    let provider = known(&provider)?;
    limits::hit(&state.store, "sign_in_begin", &limits::client(&origin.ip), ATTEMPTS, PER)
        .await
        .map_err(IntoResponse::into_response)?;
    let signed_in = match start.purpose.as_str() {
        "connect" | "coordinate" => {
            let member = member(&state, &headers).await.map_err(|error| AppError::from(error).into_response())?;
            Some(member.ok_or_else(|| AppError::signed_out().into_response())?)
        }
        _ => None,
    };
    let offer = match &signed_in {
        Some(member) if start.purpose == "coordinate" => {
            let offer = invitations::pending(state.store.reader(), member.org, member.person).await;
            let offer = offer.map_err(|error| AppError::from(error).into_response())?;
            Some(offer.ok_or_else(|| explain(&state, &headers, SignInError::InvitationSpent))?)
        }
        _ => None,
    };
    let purpose = match (&signed_in, &offer) {
        (Some(member), Some(offer)) => Purpose::Coordinate(member, offer),
        (Some(member), None) => {
            let wish = match start.wish.as_str() {
                "choose" => Wish::ChooseCalendars,
                "own" => Wish::OwnCalendar,
                "take_over" => Wish::TakeOver,
                _ => Wish::Usual,
            };
            Purpose::Connect(member, wish)
        }
        (None, _) => Purpose::SignIn,
    };
    let return_to = ReturnTo::parse(&start.return_to);
    let browser = BrowserToken::from_cookies(cookies(&headers));
    let begun =
        sign_in::begin(&state.services.clone(), provider, purpose, &return_to, browser, zones::parse(&start.zone).ok())
            .await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => return Err(asked_first(&state, parts, error).await),
    };
    Ok(leave_for(&begun.authorize_url, &begun.browser_cookie))
}

async fn callback(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    origin: Origin,
    headers: HeaderMap,
    parts: Parts,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let provider = known(&provider)?;
    limits::hit(&state.store, "sign_in_answer", &limits::client(&origin.ip), ATTEMPTS, PER)
        .await
        .map_err(IntoResponse::into_response)?;
    let query = CallbackQuery::parse(&query.unwrap_or_default());
    let query = query.map_err(|error| explain(&state, &headers, error.into()))?;
    let callback = Callback {
        query,
        browser: BrowserToken::from_cookies(cookies(&headers)),
        session: SessionToken::from_cookies(cookies(&headers)),
    };
    // On a task of its own: a browser that goes away must not tear off a sign-in whose code is already used.
    let (services, sign_up) = (state.services.clone(), state.config.sign_up);
    let finishing = tokio::spawn(async move { sign_in::finish(&services, sign_up, provider, callback, &origin).await });
    let signed_in = match finishing.await {
        Ok(Ok(signed_in)) => signed_in,
        Ok(Err(error)) => return Err(asked_first(&state, parts, error).await),
        Err(error) => return Err(AppError::internal(&error).into_response()),
    };
    let next = match (signed_in.outcome, signed_in.return_to.as_str()) {
        // Somebody new is led on from where they are.
        (Outcome::SignedUp, return_to::DEFAULT) => "/welcome",
        (_, asked) => asked,
    };
    let mut response = Redirect::to(next).into_response();
    set_cookie(&mut response, &signed_in.session.set_cookie());
    set_cookie(&mut response, &attempts::clear_cookie());
    Ok(response)
}

async fn sign_out(State(state): State<AppState>, origin: Origin, headers: HeaderMap) -> Result<Response, AppError> {
    if let Some(session) = SessionToken::from_cookies(cookies(&headers)) {
        sessions::sign_out(&state.store, &session, &origin).await?;
    }
    let mut response = Redirect::to("/").into_response();
    set_cookie(&mut response, &sessions::clear_cookie());
    Ok(response)
}

fn known(provider: &str) -> Result<Provider, Response> {
    provider.parse().map_err(|_| AppError::not_found().into_response())
}

/// On to a provider's page, with the cookie that ties its answer to this browser.
pub fn leave_for(page: &Url, browser_cookie: &str) -> Response {
    let mut response = Redirect::to(page.as_str()).into_response();
    set_cookie(&mut response, browser_cookie);
    response
}

fn set_cookie(response: &mut Response, cookie: &str) {
    // Base64url values and fixed attributes are header text.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

impl From<SignInError> for AppError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Store(error) => error.into(),
            SignInError::Sealed(error) => Self::internal(&error),
            error => {
                Self::new(error.status(), error.code(), error.to_string()).hint(error.hint()).way_on(error.way_on())
            }
        }
    }
}

/// Where another account is in the way of the one that was wanted, its owner is asked; who is signed in learns among their calendars
/// why a provider connected none; anything else is [explained](explain).
async fn asked_first(state: &AppState, parts: Parts, error: SignInError) -> Response {
    let in_the_way = match error {
        SignInError::AccountMismatch { provider, ref chosen, ref wanted }
            if !chosen.is_empty() && !wanted.is_empty() =>
        {
            InTheWay { wanted: provider, chosen: Some(chosen.clone()), connected: wanted.clone(), by_policy: false }
        }
        SignInError::OneCalendar { wanted, connected } => {
            InTheWay { wanted, chosen: None, connected: connected.label().to_owned(), by_policy: true }
        }
        // Who is signed in was there when they began, and goes on from there.
        error if error.is_of_the_provider() && matches!(member(state, &parts.headers).await, Ok(Some(_))) => {
            let attempt = Attempt { error: AppError::from(error), typed: NotConnected };
            return again::show_at("/settings/calendar", state.clone(), parts, attempt).await;
        }
        _ => return explain(state, &parts.headers, error),
    };
    let attempt = Attempt { error: error.into(), typed: in_the_way };
    again::show_at("/settings/calendar", state.clone(), parts, attempt).await
}

/// The page (or problem) for a sign-in that did not work. A refusal by the person is no error of the request (200), which the
/// layer that makes pages of errors leaves alone, so it is made here.
fn explain(state: &AppState, headers: &HeaderMap, error: SignInError) -> Response {
    let error = AppError::from(error);
    if error.status != 200 {
        return error.into_response();
    }
    let page = error_document(&state.site, Theme::from_headers(headers), &error);
    (StatusCode::OK, Html(page)).into_response()
}
