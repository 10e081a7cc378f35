use sea_orm::entity::prelude::*;

use crate::ids::{ChannelId, ConnectionId, OrgId};
use crate::store::words::{ChannelStatus, Provider, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChannelId,
    pub org_id: OrgId,
    pub connection_id: ConnectionId,
    pub calendar: String,
    pub provider: Provider,
    pub token_hash: Vec<u8>,
    pub remote_id: String,
    pub resource: String,
    pub status: ChannelStatus,
    pub renew_at: Stamp,
    pub expires_at: Stamp,
    pub pushed_at: Option<Stamp>,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
