//! People whose calendars fail again and again.

use leptos::prelude::*;

use crate::{
    connections::alerts,
    error::AppError,
    outbox::Reason,
    people::{self, Admin},
    web::{
        components::{Badge, Card, CardHead, PersonLine, ProviderMark, Tone},
        pages::staff::Desk,
        wording::ago,
    },
};

/// Somebody, and what fails.
pub(super) struct Failing {
    name: String,
    alert: alerts::Alert,
    /// Since when, and when last.
    when: String,
}

pub(super) async fn load(desk: &Desk<Admin>) -> Result<Vec<Failing>, AppError> {
    let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
    let alerts = alerts::open(db, org, None, now).await?;
    let ids: Vec<_> = alerts.iter().map(|alert| alert.person).collect();
    let people = people::find_all(db, org, &ids).await?;
    let failing = alerts.into_iter().filter_map(|alert| {
        let name = people.iter().find(|person| person.id == alert.person)?.name.clone();
        let when = format!("noticed {}, failed last {}", ago(alert.raised_at, now), ago(alert.last_failed_at, now));
        Some(Failing { name, alert, when })
    });
    Ok(failing.collect())
}

#[component]
pub(super) fn People(failing: Vec<Failing>) -> impl IntoView {
    if failing.is_empty() {
        return ().into_any();
    }
    let beside = view! { <Badge text=failing.len().to_string() tone=Tone::Danger plain=true /> }.into_any();
    let rows = failing.into_iter().map(|Failing { name, alert, when }| {
        let provider = alert.connection.provider;
        let why = Reason::stored(&alert.reason).map(Reason::sentence).unwrap_or_default();
        view! {
            <li>
                <PersonLine name detail=format!("{}, {when}. {why}", provider.label())>
                    <ProviderMark provider=provider.into() />
                </PersonLine>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card tone=Tone::Danger>
            <CardHead
                title="Keeps failing"
                sub="Their calendars failed more than five times within an hour. It ends by itself when they answer."
                beside
            />
            <ul class="rows">{rows}</ul>
        </Card>
    }
    .into_any()
}
