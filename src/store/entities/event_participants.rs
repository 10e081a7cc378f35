use sea_orm::entity::prelude::*;

use crate::ids::{EventId, OrgId, ParticipantId, PersonId};
use crate::store::words::ParticipantRole;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_participants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ParticipantId,
    pub org_id: OrgId,
    pub event_id: EventId,
    pub person_id: Option<PersonId>,
    pub email: String,
    pub name: String,
    pub role: ParticipantRole,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
