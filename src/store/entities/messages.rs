use sea_orm::entity::prelude::*;

use crate::ids::{BookingId, MessageId, OrgId, RequestId};
use crate::store::words::{MessageStatus, Stamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub org_id: OrgId,
    pub booking_id: Option<BookingId>,
    pub request_id: Option<RequestId>,
    pub kind: String,
    pub to_email: String,
    pub to_name: String,
    pub reply_to: String,
    pub about: String,
    pub sequence: i32,
    pub message_id: String,
    pub subject: String,
    pub text_body: String,
    pub html_body: String,
    pub ics_method: String,
    pub ics: String,
    pub status: MessageStatus,
    pub last_error: String,
    pub created_at: Stamp,
    pub due_at: Stamp,
    pub sent_at: Option<Stamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
