use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "given_times")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub org_id: OrgId,
    pub periods: String,
    pub windows: String,
    pub zone: String,
    pub tzdata: String,
    pub given_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
