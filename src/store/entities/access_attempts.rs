use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId, SessionId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: Vec<u8>,
    pub browser_hash: Vec<u8>,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub session_id: Option<SessionId>,
    pub domains: String,
    pub expires_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
