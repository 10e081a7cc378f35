//! Invitations sent by the server (RFC 6638): whoever stores an event as its organizer need not tell the guests, and cannot keep
//! the server from it but by `SCHEDULE-AGENT=CLIENT` (or `NONE`) on each ATTENDEE.

use crate::world::ics::Method;
use crate::world::invitations::Invitation;
use crate::world::objects::events::neutral;
use crate::world::objects::instances::{Instance, span};
use crate::world::objects::{Component, Line};
use crate::world::{Account, Calendar, Event, EventStatus, Object, Provider, Response, State};

/// Before an object is stored: tells the guests what changed, and notes on each how that went.
pub fn on_write(
    state: &mut State,
    account: &Account,
    calendar: &Calendar,
    old: Option<&Component>,
    new: &mut Component,
) {
    let before = old.and_then(|old| event(state, calendar, old));
    let Some(now) = event(state, calendar, new) else { return };
    if !now.is_organized_by(&account.email) || new.parts.iter().all(|part| part.line("ORGANIZER").is_none()) {
        if let Some(answer) = changed_answer(account, before.as_ref(), &now) {
            answer_organizer(state, account, now, answer);
        }
        return;
    }
    let invited = guests(account, new);
    let was_invited = old.map(|old| guests(account, old)).unwrap_or_default();
    for guest in was_invited.iter().filter(|guest| !invited.contains(guest)) {
        if let Some(before) = &before {
            tell(state, Method::Cancel, before, guest);
        }
    }
    let changed = before.as_ref().is_none_or(|before| told(before) != told(&now));
    let cancelled = now.status == EventStatus::Cancelled;
    for guest in invited.iter().filter(|guest| changed || !was_invited.contains(guest)) {
        tell(state, if cancelled { Method::Cancel } else { Method::Request }, &now, guest);
    }
    for line in new.parts.iter_mut().flat_map(|part| &mut part.lines).filter(|line| line.name == "ATTENDEE") {
        let address = line.address();
        if invited.contains(&address) {
            // Delivered, or sent to somewhere unknown (RFC 5546, section 3.6, and RFC 6638, section 3.2.9).
            let status = if state.account(&address).is_some() { "1.2" } else { "1.1" };
            line.set_param("SCHEDULE-STATUS", &format!("\"{status}\""));
        }
    }
}

/// Tells the organizer, wherever that is, what the account answers.
fn answer_organizer(state: &mut State, account: &Account, mut event: Event, answer: Response) {
    for attendee in event.attendees.iter_mut().filter(|attendee| attendee.is(&account.email)) {
        attendee.response = answer;
    }
    state.answer(&event.ical_uid, &account.email, answer);
    state.mail_reply(&event, &account.email, answer);
}

/// After an object is gone: its guests are told, or its organizer, if it was an invitation.
pub fn on_delete(state: &mut State, account: &Account, calendar: &Calendar, removed: &Object) {
    let Some(gone) = event(state, calendar, &removed.calendar) else { return };
    if gone.is_organized_by(&account.email) {
        for guest in guests(account, &removed.calendar) {
            tell(state, Method::Cancel, &gone, &guest);
        }
    } else if gone.response_of(&account.email).is_some_and(|answer| answer != Response::Declined) {
        answer_organizer(state, account, gone, Response::Declined);
    }
}

/// The guests the server is to tell, by address, each once.
fn guests(account: &Account, content: &Component) -> Vec<String> {
    let of_the_server = |line: &&Line| {
        let agent = line.param("SCHEDULE-AGENT").unwrap_or("SERVER");
        !agent.eq_ignore_ascii_case("CLIENT") && !agent.eq_ignore_ascii_case("NONE")
    };
    let lines = content.parts.iter().flat_map(|part| part.all("ATTENDEE"));
    let mut guests: Vec<String> = lines.filter(of_the_server).map(Line::address).collect();
    guests.retain(|guest| !guest.eq_ignore_ascii_case(&account.email));
    guests.sort();
    guests.dedup();
    guests
}

/// What guests are told of: a change of anything else stays between the account and its server.
fn told(event: &Event) -> impl PartialEq {
    (event.span.clone(), event.summary.clone(), event.location.clone(), event.description.clone(), event.status)
}

fn changed_answer(account: &Account, before: Option<&Event>, now: &Event) -> Option<Response> {
    let answer = now.response_of(&account.email).filter(|answer| *answer != Response::NeedsAction)?;
    (before.and_then(|before| before.response_of(&account.email)) != Some(answer)).then_some(answer)
}

fn tell(state: &mut State, method: Method, event: &Event, guest: &str) {
    state.deliver_invitation(&Invitation { method, event, provider: Provider::Apple, guest, mail: true });
}

/// The object's first event in neutral words; of a series its first time.
fn event(state: &State, calendar: &Calendar, content: &Component) -> Option<Event> {
    let part = content.parts_named("VEVENT").next()?;
    let (start, end) = span(part, content).ok()?;
    let instance = Instance { part, original: start, start, end, recurring: false };
    let uid = part.text("UID");
    let object =
        Object { name: String::new(), uid, calendar: Component::new("VCALENDAR"), version: 0, updated: state.now() };
    Some(neutral(&object, &instance, calendar))
}
