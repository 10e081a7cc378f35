//! What the open database says of itself, for `doctor`.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Store, StoreError};

/// One thing that was asked, what it is, and whether promises can be kept with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub name: &'static str,
    pub value: String,
    pub fine: bool,
}

impl Store {
    /// Version and the settings that durability and references depend on.
    pub async fn facts(&self) -> Result<Vec<Fact>, StoreError> {
        let mut facts = Vec::new();
        if self.backend() == DbBackend::Sqlite {
            // `open` refused versions with the corruption bug already.
            facts.push(Fact { name: "SQLite", value: self.text("SELECT sqlite_version()").await?, fine: true });
            let wanted = [("journal_mode", &["wal", "memory"][..]), ("synchronous", &["2"]), ("foreign_keys", &["1"])];
            for (name, good) in wanted {
                let value = self.text(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}")).await?;
                facts.push(Fact { name, fine: good.contains(&value.as_str()), value });
            }
        } else {
            let version = self.text("SHOW server_version").await?;
            facts.push(Fact { name: "PostgreSQL", value: version, fine: true });
            for (name, good) in [("fsync", "on"), ("full_page_writes", "on")] {
                let value = self.text(&format!("SHOW {name}")).await?;
                facts.push(Fact { name, fine: value == good, value });
            }
        }
        Ok(facts)
    }

    async fn text(&self, sql: &str) -> Result<String, StoreError> {
        let statement = Statement::from_string(self.backend(), sql.to_owned());
        let row = self.reader().query_one_raw(statement).await?;
        let value = row.map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(value.unwrap_or_default())
    }
}
