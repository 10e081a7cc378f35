//! How far somebody new has come in setting up: connect a calendar, invite the team, make a first request.
//!
//! Only the step they go on with is kept. Whether a calendar is connected says the calendar.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::Member;
use crate::{
    ids::{OrgId, PersonId},
    store::{StoreError, Txn, entities::people},
};

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Connect = 1,
    Invite = 2,
    Request = 3,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Connect, Self::Invite, Self::Request];

    pub fn number(self) -> i32 {
        self as i32
    }

    pub fn of_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.number() == number)
    }

    /// The heading of its page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Connect => "Connect your calendar",
            Self::Invite => "Invite your team",
            Self::Request => "Create your first request",
        }
    }
}

/// The step this person goes on with; `None` once they are through, or if it was never theirs.
pub async fn step(db: &impl ConnectionTrait, member: &Member) -> Result<Option<Step>, StoreError> {
    let number: Option<i32> = people::Entity::find()
        .select_only()
        .column(people::Column::WelcomeStep)
        .filter(people::Column::OrgId.eq(member.org))
        .filter(people::Column::Id.eq(member.person))
        .into_tuple()
        .one(db)
        .await?;
    Ok(number.and_then(Step::of_number))
}

/// Begins with the first step, for somebody who founded an organisation.
pub(crate) async fn begin(txn: &Txn, org: OrgId, person: PersonId) -> Result<(), StoreError> {
    put(txn, org, person, Step::Connect.number()).await
}

/// Goes on with `next`, or is through.
pub async fn go_on(txn: &Txn, member: &Member, next: Option<Step>) -> Result<(), StoreError> {
    put(txn, member.org, member.person, next.map_or(0, Step::number)).await
}

async fn put(txn: &Txn, org: OrgId, person: PersonId, step: i32) -> Result<(), StoreError> {
    super::this(org, person).col_expr(people::Column::WelcomeStep, Expr::value(step)).exec(&**txn).await?;
    Ok(())
}
