//! The forms of an invitation: on to a provider, or times by hand. Each parses, calls one verb, and redirects or shows the
//! page again.

use std::time::Duration;

use axum::{
    extract::{Path, RawForm, State},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{open, times::Ticked, week::Week};
use crate::{
    calendars::Provider,
    connections,
    error::AppError,
    ids::LinkToken,
    invitations::{LinkError, Opened, redeem},
    limits,
    scheduling::zones,
    sign_in::{self, Purpose, attempts::BrowserToken, error::SignInError, return_to::ReturnTo},
    state::AppState,
    web::{
        again::{self, Attempt},
        form::Form,
        routes::{Routes, auth::leave_for},
        session::{cookies, origin},
    },
};

/// Forms one client may send within ten minutes.
const FORMS: u32 = 60;
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// Where somebody lands who has connected their calendar.
const LANDING: &str = "/settings?news=connected";

pub fn routes() -> Routes {
    Routes::default().post("/invite/{token}", connect).post("/invite/{token}/times", give)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connect {
    #[serde(default)]
    provider: String,
    /// Where the browser is, as the page's script found out.
    #[serde(default)]
    zone: String,
}

async fn connect(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    parts: Parts,
    Form(form): Form<Connect>,
) -> Response {
    let outcome = async {
        let opened = limited(&state, &parts, &token).await?;
        let provider: Provider = form.provider.parse().map_err(|_| AppError::from(SignInError::ProviderUnknown))?;
        if !opened.organisation.policies.signs_in(connections::stored(provider)) {
            return Err(SignInError::ProviderNotAllowed(provider).into());
        }
        let purpose = Purpose::Accept(&opened.invitation);
        let (browser, zone) = (BrowserToken::from_cookies(cookies(&headers)), zones::parse(&form.zone).ok());
        let return_to = ReturnTo::parse(LANDING);
        Ok::<_, AppError>(sign_in::begin(&state.services, provider, purpose, &return_to, browser, zone).await?)
    };
    match outcome.await {
        Ok(begun) => leave_for(&begun.authorize_url, &begun.browser_cookie),
        Err(error) => again::show(state, parts, Attempt { error, typed: () }).await,
    }
}

/// What the grid sends.
#[derive(Default)]
struct Times {
    week: String,
    zone: String,
    then: String,
    times: Vec<String>,
}

impl Times {
    fn read(body: &[u8]) -> Result<Self, AppError> {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "times[]" => form.times.push(value),
                "week" => form.week = value,
                "tz" => form.zone = value,
                "then" => form.then = value,
                _ => return Err(AppError::unknown_field()),
            }
        }
        Ok(form)
    }
}

async fn give(
    State(state): State<AppState>,
    Path(token): Path<String>,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let form = match Times::read(&body) {
        Ok(form) => form,
        Err(error) => return error.into_response(),
    };
    match keep(&state, &parts, &token, &form).await {
        Ok(next) => Redirect::to(&next).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: Ticked { times: form.times } }).await,
    }
}

/// Keeps the times; gives the page to go on with.
async fn keep(state: &AppState, parts: &Parts, token: &str, form: &Times) -> Result<String, AppError> {
    let opened = limited(state, parts, token).await?;
    let now = state.clock.now();
    let zone = zones::parse(&form.zone)
        .map_err(|_| AppError::invalid("tz", "zone_unknown", "Choose a time zone from the list."))?;
    let too_far = || AppError::invalid("week", "week_invalid", "Choose this week or one of the coming weeks.");
    let week = Week::parse(&form.week, zone, now).ok_or_else(too_far)?;
    let windows = week.windows(form.times.iter().map(String::as_str))?;
    let period = week.span().ok_or_else(too_far)?;
    redeem::give_times(state, &opened, period, &windows, zone, &origin(parts)).await?;
    let next = week.next(now).filter(|_| form.then == "next").unwrap_or(week);
    Ok(format!("/invite/{token}/times?week={}&tz={}&news=saved", next.name(), zone.name()))
}

/// Opens the link for a form, counted by whoever sends it.
async fn limited(state: &AppState, parts: &Parts, token: &str) -> Result<Opened, AppError> {
    limits::hit(&state.store, "invite", &limits::client(&origin(parts).ip), FORMS, TEN_MINUTES).await?;
    let token: LinkToken = token.parse().map_err(|_| AppError::from(LinkError::Unknown))?;
    open(state, &token).await
}
