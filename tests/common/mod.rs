//! What several stories need: fresh databases of both kinds, and a provider's sign-in on loopback.

pub mod office;
pub mod provider;

use crate::story::{Home, on_postgres, on_sqlite};

/// One fresh database of each kind: SQLite always, PostgreSQL when `TEST_POSTGRES_URL` names a database from which others may
/// be created.
pub async fn test_stores() -> Vec<Home> {
    let mut stores = vec![on_sqlite().await];
    stores.extend(on_postgres().await);
    stores
}
