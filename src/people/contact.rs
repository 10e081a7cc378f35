//! The address others write to somebody at. One that no provider vouches for is typed by its owner and counts once they opened
//! the link in a mail to it: it becomes a recipient and the answer address of mails in their name.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::Expr;

use super::Member;
use crate::{
    ids::Email,
    secrets::{KeyRing, Place},
    store::{StoreError, Txn, entities::people},
};

/// How long the link in the mail works.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// What the link in the mail carries, and until when: the address, sealed for this person alone. Nothing is stored for it.
pub fn proposal(keys: &KeyRing, member: &Member, email: &Email, now: DateTime<Utc>) -> (String, DateTime<Utc>) {
    let until = now + LIFE;
    (keys.seal(&place(member), &format!("{} {}", until.timestamp(), email.as_str())), until)
}

/// The address a link brought back, unless it is somebody else's link, altered, or too old.
pub fn proposed(keys: &KeyRing, member: &Member, text: &str, now: DateTime<Utc>) -> Option<Email> {
    let opened = keys.open(&place(member), text).ok()?;
    let (until, email) = opened.expose().split_once(' ')?;
    (now.timestamp() < until.parse().ok()?).then(|| email.parse().ok())?
}

/// Makes an address the one others write to. Only for one that is known to be theirs.
///
/// # Errors
/// A duplicate if somebody else of the organisation has it.
pub async fn set(txn: &Txn, member: &Member, email: &Email) -> Result<(), StoreError> {
    super::this(member.org, member.person)
        .col_expr(people::Column::Email, Expr::value(email.as_str()))
        .exec(&**txn)
        .await?;
    Ok(())
}

fn place(member: &Member) -> Place {
    Place::new(Some(member.org), "people", member.person, "email")
}
