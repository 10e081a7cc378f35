use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, RequestId, SeatId};
use crate::store::words::SeatKind;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seats")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SeatId,
    pub org_id: OrgId,
    pub request_id: RequestId,
    pub position: i32,
    pub kind: SeatKind,
    pub needed: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
