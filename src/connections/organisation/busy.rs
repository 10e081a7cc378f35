//! Whose busy times the organisation's access tells, and what it told last.
//!
//! The policy decides ([`CalendarAccess`]): with `both` it is those without a working connection of their own, with `app_only`
//! everybody it covers. It covers whose address lies in one of its domains: the one others write to them at, or else what their
//! provider calls them. Whether anybody vouches for it does not matter: the organisation's own directory answers for it, and whom
//! that does not know is unknown.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use tokio::sync::oneshot;

use super::{
    Access, Told,
    ask::{Answers, Question, ask},
    of_org,
};
use crate::{
    calendars::{Colleague, Provider},
    connections::{
        Connection, Need, Services,
        busy::{PersonBusy, UnknownReason, read::Read},
        stored,
    },
    ids::{Email, OrgId, PersonId},
    people::{self, CalendarAccess, Person},
    scheduling::interval::Interval,
    store::{
        StoreError, Txn,
        entities::organisation_reads as rows,
        words::{AccessStatus, ConnectionStatus},
    },
};

/// Whose times the access tells, and what it told of them last.
#[derive(Clone, Debug, Default)]
pub(in crate::connections) struct Reach {
    accesses: HashMap<Provider, Access>,
    covered: HashMap<PersonId, (Provider, Colleague)>,
    /// Connected, and not read: the organisation reads by its own access only, and that does not cover them.
    outside: HashSet<PersonId>,
    reads: HashMap<PersonId, Read>,
}

/// By what somebody's times are found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Own,
    Organisation(Provider),
    Nothing,
}

/// What the organisation's directory may know somebody by. `own` are their connections that were not disconnected.
fn address(person: &Person, own: &[&Connection]) -> Option<Email> {
    let claimed = || own.iter().find_map(|one| one.account_email.parse().ok());
    person.contact().cloned().or_else(claimed)
}

/// Decides it for one person of this address.
fn way(policy: CalendarAccess, accesses: &[Access], address: Option<&Email>, own: &[&Connection]) -> Way {
    let covering = accesses.iter().find(|access| address.is_some_and(|address| access.covers(address)));
    let works = own.iter().any(|one| one.is_usable() && one.can(Need::ReadBusy));
    match (policy, covering) {
        (CalendarAccess::Delegated, _) => Way::Own,
        (CalendarAccess::Both, Some(access)) if !works => Way::Organisation(access.provider),
        (CalendarAccess::Both, _) => Way::Own,
        (CalendarAccess::AppOnly, Some(access)) => Way::Organisation(access.provider),
        // A calendar that is there and not read is unknown; who has none is as ever.
        (CalendarAccess::AppOnly, None) if own.is_empty() => Way::Own,
        (CalendarAccess::AppOnly, None) => Way::Nothing,
    }
}

/// Reads it for these people; `connections` are theirs, `policy` is their organisation's.
pub(in crate::connections) async fn reach(
    db: &impl ConnectionTrait,
    org: OrgId,
    people: &[PersonId],
    connections: &HashMap<PersonId, Vec<Connection>>,
    policy: CalendarAccess,
) -> Result<Reach, StoreError> {
    if policy == CalendarAccess::Delegated {
        return Ok(Reach::default());
    }
    let accesses = of_org(db, org).await?;
    let mut reach = Reach::default();
    for person in people::find_all(db, org, people).await? {
        let own: Vec<&Connection> = connections.get(&person.id).into_iter().flatten().collect();
        let own: Vec<&Connection> = own.into_iter().filter(|one| one.status != ConnectionStatus::Inactive).collect();
        let address = address(&person, &own);
        match way(policy, &accesses, address.as_ref(), &own) {
            Way::Own => {}
            Way::Nothing => drop(reach.outside.insert(person.id)),
            Way::Organisation(provider) => {
                // Covered by its address, so there is one.
                let address = address.map(|address| address.to_string()).unwrap_or_default();
                let colleague = Colleague { address, zone: person.zone };
                reach.covered.insert(person.id, (provider, colleague));
            }
        }
    }
    if !reach.covered.is_empty() {
        let of = |row: &rows::Model| {
            let (provider, colleague) = reach.covered.get(&row.person_id)?;
            let same = row.provider == stored(*provider) && row.address == colleague.address;
            Read::parse((row.window_start, row.window_end), &row.intervals, row.read_at).filter(|_| same)
        };
        let found = rows::Entity::find()
            .filter(rows::Column::OrgId.eq(org))
            .filter(rows::Column::PersonId.is_in(reach.covered.keys().copied()))
            .all(db)
            .await?;
        reach.reads = found.iter().filter_map(|row| Some((row.person_id, of(row)?))).collect();
    }
    reach.accesses = accesses.into_iter().map(|access| (access.provider, access)).collect();
    Ok(reach)
}

/// What was heard through each access that was asked.
pub(in crate::connections) type Heard = HashMap<Provider, Result<Answers, UnknownReason>>;

impl Reach {
    /// Whether this person's own connections are left alone.
    pub fn has(&self, person: PersonId) -> bool {
        self.covered.contains_key(&person) || self.outside.contains(&person)
    }

    /// Asks about everybody of whom nothing was read that is young enough, each access in one question.
    pub fn ask(
        &self,
        services: &Services,
        window: Interval,
        max_age: chrono::Duration,
    ) -> HashMap<Provider, oneshot::Receiver<Result<Answers, UnknownReason>>> {
        let now = services.clock.now();
        let is_fresh = |person: &PersonId| {
            let read = self.reads.get(person);
            read.is_some_and(|read| read.covers(window) && now - read.read_at <= max_age && !max_age.is_zero())
        };
        let mut stale: HashMap<Provider, Vec<(PersonId, Colleague)>> = HashMap::new();
        for (person, (provider, colleague)) in self.covered.iter().filter(|(person, _)| !is_fresh(person)) {
            stale.entry(*provider).or_default().push((*person, colleague.clone()));
        }
        let asked = stale.into_iter().filter_map(|(provider, mut people)| {
            people.sort_by_key(|(person, _)| *person);
            let question = Question { access: self.accesses.get(&provider)?.clone(), people, window };
            Some((provider, ask(services.clone(), question)))
        });
        asked.collect()
    }

    /// When this person is busy, if it is not their own connections that say so.
    pub fn busy(&self, person: PersonId, heard: &Heard, window: Interval, now: DateTime<Utc>) -> Option<PersonBusy> {
        if self.outside.contains(&person) {
            return Some(PersonBusy::Unknown { since: None, reason: UnknownReason::NotCovered });
        }
        let (provider, _) = self.covered.get(&person)?;
        let known =
            |read: Read| PersonBusy::Known { intervals: read.intervals, read_at: read.read_at, provider: *provider };
        let stored = self.reads.get(&person);
        let unknown = |reason| PersonBusy::Unknown { since: stored.map(|read| read.read_at), reason };
        let kept = || stored.map_or_else(|| unknown(UnknownReason::NoAnswer), |read| known(read.within(window)));
        let reason = match heard.get(provider) {
            Some(Ok(answers)) => match answers.get(&person) {
                Some(Ok(read)) => return Some(known(read.clone())),
                Some(Err(reason)) => *reason,
                // Was not asked about, because what we have of them is young enough.
                None => return Some(kept()),
            },
            Some(Err(reason)) => *reason,
            None => return Some(kept()),
        };
        Some(match stored {
            // An access that is merely late, and was read through a moment ago.
            Some(read) if reason.is_passing() && read.serves(window, now) => known(read.within(window)),
            _ => unknown(reason),
        })
    }

    /// How everybody stands whose times the access tells.
    pub fn told(&self) -> HashMap<PersonId, Told> {
        let told = |(person, (provider, _)): (&PersonId, &(Provider, Colleague))| {
            let access = self.accesses.get(provider);
            let works = access.is_some_and(|access| access.status == AccessStatus::Active);
            let read_at = self.reads.get(person).map(|read| read.read_at);
            let paused_until = access.and_then(|access| access.paused_until);
            (*person, Told { provider: *provider, read_at, works, paused_until })
        };
        self.covered.iter().map(told).collect()
    }
}

/// What was read last of these people through this access.
pub(super) async fn reads(
    db: &impl ConnectionTrait,
    access: &Access,
    people: &[(PersonId, Colleague)],
) -> Result<HashMap<PersonId, Read>, StoreError> {
    let found = rows::Entity::find()
        .filter(rows::Column::OrgId.eq(access.org))
        .filter(rows::Column::Provider.eq(stored(access.provider)))
        .filter(rows::Column::PersonId.is_in(people.iter().map(|(person, _)| *person)))
        .all(db)
        .await?;
    let of = |row: &rows::Model| {
        let same = people.iter().any(|(person, one)| *person == row.person_id && one.address == row.address);
        Read::parse((row.window_start, row.window_end), &row.intervals, row.read_at).filter(|_| same)
    };
    Ok(found.iter().filter_map(|row| Some((row.person_id, of(row)?))).collect())
}

/// Keeps a reading in place of the one before.
pub(super) async fn store(
    txn: &Txn,
    access: &Access,
    person: PersonId,
    colleague: &Colleague,
    read: &Read,
) -> Result<(), StoreError> {
    use rows::Column;
    let again = OnConflict::columns([Column::OrgId, Column::Provider, Column::PersonId])
        .update_columns([Column::Address, Column::WindowStart, Column::WindowEnd, Column::Intervals, Column::ReadAt])
        .to_owned();
    let row = rows::ActiveModel {
        org_id: Set(access.org),
        provider: Set(stored(access.provider)),
        person_id: Set(person),
        address: Set(colleague.address.clone()),
        window_start: Set(read.window.start().into()),
        window_end: Set(read.window.end().into()),
        intervals: Set(read.as_text()),
        read_at: Set(read.read_at.into()),
    };
    rows::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Forgets everything that was read through this access.
pub(super) async fn forget_all(txn: &Txn, access: &Access) -> Result<(), StoreError> {
    rows::Entity::delete_many()
        .filter(rows::Column::OrgId.eq(access.org))
        .filter(rows::Column::Provider.eq(stored(access.provider)))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Forgets what was read of this person, so that the next question goes to their calendars.
pub(in crate::connections) async fn forget(txn: &Txn, org: OrgId, person: PersonId) -> Result<(), StoreError> {
    rows::Entity::delete_many()
        .filter(rows::Column::OrgId.eq(org))
        .filter(rows::Column::PersonId.eq(person))
        .exec(&**txn)
        .await?;
    Ok(())
}
