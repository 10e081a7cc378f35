//! What a coordinator asks for: candidate X meets panel Y for N minutes within a window.
//!
//! Here are the request, its panel and who may find it. [`draft`] parses what a form says, [`create`] makes it true, [`link`]
//! is the candidate's way in, and [`replace`] gives them another. How requests stand, what happened to them, offered times and
//! bookings are `booking`'s.

pub mod create;
pub mod draft;
pub mod link;
pub mod replace;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    ids::{ApplicationId, Email, OrgId, PersonId, RequestId},
    people::{
        self, Person,
        given::{self, GivenTimes},
    },
    scheduling::interval::Interval,
    store::{
        Stamp, StoreError, Txn,
        entities::{manual_windows, requests, seat_members, seats},
        words::{RequestStatus, SeatKind},
    },
};

/// A scheduling request. All lengths in minutes.
#[derive(Clone, Debug)]
pub struct Request {
    pub id: RequestId,
    pub org: OrgId,
    pub coordinator: PersonId,
    pub candidate_name: String,
    pub candidate_email: Email,
    pub interview_type: String,
    pub duration: u32,
    pub step: u32,
    pub window: Interval,
    /// The zone the coordinator thinks in; its midnights carry the grid of starts.
    pub zone: Tz,
    pub buffer_before: u32,
    pub buffer_after: u32,
    pub min_notice: u32,
    pub change_notice: u32,
    pub location: String,
    pub video: bool,
    pub notes: String,
    /// How many minutes before the interview people are reminded, longest first.
    pub reminders: Vec<u32>,
    /// What the applicant-tracking system calls it, where one is used.
    pub application: Option<ApplicationId>,
    pub status: RequestStatus,
    pub link_sent_at: Option<DateTime<Utc>>,
    pub link_opened_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Request {
    pub fn length(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.duration))
    }

    /// The latest moment at which the candidate may still move or cancel an interview starting at `start`.
    pub fn change_deadline(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        start - TimeDelta::minutes(i64::from(self.change_notice))
    }
}

/// One seat of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub kind: SeatKind,
    /// How many of the people sit, for [`SeatKind::Any`].
    pub needed: u32,
    pub people: Vec<PersonId>,
}

/// Hours a coordinator typed, and how long ago.
#[derive(Clone, Debug, Default)]
pub struct TypedWindows {
    pub windows: Vec<Interval>,
    /// Who typed the latest of them, and when.
    pub typed: Option<(PersonId, DateTime<Utc>)>,
}

/// Who is asked, and what was typed for those whose calendar nobody reads.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    pub seats: Vec<Seat>,
    pub people: BTreeMap<PersonId, Person>,
    pub typed: BTreeMap<PersonId, TypedWindows>,
    /// What people said themselves, by the link of an invitation. It counts before what was typed for them.
    pub given: BTreeMap<PersonId, GivenTimes>,
    /// The coordinator's own windows for people of whom nothing is known.
    pub fallback: Vec<Interval>,
}

impl Panel {
    /// Everybody who may be needed, optional people too, each once.
    pub fn members(&self) -> Vec<PersonId> {
        self.people.keys().copied().collect()
    }

    /// Whether some seat leaves open who of several people takes it.
    pub fn has_choice(&self) -> bool {
        self.seats.iter().any(|seat| seat.kind == SeatKind::Any && (seat.needed as usize) < seat.people.len())
    }

    /// People without whom the interview cannot happen: those of "all" and "any" seats.
    pub fn required(&self) -> Vec<PersonId> {
        let mut people: Vec<_> = self
            .seats
            .iter()
            .filter(|seat| seat.kind != SeatKind::Optional)
            .flat_map(|seat| seat.people.iter().copied())
            .collect();
        people.sort();
        people.dedup();
        people
    }
}

/// The request, if it is one of this organisation.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: RequestId) -> Result<Option<Request>, StoreError> {
    in_org(org).filter(requests::Column::Id.eq(id)).one(db).await?.map(Request::try_from).transpose()
}

/// The same, locked for the rest of the transaction where the database locks rows.
pub async fn lock(txn: &Txn, org: OrgId, id: RequestId) -> Result<Option<Request>, StoreError> {
    let query = in_org(org).filter(requests::Column::Id.eq(id));
    let query = if txn.get_database_backend() == DbBackend::Postgres { query.lock_exclusive() } else { query };
    query.one(&**txn).await?.map(Request::try_from).transpose()
}

/// The one way to tenant rows: every query starts here.
pub(crate) fn in_org(org: OrgId) -> sea_orm::Select<requests::Entity> {
    requests::Entity::find().filter(requests::Column::OrgId.eq(org))
}

/// Every request, of whatever organisation, that still waits for its candidate. For the worker, which serves all of them.
pub async fn open_now(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Request>, StoreError> {
    still_open(db, requests::Entity::find(), now).await
}

/// Every request of one organisation that still waits for its candidate.
pub async fn open_now_in(
    db: &impl ConnectionTrait,
    org: OrgId,
    now: DateTime<Utc>,
) -> Result<Vec<Request>, StoreError> {
    still_open(db, in_org(org), now).await
}

async fn still_open(
    db: &impl ConnectionTrait,
    which: sea_orm::Select<requests::Entity>,
    now: DateTime<Utc>,
) -> Result<Vec<Request>, StoreError> {
    let rows = which
        .filter(requests::Column::Status.eq(RequestStatus::Open))
        .filter(requests::Column::WindowEnd.gt(Stamp::from(now)))
        .all(db)
        .await?;
    // One row nobody can read must not keep the others from their turn.
    let readable = |row: requests::Model| {
        let id = row.id;
        Request::try_from(row).inspect_err(|error| tracing::error!(request = %id, %error, "a request is left out")).ok()
    };
    Ok(rows.into_iter().filter_map(readable).collect())
}

/// The panel of a request, with its people.
pub async fn panel(db: &impl ConnectionTrait, org: OrgId, request: RequestId) -> Result<Panel, StoreError> {
    let with_members =
        seats::Entity::belongs_to(seat_members::Entity).from(seats::Column::Id).to(seat_members::Column::SeatId);
    let rows = seats::Entity::find()
        .join(JoinType::LeftJoin, with_members.into())
        .select_also(seat_members::Entity)
        .filter(seats::Column::OrgId.eq(org))
        .filter(seats::Column::RequestId.eq(request))
        .order_by_asc(seats::Column::Position)
        .order_by_asc(seats::Column::Id)
        .order_by_asc(seat_members::Column::PersonId)
        .all(db)
        .await?;
    let mut panel = Panel::default();
    let mut of_seat = None;
    for (row, member) in rows {
        if of_seat != Some(row.id) {
            of_seat = Some(row.id);
            panel.seats.push(Seat { kind: row.kind, needed: row.needed.unsigned_abs(), people: Vec::new() });
        }
        if let (Some(seat), Some(member)) = (panel.seats.last_mut(), member) {
            seat.people.push(member.person_id);
        }
    }
    let mut ids: Vec<PersonId> = panel.seats.iter().flat_map(|seat| seat.people.iter().copied()).collect();
    ids.sort();
    ids.dedup();
    panel.people = people::find_all(db, org, &ids).await?.into_iter().map(|person| (person.id, person)).collect();
    panel.given = given::of_people(db, org, &ids).await?;

    let typed = manual_windows::Entity::find()
        .filter(manual_windows::Column::OrgId.eq(org))
        .filter(manual_windows::Column::RequestId.eq(request))
        .order_by_asc(manual_windows::Column::StartsAt)
        .all(db)
        .await?;
    for row in typed {
        // A stored window runs forward: the schema checks it.
        let Some(window) = Interval::new(row.starts_at.at(), row.ends_at.at()) else { continue };
        match row.person_id {
            None => panel.fallback.push(window),
            Some(person) => {
                let typed = panel.typed.entry(person).or_default();
                typed.windows.push(window);
                let this = (row.typed_by, row.typed_at.at());
                typed.typed = Some(typed.typed.filter(|(_, at)| *at > this.1).unwrap_or(this));
            }
        }
    }
    Ok(panel)
}

impl TryFrom<requests::Model> for Request {
    type Error = StoreError;

    fn try_from(row: requests::Model) -> Result<Self, StoreError> {
        let minutes = |stored: i32| stored.unsigned_abs();
        let start = row.window_start.at();
        Ok(Self {
            id: row.id,
            org: row.org_id,
            coordinator: row.coordinator_id,
            candidate_name: row.candidate_name,
            candidate_email: Email::stored(row.candidate_email),
            interview_type: row.interview_type,
            duration: minutes(row.duration_minutes),
            step: minutes(row.step_minutes),
            window: Interval::new(start, row.window_end.at()).expect("a stored window runs forward"),
            zone: row.zone.parse().map_err(|_| StoreError::unreadable("requests.zone"))?,
            buffer_before: minutes(row.buffer_before_minutes),
            buffer_after: minutes(row.buffer_after_minutes),
            min_notice: minutes(row.min_notice_minutes),
            change_notice: minutes(row.change_notice_minutes),
            location: row.location,
            video: row.video,
            notes: row.notes,
            reminders: serde_json::from_str(&row.reminder_minutes)
                .map_err(|_| StoreError::unreadable("requests.reminder_minutes"))?,
            application: ApplicationId::stored(row.application_id),
            status: row.status,
            link_sent_at: row.link_sent_at.map(|at| at.at()),
            link_opened_at: row.link_opened_at.map(|at| at.at()),
            created_at: row.created_at.at(),
        })
    }
}
