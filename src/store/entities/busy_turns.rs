use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "busy_turns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: ConnectionId,
    pub org_id: OrgId,
    pub owner: Option<String>,
    pub until: Option<Stamp>,
    pub paused_until: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
