//! Guests' copies, replies, and the mails that carry them.
//!
//! The providers call [`State::deliver_invitation`] for each guest after writing the organizer's copy. Whether a copy
//! appears follows what the real services do: within one provider always, across providers only by mail.

use super::event::{Event, EventStatus, Response, ShowAs};
use super::ics::{self, Method};
use super::mail::Mail;
use super::{Provider, State, objects};
use crate::oauth::random;

/// One guest to be told about one event.
#[derive(Clone, Debug)]
pub struct Invitation<'a> {
    /// [`Method::Request`] for new and changed events, [`Method::Cancel`] when it is off for this guest.
    pub method: Method,
    /// The organizer's copy, as it is now (or was, if it is gone).
    pub event: &'a Event,
    /// The organizer's provider.
    pub provider: Provider,
    /// Address of the guest.
    pub guest: &'a str,
    /// Whether the provider mails this guest.
    pub mail: bool,
}

impl State {
    /// Puts, changes or cancels the guest's copy if the guest lives here, and sends the mail if one is due.
    pub fn deliver_invitation(&mut self, invitation: &Invitation) {
        let &Invitation { method, event, provider, guest, mail } = invitation;
        if event.is_organized_by(guest) {
            return;
        }
        let home = self.account(guest).map(|account| account.provider);
        if home == Some(provider) || (home.is_some() && mail) {
            match method {
                Method::Cancel => self.cancel_copy(event, guest),
                Method::Request | Method::Reply => self.put_copy(event, provider, guest),
            }
        }
        if mail {
            self.mail_guest(invitation);
        }
    }

    /// Sets a guest's answer in every copy of the event, and mails the organizer if asked to.
    pub fn reply(&mut self, ical_uid: &str, guest: &str, response: Response, mail: bool) {
        let replied = self.answer(ical_uid, guest, response);
        if let Some(event) = replied.filter(|_| mail) {
            self.mail_reply(&event, guest, response);
        }
    }

    /// Sets a guest's answer in every copy of the event. Returns one of those kept as events.
    pub fn answer(&mut self, ical_uid: &str, guest: &str, response: Response) -> Option<Event> {
        self.answer_in_objects(ical_uid, guest, response);
        let mut replied = None;
        for (calendar, id) in self.copies(ical_uid) {
            let Some(event) = self.event_mut(&calendar, &id) else { continue };
            if let Some(attendee) = event.attendees.iter_mut().find(|attendee| attendee.is(guest)) {
                attendee.response = response;
                replied = Some(event.clone());
                self.touch(&calendar, &id);
            }
        }
        replied
    }

    /// Mails the organizer what a guest answered.
    pub fn mail_reply(&mut self, event: &Event, guest: &str, response: Response) {
        let provider = self.account(guest).map_or(Provider::Google, |account| account.provider);
        let senders: Vec<_> = event.attendees.iter().filter(|attendee| attendee.is(guest)).collect();
        let ics = ics::object(Method::Reply, event, &senders, product(provider), self.now());
        let answer = match response {
            Response::Accepted => "Accepted",
            Response::Declined => "Declined",
            Response::Tentative => "Tentatively accepted",
            Response::NeedsAction => "Not yet answered",
        };
        self.send(Mail {
            id: 0,
            at: self.now(),
            provider,
            from: guest.to_owned(),
            to: event.organizer.email.clone(),
            subject: format!("{answer}: {}", event.summary),
            method: Method::Reply.name().to_owned(),
            uid: event.ical_uid.clone(),
            sequence: event.sequence,
            text: format!("{guest} answered \"{answer}\" to \"{}\".", event.summary),
            ics,
        });
    }

    /// Calendar and event id of every copy with this UID.
    pub fn copies(&self, ical_uid: &str) -> Vec<(String, String)> {
        let all = self.events.values().flat_map(|events| events.values());
        all.filter(|event| event.ical_uid == ical_uid).map(|event| (event.calendar.clone(), event.id.clone())).collect()
    }

    fn put_copy(&mut self, event: &Event, from: Provider, guest: &str) {
        let Some((home, calendar)) = self.home_of(guest) else { return };
        if home == Provider::Apple {
            return self.put_invited_object(event, guest, &calendar);
        }
        let existing = self.copy_in(&calendar, &event.ical_uid);
        let mut copy = event.clone();
        copy.calendar = calendar.clone();
        copy.private_properties.clear();
        if home != from {
            copy.extra.clear();
        }
        match home {
            Provider::Google => crate::google::guest_copy(&mut copy, from),
            Provider::Microsoft => crate::microsoft::guest_copy(&mut copy, from),
            Provider::Apple => {}
        }
        if let Some(old) = existing {
            // What the guest did with the own copy stays: the id, private properties, and how it counts.
            copy.id = old.id;
            copy.private_properties = old.private_properties;
            copy.created = old.created;
            if old.status != EventStatus::Cancelled {
                copy.show_as = old.show_as;
            }
        }
        self.put(copy);
    }

    fn cancel_copy(&mut self, event: &Event, guest: &str) {
        let Some((home, calendar)) = self.home_of(guest) else { return };
        if home == Provider::Apple {
            let held = self.object_by_uid(guest, &event.ical_uid);
            let held = held.map(|(calendar, object)| (calendar.to_owned(), object.name.clone()));
            if let Some((calendar, name)) = held {
                self.put_object(
                    &calendar,
                    &name,
                    objects::events::object(&Event { status: EventStatus::Cancelled, ..event.clone() }),
                );
            }
            return;
        }
        let Some(mut copy) = self.copy_in(&calendar, &event.ical_uid) else { return };
        copy.status = EventStatus::Cancelled;
        copy.sequence = event.sequence;
        self.put(copy);
    }

    /// The guest's object, new or in place of the one there is.
    fn put_invited_object(&mut self, event: &Event, guest: &str, calendar: &str) {
        let held = self.object_by_uid(guest, &event.ical_uid);
        let (calendar, name) = match held {
            Some((calendar, object)) => (calendar.to_owned(), object.name.clone()),
            None => (calendar.to_owned(), format!("{}.ics", random::hex(16).to_uppercase())),
        };
        let mut copy = event.clone();
        copy.show_as = ShowAs::Busy;
        self.put_object(&calendar, &name, objects::events::object(&copy));
    }

    fn home_of(&self, guest: &str) -> Option<(Provider, String)> {
        let account = self.account(guest)?;
        Some((account.provider, self.primary(guest)?.id.clone()))
    }

    fn copy_in(&self, calendar: &str, ical_uid: &str) -> Option<Event> {
        self.events_in(calendar).find(|event| event.ical_uid == ical_uid).cloned()
    }

    fn mail_guest(&mut self, invitation: &Invitation) {
        let &Invitation { method, event, provider, guest, .. } = invitation;
        let named: Vec<_> = match method {
            Method::Cancel => event.attendees.iter().filter(|attendee| attendee.is(guest)).collect(),
            Method::Request | Method::Reply => event.attendees.iter().collect(),
        };
        let ics = ics::object(method, event, &named, product(provider), self.now());
        let (subject, text) = match method {
            Method::Cancel => (
                format!("Canceled event: {}", event.summary),
                format!("{} cancelled \"{}\".", event.organizer.email, event.summary),
            ),
            Method::Request | Method::Reply if event.sequence > 0 => (
                format!("Updated invitation: {}", event.summary),
                format!("{} changed \"{}\".", event.organizer.email, event.summary),
            ),
            Method::Request | Method::Reply => (
                format!("Invitation: {}", event.summary),
                format!("{} invites you to \"{}\".", event.organizer.email, event.summary),
            ),
        };
        let zone = self.account(guest).map_or(chrono_tz::UTC, |account| account.zone);
        let (start, end) = event.span.interval(zone);
        let when = format!(
            "When: {} to {} ({zone})",
            start.with_timezone(&zone).format("%A, %-d %B %Y %H:%M"),
            end.with_timezone(&zone).format("%H:%M")
        );
        let place = if event.location.is_empty() { String::new() } else { format!("\nWhere: {}", event.location) };
        self.send(Mail {
            id: 0,
            at: self.now(),
            provider,
            from: event.organizer.email.clone(),
            to: guest.to_owned(),
            subject,
            method: method.name().to_owned(),
            uid: event.ical_uid.clone(),
            sequence: event.sequence,
            text: format!("{text}\n{when}{place}"),
            ics,
        });
    }
}

fn product(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "-//Google Inc//Google Calendar 70.9054//EN",
        Provider::Microsoft => "Microsoft Exchange Server 2010",
        Provider::Apple => objects::events::PRODUCT,
    }
}
