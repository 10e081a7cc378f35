//! From a server, a name and a password to the account's calendars (RFC 6764 section 6, RFC 4791 section 6.2.1).
//!
//! Links are relative to whoever answered. One that leads where the password does not belong is left out and counted, never
//! followed. iCloud labels its answers as it likes, so what is asked of one place is taken from the one answer.

use url::Url;

use super::{
    CaldavCalendar,
    access::{Access, plain},
    dav::{DavError, link},
    xml::{Response, Space},
    zones,
};
use crate::{
    calendars::{Access as Right, AccessToken, CalendarError, CalendarInfo, colour},
    http::guard::{Credentials, Realm, Refused},
};

/// Where an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    Icloud,
    /// At an address that somebody typed, and that the rules let pass.
    At(Url),
}

/// An account that lets us in.
pub struct SignedIn {
    pub token: AccessToken,
    /// What stays the same however its calendars are called.
    pub subject: String,
    /// An address of it, if it tells one.
    pub email: Option<String>,
    pub calendars: Vec<CalendarInfo>,
}

/// A calendar with what reading it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub info: CalendarInfo,
    /// Counts as free, whatever stands in it (RFC 6638 section 9.1).
    pub is_transparent: bool,
    pub zone: Option<chrono_tz::Tz>,
}

const WHO: &str = "<d:current-user-principal/><c:calendar-home-set/><c:calendar-user-address-set/>";
const CALENDARS: &str = "<d:resourcetype/><d:displayname/><d:current-user-privilege-set/><a:calendar-color/>\
    <c:supported-calendar-component-set/><c:calendar-timezone/><c:schedule-calendar-transp/>";
/// What the calendar that stands for the primary one is called where servers make one by themselves.
const MAIN: [&str; 4] = ["home", "calendar", "default", "personal"];

/// Somebody's place on a server.
struct Principal {
    url: Url,
    home: Url,
    addresses: Vec<String>,
}

impl CaldavCalendar {
    /// Judges an address that somebody typed.
    ///
    /// # Errors
    /// [`Refused`], for the log.
    pub fn server(&self, typed: &str) -> Result<Server, Refused> {
        self.guard.rules().read(typed).map(Server::At)
    }

    /// Finds the account's calendars.
    ///
    /// # Errors
    /// [`DavError`], after one try: wrong passwords may lock an account.
    pub async fn sign_in(&self, server: &Server, user: &str, password: &str) -> Result<SignedIn, DavError> {
        let (starts, realm) = match server {
            Server::Icloud => (vec![self.icloud.clone()], self.icloud_realm()),
            Server::At(url) => {
                let mut starts = vec![url.clone()];
                for path in ["/.well-known/caldav", "/"] {
                    starts.extend(url.join(path).ok().filter(|start| start != url));
                }
                (starts, Realm::Origin(url.origin()))
            }
        };
        let who = Credentials { user, password, realm: &realm };
        let mut outcome = Err(DavError::NotCaldav);
        for start in starts {
            outcome = self.principal(&who, start).await;
            if !matches!(outcome, Err(DavError::NotCaldav)) {
                break;
            }
        }
        let Principal { url, home, addresses } = outcome?;
        let mut access = Access {
            icloud: *server == Server::Icloud,
            user: user.to_owned(),
            password: password.to_owned(),
            home,
            main: String::new(),
            addresses,
        };
        let listed = self.list(&access).await?;
        access.main = main_of(&listed).ok_or(DavError::NoCalendar)?;
        let calendars = listed.into_iter().map(|one| one.info.with_main(&access.main)).collect();
        // iCloud's partition host may change, the path does not.
        let host = if access.icloud { self.icloud.host_str() } else { url.host_str() };
        Ok(SignedIn {
            token: access.token(),
            subject: format!("{}{}", host.unwrap_or_default(), plain(url.path())),
            email: access.addresses.iter().find(|address| address.contains('@')).cloned(),
            calendars,
        })
    }

    async fn principal(&self, who: &Credentials<'_>, start: Url) -> Result<Principal, DavError> {
        let (at, answer) = self.property_of(who, "principal", start).await?;
        let unauthenticated = answer
            .property(Space::Dav, "current-user-principal")
            .is_some_and(|principal| principal.has(Space::Dav, "unauthenticated"));
        if unauthenticated {
            return Err(DavError::Login);
        }
        if let Some(found) = principal_in(&at, &answer, who.realm) {
            return Ok(found);
        }
        let link = answer.property(Space::Dav, "current-user-principal").and_then(link);
        let url = link.and_then(|href| resolve(&at, href, who.realm)).ok_or(DavError::NotCaldav)?;
        let (at, answer) = self.property_of(who, "home", url).await?;
        principal_in(&at, &answer, who.realm).ok_or(DavError::NotCaldav)
    }

    /// The one answer about one place.
    async fn property_of(
        &self,
        who: &Credentials<'_>,
        action: &'static str,
        url: Url,
    ) -> Result<(Url, Response), DavError> {
        let found = self.propfind(who, action, url, "0", WHO).await;
        let (at, responses) = found.map_err(|error| match error {
            // An ordinary web server knows no such method or no such place, and some servers call foreign places forbidden.
            DavError::Calendar(
                CalendarError::Gone | CalendarError::Rejected(_) | CalendarError::PermissionMissing(_),
            ) => DavError::NotCaldav,
            error => error,
        })?;
        let response = responses.into_iter().next().ok_or(DavError::NotCaldav)?;
        Ok((at, response))
    }

    /// The account's calendars for events.
    pub(super) async fn list(&self, access: &Access) -> Result<Vec<Listed>, DavError> {
        let realm = access.realm(self);
        let who = access.credentials(&realm);
        let (at, responses) = self.propfind(&who, "calendars", access.home.clone(), "1", CALENDARS).await?;
        let mut foreign = 0;
        let mut listed = Vec::new();
        for response in &responses {
            match resolve(&at, &response.href, &realm) {
                Some(url) if plain(url.path()) != plain(access.home.path()) => {
                    listed.extend(
                        calendar(&url, response).map(|one| Listed { info: one.info.with_main(&access.main), ..one }),
                    );
                }
                Some(_) => {}
                None => foreign += 1,
            }
        }
        if foreign > 0 {
            tracing::warn!(foreign, "links that lead elsewhere were left out");
        }
        Ok(listed)
    }
}

impl CalendarInfo {
    fn with_main(self, main: &str) -> Self {
        Self { primary: !main.is_empty() && plain(&self.id) == plain(main), ..self }
    }
}

/// A link, if it leads where the password belongs.
pub(super) fn resolve(at: &Url, href: &str, realm: &Realm) -> Option<Url> {
    let url = at.join(href).ok()?;
    (realm.admits(&url) && url.username().is_empty() && url.password().is_none()).then_some(url)
}

fn principal_in(at: &Url, answer: &Response, realm: &Realm) -> Option<Principal> {
    let homes = answer.property(Space::Caldav, "calendar-home-set")?;
    let home = homes.all(Space::Dav, "href").find_map(|href| resolve(at, &href.text, realm))?;
    let addresses = answer.property(Space::Caldav, "calendar-user-address-set");
    let addresses = addresses.iter().flat_map(|set| set.all(Space::Dav, "href")).filter_map(|href| {
        let address = href.text.to_ascii_lowercase();
        address.strip_prefix("mailto:").filter(|address| address.contains('@')).map(str::to_owned)
    });
    Some(Principal { url: at.clone(), home, addresses: addresses.collect() })
}

/// A calendar that events can stand in; nothing for lists of reminders, in- and outboxes and other folders.
fn calendar(url: &Url, response: &Response) -> Option<Listed> {
    let kind = response.property(Space::Dav, "resourcetype")?;
    let kinds = response.property(Space::Caldav, "supported-calendar-component-set");
    let takes_events = kinds.is_none_or(|kinds| kinds.all(Space::Caldav, "comp").any(|one| one.named == "VEVENT"));
    if !kind.has(Space::Caldav, "calendar") || !takes_events {
        return None;
    }
    let text =
        |space, name| response.property(space, name).map(|one| one.text.as_str()).filter(|text| !text.is_empty());
    let writes = ["write", "write-content", "bind", "all"];
    let writable = match response.property(Space::Dav, "current-user-privilege-set") {
        Some(set) => set
            .all(Space::Dav, "privilege")
            .any(|privilege| writes.iter().any(|right| privilege.has(Space::Dav, right))),
        // A server that does not tell is found out by writing.
        None => true,
    };
    let writable = writable && !kind.children.iter().any(|one| one.name == "subscribed");
    let is_transparent = response
        .property(Space::Caldav, "schedule-calendar-transp")
        .is_some_and(|transp| transp.has(Space::Caldav, "transparent"));
    let zone = text(Space::Caldav, "calendar-timezone").and_then(zones::of_calendar);
    let last = plain(url.path());
    let name = text(Space::Dav, "displayname").or_else(|| last.rsplit('/').next()).unwrap_or("Calendar");
    let info = CalendarInfo {
        id: url.path().to_owned(),
        name: name.to_owned(),
        colour: text(Space::Apple, "calendar-color").and_then(colour),
        zone: zone.map(|zone| zone.name().to_owned()),
        primary: false,
        writable,
        access: if writable { Right::Own } else { Right::Read },
    };
    Some(Listed { info, is_transparent, zone })
}

/// The path of the calendar that stands for the primary one: one that can be written to, by its usual name, else the first.
fn main_of(listed: &[Listed]) -> Option<String> {
    let writable = || listed.iter().filter(|one| one.info.writable && !one.is_transparent);
    let usual =
        MAIN.iter().find_map(|name| writable().find(|one| plain(&one.info.id).rsplit('/').next() == Some(name)));
    let main = usual.or_else(|| writable().next()).or_else(|| listed.first())?;
    Some(main.info.id.clone())
}
