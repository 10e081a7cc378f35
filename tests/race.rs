//! Many candidates at once, on times that exclude each other: exactly one winner for each, nobody taken twice, nobody told
//! "booked" who is not, and everybody else told why.
//!
//! 2,000 confirmations on each database, 10,000 with `SOAK=1`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use crate::story::{Asked, TestApp, stories};
use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    audit::Origin,
    booking::{
        BookError,
        book::{self, Choice},
    },
    ids::{BookingId, PersonId},
    requests,
};
use sea_orm::{ConnectionTrait, Statement};

/// Confirmations under way at once.
const SIDE_BY_SIDE: usize = 24;
const PEOPLE: usize = 10;

/// One form that is sent.
struct Racer {
    asked: Arc<Asked>,
    people: Arc<BTreeSet<PersonId>>,
    minutes: i64,
    choice: Choice,
}

/// What the sender was told.
enum Told {
    Booked(BookingId),
    Refused(BookError),
}

stories! {
    async fn every_contested_time_has_one_winner(app) {
        let confirmations = if std::env::var("SOAK").is_ok() { 10_000 } else { 2_000 };
        let racers = Arc::new(racers(&app, confirmations).await);
        let begun = Instant::now();
        let told = race(&app, racers.clone()).await;
        let seconds = begun.elapsed().as_secs_f64();
        judge(&app, &racers, &told, seconds).await;
    }
}

/// Requests for panels of one to five of ten people and 30, 45 or 60 minutes, and the forms their candidates send: most one,
/// some the same one twice, some two for different times. Sorted by time, so that those who exclude each other run together.
async fn racers(app: &TestApp, confirmations: usize) -> Vec<Racer> {
    let dice = Dice::default();
    let mut racers = Vec::with_capacity(confirmations);
    while racers.len() < confirmations {
        let (first, size) = (dice.roll(PEOPLE), 1 + dice.roll(5));
        // Neighbours in a circle: panels share people in every combination.
        let panel: Vec<String> = (0..size).map(|n| format!("p{}@example.com", (first + 3 * n) % PEOPLE)).collect();
        let minutes = [30, 45, 60][dice.roll(3)];
        let asked = app
            .asks(|draft| {
                draft.interviewers = panel.join(" ");
                draft.duration = minutes.to_string();
                // Calendars are the stories' business; here the database is raced.
                (draft.unknown_start, draft.unknown_end) = ("08:00".into(), "18:00".into());
            })
            .await;
        let panel = requests::panel(app.store().reader(), app.org, asked.id).await.expect("a panel");
        let (asked, people) = (Arc::new(asked), Arc::new(panel.required().into_iter().collect()));
        let start = || app.time(dice.roll(2) as u64, "08:00") + TimeDelta::minutes(15 * dice.roll(36) as i64);
        let racer = |choice| Racer { asked: asked.clone(), people: Arc::clone(&people), minutes, choice };
        let choice = app.choice(start());
        match dice.roll(10) {
            // Sent twice.
            0 => racers.extend([racer(choice.clone()), racer(choice)]),
            // Two tabs, two times.
            1 => racers.extend([racer(choice), racer(app.choice(start()))]),
            _ => racers.push(racer(choice)),
        }
    }
    racers.truncate(confirmations);
    racers.sort_by_key(|racer| racer.choice.start);
    racers
}

async fn race(app: &TestApp, racers: Arc<Vec<Racer>>) -> Vec<Told> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let (state, racers, next) = (app.state.clone(), racers.clone(), next.clone());
        tasks.spawn(async move {
            let mut told = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(racer) = racers.get(at) else { return told };
                let answer = book::book(&state, &racer.asked.token, &racer.choice, &Origin::default()).await;
                told.push((at, answer.map_or_else(Told::Refused, |booking| Told::Booked(booking.id))));
            }
        });
    }
    let mut all: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    all.sort_by_key(|(at, _)| *at);
    assert_eq!(all.len(), racers.len(), "everybody is told something");
    all.into_iter().map(|(_, told)| told).collect()
}

/// Who is taken when, as the database has it.
async fn taken(app: &TestApp) -> Vec<(PersonId, DateTime<Utc>, DateTime<Utc>)> {
    app.taken().await
}

async fn judge(app: &TestApp, racers: &[Racer], told: &[Told], seconds: f64) {
    app.no_overlap().await;
    let taken = taken(app).await;
    let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
    let mut winners: BTreeMap<BookingId, usize> = BTreeMap::new();
    for (at, (racer, told)) in racers.iter().zip(told).enumerate() {
        let (start, end) = (racer.choice.start, racer.choice.start + TimeDelta::minutes(racer.minutes));
        let mine = |person: &PersonId| racer.people.contains(person);
        match told {
            Told::Booked(id) => {
                if let Some(first) = winners.insert(*id, at) {
                    let twin = &racers[first];
                    assert_eq!((twin.asked.id, twin.choice.start), (racer.asked.id, start), "one answer for one form");
                }
                // Everybody of the panel is taken then, and for this booking.
                let these = taken.iter().filter(|(who, from, until)| mine(who) && (*from, *until) == (start, end));
                assert_eq!(these.count(), racer.people.len(), "acknowledged and not in the database");
            }
            Told::Refused(error) => {
                *by_kind.entry(format!("{error:?}")).or_default() += 1;
                match error {
                    BookError::SlotTaken => {
                        let in_the_way =
                            |(who, from, until): &(PersonId, _, _)| mine(who) && *from < end && start < *until;
                        assert!(taken.iter().any(in_the_way), "nobody took {start} from racer {at}");
                    }
                    BookError::AlreadyBooked => {
                        let booking = convene::booking::latest(app.store().reader(), app.org, racer.asked.id).await;
                        assert!(booking.expect("the store answers").is_some_and(|booking| booking.is_live()));
                    }
                    other => panic!("racer {at} was told {other:?}"),
                }
            }
        }
    }
    let sql = "SELECT count(*) FROM bookings WHERE status = 'confirmed'";
    let row = app.store().reader().query_one_raw(Statement::from_string(app.store().backend(), sql)).await;
    let stored: i64 = row.expect("answered").expect("a row").try_get_by_index(0).expect("a number");
    assert_eq!(stored, winners.len() as i64, "every acknowledged booking is there, and no other");
    assert!(winners.len() > PEOPLE, "the race was one");
    println!(
        "{}: {} confirmations, {SIDE_BY_SIDE} at once, {} bookings, refused {by_kind:?}, {seconds:.1} s",
        app.home.kind,
        racers.len(),
        winners.len()
    );
}

/// Numbers that are the same in every run, so that a failure can be run again.
#[derive(Default)]
struct Dice(std::cell::Cell<u64>);

impl Dice {
    /// One of `sides` numbers from 0 (splitmix64).
    fn roll(&self, sides: usize) -> usize {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut bits = self.0.get();
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % sides as u64) as usize
    }
}
