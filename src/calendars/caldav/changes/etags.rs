//! A cursor of our own for servers that give none: which objects there were, and the version of each.

use std::collections::BTreeMap;

use crate::calendars::keys;

/// No sync token begins so: those are URIs (RFC 6578 section 4.3).
const SIGN: &str = "etags";
const TOO_MANY: &str = " and too many";
/// A cursor longer than this is not kept: some thousand objects.
const MOST: usize = 256 * 1024;

/// What a calendar listed.
pub struct Etags {
    /// By the last part of its path: a digest of its etag, empty where none was told.
    versions: BTreeMap<String, String>,
    /// There were more than a cursor holds, so that nothing can be compared.
    pub is_too_many: bool,
}

impl Etags {
    /// From ids and etags.
    pub fn of<'a>(listed: impl Iterator<Item = (String, &'a str)>) -> Self {
        let version = |etag: &str| if etag.is_empty() { String::new() } else { keys::short_digest(etag) };
        let name = |id: &str| id.rsplit_once('/').map_or(id, |(_, name)| name).to_owned();
        Self { versions: listed.map(|(id, etag)| (name(&id), version(etag))).collect(), is_too_many: false }
    }

    /// Nothing if this is another kind of cursor.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let is_too_many = match lines.next()?.strip_prefix(SIGN)? {
            "" => false,
            TOO_MANY => true,
            _ => return None,
        };
        let versions = lines.filter_map(|line| line.split_once(' '));
        Some(Self { versions: versions.map(|(v, name)| (name.to_owned(), v.to_owned())).collect(), is_too_many })
    }

    /// As a cursor.
    pub fn write(&self) -> String {
        let mut text = SIGN.to_owned();
        for (name, version) in &self.versions {
            text.push_str(&format!("\n{version} {name}"));
            if text.len() > MOST {
                return format!("{SIGN}{TOO_MANY}");
            }
        }
        text
    }

    /// Every name.
    pub fn all(&self) -> Vec<(&String, bool)> {
        self.versions.keys().map(|name| (name, false)).collect()
    }

    /// The names that are new or another version than then, and with `true` those that are gone.
    pub fn since<'a>(&'a self, then: &'a Self) -> Vec<(&'a String, bool)> {
        let is_same = |name: &String, version: &String| !version.is_empty() && then.versions.get(name) == Some(version);
        let changed =
            self.versions.iter().filter(|(name, version)| !is_same(name, version)).map(|(name, _)| (name, false));
        let gone = then.versions.keys().filter(|name| !self.versions.contains_key(*name)).map(|name| (name, true));
        changed.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn etags(listed: &[(&str, &str)]) -> Etags {
        Etags::of(listed.iter().map(|(name, etag)| (format!("/ana/home/{name}"), *etag)))
    }

    #[test]
    fn a_listing_is_compared_with_the_one_before() {
        let then =
            etags(&[("same.ics", "\"1\""), ("new%20version.ics", "\"1\""), ("gone.ics", "\"1\""), ("none.ics", "")]);
        let then = Etags::read(&then.write()).expect("a cursor of etags");
        let now =
            etags(&[("same.ics", "\"1\""), ("new%20version.ics", "\"2\""), ("added.ics", "\"1\""), ("none.ics", "")]);
        let since: Vec<_> = now.since(&then).into_iter().map(|(name, is_gone)| (name.as_str(), is_gone)).collect();
        assert_eq!(
            since,
            [("added.ics", false), ("new%20version.ics", false), ("none.ics", false), ("gone.ics", true)],
            "a version that is not told may be another one"
        );
        assert_eq!(Etags::read(&etags(&[]).write()).map(|none| none.all().len()), Some(0));
    }

    #[test]
    fn what_a_cursor_cannot_hold_is_not_kept() {
        let many = Etags::of((0..20_000).map(|n| (format!("/ana/home/{n}-{}.ics", "x".repeat(20)), "\"1\"")));
        let text = many.write();
        assert_eq!(text, "etags and too many");
        assert!(Etags::read(&text).is_some_and(|none| none.is_too_many));
        for token in ["http://radicale.org/ns/sync/1", "urn:etags", "etagsx", ""] {
            assert!(Etags::read(token).is_none(), "{token}");
        }
    }
}
