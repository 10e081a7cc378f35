//! What people do in their calendars, without us.

use super::{EventDraft, Interval, Memory, Placed, Response, State, stored::Stored};

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

impl Memory {
    /// Puts an entry of the person's own onto a calendar (`"primary"` or an id). The answer is its id.
    pub fn add_entry(&self, email: &str, mut entry: Entry) -> String {
        if entry.calendar == "primary" {
            email.clone_into(&mut entry.calendar);
        }
        let mut state = self.state();
        let id = format!("entry-{}", state.next_revision());
        state.changed(email, &entry.calendar, &id);
        state.account(email).entries.insert(id.clone(), entry);
        id
    }

    /// Takes an entry of the person's own off again.
    pub fn remove_entry(&self, email: &str, id: &str) {
        let mut state = self.state();
        if let Some(entry) = state.account(email).entries.remove(id) {
            state.next_revision();
            state.changed(email, &entry.calendar, id);
        }
    }

    /// An attendee answers the invitation.
    pub fn answer(&self, email: &str, placed: &Placed, attendee: &str, answer: Response) {
        self.by_hand(email, placed, |stored| {
            stored.answers.insert(attendee.to_lowercase(), answer);
        });
    }

    /// The calendar's owner deletes our event by hand.
    pub fn delete_by_hand(&self, email: &str, placed: &Placed) {
        self.by_hand(email, placed, |stored| stored.cancelled = true);
    }

    /// The calendar's owner drags our event to another time.
    pub fn move_by_hand(&self, email: &str, placed: &Placed, to: Interval) {
        self.by_hand(email, placed, |stored| (stored.span, stored.is_all_day) = (to, false));
    }

    /// The calendar's owner makes whole days of our event; these are midnights in UTC.
    pub fn make_all_day_by_hand(&self, email: &str, placed: &Placed, days: Interval) {
        self.by_hand(email, placed, |stored| (stored.span, stored.is_all_day) = (days, true));
    }

    /// The calendar's owner gives our event another title.
    pub fn rename_by_hand(&self, email: &str, placed: &Placed, title: &str) {
        self.by_hand(email, placed, |stored| stored.title = Some(title.to_owned()));
    }

    /// The calendar's owner makes a second one of our event, our marker in it and all.
    ///
    /// # Panics
    /// If the event does not stand there.
    pub fn copy_by_hand(&self, email: &str, placed: &Placed) -> Placed {
        let mut state = self.state();
        let key = state.key_of(email, placed).expect("who copies an event has it");
        let copy = Stored { revision: state.next_revision(), ..state.account(email).events[&key].clone() };
        let id = format!("{}copy{}", key.1, copy.revision);
        let copied = copy.placed(&id);
        state.account(email).events.insert((key.0.clone(), id.clone()), copy);
        state.event_changed(email, &(key.0, id), None);
        copied
    }

    fn by_hand(&self, email: &str, placed: &Placed, change: impl FnOnce(&mut Stored)) {
        let mut state = self.state();
        let Some(key) = state.key_of(email, placed) else { return };
        let revision = state.next_revision();
        if let Some(stored) = state.account(email).events.get_mut(&key) {
            change(stored);
            stored.revision = revision;
        }
        state.event_changed(email, &key, None);
    }
}

impl State {
    fn key_of(&mut self, email: &str, placed: &Placed) -> Option<(String, String)> {
        self.account(email).events.keys().find(|(_, id)| *id == placed.provider_id).cloned()
    }

    /// What blocks the account's time on a calendar: own entries, events we placed, and invitations to others' events, which
    /// land on the primary calendar.
    pub(super) fn busy(&self, email: &str, calendar: &str) -> Vec<Interval> {
        let mut busy = Vec::new();
        for (owner, account) in &self.accounts {
            if owner == email {
                busy.extend(
                    account
                        .entries
                        .values()
                        .filter(|entry| entry.calendar == calendar && !entry.transparent && !entry.declined)
                        .map(|entry| entry.span),
                );
            }
            for ((on, _), stored) in &account.events {
                let mine = owner == email && on == calendar;
                let invited = calendar == email && stored.attends(email);
                if !stored.cancelled && (mine || invited) {
                    busy.push(stored.span);
                }
            }
        }
        busy
    }

    /// An event is new, or another than it was: all who have it on a calendar see that, and who had it `before`.
    pub(super) fn event_changed(&mut self, owner: &str, key: &(String, String), before: Option<&EventDraft>) {
        let mut drafts: Vec<EventDraft> = before.into_iter().cloned().collect();
        drafts.extend(self.account(owner).events.get(key).map(|stored| stored.draft.clone()));
        let listed = |email: &String| {
            let mut attendees = drafts.iter().flat_map(|draft| &draft.attendees);
            email != owner && attendees.any(|one| one.email.eq_ignore_ascii_case(email))
        };
        let guests: Vec<String> = self.accounts.keys().filter(|email| listed(email)).cloned().collect();
        self.changed(owner, &key.0, &key.1);
        for guest in guests {
            self.changed(&guest, &guest, &key.1);
        }
    }
}
