//! The database: entities, migrations, and the one way to write.
//!
//! SQLite is the embedded default, PostgreSQL the same code with another URL. Reads go through [`Store::reader`]; every write
//! goes through [`Store::begin`], which on SQLite starts IMMEDIATE (a transaction that reads first and then writes would
//! otherwise fail with "database is locked" under load, whatever the busy timeout). Queries live with the nouns they answer
//! for; this folder knows no verbs. The audit log's chain is kept here ([`ledger`]), because a commit completes it.

pub mod entities;
mod errors;
mod facts;
pub mod ledger;
mod migrations;
mod unchanged;
pub mod words;

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use errors::{StoreError, Violation};
pub use facts::Fact;
use unchanged::Unchanged;
pub use words::Stamp;

/// The oldest SQLite without the WAL-reset corruption bug (3.7.0 to 3.51.2 have it).
const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);

/// Connections of one process to PostgreSQL, and how many of them may write at once.
const POSTGRES_CONNECTIONS: u32 = 16;
const POSTGRES_WRITERS: usize = 12;

/// How long a connection may rest before it is asked whether it still lives.
const IDLE: Duration = Duration::from_secs(30);

/// One open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: DatabaseConnection,
    /// SQLite has one writer: waiting here is first come, first served, unlike its busy handler. On PostgreSQL writers leave
    /// connections to readers, so that many who wait for one row do not stop everybody else.
    writers: Arc<Semaphore>,
    unchanged: Arc<Unchanged>,
}

/// A write under way. Dropping it rolls back.
pub struct Txn {
    txn: DatabaseTransaction,
    /// What the audit log gets when this is committed.
    ledger: Mutex<Vec<ledger::Entry>>,
    _turn: OwnedSemaphorePermit,
}

impl Store {
    /// Opens `sqlite://…` or `postgres://…` and checks that the database is one we can keep promises on.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let sqlite = url.starts_with("sqlite:");
        let in_memory = sqlite && url.contains(":memory:");
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).acquire_timeout(Duration::from_secs(10)).connect_timeout(Duration::from_secs(10));
        // By default every query asks first whether its connection lives: as many round trips again.
        options.test_before_acquire_if_idle_for(IDLE);
        if sqlite {
            options.max_connections(if in_memory { 1 } else { 8 });
            options.map_sqlx_sqlite_opts(|o| {
                o.pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    .pragma("foreign_keys", "ON")
                    .pragma("busy_timeout", "10000")
                    .pragma("cache_size", "-8000")
            });
        } else {
            options.max_connections(POSTGRES_CONNECTIONS);
        }
        let db = Database::connect(options).await.map_err(StoreError::Unreachable)?;
        let writers = Arc::new(Semaphore::new(if sqlite { 1 } else { POSTGRES_WRITERS }));
        let store = Self { unchanged: Arc::new(Unchanged::of(&db, in_memory)), db, writers };
        store.check_version().await?;
        Ok(store)
    }

    async fn check_version(&self) -> Result<(), StoreError> {
        if self.backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let version = self.scalar::<String>("SELECT sqlite_version() AS value").await?;
        let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        if (next(), next(), next()) < SQLITE_AT_LEAST {
            return Err(StoreError::TooOld { version });
        }
        Ok(())
    }

    /// Brings the schema up to date, wholly or not at all. Safe to run at every start and from several processes: they take
    /// turns, on SQLite by its one writer and on PostgreSQL by a lock that ends with the transaction.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.migrate_with::<migrations::Migrator>().await
    }

    async fn migrate_with<M: MigratorTrait>(&self) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        if self.backend() == DbBackend::Postgres {
            txn.execute_unprepared("SELECT pg_advisory_xact_lock(hashtextextended('convene migrations', 0))").await?;
        }
        M::up(&*txn, None).await?;
        txn.commit().await
    }

    /// Migrations that were not applied yet, by name.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        let pending = migrations::Migrator::get_pending_migrations(&self.db).await?;
        Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
    }

    /// For queries outside a write.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.db
    }

    pub fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    /// Starts a write. On SQLite the write lock is taken now, not at the first change.
    pub async fn begin(&self) -> Result<Txn, StoreError> {
        // The semaphore is never closed.
        let turn = self.writers.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let is_sqlite = self.backend() == DbBackend::Sqlite;
        let options = TransactionOptions {
            sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        #[expect(clippy::disallowed_methods, reason = "this is the one way to begin")]
        let txn = self.db.begin_with_options(options).await?;
        Ok(Txn { txn, ledger: Mutex::default(), _turn: turn })
    }

    /// The database's clock, which leases go by: the processes sharing it need not agree on the time.
    pub async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        now(&self.db).await
    }

    async fn scalar<T: sea_orm::TryGetable>(&self, sql: &str) -> Result<T, StoreError> {
        scalar(&self.db, sql).await
    }
}

/// The clock of the database behind a connection or transaction.
pub async fn now(db: &impl ConnectionTrait) -> Result<DateTime<Utc>, StoreError> {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS value",
        _ => "SELECT CAST(extract(epoch from clock_timestamp()) * 1000 AS BIGINT) AS value",
    };
    Ok(Stamp::from_millis(scalar::<i64>(db, sql).await?).at())
}

/// The column `value` of every row.
pub async fn texts(db: &impl ConnectionTrait, statement: Statement) -> Result<Vec<String>, StoreError> {
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "value")?)).collect()
}

async fn scalar<T: sea_orm::TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<T, StoreError> {
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    let row = db.query_one_raw(statement).await?.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?;
    Ok(row.try_get("", "value")?)
}

impl Txn {
    /// Links what was recorded into the audit log, and makes everything so.
    pub async fn commit(self) -> Result<(), StoreError> {
        let entries = self.ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        ledger::link(&self.txn, entries).await?;
        Ok(self.txn.commit().await?)
    }

    /// Adds a row to the audit log with everything else this transaction does.
    pub fn append(&self, entry: ledger::Entry) {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Takes the transaction-long locks of these people, in one order for everybody, so that two panels sharing people wait
    /// for each other instead of deadlocking. SQLite has one writer and needs none.
    pub async fn lock_people(&self, people: &[crate::ids::PersonId]) -> Result<(), StoreError> {
        if self.txn.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let mut people: Vec<_> = people.iter().map(|person| person.uuid()).collect();
        people.sort();
        people.dedup();
        for person in people {
            let statement = Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                [person.to_string().into()],
            );
            self.txn.execute_raw(statement).await?;
        }
        Ok(())
    }
}

impl Deref for Txn {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.txn
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::prelude::*;

    use super::*;

    struct Broken;

    #[async_trait::async_trait]
    impl MigratorTrait for Broken {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(Halfway)]
        }
    }

    struct Halfway;

    impl MigrationName for Halfway {
        fn name(&self) -> &str {
            "0001_halfway"
        }
    }

    #[async_trait::async_trait]
    impl MigrationTrait for Halfway {
        async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            manager.get_connection().execute_unprepared("CREATE TABLE organisations (id INTEGER)").await?;
            Err(DbErr::Migration("on purpose".to_owned()))
        }
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_nothing() {
        let store = Store::open("sqlite::memory:").await.expect("opened");
        store.migrate_with::<Broken>().await.expect_err("it fails");
        store.migrate().await.expect("as if nothing had been tried");
    }
}
