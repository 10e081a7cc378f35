//! WebDAV's multistatus (RFC 4918, section 13), with the switches that bend it.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::places::Place;
use super::quirks::Quirk;
use super::xml::{DAV, Element, Style, write};
use super::{Ask, State};

/// What is said of one resource.
pub struct Said {
    pub href: String,
    pub what: What,
}

/// Its properties, or one status for the whole.
pub enum What {
    Properties {
        found: Vec<Element>,
        missing: Vec<Element>,
    },
    /// Which properties were set, and which not.
    Changed {
        done: Vec<Element>,
        refused: Vec<Element>,
    },
    Status(StatusCode),
}

impl Said {
    /// Properties of a place.
    pub fn of(place: &Place, ask: &Ask, found: Vec<Element>, missing: Vec<Element>) -> Self {
        Self { href: place.path(&ask.account), what: What::Properties { found, missing } }
    }

    /// One status, such as 404 for what is gone.
    pub fn status(href: String, status: StatusCode) -> Self {
        Self { href, what: What::Status(status) }
    }
}

/// The answer: 207 with what is said of each, and what follows behind, such as a sync token.
pub fn multistatus(state: &mut State, ask: &mut Ask, said: Vec<Said>, behind: Vec<Element>) -> Response {
    let bent = Bent {
        foreign: ask.has(state, Quirk::ForeignHref).then(|| ask.world.google_url()),
        absolute: ask.has(state, Quirk::AbsoluteHrefs).then(|| ask.world.apple_url()),
        encoded: ask.has(state, Quirk::EncodedHrefs),
        mixed: ask.has(state, Quirk::MixedPropstats),
    };
    let style = Style {
        prefixes: ask.has(state, Quirk::OddPrefixes),
        cdata: ask.has(state, Quirk::Cdata),
        dtd: ask.has(state, Quirk::Dtd),
    };
    let mut responses: Vec<Element> = said.into_iter().map(|said| bent.response(said)).collect();
    responses.extend(behind);
    let mut body = write(&Element::with(DAV, "multistatus", responses), style);
    if ask.has(state, Quirk::Truncated) {
        let middle = (body.len() / 2..body.len()).find(|at| body.is_char_boundary(*at)).unwrap_or(0);
        body.truncate(middle);
    }
    (StatusCode::MULTI_STATUS, [(CONTENT_TYPE, "text/xml; charset=UTF-8")], body).into_response()
}

/// How the usual answer is bent.
struct Bent {
    /// The origin every address is given.
    foreign: Option<String>,
    absolute: Option<String>,
    encoded: bool,
    mixed: bool,
}

impl Bent {
    fn response(&self, said: Said) -> Element {
        let mut children = vec![Element::text(DAV, "href", self.href(&said.href))];
        match said.what {
            What::Status(status) => children.push(status_line(status)),
            What::Changed { done, refused } => {
                let all = [(done, StatusCode::OK), (refused, StatusCode::FORBIDDEN)];
                let all = all.into_iter().filter(|(properties, _)| !properties.is_empty());
                children.extend(all.map(|(properties, status)| propstat(properties, status)));
            }
            What::Properties { mut found, missing } => {
                if self.mixed {
                    let rest = found.split_off(found.len() / 2);
                    let unknown = Element::new("urn:example:unknown", "never-heard-of");
                    let missing = missing.into_iter().chain([unknown]).collect();
                    children.push(propstat(missing, StatusCode::NOT_FOUND));
                    children.push(propstat(found, StatusCode::OK));
                    children.push(propstat(rest, StatusCode::OK));
                } else {
                    if !found.is_empty() || missing.is_empty() {
                        children.push(propstat(found, StatusCode::OK));
                    }
                    if !missing.is_empty() {
                        children.push(propstat(missing, StatusCode::NOT_FOUND));
                    }
                }
            }
        }
        Element::with(DAV, "response", children)
    }

    fn href(&self, path: &str) -> String {
        let mut path = path.to_owned();
        if self.encoded {
            let again = |part: &str| {
                let plain = percent_decode_str(part).decode_utf8_lossy().into_owned();
                lower_escapes(&utf8_percent_encode(&plain, NON_ALPHANUMERIC).to_string())
            };
            path = path.split('/').map(again).collect::<Vec<_>>().join("/");
        }
        if let Some(origin) = &self.absolute {
            path = format!("{origin}{}", path.trim_end_matches('/'));
        }
        match &self.foreign {
            Some(origin) => {
                format!("{origin}{}", path.trim_start_matches(self.absolute.as_deref().unwrap_or_default()))
            }
            None => path,
        }
    }
}

/// `%2D` as `%2d`: the two are the same address (RFC 3986, section 6.2.2.1).
fn lower_escapes(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |character: char| {
        let escape = character == '%' || digits > 0;
        digits = if character == '%' { 2 } else { digits - i32::from(digits > 0) };
        if escape { character.to_ascii_lowercase() } else { character }
    };
    encoded.chars().map(lower).collect()
}

/// Properties that share a status.
fn propstat(properties: Vec<Element>, status: StatusCode) -> Element {
    Element::with(DAV, "propstat", vec![Element::with(DAV, "prop", properties), status_line(status)])
}

/// Such as `HTTP/1.1 200 OK`.
fn status_line(status: StatusCode) -> Element {
    let reason = status.canonical_reason().unwrap_or_default();
    Element::text(DAV, "status", format!("HTTP/1.1 {} {reason}", status.as_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_addresses_are_the_same_address() {
        let bent = Bent { foreign: None, absolute: None, encoded: true, mixed: false };
        assert_eq!(bent.href("/12/stand-up@x.ics"), "/12/stand%2dup%40x%2eics");
        let bent =
            Bent { foreign: Some("http://f".into()), absolute: Some("http://a".into()), encoded: false, mixed: false };
        assert_eq!(bent.href("/12/calendars/"), "http://f/12/calendars");
    }
}
