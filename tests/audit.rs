//! The audit log: what is recorded, what administrators find in it, and what shows when somebody changes it behind our back.

mod chain;
mod connections;
mod page;
mod recorded;

use crate::story::{TestApp, stories};
use convene::{
    audit::{self, Actor, AuditEntry, Origin, verify::verify},
    ids::{OrgId, PersonId},
    store::Store,
};
use sea_orm::DbBackend;

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

/// Takes away what keeps rows from being changed, as somebody with the database's password can.
async fn unlock(app: &TestApp) {
    let statements: &[&str] = match app.store().backend() {
        DbBackend::Sqlite => &["DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete"],
        _ => &["ALTER TABLE audit_log DISABLE TRIGGER USER"],
    };
    for sql in statements {
        app.run(sql).await;
    }
}
