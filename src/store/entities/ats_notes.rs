use sea_orm::entity::prelude::*;

use crate::ids::{JobId, NoteId, OrgId, RequestId};
use crate::store::words::{NoteKind, NoteStatus, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ats_notes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoteId,
    pub org_id: OrgId,
    pub request_id: RequestId,
    pub application_id: String,
    pub kind: NoteKind,
    pub key: String,
    pub body: String,
    pub status: NoteStatus,
    pub job_id: JobId,
    pub unconfirmed_since: Option<Stamp>,
    pub remote_id: String,
    pub last_error: String,
    pub created_at: Stamp,
    pub posted_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
