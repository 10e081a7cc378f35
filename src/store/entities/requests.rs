use sea_orm::entity::prelude::*;

use crate::ids::{OrgId, PersonId, RequestId};
use crate::store::words::{RequestStatus, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RequestId,
    pub org_id: OrgId,
    pub coordinator_id: PersonId,
    pub candidate_name: String,
    pub candidate_email: String,
    pub interview_type: String,
    pub duration_minutes: i32,
    pub step_minutes: i32,
    pub window_start: Stamp,
    pub window_end: Stamp,
    pub zone: String,
    pub buffer_before_minutes: i32,
    pub buffer_after_minutes: i32,
    pub min_notice_minutes: i32,
    pub change_notice_minutes: i32,
    pub location: String,
    pub video: bool,
    pub notes: String,
    pub reminder_minutes: String,
    pub application_id: String,
    pub status: RequestStatus,
    pub link_sent_at: Option<Stamp>,
    pub link_opened_at: Option<Stamp>,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
