//! Who somebody is: (issuer, subject) at a provider, never an address.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::{
    calendars::{Provider, identity::Identity},
    connections,
    ids::{IdentityId, OrgId, PersonId},
    people::{self, Person},
    store::{Stamp, StoreError, Txn, entities::identities},
};

/// Lets an identity sign in as a person from now on.
///
/// # Errors
/// A duplicate if the identity is somebody's already.
pub(crate) async fn add_identity(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    provider: Provider,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = identities::ActiveModel {
        id: Set(IdentityId::new()),
        org_id: Set(org),
        person_id: Set(person),
        provider: Set(connections::stored(provider)),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        created_at: Set(Stamp::from(now)),
    };
    identities::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The person behind an identity. The one place that answers "who is this"; no address is looked at.
pub(crate) async fn by_identity(db: &impl ConnectionTrait, identity: &Identity) -> Result<Option<Person>, StoreError> {
    let row = identities::Entity::find()
        .filter(identities::Column::Issuer.eq(&identity.issuer))
        .filter(identities::Column::Subject.eq(&identity.subject))
        .one(db)
        .await?;
    match row {
        Some(row) => people::find(db, row.org_id, row.person_id).await,
        None => Ok(None),
    }
}
