use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, ChangeId, OrgId, PersonId};
use crate::store::words::{ActorKind, ChangeKind, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChangeId,
    pub org_id: OrgId,
    pub booking_id: BookingId,
    pub kind: ChangeKind,
    pub actor_kind: ActorKind,
    pub actor_id: Option<PersonId>,
    pub reason: String,
    pub from_start: Option<Stamp>,
    pub to_start: Option<Stamp>,
    pub from_person: Option<PersonId>,
    pub to_person: Option<PersonId>,
    pub at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
