//! People: who they are, when they work, and how the organisation finds them.
//!
//! Staying signed in lives in [`sessions`], permission in [`permission`], the address they confirm themselves in [`contact`], on which dates they
//! keep other hours in [`dates`], how many interviews they take in [`limits`], the times they give without a calendar in [`given`], what goes into their
//! calendar and when they are alerted in [`preferences`], what their organisation decided
//! in [`policies`] and about each of them in [`roles`], how far somebody new has come in [`welcome`]. An e-mail address is for display and contact; who somebody is
//! when they sign in is decided by their identity (issuer and subject) alone ([`crate::sign_in`]).

pub mod contact;
pub mod dates;
pub mod given;
pub mod limits;
pub mod permission;
pub mod policies;
pub mod preferences;
pub mod roles;
pub mod sessions;
pub mod welcome;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
    sea_query::{Expr, OnConflict},
};
use serde::de::DeserializeOwned;

use crate::{
    ids::{Email, OrgId, PersonId},
    scheduling::hours::{DayOverride, DayWindow, TimeOfDay, WeeklyWindow},
    store::{
        Stamp, StoreError, Txn,
        entities::{organisations, people},
        words::Role,
    },
};

pub use limits::{Limits, set_limits};
pub use permission::{Admin, Coordinator, Forbidden, Member};
pub use policies::{CalendarAccess, Policies};

/// Somebody of an organisation. Interviewers may exist without ever signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub org: OrgId,
    /// Where mail reaches them, unless [`has_address`] says there is none yet.
    pub email: Email,
    pub name: String,
    /// Where they live, once their calendar, their browser or they themselves said so. Until then nothing may take them to be
    /// somewhere: see [`Person::zone_for`].
    pub zone: Option<Tz>,
    pub role: Role,
    pub weekly: Vec<WeeklyWindow>,
    pub overrides: Vec<DayOverride>,
    pub limits: Limits,
    pub disabled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Person {
    /// Where others may write to this person, if anybody knows.
    pub fn contact(&self) -> Option<&Email> {
        Some(&self.email).filter(|email| has_address(email))
    }

    /// The name, followed by the address where there is one: "Ana Alvarez (ana@example.com)".
    pub fn name_and_address(&self) -> String {
        self.contact().map_or_else(|| self.name.clone(), |email| format!("{} ({email})", self.name))
    }

    /// The clock of this person's working hours, and of what is written to them, for a request that thinks in `request` zone:
    /// their own, or the request's while nobody knows theirs. Pages say so where hours rest on it.
    pub fn zone_for(&self, request: Tz) -> Tz {
        self.zone.unwrap_or(request)
    }
}

/// The tenant, as its people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub id: OrgId,
    pub name: String,
    pub policies: Policies,
}

impl TryFrom<organisations::Model> for Organisation {
    type Error = StoreError;

    fn try_from(row: organisations::Model) -> Result<Self, StoreError> {
        Ok(Self { id: row.id, name: row.name, policies: json("organisations.policies", &row.policies)? })
    }
}

/// The organisation behind an id that a row of its own named.
pub async fn organisation(db: &impl ConnectionTrait, org: OrgId) -> Result<Organisation, StoreError> {
    let row = organisations::Entity::find_by_id(org).one(db).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(org.to_string()))?;
    row.try_into()
}

/// Monday to Friday, 09:00 to 17:00 in the person's zone: the hours until somebody says otherwise.
pub fn default_hours() -> Vec<WeeklyWindow> {
    let at = |hour| TimeOfDay::new(hour, 0);
    let office = at(9).zip(at(17)).and_then(|(from, until)| DayWindow::new(from, until));
    office.map(WeeklyWindow::office_week).unwrap_or_default()
}

/// Domain of addresses that stand in for one the provider did not tell; it never resolves (RFC 2606 section 2).
const NO_ADDRESS: &str = "no-address.invalid";

/// Whether mail can reach this address. A person whose provider told no address has a stand-in until they type theirs.
pub fn has_address(email: &Email) -> bool {
    !email.as_str().ends_with(NO_ADDRESS)
}

/// The stand-in for a person without an address.
pub(crate) fn no_address(person: PersonId) -> Email {
    // Letters, digits and one underscore before a fixed domain are an address.
    format!("{person}@{NO_ADDRESS}").parse().expect("an id makes a local part")
}

/// The person of this organisation with this id.
pub async fn find(db: &impl ConnectionTrait, org: OrgId, id: PersonId) -> Result<Option<Person>, StoreError> {
    let row = in_org(org).filter(people::Column::Id.eq(id)).one(db).await?;
    row.map(from_row).transpose()
}

/// The same with the organisation, in one round trip.
pub async fn find_with_organisation(
    db: &impl ConnectionTrait,
    org: OrgId,
    id: PersonId,
) -> Result<Option<(Person, Organisation)>, StoreError> {
    let theirs =
        people::Entity::belongs_to(organisations::Entity).from(people::Column::OrgId).to(organisations::Column::Id);
    let row = in_org(org)
        .filter(people::Column::Id.eq(id))
        .join(JoinType::InnerJoin, theirs.into())
        .select_also(organisations::Entity)
        .one(db)
        .await?;
    let Some((person, Some(organisation))) = row else { return Ok(None) };
    Ok(Some((from_row(person)?, organisation.try_into()?)))
}

/// The people with these ids, in the order of their ids; ids of other organisations are left out.
pub async fn find_all(db: &impl ConnectionTrait, org: OrgId, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
    let rows = in_org(org).filter(people::Column::Id.is_in(ids.iter().copied())).order_by_asc(people::Column::Id);
    rows.all(db).await?.into_iter().map(from_row).collect()
}

/// The people of this organisation behind these addresses; addresses nobody has are left out.
pub async fn by_emails(db: &impl ConnectionTrait, org: OrgId, emails: &[Email]) -> Result<Vec<Person>, StoreError> {
    let emails = emails.iter().map(Email::as_str);
    let rows = in_org(org).filter(people::Column::Email.is_in(emails)).order_by_asc(people::Column::Id);
    rows.all(db).await?.into_iter().map(from_row).collect()
}

/// Everybody of the organisation who was not disabled, by name.
pub async fn team(db: &impl ConnectionTrait, org: OrgId) -> Result<Vec<Person>, StoreError> {
    let rows = in_org(org)
        .filter(people::Column::DisabledAt.is_null())
        .order_by_asc(people::Column::Name)
        .order_by_asc(people::Column::Id);
    rows.all(db).await?.into_iter().map(from_row).collect()
}

/// The same a page at a time, in the order of their ids: those after `after`.
pub async fn team_after(
    db: &impl ConnectionTrait,
    org: OrgId,
    after: Option<PersonId>,
    limit: u64,
) -> Result<Vec<Person>, StoreError> {
    let mut query = in_org(org).filter(people::Column::DisabledAt.is_null());
    if let Some(after) = after {
        query = query.filter(people::Column::Id.gt(after));
    }
    let rows = query.order_by_asc(people::Column::Id).limit(limit);
    rows.all(db).await?.into_iter().map(from_row).collect()
}

/// Everybody of the organisation, switched off or not, by name.
pub async fn everybody(db: &impl ConnectionTrait, org: OrgId) -> Result<Vec<Person>, StoreError> {
    let rows = in_org(org).order_by_asc(people::Column::Name).order_by_asc(people::Column::Id);
    rows.all(db).await?.into_iter().map(from_row).collect()
}

/// The person behind this address, made an interviewer who never signed in if there is nobody yet.
///
/// Where they live stays unknown until they or their calendar say. An existing person is not changed.
pub async fn ensure_interviewer(txn: &Txn, org: OrgId, email: &Email, name: &str) -> Result<PersonId, StoreError> {
    let new = NewPerson { id: PersonId::new(), org, email, name, zone: None, role: Role::Interviewer };
    insert(txn, &new, Stamp::from(crate::store::now(&**txn).await?)).await?;
    let row = in_org(org).filter(people::Column::Email.eq(email.as_str())).one(&**txn).await?;
    // Inserted just above, unless the address was there before.
    row.map(|row| row.id).ok_or_else(|| DbErr::RecordNotInserted.into())
}

/// Bars a person: their sessions end now and they cannot sign in again.
pub async fn disable(txn: &Txn, admin: &Admin, id: PersonId) -> Result<(), StoreError> {
    let org = admin.member().org;
    let now = Stamp::from(crate::store::now(&**txn).await?);
    this(org, id)
        .col_expr(people::Column::DisabledAt, Expr::value(Some(now.millis())))
        .filter(people::Column::DisabledAt.is_null())
        .exec(&**txn)
        .await?;
    sessions::end_all(txn, org, id).await?;
    Ok(())
}

/// Makes a person what they were invited to be.
pub(crate) async fn set_role(txn: &Txn, org: OrgId, id: PersonId, role: Role) -> Result<(), StoreError> {
    this(org, id).col_expr(people::Column::Role, Expr::value(role)).exec(&**txn).await?;
    Ok(())
}

/// Changes where a person lives, as they say it.
pub async fn set_zone(txn: &Txn, org: OrgId, id: PersonId, zone: Tz) -> Result<(), StoreError> {
    this(org, id).col_expr(people::Column::Zone, Expr::value(zone.name())).exec(&**txn).await?;
    Ok(())
}

/// Changes a person's weekly hours, as they say them.
pub async fn set_weekly(txn: &Txn, org: OrgId, id: PersonId, weekly: &[WeeklyWindow]) -> Result<(), StoreError> {
    let text = serde_json::to_string(weekly).map_err(|error| DbErr::Json(error.to_string()))?;
    this(org, id).col_expr(people::Column::WeeklyHours, Expr::value(text)).exec(&**txn).await?;
    Ok(())
}

/// Notes where a person seems to live, unless that is known already.
pub async fn learn_zone(txn: &Txn, org: OrgId, id: PersonId, zone: Tz) -> Result<(), StoreError> {
    this(org, id)
        .col_expr(people::Column::Zone, Expr::value(zone.name()))
        .filter(people::Column::Zone.is_null())
        .exec(&**txn)
        .await?;
    Ok(())
}

/// A change of this one person.
fn this(org: OrgId, id: PersonId) -> UpdateMany<people::Entity> {
    people::Entity::update_many().filter(people::Column::OrgId.eq(org)).filter(people::Column::Id.eq(id))
}

/// What a row of a person is made of.
pub(crate) struct NewPerson<'a> {
    pub id: PersonId,
    pub org: OrgId,
    pub email: &'a Email,
    pub name: &'a str,
    /// `None` while nobody knows.
    pub zone: Option<Tz>,
    pub role: Role,
}

/// Adds a person; an address that is taken in the organisation leaves everything as it is.
pub(crate) async fn insert(txn: &Txn, person: &NewPerson<'_>, at: Stamp) -> Result<(), StoreError> {
    let weekly = serde_json::to_string(&default_hours()).map_err(|error| DbErr::Json(error.to_string()))?;
    let row = people::ActiveModel {
        id: Set(person.id),
        org_id: Set(person.org),
        email: Set(person.email.to_string()),
        name: Set(person.name.to_owned()),
        zone: Set(person.zone.map(|zone| zone.name().to_owned())),
        role: Set(person.role),
        weekly_hours: Set(weekly),
        date_overrides: Set("[]".to_owned()),
        max_per_day: Set(None),
        max_per_week: Set(None),
        reminder_minutes: Set(None),
        theme: Set("auto".to_owned()),
        welcome_step: Set(0),
        disabled_at: Set(None),
        created_at: Set(at),
    };
    let taken = [people::Column::OrgId, people::Column::Email];
    people::Entity::insert(row)
        .on_conflict(OnConflict::columns(taken).do_nothing().to_owned())
        .exec_without_returning(&**txn)
        .await?;
    Ok(())
}

/// The one tenant filter for people.
fn in_org(org: OrgId) -> sea_orm::Select<people::Entity> {
    people::Entity::find().filter(people::Column::OrgId.eq(org))
}

fn from_row(row: people::Model) -> Result<Person, StoreError> {
    Ok(Person {
        email: Email::stored(row.email),
        zone: row.zone.map(|zone| zone.parse()).transpose().map_err(|_| StoreError::unreadable("people.zone"))?,
        weekly: json("people.weekly_hours", &row.weekly_hours)?,
        overrides: json("people.date_overrides", &row.date_overrides)?,
        limits: Limits::stored(row.max_per_day, row.max_per_week),
        id: row.id,
        org: row.org_id,
        name: row.name,
        role: row.role,
        disabled_at: row.disabled_at.map(Stamp::at),
        created_at: row.created_at.at(),
    })
}

fn json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::unreadable(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_week_is_monday_to_friday_nine_to_five() {
        let text = serde_json::to_string(&default_hours()).unwrap();
        assert!(text.starts_with(r#"[{"weekday":"mon","start":"09:00","end":"17:00"},"#), "{text}");
        assert_eq!((default_hours().len(), text.contains("sat")), (5, false));
    }

    #[test]
    fn a_stand_in_is_an_address_that_reaches_nobody() {
        let stand_in = no_address(PersonId::new());
        assert!(!has_address(&stand_in));
        assert!(has_address(&"ana.alvarez@example.com".parse().unwrap()));
    }
}
