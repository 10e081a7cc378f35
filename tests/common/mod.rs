//! What several stories need: fresh databases of both kinds, and a provider's sign-in on loopback.
//!
//! SQLite always; PostgreSQL too when `TEST_POSTGRES_URL` names a database from which others may be created.

#![allow(dead_code, reason = "every test binary uses another part of this")]

pub mod office;
pub mod provider;

use std::path::PathBuf;

use convene::store::Store;
use sea_orm::{ConnectionTrait, Database};

/// A migrated, empty database of its own, and where it came from.
pub struct TestStore {
    pub name: &'static str,
    pub store: Store,
    /// What `Store::open` was given, for another process or connection.
    pub url: String,
    folder: Option<PathBuf>,
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // Left behind at worst: it is a temporary folder.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// One fresh database of each kind there is.
pub async fn test_stores() -> Vec<TestStore> {
    let mut stores = vec![sqlite().await];
    if let Ok(maintenance) = std::env::var("TEST_POSTGRES_URL") {
        stores.push(postgres(&maintenance).await);
    }
    stores
}

pub async fn sqlite() -> TestStore {
    let folder = std::env::temp_dir().join(format!("convene-test-{}", unique()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let url = format!("sqlite://{}?mode=rwc", folder.join("convene.db").display());
    opened("SQLite", url, Some(folder)).await
}

async fn postgres(maintenance: &str) -> TestStore {
    let name = format!("convene_test_{}", unique());
    let db = Database::connect(maintenance).await.expect("TEST_POSTGRES_URL is reachable");
    db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database may be created");
    db.close().await.expect("closed");
    let mut url: url::Url = maintenance.parse().expect("TEST_POSTGRES_URL is a URL");
    url.set_path(&name);
    opened("PostgreSQL", url.to_string(), None).await
}

async fn opened(name: &'static str, url: String, folder: Option<PathBuf>) -> TestStore {
    let store = Store::open(&url).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    store.migrate().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    TestStore { name, store, url, folder }
}

fn unique() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
