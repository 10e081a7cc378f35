//! What a calendar shows of an event, as it was last seen there, and what we make of it.
//!
//! A change there is told from our own by comparing three things: the event as we want it, what the calendar shows now, and what
//! both looked like last time. The last is kept here, on the placement: [`acknowledge`] moves it on. A calendar that shows
//! another time than the last one we know is never overwritten; whoever decides that ours counts says so with [`insist`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde::{Deserialize, Serialize};

use super::Event;
use crate::{
    calendars::Response,
    ids::{OrgId, PlacementId},
    outbox::{self, Job},
    scheduling::interval::Interval,
    store::{Stamp, StoreError, Txn, entities::placements},
};

/// What a calendar shows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theirs {
    /// It stands there at this time.
    At(Interval),
    /// Somebody made it an entry of whole days.
    WholeDays,
    /// It is not there any more, or was cancelled there.
    Gone,
}

impl Theirs {
    /// The word in the `seen` column, whose times stand beside it.
    fn word(self) -> &'static str {
        match self {
            Self::At(_) => "at",
            Self::WholeDays => "whole_days",
            Self::Gone => "gone",
        }
    }

    /// Reads the columns back.
    pub(super) fn stored(word: &str, span: Option<(Stamp, Stamp)>) -> Option<Self> {
        match (word, span) {
            ("at", Some((start, end))) => Interval::new(start.at(), end.at()).map(Self::At),
            ("whole_days", _) => Some(Self::WholeDays),
            ("gone", _) => Some(Self::Gone),
            _ => None,
        }
    }

    /// The columns that keep it.
    pub fn columns(self) -> placements::ActiveModel {
        let stamp = |at: fn(&Interval) -> DateTime<Utc>| self.span().map(|span| Stamp::from(at(&span)));
        placements::ActiveModel {
            seen: Set(self.word().to_owned()),
            seen_starts_at: Set(stamp(Interval::start)),
            seen_ends_at: Set(stamp(Interval::end)),
            ..Default::default()
        }
    }

    /// The time it has there, if it has one.
    pub fn span(self) -> Option<Interval> {
        match self {
            Self::At(span) => Some(span),
            Self::WholeDays | Self::Gone => None,
        }
    }
}

/// We know of it: the next look is compared with this, and the next write may replace it.
pub async fn acknowledge(
    txn: &Txn,
    org: OrgId,
    placement: PlacementId,
    theirs: Theirs,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let change = placements::ActiveModel { looked_at: Set(Some(now.into())), ..theirs.columns() };
    placements::Entity::update_many()
        .set(change)
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::Id.eq(placement))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Ours counts: the calendar is to show the event as we have it, over what it shows now, or anew where it is gone.
pub async fn insist(
    txn: &Txn,
    event: &Event,
    placement: PlacementId,
    theirs: Theirs,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use placements::Column;
    acknowledge(txn, event.org, placement, theirs, now).await?;
    let mut change = placements::Entity::update_many()
        .col_expr(Column::PlacedRevision, Expr::value(0_i64))
        .col_expr(Column::LastError, Expr::value(""));
    if theirs == Theirs::Gone {
        // The id of an event that was deleted is not given again: it follows from the generation.
        change = change
            .col_expr(Column::ProviderId, Expr::value(""))
            .col_expr(Column::Etag, Expr::value(""))
            .col_expr(Column::JoinUrl, Expr::value(""))
            .col_expr(Column::IcalUid, Expr::value(""))
            .col_expr(Column::SeenAnswers, Expr::value("{}"))
            .col_expr(Column::Generation, Expr::col(Column::Generation).add(1));
    }
    change.filter(Column::OrgId.eq(event.org)).filter(Column::Id.eq(placement)).exec(&**txn).await?;
    outbox::enqueue(txn, event.org, &Job::PlaceEvent { event: event.id }, now).await?;
    Ok(())
}

/// The calendar shows the event as it is now, although it was not us who wrote it so: there is nothing to write.
pub async fn follows(txn: &Txn, event: &Event, placement: PlacementId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let change = placements::ActiveModel {
        placed_revision: Set(event.revision),
        last_synced_at: Set(Some(now.into())),
        ..Default::default()
    };
    placements::Entity::update_many()
        .set(change)
        .filter(placements::Column::OrgId.eq(event.org))
        .filter(placements::Column::Id.eq(placement))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// We know what attendees answered: the next look is compared with this. Addresses in small letters.
pub async fn heard(
    txn: &Txn,
    org: OrgId,
    placement: PlacementId,
    answers: &BTreeMap<String, Response>,
) -> Result<(), StoreError> {
    let answers = serde_json::to_string(answers).map_err(|error| DbErr::Json(error.to_string()))?;
    let change = placements::ActiveModel { seen_answers: Set(answers), ..Default::default() };
    placements::Entity::update_many()
        .set(change)
        .filter(placements::Column::OrgId.eq(org))
        .filter(placements::Column::Id.eq(placement))
        .exec(&**txn)
        .await?;
    Ok(())
}
