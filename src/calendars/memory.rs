//! Calendars that live in memory: for tests of what stands above, and for development without a
//! provider. It keeps the trait's promises for real (one event per identity, typed failures, unknown
//! outcomes), and can be told to fail on purpose.
//!
//! What a newcomer would get wrong: a failure told with [`Memory::fail_next`] happens before the
//! effect, one told with [`Memory::lose_next_answer`] after it; a put told with
//! [`Memory::delay_next_put`] has it when the test says so.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::{
    Access, AccessToken, Account, Alert, Calendar, CalendarError, CalendarInfo, Colleague, EventDraft, Heard, Placed,
    RemoteEvent, Removal, Response, keys, made_before,
};
use crate::scheduling::interval::{Interval, normalise};

/// Every account and its calendars.
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

/// One of the trait's verbs, to script a failure of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Calendars,
    CreateCalendar,
    Busy,
    /// Of an organisation.
    BusyOf,
    Put,
    Cancel,
    Find,
}

/// An entry that a person made.
#[derive(Debug, Clone)]
pub struct Entry {
    pub calendar: String,
    pub span: Interval,
    /// Shown as free: never blocks.
    pub transparent: bool,
    /// An invitation its owner declined: never blocks.
    pub declined: bool,
}

/// Mail that a provider would have sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub to: String,
    pub marker: String,
    pub kind: NoticeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    Invitation,
    Update,
    Cancellation,
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
    revision: u64,
    /// How many of the next puts are delayed.
    delays: usize,
    late: Vec<Late>,
}

#[derive(Debug)]
enum Fault {
    Before(CalendarError),
    After,
}

/// A put under way whose sender no longer waits for it.
#[derive(Debug)]
struct Late {
    token: AccessToken,
    calendar: String,
    draft: EventDraft,
    last: Option<Placed>,
}

#[derive(Debug, Default)]
struct AccountState {
    calendars: Vec<CalendarInfo>,
    entries: Vec<Entry>,
    /// By calendar id and event id; cancelled ones stay, as they do at Google.
    events: BTreeMap<(String, String), Stored>,
    revoked: bool,
}

#[derive(Debug, Clone)]
struct Stored {
    draft: EventDraft,
    revision: u64,
    sequence: u32,
    cancelled: bool,
    /// By lower-case address.
    answers: BTreeMap<String, Response>,
}

impl Memory {
    pub fn new() -> Self {
        Self::default()
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

    /// Puts an entry of the person's own onto a calendar (`"primary"` or an id).
    pub fn add_entry(&self, email: &str, mut entry: Entry) {
        if entry.calendar == "primary" {
            email.clone_into(&mut entry.calendar);
        }
        self.with(email, |account| account.entries.push(entry));
    }

    /// The account's sign-in no longer works until it signs in again.
    pub fn revoke(&self, email: &str) {
        self.with(email, |account| account.revoked = true);
    }

    /// The next call of this kind fails before it has any effect.
    pub fn fail_next(&self, action: Action, error: CalendarError) {
        self.state().script.push((action, Fault::Before(error)));
    }

    /// The next call of this kind has its effect and then loses its answer.
    pub fn lose_next_answer(&self, action: Action) {
        self.state().script.push((action, Fault::After));
    }

    /// The next put is given up by its sender before it takes effect, and still under way.
    pub fn delay_next_put(&self) {
        self.state().delays += 1;
    }

    /// Whatever was delayed takes effect now.
    pub async fn what_is_late_arrives(&self) {
        let late = std::mem::take(&mut self.state().late);
        for Late { token, calendar, draft, last } in late {
            // Nobody hears the answer.
            let _ = self.put(&token, &calendar, &draft, last.as_ref()).await;
        }
    }

    /// An attendee answers the invitation.
    pub fn answer(&self, email: &str, placed: &Placed, attendee: &str, answer: Response) {
        self.with(email, |account| {
            for ((_, id), stored) in &mut account.events {
                if *id == placed.provider_id {
                    stored.answers.insert(attendee.to_lowercase(), answer);
                }
            }
        });
    }

    /// The calendar's owner deletes our event by hand.
    pub fn delete_by_hand(&self, email: &str, placed: &Placed) {
        self.with(email, |account| {
            for ((_, id), stored) in &mut account.events {
                if *id == placed.provider_id {
                    stored.cancelled = true;
                }
            }
        });
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

    /// The mail sent so far, oldest first.
    pub fn notices(&self) -> Vec<Notice> {
        self.state().notices.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another test thread leaves plain data behind, which is still good.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn with(&self, email: &str, change: impl FnOnce(&mut AccountState)) {
        change(self.state().accounts.entry(email.to_owned()).or_default());
    }

    fn delays(&self, token: &AccessToken, calendar: &str, draft: &EventDraft, last: Option<&Placed>) -> bool {
        let mut state = self.state();
        if state.delays == 0 {
            return false;
        }
        state.delays -= 1;
        let (token, draft) = (token.clone(), draft.clone());
        state.late.push(Late { token, calendar: calendar.to_owned(), draft, last: last.cloned() });
        true
    }

    /// Runs one verb: the scripted failure, the sign-in, the work, the scripted loss.
    fn run<T>(
        &self,
        action: Action,
        token: &AccessToken,
        work: impl FnOnce(&mut State, &str) -> Result<T, CalendarError>,
    ) -> Result<T, CalendarError> {
        let mut state = self.state();
        let scripted = state.script.iter().position(|(of, _)| *of == action).map(|at| state.script.remove(at).1);
        if let Some(Fault::Before(error)) = scripted {
            return Err(error);
        }
        let email = token.expose();
        match state.accounts.get(email) {
            Some(account) if !account.revoked => {}
            _ => return Err(CalendarError::SignInExpired),
        }
        let result = work(&mut state, email)?;
        if scripted.is_some() {
            return Err(CalendarError::UnknownOutcome("the answer was lost on purpose".into()));
        }
        Ok(result)
    }
}

impl State {
    fn account(&mut self, email: &str) -> &mut AccountState {
        self.accounts.entry(email.to_owned()).or_default()
    }

    fn tell(&mut self, draft: &EventDraft, kind: NoticeKind) {
        if draft.notify {
            self.notices.extend(draft.attendees.iter().map(|attendee| Notice {
                to: attendee.email.clone(),
                marker: draft.marker.clone(),
                kind,
            }));
        }
    }

    /// Who is new is invited, who was listed before and is not any more is uninvited, the others learn of a change.
    fn tell_of_put(&mut self, draft: &EventDraft, before: Option<&EventDraft>) {
        let lists = |draft: &EventDraft, email: &str| draft.attendees.iter().any(|one| one.email == email);
        let some = |of: &EventDraft, wanted: &dyn Fn(&str) -> bool| {
            let attendees = of.attendees.iter().filter(|one| wanted(&one.email)).cloned().collect();
            EventDraft { attendees, notify: draft.notify, ..of.clone() }
        };
        let was_there = |email: &str| before.is_some_and(|before| lists(before, email));
        self.tell(&some(draft, &|email| !was_there(email)), NoticeKind::Invitation);
        self.tell(&some(draft, &was_there), NoticeKind::Update);
        if let Some(before) = before {
            self.tell(&some(before, &|email| !lists(draft, email)), NoticeKind::Cancellation);
        }
    }

    /// Busy time of the account: own entries, events we placed, and invitations to others' events,
    /// which land on the primary calendar.
    fn busy(&self, email: &str, calendar: &str) -> Vec<Interval> {
        let mut busy = Vec::new();
        for (owner, account) in &self.accounts {
            if owner == email {
                busy.extend(
                    account
                        .entries
                        .iter()
                        .filter(|entry| entry.calendar == calendar && !entry.transparent && !entry.declined)
                        .map(|entry| entry.span),
                );
            }
            for ((on, _), stored) in &account.events {
                let mine = owner == email && on == calendar;
                let invited = calendar == email && stored.attends(email);
                if !stored.cancelled && (mine || invited) {
                    busy.push(stored.draft.span);
                }
            }
        }
        busy
    }
}

impl AccountState {
    /// The calendar's own id.
    fn resolve(&self, calendar: &str) -> Result<String, CalendarError> {
        let found = self.calendars.iter().find(|info| info.id == calendar || (calendar == "primary" && info.primary));
        found.map(|info| info.id.clone()).ok_or(CalendarError::Gone)
    }
}

impl Stored {
    fn attends(&self, email: &str) -> bool {
        self.draft.attendees.iter().any(|attendee| attendee.email.eq_ignore_ascii_case(email))
            && self.answers.get(&email.to_lowercase()) != Some(&Response::Declined)
    }

    /// Another alert alone is no change.
    fn shows(&self, draft: &EventDraft) -> bool {
        self.draft == EventDraft { alert: self.draft.alert, ..draft.clone() }
    }

    fn placed(&self, id: &str) -> Placed {
        Placed {
            provider_id: id.to_owned(),
            etag: Some(format!("\"{}\"", self.revision)),
            join_url: self.draft.video.then(|| format!("https://meet.invalid/{id}")),
            ical_uid: Some(format!("{id}@memory.invalid")),
        }
    }

    fn as_seen(&self, id: &str) -> RemoteEvent {
        let answer = |email: &str| self.answers.get(&email.to_lowercase()).copied().unwrap_or(Response::NeedsAction);
        RemoteEvent {
            placed: self.placed(id),
            span: Some(self.draft.span),
            cancelled: self.cancelled,
            attendees: self.draft.attendees.iter().map(|one| (one.email.clone(), answer(&one.email))).collect(),
            sequence: Some(self.sequence),
        }
    }
}

#[async_trait]
impl Calendar for Memory {
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError> {
        self.run(Action::Calendars, token, |state, email| Ok(state.account(email).calendars.clone()))
    }

    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError> {
        self.run(Action::CreateCalendar, token, |state, email| {
            let calendars = &mut state.account(email).calendars;
            Ok(made_before(calendars.clone(), name).unwrap_or_else(|| {
                let made = calendar(&format!("{email}/{}", calendars.len()), name, false);
                calendars.push(made.clone());
                made
            }))
        })
    }

    async fn busy_each(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        self.state().questions += 1;
        self.run(Action::Busy, token, |state, email| {
            state.asked = Some(account.clone());
            let primary = ["primary".to_owned()];
            let asked = if calendars.is_empty() { &primary } else { calendars };
            let mut heard = |calendar: &String| {
                let id = state.account(email).resolve(calendar)?;
                Ok(normalise(state.busy(email, &id).iter().filter_map(|span| span.intersection(&window)).collect()))
            };
            Ok(asked.iter().map(|calendar| (calendar.clone(), heard(calendar))).collect())
        })
    }

    async fn busy_of(
        &self,
        token: &AccessToken,
        people: &[Colleague],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let mut state = self.state();
        state.asked_of.push(people.iter().map(|one| one.address.clone()).collect());
        let scripted =
            state.script.iter().position(|(of, _)| *of == Action::BusyOf).map(|at| state.script.remove(at).1);
        if let Some(Fault::Before(error)) = scripted {
            return Err(error);
        }
        let domain = state.organisations.get(token.expose()).cloned().ok_or(CalendarError::SignInExpired)?;
        let heard = |one: &Colleague| {
            let is_theirs = one.address.split_once('@').is_some_and(|(_, of)| of == domain);
            let account = state.accounts.get(&one.address).filter(|_| is_theirs).ok_or(CalendarError::Gone)?;
            let id = account.resolve("primary")?;
            Ok(normalise(state.busy(&one.address, &id).iter().filter_map(|span| span.intersection(&window)).collect()))
        };
        Ok(people.iter().map(|one| (one.address.clone(), heard(one))).collect())
    }

    async fn put(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Placed, CalendarError> {
        if self.delays(token, calendar, draft, last) {
            return Err(CalendarError::UnknownOutcome("timed out on purpose".into()));
        }
        self.run(Action::Put, token, |state, email| {
            let calendar = state.account(email).resolve(calendar)?;
            let id = last.map_or_else(|| keys::google_event_id(draft), |placed| placed.provider_id.clone());
            let key = (calendar, id.clone());
            let revision = state.revision + 1;
            let known = state.account(email).events.get(&key).cloned();
            let before = known.as_ref().filter(|stored| !stored.cancelled).map(|stored| stored.draft.clone());
            let stored = match known {
                Some(stored) if stored.cancelled && last.is_some() => return Err(CalendarError::Gone),
                None if last.is_some() => return Err(CalendarError::Gone),
                Some(stored) if !stored.cancelled && stored.shows(draft) => return Ok(stored.placed(&id)),
                Some(stored) => {
                    let sequence = stored.sequence.max(draft.sequence);
                    Stored { draft: draft.clone(), revision, sequence, cancelled: false, ..stored }
                }
                None => {
                    let sequence = draft.sequence;
                    Stored { draft: draft.clone(), revision, sequence, cancelled: false, answers: BTreeMap::new() }
                }
            };
            let placed = stored.placed(&id);
            state.revision = revision;
            state.account(email).events.insert(key, stored);
            state.tell_of_put(draft, before.as_ref());
            Ok(placed)
        })
    }

    async fn cancel(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
        _comment: &str,
    ) -> Result<Removal, CalendarError> {
        self.run(Action::Cancel, token, |state, email| {
            let Ok(calendar) = state.account(email).resolve(calendar) else { return Ok(Removal::NotThere) };
            let id = last.map_or_else(|| keys::google_event_id(draft), |placed| placed.provider_id.clone());
            let revision = state.revision + 1;
            let Some(stored) = state.account(email).events.get_mut(&(calendar, id)) else {
                return Ok(if last.is_some() { Removal::Removed } else { Removal::NotThere });
            };
            if stored.cancelled {
                return Ok(Removal::Removed);
            }
            stored.cancelled = true;
            stored.revision = revision;
            let told = EventDraft { notify: draft.notify, ..stored.draft.clone() };
            state.revision = revision;
            state.tell(&told, NoticeKind::Cancellation);
            Ok(Removal::Removed)
        })
    }

    async fn find(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Option<RemoteEvent>, CalendarError> {
        self.run(Action::Find, token, |state, email| {
            let calendar = state.account(email).resolve(calendar)?;
            let id = last.map_or_else(|| keys::google_event_id(draft), |placed| placed.provider_id.clone());
            Ok(state.account(email).events.get(&(calendar, id.clone())).map(|stored| stored.as_seen(&id)))
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scripted_failure_has_no_effect_and_a_lost_answer_has_one() {
        let memory = Memory::new();
        let token = memory.sign_in("ana@example.com");
        let draft = draft_for_tests("evt_1");
        memory.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
        assert!(matches!(memory.put(&token, "primary", &draft, None).await, Err(CalendarError::Unavailable(_))));
        assert!(memory.events("ana@example.com").is_empty());
        memory.lose_next_answer(Action::Put);
        assert!(matches!(memory.put(&token, "primary", &draft, None).await, Err(CalendarError::UnknownOutcome(_))));
        assert_eq!(memory.events("ana@example.com").len(), 1);
    }

    #[tokio::test]
    async fn a_revoked_account_is_expired_until_it_signs_in_again() {
        let memory = Memory::new();
        let token = memory.sign_in("ana@example.com");
        memory.revoke("ana@example.com");
        assert_eq!(memory.calendars(&token).await, Err(CalendarError::SignInExpired));
        let token = memory.sign_in("ana@example.com");
        assert_eq!(memory.calendars(&token).await.map(|list| list.len()), Ok(1));
    }

    #[tokio::test]
    async fn an_invited_account_is_busy_unless_it_declines() {
        let memory = Memory::new();
        let host = memory.sign_in("ana@example.com");
        let guest = memory.sign_in("ben@example.com");
        let invited = super::super::Attendee { email: "Ben@example.com".into(), name: None, optional: false };
        let draft = EventDraft { attendees: vec![invited], ..draft_for_tests("evt_1") };
        let placed = memory.put(&host, "primary", &draft, None).await.expect("placed");
        let ben = Account { email: "ben@example.com".into(), personal: true, zone: None };
        assert_eq!(memory.busy(&guest, &ben, &[], draft.span).await, Ok(vec![draft.span]));
        memory.answer("ana@example.com", &placed, "ben@example.com", Response::Declined);
        assert_eq!(memory.busy(&guest, &ben, &[], draft.span).await, Ok(vec![]));
    }
}
