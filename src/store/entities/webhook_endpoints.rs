use sea_orm::entity::prelude::*;

use crate::ids::{EndpointId, OrgId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EndpointId,
    pub org_id: OrgId,
    pub url: String,
    pub events: String,
    pub secret: String,
    pub created_at: Stamp,
    pub disabled_at: Option<Stamp>,
    pub disabled_why: String,
    pub failures: i32,
    pub failing_since: Option<Stamp>,
    pub removed_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
