//! The audit log: what is recorded, what administrators find in it, and what shows when somebody changes it behind our back.

mod story;

#[path = "audit/chain.rs"]
mod chain;

use convene::{
    audit::{self, Actor, AuditEntry, Origin, verify::verify},
    ids::{OrgId, PersonId},
    store::Store,
};
use story::{TestApp, stories};

/// What somebody did, as `noun.verb`.
fn deed(org: OrgId, actor: Actor, action: &'static str) -> AuditEntry {
    let (subject, detail) = (PersonId::new().to_string(), serde_json::json!({ "why": "a test" }));
    AuditEntry { org, actor, action, subject, detail, origin: Origin::new("192.0.2.7", "Browser/1") }
}

/// Each deed in a transaction of its own.
async fn record(store: &Store, deeds: impl IntoIterator<Item = AuditEntry>) {
    for deed in deeds {
        let txn = store.begin().await.expect("a write");
        audit::record(&txn, deed).await.expect("recorded");
        txn.commit().await.expect("committed");
    }
}
