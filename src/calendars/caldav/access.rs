//! What opens an account: no token of a provider's, but a name and a password, and what was found with them.
//!
//! It travels as text inside an [`AccessToken`], so that it is sealed, kept and handed over like any other.

use serde::{Deserialize, Serialize};
use url::Url;

use super::CaldavCalendar;
use crate::{
    calendars::{AccessToken, CalendarError},
    http::guard::{Credentials, Realm},
};

/// An account, as it was when it was connected.
#[derive(Clone, Serialize, Deserialize)]
pub struct Access {
    /// At iCloud: where it lives is the operator's matter then, and its hosts are many.
    pub icloud: bool,
    pub user: String,
    pub password: String,
    /// The collection that holds the account's calendars.
    pub home: Url,
    /// The path of the calendar that stands for the primary one; there is no such thing in CalDAV.
    pub main: String,
    /// The account's own addresses, in small letters.
    pub addresses: Vec<String>,
}

impl Access {
    pub fn read(token: &AccessToken) -> Result<Self, CalendarError> {
        // Sealed by us, so this is no person's fault; connecting again mends it.
        serde_json::from_str(token.expose()).map_err(|_| CalendarError::SignInExpired)
    }

    pub fn token(&self) -> AccessToken {
        AccessToken::new(serde_json::to_string(self).expect("names, addresses and paths are JSON"))
    }

    /// Where its password belongs.
    pub fn realm(&self, client: &CaldavCalendar) -> Realm {
        if self.icloud { client.icloud_realm() } else { Realm::Origin(self.home.origin()) }
    }

    pub fn credentials<'a>(&'a self, realm: &'a Realm) -> Credentials<'a> {
        Credentials { user: &self.user, password: &self.password, realm }
    }

    /// The address of a path of this account; nothing for one that leads elsewhere.
    pub fn at(&self, path: &str) -> Option<Url> {
        let url = path.starts_with('/').then(|| self.home.join(path).ok())??;
        (url.origin() == self.home.origin() && url.query().is_none()).then_some(url)
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.password);
    }
}

/// A path by which two spellings of one place are the same: `%40` and `@`, with or without the slash at the end.
pub fn plain(path: &str) -> String {
    let bytes = path.trim_end_matches('/').as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let decoded = bytes.get(at..at + 3).filter(|_| *byte == b'%').and_then(decoded);
        plain.push(decoded.unwrap_or(*byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The byte that `%40` stands for.
fn decoded(escape: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(escape.get(1..)?).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_known_in_every_spelling() {
        for (one, other, same) in [
            ("/ana%40example.com/home/", "/ana@example.com/home", true),
            ("/a%2fb/", "/a/b/", true),
            ("/a%/", "/a%", true),
            ("/a%4/", "/a%4", true),
            ("/%C3%A9/", "/é/", true),
            ("/A/", "/a/", false),
        ] {
            assert_eq!(plain(one) == plain(other), same, "{one} {other}");
        }
    }

    #[test]
    fn paths_stay_with_their_account() {
        let access = Access {
            icloud: false,
            user: String::new(),
            password: String::new(),
            home: "https://dav.example.com/ana/".parse().expect("a url"),
            main: "/ana/home/".to_owned(),
            addresses: Vec::new(),
        };
        assert_eq!(access.at("/ana/home/").map(String::from).as_deref(), Some("https://dav.example.com/ana/home/"));
        for astray in ["//evil.example/", "/\\evil.example/", "https://evil.example/", "AQMkAD", "", "/a?b"] {
            assert_eq!(access.at(astray), None, "{astray}");
        }
        assert_eq!(Access::read(&AccessToken::new("ya29.x")).err(), Some(CalendarError::SignInExpired));
    }
}
