//! The trait, kept for real.

use async_trait::async_trait;

use super::{
    AccessToken, Account, Calendar, CalendarError, CalendarInfo, Changes, Cursor, EventDraft, Hook, Interval, Memory,
    NoticeKind, Placed, RemoteEvent, Stored, Watching, calendar,
    script::{Action, Fault},
};
use crate::calendars::{Colleague, Heard, Ours, Removal, changes::Pushes, keys, made_before, unmoved};
use crate::scheduling::interval::normalise;

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
        if let Some(Fault::Before(error)) = state.scripted(Action::BusyOf) {
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
            let id = id_of(draft, last);
            let key = (calendar, id.clone());
            let known = state.account(email).events.get(&key).cloned();
            let before = known.as_ref().filter(|stored| !stored.cancelled).map(|stored| stored.draft.clone());
            let stored = match known {
                Some(stored) if stored.cancelled && last.is_some() => return Err(CalendarError::Gone),
                None if last.is_some() => return Err(CalendarError::Gone),
                Some(stored) if stored.cancelled => stored.written(draft),
                Some(stored) => {
                    unmoved(stored.time(), Some(stored.draft.span), draft, last)?;
                    if stored.shows(draft) {
                        return Ok(stored.placed(&id));
                    }
                    stored.written(draft)
                }
                None => Stored::new(draft),
            };
            let stored = Stored { revision: state.next_revision(), ..stored };
            let placed = stored.placed(&id);
            state.account(email).events.insert(key.clone(), stored);
            state.event_changed(email, &key, before.as_ref());
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
            let key = (calendar, id_of(draft, last));
            match state.account(email).events.get(&key) {
                None => return Ok(if last.is_some() { Removal::Removed } else { Removal::NotThere }),
                Some(stored) if stored.cancelled => return Ok(Removal::Removed),
                Some(_) => {}
            }
            let revision = state.next_revision();
            if let Some(stored) = state.account(email).events.get_mut(&key) {
                (stored.cancelled, stored.revision) = (true, revision);
                let told = EventDraft { notify: draft.notify, ..stored.draft.clone() };
                state.tell(&told, NoticeKind::Cancellation);
            }
            state.event_changed(email, &key, None);
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
            let id = id_of(draft, last);
            Ok(state.account(email).events.get(&(calendar, id.clone())).map(|stored| stored.as_seen(&id)))
        })
    }

    async fn changes(
        &self,
        token: &AccessToken,
        calendar: &str,
        since: Option<&Cursor>,
        window: Interval,
    ) -> Result<Changes, CalendarError> {
        self.run(Action::Changes, token, |state, email| {
            let calendar = state.account(email).resolve(calendar)?;
            state.changes(email, &calendar, since, window)
        })
    }

    async fn ours(&self, token: &AccessToken, calendar: &str, window: Interval) -> Result<Vec<Ours>, CalendarError> {
        self.run(Action::Ours, token, |state, email| {
            let calendar = state.account(email).resolve(calendar)?;
            let here = state.account(email).events.iter().filter(|((on, _), _)| *on == calendar);
            let standing = here.filter(|(_, stored)| !stored.cancelled && stored.span.overlaps(&window));
            Ok(standing.map(|((_, id), stored)| stored.as_ours(id)).collect())
        })
    }

    fn pushes(&self) -> Pushes {
        if self.state().renews { Pushes::Renewed } else { Pushes::Replaced }
    }

    async fn watch(&self, token: &AccessToken, calendar: &str, hook: &Hook) -> Result<Watching, CalendarError> {
        self.run(Action::Watch, token, |state, email| {
            let calendar = state.account(email).resolve(calendar)?;
            state.watch(email, &calendar, hook)
        })
    }

    async fn renew(&self, token: &AccessToken, watching: &Watching) -> Result<Watching, CalendarError> {
        self.run(Action::Renew, token, |state, email| state.renew(email, watching))
    }

    async fn unwatch(&self, token: &AccessToken, watching: &Watching) -> Result<(), CalendarError> {
        self.run(Action::Unwatch, token, |state, email| {
            state.unwatch(email, watching);
            Ok(())
        })
    }
}

fn id_of(draft: &EventDraft, last: Option<&Placed>) -> String {
    last.map_or_else(|| keys::google_event_id(draft), |placed| placed.provider_id.clone())
}
