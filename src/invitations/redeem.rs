//! Answering an invitation: redeeming its link once, or giving times by it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{Invitation, LinkError, Opened, from_row, has_account, in_org};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    ids::{InvitationId, OrgId, PersonId},
    outbox::{self, Job},
    people::{self, given},
    scheduling::interval::Interval,
    state::AppState,
    store::{Stamp, StoreError, Txn, entities::invitations, words::Role},
};

/// Redeems an invitation by the one statement that can, and makes of its person what it promised. `None` if it no longer
/// works: used, withdrawn, too old, or for somebody who has an account by now.
pub async fn redeem(
    txn: &Txn,
    id: InvitationId,
    now: DateTime<Utc>,
    origin: &Origin,
) -> Result<Option<Invitation>, StoreError> {
    let Some(invitation) = spend(txn, id, now).await? else { return Ok(None) };
    let Invitation { org, person, role, .. } = invitation;
    let disabled = people::find(&**txn, org, person).await?.is_none_or(|person| person.disabled_at.is_some());
    if disabled || has_account(&**txn, org, person).await? {
        return Ok(None);
    }
    people::set_role(txn, org, person, role).await?;
    accepted(txn, &invitation, now, origin).await?;
    Ok(Some(invitation))
}

/// The same for somebody who is signed in and was asked to coordinate.
pub async fn take_offer(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    id: InvitationId,
    now: DateTime<Utc>,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let Some(offer) = spend(txn, id, now).await? else { return Ok(false) };
    if (offer.org, offer.person) != (org, person) {
        return Ok(false);
    }
    people::set_role(txn, org, person, offer.role).await?;
    accepted(txn, &offer, now, origin).await?;
    Ok(true)
}

/// Marks it accepted. A caller that does not like what it gets rolls back.
async fn spend(txn: &Txn, id: InvitationId, now: DateTime<Utc>) -> Result<Option<Invitation>, StoreError> {
    let done = invitations::Entity::update_many()
        .col_expr(invitations::Column::AcceptedAt, Expr::value(Some(Stamp::from(now).millis())))
        .filter(invitations::Column::Id.eq(id))
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::ExpiresAt.gt(Stamp::from(now)))
        .exec(&**txn)
        .await?;
    if done.rows_affected != 1 {
        return Ok(None);
    }
    Ok(invitations::Entity::find_by_id(id).one(&**txn).await?.map(from_row))
}

async fn accepted(txn: &Txn, invitation: &Invitation, now: DateTime<Utc>, origin: &Origin) -> Result<(), StoreError> {
    let Invitation { org, person, .. } = *invitation;
    let detail = json!({ "invitation": invitation.id, "role": invitation.role.as_str() });
    let (actor, subject) = (Actor::Person(person), person.to_string());
    let action = "person.invitation_accepted";
    audit::record(txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
    if invitation.role == Role::Interviewer {
        outbox::enqueue(txn, org, &Job::TellAnswered { person, at: now.timestamp_millis() }, now).await?;
    }
    Ok(())
}

/// Keeps the times somebody gives for one period by the link of their invitation. They can be given again while it works.
///
/// # Errors
/// The link does not work any more.
pub async fn give_times(
    state: &AppState,
    opened: &Opened,
    period: Interval,
    windows: &[Interval],
    zone: Tz,
    origin: &Origin,
) -> Result<(), LinkError> {
    let (Invitation { id, org, person, .. }, now) = (opened.invitation.clone(), state.clock.now());
    let txn = state.store.begin().await?;
    // It may have been accepted or withdrawn since the page was opened.
    let row = in_org(org).filter(invitations::Column::Id.eq(id)).one(&*txn).await.map_err(StoreError::from)?;
    row.map(from_row).ok_or(LinkError::Unknown)?.works(now)?;
    given::give(&txn, org, person, period, windows, zone, now).await?;
    people::learn_zone(&txn, org, person, zone).await?;
    let detail =
        json!({ "from": period.start(), "until": period.end(), "windows": windows.len(), "zone": zone.name() });
    let (actor, subject, action) = (Actor::Person(person), person.to_string(), "person.times_given");
    audit::record(&txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
    outbox::enqueue(&txn, org, &Job::TellAnswered { person, at: now.timestamp_millis() }, now).await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}
