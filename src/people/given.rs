//! The times somebody without a connected calendar gave by themselves, from the link in a mail.
//!
//! Each answer is about a period (the week on the page). What they said about other periods stays; what they say about the
//! same period anew replaces it. No time at all in a period is an answer too: it is not the same as having said nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::{
    ids::{OrgId, PersonId},
    scheduling::interval::{Interval, intersect, normalise, subtract},
    store::{Stamp, StoreError, Txn, entities::given_times},
};

/// Somebody's own word on when they can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenTimes {
    /// What they spoke about.
    pub periods: Vec<Interval>,
    /// When in it they can. Nothing lies outside the periods.
    pub windows: Vec<Interval>,
    /// By whose clock they said it.
    pub zone: Tz,
    pub given_at: DateTime<Utc>,
}

impl GivenTimes {
    /// Whether they said anything about this stretch.
    pub fn speaks_of(&self, span: Interval) -> bool {
        self.periods.iter().any(|period| period.overlaps(&span))
    }

    /// When they can, with `others` where they said nothing: hours that somebody else typed for them.
    pub fn over(&self, others: &[Interval]) -> Vec<Interval> {
        let mut all = subtract(&normalise(others.to_vec()), &self.periods);
        all.extend(&self.windows);
        normalise(all)
    }
}

/// What these people of the organisation gave.
pub async fn of_people(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, GivenTimes>, StoreError> {
    let rows = given_times::Entity::find()
        .filter(given_times::Column::OrgId.eq(org))
        .filter(given_times::Column::PersonId.is_in(people.iter().copied()))
        .all(db)
        .await?;
    rows.into_iter().map(|row| Ok((row.person_id, from_row(row)?))).collect()
}

/// Keeps what somebody says about one period, in place of what they said about it before.
pub async fn give(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    period: Interval,
    windows: &[Interval],
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let said = intersect(&normalise(windows.to_vec()), &[period]);
    let (periods, windows) = match of_people(&**txn, org, &[person]).await?.remove(&person) {
        Some(before) => {
            let mut periods = before.periods;
            periods.push(period);
            let mut windows = subtract(&before.windows, &[period]);
            windows.extend(said);
            (normalise(periods), normalise(windows))
        }
        None => (vec![period], said),
    };
    let row = given_times::ActiveModel {
        person_id: Set(person),
        org_id: Set(org),
        periods: Set(json(&periods)),
        windows: Set(json(&windows)),
        zone: Set(zone.name().to_owned()),
        tzdata: Set(chrono_tz::IANA_TZDB_VERSION.to_owned()),
        given_at: Set(now.into()),
    };
    use given_times::Column;
    let again = OnConflict::column(Column::PersonId)
        .update_columns([Column::Periods, Column::Windows, Column::Zone, Column::Tzdata, Column::GivenAt])
        .to_owned();
    given_times::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

fn json(spans: &[Interval]) -> String {
    let pairs: Vec<_> =
        spans.iter().map(|span| [span.start().timestamp_millis(), span.end().timestamp_millis()]).collect();
    serde_json::json!(pairs).to_string()
}

fn from_row(row: given_times::Model) -> Result<GivenTimes, StoreError> {
    let spans = |column: &'static str, text: &str| -> Result<Vec<Interval>, StoreError> {
        let unreadable = || StoreError::unreadable(column);
        let pairs: Vec<(i64, i64)> = serde_json::from_str(text).map_err(|_| unreadable())?;
        let at = |millis| Stamp::from_millis(millis).at();
        pairs.into_iter().map(|(start, end)| Interval::new(at(start), at(end)).ok_or_else(unreadable)).collect()
    };
    Ok(GivenTimes {
        periods: spans("given_times.periods", &row.periods)?,
        windows: spans("given_times.windows", &row.windows)?,
        zone: row.zone.parse().map_err(|_| StoreError::unreadable("given_times.zone"))?,
        given_at: row.given_at.at(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, until: i64) -> Interval {
        let at = |hour: i64| DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour);
        Interval::new(at(from), at(until)).unwrap()
    }

    #[test]
    fn their_own_word_replaces_others_where_they_spoke() {
        let given = GivenTimes {
            periods: vec![span(0, 100)],
            windows: vec![span(10, 12)],
            zone: Tz::UTC,
            given_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(given.over(&[span(9, 11), span(98, 102)]), [span(10, 12), span(100, 102)]);
        assert!(given.speaks_of(span(99, 120)) && !given.speaks_of(span(100, 120)));
    }

    #[test]
    fn no_time_at_all_is_an_answer() {
        let never =
            GivenTimes { periods: vec![span(0, 100)], windows: vec![], zone: Tz::UTC, given_at: DateTime::UNIX_EPOCH };
        assert_eq!(never.over(&[span(9, 11)]), []);
    }
}
