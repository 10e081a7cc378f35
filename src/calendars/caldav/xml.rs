//! Reading WebDAV's XML: a small tree, with limits to everything a stranger could make large.
//!
//! Documents with a document type, processing instructions or entities of their own are refused: nothing is fetched or
//! expanded. Namespaces are resolved here, since some servers choose prefixes nobody expects.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

const DEPTH: usize = 32;
const ATTRIBUTES: usize = 64;
/// Elements of one document; an answer about 5,000 things has fewer.
const ELEMENTS: usize = 200_000;
const RESPONSES: usize = 5_000;
/// Where each is an address and an etag: those of years of a full calendar.
const LISTED: usize = 30_000;

const DAV: &str = "DAV:";
const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
const APPLE: &str = "http://apple.com/ns/ical/";

/// Whose an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    Dav,
    Caldav,
    Apple,
    Other,
}

/// Why a document was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It holds something that could make a reader fetch or expand.
    #[error("the XML holds what is not allowed: {0}")]
    Forbidden(&'static str),
    #[error("the XML is too large: {0}")]
    TooMuch(&'static str),
    #[error("not the XML that was asked for")]
    NotXml,
}

/// An element with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub space: Space,
    pub name: String,
    /// Its attribute `name`, the only one that is read; empty without.
    pub named: String,
    /// The text right in it, blanks at the ends cut off.
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub fn child(&self, space: Space, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.space == space && child.name == name)
    }

    /// The children of this name.
    pub fn all<'a>(&'a self, space: Space, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.space == space && child.name == name)
    }

    /// Whether one of its children has this name.
    pub fn has(&self, space: Space, name: &str) -> bool {
        self.child(space, name).is_some()
    }
}

/// One `DAV:response` (RFC 4918 section 14.24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub href: String,
    /// What was said of it as a whole: 404 for what is no longer there (RFC 6578 section 3.5.2).
    pub status: Option<u16>,
    /// Properties that were answered with 200; others are not there.
    pub properties: Element,
}

impl Response {
    pub fn property(&self, space: Space, name: &str) -> Option<&Element> {
        self.properties.child(space, name)
    }
}

/// A long list of addresses.
#[derive(Debug, PartialEq, Eq)]
pub struct Listing {
    pub responses: Vec<Response>,
    /// Where a sync report goes on (RFC 6578 section 4).
    pub sync_token: Option<String>,
}

/// Reads a `207 Multi-Status` of a collection's members, which may be many.
///
/// # Errors
/// [`XmlError`]
pub fn listing(body: &[u8]) -> Result<Listing, XmlError> {
    let root = read(body)?;
    let sync_token = root.child(Space::Dav, "sync-token").map(|token| token.text.clone());
    Ok(Listing { responses: responses(&root, LISTED)?, sync_token })
}

/// Reads a `207 Multi-Status`. A response without an address is left out.
///
/// # Errors
/// [`XmlError`]; there is nothing between whole and refused.
pub fn multistatus(body: &[u8]) -> Result<Vec<Response>, XmlError> {
    responses(&read(body)?, RESPONSES)
}

fn responses(root: &Element, most: usize) -> Result<Vec<Response>, XmlError> {
    if root.space != Space::Dav || root.name != "multistatus" {
        return Err(XmlError::NotXml);
    }
    if root.all(Space::Dav, "response").count() > most {
        return Err(XmlError::TooMuch("responses"));
    }
    let response = |one: &Element| {
        let href = one.child(Space::Dav, "href").map(|href| href.text.clone()).filter(|href| !href.is_empty())?;
        let is_ok =
            |part: &&Element| part.child(Space::Dav, "status").is_some_and(|status| code(&status.text) == Some(200));
        let found = one.all(Space::Dav, "propstat").filter(is_ok).filter_map(|part| part.child(Space::Dav, "prop"));
        let children = found.flat_map(|prop| prop.children.clone()).collect();
        let properties =
            Element { space: Space::Dav, name: "prop".to_owned(), named: String::new(), text: String::new(), children };
        let status = one.child(Space::Dav, "status").and_then(|status| code(&status.text));
        Some(Response { href, status, properties })
    };
    Ok(root.all(Space::Dav, "response").filter_map(response).collect())
}

/// The precondition that an error names (RFC 4918 section 16), if the body is of that kind.
pub fn precondition(body: &[u8]) -> Option<String> {
    let root = read(body).ok().filter(|root| root.space == Space::Dav && root.name == "error")?;
    root.children.first().map(|condition| condition.name.clone())
}

/// The code in `HTTP/1.1 200 OK`.
fn code(status: &str) -> Option<u16> {
    status.split_whitespace().nth(1)?.parse().ok()
}

/// Namespace declarations in force, with the depth at which they were made.
type Scopes = Vec<(usize, String, Space)>;

fn read(body: &[u8]) -> Result<Element, XmlError> {
    let text = std::str::from_utf8(body).map_err(|_| XmlError::NotXml)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{FEFF}'));
    let mut scopes: Scopes = Vec::new();
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(|_| XmlError::NotXml)? {
            Event::Start(start) => {
                elements += 1;
                open.push(element(&start, open.len(), elements, &mut scopes)?);
            }
            Event::Empty(start) => {
                elements += 1;
                let done = element(&start, open.len(), elements, &mut scopes)?;
                scopes.retain(|(depth, ..)| *depth < open.len());
                match open.last_mut() {
                    Some(outer) => outer.children.push(done),
                    None => return Ok(done),
                }
            }
            Event::End(_) => {
                let mut done = open.pop().ok_or(XmlError::NotXml)?;
                done.text = done.text.trim().to_owned();
                scopes.retain(|(depth, ..)| *depth < open.len());
                match open.last_mut() {
                    Some(outer) => outer.children.push(done),
                    None => return Ok(done),
                }
            }
            Event::Text(part) => {
                if let Some(outer) = open.last_mut() {
                    outer.text.push_str(&part);
                }
            }
            Event::CData(part) => {
                if let Some(outer) = open.last_mut() {
                    outer.text.push_str(&part);
                }
            }
            Event::GeneralRef(entity) => {
                let outer = open.last_mut().ok_or(XmlError::NotXml)?;
                match entity.resolve_char_ref().map_err(|_| XmlError::NotXml)? {
                    Some(c) => outer.text.push(c),
                    None => {
                        let known = quick_xml::escape::resolve_xml_entity(&entity);
                        outer.text.push_str(known.ok_or(XmlError::Forbidden("an entity"))?);
                    }
                }
            }
            Event::DocType(_) => return Err(XmlError::Forbidden("a document type")),
            Event::PI(_) => return Err(XmlError::Forbidden("a processing instruction")),
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof => return Err(XmlError::NotXml),
        }
    }
}

fn element(start: &BytesStart<'_>, depth: usize, elements: usize, scopes: &mut Scopes) -> Result<Element, XmlError> {
    if depth >= DEPTH {
        return Err(XmlError::TooMuch("depth"));
    }
    if elements > ELEMENTS {
        return Err(XmlError::TooMuch("elements"));
    }
    let mut named = String::new();
    // Without checks, since those for doubles look at each pair.
    for (at, attribute) in start.attributes().with_checks(false).enumerate() {
        if at == ATTRIBUTES {
            return Err(XmlError::TooMuch("attributes"));
        }
        let attribute = attribute.map_err(|_| XmlError::NotXml)?;
        let prefix = match attribute.key.as_ref() {
            "xmlns" => "",
            "name" => {
                named = attribute.value.clone().into_owned();
                continue;
            }
            key => match key.strip_prefix("xmlns:") {
                Some(prefix) => prefix,
                None => continue,
            },
        };
        let space = match &*attribute.value {
            DAV => Space::Dav,
            CALDAV => Space::Caldav,
            APPLE => Space::Apple,
            _ => Space::Other,
        };
        scopes.push((depth, prefix.to_owned(), space));
    }
    let (prefix, local) = (start.name().prefix().map(|one| one.into_inner().to_owned()), start.local_name());
    let prefix = prefix.unwrap_or_default();
    let space = scopes.iter().rev().find(|(_, known, _)| *known == prefix).map_or(Space::Other, |(.., space)| *space);
    Ok(Element { space, name: local.as_ref().to_owned(), named, text: String::new(), children: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_prefixes_mixed_propstats_and_cdata_are_read() {
        let body = br#"<?xml version="1.0" encoding="utf-8"?>
            <x:multistatus xmlns:x="DAV:"><!-- no trouble -->
              <x:response xmlns:q="urn:ietf:params:xml:ns:caldav"><x:href>/a%40b/</x:href>
                <x:propstat><x:prop><x:displayname>Tom &amp; Ana&#33;</x:displayname>
                  <x:resourcetype><x:collection/><q:calendar/></x:resourcetype>
                  <q:calendar-data><![CDATA[BEGIN:VCALENDAR & <]]></q:calendar-data></x:prop>
                  <x:status>HTTP/1.1 200 OK</x:status></x:propstat>
                <x:propstat><x:prop><x:getetag>lost</x:getetag></x:prop><x:status>HTTP/1.1 404 Not Found</x:status></x:propstat>
              </x:response>
              <response xmlns="DAV:"><href>/c/</href><status>HTTP/1.1 404 Not Found</status></response>
              <x:response><x:propstat/></x:response>
            </x:multistatus>"#;
        let responses = multistatus(body).expect("readable");
        assert_eq!(responses.iter().map(|one| one.href.as_str()).collect::<Vec<_>>(), ["/a%40b/", "/c/"]);
        assert_eq!(responses.iter().map(|one| one.status).collect::<Vec<_>>(), [None, Some(404)]);
        let first = &responses[0];
        assert_eq!(first.property(Space::Dav, "displayname").map(|one| one.text.as_str()), Some("Tom & Ana!"));
        assert!(first.property(Space::Dav, "resourcetype").is_some_and(|one| one.has(Space::Caldav, "calendar")));
        let data = first.property(Space::Caldav, "calendar-data").map(|one| one.text.as_str());
        assert_eq!(data, Some("BEGIN:VCALENDAR & <"));
        assert_eq!(first.property(Space::Dav, "getetag"), None);
    }

    #[test]
    fn a_prefix_means_what_the_nearest_declaration_says() {
        let body = br#"<d:multistatus xmlns:d="DAV:"><d:response><d:href xmlns:d="urn:other">/x/</d:href></d:response>
            <d:response><d:href>/y/</d:href></d:response></d:multistatus>"#;
        let hrefs: Vec<_> = multistatus(body).expect("readable").into_iter().map(|one| one.href).collect();
        assert_eq!(hrefs, ["/y/"]);
    }

    #[test]
    fn what_could_fetch_or_explode_is_refused() {
        let wrap = |inside: &str| format!("<multistatus xmlns=\"DAV:\">{inside}</multistatus>");
        let many = |count: usize| (0..count).map(|n| format!(" a{n}=\"\"")).collect::<String>();
        let spaces = |count: usize| (0..count).map(|n| format!(" xmlns:a{n}=\"x\"")).collect::<String>();
        for (body, error) in [
            ("<!DOCTYPE x><multistatus xmlns=\"DAV:\"/>".to_owned(), XmlError::Forbidden("a document type")),
            (
                "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>".to_owned(),
                XmlError::Forbidden("a document type"),
            ),
            ("<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\"><x/>".to_owned(), XmlError::Forbidden("a document type")),
            (wrap("&lol;"), XmlError::Forbidden("an entity")),
            (wrap("<?php echo 1 ?>"), XmlError::Forbidden("a processing instruction")),
            (wrap(&format!("<a{}/>", many(65))), XmlError::TooMuch("attributes")),
            (wrap(&format!("<a{}/>", many(100_000))), XmlError::TooMuch("attributes")),
            (wrap(&format!("<a{}/>", spaces(100_000))), XmlError::TooMuch("attributes")),
            (wrap(&"<a>".repeat(10_000)), XmlError::TooMuch("depth")),
            (wrap(&"<a/>".repeat(ELEMENTS)), XmlError::TooMuch("elements")),
            (wrap(&"<response/>".repeat(RESPONSES + 1)), XmlError::TooMuch("responses")),
            ("<html><body>Please sign in</body></html>".to_owned(), XmlError::NotXml),
            ("<html><body>Please sign in".to_owned(), XmlError::NotXml),
            ("<a><b></a></b>".to_owned(), XmlError::NotXml),
            ("{\"json\": true}".to_owned(), XmlError::NotXml),
            (String::new(), XmlError::NotXml),
        ] {
            assert_eq!(multistatus(body.as_bytes()), Err(error), "{}", &body[..body.len().min(80)]);
        }
        let labelled = format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{}", wrap(""));
        assert_eq!(multistatus(labelled.as_bytes()), Ok(vec![]), "what it is counts, not what it says it is");
        assert_eq!(multistatus(b"<multistatus xmlns=\"DAV:\">\xe4</multistatus>"), Err(XmlError::NotXml));
        let utf16: Vec<u8> = "<multistatus xmlns=\"DAV:\"/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(multistatus(&utf16), Err(XmlError::NotXml));
        assert_eq!(multistatus(wrap(&format!("<a{}/>", many(64))).as_bytes()), Ok(vec![]));
        assert_eq!(
            multistatus(wrap(&"<a>".repeat(31)).as_bytes()),
            Err(XmlError::NotXml),
            "deep as may be, yet not closed"
        );
    }

    #[test]
    fn a_listing_may_be_long_and_tells_where_to_go_on() {
        let one = "<response><href>/a.ics</href></response>".repeat(RESPONSES + 1);
        let body = format!("<multistatus xmlns=\"DAV:\">{one}<sync-token> urn:x </sync-token></multistatus>");
        let listing = listing(body.as_bytes()).expect("readable");
        assert_eq!((listing.responses.len(), listing.sync_token.as_deref()), (RESPONSES + 1, Some("urn:x")));
        assert_eq!(multistatus(body.as_bytes()), Err(XmlError::TooMuch("responses")));
    }

    #[test]
    fn errors_name_their_precondition() {
        let body = br#"<error xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><C:no-uid-conflict/></error>"#;
        assert_eq!(precondition(body).as_deref(), Some("no-uid-conflict"));
        assert_eq!(precondition(b"Conflict"), None);
    }
}
