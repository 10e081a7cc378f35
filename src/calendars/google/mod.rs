//! Google Calendar, API v3.
//!
//! Event ids are our own (derived from UID and generation), so even a request sent twice makes one
//! event. Which answer means what is in `failure`; Google's JSON is in `wire`; free/busy in `busy`; what happens without us in
//! `changes`; all that is ours in `ours`.
//!
//! What a newcomer would get wrong: `freeBusy` answers 200 with an `errors` list inside, 404 also
//! means "not shared with you", and 403 is at times a rate limit.

mod busy;
mod changes;
mod failure;
mod ours;
mod wire;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use self::wire::{CalendarList, CalendarListEntry, Event, NewCalendar};
use super::http::{Ask, Http, Reply, address};
use super::{
    AccessToken, Account, Calendar, CalendarError, CalendarInfo, Colleague, EventDraft, Heard, Ours, Placed, Provider,
    RemoteEvent, Removal,
    changes::{Changes, Cursor, Hook, Pushes, Watching},
    keys, made_before, unmoved,
};
use crate::calendars::endpoints::Endpoints;
use crate::scheduling::interval::Interval;

/// More pages than any account has calendars for; stops a server that never ends its list.
const PAGES: usize = 50;

const EVENTS: &str = "calendar.events";
const CALENDAR_LIST: &str = "calendar.calendarlist.readonly";
/// The narrowest that makes calendars: it opens those that we made, and no other.
const OWN_CALENDARS: &str = "calendar.app.created";

/// The client. Clone it freely: the connection pool is shared.
#[derive(Debug, Clone)]
pub struct GoogleCalendar {
    http: Http,
    api: Url,
}

impl GoogleCalendar {
    pub fn new(http: Http, endpoints: &Endpoints) -> Self {
        Self { http, api: endpoints.api.clone() }
    }

    /// Sends, and turns whatever is no success into a failure. `scope` is what the action needs.
    async fn ask(&self, token: &AccessToken, ask: Ask, scope: &'static str) -> Result<Reply, CalendarError> {
        let wrote = ask.writes;
        let reply = self.http.send(Provider::Google, token, ask).await.map_err(|error| error.for_calendar(wrote))?;
        if reply.status.is_success() { Ok(reply) } else { Err(failure::of(&reply, wrote, scope)) }
    }

    async fn get(&self, token: &AccessToken, calendar: &str, id: &str) -> Result<Option<Event>, CalendarError> {
        let url = address(&self.api, &["calendars", calendar, "events", id], &[]);
        match self.ask(token, Ask::new("events.get", Method::GET, url), EVENTS).await {
            Ok(reply) => reply.read(false).map(Some),
            Err(CalendarError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn insert(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        with_meet: bool,
    ) -> Result<Event, CalendarError> {
        let url = address(&self.api, &["calendars", calendar, "events"], &write_query(draft.notify, draft.video));
        let ask = Ask::new("events.insert", Method::POST, url).json(wire::insertion(draft, with_meet));
        self.ask(token, ask, EVENTS).await?.read(true)
    }

    async fn patch(
        &self,
        token: &AccessToken,
        calendar: &str,
        event: &Event,
        draft: &EventDraft,
        patch: Value,
    ) -> Result<Event, CalendarError> {
        let query = write_query(draft.notify, draft.video);
        let url = address(&self.api, &["calendars", calendar, "events", &event.id], &query);
        let mut ask = Ask::new("events.patch", Method::PATCH, url).json(patch);
        if let Some(etag) = &event.etag {
            ask = ask.header("If-Match", etag);
        }
        self.ask(token, ask, EVENTS).await?.read(true)
    }

    /// Changes the event until it shows the draft; once more if someone changed it in between, unless they gave it another time.
    /// Without a receipt, one that was cancelled is revived.
    async fn bring_in_line(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        mut event: Event,
        last: Option<&Placed>,
        with_meet: bool,
    ) -> Result<Event, CalendarError> {
        let mut tries = 0;
        loop {
            if event.is_cancelled() && last.is_some() {
                return Err(CalendarError::Gone);
            }
            unmoved(event.span(), event.kept_span(), draft, last)?;
            let patch = wire::changes(&event, draft, with_meet);
            if patch.is_empty() {
                return Ok(event);
            }
            tries += 1;
            match self.patch(token, calendar, &event, draft, Value::Object(patch)).await {
                Ok(event) => return Ok(event),
                Err(CalendarError::Conflict { .. }) if tries == 1 => {
                    event = self.get(token, calendar, &event.id).await?.ok_or(CalendarError::Gone)?;
                }
                Err(CalendarError::Conflict { .. }) => return Err(CalendarError::Conflict { etag: event.etag }),
                Err(error) => return Err(error),
            }
        }
    }

    /// What was written, as a receipt. Google makes a meeting a moment after the event and tells its link to who looks again
    /// (`conferenceData.createRequest.status`); that it is not known yet is no failure.
    async fn receipt(&self, token: &AccessToken, calendar: &str, event: &Event) -> Placed {
        let mut placed = event.placed();
        if placed.join_url.is_none() && event.conference_data.is_some() {
            let later = self.get(token, calendar, &event.id).await;
            placed.join_url = later.ok().flatten().and_then(|event| event.placed().join_url);
        }
        placed
    }

    /// Whether to ask for Meet: only where the calendar offers it, as asking elsewhere fails the whole
    /// write. An account that did not let us read its calendar list is taken to have it.
    async fn offers_meet(&self, token: &AccessToken, calendar: &str) -> Result<bool, CalendarError> {
        let url = address(&self.api, &["users", "me", "calendarList", calendar], &[]);
        match self.ask(token, Ask::new("calendarList.get", Method::GET, url), CALENDAR_LIST).await {
            Ok(reply) => Ok(reply.read::<CalendarListEntry>(false)?.allows_meet()),
            Err(CalendarError::PermissionMissing(_) | CalendarError::Gone) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Who is mailed, and that conference data in the body counts.
fn write_query(notify: bool, video: bool) -> Vec<(&'static str, &'static str)> {
    let mut query = vec![("sendUpdates", if notify { "all" } else { "none" })];
    if video {
        query.push(("conferenceDataVersion", "1"));
    }
    query
}

fn id_of(draft: &EventDraft, last: Option<&Placed>) -> String {
    last.map_or_else(|| keys::google_event_id(draft), |placed| placed.provider_id.clone())
}

#[async_trait]
impl Calendar for GoogleCalendar {
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError> {
        let mut calendars = Vec::new();
        let mut page_token: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("maxResults", "250")];
            if let Some(next) = &page_token {
                query.push(("pageToken", next));
            }
            let url = address(&self.api, &["users", "me", "calendarList"], &query);
            let ask = Ask::new("calendarList.list", Method::GET, url);
            let page: CalendarList = self.ask(token, ask, CALENDAR_LIST).await?.read(false)?;
            calendars.extend(page.items.into_iter().filter(|entry| !entry.deleted).map(CalendarListEntry::info));
            page_token = page.next_page_token;
            if page_token.is_none() {
                return Ok(calendars);
            }
        }
        Err(CalendarError::Unavailable("a calendar list without end".into()))
    }

    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError> {
        if let Some(known) = made_before(self.calendars(token).await?, name) {
            return Ok(known);
        }
        let ask = Ask::new("calendars.insert", Method::POST, address(&self.api, &["calendars"], &[]));
        let made: NewCalendar =
            self.ask(token, ask.json(json!({ "summary": name })), OWN_CALENDARS).await?.read(true)?;
        Ok(made.info())
    }

    async fn busy_each(
        &self,
        token: &AccessToken,
        _account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let primary = ["primary".to_owned()];
        self.busy_by_id(token, if calendars.is_empty() { &primary } else { calendars }, window).await
    }

    /// An address is the id of its owner's main calendar. Who shares nothing with the person the token acts as is not found,
    /// though they may be there: whoever holds the delegation asks again as themselves.
    async fn busy_of(
        &self,
        token: &AccessToken,
        people: &[Colleague],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let ids: Vec<String> = people.iter().map(|one| one.address.clone()).collect();
        self.busy_by_id(token, &ids, window).await
    }

    async fn put(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Placed, CalendarError> {
        let id = id_of(draft, last);
        let known = self.get(token, calendar, &id).await?;
        if known.is_none() && last.is_some() {
            return Err(CalendarError::Gone);
        }
        let has_meet = known.as_ref().is_some_and(|event| event.conference_data.is_some());
        let with_meet = draft.video && !has_meet && self.offers_meet(token, calendar).await?;
        let event = match known {
            Some(event) => event,
            None => match self.insert(token, calendar, draft, with_meet).await {
                Ok(event) => return Ok(self.receipt(token, calendar, &event).await),
                // Someone inserted it between our look and our insert: most likely we did, on a request
                // whose answer was lost.
                Err(CalendarError::Conflict { .. }) => self
                    .get(token, calendar, &id)
                    .await?
                    .ok_or_else(|| CalendarError::Unavailable("the id is taken, yet no event is there".into()))?,
                Err(error) => return Err(error),
            },
        };
        let event = self.bring_in_line(token, calendar, draft, event, last, with_meet).await?;
        Ok(self.receipt(token, calendar, &event).await)
    }

    async fn cancel(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
        _comment: &str,
    ) -> Result<Removal, CalendarError> {
        let id = id_of(draft, last);
        let url = address(&self.api, &["calendars", calendar, "events", &id], &write_query(draft.notify, false));
        match self.ask(token, Ask::new("events.delete", Method::DELETE, url), EVENTS).await {
            Ok(_) => Ok(Removal::Removed),
            // 404, or 410 for one that is cancelled already. Only with a receipt is it certain that it was there.
            Err(CalendarError::Gone) => Ok(if last.is_some() { Removal::Removed } else { Removal::NotThere }),
            Err(error) => Err(error),
        }
    }

    async fn find(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Option<RemoteEvent>, CalendarError> {
        Ok(self.get(token, calendar, &id_of(draft, last)).await?.map(|event| event.seen()))
    }

    async fn changes(
        &self,
        token: &AccessToken,
        calendar: &str,
        since: Option<&Cursor>,
        window: Interval,
    ) -> Result<Changes, CalendarError> {
        self.read_changes(token, calendar, since, window).await
    }

    async fn ours(&self, token: &AccessToken, calendar: &str, window: Interval) -> Result<Vec<Ours>, CalendarError> {
        self.find_ours(token, calendar, window).await
    }

    fn pushes(&self) -> Pushes {
        Pushes::Replaced
    }

    async fn watch(&self, token: &AccessToken, calendar: &str, hook: &Hook) -> Result<Watching, CalendarError> {
        self.open_channel(token, calendar, hook).await
    }

    async fn unwatch(&self, token: &AccessToken, watching: &Watching) -> Result<(), CalendarError> {
        self.stop_channel(token, watching).await
    }
}

#[cfg(test)]
mod tests;
