use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, JobId, OrgId};
use crate::store::words::{JobStatus, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub org_id: OrgId,
    pub kind: String,
    pub subject: String,
    pub payload: String,
    pub status: JobStatus,
    pub attempts: i32,
    pub run_at: Stamp,
    pub epoch: i64,
    pub lease_owner: Option<String>,
    pub lease_until: Option<Stamp>,
    pub parked_for: Option<ConnectionId>,
    pub last_error: String,
    pub created_at: Stamp,
    pub finished_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
