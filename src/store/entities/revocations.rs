use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId, RevocationId};
use crate::store::words::{Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevocationId,
    pub org_id: OrgId,
    pub connection_id: ConnectionId,
    pub provider: Provider,
    pub account_subject: String,
    pub refresh_token: String,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
