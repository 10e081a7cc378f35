//! What changed on a CalDAV calendar: the sync reports of RFC 6578, and etags of what is listed where a server has none.
//!
//! What a newcomer would get wrong: servers forget how far we had read in many ways, from 403 to 500, and one answers a token that
//! it forgot with everything it has, which cannot be told from many changes. So what is missing in an answer is never taken for
//! gone, except where it is our own comparison that misses it.

mod etags;

use std::collections::BTreeMap;

use reqwest::StatusCode;
use url::Url;

use self::etags::Etags;
use super::{
    Access, CaldavCalendar,
    access::plain,
    dav::{self, Ask, propfind_body, sync_body},
    discover,
    xml::{Listing, Space},
};
use crate::{
    calendars::{
        CalendarError,
        changes::{Changed, Changes, Cursor},
    },
    http::guard::{Answer, Realm},
};

/// A server may tell some changes now and the rest when it is asked again (RFC 6578 section 3.6). Stops one that never ends.
const PAGES: usize = 100;

/// What a sync report told.
enum Synced {
    Told(Changes),
    /// The server does not know the token, or no such report.
    Refused,
}

impl CaldavCalendar {
    pub(super) async fn read_changes(
        &self,
        access: &Access,
        calendar: &str,
        since: Option<&Cursor>,
    ) -> Result<Changes, CalendarError> {
        let base = access.at(calendar).ok_or(CalendarError::Gone)?;
        if let Some(known) = since.and_then(|cursor| Etags::read(&cursor.text)) {
            return self.compared(access, &base, Some(known)).await;
        }
        match self.synced(access, &base, since.map(|cursor| cursor.text.as_str())).await? {
            Synced::Told(changes) => Ok(changes),
            Synced::Refused if since.is_some() => Err(CalendarError::CursorGone),
            Synced::Refused => self.compared(access, &base, None).await,
        }
    }

    async fn synced(&self, access: &Access, base: &Url, since: Option<&str>) -> Result<Synced, CalendarError> {
        let realm = access.realm(self);
        let mut entries: BTreeMap<String, bool> = BTreeMap::new();
        let mut token = since.unwrap_or_default().to_owned();
        for _ in 0..PAGES {
            let ask = Ask::new("sync-collection", "REPORT", base.clone()).header("Depth", "0").xml(sync_body(&token));
            let answer = self.send(&access.credentials(&realm), ask).await?;
            if refuses(answer.reply.status, !token.is_empty()) {
                return Ok(Synced::Refused);
            }
            let (at, listing) = listed(answer).await?;
            let Some(next) = listing.sync_token.filter(|next| !next.is_empty()) else { return Ok(Synced::Refused) };
            let has_more = listing.responses.iter().any(|one| one.status == Some(507)) && next != token;
            for response in listing.responses {
                if let Some(id) = object_id(base, &at, &response.href, &realm) {
                    entries.insert(id, matches!(response.status, Some(404 | 410)));
                }
            }
            token = next;
            if !has_more {
                let entries = entries.into_iter().map(|(provider_id, is_gone)| Changed { provider_id, is_gone });
                let cursor = Cursor { text: token, reaches: None };
                return Ok(Synced::Told(Changes { entries: entries.collect(), is_complete: since.is_none(), cursor }));
            }
        }
        Err(CalendarError::Unavailable("changes without end".into()))
    }

    /// What is listed now against what was listed then.
    async fn compared(&self, access: &Access, base: &Url, known: Option<Etags>) -> Result<Changes, CalendarError> {
        let realm = access.realm(self);
        let body = propfind_body("<d:getetag/>");
        let ask = Ask::new("etags", "PROPFIND", base.clone()).header("Depth", "1").xml(body);
        let (at, listing) = listed(self.ask(&access.credentials(&realm), ask).await?).await?;
        let told = listing.responses.iter().filter(|one| one.status.is_none_or(|status| status == 200));
        let now = told.filter_map(|one| {
            let id = object_id(base, &at, &one.href, &realm)?;
            Some((id, one.property(Space::Dav, "getetag").map_or("", |etag| etag.text.as_str())))
        });
        let now = Etags::of(now);
        let cursor = Cursor { text: now.write(), reaches: None };
        let prefix = base.path().trim_end_matches('/');
        let entries = |names: Vec<(&String, bool)>| {
            let entry = |(name, is_gone): (&String, bool)| Changed { provider_id: format!("{prefix}/{name}"), is_gone };
            names.into_iter().map(entry).collect()
        };
        Ok(match known.filter(|known| !known.is_too_many) {
            Some(known) => Changes { entries: entries(now.since(&known)), is_complete: false, cursor },
            None => Changes { entries: entries(now.all()), is_complete: true, cursor },
        })
    }
}

/// Whether an answer means that there is no such report, or with a token that it is not known any more. Who refuses the calendar
/// as a whole does so again when it is listed.
fn refuses(status: StatusCode, with_token: bool) -> bool {
    match status.as_u16() {
        401 | 404 | 429 => false,
        // Xandikos stumbles over a token it does not know.
        500 => with_token,
        501 => true,
        status => (400..500).contains(&status),
    }
}

async fn listed(answer: Answer) -> Result<(Url, Listing), CalendarError> {
    let at = answer.url.clone();
    Ok((at, dav::listing(dav::success(answer, false)?).await?))
}

/// The id of an object of the calendar at `base`, in the spelling of the receipts we keep; nothing for the calendar itself, and
/// for what lies elsewhere.
pub(super) fn object_id(base: &Url, at: &Url, href: &str, realm: &Realm) -> Option<String> {
    let url = discover::resolve(at, href, realm)?;
    let (folder, name) = url.path().rsplit_once('/').filter(|(_, name)| !name.is_empty())?;
    if plain(folder) != plain(base.path()) {
        return None;
    }
    let bare = plain(name);
    let is_plain = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    Some(format!("{}/{}", base.path().trim_end_matches('/'), if is_plain { &bare } else { name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_known_in_every_spelling() {
        let url = |text: &str| text.parse::<Url>().expect("a url");
        let (base, at) = (url("https://dav.example/ana%40b/home/"), url("https://dav.example/ana%40b/home"));
        let realm = Realm::Origin(base.origin());
        for (href, id) in [
            ("/ana%40b/home/A-1.ics", Some("/ana%40b/home/A-1.ics")),
            ("/ana@b/home/A%2D1%2Eics", Some("/ana%40b/home/A-1.ics")),
            ("https://dav.example/ana@b/home/A-1.ics", Some("/ana%40b/home/A-1.ics")),
            ("/ana@b/home/a%20b.ics", Some("/ana%40b/home/a%20b.ics")),
            ("/ana@b/home/", None),
            ("/ana@b/home", None),
            ("/ana@b/other/A-1.ics", None),
            ("/ana@b/home/inner/A-1.ics", None),
            ("https://elsewhere.example/ana@b/home/A-1.ics", None),
        ] {
            assert_eq!(object_id(&base, &at, href, &realm).as_deref(), id, "{href}");
        }
    }

    #[test]
    fn a_token_that_is_not_known_is_refused_in_many_ways() {
        for (status, with_token, without) in [
            (207, false, false),
            (400, true, true),
            (401, false, false),
            (403, true, true),
            (404, false, false),
            (405, true, true),
            (409, true, true),
            (410, true, true),
            (412, true, true),
            (429, false, false),
            (500, true, false),
            (501, true, true),
            (503, false, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!((refuses(status, true), refuses(status, false)), (with_token, without), "{status}");
        }
    }
}
