//! Events that leave the calendars of one connection because its owner ends it, while what they are about still takes place.
//!
//! Whoever was invited by the provider of that connection loses the invitation with the event, so another event, with a UID of its
//! own, takes its place ([`replace`]). Where our own mail invites, attendees notice nothing: only the copy on the calendar goes
//! ([`withdraw`]).

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::Expr,
};

use super::{Event, Host, Placement, insert, intend};
use crate::{
    ids::{ConnectionId, EventId, OrgId},
    store::{
        Stamp, StoreError, Txn,
        entities::{events, placements},
        words::EventStatus,
    },
};

/// Placements on this connection whose event is like this.
fn on(org: OrgId, connection: ConnectionId, wanted: Condition) -> Select<placements::Entity> {
    let event =
        placements::Entity::belongs_to(events::Entity).from(placements::Column::EventId).to(events::Column::Id).into();
    placements::Entity::find()
        .join(JoinType::InnerJoin, event)
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::ConnectionId.eq(connection))
        .filter(placements::Column::RemovedAt.is_null())
        .filter(wanted)
}

fn to_come(org: OrgId, connection: ConnectionId, now: DateTime<Utc>) -> Select<placements::Entity> {
    let live = Condition::all()
        .add(events::Column::Status.ne(EventStatus::Cancelled))
        .add(events::Column::EndsAt.gt(Stamp::from(now)))
        .add(placements::Column::WithdrawnAt.is_null());
    on(org, connection, live)
}

/// The events that are not over and belong on calendars of this connection.
pub async fn ahead(
    db: &impl ConnectionTrait,
    org: OrgId,
    connection: ConnectionId,
    now: DateTime<Utc>,
) -> Result<Vec<EventId>, StoreError> {
    let ids = to_come(org, connection, now).select_only().column(placements::Column::EventId);
    Ok(ids.order_by_asc(placements::Column::EventId).into_tuple().all(db).await?)
}

/// How many of them stand there.
pub async fn count_standing(
    db: &impl ConnectionTrait,
    org: OrgId,
    connection: ConnectionId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    Ok(to_come(org, connection, now).filter(placements::Column::ProviderId.ne("")).count(db).await?)
}

/// Whether something ahead is still to be taken off calendars of this connection: until then it must be possible to reach them.
pub async fn is_under_way(
    db: &impl ConnectionTrait,
    org: OrgId,
    connection: ConnectionId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let leaves = Condition::any()
        .add(events::Column::Status.eq(EventStatus::Cancelled))
        .add(placements::Column::WithdrawnAt.is_not_null());
    let may_stand = Condition::any()
        .add(placements::Column::ProviderId.ne(""))
        .add(placements::Column::UnconfirmedSince.is_not_null());
    let ahead = events::Column::EndsAt.gt(Stamp::from(now));
    Ok(on(org, connection, leaves).filter(may_stand).filter(ahead).count(db).await? > 0)
}

impl Placement {
    /// Something of the event is there, or may still appear.
    pub fn may_stand(&self) -> bool {
        !self.provider_id.is_empty() || self.unconfirmed_since.is_some()
    }
}

/// Another event about the same, elsewhere; this one is cancelled. SEQUENCE goes on, so that the later of them is the one with the
/// higher number, and mails about the one are never taken for mails about the other.
pub async fn replace(txn: &Txn, event: Event, host: Host, now: DateTime<Utc>) -> Result<Event, StoreError> {
    let id = EventId::new();
    let successor = Event {
        id,
        uid: format!("{}@{}", id.uuid(), host.uid_domain),
        // Above that of the cancellation.
        sequence: event.sequence + 2,
        revision: 1,
        inviter: host.inviter,
        kept_off: host.kept_off,
        organizer: host.organizer,
        ..event.clone()
    };
    for placement in super::placements_of(&**txn, event.org, event.id).await?.iter().filter(|one| !one.may_stand()) {
        // Nothing is to be taken off, and nobody there was told.
        mark(txn, placement, placements::Column::RemovedAt, now).await?;
    }
    event.cancel(txn, now).await?;
    insert(txn, &successor, host.target, now).await?;
    Ok(successor)
}

/// Takes the copy off this calendar and, where there is another, puts it there. The event and its invitations stay as they are.
pub async fn withdraw(
    txn: &Txn,
    mut event: Event,
    placement: &Placement,
    to: Option<(ConnectionId, String)>,
    now: DateTime<Utc>,
) -> Result<Event, StoreError> {
    if placement.may_stand() {
        mark(txn, placement, placements::Column::WithdrawnAt, now).await?;
    } else {
        forget(txn, placement).await?;
    }
    if let Some((connection, calendar)) = to {
        intend(txn, &event, connection, calendar).await?;
    }
    event.save(txn, now).await?;
    Ok(event)
}

async fn mark(
    txn: &Txn,
    placement: &Placement,
    column: placements::Column,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    placements::Entity::update_many()
        .col_expr(column, Expr::value(Stamp::from(at).millis()))
        .filter(placements::Column::Id.eq(placement.id))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// It is off the calendar from which it was withdrawn: nothing is left to know.
pub async fn forget(txn: &Txn, placement: &Placement) -> Result<(), StoreError> {
    placements::Entity::delete_by_id(placement.id).exec(&**txn).await?;
    Ok(())
}
