use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "busy_reads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: ConnectionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub calendar: String,
    pub org_id: OrgId,
    pub window_start: Stamp,
    pub window_end: Stamp,
    pub intervals: String,
    pub read_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
