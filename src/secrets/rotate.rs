//! Sealing everything anew with the current key, while the rest of the program goes on.
//!
//! Each value is opened and sealed by itself and written only over what was read, so that a token that is refreshed at the same
//! moment wins, being sealed with the current key already. Every key stays in the ring meanwhile: there is no instant at which
//! something does not open. Run twice, or broken off, it goes on where it was.

use std::fmt;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, Order, QueryFilter, QueryOrder, QuerySelect, TryGetable, Value,
    sea_query::Expr,
};

use super::{KeyRing, Place};
use crate::{
    ids::OrgId,
    store::{
        Stamp, Store, StoreError,
        entities::{
            booking_links, connections, invitations, messages, organisation_access, revocations, webhook_endpoints,
        },
    },
    webhooks,
};

/// Rows read at a time.
const BATCH: u64 = 200;

/// What was done, and what still needs an older key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Values sealed anew.
    pub sealed: u64,
    /// Values that did not open, and were left as they are: their key is not in the ring, or they were altered.
    pub unopened: u64,
    /// Links that work by an older key, which cannot be sealed anew because they are out already, and when the last of them ends.
    pub links: u64,
    pub links_end: Option<DateTime<Utc>>,
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values were sealed with the current key.", self.sealed)?;
        if self.unopened > 0 {
            write!(
                f,
                " {} did not open and were left as they are: a key is missing, or they were altered.",
                self.unopened
            )?;
        }
        match self.links_end {
            Some(end) => write!(
                f,
                " {} links that were sent still need an older key, the last until {}: keep it in TOKEN_ENCRYPTION_KEY until then.",
                self.links,
                end.format("%Y-%m-%d %H:%M UTC")
            ),
            // Links that confirm an address are kept nowhere; none of them works for longer.
            None if self.unopened == 0 => write!(
                f,
                " The older keys may go in 24 hours, when every sign-in under way and every link to confirm an address has ended."
            ),
            None => Ok(()),
        }
    }
}

/// Seals anew what an older key sealed.
///
/// # Errors
/// The database's; what was sealed until then stays sealed.
pub async fn rotate(store: &Store, ring: &KeyRing) -> Result<Rotation, StoreError> {
    let mut done = Rotation::default();
    for (column, name) in
        [(connections::Column::AccessToken, "access_token"), (connections::Column::RefreshToken, "refresh_token")]
    {
        let of =
            Sealed::<connections::Entity> { org: connections::Column::OrgId, key: connections::Column::Id, column };
        of.anew(store, ring, &mut done, |org, key: &crate::ids::ConnectionId| {
            Place::new(Some(org), "connections", key, name)
        })
        .await?;
    }
    let of = Sealed::<revocations::Entity> {
        org: revocations::Column::OrgId,
        key: revocations::Column::Id,
        column: revocations::Column::RefreshToken,
    };
    of.anew(store, ring, &mut done, |org, key: &crate::ids::RevocationId| {
        Place::new(Some(org), "revocations", key, "refresh_token")
    })
    .await?;
    for (column, name) in [(messages::Column::TextBody, "text_body"), (messages::Column::HtmlBody, "html_body")] {
        let of = Sealed::<messages::Entity> { org: messages::Column::OrgId, key: messages::Column::Id, column };
        of.anew(store, ring, &mut done, |org, key: &crate::ids::MessageId| {
            Place::new(Some(org), "messages", key, name)
        })
        .await?;
    }
    let of = Sealed::<webhook_endpoints::Entity> {
        org: webhook_endpoints::Column::OrgId,
        key: webhook_endpoints::Column::Id,
        column: webhook_endpoints::Column::Secret,
    };
    of.anew(store, ring, &mut done, |org, key: &crate::ids::EndpointId| webhooks::endpoints::place(org, *key)).await?;
    organisations(store, ring, &mut done).await?;
    links(store, ring, &mut done).await?;
    Ok(done)
}

/// A column of sealed values, and how its rows are named.
struct Sealed<E: EntityTrait> {
    org: E::Column,
    key: E::Column,
    column: E::Column,
}

impl<E: EntityTrait> Sealed<E> {
    async fn anew<K>(
        &self,
        store: &Store,
        ring: &KeyRing,
        done: &mut Rotation,
        place: impl Fn(OrgId, &K) -> Place,
    ) -> Result<(), StoreError>
    where
        K: TryGetable + Into<Value> + Clone + Send + Sync,
    {
        let current = format!("v1.{}.", ring.current_id());
        let mut after: Option<K> = None;
        loop {
            let mut query = E::find()
                .select_only()
                .columns([self.org, self.key, self.column])
                .filter(self.column.is_not_null())
                .filter(self.column.starts_with(&current).not())
                .order_by(self.key, Order::Asc)
                .limit(BATCH);
            if let Some(after) = &after {
                query = query.filter(self.key.gt(after.clone()));
            }
            let rows: Vec<(OrgId, K, String)> = query.into_tuple().all(store.reader()).await?;
            let Some((_, last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            let txn = store.begin().await?;
            for (org, key, old) in rows {
                let place = place(org, &key);
                let Ok(plain) = ring.open(&place, &old) else {
                    done.unopened += 1;
                    continue;
                };
                let written = E::update_many()
                    .col_expr(self.column, Expr::value(ring.seal(&place, plain.expose())))
                    .filter(self.org.eq(org))
                    .filter(self.key.eq(key))
                    .filter(self.column.eq(old))
                    .exec(&*txn)
                    .await?;
                done.sealed += written.rows_affected;
            }
            txn.commit().await?;
        }
    }
}

/// Few rows, with a key of two columns.
async fn organisations(store: &Store, ring: &KeyRing, done: &mut Rotation) -> Result<(), StoreError> {
    use organisation_access::Column;
    let current = format!("v1.{}.", ring.current_id());
    let rows = organisation_access::Entity::find()
        .filter(Column::PrivateKey.is_not_null())
        .filter(Column::PrivateKey.starts_with(&current).not())
        .all(store.reader())
        .await?;
    let txn = store.begin().await?;
    for row in rows {
        let Some(old) = row.private_key else { continue };
        let place = Place::new(Some(row.org_id), "organisation_access", row.provider, "private_key");
        let Ok(plain) = ring.open(&place, &old) else {
            done.unopened += 1;
            continue;
        };
        let written = organisation_access::Entity::update_many()
            .col_expr(Column::PrivateKey, Expr::value(ring.seal(&place, plain.expose())))
            .filter(Column::OrgId.eq(row.org_id))
            .filter(Column::Provider.eq(row.provider))
            .filter(Column::PrivateKey.eq(old))
            .exec(&*txn)
            .await?;
        done.sealed += written.rows_affected;
    }
    txn.commit().await
}

/// Links are derived from their key and are out already: they are counted.
async fn links(store: &Store, ring: &KeyRing, done: &mut Rotation) -> Result<(), StoreError> {
    let (db, current) = (store.reader(), ring.current_id());
    let now = Stamp::from(crate::store::now(db).await?);
    let booking: Vec<Stamp> = booking_links::Entity::find()
        .select_only()
        .column(booking_links::Column::ExpiresAt)
        .filter(booking_links::Column::KeyId.ne(current))
        .filter(booking_links::Column::RevokedAt.is_null())
        .filter(booking_links::Column::ExpiresAt.gt(now))
        .into_tuple()
        .all(db)
        .await?;
    let invited: Vec<Stamp> = invitations::Entity::find()
        .select_only()
        .column(invitations::Column::ExpiresAt)
        .filter(invitations::Column::KeyId.ne(current))
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::ExpiresAt.gt(now))
        .into_tuple()
        .all(db)
        .await?;
    done.links = (booking.len() + invited.len()) as u64;
    done.links_end = booking.into_iter().chain(invited).max().map(Stamp::at);
    Ok(())
}
