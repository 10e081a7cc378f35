//! What administrators look for in the audit log of their organisation: entries by text, actor, kind and day, newest first, a page
//! at a time. Pages are counted by the entries' numbers, so that one stays the same while others are added.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func, LikeExpr, SimpleExpr},
};

use crate::{
    ids::{OrgId, PersonId},
    store::{
        Stamp, StoreError,
        entities::{audit_log, bookings, people, requests},
        words::ActorKind,
    },
};

pub use crate::store::entities::audit_log::Model as Entry;

/// Most requests whose candidates a text may name.
const MOST_NAMED: u64 = 500;

/// Whose deeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Person(PersonId),
    Candidates,
    System,
}

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $label:literal: $($prefix:literal)*;)*) => {
        /// What kind of deeds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Group { $($(#[$doc])* $name,)* }

        impl Group {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// In addresses.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// For people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// How the actions of this group begin.
            fn prefixes(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($prefix,)*],)* }
            }
        }
    };
}

groups! {
    SigningIn = "sign_in", "Signing in": "person.sign" "session.";
    People = "people", "People and roles": "person.";
    Calendars = "calendars", "Connected calendars": "connection." "organisation_access.";
    Requests = "requests", "Requests and invitations": "request." "person.invit";
    Bookings = "bookings", "Interviews": "booking." "difference.";
    Delivery = "delivery", "Mails, events and notes": "message." "event." "note." "reminder." "job.";
    Organisation = "organisation", "Policies and this log": "organisation." "audit.";
}

/// What somebody looks for; nothing given is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Somewhere in action, details, address, or the name of whoever did it or whom it was done to.
    pub text: String,
    pub by: Option<By>,
    pub group: Option<Group>,
    pub from: Option<DateTime<Utc>>,
    /// The first instant that is no longer meant.
    pub until: Option<DateTime<Utc>>,
}

impl Search {
    async fn condition(&self, db: &impl ConnectionTrait, org: OrgId) -> Result<Condition, StoreError> {
        let mut all = Condition::all().add(audit_log::Column::OrgId.eq(org));
        all = match self.by {
            None => all,
            Some(By::Person(person)) => all.add(audit_log::Column::ActorId.eq(person)),
            Some(By::Candidates) => all.add(audit_log::Column::ActorKind.eq(ActorKind::Candidate.as_str())),
            Some(By::System) => all.add(audit_log::Column::ActorKind.eq(ActorKind::System.as_str())),
        };
        if let Some(group) = self.group {
            let begins = |prefix: &&str| audit_log::Column::Action.starts_with(*prefix);
            all = all.add(group.prefixes().iter().map(begins).fold(Condition::any(), Condition::add));
        }
        if let Some(from) = self.from {
            all = all.add(audit_log::Column::At.gte(Stamp::from(from)));
        }
        if let Some(until) = self.until {
            all = all.add(audit_log::Column::At.lt(Stamp::from(until)));
        }
        if !self.text.is_empty() {
            all = all.add(mentions(db, org, &self.text).await?);
        }
        Ok(all)
    }
}

/// Entries in which a text stands, or that are about somebody it names.
async fn mentions(db: &impl ConnectionTrait, org: OrgId, text: &str) -> Result<Condition, StoreError> {
    // People search for "signed in", actions are called signed_in.
    let action = text.to_lowercase().replace(' ', "_");
    let mut any = Condition::any()
        .add(holds(audit_log::Column::Action, &action))
        .add(holds(audit_log::Column::Subject, text))
        .add(holds(audit_log::Column::Detail, text))
        .add(holds(audit_log::Column::Ip, text));
    let named: Vec<PersonId> = people::Entity::find()
        .select_only()
        .columns([people::Column::Id])
        .filter(people::Column::OrgId.eq(org))
        .filter(Condition::any().add(holds(people::Column::Name, text)).add(holds(people::Column::Email, text)))
        .into_tuple()
        .all(db)
        .await?;
    if !named.is_empty() {
        any = any
            .add(audit_log::Column::ActorId.is_in(named.iter().copied()))
            .add(audit_log::Column::Subject.is_in(named.iter().map(ToString::to_string)));
    }
    let asked: Vec<crate::ids::RequestId> = requests::Entity::find()
        .select_only()
        .columns([requests::Column::Id])
        .filter(requests::Column::OrgId.eq(org))
        .filter(
            Condition::any()
                .add(holds(requests::Column::CandidateName, text))
                .add(holds(requests::Column::CandidateEmail, text)),
        )
        .order_by_desc(requests::Column::Id)
        .limit(MOST_NAMED)
        .into_tuple()
        .all(db)
        .await?;
    if !asked.is_empty() {
        let booked: Vec<crate::ids::BookingId> = bookings::Entity::find()
            .select_only()
            .columns([bookings::Column::Id])
            .filter(bookings::Column::OrgId.eq(org))
            .filter(bookings::Column::RequestId.is_in(asked.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let subjects = asked.iter().map(ToString::to_string).chain(booked.iter().map(ToString::to_string));
        any = any.add(audit_log::Column::Subject.is_in(subjects));
    }
    Ok(any)
}

/// Whether a text stands in a column, small or capital. SQLite folds ASCII letters only, so what was typed is looked for as well.
fn holds(column: impl ColumnTrait, text: &str) -> SimpleExpr {
    let pattern = |text: &str| {
        let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        LikeExpr::new(format!("%{escaped}%")).escape('!')
    };
    let folded = Expr::expr(Func::lower(Expr::col(column.as_column_ref()))).like(pattern(&text.to_lowercase()));
    folded.or(Expr::col(column.as_column_ref()).like(pattern(text)))
}

/// The entries before `before`, newest first; at most `limit`.
///
/// # Errors
/// The database's.
pub async fn older(
    db: &impl ConnectionTrait,
    org: OrgId,
    search: &Search,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Entry>, StoreError> {
    let found = audit_log::Entity::find().filter(search.condition(db, org).await?);
    let found = match before {
        Some(before) => found.filter(audit_log::Column::Seq.lt(before)),
        None => found,
    };
    Ok(found.order_by(audit_log::Column::Seq, Order::Desc).limit(limit).all(db).await?)
}

/// The entries after `after`, up to and with `until`, oldest first; at most `limit`.
///
/// # Errors
/// The database's.
pub async fn newer(
    db: &impl ConnectionTrait,
    org: OrgId,
    search: &Search,
    after: i64,
    until: i64,
    limit: u64,
) -> Result<Vec<Entry>, StoreError> {
    let found = audit_log::Entity::find()
        .filter(search.condition(db, org).await?)
        .filter(audit_log::Column::Seq.gt(after))
        .filter(audit_log::Column::Seq.lte(until));
    Ok(found.order_by(audit_log::Column::Seq, Order::Asc).limit(limit).all(db).await?)
}

/// The last entry of an action.
///
/// # Errors
/// The database's.
pub async fn last(db: &impl ConnectionTrait, org: OrgId, action: &str) -> Result<Option<Entry>, StoreError> {
    let found = audit_log::Entity::find()
        .filter(audit_log::Column::OrgId.eq(org))
        .filter(audit_log::Column::Action.eq(action))
        .order_by(audit_log::Column::Seq, Order::Desc);
    Ok(found.one(db).await?)
}
