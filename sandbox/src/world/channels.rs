//! Who wants to be told when a calendar changes, and what was written since they were last told.
//!
//! Google calls them channels, Microsoft subscriptions. Every write of an event goes through [`State::put`] or
//! [`State::touch`], which note it here; [`crate::push`] makes pushes of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{EventStatus, Provider, State};

/// Somebody's wish to be told.
#[derive(Clone, Debug, Serialize)]
pub struct Channel {
    pub provider: Provider,
    /// The client's own word at Google, the sandbox's at Microsoft.
    pub id: String,
    /// Whose calendars.
    pub account: String,
    /// The application that asked.
    pub client_id: String,
    /// The calendar's id; all of the account's without one.
    pub calendar: Option<String>,
    /// Where to push to.
    pub address: String,
    /// Where news about the subscription itself go (Microsoft).
    pub lifecycle_address: Option<String>,
    /// What every push carries, so that the receiver knows it is meant.
    #[serde(skip)]
    pub token: Option<String>,
    pub created: DateTime<Utc>,
    pub expires: DateTime<Utc>,
    #[serde(flatten)]
    pub kind: ChannelKind,
}

/// What only one provider knows.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ChannelKind {
    Google {
        resource_id: String,
        resource_uri: String,
        /// Of the last message; the next one is higher.
        message_number: u64,
    },
    Microsoft {
        /// As the client wrote it.
        resource: String,
        change_types: BTreeSet<String>,
        /// In which form ids are told.
        immutable_ids: bool,
        tls_version: String,
        /// Whether it was told to reauthorize and has not yet.
        reauthorization_due: bool,
    },
}

/// Something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub owner: String,
    pub calendar: String,
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An event was made, changed or taken away; `is_new` if it was not there before.
    Event { id: String, is_new: bool },
    /// The whole calendar was deleted.
    CalendarGone,
}

/// All live channels, oldest first.
#[derive(Debug, Default)]
pub struct Channels {
    live: Vec<Channel>,
    /// Google's ids, which stay taken.
    used: BTreeSet<String>,
}

impl Channels {
    /// Opens one; false if its id was used before.
    pub fn open(&mut self, channel: Channel) -> bool {
        let fresh = self.used.insert(channel.id.clone());
        if fresh {
            self.live.push(channel);
        }
        fresh
    }

    /// Those that have not ended.
    pub fn live(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Channel> {
        self.live.iter().filter(move |channel| channel.expires > now)
    }

    /// A live one by id.
    pub fn get(&self, provider: Provider, id: &str, now: DateTime<Utc>) -> Option<&Channel> {
        self.live(now).find(|channel| channel.provider == provider && channel.id == id)
    }

    /// A live one by id, to be changed.
    pub fn get_mut(&mut self, provider: Provider, id: &str, now: DateTime<Utc>) -> Option<&mut Channel> {
        let mut live = self.live.iter_mut().filter(|channel| channel.expires > now);
        live.find(|channel| channel.provider == provider && channel.id == id)
    }

    /// Ends those that this holds for; returns them.
    pub fn end(&mut self, ended: impl Fn(&Channel) -> bool) -> Vec<Channel> {
        let (gone, live) = std::mem::take(&mut self.live).into_iter().partition(ended);
        self.live = live;
        gone
    }
}

impl Channel {
    /// Whether this is news to it.
    pub fn watches(&self, news: &News) -> bool {
        match &self.calendar {
            Some(calendar) => *calendar == news.calendar && self.account.eq_ignore_ascii_case(&news.owner),
            None => self.account.eq_ignore_ascii_case(&news.owner),
        }
    }
}

impl State {
    /// Notes that an event is being written, for whoever watches its calendar. Call it before the write.
    pub(super) fn note_write(&mut self, calendar: &str, id: &str) {
        let Some(owner) = self.calendars.get(calendar).map(|calendar| calendar.owner.clone()) else { return };
        let is_new = self.event(calendar, id).is_none_or(|event| event.status == EventStatus::Cancelled);
        self.note(News { owner, calendar: calendar.to_owned(), what: What::Event { id: id.to_owned(), is_new } });
    }

    /// Takes a calendar and everything in it away.
    pub fn remove_calendar(&mut self, id: &str) {
        self.events.remove(id);
        self.shelves.remove(id);
        if let Some(calendar) = self.calendars.remove(id) {
            self.note(News { owner: calendar.owner, calendar: calendar.id, what: What::CalendarGone });
        }
    }

    fn note(&mut self, news: News) {
        if self.channels.live(self.now()).any(|channel| channel.watches(&news)) {
            self.news.push(news);
            self.bell.notify_one();
        }
    }
}
