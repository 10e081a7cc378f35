//! What an entry's subject is called today. The log itself keeps ids only: names change, and people are forgotten.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::{
    ids::{BookingId, ConnectionId, EventId, MessageId, OrgId, PersonId, RequestId},
    store::{
        StoreError,
        entities::{bookings, connections, events, messages, people, requests},
        words::Provider,
    },
};

/// A thing that something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Person {
        name: String,
    },
    /// A request, or its interview.
    Interview {
        request: RequestId,
        candidate: String,
    },
    Connection {
        provider: Provider,
        owner: String,
    },
    Mail {
        to: String,
    },
}

/// Who and what entries speak of.
#[derive(Debug, Default)]
pub struct Names {
    people: HashMap<PersonId, (String, String)>,
    subjects: HashMap<String, Subject>,
}

impl Names {
    /// Looks up these people and subjects, all in a few queries.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(
        db: &impl ConnectionTrait,
        org: OrgId,
        entries: &[super::search::Entry],
    ) -> Result<Self, StoreError> {
        let subjects: BTreeSet<&str> = entries.iter().map(|entry| entry.subject.as_str()).collect();
        let connections = connections::Entity::find()
            .filter(connections::Column::OrgId.eq(org))
            .filter(connections::Column::Id.is_in(parsed::<ConnectionId>(&subjects)))
            .all(db)
            .await?;
        let events: HashMap<EventId, BookingId> = events::Entity::find()
            .filter(events::Column::OrgId.eq(org))
            .filter(events::Column::Id.is_in(parsed::<EventId>(&subjects)))
            .all(db)
            .await?
            .into_iter()
            .filter_map(|event| Some((event.id, event.booking_id?)))
            .collect();
        let mut booked = parsed::<BookingId>(&subjects);
        booked.extend(events.values());
        let bookings: HashMap<BookingId, RequestId> = bookings::Entity::find()
            .filter(bookings::Column::OrgId.eq(org))
            .filter(bookings::Column::Id.is_in(booked))
            .all(db)
            .await?
            .into_iter()
            .map(|booking| (booking.id, booking.request_id))
            .collect();
        let mut asked = parsed::<RequestId>(&subjects);
        asked.extend(bookings.values());
        let asked: HashMap<RequestId, String> = requests::Entity::find()
            .filter(requests::Column::OrgId.eq(org))
            .filter(requests::Column::Id.is_in(asked))
            .all(db)
            .await?
            .into_iter()
            .map(|request| (request.id, request.candidate_name))
            .collect();
        let mails = messages::Entity::find()
            .filter(messages::Column::OrgId.eq(org))
            .filter(messages::Column::Id.is_in(parsed::<MessageId>(&subjects)))
            .all(db)
            .await?;
        let mut named = parsed::<PersonId>(&subjects);
        named.extend(entries.iter().filter_map(|entry| entry.actor_id));
        named.extend(connections.iter().map(|connection| connection.person_id));
        let people: HashMap<PersonId, (String, String)> = people::Entity::find()
            .filter(people::Column::OrgId.eq(org))
            .filter(people::Column::Id.is_in(named))
            .all(db)
            .await?
            .into_iter()
            .map(|person| (person.id, (person.name, person.email)))
            .collect();

        let interview = |request: RequestId| {
            asked.get(&request).map(|candidate| Subject::Interview { request, candidate: candidate.clone() })
        };
        let mut found: HashMap<String, Subject> = HashMap::new();
        found.extend(people.iter().map(|(id, (name, _))| (id.to_string(), Subject::Person { name: name.clone() })));
        found.extend(asked.keys().filter_map(|id| Some((id.to_string(), interview(*id)?))));
        found.extend(bookings.iter().filter_map(|(id, request)| Some((id.to_string(), interview(*request)?))));
        found.extend(
            events.iter().filter_map(|(id, booking)| Some((id.to_string(), interview(*bookings.get(booking)?)?))),
        );
        found.extend(connections.into_iter().map(|one| {
            let owner = people.get(&one.person_id).map(|(name, _)| name.clone()).unwrap_or_default();
            (one.id.to_string(), Subject::Connection { provider: one.provider, owner })
        }));
        found.extend(mails.into_iter().map(|mail| (mail.id.to_string(), Subject::Mail { to: mail.to_email })));
        Ok(Self { people, subjects: found })
    }

    /// Name and address of somebody who acted.
    pub fn person(&self, id: PersonId) -> Option<(&str, &str)> {
        self.people.get(&id).map(|(name, email)| (name.as_str(), email.as_str()))
    }

    pub fn subject(&self, id: &str) -> Option<&Subject> {
        self.subjects.get(id)
    }
}

/// The ids of one kind among prefixed ones.
fn parsed<T: std::str::FromStr>(subjects: &BTreeSet<&str>) -> Vec<T> {
    subjects.iter().filter_map(|subject| subject.parse().ok()).collect()
}
