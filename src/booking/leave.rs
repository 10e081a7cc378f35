//! Disconnecting a calendar into which interviews went.
//!
//! What it did not take yet goes elsewhere in any case: nobody was told of it from there. What stands in it stays or leaves, as its
//! owner wants. Interviews are never cancelled by this; whoever was invited by the account that goes is invited from elsewhere.

use std::{collections::BTreeSet, str::FromStr};

use serde_json::json;

use super::{Booking, difference, find, inviting, tell};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::Provider,
    connections::{self, disconnect},
    events::{self, Event, Placement, leaving},
    ids::{ConnectionId, EventId, OrgId, RequestId},
    people::{self, Member, Person},
    requests::{self, Request},
    state::AppState,
    store::{
        StoreError, Txn,
        words::{EventStatus, Inviter},
    },
};

/// What becomes of interviews to come that stand in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interviews {
    /// They stay where they are, out of our reach until the account is connected again.
    Stay,
    /// They are taken out, and go where new interviews go.
    Leave,
}

impl FromStr for Interviews {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "stay" => Ok(Self::Stay),
            "leave" => Ok(Self::Leave),
            _ => Err(()),
        }
    }
}

/// Disconnects the member's own calendar at this provider. `false` if none was connected.
///
/// # Errors
/// The database's; nothing was changed then.
pub async fn disconnect(
    state: &AppState,
    member: &Member,
    provider: Provider,
    interviews: Interviews,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let (org, now) = (member.org, state.clock.now());
    let txn = state.store.begin().await?;
    let Some(connection) = connections::own(&*txn, member, provider).await? else { return Ok(false) };
    // Whoever moves or cancels one of them now waits, or is waited for; as with every booking, before the connection is locked.
    let known = leaving::ahead(&*txn, org, connection.id, now).await?;
    lock_requests(&txn, org, &known).await?;
    let takes_off = interviews == Interviews::Leave;
    if !disconnect::disconnect(&state.services, &txn, member, &connection, takes_off, origin).await? {
        return Ok(false);
    }
    // With those that were booked until then.
    let ahead = leaving::ahead(&*txn, org, connection.id, now).await?;
    lock_requests(&txn, org, &ahead).await?;
    if let Some(owner) = people::find(&*txn, org, member.person).await? {
        for event in ahead {
            elsewhere(&txn, state, &owner, connection.id, event, interviews, origin).await?;
        }
    }
    txn.commit().await?;
    state.wake.notify_one();
    Ok(true)
}

/// Locks the requests behind these events, always in the same order.
async fn lock_requests(txn: &Txn, org: OrgId, events: &[EventId]) -> Result<(), StoreError> {
    let mut requests: BTreeSet<RequestId> = BTreeSet::new();
    for id in events {
        let Some(event) = events::find(&**txn, org, *id).await? else { continue };
        let Some(booking) = event.booking else { continue };
        requests.extend(find(&**txn, org, booking).await?.map(|booking| booking.request));
    }
    for request in requests {
        requests::lock(txn, org, request).await?;
    }
    Ok(())
}

/// Sees to one event that belongs on a calendar of this connection.
async fn elsewhere(
    txn: &Txn,
    state: &AppState,
    owner: &Person,
    from: ConnectionId,
    id: EventId,
    interviews: Interviews,
    origin: &Origin,
) -> Result<(), StoreError> {
    let (org, now) = (owner.org, state.clock.now());
    // As it is now that its request is locked.
    let Some(event) = events::find(&**txn, org, id).await? else { return Ok(()) };
    let placements = events::placements_of(&**txn, org, id).await?;
    let Some(placement) = placements.into_iter().find(|one| one.connection == from) else { return Ok(()) };
    let stands = placement.may_stand();
    if event.status == EventStatus::Cancelled || (stands && interviews == Interviews::Stay) {
        return Ok(());
    }
    let loss = match event.inviter {
        Inviter::Mail => tell::Loss::Copy,
        Inviter::Provider if stands => tell::Loss::Invitation,
        Inviter::Provider => tell::Loss::Nothing,
    };
    let left = event.clone();
    let event = again(txn, state, owner, event, &placement).await?;
    difference::after_leaving(txn, &left, event.id != left.id, now).await?;
    let detail = json!({ "from": from, "event": event.id });
    let (actor, action) = (Actor::Person(owner.id), "event.left_calendar");
    let entry = AuditEntry { org, actor, action, subject: id.to_string(), detail, origin: origin.clone() };
    audit::record(txn, entry).await?;
    // Nobody was told of an event that waits for its booking to become certain.
    if event.status == EventStatus::Tentative {
        return Ok(());
    }
    let Some((request, booking)) = about(txn, &event).await? else { return Ok(()) };
    tell::left_calendar(txn, state, &request, &booking, owner, (&event, loss), now).await
}

/// The event in the calendar that is next, or the one that takes its place there.
async fn again(
    txn: &Txn,
    state: &AppState,
    owner: &Person,
    event: Event,
    placement: &Placement,
) -> Result<Event, StoreError> {
    let (host, now) = (inviting::by(txn, state, owner).await?, state.clock.now());
    match (event.inviter, host.inviter) {
        (Inviter::Mail, Inviter::Mail) => leaving::withdraw(txn, event, placement, host.target, now).await,
        // A calendar that invites would invite those whom our mail has invited: its owner gets our invitation instead.
        (Inviter::Mail, Inviter::Provider) => leaving::withdraw(txn, event, placement, None, now).await,
        (Inviter::Provider, _) => leaving::replace(txn, event, host, now).await,
    }
}

async fn about(txn: &Txn, event: &Event) -> Result<Option<(Request, Booking)>, StoreError> {
    let Some(booking) = event.booking else { return Ok(None) };
    let Some(booking) = find(&**txn, event.org, booking).await? else { return Ok(None) };
    let request = requests::find(&**txn, event.org, booking.request).await?;
    Ok(request.map(|request| (request, booking)))
}
