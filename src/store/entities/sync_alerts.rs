use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId, PersonId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_alerts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub org_id: OrgId,
    pub connection_id: ConnectionId,
    pub reason: String,
    pub last_failed_at: Stamp,
    pub raised_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
