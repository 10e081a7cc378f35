//! Everything that happens by itself, in one list.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::sync::watch;

use crate::{
    booking::offer,
    connections::{alerts, tokens},
    outbox::{self, depths},
    state::AppState,
    store::{
        Stamp, StoreError,
        entities::{api_calls, channels, idempotency_keys, oauth_attempts, rate_windows, sessions, webhook_deliveries},
        words::{ChannelStatus, DeliveryStatus},
    },
    sync,
};

/// How often connected calendars are read again, so that pages answer from what is stored.
const READ_CALENDARS: Duration = Duration::from_secs(4 * 60);
/// How often to see which calendars are due to be read, and which channels to be seen to.
const TEND: Duration = Duration::from_secs(15);
/// How often tokens that end within five minutes are refreshed, whoever needs them.
const REFRESH_TOKENS: Duration = Duration::from_secs(3 * 60);
/// How often what has expired is swept out.
const SWEEP: Duration = Duration::from_secs(10 * 60);
/// How often it is written down how much waits: several times within one sample's stretch, for it counts once.
const SAMPLE: Duration = Duration::from_secs(60);
/// Form keys answer repeats for this long.
const KEYS_KEPT: TimeDelta = TimeDelta::hours(72);
/// The last channel of a calendar says when to ask for another; older ones tell nothing.
const CHANNELS_KEPT: TimeDelta = TimeDelta::days(14);
/// What webhooks were told can be seen and sent again for this long.
const DELIVERIES_KEPT: TimeDelta = TimeDelta::days(30);

pub async fn run(state: AppState, stop: watch::Receiver<bool>) {
    tokio::join!(
        every(READ_CALENDARS, stop.clone(), || async {
            offer::refresh(&state).await.unwrap_or_else(|error| tracing::warn!(%error, "calendars were not read"));
        }),
        every(TEND, stop.clone(), || async {
            sync::tend(&state).await.unwrap_or_else(|error| tracing::warn!(%error, "calendars were not seen to"));
        }),
        every(REFRESH_TOKENS, stop.clone(), || async {
            let kept = tokens::keep_fresh(&state.services).await;
            kept.unwrap_or_else(|error| tracing::warn!(%error, "tokens were not refreshed ahead"));
        }),
        every(SAMPLE, stop.clone(), || async {
            depths::sample(&state.store)
                .await
                .unwrap_or_else(|error| tracing::warn!(%error, "the queue was not measured"));
        }),
        every(SWEEP, stop, || async {
            sweep(&state).await.unwrap_or_else(|error| tracing::warn!(%error, "expired rows were not swept"));
        }),
    );
}

/// Runs `work` after each period, a little late by chance so that several processes do not march in step.
async fn every<F: Future<Output = ()>>(period: Duration, mut stop: watch::Receiver<bool>, work: impl Fn() -> F) {
    loop {
        let late = period.mul_f64(f64::from(crate::ids::random_bytes()[0]) / 255.0 * 0.25);
        let round = async {
            tokio::time::sleep(period + late).await;
            work().await;
        };
        tokio::select! {
            () = round => {}
            _ = stop.changed() => return,
        }
    }
}

/// Removes what is past its time: sign-ins never finished, sessions, answered form keys, old counters. Wakes jobs that wait for a
/// connection which works.
pub async fn sweep(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let before = |age: TimeDelta| Stamp::from(now - age);
    let txn = state.store.begin().await?;
    oauth_attempts::Entity::delete_many()
        .filter(oauth_attempts::Column::ExpiresAt.lt(before(TimeDelta::zero())))
        .exec(&*txn)
        .await?;
    sessions::Entity::delete_many()
        .filter(sessions::Column::ExpiresAt.lt(before(TimeDelta::zero())))
        .exec(&*txn)
        .await?;
    idempotency_keys::Entity::delete_many()
        .filter(idempotency_keys::Column::CreatedAt.lt(before(KEYS_KEPT)))
        .exec(&*txn)
        .await?;
    api_calls::Entity::delete_many().filter(api_calls::Column::CreatedAt.lt(before(KEYS_KEPT))).exec(&*txn).await?;
    webhook_deliveries::Entity::delete_many()
        .filter(webhook_deliveries::Column::CreatedAt.lt(before(DELIVERIES_KEPT)))
        .filter(webhook_deliveries::Column::Status.ne(DeliveryStatus::Queued))
        .exec(&*txn)
        .await?;
    rate_windows::Entity::delete_many()
        .filter(rate_windows::Column::WindowStart.lt(before(TimeDelta::days(1))))
        .exec(&*txn)
        .await?;
    channels::Entity::delete_many()
        .filter(channels::Column::Status.eq(ChannelStatus::Ended))
        .filter(channels::Column::CreatedAt.lt(before(CHANNELS_KEPT)))
        .exec(&*txn)
        .await?;
    alerts::sweep(&txn, now).await?;
    depths::sweep(&txn, now).await?;
    outbox::unpark_usable(&txn).await?;
    txn.commit().await
}
