//! Workers that crash, freeze, panic, or work beside each other.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use convene::{
    calendars::{
        AccessToken, Account, Calendar, CalendarError, CalendarInfo, EventDraft, Heard, Placed, RemoteEvent, Removal,
        memory::Memory,
    },
    outbox::{Claimed, JobError, Reason},
    scheduling::interval::Interval,
    store::words::JobStatus,
    worker,
};
use tokio::sync::{Notify, watch};

use crate::story::{TestApp, stories};

const BEN: &str = "ben@example.com";

stories! {
    async fn a_lease_that_ran_out_is_taken_over_and_its_holder_fenced(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.run("UPDATE jobs SET status = 'done' WHERE kind <> 'place_event'").await;

        let first = claim(&app, "first").await.expect("a job");
        assert!(claim(&app, "second").await.is_none(), "it is the first one's");
        // The first is not heard of for longer than its lease.
        app.run("UPDATE jobs SET lease_until = 1 WHERE status = 'running'").await;
        let second = claim(&app, "second").await.expect("taken over");
        assert_eq!((second.lease.job, second.attempts), (first.lease.job, 1));

        // Whatever the first one says now changes nothing.
        first.lease.heartbeat(app.store()).await.expect("answered");
        fails(&app, &first, JobError::GiveUp { reason: Reason::Gone }).await;
        first.done(app.store()).await.expect("answered");
        let running = app.jobs_with(JobStatus::Running).await;
        assert_eq!((running.len(), running[0].lease_owner.as_deref()), (1, Some("second")));
        assert_eq!(running[0].last_error, "");
        second.done(app.store()).await.expect("answered");
        assert_eq!(app.jobs_with(JobStatus::Running).await.len(), 0);
        assert!(claim(&app, "third").await.is_none());
    }

    async fn a_heartbeat_keeps_the_lease(app) {
        let job = one_job(&app).await;
        app.run("UPDATE jobs SET lease_until = 1 WHERE status = 'running'").await;
        job.lease.heartbeat(app.store()).await.expect("answered");
        assert!(claim(&app, "second").await.is_none());
    }

    async fn jobs_of_one_subject_run_one_at_a_time_oldest_first(app) {
        let asked = app.asks(|draft| {
            draft.interviewers = crate::story::ANA.into();
            (draft.unknown_start, draft.unknown_end) = ("09:00".into(), "17:00".into());
        }).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.run("UPDATE jobs SET run_at = 0").await;
        let mut claimed = Vec::new();
        while let Some(job) = claim(&app, "one").await {
            claimed.push(job);
        }
        let mut subjects: Vec<_> = app.jobs_with(JobStatus::Running).await.into_iter().map(|job| job.subject).collect();
        subjects.sort();
        let all = subjects.len();
        subjects.dedup();
        assert_eq!((subjects.len(), claimed.len()), (all, all), "one running job for each subject");
        assert_eq!(all, 2, "to Ana and to Priya");
        let queued = app.jobs_with(JobStatus::Queued).await;
        let running = app.jobs_with(JobStatus::Running).await;
        for later in &queued {
            assert!(running.iter().any(|job| job.subject == later.subject && job.id < later.id));
        }
    }

    async fn many_workers_keep_each_promise_once(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        for hour in ["09:00", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00"] {
            let asked = app.asks(|_| ()).await;
            app.book(&asked, app.time(0, hour)).await.expect("booked");
        }
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            // Each its own process as far as the database can tell.
            let mut state = app.state.clone();
            state.store = crate::story::twin(&app.home).await;
            state.services.store = state.store.clone();
            workers.spawn(async move { worker::drain(&state).await.expect("the worker works") });
        }
        let ran: usize = workers.join_all().await.into_iter().sum();
        // A worker that met another one at the same subject stops early; whatever is left is kept now.
        let left = app.work().await;
        assert_eq!(ran + left, 8 * 3);
        assert!(app.jobs().await.iter().all(|job| job.attempts == 1 && job.status == JobStatus::Done));
        assert_eq!((app.on_calendar().len(), app.mail.sent().len(), app.google.notices().len()), (8, 16, 16));
        app.all_is_well().await;
    }

    async fn a_job_that_panics_is_tried_again_and_stops_nobody(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let poisoned = app.with_calendar(Arc::new(Trap::new(app.google.clone(), Spring::Panic))).await;
        let (stop, stopped) = watch::channel(false);
        let working = tokio::spawn(worker::run(poisoned, stopped));
        until(|| async { app.mail.sent().len() == 2 }).await;
        until(|| async { app.jobs().await.iter().any(|job| job.last_error == Reason::BrokeOff.code()) }).await;
        stop.send(true).expect("still there");
        working.await.expect("the worker outlives its jobs");
        assert!(app.on_calendar().is_empty());
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1);
        app.all_is_well().await;
    }

    async fn what_a_crash_left_running_is_run_again(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.run("UPDATE jobs SET run_at = 0").await;
        // Claimed, and placed, and then the process is gone.
        while claim(&app, "gone").await.is_some() {}
        let event = app.rows("events").await;
        assert_eq!((event, app.work().await), (1, 0));
        app.run("UPDATE jobs SET lease_until = 1 WHERE status = 'running'").await;
        app.work().await;
        app.all_is_well().await;
        assert_eq!((app.on_calendar().len(), app.mail.sent().len()), (1, 2));
    }

    async fn a_frozen_worker_wakes_after_the_cancellation(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let trap = Arc::new(Trap::new(app.google.clone(), Spring::Freeze));
        let frozen = app.with_calendar(trap.clone()).await;
        let working = tokio::spawn(async move { worker::drain(&frozen).await });
        until(|| async { trap.reached.load(Ordering::SeqCst) }).await;
        // It holds the job while the interview is cancelled and another worker does what is left to do.
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.run("UPDATE jobs SET lease_until = 1 WHERE status = 'running'").await;
        app.work().await;
        assert!(app.on_calendar().is_empty());
        let placement = app.placement_of(&app.event_of(booking.id).await).await;
        assert!(placement.removed_at.is_none() && placement.unconfirmed_since.is_some(), "it may still appear");
        // Now it goes on, and its event arrives late.
        trap.release.notify_one();
        working.await.expect("no panic").expect("worked");
        app.work().await;
        assert!(app.on_calendar().is_empty(), "no event that nobody wants");
        app.all_is_well().await;
    }
}

async fn fails(app: &TestApp, job: &Claimed, error: JobError) {
    let txn = app.store().begin().await.expect("a write");
    job.failed(&txn, &error).await.expect("answered");
    txn.commit().await.expect("committed");
}

async fn claim(app: &TestApp, owner: &str) -> Option<Claimed> {
    Claimed::next(app.store(), owner).await.expect("the store answers")
}

async fn one_job(app: &TestApp) -> Claimed {
    app.ana_connects().await;
    app.connected(&[BEN]).await;
    let asked = app.asks(|_| ()).await;
    app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    app.run("UPDATE jobs SET status = 'done' WHERE kind <> 'place_event'").await;
    claim(app, "first").await.expect("a job")
}

/// Waits until something is so; the test runner's own limit ends what never is.
async fn until<F: Future<Output = bool>>(so: impl Fn() -> F) {
    while !so().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A calendar whose `put` does something no provider's answer can.
struct Trap {
    calendar: Arc<Memory>,
    spring: Spring,
    reached: AtomicBool,
    release: Notify,
}

#[derive(Clone, Copy, PartialEq)]
enum Spring {
    Panic,
    /// Stops before the call until released, as a process does that is suspended.
    Freeze,
}

impl Trap {
    fn new(calendar: Arc<Memory>, spring: Spring) -> Self {
        Self { calendar, spring, reached: AtomicBool::new(false), release: Notify::new() }
    }
}

#[async_trait]
impl Calendar for Trap {
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError> {
        self.calendar.calendars(token).await
    }

    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError> {
        self.calendar.create_calendar(token, name).await
    }

    async fn busy_each(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        self.calendar.busy_each(token, account, calendars, window).await
    }

    async fn put(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Placed, CalendarError> {
        self.reached.store(true, Ordering::SeqCst);
        match self.spring {
            Spring::Panic => panic!("on purpose"),
            Spring::Freeze => self.release.notified().await,
        }
        self.calendar.put(token, calendar, draft, last).await
    }

    async fn cancel(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
        comment: &str,
    ) -> Result<Removal, CalendarError> {
        self.calendar.cancel(token, calendar, draft, last, comment).await
    }

    async fn find(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Option<RemoteEvent>, CalendarError> {
        self.calendar.find(token, calendar, draft, last).await
    }
}
