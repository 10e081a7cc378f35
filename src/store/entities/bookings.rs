use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, OrgId, RequestId};
use crate::store::words::{BookingStatus, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bookings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BookingId,
    pub org_id: OrgId,
    pub request_id: RequestId,
    pub status: BookingStatus,
    pub starts_at: Stamp,
    pub ends_at: Stamp,
    pub candidate_zone: String,
    pub local_start: String,
    pub tzdata: String,
    pub hold_until: Option<Stamp>,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
