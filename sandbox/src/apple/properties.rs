//! What each place says of itself.

use chrono::{DateTime, Datelike, Utc};
use serde_json::Value;

use super::places::Place;
use super::xml::{CALDAV, DAV, Element, ICAL, SERVER};
use super::{Ask, etag};
use crate::world::objects::Component;
use crate::world::objects::times::vtimezone;
use crate::world::{Calendar, Object, Provider, State};

/// A property's namespace and name.
pub type Name = (String, String);

/// What `allprop` gives (RFC 4918, section 9.1). Apple leaves `resourcetype` out.
pub const ALL: [(&str, &str); 7] = [
    (DAV, "displayname"),
    (DAV, "getetag"),
    (DAV, "getcontenttype"),
    (DAV, "getlastmodified"),
    (DAV, "owner"),
    (DAV, "current-user-principal"),
    (SERVER, "getctag"),
];

/// One property of a place; `None` if it has no such.
pub fn property(state: &State, ask: &Ask, place: &Place, (ns, name): (&str, &str), weak: bool) -> Option<Element> {
    let general = general(ask, place, ns, name);
    general.or_else(|| match place {
        Place::Principal => principal(state, ask, ns, name),
        Place::Calendar(id) => calendar(state, ask, state.calendars.get(id)?, ns, name),
        Place::Object(id, object) => self::object(state.object(id, object)?, ns, name, weak),
        Place::Inbox if (ns, name) == (CALDAV, "schedule-default-calendar-URL") => {
            let main = state.primary(&ask.account.email)?;
            Some(Element::with(ns, name, vec![Element::text(DAV, "href", main.id.as_str())]))
        }
        Place::Root | Place::Home | Place::Inbox | Place::Outbox | Place::Notification => None,
    })
}

fn general(ask: &Ask, place: &Place, ns: &str, name: &str) -> Option<Element> {
    let href = |path: String| Some(Element::with(ns, name, vec![Element::text(DAV, "href", path)]));
    match (ns, name) {
        (DAV, "current-user-principal" | "principal-URL") => href(Place::Principal.path(&ask.account)),
        // Named on the first host even by the second.
        (DAV, "owner") => href(format!("{}{}", ask.world.apple_url(), Place::Principal.path(&ask.account))),
        (DAV, "resourcetype") => {
            let kinds: &[(&str, &str)] = match place {
                Place::Principal => &[(DAV, "principal"), (DAV, "collection")],
                Place::Root | Place::Home => &[(DAV, "collection")],
                Place::Inbox => &[(DAV, "collection"), (CALDAV, "schedule-inbox")],
                Place::Outbox => &[(DAV, "collection"), (CALDAV, "schedule-outbox")],
                Place::Notification => &[(DAV, "collection"), (SERVER, "notification")],
                Place::Calendar(_) => return None,
                Place::Object(..) => &[],
            };
            Some(Element::with(ns, name, kinds.iter().map(|(ns, name)| Element::new(ns, name)).collect()))
        }
        _ => None,
    }
}

fn principal(state: &State, ask: &Ask, ns: &str, name: &str) -> Option<Element> {
    let partition = || state.apple_home.clone().unwrap_or_else(|| ask.world.apple_partition_url());
    let there = |place: Place| Element::text(DAV, "href", format!("{}{}", partition(), place.path(&ask.account)));
    let with = |children| Some(Element::with(ns, name, children));
    match (ns, name) {
        (DAV, "displayname") => Some(Element::text(ns, name, ask.account.name.as_str())),
        (CALDAV, "calendar-home-set") => with(vec![there(Place::Home)]),
        (CALDAV, "schedule-inbox-URL") => with(vec![there(Place::Inbox)]),
        (CALDAV, "schedule-outbox-URL") => with(vec![there(Place::Outbox)]),
        (CALDAV, "calendar-user-address-set") => {
            let addresses = [format!("mailto:{}", ask.account.email), Place::Principal.path(&ask.account)];
            with(addresses.into_iter().map(|address| Element::text(DAV, "href", address)).collect())
        }
        (CALDAV, "calendar-user-type") => Some(Element::text(ns, name, "INDIVIDUAL")),
        (SERVER, "email-address-set") => with(vec![Element::text(SERVER, "email-address", ask.account.email.as_str())]),
        _ => None,
    }
}

fn calendar(state: &State, ask: &Ask, calendar: &Calendar, ns: &str, name: &str) -> Option<Element> {
    let own = |name: &str| calendar.extra.get(name);
    let text = |text: String| Some(Element::text(ns, name, text));
    let with = |children| Some(Element::with(ns, name, children));
    let read_only = calendar.is_read_only();
    match (ns, name) {
        (DAV, "displayname") => text(calendar.name.clone()),
        (DAV, "resourcetype") => {
            let mut kinds = vec![Element::new(DAV, "collection"), Element::new(CALDAV, "calendar")];
            kinds.extend(read_only.then(|| Element::new(SERVER, "subscribed")));
            with(kinds)
        }
        (DAV, "sync-token") => text(sync_token(state, calendar)),
        (SERVER, "getctag") => text(sync_token(state, calendar)),
        (DAV, "getetag") => text(etag(state.shelf_version(&calendar.id), false)),
        (DAV, "current-user-privilege-set") => {
            let writing = ["all", "write", "write-properties", "write-content", "bind", "unbind"];
            let reading = ["read", "read-acl", "read-current-user-privilege-set"];
            let granted = reading.iter().chain(writing.iter().filter(|_| !read_only));
            with(granted.map(|name| Element::with(DAV, "privilege", vec![Element::new(DAV, name)])).collect())
        }
        (DAV, "supported-report-set") => {
            let reports = [(CALDAV, "calendar-query"), (CALDAV, "calendar-multiget"), (DAV, "sync-collection")];
            with(reports.iter().map(|(ns, name)| supported(ns, name)).collect())
        }
        (CALDAV, "supported-calendar-component-set") => {
            let component = calendar.component();
            with(vec![Element { attributes: vec![("name".into(), component.into())], ..Element::new(CALDAV, "comp") }])
        }
        (CALDAV, "supported-calendar-data") => {
            let attributes = [("content-type", "text/calendar"), ("version", "2.0")];
            let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            with(vec![Element { attributes, ..Element::new(CALDAV, "calendar-data") }])
        }
        (CALDAV, "max-resource-size") => text(super::write::LARGEST.to_string()),
        (CALDAV, "calendar-timezone") => {
            let mut object = crate::world::objects::events::envelope();
            object.parts.push(vtimezone(calendar.zone, calendar.zone.name(), state.now().year()));
            text(Component::write(&object))
        }
        (CALDAV, "schedule-calendar-transp") => {
            let transparent = own("transparent").and_then(Value::as_bool).unwrap_or(false);
            with(vec![Element::new(CALDAV, if transparent { "transparent" } else { "opaque" })])
        }
        (ICAL, "calendar-color") => text(own("color")?.as_str()?.to_owned()),
        (ICAL, "calendar-order") => text(own("order")?.to_string()),
        (CALDAV, "calendar-description") => text(own("description")?.as_str()?.to_owned()),
        (SERVER, "source") if read_only => {
            let address = format!("{}/holidays.ics", ask.world.apple_url());
            with(vec![Element::text(DAV, "href", address)])
        }
        _ => None,
    }
}

fn supported(ns: &str, name: &str) -> Element {
    let report = Element::with(DAV, "report", vec![Element::new(ns, name)]);
    Element::with(DAV, "supported-report", vec![report])
}

fn object(object: &Object, ns: &str, name: &str, weak: bool) -> Option<Element> {
    let text = |text: String| Some(Element::text(ns, name, text));
    match (ns, name) {
        (DAV, "getetag") => text(etag(object.version, weak)),
        (DAV, "getcontenttype") => text("text/calendar; charset=UTF-8".to_owned()),
        (DAV, "getcontentlength") => text(object.calendar.write().len().to_string()),
        (DAV, "getlastmodified") => text(http_date(object.updated)),
        (CALDAV, "calendar-data") => text(object.calendar.write()),
        _ => None,
    }
}

fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The token of a calendar as it is now: opaque, and of no use for another calendar, or in another world.
pub fn sync_token(state: &State, calendar: &Calendar) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let generation = state.cursors.generation(Provider::Apple, &calendar.owner);
    let text = format!("{} {generation} {}", state.shelf_version(&calendar.id), calendar.id);
    format!("HwoQEgwAAB{}", URL_SAFE_NO_PAD.encode(text))
}

/// The version a token of this calendar stands for; `None` for one that is expired or was never given out.
pub fn token_version(state: &State, calendar: &Calendar, text: &str) -> Option<u64> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let decoded = URL_SAFE_NO_PAD.decode(text.strip_prefix("HwoQEgwAAB")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (version, rest) = decoded.split_once(' ')?;
    let generation = state.cursors.generation(Provider::Apple, &calendar.owner);
    let version = version.parse().ok().filter(|version| *version <= state.shelf_version(&calendar.id))?;
    (rest.split_once(' ')? == (generation.as_str(), calendar.id.as_str())).then_some(version)
}
