use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, OccupancyId, OrgId, PersonId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "occupancies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OccupancyId,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub booking_id: BookingId,
    pub taken_from: Stamp,
    pub taken_until: Stamp,
    pub starts_at: Stamp,
    pub ends_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
