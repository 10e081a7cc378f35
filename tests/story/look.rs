//! What stories look at: the worker's rounds, rows, calendars, mails, and what must hold after all of them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    booking::timeline::{self, What},
    calendars::RemoteEvent,
    events::{self, Event, Placement},
    ids::{BookingId, PersonId},
    store::{
        entities::{bookings, jobs, messages, occupancies},
        words::{BookingStatus, EventStatus, Inviter, JobStatus},
    },
    worker,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, Statement};

use super::{ANA, Asked, TestApp};

impl TestApp {
    /// The worker keeps every promise it can: new jobs at once (reminders when they are due), those told to wait when they are
    /// due.
    pub async fn work(&self) -> usize {
        let mut ran = 0;
        loop {
            // The story's clock may be ahead of the database's, by which jobs are due.
            let due = format!("kind <> 'remind' OR run_at <= {}", self.now().timestamp_millis());
            self.run(&format!("UPDATE jobs SET run_at = 0 WHERE status = 'queued' AND attempts = 0 AND ({due})")).await;
            match worker::drain(&self.state).await.expect("the worker works") {
                0 => return ran,
                more => ran += more,
            }
        }
    }

    /// The time that jobs were told to wait has passed.
    pub async fn waits_end(&self) {
        self.run("UPDATE jobs SET run_at = 0 WHERE status = 'queued'").await;
    }

    /// Time passes for the application.
    pub fn passes(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// Time passes for the application and for the jobs that wait.
    pub async fn wait(&self, time: TimeDelta) {
        self.passes(time);
        let past = format!("run_at = run_at - {0}, created_at = created_at - {0}", time.num_milliseconds());
        // Reminders are due by the story's clock from the start.
        self.run(&format!("UPDATE jobs SET {past} WHERE status = 'queued' AND kind <> 'remind'")).await;
    }

    /// Runs a statement outside every verb, and says how many rows it touched.
    pub async fn run(&self, sql: &str) -> u64 {
        self.try_run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub async fn try_run(&self, sql: &str) -> Result<u64, sea_orm::DbErr> {
        let txn = self.store().begin().await.expect("a write");
        let done = txn.execute_raw(Statement::from_string(txn.get_database_backend(), sql)).await?;
        txn.commit().await.expect("committed");
        Ok(done.rows_affected())
    }

    /// A single number: `count(*) …` after SELECT.
    pub async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.store().backend(), format!("SELECT {sql}"));
        let row = self.store().reader().query_one_raw(statement).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        row.expect("a row").try_get_by_index(0).expect("a number")
    }

    pub async fn rows(&self, from: &str) -> i64 {
        self.number(&format!("count(*) FROM {from}")).await
    }

    pub async fn jobs(&self) -> Vec<jobs::Model> {
        jobs::Entity::find().order_by_asc(jobs::Column::Id).all(self.store().reader()).await.expect("jobs")
    }

    pub async fn jobs_with(&self, status: JobStatus) -> Vec<jobs::Model> {
        self.jobs().await.into_iter().filter(|job| job.status == status).collect()
    }

    pub async fn messages(&self) -> Vec<messages::Model> {
        messages::Entity::find().order_by_asc(messages::Column::Id).all(self.store().reader()).await.expect("messages")
    }

    /// The mails handed over so far: `(kind, recipient)`, oldest first.
    pub async fn mailed(&self) -> Vec<(String, String)> {
        let rows = self.messages().await;
        let kind = |id: &str| rows.iter().find(|row| row.message_id == id).map(|row| row.kind.clone());
        let sent = self.mail.sent();
        sent.iter()
            .map(|mail| (kind(&mail.id.to_string()).expect("a stored message"), mail.to.address.to_string()))
            .collect()
    }

    /// The calendar objects handed over so far: `(METHOD, UID, SEQUENCE, recipient)`, oldest first.
    pub fn objects(&self) -> Vec<(String, String, u32, String)> {
        let line = |ics: &str, name: &str| -> String {
            let unfolded = ics.replace("\r\n ", "");
            let found = unfolded.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
            found.unwrap_or_else(|| panic!("no {name} in {unfolded}"))
        };
        let sent = self.mail.sent();
        let with_object = sent.iter().filter_map(|mail| Some((mail, mail.content.ics.as_ref()?)));
        let object = with_object.map(|(mail, (method, ics))| {
            let sequence = line(ics, "SEQUENCE:").parse().expect("a number");
            (method.to_string(), line(ics, "UID:"), sequence, mail.to.address.to_string())
        });
        object.collect()
    }

    /// Ana's calendar: every event we placed there that still stands.
    pub fn on_calendar(&self) -> Vec<RemoteEvent> {
        self.google.events(ANA).into_iter().filter(|event| !event.cancelled).collect()
    }

    pub async fn event_of(&self, booking: BookingId) -> Event {
        let found = events::of_booking(self.store().reader(), self.org, booking).await.expect("the store answers");
        found.expect("an event of this booking")
    }

    pub async fn placement_of(&self, event: &Event) -> Placement {
        let all = events::placements_of(self.store().reader(), self.org, event.id).await.expect("the store answers");
        assert_eq!(all.len(), 1, "one calendar");
        all.into_iter().next().expect("just counted")
    }

    /// Who is taken, from when to when.
    pub async fn taken(&self) -> Vec<(PersonId, DateTime<Utc>, DateTime<Utc>)> {
        let query = occupancies::Entity::find().order_by_asc(occupancies::Column::TakenFrom);
        let rows = query.all(self.store().reader()).await.expect("occupancies");
        rows.into_iter().map(|row| (row.person_id, row.taken_from.at(), row.taken_until.at())).collect()
    }

    pub async fn timeline(&self, asked: &Asked) -> Vec<What> {
        let entries = timeline::of(self.store().reader(), &self.request(asked).await).await.expect("a timeline");
        entries.into_iter().map(|entry| entry.what).collect()
    }

    /// Nobody is taken twice at once.
    pub async fn no_overlap(&self) {
        let twice = "occupancies a JOIN occupancies b ON a.person_id = b.person_id AND a.id < b.id
                     AND a.taken_from < b.taken_until AND b.taken_from < a.taken_until";
        assert_eq!(self.rows(twice).await, 0, "somebody is taken twice");
    }

    /// What must hold when the outbox is empty and no fault is left: the database agrees with itself and with Ana's calendar.
    pub async fn all_is_well(&self) {
        self.no_overlap().await;
        let open = [JobStatus::Queued, JobStatus::Running, JobStatus::Parked, JobStatus::Dead];
        let left: Vec<_> = self.jobs().await.into_iter().filter(|job| open.contains(&job.status)).collect();
        assert!(left.is_empty(), "promises left over: {left:?}");

        let mut on_calendar: BTreeMap<String, RemoteEvent> =
            self.on_calendar().into_iter().map(|event| (event.placed.provider_id.clone(), event)).collect();
        let all = bookings::Entity::find()
            .filter(bookings::Column::OrgId.eq(self.org))
            .all(self.store().reader())
            .await
            .expect("bookings");
        for booking in all {
            let event = self.event_of(booking.id).await;
            let is_live = booking.status == BookingStatus::Confirmed;
            assert_eq!(event.status == EventStatus::Confirmed, is_live, "{booking:?}");
            let taken = self.rows(&format!("occupancies WHERE booking_id = {}", self.literal(booking.id))).await;
            assert_eq!(taken > 0, is_live, "{booking:?}");
            if event.inviter == Inviter::Mail {
                continue;
            }
            let placement = self.placement_of(&event).await;
            if is_live {
                let placed = on_calendar.remove(&placement.provider_id).expect("a live booking is on the calendar");
                assert_eq!(placed.span, Some(event.span));
                assert_eq!(placed.sequence, Some(event.sequence));
                assert!(placement.is_current(&event));
            } else {
                assert!(placement.removed_at.is_some(), "a booking that ended is off the calendar: {placement:?}");
            }
        }
        assert!(on_calendar.is_empty(), "events nobody asked for: {on_calendar:?}");
    }

    /// A UUID as SQL.
    pub fn literal(&self, id: BookingId) -> String {
        self.uuid(id.uuid())
    }

    pub fn uuid(&self, id: uuid::Uuid) -> String {
        match self.store().backend() {
            DbBackend::Sqlite => format!("x'{}'", id.simple()),
            _ => format!("'{id}'"),
        }
    }
}
