//! What changed on which calendar, in order: what cursors point into.
//!
//! What a newcomer would get wrong: the journal names what was touched and nothing more. Whether it is gone is what the calendar
//! shows when somebody reads on, so that a change that was undone is told as what it came to.

use std::collections::{BTreeMap, BTreeSet};

use super::{CalendarError, Changed, Changes, Cursor, Interval, Memory, State};

#[derive(Debug)]
pub(super) struct Touched {
    revision: u64,
    email: String,
    calendar: String,
    id: String,
}

impl Memory {
    /// No cursor that was given out for this account so far is known any more.
    pub fn forget_cursors(&self, email: &str) {
        let mut state = self.state();
        let oldest = state.next_revision();
        state.forgotten.insert(email.to_owned(), oldest);
    }

    /// From now on cursors tell of the window they were taken for alone, as Microsoft's do: what leaves it is told as gone, and so
    /// is what changes outside of it.
    pub fn bound_cursors(&self) {
        self.state().bounded = true;
    }
}

impl State {
    /// The number of the change that is made now.
    pub(super) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// Writes down that this entry is another than it was, and pushes.
    pub(super) fn changed(&mut self, email: &str, calendar: &str, id: &str) {
        let (email, calendar, id) = (email.to_owned(), calendar.to_owned(), id.to_owned());
        self.push(&email, &calendar);
        self.journal.push(Touched { revision: self.revision, email, calendar, id });
    }

    /// Everything that stands on a calendar, by id.
    fn standing(&self, email: &str, calendar: &str) -> BTreeMap<&String, Interval> {
        let mut standing = BTreeMap::new();
        for (owner, account) in &self.accounts {
            if owner == email {
                let entries = account.entries.iter().filter(|(_, entry)| entry.calendar == calendar);
                standing.extend(entries.map(|(id, entry)| (id, entry.span)));
            }
            for ((on, id), stored) in &account.events {
                let is_there = (owner == email && on == calendar) || (calendar == email && stored.lists(email));
                if is_there && !stored.cancelled {
                    standing.insert(id, stored.span);
                }
            }
        }
        standing
    }

    /// `calendar` is the calendar's own id.
    pub(super) fn changes(
        &self,
        email: &str,
        calendar: &str,
        since: Option<&Cursor>,
        window: Interval,
    ) -> Result<Changes, CalendarError> {
        let since = since.map(|cursor| self.read_cursor(email, cursor)).transpose()?;
        let window = since.as_ref().and_then(|(_, window)| *window).unwrap_or(window);
        let standing = self.standing(email, calendar);
        let told = |span: &Interval| !self.bounded || window.overlaps(span);
        let entries = match since {
            None => {
                let told = standing.iter().filter(|(_, span)| span.end() > window.start() && told(span));
                told.map(|(id, _)| Changed { provider_id: (*id).clone(), is_gone: false }).collect()
            }
            Some((revision, _)) => {
                let here = self.journal.iter().filter(|one| one.email == email && one.calendar == calendar);
                let touched: BTreeSet<&String> =
                    here.filter(|one| one.revision > revision).map(|one| &one.id).collect();
                let is_gone = |id: &String| !standing.get(id).is_some_and(told);
                touched.into_iter().map(|id| Changed { provider_id: id.clone(), is_gone: is_gone(id) }).collect()
            }
        };
        Ok(Changes { entries, is_complete: since.is_none(), cursor: self.cursor(window) })
    }

    fn cursor(&self, window: Interval) -> Cursor {
        if !self.bounded {
            return Cursor { text: self.revision.to_string(), reaches: None };
        }
        let (start, end) = (window.start().timestamp_micros(), window.end().timestamp_micros());
        Cursor { text: format!("{} {start} {end}", self.revision), reaches: Some(window.end()) }
    }

    fn read_cursor(&self, email: &str, cursor: &Cursor) -> Result<(u64, Option<Interval>), CalendarError> {
        let mut parts = cursor.text.split(' ');
        let revision: u64 = parts.next().and_then(|part| part.parse().ok()).ok_or(CalendarError::CursorGone)?;
        if self.forgotten.get(email).is_some_and(|oldest| revision < *oldest) {
            return Err(CalendarError::CursorGone);
        }
        let mut instant = || parts.next().and_then(|part| chrono::DateTime::from_timestamp_micros(part.parse().ok()?));
        let window = instant().zip(instant()).and_then(|(start, end)| Interval::new(start, end));
        Ok((revision, window))
    }
}
