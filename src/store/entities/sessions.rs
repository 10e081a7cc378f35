use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId, SessionId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub token_hash: Vec<u8>,
    pub ip: String,
    pub user_agent: String,
    pub created_at: Stamp,
    pub last_seen_at: Stamp,
    pub expires_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
