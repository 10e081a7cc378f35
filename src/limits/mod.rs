//! How often something may happen, counted in the database so that every process counts together.
//!
//! Fixed windows by the database's clock. Keys (addresses, ids) are stored as SHA-256. What only costs the process that
//! answers is counted in [`local`].

pub mod local;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{BinOper, Expr, OnConflict, SimpleExpr},
};

use crate::{
    error::AppError,
    ids::sha256,
    store::{Stamp, Store, StoreError, entities::rate_windows},
};

#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// Too often. Allowed again after this time, as for the `Retry-After` header.
    #[error("asked too often; again in {} s", .0.as_secs())]
    RetryAfter(Duration),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LimitError> for AppError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::RetryAfter(wait) => Self::too_many(wait),
            LimitError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for LimitError {
    fn into_response(self) -> Response {
        AppError::from(self).into_response()
    }
}

/// What a client is counted by: its IPv4 address, or the /64 network of its IPv6 address, all of which one machine may have to
/// itself (RFC 6177 section 2).
pub fn client(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Counts one hit of `key` in `bucket` and refuses it beyond `limit` per `window`.
pub async fn hit(
    store: &Store,
    bucket: &'static str,
    key: &str,
    limit: u32,
    window: Duration,
) -> Result<(), LimitError> {
    let txn = store.begin().await?;
    let now = crate::store::now(&*txn).await?.timestamp_millis();
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX).max(1);
    let start = now - now.rem_euclid(length);
    let row = rate_windows::ActiveModel {
        bucket: Set(bucket.to_owned()),
        key_hash: Set(sha256(key.as_bytes())),
        window_start: Set(Stamp::from_millis(start)),
        hits: Set(1),
    };
    use rate_windows::Column;
    let again = OnConflict::columns([Column::Bucket, Column::KeyHash, Column::WindowStart])
        .value(Column::Hits, hits_and_one())
        .to_owned();
    let row = rate_windows::Entity::insert(row).on_conflict(again).exec_with_returning(&*txn).await;
    let hits = row.map_err(StoreError::from)?.hits;
    txn.commit().await?;
    if i64::from(hits) > i64::from(limit) {
        let left = u64::try_from(start + length - now).unwrap_or(0);
        // Whole seconds, rounded up: a caller that waits exactly this long is in the next window.
        return Err(LimitError::RetryAfter(Duration::from_secs(left.div_ceil(1000).max(1))));
    }
    Ok(())
}

/// What stands in the row already, and one. Named with its table: in an upsert the bare column would be ambiguous.
fn hits_and_one() -> SimpleExpr {
    let hits = Expr::col((rate_windows::Entity, rate_windows::Column::Hits));
    sea_orm::ExprTrait::binary(hits, BinOper::Add, 1)
}

/// Removes windows that began more than a day ago. For the worker's round; no limit has a longer window.
pub async fn prune(store: &Store) -> Result<(), StoreError> {
    let txn = store.begin().await?;
    let old = crate::store::now(&*txn).await? - chrono::Duration::days(1);
    rate_windows::Entity::delete_many()
        .filter(rate_windows::Column::WindowStart.lt(Stamp::from(old)))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network_of_64_bits() {
        assert_eq!(client("2001:db8:1:2:aaaa::1"), client("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_ne!(client("192.0.2.7"), client("192.0.2.8"));
        assert_eq!(client("::ffff:192.0.2.7"), client("192.0.2.7"));
    }
}
