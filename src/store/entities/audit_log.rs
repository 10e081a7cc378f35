use sea_orm::entity::prelude::*;

use crate::ids::{AuditId, OrgId, PersonId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    pub org_id: OrgId,
    pub seq: i64,
    /// An [`ActorKind`](crate::store::words::ActorKind) in words. Text, so that a row somebody changed by hand can be shown and named.
    pub actor_kind: String,
    pub actor_id: Option<PersonId>,
    pub action: String,
    pub subject: String,
    pub detail: String,
    pub ip: String,
    pub user_agent: String,
    pub at: Stamp,
    pub hash: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
