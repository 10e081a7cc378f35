//! One request to a CalDAV server and what its answer means.
//!
//! Which failure is which: a wrong password, an address that is no CalDAV server, one that may not be asked. Nothing here knows
//! calendars or events.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use url::Url;

use super::{
    CaldavCalendar,
    xml::{self, Element, Response, Space, XmlError},
};
use crate::{
    calendars::{CalendarError, Provider},
    http::{
        Reply,
        guard::{Answer, Call, Credentials, GuardError, Refused},
    },
    metrics,
};

/// Why a server could not be asked, in terms that the person who typed its address can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DavError {
    /// The address, or one it led to, may not be used from here.
    #[error("refused: {0}")]
    Address(Refused),
    #[error("TLS: {0}")]
    Tls(String),
    /// Name or password are not accepted.
    #[error("the sign-in was refused")]
    Login,
    /// The server sends its callers to another one, which was not given the password.
    #[error("another server answers for it")]
    Elsewhere(Url),
    /// Something answers, and it is no CalDAV server.
    #[error("no CalDAV server")]
    NotCaldav,
    #[error(transparent)]
    Xml(XmlError),
    /// The account has no calendar for events.
    #[error("no calendar")]
    NoCalendar,
    #[error(transparent)]
    Calendar(CalendarError),
}

impl From<DavError> for CalendarError {
    fn from(error: DavError) -> Self {
        match error {
            DavError::Login => Self::SignInExpired,
            DavError::Calendar(error) => error,
            DavError::NoCalendar => Self::Gone,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<CalendarError> for DavError {
    fn from(error: CalendarError) -> Self {
        Self::Calendar(error)
    }
}

impl From<XmlError> for DavError {
    fn from(error: XmlError) -> Self {
        if error == XmlError::NotXml { Self::NotCaldav } else { Self::Xml(error) }
    }
}

/// A request in the making.
pub(super) struct Ask {
    action: &'static str,
    method: Method,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    writes: bool,
}

impl Ask {
    /// # Panics
    /// On a name that is no method; they are all written in this module's neighbours.
    pub fn new(action: &'static str, method: &str, url: Url) -> Self {
        let method = Method::from_bytes(method.as_bytes()).expect("a method written here is one");
        let writes = matches!(method.as_str(), "PUT" | "DELETE" | "MKCALENDAR");
        Self { action, method, url, headers: Vec::new(), body: None, writes }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn xml(self, body: String) -> Self {
        let mut ask = self.header("Content-Type", "application/xml; charset=utf-8");
        ask.body = Some(body);
        ask
    }

    pub fn calendar(self, body: String) -> Self {
        let mut ask = self.header("Content-Type", "text/calendar; charset=utf-8");
        ask.body = Some(body);
        ask
    }
}

impl CaldavCalendar {
    /// Sends, and turns whatever is no success into a failure.
    pub(super) async fn ask(&self, who: &Credentials<'_>, ask: Ask) -> Result<Answer, DavError> {
        let writes = ask.writes;
        success(self.send(who, ask).await?, writes)
    }

    /// Sends, and leaves it to the caller what a status means.
    pub(super) async fn send(&self, who: &Credentials<'_>, ask: Ask) -> Result<Answer, DavError> {
        let Ask { action, method, url, headers, body, writes } = ask;
        let call = Call { action, method, url, headers, body, credentials: Some(who.clone()) };
        let started = Instant::now();
        let answer = self.guard.send(call).await;
        let status = answer.as_ref().ok().map(|answer| answer.reply.status.as_u16());
        metrics::provider_call(Provider::Apple.as_str(), action, status, started.elapsed());
        answer.map_err(|error| lost(error, writes))
    }

    /// Asks for properties; the answer comes with the address that gave it.
    pub(super) async fn propfind(
        &self,
        who: &Credentials<'_>,
        action: &'static str,
        url: Url,
        depth: &str,
        properties: &str,
    ) -> Result<(Url, Vec<Response>), DavError> {
        let ask = Ask::new(action, "PROPFIND", url).header("Depth", depth).xml(propfind_body(properties));
        let answer = self.ask(who, ask).await?;
        let url = answer.url.clone();
        Ok((url, multistatus(answer).await?))
    }
}

/// The answer, if it is a success.
pub(super) fn success(answer: Answer, wrote: bool) -> Result<Answer, DavError> {
    match answer.reply.status {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED if answer.without_password => Err(DavError::Elsewhere(answer.url)),
        StatusCode::UNAUTHORIZED => Err(DavError::Login),
        _ => Err(failure(&answer.reply, wrote).into()),
    }
}

/// Reads a `207`.
pub(super) async fn multistatus(answer: Answer) -> Result<Vec<Response>, DavError> {
    read(answer, xml::multistatus).await
}

/// Reads a `207` of a collection's members.
pub(super) async fn listing(answer: Answer) -> Result<xml::Listing, DavError> {
    read(answer, xml::listing).await
}

/// Reads a `207` away from the threads that serve others.
async fn read<T: Send + 'static>(answer: Answer, how: fn(&[u8]) -> Result<T, XmlError>) -> Result<T, DavError> {
    if answer.reply.status != StatusCode::MULTI_STATUS {
        return Err(DavError::NotCaldav);
    }
    let read = tokio::task::spawn_blocking(move || how(&answer.reply.body)).await;
    Ok(read.map_err(|_| CalendarError::Unavailable("an answer could not be read".into()))??)
}

/// The address in a property such as `current-user-principal`.
pub(super) fn link(property: &Element) -> Option<&str> {
    property.child(Space::Dav, "href").map(|href| href.text.as_str()).filter(|href| !href.is_empty())
}

const SPACES: &str = r#"xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:a="http://apple.com/ns/ical/""#;

/// Properties by name: some servers leave out half of them when asked for all.
pub(super) fn propfind_body(properties: &str) -> String {
    format!(r#"<?xml version="1.0" encoding="utf-8"?><d:propfind {SPACES}><d:prop>{properties}</d:prop></d:propfind>"#)
}

/// The objects of a calendar with an event within these times, which are UTC as iCalendar writes it. iCloud refuses a query that
/// names no kind of component.
pub(super) fn query_body(start: &str, end: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><c:calendar-query {SPACES}><d:prop><d:getetag/><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range start="{start}" end="{end}"/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"#
    )
}

/// What changed in a collection since this token, everything if it is empty (RFC 6578 section 3.2).
pub(super) fn sync_body(token: &str) -> String {
    let token = quick_xml::escape::escape(token);
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><d:sync-collection {SPACES}><d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"#
    )
}

/// A calendar for events, of this name (RFC 4791 section 5.3.1).
pub(super) fn mkcalendar_body(name: &str) -> String {
    let name = quick_xml::escape::escape(name);
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><c:mkcalendar {SPACES}><d:set><d:prop><d:displayname>{name}</d:displayname><c:supported-calendar-component-set><c:comp name="VEVENT"/></c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>"#
    )
}

fn lost(error: GuardError, wrote: bool) -> DavError {
    match error {
        GuardError::Refused(refused) => DavError::Address(refused),
        GuardError::Tls(reason) => DavError::Tls(reason),
        GuardError::AnswerLost(text) if wrote => CalendarError::UnknownOutcome(text).into(),
        GuardError::AnswerLost(text) | GuardError::NotSent(text) => CalendarError::Unavailable(text).into(),
    }
}

/// What a status that is no success means.
fn failure(reply: &Reply, wrote: bool) -> CalendarError {
    if reply.status == StatusCode::INSUFFICIENT_STORAGE {
        return CalendarError::Rejected("507 the account is full".into());
    }
    if let Some(error) = reply.overload(wrote) {
        return error;
    }
    let condition = xml::precondition(&reply.body);
    match (reply.status.as_u16(), condition.as_deref()) {
        (404 | 410, _) => CalendarError::Gone,
        (412, _) => CalendarError::Conflict { etag: None },
        (423, _) => CalendarError::Unavailable("locked".into()),
        (403, None | Some("need-privileges")) => {
            let right = if wrote { "write access to this calendar" } else { "read access to this calendar" };
            CalendarError::PermissionMissing(vec![right.into()])
        }
        (status, condition) => CalendarError::Rejected(format!("{status} {}", condition.unwrap_or("no reason given"))),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    #[test]
    fn statuses_are_told_apart() {
        let conflict = r#"<error xmlns="DAV:"><no-uid-conflict xmlns="urn:ietf:params:xml:ns:caldav"/></error>"#;
        let privileges = r#"<error xmlns="DAV:"><need-privileges/></error>"#;
        for (status, body, wrote, expected) in [
            (404, "", false, CalendarError::Gone),
            (410, "", true, CalendarError::Gone),
            (412, "", true, CalendarError::Conflict { etag: None }),
            (409, conflict, true, CalendarError::Rejected("409 no-uid-conflict".into())),
            (403, conflict, true, CalendarError::Rejected("403 no-uid-conflict".into())),
            (403, privileges, true, CalendarError::PermissionMissing(vec!["write access to this calendar".into()])),
            (403, "", false, CalendarError::PermissionMissing(vec!["read access to this calendar".into()])),
            (507, "", true, CalendarError::Rejected("507 the account is full".into())),
            (503, "", true, CalendarError::UnknownOutcome("the provider answered 503".into())),
            (500, "", false, CalendarError::Unavailable("the provider answered 500".into())),
            (423, "", true, CalendarError::Unavailable("locked".into())),
            (405, "", false, CalendarError::Rejected("405 no reason given".into())),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let reply = Reply { status, headers: HeaderMap::new(), body: body.into() };
            assert_eq!(failure(&reply, wrote), expected, "{status}");
        }
    }

    #[test]
    fn names_do_not_break_out_of_the_xml() {
        let body = mkcalendar_body("Tom & <Ana>\"'");
        assert!(body.contains("<d:displayname>Tom &amp; &lt;Ana&gt;&quot;&apos;</d:displayname>"), "{body}");
    }
}
