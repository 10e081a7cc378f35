//! Replacing a link that came into the wrong hands: the candidate gets another one, and the one before stops opening.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::link;
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    ids::RequestId,
    people::Coordinator,
    state::AppState,
    store::{
        Stamp, StoreError,
        entities::{booking_links, requests},
        words::RequestStatus,
    },
};

/// Why the link was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    #[error("not_found")]
    NotFound,
    #[error("request_closed")]
    Closed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReplaceError> for AppError {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::NotFound => AppError::not_found(),
            ReplaceError::Closed => {
                AppError::new(409, "request_closed", "This request is cancelled, so it needs no other link.")
            }
            ReplaceError::Store(error) => error.into(),
        }
    }
}

/// Revokes every link of the request and makes a new one, valid as long as they were. The candidate hears nothing yet: the
/// coordinator sends or copies it.
///
/// # Errors
/// The request is not one of the coordinator's organisation, or cancelled.
pub async fn replace(
    state: &AppState,
    coordinator: &Coordinator,
    id: RequestId,
    origin: &Origin,
) -> Result<(), ReplaceError> {
    let (org, now) = (coordinator.member().org, state.clock.now());
    let txn = state.store.begin().await?;
    let request = super::lock(&txn, org, id).await?.ok_or(ReplaceError::NotFound)?;
    if request.status == RequestStatus::Cancelled {
        return Err(ReplaceError::Closed);
    }
    let living = booking_links::Entity::find()
        .filter(booking_links::Column::OrgId.eq(org))
        .filter(booking_links::Column::RequestId.eq(id))
        .filter(booking_links::Column::RevokedAt.is_null())
        .all(&*txn)
        .await
        .map_err(StoreError::from)?;
    let until = living.iter().map(|link| link.expires_at.at()).max().unwrap_or(request.window.end());
    booking_links::Entity::update_many()
        .col_expr(booking_links::Column::RevokedAt, Expr::value(Some(Stamp::from(now).millis())))
        .filter(booking_links::Column::OrgId.eq(org))
        .filter(booking_links::Column::Id.is_in(living.iter().map(|link| link.id)))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    link::create(&txn, &state.keys, org, id, until, now).await?;
    // Nobody was sent the new one, or opened it.
    requests::Entity::update_many()
        .col_expr(requests::Column::LinkSentAt, Expr::value(Option::<i64>::None))
        .col_expr(requests::Column::LinkOpenedAt, Expr::value(Option::<i64>::None))
        .filter(requests::Column::OrgId.eq(org))
        .filter(requests::Column::Id.eq(id))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor: Actor::Person(coordinator.member().person),
            action: "request.link_replaced",
            subject: id.to_string(),
            detail: json!({ "revoked": living.len() }),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    Ok(())
}
