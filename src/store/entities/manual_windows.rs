use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId, RequestId, WindowId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "manual_windows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WindowId,
    pub org_id: OrgId,
    pub request_id: RequestId,
    pub person_id: Option<PersonId>,
    pub starts_at: Stamp,
    pub ends_at: Stamp,
    pub zone: String,
    pub local_start: String,
    pub local_end: String,
    pub tzdata: String,
    pub typed_by: PersonId,
    pub typed_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
