//! What several stories need: fresh databases of both kinds, and a provider's sign-in on loopback.

#![allow(dead_code, reason = "every test binary uses another part of this")]

pub mod office;
pub mod provider;
#[path = "../story/store.rs"]
mod store;

pub use store::Home;

/// One fresh database of each kind: SQLite always, PostgreSQL when `TEST_POSTGRES_URL` names a database from which others may
/// be created.
pub async fn test_stores() -> Vec<Home> {
    let mut stores = vec![store::on_sqlite().await];
    stores.extend(store::on_postgres().await);
    stores
}
