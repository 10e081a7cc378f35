use sea_orm::entity::prelude::*;

use crate::ids::{LinkId, OrgId, RequestId};
use crate::store::words::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    pub org_id: OrgId,
    pub request_id: RequestId,
    pub token_hash: Vec<u8>,
    pub salt: Vec<u8>,
    pub key_id: String,
    pub expires_at: Stamp,
    pub revoked_at: Option<Stamp>,
    pub created_at: Stamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
