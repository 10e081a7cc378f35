//! Addresses and what is there.
//!
//! Every address begins with the account's number. Segments are compared decoded, and a collection is found with and without
//! its final slash.

use axum::http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Ask, Problem};
use crate::world::{Account, State};

/// Something that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where discovery begins.
    Root,
    Principal,
    /// The collection of the account's calendars.
    Home,
    /// Collections beside the calendars that are none.
    Inbox,
    Outbox,
    Notification,
    /// By id.
    Calendar(String),
    /// By calendar and name; whether there is one is another question.
    Object(String, String),
}

/// What stays itself in an address (RFC 3986, unreserved, and `@`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

impl Place {
    /// What the request is about.
    pub fn find(state: &State, ask: &Ask) -> Result<Self, Problem> {
        Self::at(state, &ask.account, ask.path)
    }

    /// What is at an address: a path, or a whole address whose origin does not matter.
    ///
    /// # Errors
    /// 404, or 403 for what belongs to somebody else.
    pub fn at(state: &State, account: &Account, address: &str) -> Result<Self, Problem> {
        let path = match address.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => address,
        };
        let segments = segments(path)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments[..] {
            [] => Ok(Self::Root),
            [number, ..] if number != account.subject => {
                let theirs = state.accounts.iter().any(|other| other.subject == number);
                Err(if theirs { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND }.into())
            }
            [_, "principal"] => Ok(Self::Principal),
            [_, "calendars"] => Ok(Self::Home),
            [_, "calendars", "inbox"] => Ok(Self::Inbox),
            [_, "calendars", "outbox"] => Ok(Self::Outbox),
            [_, "calendars", "notification"] => Ok(Self::Notification),
            [number, "calendars", calendar, ref rest @ ..] => {
                let id = format!("/{number}/calendars/{calendar}/");
                match rest {
                    _ if !state.calendars.contains_key(&id) => Err(StatusCode::NOT_FOUND.into()),
                    [] => Ok(Self::Calendar(id)),
                    [name] => Ok(Self::Object(id, (*name).to_owned())),
                    _ => Err(StatusCode::NOT_FOUND.into()),
                }
            }
            _ => Err(StatusCode::NOT_FOUND.into()),
        }
    }

    /// Its path, as a multistatus names it.
    pub fn path(&self, account: &Account) -> String {
        let number = &account.subject;
        match self {
            Self::Root => "/".to_owned(),
            Self::Principal => format!("/{number}/principal/"),
            Self::Home => format!("/{number}/calendars/"),
            Self::Inbox => format!("/{number}/calendars/inbox/"),
            Self::Outbox => format!("/{number}/calendars/outbox/"),
            Self::Notification => format!("/{number}/calendars/notification/"),
            Self::Calendar(id) => encode(id),
            Self::Object(id, name) => format!("{}{}", encode(id), utf8_percent_encode(name, SEGMENT)),
        }
    }

    /// What is directly within, as Depth 1 lists it.
    pub fn children(&self, state: &State, account: &Account) -> Vec<Self> {
        match self {
            Self::Home => {
                let calendars = state.calendars_of(&account.email);
                let calendars = calendars.into_iter().map(|calendar| Self::Calendar(calendar.id.clone()));
                [Self::Inbox, Self::Outbox, Self::Notification].into_iter().chain(calendars).collect()
            }
            Self::Calendar(id) => {
                state.objects_in(id).map(|object| Self::Object(id.clone(), object.name.clone())).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A path's segments, decoded; empty ones are left out.
///
/// # Errors
/// 400 for what is not UTF-8.
pub fn segments(path: &str) -> Result<Vec<String>, Problem> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8().map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(|_| StatusCode::BAD_REQUEST.into())
}

fn encode(path: &str) -> String {
    let segments: Vec<String> = path.split('/').map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
    segments.join("/")
}
