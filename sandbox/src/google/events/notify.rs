//! Who is told about a change: guests' copies and mails.

use crate::faults::Answer;
use crate::google::access::Parameters;
use crate::google::errors::invalid;
use crate::world::ics::Method;
use crate::world::invitations::Invitation;
use crate::world::{Event, EventStatus, Provider, Role, State};

/// Whom Google mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updates {
    All,
    /// Guests who do not use Google Calendar.
    ExternalOnly,
    None,
}

impl Updates {
    /// From `sendUpdates`, or the deprecated `sendNotifications`. Without either nobody is mailed.
    pub fn read(parameters: &Parameters) -> Result<Self, Answer> {
        match parameters.get("sendUpdates") {
            Some("all") => Ok(Self::All),
            Some("externalOnly") => Ok(Self::ExternalOnly),
            Some("none") => Ok(Self::None),
            Some(other) => Err(invalid(&format!("Invalid value for: sendUpdates: {other}"))),
            None if parameters.flag("sendNotifications") => Ok(Self::All),
            None => Ok(Self::None),
        }
    }

    fn reach(self, state: &State, guest: &str) -> bool {
        match self {
            Self::All => true,
            Self::ExternalOnly => state.account_of(Provider::Google, guest).is_none(),
            Self::None => false,
        }
    }
}

/// Tells the guests of an organizer's event what became of it.
pub fn announce(state: &mut State, old: Option<&Event>, new: &Event, updates: Updates) {
    let before = old.filter(|old| old.status != EventStatus::Cancelled);
    let invited_before = before.map(guests).unwrap_or_default();
    if new.status == EventStatus::Cancelled {
        for guest in &invited_before {
            tell(state, Method::Cancel, new, guest, updates);
        }
        return;
    }
    let invited_now = guests(new);
    for guest in invited_before.iter().filter(|guest| !invited_now.contains(guest)) {
        // The cancellation names the guest, who is no longer among the attendees.
        let mut gone = new.clone();
        gone.attendees = before.map(|before| before.attendees.clone()).unwrap_or_default();
        tell(state, Method::Cancel, &gone, guest, updates);
    }
    let changed = before.is_none_or(|before| shared_part(before) != shared_part(new));
    for guest in invited_now.iter().filter(|guest| changed || !invited_before.contains(guest)) {
        tell(state, Method::Request, new, guest, updates);
    }
}

fn tell(state: &mut State, method: Method, event: &Event, guest: &str, updates: Updates) {
    let mail = updates.reach(state, guest);
    state.deliver_invitation(&Invitation { method, event, provider: Provider::Google, guest, mail });
}

fn guests(event: &Event) -> Vec<String> {
    let people = event.attendees.iter().filter(|attendee| attendee.role != Role::Resource);
    people
        .filter(|attendee| !attendee.is(&event.organizer.email))
        .map(|attendee| attendee.email.to_lowercase())
        .collect()
}

/// What guests see: a change of anything else is no news to them.
fn shared_part(event: &Event) -> impl PartialEq {
    let shared = |name: &str| super::resource::SHARED.contains(&name) && name != "hangoutLink";
    let extra: Vec<_> = event
        .extra
        .iter()
        .filter(|(name, _)| shared(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (
        (event.summary.clone(), event.description.clone(), event.location.clone(), event.span.clone(), event.status),
        (event.attendees.clone(), event.shared_properties.clone(), extra),
    )
}
