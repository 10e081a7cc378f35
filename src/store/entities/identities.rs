use sea_orm::entity::prelude::*;

use crate::ids::{IdentityId, OrgId, PersonId};
use crate::store::words::{Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IdentityId,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub provider: Provider,
    pub issuer: String,
    pub subject: String,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
