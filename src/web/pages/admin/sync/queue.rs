//! What waits to be done, how long it has, and how much waited over the last hours.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::{
    error::AppError,
    outbox::depths::{self, Phase},
    people::Admin,
    web::{
        components::{Badge, Card, CardHead, Column, DataTable, EmptyState, Glyph, Sparkline, Tone},
        pages::staff::Desk,
        wording::{lasting, work},
    },
};

/// How far back the curves go.
const HOURS: i64 = 6;
/// Whoever's turn came so long ago waits too long: workers look every second.
const TOO_LONG: Duration = Duration::from_secs(5 * 60);

/// The jobs of one kind.
#[derive(Default)]
pub(super) struct Line {
    waiting: u64,
    oldest: Option<Duration>,
    later: u64,
    parked: u64,
    history: Vec<u64>,
}

/// By kind.
pub(super) type Lines = BTreeMap<String, Line>;

pub(super) async fn load(desk: &Desk<Admin>) -> Result<Lines, AppError> {
    let (db, org) = (desk.state.store.reader(), desk.me().org);
    let mut lines = Lines::new();
    for depth in depths::depths(db, Some(org)).await? {
        let line = lines.entry(depth.kind).or_default();
        match depth.phase {
            Phase::Due => {
                line.waiting += depth.count;
                line.oldest = line.oldest.max(depth.oldest);
            }
            Phase::Running => line.waiting += depth.count,
            Phase::Later => line.later += depth.count,
            Phase::Parked => line.parked += depth.count,
            // They have a part of their own.
            Phase::Dead => {}
        }
    }
    for (kind, values) in depths::history(db, org, TimeDelta::hours(HOURS)).await? {
        lines.entry(kind).or_default().history = values;
    }
    lines.retain(|_, line| line.waiting + line.later + line.parked > 0 || !line.history.is_empty());
    Ok(lines)
}

#[component]
pub(super) fn Queue(queue: Lines) -> impl IntoView {
    let slow = queue.values().any(|line| line.oldest.is_some_and(|oldest| oldest > TOO_LONG));
    let empty = queue.is_empty().then(|| {
        let sentence = "Mails, calendar entries and reminders wait here until they are sent or written.";
        view! { <EmptyState glyph=Glyph::CircleCheck title="Nothing waits" sentence /> }.into_any()
    });
    let rows = queue.into_iter().map(|(kind, line)| {
        let most = line.history.iter().max().copied().unwrap_or_default().max(line.waiting);
        // Counts are small.
        #[allow(clippy::cast_precision_loss)]
        let mut values: Vec<f64> = line.history.iter().map(|value| *value as f64).collect();
        #[allow(clippy::cast_precision_loss)]
        values.push(line.waiting as f64);
        let label = format!("Waiting over the last {HOURS} hours: {} now, {most} at most", line.waiting);
        let tone = if line.oldest.is_some_and(|oldest| oldest > TOO_LONG) { Tone::Danger } else { Tone::Neutral };
        view! {
            <tr>
                <td data-label="What"><span class="td-main">{work(&kind)}</span></td>
                <td data-label="Waiting" class="r">{line.waiting.to_string()}</td>
                <td data-label="Oldest">{line.oldest.map_or_else(|| "none".to_owned(), lasting)}</td>
                <td data-label="Later" class="r">{line.later.to_string()}</td>
                <td data-label="For a calendar" class="r">{line.parked.to_string()}</td>
                <td data-label="Last hours"><div class="w-32"><Sparkline values label tone /></div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![
        Column::new("What"),
        Column::numeric("Waiting"),
        Column::new("Oldest"),
        Column::numeric("Later"),
        Column::numeric("For a calendar"),
        Column::new(format!("Last {HOURS} hours")),
    ];
    let beside = slow.then(|| view! { <Badge text="Slow" tone=Tone::Danger /> }.into_any());
    view! {
        <Card>
            <CardHead
                title="Queue"
                sub="Waiting: its turn has come. Later: a reminder, or the next try. For a calendar: its owner has to mend it first."
                beside
            />
            <DataTable caption="What waits, by kind" columns empty>
                {rows}
            </DataTable>
        </Card>
    }
    .into_any()
}
