use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId};
use crate::store::words::{AccessStatus, Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation_access")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: OrgId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: Provider,
    pub account: String,
    pub subject: String,
    pub domains: String,
    pub private_key: Option<String>,
    pub status: AccessStatus,
    pub last_error: String,
    pub granted_by: PersonId,
    pub granted_at: Stamp,
    pub last_read_at: Option<Stamp>,
    pub turn_owner: Option<String>,
    pub turn_until: Option<Stamp>,
    pub paused_until: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
