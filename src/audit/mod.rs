//! Who did what: one row per deed, written in the transaction that did it. Append only; triggers of the schema refuse any
//! change. No secret goes into `detail`.

use sea_orm::{ActiveValue::Set, EntityTrait};

use crate::{
    ids::{AuditId, OrgId, PersonId},
    store::{Stamp, StoreError, Txn, entities::audit_log, words::ActorKind},
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
    /// The worker, or a rule.
    System,
}

impl Actor {
    pub fn kind(self) -> ActorKind {
        match self {
            Self::Candidate => ActorKind::Candidate,
            Self::Person(_) => ActorKind::Person,
            Self::System => ActorKind::System,
        }
    }

    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(person) => Some(person),
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

/// Writes the entry with the transaction it belongs to.
pub async fn record(txn: &Txn, entry: AuditEntry) -> Result<(), StoreError> {
    let row = audit_log::ActiveModel {
        id: Set(AuditId::new()),
        org_id: Set(entry.org),
        actor_kind: Set(entry.actor.kind()),
        actor_id: Set(entry.actor.person()),
        action: Set(entry.action.to_owned()),
        subject: Set(entry.subject),
        detail: Set(entry.detail.to_string()),
        ip: Set(entry.origin.ip),
        user_agent: Set(entry.origin.user_agent),
        at: Set(Stamp::from(crate::store::now(&**txn).await?)),
    };
    audit_log::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(())
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
