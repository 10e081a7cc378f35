use sea_orm::entity::prelude::*;

use crate::{
    ids::{CalendarId, ConnectionId, OrgId},
    store::words::AccessLevel,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendars")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CalendarId,
    pub org_id: OrgId,
    pub connection_id: ConnectionId,
    pub provider_id: String,
    pub name: String,
    pub colour: String,
    pub access: AccessLevel,
    pub is_read: bool,
    pub is_write_target: bool,
    pub is_ours: bool,
    pub is_listed: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
