//! Dates on which somebody keeps other hours than in other weeks, or is off. They take the place of that date's weekly hours
//! ([`crate::scheduling::hours`]), on the person's own clock.
//!
//! They are kept a date each, so that the core need not know of ranges; people see and change runs of dates with the same
//! hours. Dates that are over are dropped with the next change.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

use super::{Member, json as read, this};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    scheduling::hours::{DayOverride, DayWindow},
    store::{StoreError, Txn, entities::people},
};

/// Most dates that can be given at once: a year.
pub const MOST_AT_ONCE: usize = 366;
/// Most dates of one person, from today on.
pub const MOST: usize = 1000;

/// Dates one after the other, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: NaiveDate,
    pub last: NaiveDate,
}

impl Span {
    /// `None` if the last is before the first.
    pub fn new(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    pub fn dates(self) -> impl Iterator<Item = NaiveDate> {
        self.first.iter_days().take_while(move |date| *date <= self.last)
    }

    fn contains(self, date: NaiveDate) -> bool {
        (self.first..=self.last).contains(&date)
    }
}

/// Dates one after the other with the same hours; without windows they are days off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub span: Span,
    pub windows: Vec<DayWindow>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DatesError {
    #[error("all of these dates are over")]
    Past,
    #[error("more dates than {MOST_AT_ONCE} at once")]
    TooManyAtOnce,
    #[error("more dates than {MOST}")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The runs from `today` on, as people see them.
pub fn runs(overrides: &[DayOverride], today: NaiveDate) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (date, windows) in by_date(overrides, today) {
        match runs.last_mut() {
            Some(run) if run.span.last + Days::new(1) == date && run.windows == windows => run.span.last = date,
            _ => runs.push(Run { span: Span { first: date, last: date }, windows }),
        }
    }
    runs
}

/// Gives these dates these hours, whatever they had; without windows they are days off. `instead_of` are dates that were changed
/// into these, and go back to the weekly hours.
///
/// # Errors
/// [`DatesError`]; nothing was changed then.
pub async fn put(
    txn: &Txn,
    member: &Member,
    run: &Run,
    instead_of: Option<Span>,
    today: NaiveDate,
    origin: &Origin,
) -> Result<(), DatesError> {
    let span = run.span;
    if span.last < today {
        return Err(DatesError::Past);
    }
    if span.dates().nth(MOST_AT_ONCE).is_some() {
        return Err(DatesError::TooManyAtOnce);
    }
    let mut dates = lock(txn, member, today).await?;
    dates.retain(|date, _| !instead_of.is_some_and(|before| before.contains(*date)));
    dates.extend(span.dates().filter(|date| *date >= today).map(|date| (date, run.windows.clone())));
    if dates.len() > MOST {
        return Err(DatesError::TooMany);
    }
    write(txn, member, dates).await?;
    let detail = json!({ "from": span.first, "to": span.last, "windows": run.windows });
    Ok(record(txn, member, "person.dates_set", detail, origin).await?)
}

/// Puts the weekly hours back on these dates; says whether any of them had others.
///
/// # Errors
/// The database's; nothing was changed then.
pub async fn remove(
    txn: &Txn,
    member: &Member,
    span: Span,
    today: NaiveDate,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let mut dates = lock(txn, member, today).await?;
    let before = dates.len();
    dates.retain(|date, _| !span.contains(*date));
    if dates.len() == before {
        return Ok(false);
    }
    write(txn, member, dates).await?;
    let detail = json!({ "from": span.first, "to": span.last });
    record(txn, member, "person.dates_removed", detail, origin).await?;
    Ok(true)
}

/// Each date's windows, sorted; several entries for one date add up, as in the core.
fn by_date(overrides: &[DayOverride], today: NaiveDate) -> BTreeMap<NaiveDate, Vec<DayWindow>> {
    let mut dates: BTreeMap<NaiveDate, Vec<DayWindow>> = BTreeMap::new();
    for day in overrides.iter().filter(|day| day.date >= today) {
        let windows = dates.entry(day.date).or_default();
        windows.extend(&day.windows);
        windows.sort_unstable();
    }
    dates
}

/// What the person has from today on, theirs alone to change until the transaction ends.
async fn lock(txn: &Txn, member: &Member, today: NaiveDate) -> Result<BTreeMap<NaiveDate, Vec<DayWindow>>, StoreError> {
    let row = super::in_org(member.org)
        .filter(people::Column::Id.eq(member.person))
        .select_only()
        .column(people::Column::DateOverrides);
    let row = if txn.get_database_backend() == DbBackend::Postgres { row.lock_exclusive() } else { row };
    let text: Option<String> = row.into_tuple().one(&**txn).await?;
    let text = text.ok_or_else(|| DbErr::RecordNotFound(member.person.to_string()))?;
    Ok(by_date(&read::<Vec<DayOverride>>("people.date_overrides", &text)?, today))
}

async fn write(txn: &Txn, member: &Member, dates: BTreeMap<NaiveDate, Vec<DayWindow>>) -> Result<(), StoreError> {
    let overrides: Vec<DayOverride> = dates.into_iter().map(|(date, windows)| DayOverride { date, windows }).collect();
    let text = serde_json::to_string(&overrides).map_err(|error| DbErr::Json(error.to_string()))?;
    this(member.org, member.person).col_expr(people::Column::DateOverrides, Expr::value(text)).exec(&**txn).await?;
    Ok(())
}

async fn record(
    txn: &Txn,
    member: &Member,
    action: &'static str,
    detail: serde_json::Value,
    origin: &Origin,
) -> Result<(), StoreError> {
    let (actor, subject) = (Actor::Person(member.person), member.person.to_string());
    audit::record(txn, AuditEntry { org: member.org, actor, action, subject, detail, origin: origin.clone() }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, windows: &str) -> DayOverride {
        serde_json::from_value(
            json!({ "date": date, "windows": serde_json::from_str::<serde_json::Value>(windows).unwrap() }),
        )
        .unwrap()
    }

    #[test]
    fn equal_days_in_a_row_are_one_run_and_what_is_over_is_none() {
        let short = r#"[{"start":"09:00","end":"12:00"}]"#;
        let overrides = [
            day("2027-12-27", short),
            day("2027-12-20", "[]"),
            day("2027-12-23", "[]"),
            day("2027-12-24", "[]"),
            day("2027-12-26", "[]"),
            day("2027-12-28", short),
        ];
        let runs = runs(&overrides, "2027-12-23".parse().unwrap());
        let said: Vec<_> =
            runs.iter().map(|run| (run.span.first.to_string(), run.span.last.to_string(), run.windows.len())).collect();
        let expected =
            [("2027-12-23", "2027-12-24", 0), ("2027-12-26", "2027-12-26", 0), ("2027-12-27", "2027-12-28", 1)];
        assert_eq!(said, expected.map(|(first, last, windows)| (first.to_owned(), last.to_owned(), windows)));
    }
}
