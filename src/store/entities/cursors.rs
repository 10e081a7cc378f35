use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cursors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: ConnectionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub calendar: String,
    pub org_id: OrgId,
    pub cursor: Option<String>,
    pub reaches: Option<Stamp>,
    pub complete_at: Option<Stamp>,
    pub pulled_at: Option<Stamp>,
    pub stopped_at: Option<Stamp>,
    pub missing: i32,
    pub compared_at: Option<Stamp>,
    pub found: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
