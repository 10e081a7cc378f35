//! Apple's iCloud calendars over CalDAV (RFC 4791, RFC 6578, RFC 6638), with the habits clients have reported of it.
//!
//! Discovery begins on one port and leads by an absolute address to another, as it leads from `caldav.icloud.com` to an
//! account's partition host; both answer everything. What is kept are objects ([`crate::world::objects`]).
//!
//! Its own ways, beside the switches in [`crate::apple::Quirk`]:
//!
//! - Only Basic is taken, with an app-specific password, though the 401 offers another scheme first.
//! - A principal answers under `/principal/` (unless told otherwise), and refuses Depth 1. `allprop` leaves `resourcetype` out.
//! - A query must filter by component; there is no `free-busy-query`; `sync-collection` lists the collection itself and
//!   heeds no limit.
//! - An event without an end is refused, and so is a UID that another object of the account has.
//! - `If-Match: *` works backwards. What is stored is not byte for byte what was sent.
//! - Invitations are sent for an event whose organizer is the account, to every attendee that is not left to the client.

/// Refusals and their names.
mod errors;
/// WebDAV's multistatus, with the switches that bend it.
mod multistatus;
/// Addresses and what is there.
mod places;
/// What each place says of itself.
mod properties;
/// PROPFIND and PROPPATCH.
mod propfind;
/// What servers do differently, as switches.
mod quirks;
/// REPORT: query, multiget, sync.
mod report;
/// Invitations sent by the server.
mod schedule;
/// PUT, DELETE, MKCALENDAR.
mod write;
/// XML in and out.
mod xml;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State as Shared};
use axum::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use errors::{Problem, catalogue, catalogue_names, status_answer};
pub use quirks::Quirk;

use crate::record::Quirks;
use crate::world::{Account, Service, State, World};
use places::Place;

/// What it says it can do.
const ABILITIES: &str = "1, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, calendar-audit, \
                         caldavserver-supports-telephone, calendarserver-principal-property-search, extended-mkcol";

/// The methods it knows.
const METHODS: &str = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, ACL";

/// Routes: every address and every method.
pub fn router(world: World) -> Router {
    Router::new().fallback(answer).with_state(world)
}

/// Whose account the request's Basic credentials open.
pub fn whose(state: &State, headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    let decoded = STANDARD.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(decoded).ok()?;
    let (email, password) = pair.split_once(':')?;
    state.opened_by(email, password).map(|account| account.email.clone())
}

/// One request by somebody who is known.
struct Ask<'a> {
    world: &'a World,
    account: Account,
    method: &'a str,
    path: &'a str,
    headers: &'a HeaderMap,
    body: &'a str,
    /// The switches that took part.
    taken: Vec<&'static str>,
}

impl Ask<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// Whether the answer must have this quirk.
    fn has(&mut self, state: &mut State, quirk: Quirk) -> bool {
        let request = (self.method, self.path, Some(self.account.email.as_str()));
        let has = state.take_quirk(Service::Apple, quirk, request);
        if has {
            self.taken.push(quirk.name());
        }
        has
    }

    fn xml(&self) -> Result<xml::Element, Problem> {
        xml::Element::parse(self.body).map_err(|_| StatusCode::BAD_REQUEST.into())
    }
}

async fn answer(Shared(world): Shared<World>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_else(|_| Bytes::new());
    if parts.uri.path() == "/.well-known/caldav" {
        return (StatusCode::MOVED_PERMANENTLY, [(LOCATION, "/")]).into_response();
    }
    let mut state = world.lock();
    let account = whose(&state, &parts.headers).and_then(|email| state.account(&email).cloned());
    let Some(account) = account else { return status_answer(StatusCode::UNAUTHORIZED).into_response() };
    let Ok(body) = std::str::from_utf8(&body) else { return status_answer(StatusCode::BAD_REQUEST).into_response() };
    let mut ask = Ask {
        world: &world,
        account,
        method: parts.method.as_str(),
        path: parts.uri.path(),
        headers: &parts.headers,
        body,
        taken: Vec::new(),
    };
    let mut response = dispatch(&mut state, &mut ask).unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(Quirks(ask.taken));
    response.headers_mut().insert("dav", HeaderValue::from_static(ABILITIES));
    response
}

fn dispatch(state: &mut State, ask: &mut Ask) -> Result<Response, Problem> {
    if ask.method == "MKCALENDAR" {
        return write::make_calendar(state, ask);
    }
    let place = Place::find(state, ask)?;
    match ask.method {
        "OPTIONS" => Ok((StatusCode::OK, [(ALLOW, METHODS)]).into_response()),
        "PROPFIND" => propfind::propfind(state, ask, &place),
        "PROPPATCH" => propfind::proppatch(state, ask, &place),
        "REPORT" => report::report(state, ask, &place),
        "PUT" => write::put(state, ask, &place),
        "DELETE" => write::delete(state, ask, &place),
        method if method == Method::GET || method == Method::HEAD => get(state, ask, &place),
        _ => Err(StatusCode::METHOD_NOT_ALLOWED.into()),
    }
}

fn get(state: &mut State, ask: &mut Ask, place: &Place) -> Result<Response, Problem> {
    let Place::Object(calendar, name) = place else { return Err(StatusCode::FORBIDDEN.into()) };
    let object = state.object(calendar, name).ok_or(StatusCode::NOT_FOUND)?;
    let (version, text) = (object.version, object.calendar.write());
    let etag = etag(version, ask.has(state, Quirk::WeakEtags));
    Ok(([(CONTENT_TYPE, "text/calendar; charset=UTF-8".to_owned()), (ETAG, etag)], text).into_response())
}

/// The entity tag of a version.
pub fn etag(version: u64, weak: bool) -> String {
    let weak = if weak { "W/" } else { "" };
    format!("{weak}\"mk{version:08x}\"")
}
