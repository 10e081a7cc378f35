use sea_orm::entity::prelude::*;

use crate::ids::{InvitationId, OrgId, PersonId, RequestId};
use crate::store::words::{Role, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationId,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub role: Role,
    pub invited_by: PersonId,
    pub request_id: Option<RequestId>,
    pub token_hash: Vec<u8>,
    pub salt: Vec<u8>,
    pub key_id: String,
    pub created_at: Stamp,
    pub sent_at: Stamp,
    pub expires_at: Stamp,
    pub revoked_at: Option<Stamp>,
    pub accepted_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
