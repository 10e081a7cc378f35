use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, EventId, OrgId, PersonId};
use crate::store::words::{EventKind, EventStatus, Inviter, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    pub org_id: OrgId,
    pub kind: EventKind,
    pub booking_id: Option<BookingId>,
    pub uid: String,
    pub sequence: i32,
    pub revision: i64,
    pub owner_id: PersonId,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub video: bool,
    pub starts_at: Stamp,
    pub ends_at: Stamp,
    pub zone: String,
    pub status: EventStatus,
    pub inviter: Inviter,
    pub kept_off: bool,
    pub organizer_email: String,
    pub organizer_name: String,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
