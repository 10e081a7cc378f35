//! Apple's iCloud and any other CalDAV server (RFC 4791).
//!
//! There is no OAuth: the token is a name and a password with what was found by them ([`access`]), sealed like any other. Addresses
//! that people type and links from answers go through [`crate::http::guard`]. Finding the calendars is in [`discover`], what
//! takes time in [`busy`], what changes without us in [`changes`], all that is ours in [`ours`], one request and its failures in
//! [`dav`].
//!
//! What a newcomer would get wrong: the server does not say when somebody is busy, its objects do, and series have to be counted
//! off here; and a server that knows attendees invites them by itself, so what we store names nobody and our own mail invites.

pub mod access;
mod busy;
mod changes;
mod dav;
mod discover;
mod ours;
mod recurrence;
mod xml;
mod zones;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use url::Url;

use self::{
    access::{Access, plain},
    busy::Asked,
    dav::{Ask, mkcalendar_body, multistatus, query_body},
    discover::Listed,
    recurrence::Budget,
    xml::Space,
    zones::Clock,
};
pub use self::{
    dav::DavError,
    discover::{Server, SignedIn},
};
use super::{
    AccessToken, Account, Calendar, CalendarError, CalendarInfo, EventDraft, Heard, Ours, Placed, RemoteEvent, Removal,
    Response,
    changes::{Changes, Cursor},
    ical::object::{Component, Entry},
    keys, made_before, unmoved,
};
use crate::{
    http::guard::{Guard, Listed as ListedHost, Realm, Rules},
    scheduling::interval::{Interval, normalise},
};

/// Where discovery begins; the account's calendars are on other hosts of the domain.
const ICLOUD: &str = "https://caldav.icloud.com/";
const ICLOUD_DOMAIN: &str = "icloud.com";
/// How many calendars of an account are read at the same time.
const SIDE_BY_SIDE: usize = 4;

/// The client. Clone it freely: the connection pools are shared.
#[derive(Clone)]
pub struct CaldavCalendar {
    guard: Guard,
    /// iCloud, or its stand-in.
    icloud: Url,
    is_stand_in: bool,
}

/// An object of ours on the server.
struct Stored {
    url: Url,
    etag: Option<String>,
    object: Component,
}

impl CaldavCalendar {
    /// # Panics
    /// If the system's TLS set-up cannot be read; called once at start.
    pub fn new(mut rules: Rules, stand_in: Option<&Url>) -> Self {
        rules.listed.extend(stand_in.and_then(ListedHost::all_of));
        let icloud = stand_in.cloned().unwrap_or_else(|| ICLOUD.parse().expect("an address written here is a URL"));
        Self { guard: Guard::new(rules), icloud, is_stand_in: stand_in.is_some() }
    }

    /// Where iCloud is, or what stands in for it.
    pub fn icloud(&self) -> &Url {
        &self.icloud
    }

    fn icloud_realm(&self) -> Realm {
        match self.icloud.host() {
            Some(host) if self.is_stand_in => Realm::Host(host.to_owned()),
            _ => Realm::Domain(ICLOUD_DOMAIN),
        }
    }

    /// What one calendar says of a window, read from its objects.
    async fn read(
        &self,
        access: &Access,
        calendar: &Listed,
        account: &Account,
        window: Interval,
    ) -> Result<Vec<Interval>, CalendarError> {
        if calendar.is_transparent {
            return Ok(Vec::new());
        }
        let responses = self.query(access, &calendar.info.id, window).await?;
        let mut addresses = access.addresses.clone();
        addresses.extend([account.email.to_ascii_lowercase(), access.user.to_ascii_lowercase()]);
        let floating = Clock::of(calendar.zone.or(account.zone));
        let counted = tokio::task::spawn_blocking(move || {
            let asked = Asked { addresses: &addresses, floating, window };
            let mut budget = Budget::new();
            let data = responses.iter().filter_map(|one| one.property(Space::Caldav, "calendar-data"));
            normalise(data.flat_map(|data| asked.taken(&data.text, &mut budget)).collect())
        });
        counted
            .await
            .map_err(|_| CalendarError::Unavailable("the events of a calendar could not be counted off".into()))
    }

    /// The objects with an event within the window. A day more on either side covers every clock that whole days and times
    /// without a zone may go by.
    async fn query(
        &self,
        access: &Access,
        calendar: &str,
        window: Interval,
    ) -> Result<Vec<xml::Response>, CalendarError> {
        let realm = access.realm(self);
        let url = access.at(calendar).ok_or(CalendarError::Gone)?;
        let utc = |instant: DateTime<Utc>| instant.format("%Y%m%dT%H%M%SZ").to_string();
        let (start, end) = (utc(window.start() - TimeDelta::days(1)), utc(window.end() + TimeDelta::days(1)));
        let ask = Ask::new("calendar-query", "REPORT", url).header("Depth", "1").xml(query_body(&start, &end));
        let answer = self.ask(&access.credentials(&realm), ask).await?;
        Ok(multistatus(answer).await?)
    }

    async fn get(&self, access: &Access, url: &Url) -> Result<Option<Stored>, CalendarError> {
        let realm = access.realm(self);
        let who = access.credentials(&realm);
        let answer = match self.ask(&who, Ask::new("get", "GET", url.clone())).await.map_err(CalendarError::from) {
            Ok(answer) => answer,
            Err(CalendarError::Gone) => return Ok(None),
            Err(error) => return Err(error),
        };
        let told = answer.reply.headers.get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let etag = match told {
            Some(etag) => Some(etag),
            None => self.etag(access, url).await?,
        };
        let text = String::from_utf8(answer.reply.body).ok();
        let object = text.and_then(|text| Component::read(&text).ok());
        let object = object.ok_or_else(|| CalendarError::Rejected("what stands there is no calendar object".into()))?;
        Ok(Some(Stored { url: url.clone(), etag, object }))
    }

    /// The etag where an answer did not tell it.
    async fn etag(&self, access: &Access, url: &Url) -> Result<Option<String>, CalendarError> {
        let realm = access.realm(self);
        let who = access.credentials(&realm);
        let (_, responses) = self.propfind(&who, "etag", url.clone(), "0", "<d:getetag/>").await?;
        let told = responses.first().and_then(|one| one.property(Space::Dav, "getetag"));
        Ok(told.map(|etag| etag.text.clone()).filter(|etag| !etag.is_empty()))
    }

    /// Writes an object where none is, or over the version that was read.
    async fn store(
        &self,
        access: &Access,
        url: &Url,
        object: &Component,
        over: Option<&Stored>,
    ) -> Result<Option<String>, CalendarError> {
        let realm = access.realm(self);
        let mut ask = Ask::new("put", "PUT", url.clone()).calendar(object.write());
        match over {
            None => ask = ask.header("If-None-Match", "*"),
            Some(stored) => ask = guarded(ask, stored),
        }
        let answer = self.ask(&access.credentials(&realm), ask).await?;
        let told = answer.reply.headers.get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
        match told {
            Some(etag) => Ok(Some(etag)),
            // It stands there; that its version is not known is no failure.
            None => Ok(self.etag(access, url).await.unwrap_or_default()),
        }
    }

    /// An object of this UID that stands under another name: somebody moved it, or a program that syncs renamed it.
    async fn elsewhere(
        &self,
        access: &Access,
        calendar: &str,
        draft: &EventDraft,
    ) -> Result<Option<Stored>, CalendarError> {
        let realm = access.realm(self);
        let base = access.at(calendar).ok_or(CalendarError::Gone)?;
        for response in self.query(access, calendar, draft.span).await? {
            let data =
                response.property(Space::Caldav, "calendar-data").and_then(|data| Component::read(&data.text).ok());
            if data.is_some_and(|object| object.event(&draft.uid).is_some()) {
                let id = changes::object_id(&base, &base, &response.href, &realm);
                return match id.and_then(|id| access.at(&id)) {
                    Some(url) => self.get(access, &url).await,
                    None => Ok(None),
                };
            }
        }
        Ok(None)
    }

    /// Where the event stands or is to stand.
    fn place(access: &Access, calendar: &str, draft: &EventDraft, last: Option<&Placed>) -> Result<Url, CalendarError> {
        let url = match last {
            Some(placed) => access.at(&placed.provider_id),
            None => access.at(&format!("{}/{}", calendar.trim_end_matches('/'), keys::caldav_name(draft))),
        };
        url.ok_or(CalendarError::Gone)
    }
}

impl Stored {
    /// Whether it holds this event, at no time that a person gave it.
    fn unmoved(&self, draft: &EventDraft, last: Option<&Placed>) -> Result<(), CalendarError> {
        let event = self.object.event(&draft.uid);
        let event = event.ok_or_else(|| CalendarError::Rejected("another event stands in its place".into()))?;
        unmoved(busy::times_of(event, &self.object), Entry::kept_span(event), draft, last)
    }
}

/// Only over the version that was read. A weak etag can never match (RFC 9110 section 13.1.1), and some servers have none: what was
/// read a moment ago is all there is then.
fn guarded(ask: Ask, stored: &Stored) -> Ask {
    match stored.etag.as_deref().filter(|etag| etag.starts_with('"')) {
        Some(etag) => ask.header("If-Match", etag),
        None => ask,
    }
}

/// The path of the calendar that is meant.
fn meant<'a>(access: &'a Access, calendar: &'a str) -> &'a str {
    if calendar == "primary" { &access.main } else { calendar }
}

/// What is written. Who takes part stands in the words: named as attendees, they would be invited by the server as well.
fn entry(draft: &EventDraft) -> Entry {
    let mut description = draft.description.clone();
    if !draft.attendees.is_empty() {
        description.push_str("\n\nTaking part:");
        for one in &draft.attendees {
            let name = one.name.as_deref().filter(|name| !name.is_empty());
            let optional = if one.optional { " (optional)" } else { "" };
            description.push_str(&match name {
                Some(name) => format!("\n{name}, {}{optional}", one.email),
                None => format!("\n{}{optional}", one.email),
            });
        }
    }
    let words = keys::words_digest(&EventDraft { description: description.clone(), ..draft.clone() });
    Entry {
        uid: draft.uid.clone(),
        sequence: draft.sequence,
        span: draft.span,
        summary: draft.summary.clone(),
        description,
        location: draft.location.clone(),
        marker: draft.marker.clone(),
        words,
        alert: draft.alert,
    }
}

/// The receipt for an object that shows this draft.
fn placed(url: &Url, etag: Option<String>, draft: &EventDraft) -> Placed {
    let (provider_id, ical_uid) = (url.path().to_owned(), Some(draft.uid.clone()));
    Placed { provider_id, etag, join_url: None, ical_uid, span: Some(draft.span) }
}

#[async_trait]
impl Calendar for CaldavCalendar {
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError> {
        let access = Access::read(token)?;
        Ok(self.list(&access).await?.into_iter().map(|one| one.info).collect())
    }

    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError> {
        let access = Access::read(token)?;
        let listed = async || -> Result<Option<CalendarInfo>, CalendarError> {
            Ok(made_before(self.list(&access).await?.into_iter().map(|one| one.info).collect(), name))
        };
        if let Some(known) = listed().await? {
            return Ok(known);
        }
        let path = format!("{}/{}/", access.home.path().trim_end_matches('/'), keys::calendar_name(name));
        let (url, realm) = (access.at(&path).ok_or(CalendarError::Gone)?, access.realm(self));
        let ask = Ask::new("mkcalendar", "MKCALENDAR", url).xml(mkcalendar_body(name));
        match self.ask(&access.credentials(&realm), ask).await.map_err(CalendarError::from) {
            Ok(_) => {}
            Err(CalendarError::Rejected(reason)) => {
                // The path is taken, by the calendar that an earlier request made; or the server makes none.
                return listed().await?.ok_or(CalendarError::Rejected(reason));
            }
            Err(error) => return Err(error),
        }
        let made = CalendarInfo {
            id: path,
            name: name.to_owned(),
            colour: None,
            zone: None,
            primary: false,
            writable: true,
            access: super::Access::Own,
        };
        // Some servers list it seconds later.
        Ok(listed().await?.unwrap_or(made))
    }

    /// One question for the list of calendars, one for each calendar. Nobody knows calendars that are not in the list.
    async fn busy_each(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let access = Arc::new(Access::read(token)?);
        let listed = self.list(&access).await?;
        let primary = ["primary".to_owned()];
        let asked = if calendars.is_empty() { primary.as_slice() } else { calendars };
        let mut heard: Vec<Heard> = Vec::new();
        let mut limited: Option<CalendarError> = None;
        for some in asked.chunks(SIDE_BY_SIDE) {
            let mut reading = JoinSet::new();
            for id in some {
                let path = plain(meant(&access, id));
                let known = listed.iter().find(|one| plain(&one.info.id) == path).cloned();
                let (client, access, account, id) = (self.clone(), access.clone(), account.clone(), id.clone());
                let limited = limited.clone();
                reading.spawn(async move {
                    let answer = match (limited, known) {
                        (Some(error), _) => Err(error),
                        (None, Some(known)) => client.read(&access, &known, &account, window).await,
                        (None, None) => Err(CalendarError::Gone),
                    };
                    (id, answer)
                });
            }
            for (id, answer) in reading.join_all().await {
                match &answer {
                    Err(CalendarError::SignInExpired) => return Err(CalendarError::SignInExpired),
                    Err(error) if error.is_limit() => limited = Some(error.clone()),
                    _ => {}
                }
                heard.push((id, answer));
            }
        }
        Ok(heard)
    }

    async fn put(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Placed, CalendarError> {
        let access = Access::read(token)?;
        let calendar = meant(&access, calendar);
        let url = Self::place(&access, calendar, draft, last)?;
        let entry = entry(draft);
        let mut known = self.get(&access, &url).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = match &known {
                None if last.is_some() => return Err(CalendarError::Gone),
                None => {
                    let stored = self.store(&access, &url, &entry.object(Utc::now()), None).await;
                    stored.map(|etag| placed(&url, etag, draft))
                }
                Some(stored) => {
                    stored.unmoved(draft, last)?;
                    match entry.edit(&stored.object, Utc::now()) {
                        None => return Ok(placed(&stored.url, stored.etag.clone(), draft)),
                        Some(changed) => {
                            let etag = self.store(&access, &stored.url, &changed, Some(stored)).await;
                            etag.map(|etag| placed(&stored.url, etag, draft))
                        }
                    }
                }
            };
            match (outcome, &known) {
                // Made or changed between our look and our write: most likely by ourselves, on a request whose answer was lost.
                (Err(CalendarError::Conflict { .. }), _) if tries == 1 => known = self.get(&access, &url).await?,
                (Err(CalendarError::Conflict { .. }), Some(stored)) => {
                    return Err(CalendarError::Conflict { etag: stored.etag.clone() });
                }
                // The UID is taken: the event stands there under another name.
                (Err(CalendarError::Rejected(reason)), None) if tries == 1 => {
                    let other = self.elsewhere(&access, calendar, draft).await?;
                    known = Some(other.ok_or(CalendarError::Rejected(reason))?);
                }
                (outcome, _) => return outcome,
            }
        }
    }

    async fn cancel(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
        _comment: &str,
    ) -> Result<Removal, CalendarError> {
        let access = Access::read(token)?;
        let gone = if last.is_some() { Removal::Removed } else { Removal::NotThere };
        // A calendar that is no path of this account holds nothing of ours.
        let Ok(url) = Self::place(&access, meant(&access, calendar), draft, last) else { return Ok(gone) };
        let realm = access.realm(self);
        for is_last in [false, true] {
            let Some(stored) = self.get(&access, &url).await? else { return Ok(gone) };
            if stored.object.event(&draft.uid).is_none() {
                return Ok(gone);
            }
            let ask = guarded(Ask::new("delete", "DELETE", url.clone()), &stored);
            match self.ask(&access.credentials(&realm), ask).await.map_err(CalendarError::from) {
                Ok(_) | Err(CalendarError::Gone) => return Ok(Removal::Removed),
                Err(CalendarError::Conflict { .. }) if !is_last => {}
                Err(CalendarError::Conflict { .. }) => return Err(CalendarError::Conflict { etag: stored.etag }),
                Err(error) => return Err(error),
            }
        }
        Err(CalendarError::Conflict { etag: None })
    }

    async fn find(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Option<RemoteEvent>, CalendarError> {
        let access = Access::read(token)?;
        let Ok(url) = Self::place(&access, meant(&access, calendar), draft, last) else { return Ok(None) };
        let Some(stored) = self.get(&access, &url).await? else { return Ok(None) };
        let Some(event) = stored.object.event(&draft.uid) else { return Ok(None) };
        let span = busy::times_of(event, &stored.object);
        Ok(Some(RemoteEvent {
            placed: Placed { span, ..placed(&stored.url, stored.etag.clone(), draft) },
            span,
            cancelled: event.value("STATUS").eq_ignore_ascii_case("CANCELLED"),
            attendees: event.all("ATTENDEE").map(answer).collect(),
            sequence: event.value("SEQUENCE").parse().ok(),
        }))
    }

    /// Nothing bounds what is listed at first.
    async fn changes(
        &self,
        token: &AccessToken,
        calendar: &str,
        since: Option<&Cursor>,
        _window: Interval,
    ) -> Result<Changes, CalendarError> {
        let access = Access::read(token)?;
        self.read_changes(&access, meant(&access, calendar), since).await
    }

    async fn ours(&self, token: &AccessToken, calendar: &str, window: Interval) -> Result<Vec<Ours>, CalendarError> {
        let access = Access::read(token)?;
        self.find_ours(&access, meant(&access, calendar), window).await
    }
}

/// Somebody whom a person added by hand, and what they answered.
fn answer(attendee: &super::ical::object::Property) -> (String, Response) {
    let address = attendee.value.split_once(':').map_or(attendee.value.as_str(), |(_, address)| address);
    let answer = match attendee.parameter("PARTSTAT").unwrap_or_default().to_ascii_uppercase().as_str() {
        "ACCEPTED" => Response::Accepted,
        "TENTATIVE" => Response::Tentative,
        "DECLINED" => Response::Declined,
        _ => Response::NeedsAction,
    };
    (address.to_owned(), answer)
}
