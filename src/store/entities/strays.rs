use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId, StrayId};
use crate::store::words::{Stamp, StrayKind};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "strays")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StrayId,
    pub org_id: OrgId,
    pub connection_id: ConnectionId,
    pub calendar: String,
    pub kind: StrayKind,
    pub provider_id: String,
    pub marker: String,
    pub starts_at: Option<Stamp>,
    pub ends_at: Option<Stamp>,
    pub found_at: Stamp,
    pub settled_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
