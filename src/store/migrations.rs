//! The numbered steps of `migrations/`, embedded. Each is plain SQL that both databases read, plus what only one of them has.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::prelude::*;

/// A folder of `migrations/`.
macro_rules! step {
    ($name:literal) => {
        Box::new(Step {
            name: $name,
            common: include_str!(concat!("../../migrations/", $name, "/tables.sql")),
            sqlite: include_str!(concat!("../../migrations/", $name, "/sqlite.sql")),
            postgres: include_str!(concat!("../../migrations/", $name, "/postgres.sql")),
        })
    };
}

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            step!("0001_foundation"),
            step!("0002_inbound"),
            step!("0003_differences"),
            step!("0004_alerts"),
            step!("0005_api"),
            step!("0006_strays"),
        ]
    }
}

struct Step {
    name: &'static str,
    common: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(self.common).await?;
        let own = match db.get_database_backend() {
            DbBackend::Sqlite => self.sqlite,
            _ => self.postgres,
        };
        db.execute_unprepared(own).await?;
        Ok(())
    }

    /// Steps only go forward: going back is restoring a backup.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("migrations only go forward; restore a backup to go back".to_owned()))
    }
}
