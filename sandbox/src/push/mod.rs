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
    let mut lanes: HashMap<String, mpsc::UnboundedSender<Sealed>> = HashMap::new();
    let mut workers = JoinSet::new();
    loop {
        bell.notified().await;
        let (pushes, generation) = {
            let mut state = world.lock();
            (due(&mut state), world.generation())
        };
        for push in pushes {
            let lane = lane_of(&push);
            let sender = lanes.entry(lane).or_insert_with(|| {
                let (sender, receiver) = mpsc::unbounded_channel();
                workers.spawn(lane_worker(world.clone(), receiver));
                sender
            });
            // A lane ends with this function only.
            let _ = sender.send((push, generation));
        }
    }
}

/// A message and the generation of the world it is of.
type Sealed = (Push, u64);

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

async fn lane_worker(world: World, mut queue: mpsc::UnboundedReceiver<Sealed>) {
    let mut sending = JoinSet::new();
    let mut held: Option<Sealed> = None;
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
            Some(sealed) if sealed.0.fate.reorder && held.is_none() => held = Some(sealed),
            next => {
                for (push, generation) in next.into_iter().chain(held.take()) {
                    let (tried, first_try) = oneshot::channel();
                    sending.spawn(courier::send(world.clone(), push, generation, Some(tried)));
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
    tokio::spawn(courier::send(world.clone(), push, world.generation(), Some(tried)));
    let _ = tokio::time::timeout(wait, first_try).await;
}

/// Sends many at once, so many at a time; nobody waits.
pub fn storm(world: &World, pushes: Vec<Push>, at_once: usize) {
    let seats = Arc::new(tokio::sync::Semaphore::new(at_once.max(1)));
    let generation = world.generation();
    for mut push in pushes {
        world.lock().remember_push(&mut push);
        let (world, seats) = (world.clone(), seats.clone());
        tokio::spawn(async move {
            let _seat = seats.acquire().await;
            courier::send(world, push, generation, None).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;

    use super::*;
    use crate::faults::{Fault, Kind, Match};
    use crate::world::channels::ChannelKind;
    use crate::world::pushes::{Outcome, PushKind};
    use crate::world::{Event, Service};

    const ANA: &str = "ana.alvarez@example.com";
    const CHLOE: &str = "chloe.dubois@example.org";

    fn watch(state: &mut State, provider: Provider, account: &str, id: &str) {
        let calendar = state.primary(account).map(|calendar| calendar.id.clone());
        let kind = match provider {
            Provider::Google => {
                ChannelKind::Google { resource_id: "r".into(), resource_uri: "u".into(), message_number: 1 }
            }
            _ => ChannelKind::Microsoft {
                resource: "me/events".into(),
                change_types: BTreeSet::from(["created", "updated", "deleted"].map(str::to_owned)),
                immutable_ids: true,
                tls_version: "v1_2".into(),
                reauthorization_due: false,
            },
        };
        let now = state.now();
        let opened = state.channels.open(Channel {
            provider,
            id: id.into(),
            account: account.into(),
            client_id: "c".into(),
            calendar,
            address: "http://127.0.0.1:9/hook".into(),
            lifecycle_address: None,
            token: Some("secret".into()),
            created: now,
            expires: now + TimeDelta::days(1),
            kind,
        });
        assert!(opened);
    }

    fn some_event(state: &State, account: &str) -> Event {
        let calendar = state.primary(account).expect("a main calendar").id.clone();
        state.events_in(&calendar).next().expect("a seeded event").clone()
    }

    fn told(pushes: &[Push]) -> Vec<Vec<String>> {
        pushes.iter().map(|push| push.channels.clone()).collect()
    }

    #[test]
    fn a_change_is_told_once_to_each_who_watches_its_calendar() {
        let mut state = State::seeded();
        let event = some_event(&state, ANA);
        state.put(event.clone());
        for (account, id) in [(ANA, "one"), ("ben.okafor@example.com", "two"), (ANA, "three")] {
            watch(&mut state, Provider::Google, account, id);
        }
        assert!(due(&mut state).is_empty(), "what was before nobody watched");
        state.put(event.clone());
        state.touch(&event.calendar, &event.id);
        assert_eq!(told(&due(&mut state)), [["one"], ["three"]]);
        assert!(due(&mut state).is_empty());
        state.advance(TimeDelta::days(1));
        state.put(event);
        assert!(due(&mut state).is_empty(), "their time is over");
    }

    #[test]
    fn one_request_carries_what_one_address_is_told_unless_a_fault_wants_it_alone() {
        let mut state = State::seeded();
        watch(&mut state, Provider::Microsoft, CHLOE, "one");
        watch(&mut state, Provider::Microsoft, CHLOE, "two");
        let event = some_event(&state, CHLOE);
        let drop = Fault {
            id: 1,
            provider: Service::Microsoft,
            kind: Kind::PushDrop,
            matching: Match::default(),
            times: Some(1),
            until: None,
            about_tokens: false,
        };
        state.put(event.clone());
        let pushes = due(&mut state);
        assert_eq!(told(&pushes), [["one", "two"]]);
        let items = pushes[0].body.as_ref().expect("a body")["value"].clone();
        assert_eq!(items[0]["changeType"], "updated");
        assert_eq!(items[1]["subscriptionId"], "two");
        state.faults.add(drop);
        state.put(event);
        let pushes = due(&mut state);
        assert_eq!(told(&pushes), [["one"], ["two"]]);
        let outcomes: Vec<_> = state.pushes.iter().map(|record| record.outcome).collect();
        assert_eq!(outcomes, [Outcome::Pending, Outcome::Dropped, Outcome::Pending]);
    }

    #[test]
    fn a_calendar_that_is_deleted_is_the_last_that_is_told() {
        let mut state = State::seeded();
        watch(&mut state, Provider::Google, ANA, "one");
        let calendar = state.primary(ANA).expect("Ana's calendar").id.clone();
        state.remove_calendar(&calendar);
        let pushes = due(&mut state);
        assert_eq!(pushes.iter().map(|push| push.kind).collect::<Vec<_>>(), [PushKind::Gone]);
        assert_eq!(state.channels.live(state.now()).count(), 0);
        let shown = serde_json::to_string(&state.pushes).expect("records are JSON");
        assert!(!shown.contains("secret"));
    }
}
