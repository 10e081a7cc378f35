//! What the open database says of itself: for `doctor`, and to refuse at start what promises cannot be kept with.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Store, StoreError};

/// Leases and deadlines compare times of this process with times of the database.
const LARGEST_SKEW: TimeDelta = TimeDelta::minutes(2);
/// This program did not exist before: a clock that shows an earlier time was never set (2026-01-01T00:00Z).
const EARLIEST: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).expect("a time chrono can hold");
/// The oldest PostgreSQL its project still mended when this was written, as `server_version_num` counts.
const POSTGRES_AT_LEAST: i64 = 130_000;

/// What makes commits or references unsafe if it is not as it is by default.
const RESET: &str = "with which commits or references are not safe; reset it to its default";

/// One thing that was asked, what it is, and whether promises can be kept with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub name: &'static str,
    pub value: String,
    pub fine: bool,
    /// Whether nothing starts without it. What the database's own administrator decided is only complained of.
    pub vital: bool,
    /// What is wrong with another value, and how to mend it; continues "is …,".
    pub mend: &'static str,
}

impl Fact {
    /// What is so, or what is wrong and how to mend it.
    ///
    /// # Errors
    /// It is not fine.
    pub fn judged(self) -> Result<String, String> {
        if self.fine { Ok(self.value) } else { Err(format!("is {}, {}", self.value, self.mend)) }
    }
}

impl Store {
    /// Refuses a database that is not fine where it has to be, and logs what else is not.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] with every vital fact that is not.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut wrong = Vec::new();
        for fact in self.facts().await? {
            let (name, vital) = (fact.name, fact.vital);
            match fact.judged() {
                Err(sentence) if vital => wrong.push(format!("{name} {sentence}")),
                Err(sentence) => tracing::warn!("database: {name} {sentence}"),
                Ok(_) => {}
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(StoreError::Unfit(wrong.join("; "))) }
    }

    /// Version, the settings that durability and references depend on, the extension the overlap rule needs, and the clock.
    pub async fn facts(&self) -> Result<Vec<Fact>, StoreError> {
        let mut facts =
            if self.backend() == DbBackend::Sqlite { self.sqlite().await? } else { self.postgres().await? };
        facts.push(clock(self.now().await?, Utc::now()));
        Ok(facts)
    }

    async fn sqlite(&self) -> Result<Vec<Fact>, StoreError> {
        // `open` refused versions with the corruption bug already.
        let version = self.text("SELECT sqlite_version()").await?;
        let mut facts = vec![Fact { name: "SQLite", value: version, fine: true, vital: true, mend: "" }];
        // Asked back, because SQLite keeps silent about a setting it could not follow.
        let wanted = [("journal_mode", &["wal", "memory"][..]), ("synchronous", &["2"]), ("foreign_keys", &["1"])];
        for (name, good) in wanted {
            let value = self.text(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}")).await?;
            facts.push(Fact { name, fine: good.contains(&value.as_str()), vital: true, value, mend: RESET });
        }
        Ok(facts)
    }

    async fn postgres(&self) -> Result<Vec<Fact>, StoreError> {
        let number = self.text("SHOW server_version_num").await?;
        let recent = number.parse().is_ok_and(|number: i64| number >= POSTGRES_AT_LEAST);
        let value = self.text("SHOW server_version").await?;
        let mend = "which is too old; use 13 or newer";
        let mut facts = vec![Fact { name: "PostgreSQL", value, fine: recent, vital: true, mend }];
        for (name, good) in [("fsync", "on"), ("full_page_writes", "on")] {
            let value = self.text(&format!("SHOW {name}")).await?;
            facts.push(Fact { name, fine: value == good, vital: false, value, mend: RESET });
        }
        let extension = "SELECT CASE WHEN installed_version IS NULL THEN 'available' ELSE 'installed' END \
                         FROM pg_available_extensions WHERE name = 'btree_gist'";
        let value = self.text(extension).await?;
        facts.push(Fact {
            name: "btree_gist",
            fine: !value.is_empty(),
            vital: true,
            value: if value.is_empty() { "missing".to_owned() } else { value },
            mend: "without which nobody is kept from being booked twice; install PostgreSQL's contrib package",
        });
        Ok(facts)
    }

    async fn text(&self, sql: &str) -> Result<String, StoreError> {
        let statement = Statement::from_string(self.backend(), sql.to_owned());
        let row = self.reader().query_one_raw(statement).await?;
        let value = row.map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(value.unwrap_or_default())
    }
}

/// Whether this process and the database agree on a time that can be.
fn clock(database: DateTime<Utc>, ours: DateTime<Utc>) -> Fact {
    let skew = ours - database;
    let (name, value) = ("clock", database.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    if database.min(ours) < EARLIEST {
        return Fact { name, value, fine: false, vital: true, mend: "which is long past; set the machine's clock" };
    }
    let fine = skew.abs() <= LARGEST_SKEW;
    let value = if fine { value } else { format!("{} s away from this machine's", skew.num_seconds().abs()) };
    Fact { name, value, fine, vital: true, mend: "so leases and deadlines cannot be kept; set both machines' clocks" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_in_force_is_refused_by_name() {
        let store = Store::open("sqlite::memory:").await.expect("opened");
        store.check().await.expect("as it is opened");
        store.reader().execute_unprepared("PRAGMA foreign_keys = OFF").await.expect("done");
        let refused = store.check().await.expect_err("references are not kept").to_string();
        assert!(refused.contains("foreign_keys is 0, with which"), "{refused}");
        assert!(!refused.contains('\n'), "one line");
    }

    #[test]
    fn a_clock_agrees_and_was_set() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let noon = at("2027-03-08T12:00:00Z");
        assert!(clock(noon, at("2027-03-08T12:01:30Z")).fine);
        assert!(!clock(noon, at("2027-03-08T12:02:30Z")).fine);
        assert!(!clock(at("1970-01-01T00:00:05Z"), at("1970-01-01T00:00:05Z")).fine);
    }
}
