//! Where a calendar, or an attendee in it, says something else of an interview than we do, and a person has to decide.
//!
//! Here is the noun: what was found, and what became of it. What is found, and what follows by itself, is in
//! [`outside`](super::outside); what a coordinator decides is in [`decide`](super::outside::decide). One of a kind is open per event
//! (and per person, of refusals): finding more of the same changes the open one, and what happens to the interview here settles
//! what it answers ([`after_move`], [`after_cancellation`], [`after_swap`]).

mod overtaken;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars, connections,
    events::theirs::Theirs,
    ids::{BookingId, DifferenceId, EventId, OrgId, PersonId, PlacementId, RequestId},
    store::{
        Stamp, StoreError, Txn,
        entities::{bookings, differences},
        words::{DifferenceKind, Outcome, Provider},
    },
};

pub(super) use overtaken::{after_cancellation, after_leaving, after_move, after_swap};

/// Something that a calendar says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub id: DifferenceId,
    pub org: OrgId,
    pub request: RequestId,
    pub booking: BookingId,
    pub event: EventId,
    pub placement: PlacementId,
    /// Whose calendar it is.
    pub owner: PersonId,
    pub provider: Provider,
    pub kind: DifferenceKind,
    /// What the calendar shows, where it is about that.
    pub theirs: Option<Theirs>,
    /// Who declined.
    pub person: Option<PersonId>,
    /// Why it could not be followed when it was found.
    pub blockers: Vec<Blocker>,
    pub found_at: DateTime<Utc>,
    pub settled: Option<Settled>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub at: DateTime<Utc>,
    /// `None` where nobody decided it.
    pub by: Option<PersonId>,
    pub outcome: Outcome,
}

/// What keeps an interview from a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// `None` where it is about the time itself.
    pub person: Option<PersonId>,
    pub because: Because,
}

/// Why somebody, or a time, cannot be. Stable words; what a busy entry is about is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// They have another interview then, buffers included.
    Interview,
    /// They have as many interviews as agreed.
    Limit,
    /// They take no part any more.
    Off,
    /// The time is over.
    Past,
    /// No interview is that short or long, or it begins or ends within a minute.
    Length,
    /// Their calendar has something else then.
    Busy,
    /// Their calendar has more than this interview about that time, and does not say what is what.
    Unclear,
    /// Nobody knows whether they are free.
    Unknown,
}

impl Because {
    /// Whether it holds no more once they were asked: what stands in a calendar outside may give way, what we know ourselves does not.
    pub fn may_be_asked(self) -> bool {
        matches!(self, Self::Busy | Self::Unclear | Self::Unknown)
    }

    /// A sentence with its full stop. The name is used where it is about somebody.
    pub fn in_words(self, name: &str) -> String {
        match self {
            Self::Interview => format!("{name} has another interview then."),
            Self::Limit => format!("{name} has as many interviews as agreed."),
            Self::Off => format!("{name} takes no part any more."),
            Self::Past => "That time is over.".to_owned(),
            Self::Length => "An interview takes 5 minutes to 8 hours, from one full minute to another.".to_owned(),
            Self::Busy => format!("{name} is busy then."),
            Self::Unclear => format!("{name} may be busy then: their calendar has something else at about that time."),
            Self::Unknown => format!("Nobody knows whether {name} is free then."),
        }
    }
}

impl Difference {
    pub fn is_open(&self) -> bool {
        self.settled.is_none()
    }

    /// Names what is shown, so that a decision about it is not taken for one about something else that was found since.
    pub fn shown(&self) -> String {
        match self.theirs {
            Some(Theirs::At(span)) => {
                format!("{}-{}", span.start().timestamp_millis(), span.end().timestamp_millis())
            }
            Some(Theirs::WholeDays) => "whole_days".to_owned(),
            Some(Theirs::Gone) => "gone".to_owned(),
            None => self.kind.to_string(),
        }
    }

    /// The calendar by the name people know.
    pub fn calendar(&self) -> &'static str {
        label(self.provider)
    }

    /// It is about what the calendar shows, not about an answer.
    pub fn is_shown(&self) -> bool {
        is_shown(self.kind)
    }
}

/// The product's name.
pub fn label(provider: Provider) -> &'static str {
    calendars::Provider::label(connections::known(provider))
}

fn is_shown(kind: DifferenceKind) -> bool {
    matches!(kind, DifferenceKind::Moved | DifferenceKind::Gone | DifferenceKind::Collided)
}

impl TryFrom<differences::Model> for Difference {
    type Error = StoreError;

    fn try_from(row: differences::Model) -> Result<Self, StoreError> {
        let theirs = row.theirs.as_deref().map(serde_json::from_str).transpose();
        let settled = row.settled_at.zip(row.outcome);
        Ok(Self {
            id: row.id,
            org: row.org_id,
            request: row.request_id,
            booking: row.booking_id,
            event: row.event_id,
            placement: row.placement_id,
            owner: row.owner_id,
            provider: row.provider,
            kind: row.kind,
            theirs: theirs.map_err(|_| StoreError::unreadable("differences.theirs"))?,
            person: row.person_id,
            blockers: serde_json::from_str(&row.blockers)
                .map_err(|_| StoreError::unreadable("differences.blockers"))?,
            found_at: row.found_at.at(),
            settled: settled.map(|(at, outcome)| Settled { at: at.at(), by: row.settled_by, outcome }),
        })
    }
}

fn in_org(org: OrgId) -> sea_orm::Select<differences::Entity> {
    differences::Entity::find().filter(differences::Column::OrgId.eq(org))
}

async fn read(
    db: &impl ConnectionTrait,
    query: sea_orm::Select<differences::Entity>,
) -> Result<Vec<Difference>, StoreError> {
    let rows = query.order_by_asc(differences::Column::FoundAt).order_by_asc(differences::Column::Id).all(db).await?;
    rows.into_iter().map(Difference::try_from).collect()
}

/// The difference with this id, if it is about this request of this organisation.
pub async fn find(
    db: &impl ConnectionTrait,
    org: OrgId,
    request: RequestId,
    id: DifferenceId,
) -> Result<Option<Difference>, StoreError> {
    let query = in_org(org).filter(differences::Column::RequestId.eq(request)).filter(differences::Column::Id.eq(id));
    Ok(read(db, query).await?.pop())
}

/// Everything that was ever found about a request, oldest first.
pub async fn of_request(
    db: &impl ConnectionTrait,
    org: OrgId,
    request: RequestId,
) -> Result<Vec<Difference>, StoreError> {
    read(db, in_org(org).filter(differences::Column::RequestId.eq(request))).await
}

/// What waits for somebody's decision in an organisation, about interviews that are not over; oldest first, at most `limit`.
pub async fn open_in(
    db: &impl ConnectionTrait,
    org: OrgId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Difference>, StoreError> {
    let ahead = bookings::Entity::find()
        .select_only()
        .column(bookings::Column::Id)
        .filter(bookings::Column::OrgId.eq(org))
        .filter(bookings::Column::EndsAt.gt(Stamp::from(now)))
        .into_query();
    let open = in_org(org).filter(differences::Column::SettledAt.is_null());
    read(db, open.filter(differences::Column::BookingId.in_subquery(ahead)).limit(limit)).await
}

/// What is open about one event.
pub(super) async fn open_of(
    db: &impl ConnectionTrait,
    org: OrgId,
    event: EventId,
) -> Result<Vec<Difference>, StoreError> {
    let open = in_org(org).filter(differences::Column::EventId.eq(event));
    read(db, open.filter(differences::Column::SettledAt.is_null())).await
}

fn text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))?)
}

/// Keeps something that is new.
pub(super) async fn keep(txn: &Txn, found: &Difference) -> Result<(), StoreError> {
    differences::Entity::insert(differences::ActiveModel {
        id: Set(found.id),
        org_id: Set(found.org),
        request_id: Set(found.request),
        booking_id: Set(found.booking),
        event_id: Set(found.event),
        placement_id: Set(found.placement),
        owner_id: Set(found.owner),
        provider: Set(found.provider),
        kind: Set(found.kind),
        theirs: Set(found.theirs.as_ref().map(text).transpose()?),
        person_id: Set(found.person),
        blockers: Set(text(&found.blockers)?),
        found_at: Set(found.found_at.into()),
        settled_at: Set(None),
        settled_by: Set(None),
        outcome: Set(None),
    })
    .exec_without_returning(&**txn)
    .await?;
    let actor = match found.kind {
        DifferenceKind::Moved | DifferenceKind::Gone => Actor::InCalendar(found.provider, found.owner),
        // Who of several did what is not known, and an answer is not of the calendar's owner.
        DifferenceKind::Collided | DifferenceKind::Declined | DifferenceKind::CandidateDeclined => Actor::System,
    };
    note(txn, found, "difference.found", actor, json!({ "blockers": found.blockers }), &Origin::default()).await
}

/// What is open shows something else by now.
pub(super) async fn update(
    txn: &Txn,
    open: &Difference,
    theirs: Option<Theirs>,
    blockers: &[Blocker],
) -> Result<(), StoreError> {
    let change = differences::ActiveModel {
        theirs: Set(theirs.as_ref().map(text).transpose()?),
        blockers: Set(text(&blockers)?),
        ..Default::default()
    };
    differences::Entity::update_many()
        .set(change)
        .filter(differences::Column::OrgId.eq(open.org))
        .filter(differences::Column::Id.eq(open.id))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Ends an open difference. `false` if it had ended already.
pub(super) async fn settle(
    txn: &Txn,
    open: &Difference,
    outcome: Outcome,
    actor: Actor,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    use differences::Column;
    let by = match actor {
        Actor::Person(person) => Some(person),
        Actor::Candidate | Actor::InCalendar(..) | Actor::System => None,
    };
    let done = differences::Entity::update_many()
        .col_expr(Column::SettledAt, Expr::value(Stamp::from(now)))
        .col_expr(Column::SettledBy, Expr::value(by.map(PersonId::uuid)))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .filter(Column::OrgId.eq(open.org))
        .filter(Column::Id.eq(open.id))
        .filter(Column::SettledAt.is_null())
        .exec(&**txn)
        .await?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    note(txn, open, "difference.settled", actor, json!({ "outcome": outcome }), origin).await?;
    Ok(true)
}

async fn note(
    txn: &Txn,
    about: &Difference,
    action: &'static str,
    actor: Actor,
    mut detail: serde_json::Value,
    origin: &Origin,
) -> Result<(), StoreError> {
    detail["difference"] = json!(about.id);
    detail["kind"] = json!(about.kind);
    detail["provider"] = json!(about.provider);
    if let Some(person) = about.person {
        detail["person"] = json!(person);
    }
    if let Some(Theirs::At(span)) = about.theirs {
        detail["to"] = json!(span.start());
    }
    let (org, subject, origin) = (about.org, about.booking.to_string(), origin.clone());
    audit::record(txn, AuditEntry { org, actor, action, subject, detail, origin }).await
}
