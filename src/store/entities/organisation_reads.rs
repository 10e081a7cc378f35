use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId};
use crate::store::words::{Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation_reads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: OrgId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: Provider,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub address: String,
    pub window_start: Stamp,
    pub window_end: Stamp,
    pub intervals: String,
    pub read_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
