//! Telling those who watch calendars.
//!
//! ```text
//! State::put, State::touch -> news -> here: one push a channel -> its lane (first tries, in order) -> retries
//! ```
//!
//! What a push says is its provider's business (`google::pushed`, `microsoft::pushed`); how it travels, what faults do to it
//! and when it is sent again is here. A newcomer would wait for the receiver: nothing here holds the state while it does.

/// Sending one message, and sending it again.
mod courier;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub use courier::{Validation, validate};

use crate::world::channels::Channel;
use crate::world::{Provider, Push, State, World};

/// How long a held-back message waits for one to let pass.
const HELD: Duration = Duration::from_secs(2);

/// Sends pushes until it is dropped.
pub async fn run(world: World) {
    let bell = world.bell();
    let mut lanes: HashMap<String, mpsc::UnboundedSender<Push>> = HashMap::new();
    let mut workers = JoinSet::new();
    loop {
        bell.notified().await;
        let pushes = due(&mut world.lock());
        for push in pushes {
            let lane = lane_of(&push);
            let sender = lanes.entry(lane).or_insert_with(|| {
                let (sender, receiver) = mpsc::unbounded_channel();
                workers.spawn(lane_worker(world.clone(), receiver));
                sender
            });
            // A lane ends with this function only.
            let _ = sender.send(push);
        }
    }
}

/// What is to be sent now: made of what was written, and what others put on its way.
fn due(state: &mut State) -> Vec<Push> {
    let now = state.now();
    let mut pushes = std::mem::take(&mut state.outgoing);
    let news = std::mem::take(&mut state.news);
    let watching: Vec<Channel> =
        state.channels.live(now).filter(|channel| news.iter().any(|news| channel.watches(news))).cloned().collect();
    for provider in [Provider::Google, Provider::Microsoft] {
        let channels: Vec<&Channel> = watching.iter().filter(|channel| channel.provider == provider).collect();
        pushes.extend(match provider {
            Provider::Google => crate::google::pushed(state, &channels, &news),
            Provider::Microsoft => crate::microsoft::pushed(state, &channels, &news),
            Provider::Apple => Vec::new(),
        });
    }
    for push in &mut pushes {
        state.remember_push(push);
    }
    pushes
}

/// First tries of one lane are made one after the other: a channel's at Google, an address's at Microsoft.
fn lane_of(push: &Push) -> String {
    match (push.provider, push.channels.as_slice()) {
        (Provider::Google, [channel]) => channel.clone(),
        _ => push.url.clone(),
    }
}

async fn lane_worker(world: World, mut queue: mpsc::UnboundedReceiver<Push>) {
    let mut sending = JoinSet::new();
    let mut held: Option<Push> = None;
    loop {
        let next = match held {
            Some(_) => tokio::time::timeout(HELD, queue.recv()).await,
            None => Ok(queue.recv().await),
        };
        let next = match next {
            Ok(Some(push)) => Some(push),
            Ok(None) => return,
            Err(_) => None,
        };
        while sending.try_join_next().is_some() {}
        match next {
            Some(push) if push.fate.reorder && held.is_none() => held = Some(push),
            next => {
                for push in next.into_iter().chain(held.take()) {
                    let (tried, first_try) = oneshot::channel();
                    sending.spawn(courier::send(world.clone(), push, Some(tried)));
                    // An error means that the sender gave up without a try.
                    let _ = first_try.await;
                }
            }
        }
    }
}

/// Sends a message at once and waits for the first try, though not longer than this. The sending goes on by itself.
pub async fn send_first(world: &World, mut push: Push, wait: Duration) {
    world.lock().remember_push(&mut push);
    let (tried, first_try) = oneshot::channel();
    tokio::spawn(courier::send(world.clone(), push, Some(tried)));
    let _ = tokio::time::timeout(wait, first_try).await;
}

/// Sends many at once, so many at a time; nobody waits.
pub fn storm(world: &World, pushes: Vec<Push>, at_once: usize) {
    let seats = Arc::new(tokio::sync::Semaphore::new(at_once.max(1)));
    for mut push in pushes {
        world.lock().remember_push(&mut push);
        let (world, seats) = (world.clone(), seats.clone());
        tokio::spawn(async move {
            let _seat = seats.acquire().await;
            courier::send(world, push, None).await;
        });
    }
}
