use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, OrgId, PersonId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sittings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub booking_id: BookingId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub org_id: OrgId,
    pub why: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
