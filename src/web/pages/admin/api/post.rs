//! The forms of `/admin/api`.

use axum::{
    extract::{Path, RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::{Made, PAGE};
use crate::{
    api_keys::{self, ApiKey, KeyError, NewKey, Token},
    audit::Origin,
    error::AppError,
    ids::ApiKeyId,
    people::Admin,
    scheduling::clock,
    state::AppState,
    web::{
        again::{self, Attempt},
        routes::Routes,
    },
};

pub fn routes() -> Routes {
    Routes::default().post(PAGE, make).post("/admin/api/keys/{id}/revoke", revoke)
}

/// What was typed for a new key.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub name: String,
    pub coordinator: String,
    pub scopes: Vec<String>,
    /// A date, or nothing.
    pub expires: String,
}

impl Typed {
    fn read(body: &[u8]) -> Result<Self, AppError> {
        let mut typed = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match &*name {
                "name" => typed.name = value.into_owned(),
                "coordinator" => typed.coordinator = value.into_owned(),
                "scopes[]" => typed.scopes.push(value.into_owned()),
                "expires" => typed.expires = value.into_owned(),
                _ => return Err(AppError::unknown_field()),
            }
        }
        Ok(typed)
    }

    fn key(&self, admin: &Admin) -> Result<NewKey, KeyError> {
        Ok(NewKey {
            name: self.name.clone(),
            coordinator: self.coordinator.parse().map_err(|_| KeyError::Coordinator)?,
            scopes: self.scopes.iter().map(|word| api_keys::scope(word)).collect::<Result<_, _>>()?,
            expires_at: self.end(admin)?,
        })
    }

    /// The end of the day that was chosen, by the administrator's clock.
    fn end(&self, admin: &Admin) -> Result<Option<DateTime<Utc>>, KeyError> {
        if self.expires.is_empty() {
            return Ok(None);
        }
        let date: NaiveDate = self.expires.parse().map_err(|_| KeyError::Expiry)?;
        let next = date.checked_add_days(Days::new(1)).filter(|_| date.format("%Y").to_string().len() == 4);
        let midnight = next.ok_or(KeyError::Expiry)?.and_time(NaiveTime::MIN);
        Ok(Some(clock::resolve(admin.member().clock(), midnight).instant()))
    }
}

async fn make(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let typed = match Typed::read(&body) {
        Ok(typed) => typed,
        Err(error) => return error.into_response(),
    };
    match made(&state, &admin, &typed, &origin).await {
        // Shown by this very answer: the key must stand in no address, and nowhere afterwards.
        Ok((key, token)) => again::show_with(PAGE, state, parts, Made { name: key.name, token: token.expose() }).await,
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error: error.into(), typed }).await,
    }
}

async fn made(state: &AppState, admin: &Admin, typed: &Typed, origin: &Origin) -> Result<(ApiKey, Token), KeyError> {
    let new = typed.key(admin)?;
    api_keys::create(&state.store, admin, &new, origin, state.clock.now()).await
}

async fn revoke(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Redirect, AppError> {
    let id: ApiKeyId = id.parse().map_err(|_| AppError::not_found())?;
    if !api_keys::revoke(&state.store, &admin, id, &origin, state.clock.now()).await? {
        return Err(AppError::not_found());
    }
    Ok(Redirect::to(&format!("{PAGE}?news=revoked")))
}
