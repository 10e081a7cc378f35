use sea_orm::entity::prelude::*;

use crate::ids::{ConnectionId, OrgId, PersonId};
use crate::store::words::{ConnectionStatus, Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConnectionId,
    pub org_id: OrgId,
    pub person_id: PersonId,
    pub provider: Provider,
    pub account_subject: String,
    pub account_email: String,
    pub personal_account: bool,
    pub status: ConnectionStatus,
    pub last_error: String,
    pub scopes: String,
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub access_expires_at: Stamp,
    pub token_version: i64,
    pub refresh_owner: Option<String>,
    pub refresh_until: Option<Stamp>,
    pub is_primary: bool,
    pub connected_at: Stamp,
    pub last_synced_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
