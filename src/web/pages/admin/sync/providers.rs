//! How each provider's calendars answer.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::{
    calendars::Provider,
    connections::{self, Connection, busy},
    error::AppError,
    people::{self, Admin},
    store::words::ConnectionStatus,
    web::{
        components::{Badge, Card, CardHead, LinkButton, ProviderMark, Tone},
        pages::staff::Desk,
        wording::{ago, ahead},
    },
};

/// The accounts of one provider.
pub(super) struct Line {
    provider: Provider,
    working: usize,
    silent: usize,
    expired: usize,
    last_read: Option<DateTime<Utc>>,
    /// How many are left alone because they were asked too often, and until when.
    paused: usize,
    paused_until: Option<DateTime<Utc>>,
    /// What is wrong with the account that was connected last, in words.
    problem: Option<String>,
    now: DateTime<Utc>,
}

pub(super) async fn load(desk: &Desk<Admin>) -> Result<Vec<Line>, AppError> {
    let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
    let people = people::everybody(db, org).await?;
    let ids: Vec<_> = people.iter().map(|person| person.id).collect();
    let mut all: Vec<Connection> = connections::of_people(db, org, &ids).await?.into_values().flatten().collect();
    all.retain(|one| one.status != ConnectionStatus::Inactive);
    let pauses = busy::pauses(db, org, now).await?;
    let line = |provider: Provider| {
        let these: Vec<&Connection> = all.iter().filter(|one| one.provider == provider).collect();
        let with = |status| these.iter().filter(|one| one.status == status).count();
        let waits: Vec<DateTime<Utc>> = these.iter().filter_map(|one| pauses.get(&one.id)).copied().collect();
        let wrong = these.iter().filter(|one| !one.last_error.is_empty()).max_by_key(|one| one.connected_at);
        Line {
            provider,
            working: with(ConnectionStatus::Active),
            silent: with(ConnectionStatus::Error),
            expired: with(ConnectionStatus::Expired),
            last_read: these.iter().filter_map(|one| one.last_synced_at).max(),
            paused: waits.len(),
            paused_until: waits.into_iter().max(),
            problem: wrong.map(|one| one.last_error.clone()),
            now,
        }
    };
    Ok(desk.state.services.calendars.names().into_iter().map(line).collect())
}

impl Line {
    fn is_unused(&self) -> bool {
        self.working + self.silent + self.expired == 0
    }

    /// "3 accounts work, 1 account does not answer"
    fn accounts(&self) -> String {
        let say = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let said = [
            say(self.working, "account works", "accounts work"),
            say(self.silent, "account does not answer", "accounts do not answer"),
            say(self.expired, "account waits for a new sign-in", "accounts wait for a new sign-in"),
        ];
        said.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn details(&self) -> String {
        if self.is_unused() {
            return "No account is connected.".to_owned();
        }
        let read =
            self.last_read.map_or_else(|| "never read".to_owned(), |at| format!("last read {}", ago(at, self.now)));
        let paused = match (self.paused, self.paused_until) {
            (0, _) | (_, None) => String::new(),
            (count, Some(until)) => format!(", {count} asked too often, again {}", ahead(until, self.now)),
        };
        format!("{}, {read}{paused}.", self.accounts())
    }

    fn verdict(&self) -> (&'static str, Tone) {
        match self {
            _ if self.is_unused() => ("Not used", Tone::Neutral),
            _ if self.silent > 0 && self.working == 0 => ("Down", Tone::Danger),
            _ if self.silent > 0 || self.expired > 0 => ("Partly", Tone::Warning),
            _ if self.paused > 0 => ("Slowed down", Tone::Warning),
            _ => ("Works", Tone::Success),
        }
    }
}

#[component]
pub(super) fn Health(providers: Vec<Line>) -> impl IntoView {
    let rows = providers.into_iter().map(|line| {
        let (text, tone) = line.verdict();
        let problem = line.problem.clone().map(|problem| view! { <p class="hint">"Last told: " {problem}</p> });
        view! {
            <li class="row justify-between">
                <div class="row flex-nowrap min-w-0">
                    <ProviderMark provider=line.provider.into() />
                    <div>
                        <p class="h3">{line.provider.label()}</p>
                        <p class="hint">{line.details()}</p>
                        {problem}
                    </div>
                </div>
                <Badge text tone />
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card>
            <CardHead title="Providers" sub="How your people's accounts answer.">
                <LinkButton label="Whose they are" href="/admin/integrations/calendar" />
            </CardHead>
            <ul class="rows">{rows}</ul>
        </Card>
    }
    .into_any()
}
