use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, DifferenceId, EventId, OrgId, PersonId, PlacementId, RequestId};
use crate::store::words::{DifferenceKind, Outcome, Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "differences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DifferenceId,
    pub org_id: OrgId,
    pub request_id: RequestId,
    pub booking_id: BookingId,
    pub event_id: EventId,
    pub placement_id: PlacementId,
    pub owner_id: PersonId,
    pub provider: Provider,
    pub kind: DifferenceKind,
    pub theirs: Option<String>,
    pub person_id: Option<PersonId>,
    pub blockers: String,
    pub found_at: Stamp,
    pub settled_at: Option<Stamp>,
    pub settled_by: Option<PersonId>,
    pub outcome: Option<Outcome>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
