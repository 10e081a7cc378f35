use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId, PersonId};
use crate::store::words::{Direction, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_failures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub connection_id: ConnectionId,
    pub direction: Direction,
    pub failed_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
