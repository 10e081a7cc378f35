//! Who did what: one row per deed, written in the transaction that did it. Append only; triggers of the schema refuse any
//! change, and each organisation's rows are a chain in which one would show ([`crate::store::ledger`], [`verify`]). No secret goes
//! into `detail`.
//!
//! Recording is here; what administrators look for is in [`search`], what it is called in [`subjects`].

pub mod search;
pub mod subjects;
pub mod verify;

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    ids::{OrgId, PersonId},
    store::{
        StoreError, Txn,
        entities::audit_log,
        ledger,
        words::{ActorKind, Provider},
    },
};

/// Where a call came from. The web layer reads it from the connection; the worker's is [`Origin::default`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address as the trusted proxy told it.
    pub ip: String,
    pub user_agent: String,
}

impl Origin {
    /// Longest user agent kept, in bytes.
    const MAX_AGENT: usize = 300;

    pub fn new(ip: impl Into<String>, user_agent: &str) -> Self {
        let visible = user_agent.chars().filter(|c| !c.is_control());
        let user_agent = visible
            .scan(0, |length, c| {
                *length += c.len_utf8();
                (*length <= Self::MAX_AGENT).then_some(c)
            })
            .collect();
        Self { ip: ip.into(), user_agent }
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds the booking link.
    Candidate,
    Person(PersonId),
    /// Whoever changes things in this person's calendar; for all we know, themselves.
    InCalendar(Provider, PersonId),
    /// The worker, or a rule.
    System,
}

impl Actor {
    pub fn kind(self) -> ActorKind {
        match self {
            Self::Candidate => ActorKind::Candidate,
            Self::Person(_) => ActorKind::Person,
            Self::InCalendar(Provider::Google, _) => ActorKind::InGoogle,
            Self::InCalendar(Provider::Microsoft, _) => ActorKind::InMicrosoft,
            Self::InCalendar(Provider::Apple, _) => ActorKind::InApple,
            Self::System => ActorKind::System,
        }
    }

    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(person) | Self::InCalendar(_, person) => Some(person),
            Self::Candidate | Self::System => None,
        }
    }
}

/// One deed.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    pub org: OrgId,
    pub actor: Actor,
    /// What was done, as `noun.verb`: `connection.connected`.
    pub action: &'static str,
    /// The prefixed id of what it was done to.
    pub subject: String,
    pub detail: serde_json::Value,
    pub origin: Origin,
}

/// Writes the entry with the transaction it belongs to: it is linked when that is committed, and gets its time then.
///
/// # Errors
/// None yet; what the database says comes from the commit. Awaited like every other write.
pub async fn record(txn: &Txn, entry: AuditEntry) -> Result<(), StoreError> {
    let AuditEntry { org, actor, action, subject, detail, origin } = entry;
    let (actor_kind, actor, detail) = (actor.kind(), actor.person(), detail.to_string());
    let Origin { ip, user_agent } = origin;
    txn.append(ledger::Entry { org, actor_kind, actor, action, subject, detail, ip, user_agent });
    Ok(())
}

/// The same, unless its action was recorded of its subject with the same details less than `quiet` ago: for what fails again and
/// again. Says whether it was recorded.
///
/// # Errors
/// The database's.
pub async fn record_news(txn: &Txn, entry: AuditEntry, quiet: TimeDelta) -> Result<bool, StoreError> {
    let before = audit_log::Entity::find()
        .filter(audit_log::Column::OrgId.eq(entry.org))
        .filter(audit_log::Column::Subject.eq(entry.subject.as_str()))
        .filter(audit_log::Column::Action.eq(entry.action))
        .order_by_desc(audit_log::Column::Seq)
        .one(&**txn)
        .await?;
    let (now, detail) = (crate::store::now(&**txn).await?, entry.detail.to_string());
    if before.is_some_and(|before| before.detail == detail && now - before.at.at() < quiet) {
        return Ok(false);
    }
    record(txn, entry).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_cut_and_cleaned() {
        assert_eq!(Origin::new("::1", "a\r\nb\u{1b}c").user_agent, "abc");
        assert_eq!(Origin::new("::1", &"é".repeat(500)).user_agent, "é".repeat(150));
    }
}
