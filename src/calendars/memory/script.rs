//! What goes wrong on purpose: before the effect, after it, or later than anybody waits.

use super::{AccessToken, Calendar, CalendarError, EventDraft, Memory, Placed, State};

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
    Changes,
    Ours,
    Watch,
    Renew,
    Unwatch,
}

#[derive(Debug)]
pub(super) enum Fault {
    Before(CalendarError),
    After,
}

/// A put under way whose sender no longer waits for it.
#[derive(Debug)]
pub(super) struct Late {
    token: AccessToken,
    calendar: String,
    draft: EventDraft,
    last: Option<Placed>,
}

impl Memory {
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

    /// Whether this put is one that comes late; it is kept then.
    pub(super) fn delays(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> bool {
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
    pub(super) fn run<T>(
        &self,
        action: Action,
        token: &AccessToken,
        work: impl FnOnce(&mut State, &str) -> Result<T, CalendarError>,
    ) -> Result<T, CalendarError> {
        let mut state = self.state();
        let scripted = state.scripted(action);
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
    /// The failure that was told for this verb, which happens once.
    pub(super) fn scripted(&mut self, action: Action) -> Option<Fault> {
        let at = self.script.iter().position(|(of, _)| *of == action)?;
        Some(self.script.remove(at).1)
    }
}
