//! Whether an organisation's audit log is as it was written: numbers without a gap, hashes that follow from one another, and an end
//! that the head knows.
//!
//! What this finds: a row that was changed, left out, put in, moved to another place, or cut off the end, by somebody who can write
//! to the database. Whoever can also compute hashes may write a whole chain anew, head and all: against them only a copy of
//! the last hash helps that was kept elsewhere. So every check says it, and an export carries them.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    ids::OrgId,
    store::{
        StoreError,
        entities::{audit_heads, audit_log, organisations},
        ledger::{self, GENESIS},
    },
};

/// Rows read at a time.
const BATCH: u64 = 1000;

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// So many entries, and the hash of the last.
    Unbroken { entries: i64, hash: String },
    /// The number of the first entry that is not as it was written.
    Broken { seq: i64, fault: Fault },
}

/// What is wrong with the first entry that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there, but later ones are, or the end of the chain says it was.
    Missing,
    /// It, or its place, is not what its hash was made of.
    Changed,
    /// Nothing says that it was ever written.
    Surplus,
    /// It is the last, and the end of the chain says another hash.
    End,
}

impl Fault {
    /// As it is kept with a check.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Surplus => "surplus",
            Self::End => "end",
        }
    }

    /// For a log line and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Surplus => "not from here",
            Self::End => "not the last that was written",
        }
    }
}

/// Reads the whole chain of an organisation. Entries written meanwhile are read too.
///
/// # Errors
/// The database's.
pub async fn verify(db: &impl ConnectionTrait, org: OrgId) -> Result<Verdict, StoreError> {
    let (mut last, mut hash) = (0, GENESIS.to_owned());
    let mut from = i64::MIN;
    let mut is_second_look = false;
    loop {
        let rows = batch(db, org, from).await?;
        if rows.is_empty() {
            // Read after the rows: a head never lags behind what is committed.
            let head = audit_heads::Entity::find_by_id(org).one(db).await?;
            let end = head.as_ref().map_or(0, |head| head.seq);
            if end > last && !is_second_look {
                // Written since the last batch.
                is_second_look = true;
                continue;
            }
            let said = head.map_or_else(|| GENESIS.to_owned(), |head| head.hash);
            return Ok(match end {
                _ if end > last => Verdict::Broken { seq: last + 1, fault: Fault::Missing },
                _ if end < last => Verdict::Broken { seq: end + 1, fault: Fault::Surplus },
                _ if said != hash => Verdict::Broken { seq: last.max(1), fault: Fault::End },
                _ => Verdict::Unbroken { entries: last, hash },
            });
        }
        is_second_look = false;
        for (seq, row) in rows {
            let fault = match &row {
                _ if seq <= last => Some(Fault::Surplus),
                _ if seq > last + 1 => return Ok(Verdict::Broken { seq: last + 1, fault: Fault::Missing }),
                Some(row) => (ledger::hash(&hash, row) != row.hash).then_some(Fault::Changed),
                None => Some(Fault::Changed),
            };
            if let Some(fault) = fault {
                return Ok(Verdict::Broken { seq, fault });
            }
            (last, hash) = (seq, row.map(|row| row.hash).unwrap_or_default());
            from = seq;
        }
    }
}

/// Every organisation there is or was, by name.
///
/// # Errors
/// The database's.
pub async fn organisations(db: &impl ConnectionTrait) -> Result<Vec<(OrgId, String)>, StoreError> {
    let mut all = BTreeMap::new();
    let heads = audit_heads::Entity::find().select_only().column(audit_heads::Column::OrgId);
    let logs = audit_log::Entity::find().select_only().column(audit_log::Column::OrgId).distinct();
    let heads: Vec<OrgId> = heads.into_tuple().all(db).await?;
    let logs: Vec<OrgId> = logs.into_tuple().all(db).await?;
    all.extend(heads.into_iter().chain(logs).map(|org| (org, "an organisation that is gone".to_owned())));
    all.extend(organisations::Entity::find().all(db).await?.into_iter().map(|row| (row.id, row.name)));
    let mut all: Vec<(OrgId, String)> = all.into_iter().collect();
    all.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
    Ok(all)
}

/// The next rows after `from`; `None` for one whose columns do not hold what they are for.
async fn batch(
    db: &impl ConnectionTrait,
    org: OrgId,
    from: i64,
) -> Result<Vec<(i64, Option<audit_log::Model>)>, StoreError> {
    let next = || {
        audit_log::Entity::find()
            .filter(audit_log::Column::OrgId.eq(org))
            .filter(audit_log::Column::Seq.gt(from))
            .order_by_asc(audit_log::Column::Seq)
            .limit(BATCH)
    };
    match next().all(db).await {
        Ok(rows) => return Ok(rows.into_iter().map(|row| (row.seq, Some(row))).collect()),
        Err(DbErr::Conn(error)) => return Err(DbErr::Conn(error).into()),
        // SQLite keeps any value in any column, so that a row may not be readable as one: looked at one by one.
        Err(_) => {}
    }
    let numbers: Vec<i64> = next().select_only().column(audit_log::Column::Seq).into_tuple().all(db).await?;
    let mut rows = Vec::with_capacity(numbers.len());
    for seq in numbers {
        let row = audit_log::Entity::find()
            .filter(audit_log::Column::OrgId.eq(org))
            .filter(audit_log::Column::Seq.eq(seq))
            .one(db)
            .await;
        rows.push((seq, row.ok().flatten()));
    }
    Ok(rows)
}
