use sea_orm::entity::prelude::*;

use crate::ids::{InvitationId, PersonId};
use crate::store::words::{Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: Vec<u8>,
    pub browser_hash: Vec<u8>,
    pub provider: Provider,
    pub purpose: String,
    pub nonce: String,
    pub verifier: String,
    pub return_to: String,
    pub browser_zone: Option<String>,
    pub person_id: Option<PersonId>,
    pub invitation_id: Option<InvitationId>,
    pub created_at: Stamp,
    pub expires_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
