//! What changed on a calendar of Google's, and being told when something does.
//!
//! Only ids come from there: `fields` leaves titles, guests and words where they are.
//!
//! What a newcomer would get wrong: a sync token stands for the questions it was got with, so each question is asked with the
//! same parameters; and a channel is never made longer.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{EVENTS, GoogleCalendar};
use crate::calendars::changes::{Changed, Changes, Cursor, Hook, Watching};
use crate::calendars::http::{Ask, address};
use crate::calendars::{AccessToken, CalendarError};
use crate::scheduling::interval::Interval;

/// At most 2500 entries a page: half a million entries. Stops a server that never ends its list.
const PAGES: usize = 200;
/// As long as channels may live, in seconds.
const LIFE: &str = "604800";

const FIELDS: &str = "items(id,status),nextPageToken,nextSyncToken";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Entry>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
}

/// Of a deletion nothing but the id is certain to come along.
#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Channel {
    id: String,
    resource_id: String,
    /// Milliseconds since 1970, as text.
    expiration: String,
}

impl GoogleCalendar {
    pub(super) async fn read_changes(
        &self,
        token: &AccessToken,
        calendar: &str,
        since: Option<&Cursor>,
        window: Interval,
    ) -> Result<Changes, CalendarError> {
        let start = window.start().to_rfc3339();
        let from = since.map_or(("timeMin", start.as_str()), |cursor| ("syncToken", cursor.text.as_str()));
        let mut entries: BTreeMap<String, bool> = BTreeMap::new();
        let mut page_token: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("maxResults", "2500"), ("singleEvents", "false"), ("fields", FIELDS), from];
            query.extend(page_token.as_deref().map(|next| ("pageToken", next)));
            let url = address(&self.api, &["calendars", calendar, "events"], &query);
            let page: Page = match self.ask(token, Ask::new("events.list", Method::GET, url), EVENTS).await {
                Ok(reply) => reply.read(false)?,
                // Whatever it finds wrong with a question that only hands back its own word is wrong with that word.
                Err(CalendarError::Rejected(reason)) if since.is_some() && reason.starts_with("400 ") => {
                    return Err(CalendarError::CursorGone);
                }
                Err(error) => return Err(error),
            };
            entries.extend(page.items.into_iter().map(|one| (one.id, one.status.as_deref() == Some("cancelled"))));
            if let Some(text) = page.next_sync_token {
                let entries = entries.into_iter().map(|(provider_id, is_gone)| Changed { provider_id, is_gone });
                let cursor = Cursor { text, reaches: None };
                return Ok(Changes { entries: entries.collect(), is_complete: since.is_none(), cursor });
            }
            page_token = page.next_page_token;
            if page_token.is_none() {
                return Err(CalendarError::Unavailable("a list of events without a token to go on by".into()));
            }
        }
        Err(CalendarError::Unavailable("a list of events without end".into()))
    }

    pub(super) async fn open_channel(
        &self,
        token: &AccessToken,
        calendar: &str,
        hook: &Hook,
    ) -> Result<Watching, CalendarError> {
        let body = json!({
            "id": hook.channel.to_string(),
            "type": "web_hook",
            "address": hook.address,
            "token": hook.token.expose(),
            "params": { "ttl": LIFE },
        });
        let url = address(&self.api, &["calendars", calendar, "events", "watch"], &[]);
        let ask = Ask::new("events.watch", Method::POST, url).json(body);
        self.ask(token, ask, EVENTS).await?.read::<Channel>(true)?.watching()
    }

    pub(super) async fn stop_channel(&self, token: &AccessToken, watching: &Watching) -> Result<(), CalendarError> {
        let body = json!({ "id": watching.id, "resourceId": watching.resource });
        let ask = Ask::new("channels.stop", Method::POST, address(&self.api, &["channels", "stop"], &[])).json(body);
        match self.ask(token, ask, EVENTS).await {
            Ok(_) | Err(CalendarError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Channel {
    fn watching(self) -> Result<Watching, CalendarError> {
        let expires_at: Option<DateTime<Utc>> =
            self.expiration.parse().ok().and_then(DateTime::<Utc>::from_timestamp_millis);
        let expires_at =
            expires_at.ok_or_else(|| CalendarError::UnknownOutcome("a channel that ends at no time".into()))?;
        Ok(Watching { id: self.id, resource: self.resource_id, expires_at })
    }
}
