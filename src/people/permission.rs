//! Permission as an argument: a verb that takes a [`Coordinator`] cannot be called without the check that makes one.

use chrono_tz::Tz;

use super::{Person, has_address};
use crate::{
    ids::{Email, OrgId, PersonId, SessionId},
    store::words::Role,
};

/// Somebody who is signed in (or, for the worker and tests, whose person was loaded and is not disabled).
///
/// Made by `sessions::authenticate` and [`Member::of`] only; everything in it comes from the database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    pub person: PersonId,
    pub org: OrgId,
    pub role: Role,
    pub name: String,
    pub email: Email,
    /// `None` while nobody knows where they live.
    pub zone: Option<Tz>,
    /// The session that spoke, if one did.
    pub session: Option<SessionId>,
    _checked: Checked,
}

/// Cannot be named outside this module, so nobody else puts a [`Member`] together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Checked;

/// The member's role does not allow this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this needs another role")]
pub struct Forbidden;

impl Member {
    /// The membership of a person; a disabled person has none.
    pub fn of(person: &Person) -> Option<Self> {
        Self::with_session(person, None)
    }

    pub(super) fn with_session(person: &Person, session: Option<SessionId>) -> Option<Self> {
        person.disabled_at.is_none().then(|| Self {
            person: person.id,
            org: person.org,
            role: person.role,
            name: person.name.clone(),
            email: person.email.clone(),
            zone: person.zone,
            session,
            _checked: Checked,
        })
    }

    /// Where others may write to them, if anybody knows.
    pub fn contact(&self) -> Option<&Email> {
        Some(&self.email).filter(|email| has_address(email))
    }

    /// The clock by which pages tell them times: their own, or UTC while theirs is not known. A time is never without the name
    /// of its clock, or the page says which it is.
    pub fn clock(&self) -> Tz {
        self.zone.unwrap_or(Tz::UTC)
    }

    /// For what coordinators do; administrators may do it too.
    pub fn coordinator(self) -> Result<Coordinator, Forbidden> {
        match self.role {
            Role::Admin | Role::Coordinator => Ok(Coordinator(self)),
            Role::Interviewer => Err(Forbidden),
        }
    }

    /// For what only administrators do.
    pub fn admin(self) -> Result<Admin, Forbidden> {
        match self.role {
            Role::Admin => Ok(Admin(self)),
            Role::Coordinator | Role::Interviewer => Err(Forbidden),
        }
    }
}

/// A member who may run requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coordinator(Member);

impl Coordinator {
    pub fn member(&self) -> &Member {
        &self.0
    }
}

/// A member who may run the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin(Member);

impl Admin {
    pub fn member(&self) -> &Member {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_open_what_they_open_and_disabled_people_nothing() {
        let mut person = Person {
            id: PersonId::new(),
            org: OrgId::new(),
            email: "ana@example.com".parse().unwrap(),
            name: "Ana".into(),
            zone: Some(Tz::Europe__Berlin),
            role: Role::Admin,
            weekly: vec![],
            overrides: vec![],
            limits: crate::people::Limits::default(),
            disabled_at: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        for (role, coordinates, administers) in
            [(Role::Admin, true, true), (Role::Coordinator, true, false), (Role::Interviewer, false, false)]
        {
            person.role = role;
            let member = Member::of(&person).unwrap();
            assert_eq!(member.clone().coordinator().is_ok(), coordinates, "{role}");
            assert_eq!(member.admin().is_ok(), administers, "{role}");
        }
        person.disabled_at = Some(chrono::DateTime::UNIX_EPOCH);
        assert_eq!(Member::of(&person), None);
    }
}
