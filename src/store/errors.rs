//! Database failures, sorted by what a caller can do about them.

use sea_orm::DbErr;

/// A rule of the schema that refused a write, by the name the migrations gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// `occupancies_no_overlap`: somebody would be taken twice.
    Overlap,
    /// `bookings_one_live`: the request has a living booking already.
    SecondBooking,
    /// Another unique rule.
    Duplicate,
    /// Another rule: a reference, a check.
    Other,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database could not be reached: {0}")]
    Unreachable(#[source] DbErr),
    #[error("SQLite {version} has a known corruption bug; at least 3.51.3 is needed")]
    TooOld { version: String },
    /// What is wrong with it, and how to mend that.
    #[error("the database cannot be used: {0}")]
    Unfit(String),
    #[error("the database is shutting down")]
    Closed,
    #[error("a rule of the schema refused the write: {0:?}")]
    Refused(Violation),
    /// Deadlock, serialization failure or a busy SQLite: nothing was written, trying again is right.
    #[error("the database was contended")]
    Contended,
    #[error("the database failed: {0}")]
    Failed(#[source] DbErr),
}

impl StoreError {
    /// A row that this code did not write: a column does not hold what it is for. Its content stays out of the message.
    pub fn unreadable(column: &'static str) -> Self {
        Self::Failed(DbErr::Type(format!("{column} is not of its form")))
    }

    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Contended)
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        let has = |needle: &str| text.contains(needle);
        let code = sqlstate(&error);
        let is = |wanted: &str| code.as_deref() == Some(wanted);
        // SQLSTATE classes on PostgreSQL, extended result codes on SQLite.
        if has("occupancies_no_overlap") || is("23P01") {
            Self::Refused(Violation::Overlap)
        } else if has("bookings_one_live") || has("bookings.request_id") {
            Self::Refused(Violation::SecondBooking)
        } else if is("40P01")
            || is("40001")
            || is("5")
            || is("261")
            || is("517")
            || is("6")
            || has("database is locked")
        {
            Self::Contended
        } else if is("23505") || is("2067") || is("1555") {
            Self::Refused(Violation::Duplicate)
        } else if is("23503") || is("23514") || is("23502") || is("787") || is("275") || is("1299") || is("1811") {
            Self::Refused(Violation::Other)
        } else {
            Self::Failed(error)
        }
    }
}

fn sqlstate(error: &DbErr) -> Option<String> {
    use sea_orm::RuntimeErr::SqlxError;
    let (DbErr::Exec(SqlxError(inner)) | DbErr::Query(SqlxError(inner)) | DbErr::Conn(SqlxError(inner))) = error else {
        return None;
    };
    inner.as_database_error()?.code().map(|code| code.into_owned())
}
