//! Calendars that live in memory: for tests of what stands above, and for development without a
//! provider. It keeps the trait's promises for real (one event per identity, typed failures, unknown
//! outcomes, cursors, pushes), and can be told to fail on purpose.
//!
//! The trait's verbs are in [`verbs`], what people do without us in [`by_hand`], what goes wrong in [`script`], what changed in
//! [`journal`], who is told of it in [`channels`].
//!
//! What a newcomer would get wrong: a failure told with [`Memory::fail_next`] happens before the
//! effect, one told with [`Memory::lose_next_answer`] after it; a put told with
//! [`Memory::delay_next_put`] has it when the test says so.

mod by_hand;
mod channels;
mod journal;
mod mail;
mod script;
mod stored;
#[cfg(test)]
mod tests;
mod verbs;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};

pub use self::{
    by_hand::Entry,
    channels::Push,
    mail::{Notice, NoticeKind},
    script::Action,
};
use self::{
    channels::Channel,
    journal::Touched,
    script::{Fault, Late},
    stored::Stored,
};
use super::{
    Access, AccessToken, Account, Alert, Calendar, CalendarError, CalendarInfo, EventDraft, Placed, RemoteEvent,
    Response,
    changes::{Changed, Changes, Cursor, Hook, Watching},
};
use crate::{
    clock::{Clock, SystemClock},
    scheduling::interval::Interval,
};

/// Every account and its calendars.
pub struct Memory {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<String, AccountState>,
    script: Vec<(Action, Fault)>,
    notices: Vec<Notice>,
    asked: Option<Account>,
    /// Tokens of whole organisations, and the domain whose people each opens.
    organisations: BTreeMap<String, String>,
    /// The addresses of each question to an organisation.
    asked_of: Vec<Vec<String>>,
    /// How often busy times were asked for.
    questions: usize,
    /// Rises with every change anywhere: etags and cursors are made of it.
    revision: u64,
    journal: Vec<Touched>,
    /// The oldest cursor of an account that is still known.
    forgotten: BTreeMap<String, u64>,
    /// Whether cursors tell of a window alone.
    bounded: bool,
    channels: Vec<Channel>,
    /// Whether channels are made longer instead of being replaced.
    renews: bool,
    pushes: Vec<Push>,
    /// How many of the next puts are delayed.
    delays: usize,
    late: Vec<Late>,
    now: DateTime<Utc>,
}

#[derive(Debug, Default)]
struct AccountState {
    calendars: Vec<CalendarInfo>,
    /// By id.
    entries: BTreeMap<String, Entry>,
    /// By calendar id and event id; cancelled ones stay, as they do at Google.
    events: BTreeMap<(String, String), Stored>,
    revoked: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }
}

impl Memory {
    pub fn new() -> Self {
        Self::default()
    }

    /// Channels end by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::default(), clock }
    }

    /// Opens the account, with a primary calendar named after it, and signs in.
    pub fn sign_in(&self, email: &str) -> AccessToken {
        let mut state = self.state();
        let account = state.accounts.entry(email.to_owned()).or_default();
        account.revoked = false;
        if account.calendars.is_empty() {
            account.calendars.push(calendar(email, email, true));
        }
        AccessToken::new(email)
    }

    /// From now on this token opens the calendars of everybody who has an account in the domain.
    pub fn admit(&self, token: &str, domain: &str) {
        self.state().organisations.insert(token.to_owned(), domain.to_owned());
    }

    /// The token opens nothing any more.
    pub fn shut_out(&self, token: &str) {
        self.state().organisations.remove(token);
    }

    /// Whom organisations were asked about, question by question.
    pub fn asked_of(&self) -> Vec<Vec<String>> {
        self.state().asked_of.clone()
    }

    /// Gives the account one more calendar.
    pub fn add_calendar(&self, email: &str, id: &str) {
        self.with(email, |account| account.calendars.push(calendar(id, id, false)));
    }

    /// The account has this calendar no more.
    pub fn remove_calendar(&self, email: &str, id: &str) {
        self.with(email, |account| account.calendars.retain(|one| one.id != id));
    }

    /// The account's sign-in no longer works until it signs in again.
    pub fn revoke(&self, email: &str) {
        self.with(email, |account| account.revoked = true);
    }

    /// The account as it was named when busy times were last asked for.
    pub fn last_asked(&self) -> Option<Account> {
        self.state().asked.clone()
    }

    /// How often busy times were asked for, whatever came of it.
    pub fn questions(&self) -> usize {
        self.state().questions
    }

    /// Everything we placed for this account, cancelled events too.
    pub fn events(&self, email: &str) -> Vec<RemoteEvent> {
        let state = self.state();
        let Some(account) = state.accounts.get(email) else { return Vec::new() };
        account.events.iter().map(|((_, id), stored)| stored.as_seen(id)).collect()
    }

    /// The alert that was asked for at this event, if it stands there.
    pub fn alert(&self, email: &str, placed: &Placed) -> Option<Alert> {
        let state = self.state();
        let mut events = state.accounts.get(email)?.events.iter().filter(|(_, stored)| !stored.cancelled);
        events.find(|((_, id), _)| *id == placed.provider_id).map(|(_, stored)| stored.draft.alert)
    }

    /// What our event is called, if it stands there.
    pub fn title(&self, email: &str, placed: &Placed) -> Option<String> {
        let state = self.state();
        let mut events = state.accounts.get(email)?.events.iter().filter(|(_, stored)| !stored.cancelled);
        let (_, stored) = events.find(|((_, id), _)| *id == placed.provider_id)?;
        Some(stored.title.clone().unwrap_or_else(|| stored.draft.summary.clone()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another test thread leaves plain data behind, which is still good.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.now = self.clock.now();
        state
    }

    fn with(&self, email: &str, change: impl FnOnce(&mut AccountState)) {
        change(self.state().account(email));
    }
}

impl State {
    fn account(&mut self, email: &str) -> &mut AccountState {
        self.accounts.entry(email.to_owned()).or_default()
    }
}

impl AccountState {
    /// The calendar's own id.
    fn resolve(&self, calendar: &str) -> Result<String, CalendarError> {
        let found = self.calendars.iter().find(|info| info.id == calendar || (calendar == "primary" && info.primary));
        found.map(|info| info.id.clone()).ok_or(CalendarError::Gone)
    }
}

fn calendar(id: &str, name: &str, primary: bool) -> CalendarInfo {
    CalendarInfo {
        id: id.to_owned(),
        name: name.to_owned(),
        colour: Some("#3f7ef3".to_owned()),
        zone: Some("UTC".to_owned()),
        primary,
        writable: true,
        access: Access::Own,
    }
}

/// A draft for tests of this module's neighbours.
#[cfg(test)]
pub(super) fn draft_for_tests(marker: &str) -> EventDraft {
    use chrono::{TimeDelta, TimeZone, Utc};
    let start = Utc.with_ymd_and_hms(2027, 3, 8, 14, 0, 0).single().expect("an instant");
    EventDraft {
        uid: format!("{marker}@convene.example"),
        marker: marker.to_owned(),
        generation: 0,
        sequence: 0,
        summary: "Interview".to_owned(),
        description: "Bring a laptop.".to_owned(),
        location: None,
        span: Interval::new(start, start + TimeDelta::minutes(45)).expect("45 minutes are some"),
        zone: chrono_tz::Europe::Berlin,
        attendees: Vec::new(),
        video: false,
        notify: true,
        alert: Alert::Usual,
    }
}
