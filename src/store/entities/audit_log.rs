use sea_orm::entity::prelude::*;

use crate::ids::{AuditId, OrgId, PersonId};
use crate::store::words::{ActorKind, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    pub org_id: OrgId,
    pub actor_kind: ActorKind,
    pub actor_id: Option<PersonId>,
    pub action: String,
    pub subject: String,
    pub detail: String,
    pub ip: String,
    pub user_agent: String,
    pub at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
