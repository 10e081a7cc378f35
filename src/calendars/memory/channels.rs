//! Who is told that something changed, and what they would have been told.

use chrono::TimeDelta;

use super::{CalendarError, Hook, Memory, State, Watching};

/// As long as Google's.
const LIFE: TimeDelta = TimeDelta::days(7);

/// A request that a provider would have made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    pub hook: Hook,
    pub watching: Watching,
    /// Nothing changed: it tells that there is a channel, perhaps before the answer that says so.
    pub is_first: bool,
}

#[derive(Debug)]
pub(super) struct Channel {
    email: String,
    calendar: String,
    hook: Hook,
    watching: Watching,
}

impl Memory {
    /// What would have been pushed since this was last asked, oldest first.
    pub fn take_pushes(&self) -> Vec<Push> {
        std::mem::take(&mut self.state().pushes)
    }

    /// The channels of this account that still push.
    pub fn watched(&self, email: &str) -> Vec<Watching> {
        let state = self.state();
        let live = state.channels.iter().filter(|one| one.email == email && one.watching.expires_at > state.now);
        live.map(|one| one.watching.clone()).collect()
    }

    /// The provider stops pushing to this account's channels, and tells nobody.
    pub fn drop_channels(&self, email: &str) {
        self.state().channels.retain(|one| one.email != email);
    }

    /// From now on channels are made longer, as Microsoft's are, instead of being replaced.
    pub fn renew_channels(&self) {
        self.state().renews = true;
    }
}

impl State {
    pub(super) fn push(&mut self, email: &str, calendar: &str) {
        let now = self.now;
        let told = self.channels.iter().filter(|one| one.email == email && one.calendar == calendar);
        let live = told.filter(|one| one.watching.expires_at > now);
        self.pushes.extend(live.map(|one| Push {
            hook: one.hook.clone(),
            watching: one.watching.clone(),
            is_first: false,
        }));
    }

    pub(super) fn watch(&mut self, email: &str, calendar: &str, hook: &Hook) -> Result<Watching, CalendarError> {
        let id = hook.channel.to_string();
        if self.channels.iter().any(|one| one.watching.id == id) {
            return Err(CalendarError::Rejected("400 channelIdNotUnique".into()));
        }
        let watching = Watching { id, resource: format!("resource of {calendar}"), expires_at: self.now + LIFE };
        self.pushes.push(Push { hook: hook.clone(), watching: watching.clone(), is_first: true });
        let (email, calendar) = (email.to_owned(), calendar.to_owned());
        self.channels.push(Channel { email, calendar, hook: hook.clone(), watching: watching.clone() });
        Ok(watching)
    }

    pub(super) fn renew(&mut self, email: &str, watching: &Watching) -> Result<Watching, CalendarError> {
        if !self.renews {
            return Err(CalendarError::Rejected("a channel ends when it ends".into()));
        }
        let now = self.now;
        let mut own = self.channels.iter_mut().filter(|one| one.email == email && one.watching.expires_at > now);
        let channel = own.find(|one| one.watching.id == watching.id).ok_or(CalendarError::Gone)?;
        channel.watching.expires_at = now + LIFE;
        Ok(channel.watching.clone())
    }

    pub(super) fn unwatch(&mut self, email: &str, watching: &Watching) {
        self.channels.retain(|one| one.email != email || one.watching.id != watching.id);
    }
}
