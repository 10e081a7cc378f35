//! Microsoft Outlook calendars, Graph v1.0.
//!
//! Graph chooses event ids, so ours goes into a named property and we look before we create; the
//! `transactionId` guards the moment in between. Graph's JSON is in `wire`, what its failures mean in
//! `failure`, the care for Teams' join block in `body`; busy times in `view`, those of a whole organisation in `schedule`; what
//! happens without us in `changes`, being told of it in
//! `subscriptions`, all that is ours in `ours`.
//!
//! What a newcomer would get wrong: every PATCH mails all guests, so nothing is sent when nothing
//! changed; and all-day entries come as bare dates, whatever zone one asks for.

mod batch;
mod body;
mod changes;
mod failure;
mod ours;
mod schedule;
mod subscriptions;
mod view;
mod wire;

use async_trait::async_trait;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use self::wire::{Clock, Event, GraphCalendar, Page};
use super::http::{Ask, Http, Reply, address};
use super::{
    AccessToken, Account, Calendar, CalendarError, CalendarInfo, Colleague, EventDraft, Heard, Ours, Placed, Provider,
    RemoteEvent, Removal,
    changes::{Changes, Cursor, Hook, Pushes, Watching},
    keys, made_before, unmoved,
};
use crate::calendars::endpoints::Endpoints;
use crate::scheduling::interval::Interval;

const READ: &str = "Calendars.Read";
const WRITE: &str = "Calendars.ReadWrite";

/// Times in UTC; ids that survive a move to another folder.
const PREFER: &str = "outlook.timezone=\"UTC\", IdType=\"ImmutableId\"";

/// At 500 entries a page: years of a full calendar. Stops a server that never ends its list.
const PAGES: usize = 50;

/// The client. Clone it freely: the connection pool is shared.
#[derive(Debug, Clone)]
pub struct MicrosoftCalendar {
    http: Http,
    api: Url,
}

impl MicrosoftCalendar {
    pub fn new(http: Http, endpoints: &Endpoints) -> Self {
        Self { http, api: endpoints.api.clone() }
    }

    /// Sends, and turns whatever is no success into a failure. `scope` is what the action needs.
    async fn ask(&self, token: &AccessToken, ask: Ask, scope: &'static str) -> Result<Reply, CalendarError> {
        self.ask_preferring(token, ask, scope, PREFER).await
    }

    async fn ask_preferring(
        &self,
        token: &AccessToken,
        ask: Ask,
        scope: &'static str,
        prefer: &str,
    ) -> Result<Reply, CalendarError> {
        let wrote = ask.writes;
        let ask = ask.header("Prefer", prefer);
        let reply = self.http.send(Provider::Microsoft, token, ask).await.map_err(|error| error.for_calendar(wrote))?;
        if reply.status.is_success() { Ok(reply) } else { Err(failure::of(&reply, wrote, scope)) }
    }

    /// Every entry of a list, following Graph's links as long as they stay with Graph.
    async fn all<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        action: &'static str,
        first: Url,
    ) -> Result<Vec<T>, CalendarError> {
        let page: Page<T> = self.ask(token, Ask::new(action, Method::GET, first), READ).await?.read(false)?;
        self.rest(token, action, page).await
    }

    /// The same from a page on that is there already.
    async fn rest<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        action: &'static str,
        mut page: Page<T>,
    ) -> Result<Vec<T>, CalendarError> {
        let mut entries = Vec::new();
        for _ in 0..PAGES {
            entries.append(&mut page.value);
            let Some(next) = &page.next else { return Ok(entries) };
            let ask = Ask::new(action, Method::GET, self.own(next)?);
            page = self.ask(token, ask, READ).await?.read(false)?;
        }
        Err(CalendarError::Unavailable("a list without end".into()))
    }

    /// A link from an answer, if it leads where our tokens belong.
    fn own(&self, link: &str) -> Result<Url, CalendarError> {
        link.parse::<Url>()
            .ok()
            .filter(|url| url.origin() == self.api.origin() && url.path().starts_with(self.api.path()))
            .ok_or_else(|| CalendarError::Unavailable("the next page is at another address".into()))
    }

    async fn get(&self, token: &AccessToken, id: &str) -> Result<Option<Event>, CalendarError> {
        let url = address(&self.api, &["me", "events", id], &[("$expand", &expand())]);
        match self.ask(token, Ask::new("events.get", Method::GET, url), READ).await {
            Ok(reply) => reply.read(false).map(Some),
            Err(CalendarError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The event that carries our marker and was made for this generation. The transaction id tells
    /// generations apart; an event that hides it is taken for ours rather than doubled.
    async fn search(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
    ) -> Result<Option<Event>, CalendarError> {
        let marker = draft.marker.replace('\'', "''");
        let filter =
            format!("singleValueExtendedProperties/Any(ep: ep/id eq '{}' and ep/value eq '{marker}')", wire::MARKER);
        let url = address(&self.api, &events_of(calendar), &[("$filter", &filter), ("$expand", &expand())]);
        let ours = keys::transaction_id(draft).to_string();
        let found: Vec<Event> = self.all(token, "events.list", url).await?;
        let made_for_this = |event: &Event| {
            event.transaction_id.as_ref().is_none_or(|transaction| transaction.eq_ignore_ascii_case(&ours))
        };
        Ok(found.into_iter().filter(made_for_this).min_by_key(Event::is_cancelled))
    }

    async fn look(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Option<Event>, CalendarError> {
        match last {
            Some(placed) => self.get(token, &placed.provider_id).await,
            None => self.search(token, calendar, draft).await,
        }
    }

    async fn create(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        with_teams: bool,
    ) -> Result<Event, CalendarError> {
        let path = match calendar {
            "primary" => vec!["me", "calendar", "events"],
            id => vec!["me", "calendars", id, "events"],
        };
        let ask = Ask::new("events.create", Method::POST, address(&self.api, &path, &[]));
        self.ask(token, ask.json(wire::creation(draft, with_teams, Clock::Own)), WRITE).await?.read(true)
    }

    async fn patch(&self, token: &AccessToken, event: &Event, patch: Value) -> Result<Event, CalendarError> {
        let url = address(&self.api, &["me", "events", &event.id], &[]);
        let mut ask = Ask::new("events.update", Method::PATCH, url).json(patch);
        if let Some(etag) = &event.etag {
            ask = ask.header("If-Match", etag);
        }
        self.ask(token, ask, WRITE).await?.read(true)
    }

    /// Changes the event until it shows the draft; once more if someone changed it in between, unless they gave it another time. Should
    /// the answer show another instant than we wrote, the mailbox reads the zone by other rules, and
    /// the time is written again in UTC.
    async fn bring_in_line(
        &self,
        token: &AccessToken,
        draft: &EventDraft,
        mut event: Event,
        last: Option<&Placed>,
        with_teams: bool,
        mut clock: Clock,
    ) -> Result<Placed, CalendarError> {
        let (mut conflicts, mut rewrites) = (0, false);
        loop {
            if event.is_cancelled() {
                return Err(CalendarError::Gone);
            }
            // Once written in the event's own zone, another time is the mailbox's doing and no person's.
            if !rewrites {
                unmoved(event.span(), event.kept_span(), draft, last)?;
            }
            let patch = wire::changes(&event, draft, with_teams, clock);
            if patch.is_empty() {
                return Ok(event.placed());
            }
            match self.patch(token, &event, Value::Object(patch)).await {
                Ok(after) if after.span() == Some(draft.span) => return Ok(after.placed()),
                Ok(after) if clock == Clock::Own => {
                    (clock, rewrites) = (Clock::Utc, true);
                    event = self.get(token, &after.id).await?.ok_or(CalendarError::Gone)?;
                }
                Ok(_) => return Err(CalendarError::Rejected("the mailbox moved the event to another time".into())),
                Err(CalendarError::Conflict { .. }) if conflicts == 0 => {
                    conflicts += 1;
                    event = self.get(token, &event.id).await?.ok_or(CalendarError::Gone)?;
                }
                Err(CalendarError::Conflict { .. }) => return Err(CalendarError::Conflict { etag: event.etag }),
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether Teams meetings can be made here: at work they mostly can, on personal accounts not.
    async fn offers_teams(&self, token: &AccessToken, calendar: &str) -> Result<bool, CalendarError> {
        let path = match calendar {
            "primary" => vec!["me", "calendar"],
            id => vec!["me", "calendars", id],
        };
        let ask = Ask::new("calendar.get", Method::GET, address(&self.api, &path, &[]));
        Ok(self.ask(token, ask, READ).await?.read::<GraphCalendar>(false)?.offers_teams())
    }
}

/// Where a calendar's events are listed.
fn events_of(calendar: &str) -> Vec<&str> {
    match calendar {
        "primary" => vec!["me", "events"],
        id => vec!["me", "calendars", id, "events"],
    }
}

/// Named properties come only when asked for. Events are found by the marker, so only the digest of
/// the words, the time and the alert have to be read.
fn expand() -> String {
    format!(
        "singleValueExtendedProperties($filter=id eq '{}' or id eq '{}' or id eq '{}')",
        wire::WORDS,
        wire::TIME,
        wire::ALERT
    )
}

#[async_trait]
impl Calendar for MicrosoftCalendar {
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError> {
        let url = address(&self.api, &["me", "calendars"], &[("$top", "100")]);
        let calendars: Vec<GraphCalendar> = self.all(token, "calendars.list", url).await?;
        Ok(calendars.into_iter().map(GraphCalendar::info).collect())
    }

    /// Graph refuses a second calendar of the same name, in any case; one that may not be written to stands in the way then.
    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError> {
        if let Some(known) = made_before(self.calendars(token).await?, name) {
            return Ok(known);
        }
        let ask = Ask::new("calendars.create", Method::POST, address(&self.api, &["me", "calendars"], &[]));
        match self.ask(token, ask.json(json!({ "name": name })), WRITE).await {
            Ok(reply) => Ok(reply.read::<GraphCalendar>(true)?.info()),
            Err(CalendarError::Conflict { .. }) => made_before(self.calendars(token).await?, name)
                .ok_or_else(|| CalendarError::Rejected("another calendar or folder has this name".into())),
            Err(error) => Err(error),
        }
    }

    /// Reads each calendar's view, at work as at home, several in one `$batch`: `getSchedule` knows neither personal accounts
    /// nor secondary calendars. All-day entries are read in the account's zone (see [`Account`]).
    async fn busy_each(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        self.views(token, account, calendars, window).await
    }

    async fn busy_of(
        &self,
        token: &AccessToken,
        people: &[Colleague],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        self.schedules(token, people, window).await
    }

    async fn put(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Placed, CalendarError> {
        let mut known = self.look(token, calendar, draft, last).await?;
        if last.is_none() {
            // Graph has no way back from cancelled: only a new event will do.
            known = known.filter(|event| !event.is_cancelled());
        }
        if known.is_none() && last.is_some() {
            return Err(CalendarError::Gone);
        }
        let has_meeting = known.as_ref().is_some_and(Event::has_meeting);
        let with_teams = draft.video && !has_meeting && self.offers_teams(token, calendar).await?;
        if let Some(event) = known {
            return self.bring_in_line(token, draft, event, last, with_teams, Clock::Own).await;
        }
        match self.create(token, calendar, draft, with_teams).await {
            Ok(event) if event.span() == Some(draft.span) => Ok(event.placed()),
            Ok(event) => {
                let event = self.get(token, &event.id).await?.ok_or(CalendarError::Gone)?;
                self.bring_in_line(token, draft, event, last, with_teams, Clock::Utc).await
            }
            // The transaction id is known already: an earlier request, whose answer was lost, was
            // carried out after all.
            Err(CalendarError::Conflict { .. }) => {
                let event = self.search(token, calendar, draft).await?.ok_or_else(|| {
                    CalendarError::Unavailable("the transaction is known, yet its event is not found".into())
                })?;
                self.bring_in_line(token, draft, event, last, with_teams, Clock::Own).await
            }
            Err(error) => Err(error),
        }
    }

    async fn cancel(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
        comment: &str,
    ) -> Result<Removal, CalendarError> {
        let id = match last {
            Some(placed) => placed.provider_id.clone(),
            None => match self.search(token, calendar, draft).await {
                Ok(Some(event)) if !event.is_cancelled() => event.id,
                Ok(Some(_)) => return Ok(Removal::Removed),
                Ok(None) | Err(CalendarError::Gone) => return Ok(Removal::NotThere),
                Err(error) => return Err(error),
            },
        };
        // Only a meeting can be cancelled; an entry without guests is deleted.
        let ask = if draft.notify && !draft.attendees.is_empty() {
            let url = address(&self.api, &["me", "events", &id, "cancel"], &[]);
            Ask::new("events.cancel", Method::POST, url).json(json!({ "comment": comment }))
        } else {
            Ask::new("events.delete", Method::DELETE, address(&self.api, &["me", "events", &id], &[]))
        };
        match self.ask(token, ask, WRITE).await {
            Ok(_) | Err(CalendarError::Gone) => Ok(Removal::Removed),
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
        Ok(self.look(token, calendar, draft, last).await?.map(|event| event.seen()))
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
        Pushes::Renewed
    }

    async fn watch(&self, token: &AccessToken, calendar: &str, hook: &Hook) -> Result<Watching, CalendarError> {
        self.subscribe(token, calendar, hook).await
    }

    async fn renew(&self, token: &AccessToken, watching: &Watching) -> Result<Watching, CalendarError> {
        self.make_longer(token, watching).await
    }

    async fn unwatch(&self, token: &AccessToken, watching: &Watching) -> Result<(), CalendarError> {
        self.unsubscribe(token, watching).await
    }
}

#[cfg(test)]
mod tests;
