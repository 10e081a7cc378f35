//! How fast mails follow each other: whatever is done with links and requests, an address that somebody merely typed is sent a
//! few an hour. Mails beyond that wait; none is left out, because the last one may be a cancellation.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    config::Config,
    store::{
        Stamp, StoreError, Txn,
        entities::{connections, messages, people},
    },
};

/// Mails to one address within any hour, over all requests and organisations.
const MOST: u64 = 5;
const HOUR: TimeDelta = TimeDelta::hours(1);

/// When a mail to this address may go at the earliest. At once in a demo, where no mail leaves the machine, and to people who
/// connected an account of their own: they asked to be told.
pub(super) async fn due(
    txn: &Txn,
    config: &Config,
    address: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    if config.demo || has_account(txn, address).await? {
        return Ok(now);
    }
    let earlier = messages::Entity::find()
        .filter(messages::Column::ToEmail.eq(address))
        .filter(messages::Column::DueAt.gt(Stamp::from(now - HOUR)))
        .order_by_desc(messages::Column::DueAt)
        .offset(MOST - 1)
        .limit(1)
        .one(&**txn)
        .await?;
    Ok(earlier.map_or(now, |mail| now.max(mail.due_at.at() + HOUR)))
}

async fn has_account(txn: &Txn, address: &str) -> Result<bool, StoreError> {
    let of_person = people::Entity::belongs_to(connections::Entity)
        .from((people::Column::OrgId, people::Column::Id))
        .to((connections::Column::OrgId, connections::Column::PersonId));
    let connected = people::Entity::find()
        .filter(people::Column::Email.eq(address))
        .join(JoinType::InnerJoin, of_person.into())
        .count(&**txn)
        .await?;
    Ok(connected > 0)
}
