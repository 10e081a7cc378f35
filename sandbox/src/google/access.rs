//! Who is calling, and whether they may.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::errors::{insufficient_scopes, invalid, known};
use super::scopes::{self, Method};
use crate::faults::Answer;
use crate::oauth::bearer;
use crate::oauth::grants::AccessToken;
use crate::world::{Account, Calendar, Provider, State};

/// Query parameters in order; a name may repeat.
pub struct Parameters(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Parameters {
    /// The last value of a parameter that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rfind(|(n, _)| n == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// A number within bounds: below is refused, above is cut.
    pub fn number(&self, name: &'static str, default: usize, most: usize) -> Result<usize, Answer> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<usize>() {
            Ok(number) if number >= 1 => Ok(number.min(most)),
            _ => Err(super::errors::invalid_parameter(name, &format!("Invalid integer value: '{text}'."))),
        }
    }
}

/// Somebody with a live access token that may call this method.
pub struct Caller {
    pub account: Account,
    token: AccessToken,
    method: Method,
}

impl Caller {
    /// Checks the token and its scopes.
    ///
    /// # Errors
    /// 401 without a token or with a dead one; 403 `insufficientPermissions` without a fitting scope.
    pub fn identify(state: &State, headers: &HeaderMap, method: Method) -> Result<Self, Answer> {
        let text = bearer(headers).ok_or_else(|| known("loginRequired"))?;
        let token = state.grants.access(Provider::Google, text, state.now()).ok_or_else(|| known("authError"))?;
        let account = state.account_of(Provider::Google, &token.account).ok_or_else(|| known("authError"))?;
        let caller = Self { account: account.clone(), token: token.clone(), method };
        if caller.opening().next().is_none() {
            let all: Vec<_> = method.scopes().iter().map(|scope| scopes::full(scope)).collect();
            return Err(insufficient_scopes(&method.rpc_name(), &all.join(" ")));
        }
        Ok(caller)
    }

    /// The application that asks.
    pub fn client_id(&self) -> &str {
        &self.token.client_id
    }

    /// The granted scopes that open this method.
    fn opening(&self) -> impl Iterator<Item = &'static str> {
        self.method.scopes().iter().copied().filter(|scope| self.token.has(&scopes::full(scope)))
    }

    /// Whether events may be shown with times only.
    pub fn sees_times_only(&self) -> bool {
        self.opening().all(|scope| scope == "calendar.events.freebusy")
    }

    /// One of the caller's own calendars; `primary` stands for the main one.
    ///
    /// # Errors
    /// 404 for any other; 403 if only `calendar.app.created` opens the method and this app did not make the calendar.
    pub fn calendar<'a>(&self, state: &'a State, id: &str) -> Result<&'a Calendar, Answer> {
        let own = if id == "primary" {
            state.primary(&self.account.email)
        } else {
            state.calendars_of(&self.account.email).into_iter().find(|calendar| calendar.id.eq_ignore_ascii_case(id))
        };
        let calendar = own.ok_or_else(|| known("notFound"))?;
        let only_made = self.opening().all(|scope| scope == "calendar.app.created");
        if only_made && calendar.extra.get("madeByApp").is_none() {
            return Err(insufficient_scopes(&self.method.rpc_name(), ""));
        }
        Ok(calendar)
    }
}

/// A JSON object from a request body; an empty body is an empty object.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Answer> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(invalid("The body must be a JSON object.")),
        Err(_) => Err(known("parseError")),
    }
}

/// A page of a list: which items, and the token for the next.
pub fn paged<T>(items: Vec<T>, size: usize, token: Option<&str>) -> Result<(Vec<T>, Option<String>), Answer> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let start = match token {
        None => 0,
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix("from ")?.parse::<usize>().ok())
            .ok_or_else(|| super::errors::invalid_parameter("pageToken", "Invalid page token value."))?,
    };
    let more = items.len() > start + size;
    let next = more.then(|| URL_SAFE_NO_PAD.encode(format!("from {}", start + size)));
    Ok((items.into_iter().skip(start).take(size).collect(), next))
}
