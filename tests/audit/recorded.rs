//! What fails again and again is recorded, and does not flood the log.

use chrono::TimeDelta;
use convene::{connections::tokens, store::entities::audit_log};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, Statement};

use crate::common::{
    office::{Browser, Office},
    provider::Account,
    test_stores,
};

async fn refusals(office: &Office) -> Vec<String> {
    let rows = audit_log::Entity::find()
        .filter(audit_log::Column::Action.eq("connection.refresh_failed"))
        .order_by_asc(audit_log::Column::Seq);
    let rows = rows.all(office.services.store.reader()).await.expect("read");
    rows.iter()
        .map(|row| serde_json::from_str::<serde_json::Value>(&row.detail).expect("JSON")["why"].to_string())
        .collect()
}

#[tokio::test]
async fn a_refresh_that_fails_is_recorded_once_an_hour_and_when_the_reason_changes() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        office.sign_in(&mut Browser::new(), &Account::google("ana-sub", "ana@example.com")).await.expect("signed up");
        office.clock.advance(TimeDelta::hours(2));
        let unavailable = "\"unavailable\"".to_owned();
        for _ in 0..3 {
            office.provider.answer_instead(503, "{}");
            tokens::keep_fresh(&office.services).await.expect("looked after");
        }
        assert_eq!(refusals(&office).await, [unavailable.clone()], "{}", db.kind);
        for _ in 0..2 {
            office.provider.answer_instead(401, r#"{"error":"invalid_client"}"#);
            tokens::keep_fresh(&office.services).await.expect("looked after");
        }
        let misconfigured = "\"misconfigured\"".to_owned();
        assert_eq!(
            refusals(&office).await,
            [unavailable.clone(), misconfigured.clone()],
            "{}: another reason",
            db.kind
        );

        // An hour later by the database's clock.
        let unlock = match db.store.backend() {
            DbBackend::Sqlite => "DROP TRIGGER audit_log_no_update",
            _ => "ALTER TABLE audit_log DISABLE TRIGGER USER",
        };
        let txn = db.store.begin().await.expect("a write");
        for sql in [unlock, "UPDATE audit_log SET at = at - 3600001"] {
            txn.execute_raw(Statement::from_string(db.store.backend(), sql)).await.expect("done");
        }
        txn.commit().await.expect("committed");
        office.provider.answer_instead(401, r#"{"error":"invalid_client"}"#);
        tokens::keep_fresh(&office.services).await.expect("looked after");
        assert_eq!(refusals(&office).await, [unavailable, misconfigured.clone(), misconfigured], "{}", db.kind);
    }
}
