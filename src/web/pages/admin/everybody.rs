//! How everybody's calendars stand: each account, since when it is connected, when it was read last, and what is wrong with it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::{
    connections::{self, Connection, organisation},
    error::AppError,
    ids::PersonId,
    notifications::when,
    people::{self, Admin, Member, Person},
    store::words::ConnectionStatus,
    web::{
        components::{Card, CardHead, PersonLine, ProviderMark, StatusBadge},
        pages::staff::Desk,
        standing::{Source, connection_status},
        wording::{ago, full},
    },
};

/// Everybody who is there, and what is known of their calendars.
pub(super) struct Calendars {
    reader: Member,
    people: Vec<Person>,
    connections: HashMap<PersonId, Vec<Connection>>,
    told: HashMap<PersonId, organisation::Told>,
}

impl Calendars {
    pub async fn load(desk: &Desk<Admin>) -> Result<Self, AppError> {
        let (db, org) = (desk.state.store.reader(), desk.me().org);
        let mut people = people::everybody(db, org).await?;
        people.retain(|person| person.disabled_at.is_none());
        let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
        let mut connections = connections::of_people(db, org, &ids).await?;
        let told = organisation::told(db, org, &ids, &connections).await?;
        for list in connections.values_mut() {
            list.retain(|one| one.status != ConnectionStatus::Inactive);
        }
        Ok(Self { reader: desk.me().clone(), people, connections, told })
    }

    /// How many calendars need their owner.
    fn broken(&self) -> usize {
        self.connections.values().flatten().filter(|one| !one.last_error.is_empty()).count()
    }
}

#[component]
pub(super) fn EverybodysCalendars(team: Calendars, now: DateTime<Utc>) -> impl IntoView {
    let sub = match team.broken() {
        0 => "Whose calendars are read, and how they stand.".to_owned(),
        1 => "One account does not answer or waits for its owner.".to_owned(),
        many => format!("{many} accounts do not answer or wait for their owners."),
    };
    let rows = team.people.iter().map(|person| {
        let list = team.connections.get(&person.id).map_or(&[][..], Vec::as_slice);
        let source = Source { told: team.told.get(&person.id).copied(), ..Source::default() };
        let name = person.name.clone();
        if list.is_empty() {
            let (status, detail) = source.in_words(now);
            return view! {
                <li>
                    <PersonLine name detail>
                        <StatusBadge status />
                    </PersonLine>
                </li>
            }
            .into_any();
        }
        let accounts = list.iter().map(|one| view! { <Account one=one.clone() reader=team.reader.clone() now /> });
        let accounts: Vec<_> = accounts.collect();
        view! {
            <li>
                <PersonLine name />
                <ul class="person-accounts">{accounts}</ul>
            </li>
        }
        .into_any()
    });
    let rows: Vec<_> = rows.collect();
    view! {
        <Card>
            <CardHead title="Everybody's calendars" sub />
            <ul class="rows">{rows}</ul>
        </Card>
    }
    .into_any()
}

#[component]
fn Account(one: Connection, reader: Member, now: DateTime<Utc>) -> impl IntoView {
    let status = connection_status(std::slice::from_ref(&one));
    let since = when::date(one.connected_at, reader.clock());
    let read = match one.last_synced_at {
        Some(at) => view! {
            "read " <time datetime=at.to_rfc3339() title=full(at, reader.clock())>{ago(at, now)}</time>
        }
        .into_any(),
        None => "not read so far".into_any(),
    };
    let email = if one.account_email.is_empty() { one.provider.label().to_owned() } else { one.account_email.clone() };
    let error = (!one.last_error.is_empty()).then(|| view! { <span class="hint">{one.last_error.clone()}</span> });
    view! {
        <li>
            <ProviderMark provider=one.provider.into() />
            <span class="person-account">
                <span class="person-email">{email}</span>
                <span class="hint">"since " {since} ", " {read}</span>
                {error}
            </span>
            <StatusBadge status />
        </li>
    }
    .into_any()
}
