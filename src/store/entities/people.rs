use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId};
use crate::store::words::{Role, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "people")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonId,
    pub org_id: OrgId,
    pub email: String,
    pub name: String,
    pub zone: Option<String>,
    pub role: Role,
    pub weekly_hours: String,
    pub date_overrides: String,
    pub max_per_day: Option<i32>,
    pub max_per_week: Option<i32>,
    pub reminder_minutes: Option<String>,
    pub theme: String,
    pub welcome_step: i32,
    pub disabled_at: Option<Stamp>,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
