//! What a person does to a calendar on the front page: move an event, delete it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::event::{Event, EventStatus, Response, Span};
use super::ics::Method;
use super::invitations::Invitation;
use super::{Provider, State};

/// Why it was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByHandError {
    #[error("This event is not in that calendar any more.")]
    Gone,
    #[error("Only the organizer can move a meeting; a guest can delete the own copy.")]
    NotTheOrganizer,
    #[error("This calendar is a subscription: only its publisher changes it.")]
    ReadOnly,
}

impl State {
    /// The event a page shows under this id, of whatever kind of calendar.
    pub fn shown_event(&self, calendar: &str, id: &str) -> Option<Event> {
        match self.shelves.contains_key(calendar) {
            true => self.object_event(calendar, id),
            false => self.event(calendar, id).cloned(),
        }
    }

    /// Moves an event to another start, keeping its length, as its organizer would in the calendar's own page: guests'
    /// copies follow and everybody is mailed.
    pub fn move_by_hand(&mut self, calendar: &str, id: &str, start: DateTime<Utc>) -> Result<(), ByHandError> {
        if self.shelves.contains_key(calendar) {
            let event = self.move_object(calendar, id, start)?;
            self.tell_guests(Method::Request, &event, Provider::Apple);
            return Ok(());
        }
        let (mut event, provider, organized) = self.alive(calendar, id)?;
        if !organized {
            return Err(ByHandError::NotTheOrganizer);
        }
        event.span = match event.span {
            Span::Timed { start: old, end, start_zone, end_zone } => {
                Span::Timed { start, end: start + (end - old), start_zone, end_zone }
            }
            Span::AllDay { start: old, end } => {
                let zone = self.calendars.get(calendar).map_or(chrono_tz::UTC, |calendar| calendar.zone);
                let day = start.with_timezone(&zone).date_naive();
                Span::AllDay { start: day, end: day + TimeDelta::days((end - old).num_days()) }
            }
        };
        event.sequence += 1;
        self.put(event.clone());
        self.tell_guests(Method::Request, &event, provider);
        Ok(())
    }

    /// Deletes an event: for everybody if it is its organizer's, else only this copy, which declines it.
    pub fn delete_by_hand(&mut self, calendar: &str, id: &str) -> Result<(), ByHandError> {
        if self.shelves.contains_key(calendar) {
            let event = self.delete_object(calendar, id)?;
            let owner = self.calendars.get(calendar).map(|calendar| calendar.owner.clone()).unwrap_or_default();
            if event.is_organized_by(&owner) {
                self.tell_guests(Method::Cancel, &event, Provider::Apple);
            } else if event.response_of(&owner).is_some() {
                self.answer(&event.ical_uid, &owner, Response::Declined);
                self.mail_reply(&event, &owner, Response::Declined);
            }
            return Ok(());
        }
        let (mut event, provider, organized) = self.alive(calendar, id)?;
        let owner = self.calendars.get(calendar).map(|calendar| calendar.owner.clone()).unwrap_or_default();
        event.status = EventStatus::Cancelled;
        event.sequence += u32::from(organized);
        if provider == Provider::Microsoft {
            // A mailbox forgets what its owner deleted, while a cancelled meeting stays to be seen.
            event.extra.insert("deleted".to_owned(), json!(true));
        }
        self.put(event.clone());
        if organized {
            self.tell_guests(Method::Cancel, &event, provider);
        } else if event.response_of(&owner).is_some() {
            self.reply(&event.ical_uid, &owner, Response::Declined, true);
        }
        Ok(())
    }

    fn alive(&self, calendar: &str, id: &str) -> Result<(Event, Provider, bool), ByHandError> {
        let event = self.event(calendar, id).filter(|event| event.status != EventStatus::Cancelled);
        let event = event.ok_or(ByHandError::Gone)?.clone();
        let known = self.calendars.get(calendar).ok_or(ByHandError::Gone)?;
        let provider = self.account(&known.owner).ok_or(ByHandError::Gone)?.provider;
        // A secondary calendar at Google organizes its own events.
        let organized = event.is_organized_by(&known.owner) || event.is_organized_by(calendar);
        Ok((event, provider, organized))
    }

    fn tell_guests(&mut self, method: Method, event: &Event, provider: Provider) {
        for attendee in &event.attendees {
            self.deliver_invitation(&Invitation { method, event, provider, guest: &attendee.email, mail: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Attendee;

    fn meeting(state: &mut State) -> Event {
        let calendar = state.primary("ana.alvarez@example.com").expect("Ana's calendar").id.clone();
        let start = state.now() + TimeDelta::days(1);
        let span = Span::timed(start, start + TimeDelta::minutes(45), chrono_tz::UTC);
        let mut event = Event::new(&calendar, "byhand", "byhand@google.com", "ana.alvarez@example.com", span, start);
        event.attendees =
            vec![Attendee::required("ben.okafor@example.com"), Attendee::required("raj.patel@example.org")];
        state.put(event.clone());
        state.tell_guests(Method::Request, &event, Provider::Google);
        event
    }

    fn copies(state: &State) -> Vec<Event> {
        let ids = state.copies("byhand@google.com");
        ids.iter().filter_map(|(calendar, id)| state.event(calendar, id).cloned()).collect()
    }

    #[test]
    fn a_moved_meeting_moves_in_every_calendar_and_keeps_its_length() {
        let mut state = State::seeded();
        let event = meeting(&mut state);
        let start = state.now() + TimeDelta::days(2);
        state.move_by_hand(&event.calendar, &event.id, start).expect("Ana organizes it");
        let all = copies(&state);
        assert_eq!(all.len(), 3);
        for copy in all {
            assert_eq!(copy.span.interval(chrono_tz::UTC), (start, start + TimeDelta::minutes(45)));
            assert_eq!(copy.sequence, 1);
        }
        assert_eq!(state.mails.len(), 4);
    }

    #[test]
    fn a_guest_cannot_move_it_and_declines_by_deleting_it() {
        let mut state = State::seeded();
        let event = meeting(&mut state);
        let ben = "ben.okafor@example.com";
        let copy = copies(&state).into_iter().find(|copy| copy.calendar == ben).expect("Ben's copy");
        let now = state.now();
        assert_eq!(state.move_by_hand(ben, &copy.id, now), Err(ByHandError::NotTheOrganizer));
        state.delete_by_hand(ben, &copy.id).expect("Ben has a copy");
        assert_eq!(state.delete_by_hand(ben, &copy.id), Err(ByHandError::Gone));
        let own = state.event(&event.calendar, &event.id).expect("Ana's event");
        assert_eq!(own.response_of(ben), Some(Response::Declined));
        assert_eq!(own.status, EventStatus::Confirmed);
    }

    #[test]
    fn an_organizer_deletes_it_for_all() {
        let mut state = State::seeded();
        let event = meeting(&mut state);
        state.delete_by_hand(&event.calendar, &event.id).expect("Ana organizes it");
        assert!(copies(&state).iter().all(|copy| copy.status == EventStatus::Cancelled));
        assert_eq!(state.mails.iter().filter(|mail| mail.method == "CANCEL").count(), 2);
    }
}
