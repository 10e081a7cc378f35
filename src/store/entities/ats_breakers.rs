use sea_orm::entity::prelude::*;

use crate::ids::OrgId;
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ats_breakers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: OrgId,
    pub failures: i32,
    pub since: Stamp,
    pub open_until: Option<Stamp>,
    pub pause_ms: i64,
    pub probe_until: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
