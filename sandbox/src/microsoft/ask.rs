//! Who asks, with which permissions and preferences: the extractor every Graph handler starts with.

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, HeaderMap};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::application;
use super::errors::GraphError;
use super::odata::Options;
use super::zones::Zone;
use crate::oauth::bearer;
use crate::oauth::grants::ApplicationToken;
use crate::world::{Account, AccountKind, Provider, World};

/// What an operation needs; wider ones include narrower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    UserRead,
    CalendarsReadBasic,
    CalendarsRead,
    CalendarsReadWrite,
    MailboxSettingsRead,
}

impl Permission {
    fn granted_by(self) -> &'static [&'static str] {
        match self {
            Self::UserRead => &["User.Read", "User.ReadBasic.All", "User.ReadWrite"],
            Self::CalendarsReadBasic => {
                &["Calendars.ReadBasic", "Calendars.ReadBasic.All", "Calendars.Read", "Calendars.ReadWrite"]
            }
            Self::CalendarsRead => &["Calendars.Read", "Calendars.ReadWrite"],
            Self::CalendarsReadWrite => &["Calendars.ReadWrite"],
            Self::MailboxSettingsRead => &["MailboxSettings.Read", "MailboxSettings.ReadWrite"],
        }
    }
}

/// The `Prefer` header's wishes (RFC 7240) that the calendar understands.
#[derive(Clone, Debug)]
pub struct Prefer {
    pub zone: Zone,
    pub immutable_ids: bool,
    pub text_body: bool,
    pub page_size: Option<usize>,
    applied: Vec<String>,
}

impl Prefer {
    /// Reads all `Prefer` headers of a request.
    ///
    /// # Errors
    /// 400 for a zone nobody knows.
    pub fn read(headers: &HeaderMap) -> Result<Self, GraphError> {
        let mut prefer =
            Self { zone: Zone::utc(), immutable_ids: false, text_body: false, page_size: None, applied: Vec::new() };
        let wishes = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).flat_map(split_wishes);
        for wish in wishes {
            let (name, value) = wish.split_once('=').unwrap_or((&wish, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            match name.as_str() {
                "outlook.timezone" => {
                    prefer.zone = Zone::parse(value).ok_or_else(|| unsupported_zone(value))?;
                    prefer.applied.push(format!("outlook.timezone=\"{value}\""));
                }
                "idtype" if value.eq_ignore_ascii_case("ImmutableId") => {
                    prefer.immutable_ids = true;
                    prefer.applied.push("IdType=\"ImmutableId\"".to_owned());
                }
                "outlook.body-content-type" if value.eq_ignore_ascii_case("text") => {
                    prefer.text_body = true;
                    prefer.applied.push("outlook.body-content-type=\"text\"".to_owned());
                }
                "odata.maxpagesize" => {
                    prefer.page_size = value.parse().ok().filter(|size| (1..=1000).contains(size));
                    prefer.applied.extend(prefer.page_size.map(|size| format!("odata.maxpagesize={size}")));
                }
                _ => {}
            }
        }
        Ok(prefer)
    }

    /// A JSON answer, with the preferences that were applied.
    pub fn json(&self, status: StatusCode, body: &Value) -> Response {
        let kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
        let mut response = (status, [("content-type", kind)], body.to_string()).into_response();
        if let Ok(applied) = HeaderValue::from_str(&self.applied.join(", "))
            && !applied.is_empty()
        {
            response.headers_mut().insert("preference-applied", applied);
        }
        response
    }
}

/// Splits at commas outside quotes: zone names hold none, but a quoted value may.
fn split_wishes(header: &str) -> Vec<String> {
    let mut wishes = vec![String::new()];
    let mut quoted = false;
    for character in header.chars() {
        quoted ^= character == '"';
        match character {
            ',' if !quoted => wishes.push(String::new()),
            _ => wishes.last_mut().expect("one is there from the start").push(character),
        }
    }
    wishes.into_iter().map(|wish| wish.trim().to_owned()).filter(|wish| !wish.is_empty()).collect()
}

/// 400 for a zone name that is neither Windows nor IANA.
pub fn unsupported_zone(name: &str) -> GraphError {
    let message =
        format!("A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.");
    GraphError::bad("TimeZoneNotSupportedException", message)
}

/// The id in a path, whether or not a user is named before it.
#[derive(Deserialize)]
pub struct Named {
    pub id: String,
}

/// One authenticated request to Graph.
pub struct Ask {
    pub world: World,
    /// Whose mailbox it is about.
    pub account: Account,
    /// What the token allows: a person's scopes, or an application's roles.
    pub scopes: Vec<String>,
    /// Whether an application asks by itself.
    pub by_application: bool,
    pub prefer: Prefer,
    /// Scheme, host and port the client used; absolute links start with it.
    pub origin: String,
    pub path: String,
    pub options: Options,
    pub if_match: Option<String>,
}

impl FromRequestParts<World> for Ask {
    type Rejection = GraphError;

    async fn from_request_parts(parts: &mut Parts, world: &World) -> Result<Self, GraphError> {
        let path = parts.uri.path();
        let application = application_token(world, &parts.headers);
        let by_application = application.is_some();
        let (account, scopes) = match application {
            Some(token) => (application::mailbox(&world.lock(), &token, path)?, token.roles),
            None => own_mailbox(signed_in(world, &parts.headers)?, path)?,
        };
        let if_match = parts.headers.get("if-match").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self {
            world: world.clone(),
            account,
            scopes,
            by_application,
            prefer: Prefer::read(&parts.headers)?,
            origin: origin(world, &parts.headers),
            path: path.to_owned(),
            options: Options::read(parts.uri.query().unwrap_or_default())?,
            if_match,
        })
    }
}

impl Ask {
    /// Refuses with 403 unless one of the granted scopes covers the operation.
    pub fn allow(&self, permission: Permission) -> Result<(), GraphError> {
        let covers = |scope: &String| {
            let name = scope.strip_prefix(super::identity::GRAPH).unwrap_or(scope);
            let name = name.strip_suffix(".Shared").unwrap_or(name);
            permission.granted_by().contains(&name)
        };
        if self.scopes.iter().any(covers) { Ok(()) } else { Err(GraphError::denied()) }
    }

    /// Whether the mailbox belongs to an organisation.
    pub fn is_work(&self) -> bool {
        self.account.kind == AccountKind::Work
    }

    /// A JSON answer, with the preferences that were applied.
    pub fn json(&self, status: StatusCode, body: &Value) -> Response {
        self.prefer.json(status, body)
    }

    /// What `@odata.context` says about the answer.
    pub fn context(&self, of: &str) -> String {
        format!("{}/v1.0/$metadata#{of}", self.origin)
    }

    /// The user's part of a context, its address encoded as Graph does.
    pub fn user_context(&self, of: &str) -> String {
        let address = percent_encoding::utf8_percent_encode(&self.account.subject, percent_encoding::NON_ALPHANUMERIC);
        self.context(&format!("users('{address}')/{of}"))
    }
}

/// An application's own live token, if the request carries one.
pub fn application_token(world: &World, headers: &HeaderMap) -> Option<ApplicationToken> {
    let state = world.lock();
    state.grants.of_application(bearer(headers)?, state.now()).cloned()
}

/// A person's mailbox is `/me`, and the same below `/users` under the own name. Other people's are not shared here.
fn own_mailbox((account, scopes): (Account, Vec<String>), path: &str) -> Result<(Account, Vec<String>), GraphError> {
    let own = |name: &String| account.email.eq_ignore_ascii_case(name) || account.subject.eq_ignore_ascii_case(name);
    match application::user(path) {
        Some(name) if !own(&name) => Err(GraphError::denied()),
        _ => Ok((account, scopes)),
    }
}

/// The account and scopes behind a person's bearer token.
///
/// # Errors
/// 401 without a token, or with one that is over or was never given out.
pub fn signed_in(world: &World, headers: &HeaderMap) -> Result<(Account, Vec<String>), GraphError> {
    let token = bearer(headers).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| GraphError::token("Access token is empty."))?;
    let state = world.lock();
    match state.grants.access(Provider::Microsoft, token, state.now()) {
        Some(access) => {
            let account = state.account(&access.account).cloned();
            let account = account.ok_or_else(|| GraphError::token("The user of this token does not exist."))?;
            Ok((account, access.scopes.clone()))
        }
        None => Err(GraphError::token("Lifetime validation failed, the token is expired.")),
    }
}

/// Scheme, host and port by which the client reached us.
pub fn origin(world: &World, headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    // The same router answers on both ports; only the port tells them apart.
    let https = world.microsoft_https_url();
    let https_port = https.rsplit(':').next().unwrap_or_default();
    let scheme = if host.rsplit(':').next() == Some(https_port) { "https" } else { "http" };
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Prefer, GraphError> {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", HeaderValue::from_str(value).unwrap());
        Prefer::read(&headers)
    }

    #[test]
    fn several_wishes_fit_in_one_header() {
        let prefer =
            read("outlook.timezone=\"Pacific Standard Time\", IdType=\"ImmutableId\",odata.maxpagesize=7").unwrap();
        assert_eq!(prefer.zone.tz, chrono_tz::America::Los_Angeles);
        assert!(prefer.immutable_ids);
        assert_eq!(prefer.page_size, Some(7));
        assert_eq!(prefer.applied.len(), 3);
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert_eq!(read("outlook.timezone=\"Mars\"").unwrap_err().code, "TimeZoneNotSupportedException");
    }
}
