use sea_orm::entity::prelude::*;

use crate::ids::{ApiKeyId, OrgId, PersonId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    pub org_id: OrgId,
    pub name: String,
    pub token_hash: Vec<u8>,
    pub hint: String,
    pub scopes: String,
    pub coordinator_id: PersonId,
    pub created_by: PersonId,
    pub created_at: Stamp,
    pub expires_at: Option<Stamp>,
    pub revoked_at: Option<Stamp>,
    pub last_used_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
