//! Fresh databases of both kinds.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use convene::store::Store;
use sea_orm::{ConnectionTrait, Database};

/// A migrated, empty database of its own.
pub struct Home {
    pub kind: &'static str,
    pub store: Store,
    pub url: String,
    pub opened_at: DateTime<Utc>,
    folder: Option<PathBuf>,
}

impl Home {
    /// The address of another database of this kind, still empty.
    pub async fn another(&self) -> String {
        match &self.folder {
            Some(folder) => format!("sqlite://{}?mode=rwc", folder.join("another.db").display()),
            None => {
                let name = format!("convene_story_{}", unique());
                let sql = format!("CREATE DATABASE {name}");
                self.store.reader().execute_unprepared(&sql).await.expect("a database may be created");
                let mut url: url::Url = self.url.parse().expect("it was one");
                url.set_path(&name);
                url.to_string()
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // Left behind at worst: it is a temporary folder.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

pub async fn on_sqlite() -> Home {
    let folder = std::env::temp_dir().join(format!("convene-story-{}", unique()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let url = format!("sqlite://{}?mode=rwc", folder.join("convene.db").display());
    opened("SQLite", url, Some(folder)).await
}

/// A fresh database in the cluster of `TEST_POSTGRES_URL`, or `None` if that is not set.
pub async fn on_postgres() -> Option<Home> {
    let maintenance = std::env::var("TEST_POSTGRES_URL").ok()?;
    let name = format!("convene_story_{}", unique());
    let db = Database::connect(&maintenance).await.expect("TEST_POSTGRES_URL is reachable");
    db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database may be created");
    db.close().await.expect("closed");
    let mut url: url::Url = maintenance.parse().expect("TEST_POSTGRES_URL is a URL");
    url.set_path(&name);
    Some(opened("PostgreSQL", url.to_string(), None).await)
}

async fn opened(kind: &'static str, url: String, folder: Option<PathBuf>) -> Home {
    let store = Store::open(&url).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
    store.migrate().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
    Home { kind, store, url, opened_at: Utc::now(), folder }
}

fn unique() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
