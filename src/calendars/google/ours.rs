//! Every event of ours on a calendar, found without knowing of it.
//!
//! What a newcomer would get wrong: Google finds a private property by name and value only. So each event of ours carries one
//! that is the same on all of them; events written before there was one are found once they are written again.

use reqwest::Method;

use super::wire::{self, EventList};
use super::{EVENTS, GoogleCalendar, PAGES};
use crate::calendars::http::{Ask, address};
use crate::calendars::{AccessToken, CalendarError, Ours};
use crate::scheduling::interval::Interval;

/// No titles, no guests.
const FIELDS: &str = "items(id,status,start,end,extendedProperties/private),nextPageToken";

impl GoogleCalendar {
    pub(super) async fn find_ours(
        &self,
        token: &AccessToken,
        calendar: &str,
        window: Interval,
    ) -> Result<Vec<Ours>, CalendarError> {
        let (start, end) = (window.start().to_rfc3339(), window.end().to_rfc3339());
        let (name, value) = wire::OURS;
        let is_ours = format!("{name}={value}");
        let mut ours = Vec::new();
        let mut page_token: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![
                ("maxResults", "2500"),
                ("singleEvents", "false"),
                ("fields", FIELDS),
                ("timeMin", start.as_str()),
                ("timeMax", end.as_str()),
                ("privateExtendedProperty", is_ours.as_str()),
            ];
            query.extend(page_token.as_deref().map(|next| ("pageToken", next)));
            let url = address(&self.api, &["calendars", calendar, "events"], &query);
            let ask = Ask::new("events.list", Method::GET, url);
            let page: EventList = self.ask(token, ask, EVENTS).await?.read(false)?;
            ours.extend(page.items.iter().filter_map(wire::Event::as_ours));
            page_token = page.next_page_token;
            if page_token.is_none() {
                return Ok(ours);
            }
        }
        Err(CalendarError::Unavailable("a list of events without end".into()))
    }
}
