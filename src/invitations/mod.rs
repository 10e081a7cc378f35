//! Invitations: somebody is asked to connect their calendar, or to give times by hand.
//!
//! An invitation is for one person, who exists already and whom nobody can sign in as yet. Its link is redeemed once, by
//! whoever signs in with it first ([`redeem`]), or answered with times as often as its owner likes while it works. Somebody
//! who has an account is never changed by a link: they are asked to sign in ([`ask`]).

pub mod ask;
pub mod paste;
pub mod redeem;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    error::AppError,
    ids::{InvitationId, LinkToken, OrgId, PersonId, RequestId},
    people::{self, Organisation, Person},
    secrets::{KeyRing, NewLinkToken},
    state::AppState,
    store::{
        StoreError, Txn,
        entities::{identities, invitations},
        words::Role,
    },
};

/// How long a link works after it was last mailed.
const LIFE: TimeDelta = TimeDelta::days(14);
/// What its token is derived for.
const PURPOSE: &str = "invitation";

/// Somebody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub org: OrgId,
    pub person: PersonId,
    /// What accepting makes of them: an interviewer's calendar is only read.
    pub role: Role,
    pub invited_by: PersonId,
    /// The request that made somebody ask.
    pub request: Option<RequestId>,
    pub sent_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub accepted_at: Option<DateTime<Utc>>,
}

impl Invitation {
    /// Whether it still waits for its answer, or only its time ran out.
    pub fn is_pending(&self) -> bool {
        self.revoked_at.is_none() && self.accepted_at.is_none()
    }

    /// Whether its link works at this moment.
    ///
    /// # Errors
    /// Why it does not.
    pub fn works(&self, now: DateTime<Utc>) -> Result<(), LinkError> {
        if self.accepted_at.is_some() {
            return Err(LinkError::Accepted);
        }
        if self.revoked_at.is_some() {
            return Err(LinkError::Withdrawn);
        }
        if self.expires_at <= now { Err(LinkError::Expired) } else { Ok(()) }
    }
}

/// An invitation with everybody its page names.
#[derive(Clone, Debug)]
pub struct Opened {
    pub invitation: Invitation,
    pub person: Person,
    pub inviter: Person,
    pub organisation: Organisation,
}

/// Why a link leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("invitation_unknown")]
    Unknown,
    #[error("invitation_expired")]
    Expired,
    #[error("invitation_withdrawn")]
    Withdrawn,
    #[error("invitation_used")]
    Accepted,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for AppError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unknown => Self::new(404, "invitation_unknown", "This invitation is not valid.")
                .hint("Check that the address was copied whole. If it was, whoever invited you can send another."),
            LinkError::Expired => Self::new(410, "invitation_expired", "This invitation has expired."),
            LinkError::Withdrawn => Self::new(410, "invitation_withdrawn", "This invitation was withdrawn."),
            LinkError::Accepted => Self::new(410, "invitation_used", "This invitation was accepted already.")
                .hint("If it was you, sign in to change what you connected.")
                .way_on(crate::error::WayOn::SignIn),
            LinkError::Store(error) => error.into(),
        }
    }
}

/// What the token opens, whether or not it still works. Reading changes nothing.
pub async fn find(db: &impl ConnectionTrait, token: &LinkToken) -> Result<Opened, LinkError> {
    let row = invitations::Entity::find().filter(invitations::Column::TokenHash.eq(token.hash())).one(db).await;
    let invitation = from_row(row.map_err(StoreError::from)?.ok_or(LinkError::Unknown)?);
    let org = invitation.org;
    let (person, organisation) =
        people::find_with_organisation(db, org, invitation.person).await?.ok_or(LinkError::Unknown)?;
    let inviter = people::find(db, org, invitation.invited_by).await?.ok_or(LinkError::Unknown)?;
    if person.disabled_at.is_some() {
        return Err(LinkError::Withdrawn);
    }
    Ok(Opened { invitation, person, inviter, organisation })
}

/// The same for a link that has to work.
pub async fn open(db: &impl ConnectionTrait, token: &LinkToken, now: DateTime<Utc>) -> Result<Opened, LinkError> {
    let opened = find(db, token).await?;
    opened.invitation.works(now)?;
    Ok(opened)
}

/// The invitation of the organisation with this id.
pub async fn of_id(db: &impl ConnectionTrait, org: OrgId, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
    Ok(in_org(org).filter(invitations::Column::Id.eq(id)).one(db).await?.map(from_row))
}

/// The invitation with this id, of whatever organisation, if its link works: for the answer of somebody who followed it.
pub(crate) async fn redeemable(
    db: &impl ConnectionTrait,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Option<Invitation>, StoreError> {
    let row = invitations::Entity::find_by_id(id).one(db).await?;
    Ok(row.map(from_row).filter(|invitation| invitation.works(now).is_ok()))
}

/// The latest invitation of each of these people.
pub async fn of_people(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, Invitation>, StoreError> {
    let rows = in_org(org)
        .filter(invitations::Column::PersonId.is_in(people.iter().copied()))
        .order_by_asc(invitations::Column::CreatedAt)
        .order_by_asc(invitations::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).map(|invitation| (invitation.person, invitation)).collect())
}

/// The person's invitation that waits for an answer, if any.
pub async fn pending(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
) -> Result<Option<Invitation>, StoreError> {
    Ok(pending_row(db, org, person).await?.map(from_row))
}

/// The link of an invitation as text, or `None` if its key is no longer in the ring.
async fn url(
    db: &impl ConnectionTrait,
    state: &AppState,
    org: OrgId,
    id: InvitationId,
) -> Result<Option<String>, StoreError> {
    let row = in_org(org).filter(invitations::Column::Id.eq(id)).one(db).await?;
    let token = row.and_then(|row| state.keys.link_token(&row.key_id, PURPOSE, row.id.uuid(), &row.salt).ok());
    Ok(token.map(|token| state.config.web.url(&format!("/invite/{}", token.expose()))))
}

/// Whether somebody can sign in as this person: a link must not change them any more.
pub async fn has_account(db: &impl ConnectionTrait, org: OrgId, person: PersonId) -> Result<bool, StoreError> {
    let identity = identities::Entity::find()
        .filter(identities::Column::OrgId.eq(org))
        .filter(identities::Column::PersonId.eq(person))
        .one(db)
        .await?;
    Ok(identity.is_some())
}

async fn pending_row(
    db: &impl ConnectionTrait,
    org: OrgId,
    person: PersonId,
) -> Result<Option<invitations::Model>, StoreError> {
    Ok(in_org(org)
        .filter(invitations::Column::PersonId.eq(person))
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::AcceptedAt.is_null())
        .one(db)
        .await?)
}

async fn insert(txn: &Txn, keys: &KeyRing, new: &Invitation) -> Result<(), StoreError> {
    let NewLinkToken { token, key_id, salt } = keys.new_link_token(PURPOSE, new.id.uuid());
    invitations::Entity::insert(invitations::ActiveModel {
        id: Set(new.id),
        org_id: Set(new.org),
        person_id: Set(new.person),
        role: Set(new.role),
        invited_by: Set(new.invited_by),
        request_id: Set(new.request),
        token_hash: Set(token.hash()),
        salt: Set(salt),
        key_id: Set(key_id),
        created_at: Set(new.sent_at.into()),
        sent_at: Set(new.sent_at.into()),
        expires_at: Set(new.expires_at.into()),
        revoked_at: Set(None),
        accepted_at: Set(None),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(())
}

/// The one tenant filter for invitations.
fn in_org(org: OrgId) -> sea_orm::Select<invitations::Entity> {
    invitations::Entity::find().filter(invitations::Column::OrgId.eq(org))
}

fn from_row(row: invitations::Model) -> Invitation {
    Invitation {
        id: row.id,
        org: row.org_id,
        person: row.person_id,
        role: row.role,
        invited_by: row.invited_by,
        request: row.request_id,
        sent_at: row.sent_at.at(),
        expires_at: row.expires_at.at(),
        revoked_at: row.revoked_at.map(|at| at.at()),
        accepted_at: row.accepted_at.map(|at| at.at()),
    }
}
