use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, EventId, OrgId, PlacementId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "placements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlacementId,
    pub org_id: OrgId,
    pub event_id: EventId,
    pub connection_id: ConnectionId,
    pub calendar: String,
    pub provider_id: String,
    pub etag: String,
    pub join_url: String,
    pub ical_uid: String,
    pub generation: i32,
    pub unconfirmed_since: Option<Stamp>,
    pub placed_revision: i64,
    pub removed_at: Option<Stamp>,
    pub withdrawn_at: Option<Stamp>,
    pub last_synced_at: Option<Stamp>,
    pub last_error: String,
    pub seen: String,
    pub seen_starts_at: Option<Stamp>,
    pub seen_ends_at: Option<Stamp>,
    pub seen_answers: String,
    pub looked_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
