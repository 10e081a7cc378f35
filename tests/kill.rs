//! Convene is killed at random moments while candidates book, move and cancel over HTTP, and started again; afterwards what
//! candidates were told, what the database says and what stands on the coordinator's calendar are the same.
//!
//! The real program, on a database kept across restarts, against the sandbox and a mail server in this process. Six kills on
//! each database in `make test`, two hundred with `SOAK=1`; `KILLS` names another number. PostgreSQL itself lives on.

mod candidate;
pub mod postbox;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::story::{Home, on_postgres, on_sqlite};
use candidate::Told;
use convene::store::{
    entities::{bookings, events, jobs, messages, placements},
    words::{BookingStatus, EventStatus, JobStatus, MessageStatus},
};
use sea_orm::EntityTrait;
use world::{Random, World};

/// Interviews asked for, for each kill.
const REQUESTS_PER_KILL: usize = 8;
/// Candidates at their keyboards at once.
const CANDIDATES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_left_over_when_the_program_is_killed_on_sqlite() {
    nothing_is_lost_doubled_or_left_over(on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_left_over_when_the_program_is_killed_on_postgres() {
    match on_postgres().await {
        Some(home) => nothing_is_lost_doubled_or_left_over(home).await,
        None => eprintln!("TEST_POSTGRES_URL is not set: not told on PostgreSQL"),
    }
}

async fn nothing_is_lost_doubled_or_left_over(home: Home) {
    let kills = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok());
    let kills: usize = kills.unwrap_or(if std::env::var("SOAK").is_ok() { 200 } else { 6 });
    let world = Arc::new(World::open(home).await);
    let links = Arc::new(world.ask(kills * REQUESTS_PER_KILL).await);
    let begun = Instant::now();

    let done = Arc::new(AtomicUsize::new(0));
    let next = Arc::new(AtomicUsize::new(0));
    let mut candidates = tokio::task::JoinSet::new();
    for _ in 0..CANDIDATES {
        let (base, links, next, done) = (world.base(), links.clone(), next.clone(), done.clone());
        candidates.spawn(async move {
            let mut told = Vec::new();
            while let Some(link) = links.get(next.fetch_add(1, Ordering::Relaxed)) {
                told.push(candidate::lives(&base, link).await);
                done.fetch_add(1, Ordering::Relaxed);
            }
            told
        });
    }

    let random = Random::new();
    for kill in 1..=kills {
        let mut program = world.start().await;
        // Some work done first, so that a kill meets the program in the middle of it and not only at its start.
        let enough = done.load(Ordering::Relaxed) + 1 + random.below(2 * REQUESTS_PER_KILL as u64 - 1) as usize;
        while done.load(Ordering::Relaxed) < enough.min(kill * REQUESTS_PER_KILL).min(links.len()) {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        tokio::time::sleep(Duration::from_millis(random.below(120))).await;
        program.kill().await.expect("killed");
        world.leases_run_out().await;
    }
    let mut program = world.start().await;
    let told: Vec<Told> = candidates.join_all().await.into_iter().flatten().collect();
    world.outbox_empties().await;
    program.kill().await.expect("ended");
    judge(&world, &told, kills, begun.elapsed()).await;
}

async fn judge(world: &World, told: &[Told], kills: usize, took: Duration) {
    let db = world.store().reader();
    let bookings = bookings::Entity::find().all(db).await.expect("bookings");
    let events = events::Entity::find().all(db).await.expect("events");
    let placements = placements::Entity::find().all(db).await.expect("placements");

    // I3, I4: what a candidate was told last is what is stored, and nothing else is.
    let mut live = 0;
    for one in told {
        let theirs = bookings.iter().filter(|booking| booking.request_id == one.request);
        let standing: Vec<_> = theirs.filter(|booking| booking.status == BookingStatus::Confirmed).collect();
        match one.start {
            Some(start) => {
                live += 1;
                assert_eq!(standing.len(), 1, "a booking was lost: {one:?}");
                assert_eq!(standing[0].starts_at.at(), start, "{one:?}");
            }
            None => assert!(standing.is_empty(), "a booking nobody was told of: {one:?} {standing:?}"),
        }
    }
    let confirmed = bookings.iter().filter(|booking| booking.status == BookingStatus::Confirmed).count();
    assert_eq!(confirmed, live);

    // I5, I6: each living booking stands once on the calendar, and nothing else of ours does.
    let mut ours: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for remote in world.on_calendar().await {
        ours.entry(remote.marker.clone()).or_default().push(remote);
    }
    for event in events.iter().filter(|event| event.status == EventStatus::Confirmed) {
        let there = ours.remove(&event.id.to_string()).unwrap_or_default();
        assert_eq!(there.len(), 1, "an event was lost or doubled: {event:?} {there:?}");
        assert_eq!(there[0].start, event.starts_at.at());
        let placement = placements.iter().find(|placement| placement.event_id == event.id).expect("a placement");
        assert_eq!((placement.provider_id.as_str(), placement.placed_revision), (there[0].id.as_str(), event.revision));
    }
    assert!(ours.is_empty(), "events that nobody wants: {ours:?}");

    // I7: every promise ended.
    let unfinished = |job: &&jobs::Model| !matches!(job.status, JobStatus::Done | JobStatus::Superseded);
    let jobs = jobs::Entity::find().all(db).await.expect("jobs");
    let left: Vec<_> = jobs.iter().filter(unfinished).collect();
    assert!(left.is_empty(), "{left:?}");

    // I8: every message arrived; twice only under the same Message-ID.
    let messages = messages::Entity::find().all(db).await.expect("messages");
    let arrived = world.postbox().ids();
    for message in &messages {
        assert_eq!(message.status, MessageStatus::Sent, "{} {}", message.kind, message.message_id);
        assert!(arrived.contains(&message.message_id), "{} never arrived", message.kind);
    }
    let distinct: BTreeSet<_> = arrived.iter().collect();
    assert_eq!(distinct.len(), messages.len(), "mails that are in no row");

    let retaken = jobs.iter().filter(|job| job.attempts > 1).count();
    println!(
        "{}: {kills} kills: {} candidates, {live} interviews stand, {} were cancelled, {} jobs ({retaken} run again), \
         {} mails ({} sent again), {:.0} s",
        world.database(),
        told.len(),
        told.iter().filter(|one| one.was_cancelled).count(),
        jobs.len(),
        messages.len(),
        arrived.len() - distinct.len(),
        took.as_secs_f64()
    );
    assert!(live > 0, "nothing was booked, so nothing was shown");
}
