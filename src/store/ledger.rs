//! The chain of the audit log: each row of an organisation carries its number and a hash over the row before it and itself, and
//! the organisation's head says where the chain ends.
//!
//! What a transaction records is kept with it ([`Txn::append`](super::Txn::append)) and linked by its commit, last of all. So a
//! row is there exactly if the deed is, and the lock of the head, which lets an organisation's transactions take turns, is held for
//! three statements only. It is also why this cannot deadlock: whoever holds a head waits for nothing but heads, and those
//! are taken in the order of their organisations. A newcomer would get wrong: taking the head where the deed is recorded. Deeds are
//! recorded in the middle of transactions, before other locks are taken, and two of those could wait for each other.
//!
//! A hash is SHA-256 of netstrings (`<length in bytes>:<bytes>,`), one after the other: the word `convene-audit-1`, the hash before
//! in hex (64 zeros for the first row), then the row: organisation and id as UUIDs in lower case with hyphens, number, time in
//! milliseconds since 1970, kind of actor, actor as a UUID or empty, action, subject, detail as it is stored, address and user agent.
//! Numbers are decimal. No two different rows give the same text, whatever is in them.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use sha2::{Digest, Sha256};

use super::{
    Stamp, StoreError,
    entities::{audit_heads, audit_log},
    words::ActorKind,
};
use crate::ids::{AuditId, OrgId, PersonId};

/// What stands before the first row.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A row to be, before it has its number.
#[derive(Clone, Debug)]
pub struct Entry {
    pub org: OrgId,
    pub actor_kind: ActorKind,
    pub actor: Option<PersonId>,
    pub action: &'static str,
    pub subject: String,
    pub detail: String,
    pub ip: String,
    pub user_agent: String,
}

impl Entry {
    /// The row with this number, behind the row with this hash.
    fn linked(self, seq: i64, previous: &str, at: Stamp) -> audit_log::Model {
        let mut row = audit_log::Model {
            id: AuditId::new(),
            org_id: self.org,
            seq,
            actor_kind: self.actor_kind.as_str().to_owned(),
            actor_id: self.actor,
            action: self.action.to_owned(),
            subject: self.subject,
            detail: self.detail,
            ip: self.ip,
            user_agent: self.user_agent,
            at,
            hash: String::new(),
        };
        row.hash = hash(previous, &row);
        row
    }
}

/// The hash of a row behind the row with the hash `previous`.
pub fn hash(previous: &str, row: &audit_log::Model) -> String {
    let (org, id) = (row.org_id.uuid().to_string(), row.id.uuid().to_string());
    let actor = row.actor_id.map(|actor| actor.uuid().to_string()).unwrap_or_default();
    let (seq, at) = (row.seq.to_string(), row.at.millis().to_string());
    let fields: [&str; 13] = [
        "convene-audit-1",
        previous,
        &org,
        &id,
        &seq,
        &at,
        &row.actor_kind,
        &actor,
        &row.action,
        &row.subject,
        &row.detail,
        &row.ip,
        &row.user_agent,
    ];
    let mut sum = Sha256::new();
    for field in fields {
        sum.update(field.len().to_string());
        sum.update(b":");
        sum.update(field);
        sum.update(b",");
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Links the entries in the order they were recorded. Nothing but the commit may follow.
pub(super) async fn link(txn: &DatabaseTransaction, entries: Vec<Entry>) -> Result<(), StoreError> {
    let mut chains: BTreeMap<OrgId, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        chains.entry(entry.org).or_default().push(entry);
    }
    for (org, entries) in chains {
        let mut head = lock(txn, org).await?;
        // Asked under the lock, so that times run as the numbers do.
        let at = Stamp::from(super::now(txn).await?);
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            let row = entry.linked(head.seq + 1, &head.hash, at);
            (head.seq, head.hash) = (row.seq, row.hash.clone());
            rows.push(row.into_active_model());
        }
        audit_log::Entity::insert_many(rows).exec_without_returning(txn).await?;
        audit_heads::Entity::update_many()
            .col_expr(audit_heads::Column::Seq, Expr::value(head.seq))
            .col_expr(audit_heads::Column::Hash, Expr::value(head.hash))
            .filter(audit_heads::Column::OrgId.eq(org))
            .exec(txn)
            .await?;
    }
    Ok(())
}

/// The organisation's head, nobody else's until the transaction ends. SQLite has one writer and needs no lock.
async fn lock(txn: &DatabaseTransaction, org: OrgId) -> Result<audit_heads::Model, StoreError> {
    let head = audit_heads::Entity::find().filter(audit_heads::Column::OrgId.eq(org));
    let head = if txn.get_database_backend() == DbBackend::Postgres { head.lock_exclusive() } else { head };
    if let Some(head) = head.clone().one(txn).await? {
        return Ok(head);
    }
    let first = audit_heads::ActiveModel { org_id: Set(org), seq: Set(0), hash: Set(GENESIS.to_owned()) };
    audit_heads::Entity::insert(first)
        .on_conflict(OnConflict::column(audit_heads::Column::OrgId).do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    // Ours, or that of whoever was first meanwhile.
    head.one(txn).await?.ok_or_else(|| StoreError::unreadable("audit_heads.org_id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> audit_log::Model {
        let uuid = |text: &str| text.parse().expect("a UUID");
        audit_log::Model {
            id: AuditId::from_uuid(uuid("01900000-0000-7000-8000-00000000000a")),
            org_id: OrgId::from_uuid(uuid("01900000-0000-7000-8000-00000000000b")),
            seq: 7,
            actor_kind: "person".into(),
            actor_id: Some(PersonId::from_uuid(uuid("01900000-0000-7000-8000-00000000000c"))),
            action: "person.signed_in".into(),
            subject: "per_1".into(),
            detail: r#"{"name":"Chloé"}"#.into(),
            ip: "::1".into(),
            user_agent: "Browser/1".into(),
            at: Stamp::from_millis(1_800_000_000_000),
            hash: String::new(),
        }
    }

    /// Written down, so that a change of the encoding is a decision: chains of before would no longer verify.
    #[test]
    fn the_encoding_stays_as_it_is_documented() {
        assert_eq!(hash(GENESIS, &row()), "0ebfab0292c90e9fcc898eca7a6a3f0e9122139bfc08e1938d967ffee5e0c8ef");
    }

    #[test]
    fn every_field_counts_and_none_runs_into_the_next() {
        type Change = fn(&mut audit_log::Model);
        let changes: [Change; 12] = [
            |row| row.id = AuditId::new(),
            |row| row.org_id = OrgId::new(),
            |row| row.seq = 8,
            |row| row.actor_kind = "system".into(),
            |row| row.actor_id = None,
            |row| row.action = "person.signed_out".into(),
            |row| row.subject = "per_2".into(),
            |row| row.detail = "{}".into(),
            |row| row.ip = "::2".into(),
            |row| row.user_agent = String::new(),
            |row| row.at = Stamp::from_millis(1_800_000_000_001),
            |row| (row.action, row.subject) = ("person.signed_inper".into(), "_1".into()),
        ];
        let before = hash(GENESIS, &row());
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = row();
            change(&mut changed);
            assert_ne!(hash(GENESIS, &changed), before, "change {number}");
        }
        assert_ne!(hash(&before, &row()), before);
    }
}
