//! What was given up, with why, and the buttons that try again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use leptos::prelude::*;

use crate::{
    error::AppError,
    outbox::{self, DeadLetter},
    people::Admin,
    web::{
        components::{Badge, Button, ButtonSize, Card, CardBody, CardHead, Tone},
        pages::staff::Desk,
        wording::{ago, full, given_up, work},
    },
};

/// Letters shown of each kind; the rest is counted.
const SHOWN: usize = 20;

/// What was given up, by kind, the latest first.
pub(super) struct Dead {
    letters: BTreeMap<String, Vec<DeadLetter>>,
    now: DateTime<Utc>,
    zone: Tz,
}

pub(super) async fn load(desk: &Desk<Admin>) -> Result<Dead, AppError> {
    let (db, me) = (desk.state.store.reader(), desk.me());
    let mut letters: BTreeMap<String, Vec<DeadLetter>> = BTreeMap::new();
    for letter in outbox::dead_letters(db, me.org, outbox::MOST_AT_ONCE).await? {
        letters.entry(letter.kind.clone()).or_default().push(letter);
    }
    Ok(Dead { letters, now: desk.state.clock.now(), zone: me.clock() })
}

#[component]
pub(super) fn Letters(dead: Dead) -> impl IntoView {
    let Dead { letters, now, zone } = dead;
    let count: usize = letters.values().map(Vec::len).sum();
    let beside =
        (count > 0).then(|| view! { <Badge text=count.to_string() tone=Tone::Danger plain=true /> }.into_any());
    let kinds = letters.into_iter().map(|(kind, letters)| {
        let more = letters.len().saturating_sub(SHOWN);
        let (all, what) = (letters.len(), given_up(&kind));
        let rows = letters.into_iter().take(SHOWN).map(|letter| {
            let failed = letter.failed_at;
            view! {
                <li class="row justify-between">
                    <div>
                        <p class="h3">{what}</p>
                        <p class="hint">
                            {letter.reason.sentence()} " Given up "
                            <time datetime=failed.to_rfc3339() title=full(failed, zone)>{ago(failed, now)}</time> "."
                        </p>
                    </div>
                    <form method="post" action="/admin/sync/retry">
                        <input type="hidden" name="job" value=letter.id.to_string() />
                        <Button label="Try again" size=ButtonSize::Small />
                    </form>
                </li>
            }
        });
        let rows = rows.collect_view();
        let label = format!("Try all {all} again");
        let every = (all > 1).then(|| {
            view! {
                <form method="post" action="/admin/sync/retry">
                    <input type="hidden" name="kind" value=kind.clone() />
                    <Button label size=ButtonSize::Small attr:aria-label=format!("Try all {all} again: {}", work(&kind)) />
                </form>
            }
        });
        let more = (more > 0).then(|| view! { <p class="hint">{format!("And {more} more.")}</p> });
        let foot = (every.is_some() || more.is_some())
            .then(|| view! { <li class="row justify-between"><div>{more}</div> {every}</li> });
        view! { {rows} {foot} }
    });
    let kinds = kinds.collect_view();
    let nothing = (count == 0).then(|| {
        view! { <CardBody><p class="hint">"Nothing was given up."</p></CardBody> }
    });
    view! {
        <Card>
            <CardHead title="Given up" sub="We have stopped trying. Mend the reason first, then try again." beside />
            {nothing}
            <ul class="rows">{kinds}</ul>
        </Card>
    }
    .into_any()
}
