//! What was made of rows, kept for as long as the rows are what they were.
//!
//! The database itself is asked every time whether anything was written since, by anybody, in whatever process; one question
//! then stands for all the reads behind it. Nothing here grows old by a clock, and nothing has to be told to forget.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, Connection, SqliteConnection, sqlite::SqliteConnectOptions},
};

use super::{Store, StoreError};

/// Values kept at most; then all are dropped and made again as they are asked for.
const VALUES: usize = 256;

/// Names one state of the database: where two are equal, every row a reader sees is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

type Key = (TypeId, Vec<u8>);

/// Values, all made at the same version.
#[derive(Default)]
struct Values {
    version: Option<Version>,
    by_key: HashMap<Key, Arc<dyn Any + Send + Sync>>,
}

/// See the module.
pub(super) struct Unchanged {
    newest: Newest,
    values: Mutex<Values>,
}

impl Store {
    /// The database's version now, to be compared with another one; `None` where the database tells none (in memory).
    ///
    /// # Errors
    /// The database's.
    pub async fn version(&self) -> Result<Option<Version>, StoreError> {
        self.unchanged.newest.version().await
    }

    /// What `read` makes of rows, or what it made of them earlier under this key if nothing was written since.
    ///
    /// `read` may depend on rows and on the key, on nothing else: what a clock decides is decided afterwards.
    pub async fn unchanged<T, E>(&self, key: &[u8], read: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        E: From<StoreError>,
    {
        // Asked before anything is read: a write that comes between makes the value newer than its version, never older.
        let Some(version) = self.unchanged.newest.version().await? else { return Ok(Arc::new(read.await?)) };
        let key = (TypeId::of::<T>(), key.to_vec());
        if let Some(value) = self.unchanged.find(&version, &key) {
            return Ok(value);
        }
        let value = Arc::new(read.await?);
        self.unchanged.keep(version, key, value.clone());
        Ok(value)
    }
}

impl Unchanged {
    /// `in_memory`: the database belongs to its one connection, and nothing is kept of it.
    pub(super) fn of(db: &DatabaseConnection, in_memory: bool) -> Self {
        let source = match db.get_database_backend() {
            DbBackend::Sqlite if in_memory => Source::Untold,
            DbBackend::Sqlite => Source::Sqlite(db.get_sqlite_connection_pool().connect_options()),
            _ => Source::Postgres(db.clone()),
        };
        Self { newest: Newest { source, came: AtomicU64::new(0), line: Default::default() }, values: Mutex::default() }
    }

    fn find<T: Send + Sync + 'static>(&self, version: &Version, key: &Key) -> Option<Arc<T>> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.version.as_ref() != Some(version) {
            *values = Values { version: Some(version.clone()), by_key: HashMap::new() };
        }
        values.by_key.get(key).cloned().and_then(|value| value.downcast().ok())
    }

    fn keep(&self, version: Version, key: Key, value: Arc<dyn Any + Send + Sync>) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.version != Some(version) {
            return;
        }
        if values.by_key.len() >= VALUES {
            values.by_key.clear();
        }
        values.by_key.insert(key, value);
    }
}

/// Asks the database for its version. Whoever comes while a question is under way waits for the next one, and shares its
/// answer with everybody else who waits.
struct Newest {
    source: Source,
    came: AtomicU64,
    line: tokio::sync::Mutex<Line>,
}

enum Source {
    Untold,
    Sqlite(Arc<SqliteConnectOptions>),
    Postgres(DatabaseConnection),
}

#[derive(Default)]
struct Line {
    /// Everybody up to this number came before the last question was asked.
    answered: u64,
    version: Option<Version>,
    /// SQLite counts the commits of other connections, so that this one must never write.
    watcher: Option<SqliteConnection>,
    /// How many watchers there were: each counts from its own start.
    watchers: u64,
}

impl Newest {
    /// The version at some moment after this was called, or `None` where none is told.
    async fn version(&self) -> Result<Option<Version>, StoreError> {
        let number = self.came.fetch_add(1, Ordering::SeqCst) + 1;
        let mut line = self.line.lock().await;
        if line.answered < number {
            let before_the_question = self.came.load(Ordering::SeqCst);
            line.version = match &self.source {
                Source::Untold => None,
                Source::Sqlite(options) => Some(line.of_sqlite(options).await?),
                Source::Postgres(db) => Some(of_postgres(db).await?),
            };
            line.answered = before_the_question;
        }
        Ok(line.version.clone())
    }
}

impl Line {
    /// `PRAGMA data_version` differs between two questions of one connection if another one committed in between
    /// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
    async fn of_sqlite(&mut self, options: &SqliteConnectOptions) -> Result<Version, StoreError> {
        // Put back only after an answer: a connection that failed, or whose question was broken off, is not asked again.
        let mut watcher = match self.watcher.take() {
            Some(watcher) => watcher,
            None => {
                self.watchers += 1;
                SqliteConnection::connect_with(options).await.map_err(failed)?
            }
        };
        let count: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut watcher).await.map_err(failed)?;
        self.watcher = Some(watcher);
        Ok(Version(format!("{}.{count}", self.watchers)))
    }
}

/// A snapshot names the transactions whose rows are seen; its text is the same for as long as no transaction that writes
/// begins or ends (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT>).
async fn of_postgres(db: &DatabaseConnection) -> Result<Version, StoreError> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT pg_current_snapshot()::text AS value");
    let row = db.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("pg_current_snapshot".to_owned()))?;
    Ok(Version(row.try_get("", "value")?))
}

fn failed(error: sqlx::Error) -> StoreError {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into()
}
