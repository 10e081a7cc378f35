//! Asking calendars as seldom as can be: one question for askers at once, for what is not known only, and none while the provider
//! wants to be left alone.

use std::{collections::HashMap, sync::Mutex};

use async_trait::async_trait;
use convene::{
    calendars::{
        AccessToken, Account as Of, Calendar, CalendarInfo, EventDraft, Heard, Placed, Provider, RemoteEvent, Removal,
        memory::Memory,
    },
    connections::Providers,
    ids::CalendarId,
    store::{entities::calendars, words::AccessLevel},
};
use tokio::sync::Semaphore;

use super::*;

/// Ana's and others' calendars, behind a door for one of them.
struct Door {
    memory: Arc<Memory>,
    /// Whose questions wait until it opens.
    shut_for: &'static str,
    opened: Semaphore,
    /// The calendars of each question, in the order of the answers.
    asked: Mutex<Vec<Vec<String>>>,
    knocks: AtomicUsize,
}

impl Door {
    fn new(memory: &Arc<Memory>, shut_for: &'static str) -> Arc<Self> {
        let (opened, asked) = (Semaphore::new(0), Mutex::new(Vec::new()));
        Arc::new(Self { memory: memory.clone(), shut_for, opened, asked, knocks: AtomicUsize::new(0) })
    }

    fn asked(&self) -> Vec<Vec<String>> {
        self.asked.lock().expect("no test panicked inside").clone()
    }

    async fn is_knocked_at(&self) {
        while self.knocks.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The office's services with this door before the calendars, on a connection to the database of their own: another process.
    async fn services(self: &Arc<Self>, office: &Office, url: &str) -> Services {
        let clients = [Provider::Google, Provider::Microsoft].map(|provider| {
            let mut client = office.services.calendars.get(provider).expect("set up").clone();
            client.calendar = self.clone();
            (provider, client)
        });
        let store = Store::open(url).await.expect("opened once more");
        Services { store, calendars: Arc::new(Providers::new(clients)), ..office.services.clone() }
    }
}

#[async_trait]
impl Calendar for Door {
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError> {
        self.memory.calendars(token).await
    }

    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError> {
        self.memory.create_calendar(token, name).await
    }

    async fn busy_each(
        &self,
        token: &AccessToken,
        account: &Of,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        self.knocks.fetch_add(1, Ordering::SeqCst);
        if account.email == self.shut_for {
            let _open = self.opened.acquire().await.expect("never closed for good");
        }
        self.asked.lock().expect("no test panicked inside").push(calendars.to_vec());
        self.memory.busy_each(token, account, calendars, window).await
    }

    async fn put(&self, _: &AccessToken, _: &str, _: &EventDraft, _: Option<&Placed>) -> Result<Placed, CalendarError> {
        unreachable!("nothing is placed here")
    }

    async fn cancel(
        &self,
        _: &AccessToken,
        _: &str,
        _: &EventDraft,
        _: Option<&Placed>,
        _: &str,
    ) -> Result<Removal, CalendarError> {
        unreachable!("nothing is placed here")
    }

    async fn find(
        &self,
        _: &AccessToken,
        _: &str,
        _: &EventDraft,
        _: Option<&Placed>,
    ) -> Result<Option<RemoteEvent>, CalendarError> {
        unreachable!("nothing is placed here")
    }
}

const ANA: &str = "ana.alvarez@example.com";
const TEAM: &str = "team@group.calendar.google.com";

async fn asks(services: Services, meeting: &Meeting, max_age: TimeDelta) -> PersonBusy {
    let person = meeting.member.person;
    let asked = busy::busy_of(&services, meeting.member.org, &[person], meeting.window, max_age).await;
    asked.expect("the store answers").remove(&person).expect("everybody asked for")
}

/// Ana ticks one more calendar to be read.
async fn ticks(store: &Store, meeting: &Meeting, calendar: &str) {
    let row = calendars::ActiveModel {
        id: Set(CalendarId::new()),
        org_id: Set(meeting.member.org),
        connection_id: Set(meeting.connection.id),
        provider_id: Set(calendar.to_owned()),
        name: Set("Team".to_owned()),
        colour: Set(String::new()),
        access: Set(AccessLevel::Read),
        is_read: Set(true),
        is_write_target: Set(false),
        is_ours: Set(false),
        is_listed: Set(true),
    };
    calendars::Entity::insert(row).exec_without_returning(store.reader()).await.expect("ticked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_askers_at_once_make_one_call() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let door = Door::new(&meeting.office.memory, ANA);
        let (here, there) =
            (door.services(&meeting.office, &db.url).await, door.services(&meeting.office, &db.url).await);
        // A live question, as at the moment of booking, in two processes.
        let story = async {
            door.is_knocked_at().await;
            // Time for the other one to knock as well, if it would.
            tokio::time::sleep(Duration::from_millis(300)).await;
            door.opened.add_permits(10);
        };
        let minute = TimeDelta::minutes(1);
        let (one, two, ()) = tokio::join!(asks(here, &meeting, minute), asks(there, &meeting, minute), story);
        assert_eq!((intervals(&one), intervals(&two)), (&[meeting.noon][..], &[meeting.noon][..]), "{}", db.kind);
        assert_eq!(door.knocks.load(Ordering::SeqCst), 1, "{}: one question for both", db.kind);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calendar_that_does_not_answer_is_not_asked_by_one_waiter_after_the_other() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let door = Door::new(&meeting.office.memory, ANA);
        let services = door.services(&meeting.office, &db.url).await;
        meeting.down();
        let story = async {
            door.is_knocked_at().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            door.opened.add_permits(10);
        };
        let ask = || asks(services.clone(), &meeting, TimeDelta::zero());
        let (one, two, three, ()) = tokio::join!(ask(), ask(), ask(), story);
        for answer in [one, two, three] {
            assert!(matches!(answer, PersonBusy::Unknown { .. }), "{}: {answer:?}", db.kind);
        }
        assert_eq!(door.knocks.load(Ordering::SeqCst), 1, "{}", db.kind);
    }
}

#[tokio::test]
async fn who_was_asked_too_often_is_left_alone_by_everybody() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, noon, .. } = &meeting;
        let door = Door::new(&office.memory, "nobody");
        let (here, there) = (door.services(office, &db.url).await, door.services(office, &db.url).await);
        let questions = || office.memory.questions();
        let limited = || {
            let retry_after = Some(Duration::from_secs(60));
            office.memory.fail_next(Action::Busy, CalendarError::RateLimited { retry_after });
        };
        let live = TimeDelta::zero();
        assert_eq!(intervals(&asks(here.clone(), &meeting, live).await), [*noon]);
        let before = questions();
        limited();
        let until = office.now() + TimeDelta::seconds(60);
        assert_eq!(intervals(&asks(here.clone(), &meeting, live).await), [*noon], "read a moment ago");
        assert_eq!(questions(), before + 1, "{}", db.kind);
        for _ in 0..3 {
            office.clock.advance(TimeDelta::seconds(19));
            assert_eq!(intervals(&asks(there.clone(), &meeting, live).await), [*noon]);
        }
        assert_eq!(questions(), before + 1, "{}: 57 seconds later nobody asks, in no process", db.kind);
        office.clock.advance(until - office.now());
        asks(there.clone(), &meeting, live).await;
        assert_eq!(questions(), before + 2, "{}: a minute later it is asked again", db.kind);

        // What was read longer ago than five minutes does not count: unknown, with the time of the next question.
        office.clock.advance(TimeDelta::minutes(6));
        limited();
        let until = office.now() + TimeDelta::seconds(60);
        for services in [&here, &there] {
            match asks(services.clone(), &meeting, live).await {
                PersonBusy::Unknown { reason: reason @ UnknownReason::AskedTooOften { until: then }, since } => {
                    assert_eq!((then, since.is_some()), (until, true), "{}", db.kind);
                    let words = reason.in_words_at(chrono_tz::Tz::UTC);
                    assert!(words.starts_with("was asked too often and is asked again at "), "{words}");
                }
                other => panic!("never free: {other:?}"),
            }
        }
        let waiting = async |now| busy::pauses(db.store.reader(), meeting.member.org, now).await.expect("read");
        assert_eq!(waiting(office.now()).await, HashMap::from([(meeting.connection.id, until)]), "{}", db.kind);
        assert_eq!(waiting(until).await, HashMap::new());
        let connection = connections::find(db.store.reader(), meeting.member.org, meeting.connection.id).await;
        let connection = connection.unwrap().unwrap();
        assert_eq!((connection.status, connection.last_error.as_str()), (ConnectionStatus::Active, ""));
    }
}

#[tokio::test]
async fn one_failing_calendar_does_not_spoil_the_others() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let office = &meeting.office;
        let door = Door::new(&office.memory, "nobody");
        let services = door.services(office, &db.url).await;
        let minutes = TimeDelta::minutes(4);
        assert_eq!(intervals(&asks(services.clone(), &meeting, minutes).await), [meeting.noon], "{}", db.kind);
        let primary = door.asked().remove(0);
        assert_eq!(primary.len(), 1, "{primary:?}");
        // A second calendar that is not there.
        ticks(&db.store, &meeting, TEAM).await;
        office.clock.advance(TimeDelta::minutes(1));
        let busy = asks(services.clone(), &meeting, minutes).await;
        assert!(
            matches!(busy, PersonBusy::Unknown { reason: UnknownReason::CalendarGone, .. }),
            "never free: {busy:?}"
        );
        assert_eq!(door.asked().pop(), Some(vec![TEAM.to_owned()]), "the other one is known");
        // It comes back, and only it is asked.
        office.memory.add_calendar(&ana().access_token(), TEAM);
        let evening = span(meeting.noon.end() + TimeDelta::hours(5), meeting.noon.end() + TimeDelta::hours(6));
        let entry = Entry { calendar: TEAM.into(), span: evening, transparent: false, declined: false };
        office.memory.add_entry(&ana().access_token(), entry);
        match asks(services.clone(), &meeting, minutes).await {
            PersonBusy::Known { intervals, read_at, .. } => {
                assert_eq!(intervals, [meeting.noon, evening]);
                assert_eq!(read_at, office.now() - TimeDelta::minutes(1), "as old as its oldest part");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(door.asked().pop(), Some(vec![TEAM.to_owned()]));
        let asked = door.asked().len();
        asks(services.clone(), &meeting, minutes).await;
        assert_eq!(door.asked().len(), asked, "all of it is known");
        // Asked live, both go in one question.
        asks(services, &meeting, TimeDelta::zero()).await;
        assert_eq!(door.asked().pop().map(|both| both.len()), Some(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_provider_does_not_hold_up_the_others() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let office = &meeting.office;
        let mut browser = Browser::new();
        let (hers, theirs) = (ana(), Account::microsoft(9, PERSONAL, "ana@outlook.example"));
        office.sign_in(&mut browser, &hers).await.expect("signed in");
        // Raj is of the same organisation, and his provider is dead.
        let txn = db.store.begin().await.unwrap();
        let email = "raj.patel@example.org".parse().unwrap();
        let raj = people::ensure_interviewer(&txn, meeting.member.org, &email, "Raj").await.unwrap();
        txn.commit().await.unwrap();
        office.memory.sign_in(&theirs.access_token());
        let page = office
            .begin(
                &mut browser,
                theirs.provider,
                convene::sign_in::Purpose::Connect(&meeting.member, convene::connections::connect::Wish::Usual),
            )
            .await;
        let query = office.provider.agree(&page, &theirs, None);
        let connected = office.come_back(&mut browser, theirs.provider, &query).await.expect("connected");
        rows::Entity::update_many()
            .col_expr(rows::Column::PersonId, Expr::value(raj.uuid()))
            .filter(rows::Column::Id.eq(connected.connection.expect("connected").id))
            .exec(db.store.reader())
            .await
            .unwrap();

        let door = Door::new(&office.memory, "ana@outlook.example");
        let services = door.services(office, &db.url).await;
        let both = [meeting.member.person, raj];
        let busy =
            busy::busy_of(&services, meeting.member.org, &both, meeting.window, TimeDelta::zero()).await.unwrap();
        // The answer is here while the door is still shut.
        assert_eq!((door.asked().len(), door.opened.available_permits()), (1, 0), "{}: Ana's only", db.kind);
        assert_eq!(intervals(&busy[&meeting.member.person]), [meeting.noon]);
        assert!(matches!(busy[&raj], PersonBusy::Unknown { reason: UnknownReason::NoAnswer, .. }), "{busy:?}");
        // What comes late is there for the next who asks.
        door.opened.add_permits(10);
        while busy_reads::Entity::find().count(db.store.reader()).await.unwrap() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let asked = door.asked().len();
        let hour = TimeDelta::minutes(1);
        let busy = busy::busy_of(&services, meeting.member.org, &both, meeting.window, hour).await.unwrap();
        assert!(matches!(busy[&raj], PersonBusy::Known { .. }), "{busy:?}");
        assert_eq!(door.asked().len(), asked, "nothing had to be asked");
    }
}
