//! What changed on a calendar of Microsoft's: a delta query over a window, which the cursor keeps.
//!
//! Graph sends whole entries and knows no way to ask for less; their ids are read and the rest is dropped.
//!
//! What a newcomer would get wrong: an entry may come several times, and the last one counts; an entry that merely left the
//! window, or changed outside of it, is told as removed; and the window stays where it was when time moves on.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{MicrosoftCalendar, PREFER, READ};
use crate::calendars::changes::{Changed, Changes, Cursor};
use crate::calendars::http::{Ask, Reply, address};
use crate::calendars::{AccessToken, CalendarError};
use crate::scheduling::interval::Interval;

/// Entries come with their words, so pages stay small.
const PAGE: usize = 50;
/// Years of a full calendar. Stops a server that never ends its list.
const PAGES: usize = 1000;

#[derive(Debug, Deserialize)]
struct Page {
    value: Vec<Entry>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
}

/// Of an occurrence, little more than its master's id is certain to come along; of a removed entry its own id alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    id: String,
    #[serde(rename = "@removed")]
    removed: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
    series_master_id: Option<String>,
    is_cancelled: Option<bool>,
}

impl MicrosoftCalendar {
    pub(super) async fn read_changes(
        &self,
        token: &AccessToken,
        calendar: &str,
        since: Option<&Cursor>,
        window: Interval,
    ) -> Result<Changes, CalendarError> {
        let mut url = match since {
            None => self.first(calendar, window),
            // Kept while the API was elsewhere.
            Some(cursor) => self.own(&cursor.text).map_err(|_| CalendarError::CursorGone)?,
        };
        let reaches = since.map_or(Some(window.end()), |cursor| cursor.reaches);
        let mut entries = Vec::new();
        for _ in 0..PAGES {
            let page = self.page(token, url).await?;
            entries.extend(page.value);
            if let Some(link) = page.delta {
                let cursor = Cursor { text: self.own(&link)?.into(), reaches };
                return Ok(Changes { entries: folded(entries), is_complete: since.is_none(), cursor });
            }
            let next =
                page.next.ok_or_else(|| CalendarError::Unavailable("a page without a link to go on by".into()))?;
            url = self.own(&next)?;
        }
        Err(CalendarError::Unavailable("a list of changes without end".into()))
    }

    fn first(&self, calendar: &str, window: Interval) -> Url {
        let bound = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (start, end) = (bound(window.start()), bound(window.end()));
        let path = match calendar {
            "primary" => vec!["me", "calendarView", "delta"],
            id => vec!["me", "calendars", id, "calendarView", "delta"],
        };
        address(&self.api, &path, &[("startDateTime", &start), ("endDateTime", &end)])
    }

    async fn page(&self, token: &AccessToken, url: Url) -> Result<Page, CalendarError> {
        let prefer = format!("{PREFER}, odata.maxpagesize={PAGE}");
        let ask = Ask::new("calendarView.delta", Method::GET, url);
        self.ask_preferring(token, ask, READ, &prefer).await?.read(false)
    }
}

/// Whether an answer says that it forgot how far we had read. It may say so of the first read too, in the middle of its pages.
pub(super) fn has_forgotten(reply: &Reply, is: impl Fn(&str) -> bool) -> bool {
    let codes = ["SyncStateNotFound", "SyncStateInvalid", "resyncRequired", "InvalidDeltaToken"];
    matches!(reply.status.as_u16(), 400 | 410) && codes.iter().any(|code| is(code))
}

/// Each entry once: an occurrence that is as its series says stands for the series; the last word counts.
pub(super) fn folded(entries: Vec<Entry>) -> Vec<Changed> {
    let mut told: BTreeMap<String, bool> = BTreeMap::new();
    let mut masters = Vec::new();
    for entry in entries {
        let is_gone = entry.removed.is_some() || entry.is_cancelled == Some(true);
        match entry.series_master_id {
            Some(master) if !is_gone && entry.kind.as_deref() == Some("occurrence") => masters.push(master),
            _ => {
                told.insert(entry.id, is_gone);
            }
        }
    }
    for master in masters {
        // What the series says of itself counts more.
        told.entry(master).or_insert(false);
    }
    told.into_iter().map(|(provider_id, is_gone)| Changed { provider_id, is_gone }).collect()
}
