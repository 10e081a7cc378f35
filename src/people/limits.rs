//! How many interviews a person takes.
//!
//! Days and weeks are those of the person: local dates, and ISO weeks from Monday to Sunday, in their zone. What counts is what we
//! booked for them, held bookings too; `booking` offers nothing beyond, and counts again in the transaction that books.

use sea_orm::sea_query::Expr;

use crate::{
    error::AppError,
    ids::{OrgId, PersonId},
    store::{StoreError, Txn, entities::people},
};

/// More than anybody holds in a week; a larger number is a slip.
const MOST: u32 = 99;

/// The most interviews somebody takes; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// On one local date.
    pub per_day: Option<u32>,
    /// In one ISO week.
    pub per_week: Option<u32>,
}

/// What a field of limits says is not a number of interviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is not a limit")]
pub struct NotALimit {
    /// `max_per_day` or `max_per_week`.
    pub field: &'static str,
}

impl From<NotALimit> for AppError {
    fn from(error: NotALimit) -> Self {
        let sentence = format!("Give a whole number from 1 to {MOST}, or leave it empty for no limit.");
        Self::new(422, "limit_invalid", sentence).field(error.field)
    }
}

impl Limits {
    /// The two fields of a form, `max_per_day` and `max_per_week`: a whole number, or empty for no limit.
    ///
    /// # Errors
    /// The first field that is neither.
    pub fn parse(per_day: &str, per_week: &str) -> Result<Self, NotALimit> {
        let limit = |field, text: &str| match text.trim() {
            "" => Ok(None),
            text => match text.parse::<u32>() {
                Ok(most @ 1..=MOST) => Ok(Some(most)),
                _ => Err(NotALimit { field }),
            },
        };
        Ok(Self { per_day: limit("max_per_day", per_day)?, per_week: limit("max_per_week", per_week)? })
    }

    /// Whether there is one at all.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    pub(super) fn stored(per_day: Option<i32>, per_week: Option<i32>) -> Self {
        Self { per_day: per_day.map(i32::unsigned_abs), per_week: per_week.map(i32::unsigned_abs) }
    }
}

/// Changes how many interviews a person takes. What is booked already stays booked.
pub async fn set_limits(txn: &Txn, org: OrgId, person: PersonId, limits: Limits) -> Result<(), StoreError> {
    let stored = |most: Option<u32>| most.map(|most| i32::try_from(most).unwrap_or(i32::MAX));
    super::this(org, person)
        .col_expr(people::Column::MaxPerDay, Expr::value(stored(limits.per_day)))
        .col_expr(people::Column::MaxPerWeek, Expr::value(stored(limits.per_week)))
        .exec(&**txn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_or_nothing() {
        assert_eq!(Limits::parse(" 2 ", ""), Ok(Limits { per_day: Some(2), per_week: None }));
        assert!(Limits::parse("", " ").is_ok_and(Limits::is_none));
        for wrong in ["0", "-1", "100", "two", "1.5", "99999999999"] {
            assert_eq!(Limits::parse(wrong, "5"), Err(NotALimit { field: "max_per_day" }), "{wrong}");
            assert_eq!(Limits::parse("5", wrong), Err(NotALimit { field: "max_per_week" }), "{wrong}");
        }
    }
}
