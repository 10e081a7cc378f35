//! Tokens that stay fresh and busy times that are never guessed.

mod choices;
mod economy;
mod organisation;
mod switching;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::common::{
    office::{Browser, Office},
    provider::{Account, PERSONAL, Rotation, TENANT},
    test_stores,
};
use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    calendars::{
        CalendarError,
        memory::{Action, Entry},
    },
    connections::{
        self, Connection, Services,
        busy::{self, PersonBusy, UnknownReason},
        tokens::{self, AccessError},
    },
    ids::{OrgId, PersonId},
    limits::{self, LimitError},
    people::{self, Member},
    scheduling::interval::Interval,
    secrets::{CanaryError, KeyRing, check_canaries},
    store::{
        Store,
        entities::{audit_log, busy_reads, connections as rows},
        words::ConnectionStatus,
    },
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    sea_query::Expr,
};

fn ana() -> Account {
    Account::google("ana-sub", "ana.alvarez@example.com")
}

fn raj() -> Account {
    Account::microsoft(11, TENANT, "raj.patel@example.org")
}

async fn signed_in(office: &Office, account: &Account) -> (Member, Connection) {
    let mut browser = Browser::new();
    let done = office.sign_in(&mut browser, account).await.expect("signed in");
    (office.member(&browser).await.expect("signed in"), done.connection.expect("connected"))
}

async fn row(store: &Store) -> rows::Model {
    rows::Entity::find().one(store.reader()).await.expect("read").expect("one connection")
}

fn span(from: DateTime<Utc>, until: DateTime<Utc>) -> Interval {
    Interval::new(from, until).expect("forward")
}

/// A call that succeeds with whatever token it is given, and tells the token.
async fn token_of(services: &Services, org: OrgId, connection: &Connection) -> Result<String, AccessError> {
    tokens::with_access(services, org, connection.id, |token| async move { Ok(token.expose().to_owned()) }).await
}

#[tokio::test]
async fn a_token_is_refreshed_five_minutes_ahead_and_not_before() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, connection) = signed_in(&office, &ana()).await;
        office.clock.advance(TimeDelta::seconds(3599 - 301));
        token_of(&office.services, member.org, &connection).await.expect("a token");
        assert_eq!(office.provider.refreshes(), 0, "{}", db.kind);
        office.clock.advance(TimeDelta::seconds(1));
        token_of(&office.services, member.org, &connection).await.expect("a token");
        token_of(&office.services, member.org, &connection).await.expect("a token");
        assert_eq!(office.provider.refreshes(), 1);
    }
}

#[tokio::test]
async fn many_callers_make_one_refresh() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        office.provider.refreshing(Rotation::Rotates);
        let (member, connection) = signed_in(&office, &raj()).await;
        office.clock.advance(TimeDelta::hours(2));
        office.provider.refresh_slowly(Duration::from_millis(60));
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let (services, org, connection) = (office.services.clone(), member.org, connection.clone());
                tokio::spawn(async move { token_of(&services, org, &connection).await })
            })
            .collect();
        for caller in callers {
            caller.await.expect("no panic").expect("a token");
        }
        assert_eq!(office.provider.refreshes(), 1, "{}", db.kind);
        assert_eq!(row(&db.store).await.token_version, 1);
    }
}

#[tokio::test]
async fn a_failed_refresh_answers_everybody_who_waited_for_it() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, connection) = signed_in(&office, &ana()).await;
        office.clock.advance(TimeDelta::hours(2));
        // Long enough for everybody to come while it is asked, on a busy machine too.
        office.provider.refresh_slowly(Duration::from_secs(3));
        office.provider.go_down();
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let (services, org, connection) = (office.services.clone(), member.org, connection.clone());
                tokio::spawn(async move { token_of(&services, org, &connection).await })
            })
            .collect();
        for caller in callers {
            let result = caller.await.expect("no panic");
            assert!(matches!(result, Err(AccessError::Calendar(CalendarError::Unavailable(_)))), "{}", db.kind);
        }
        // A caller that came late may have asked again; not one after the other, which is what would overload a provider.
        assert!(office.provider.refreshes() < 8, "{}: no storm", db.kind);
    }
}

/// A provider that rotates withdraws the old refresh token: losing the new one would lose the connection.
#[tokio::test]
async fn a_rotated_token_survives_a_caller_that_stops_waiting() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        office.provider.refreshing(Rotation::Rotates);
        let (member, connection) = signed_in(&office, &raj()).await;
        office.clock.advance(TimeDelta::hours(2));
        office.provider.refresh_slowly(Duration::from_millis(500));
        tokio::select! {
            _ = token_of(&office.services, member.org, &connection) => panic!("faster than the provider"),
            () = office.provider.until_refreshing() => {}
        }
        token_of(&office.services, member.org, &connection).await.expect("the refresh went on without its caller");
        assert_eq!(office.provider.refreshes(), 1, "{}", db.kind);
        office.clock.advance(TimeDelta::hours(2));
        token_of(&office.services, member.org, &connection).await.expect("the new refresh token was stored");
    }
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        office.provider.refreshing(Rotation::Omits);
        let (member, connection) = signed_in(&office, &ana()).await;
        for _ in 0..3 {
            office.clock.advance(TimeDelta::hours(2));
            token_of(&office.services, member.org, &connection).await.expect("a token");
        }
        assert_eq!(office.provider.refreshes(), 3, "{}", db.kind);
    }
}

#[tokio::test]
async fn a_lease_left_behind_is_taken_over_and_a_held_one_is_not() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, connection) = signed_in(&office, &ana()).await;
        office.clock.advance(TimeDelta::hours(2));
        let lease = async |until: i64| {
            let mut row = row(&db.store).await.into_active_model();
            row.refresh_owner = Set(Some("a process that died".into()));
            row.refresh_until = Set(Some(convene::store::Stamp::from_millis(until)));
            row.update(db.store.reader()).await.expect("written");
        };
        let now = db.store.now().await.unwrap().timestamp_millis();
        lease(now + 20_000).await;
        let waiting = token_of(&office.services, member.org, &connection);
        assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err(), "{}", db.kind);
        assert_eq!(office.provider.refreshes(), 0);
        lease(now - 1).await;
        token_of(&office.services, member.org, &connection).await.expect("taken over");
        assert_eq!(office.provider.refreshes(), 1);
    }
}

#[tokio::test]
async fn a_dead_grant_expires_the_connection_and_its_owner_is_told_once() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, connection) = signed_in(&office, &ana()).await;
        office.provider.revoke(&ana());
        office.clock.advance(TimeDelta::hours(2));
        for _ in 0..3 {
            let result = token_of(&office.services, member.org, &connection).await;
            assert!(matches!(result, Err(AccessError::Expired)), "{}", db.kind);
        }
        assert_eq!(office.provider.refreshes(), 1, "an expired connection asks nobody");
        assert_eq!(office.told.expired.load(Ordering::SeqCst), 1);
        let found = connections::find(db.store.reader(), member.org, connection.id).await.unwrap().unwrap();
        assert_eq!(found.status, ConnectionStatus::Expired);
        assert!(found.last_error.contains("Reconnect"));
        let audited = audit_log::Entity::find().all(db.store.reader()).await.unwrap();
        assert_eq!(audited.iter().filter(|row| row.action == "connection.expired").count(), 1);

        // Signing in again mends it.
        let (_, mended) = signed_in(&office, &ana()).await;
        assert_eq!((mended.id, mended.status), (connection.id, ConnectionStatus::Active));
        token_of(&office.services, member.org, &connection).await.expect("a token");
        assert_eq!(office.told.connected.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_call_repeated_once() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, connection) = signed_in(&office, &ana()).await;
        let calls = Arc::new(AtomicUsize::new(0));
        let call = async |fails: usize| {
            calls.store(0, Ordering::SeqCst);
            tokens::with_access(&office.services, member.org, connection.id, |_| {
                let number = calls.fetch_add(1, Ordering::SeqCst);
                async move { if number < fails { Err(CalendarError::SignInExpired) } else { Ok(()) } }
            })
            .await
        };
        call(1).await.expect("the second try works");
        assert_eq!((calls.load(Ordering::SeqCst), office.provider.refreshes()), (2, 1), "{}", db.kind);
        // Still refused after a refresh: only now is the sign-in dead.
        assert!(matches!(call(9).await, Err(AccessError::Expired)));
        assert_eq!((calls.load(Ordering::SeqCst), office.provider.refreshes()), (2, 2));
        assert_eq!(office.told.expired.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_provider_that_is_down_expires_nobody() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, connection) = signed_in(&office, &ana()).await;
        office.clock.advance(TimeDelta::hours(2));
        for (status, body) in [(503, "{}"), (500, "oops"), (200, "<html>"), (401, r#"{"error":"invalid_client"}"#)] {
            office.provider.answer_instead(status, body);
            let result = token_of(&office.services, member.org, &connection).await;
            assert!(
                matches!(result, Err(AccessError::Calendar(CalendarError::Unavailable(_)))),
                "{} {status} {body}",
                db.kind
            );
        }
        assert_eq!(office.told.expired.load(Ordering::SeqCst), 0);
        token_of(&office.services, member.org, &connection).await.expect("works as soon as it answers");
    }
}

#[tokio::test]
async fn a_token_moved_to_another_row_does_not_open() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (_, ana) = signed_in(&office, &ana()).await;
        let (member, raj) = signed_in(&office, &raj()).await;
        let stolen = rows::Entity::find_by_id(ana.id).one(db.store.reader()).await.unwrap().unwrap();
        let mut thief =
            rows::Entity::find_by_id(raj.id).one(db.store.reader()).await.unwrap().unwrap().into_active_model();
        thief.access_token = Set(stolen.access_token);
        thief.update(db.store.reader()).await.unwrap();
        let result = token_of(&office.services, member.org, &raj).await;
        assert!(matches!(result, Err(AccessError::Sealed(_))), "{}", db.kind);
    }
}

#[tokio::test]
async fn connections_of_another_organisation_are_not_there() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (ana, connection) = signed_in(&office, &ana()).await;
        let (raj, _) = signed_in(&office, &raj()).await;
        let db_ = db.store.reader();
        assert!(connections::find(db_, raj.org, connection.id).await.unwrap().is_none(), "{}", db.kind);
        assert!(connections::of_people(db_, raj.org, &[ana.person]).await.unwrap().is_empty());
        assert!(people::find(db_, raj.org, ana.person).await.unwrap().is_none());
        let result = token_of(&office.services, raj.org, &connection).await;
        assert!(matches!(result, Err(AccessError::NotConnected)));
        let window = span(office.now(), office.now() + TimeDelta::days(1));
        let busy = busy::busy_now(&office.services, raj.org, &[ana.person], window).await.unwrap();
        assert_eq!(busy[&ana.person], PersonBusy::NotConnected);
    }
}

/// Ana's calendar with one meeting at noon tomorrow.
struct Meeting {
    office: Office,
    member: Member,
    connection: Connection,
    window: Interval,
    noon: Interval,
}

async fn meeting(store: &Store) -> Meeting {
    let office = Office::open(store).await;
    let (member, connection) = signed_in(&office, &ana()).await;
    let day = office.now() + TimeDelta::days(1);
    let noon = span(day + TimeDelta::hours(12), day + TimeDelta::hours(13));
    office.memory.add_entry(
        &ana().access_token(),
        Entry { calendar: "primary".into(), span: noon, transparent: false, declined: false },
    );
    Meeting { window: span(day, day + TimeDelta::days(7)), office, member, connection, noon }
}

impl Meeting {
    async fn busy(&self, window: Interval, max_age: TimeDelta) -> PersonBusy {
        self.of(self.member.person, window, max_age).await
    }

    async fn of(&self, person: PersonId, window: Interval, max_age: TimeDelta) -> PersonBusy {
        let asked = busy::busy_of(&self.office.services, self.member.org, &[person], window, max_age).await;
        asked.expect("the store answers").remove(&person).expect("everybody asked for")
    }

    fn down(&self) {
        self.office.memory.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
    }
}

fn intervals(busy: &PersonBusy) -> &[Interval] {
    match busy {
        PersonBusy::Known { intervals, .. } => intervals,
        other => panic!("not known: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_read_is_kept_for_as_long_as_the_caller_says() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, window, noon, .. } = &meeting;
        let minute = TimeDelta::minutes(1);
        let first = meeting.busy(*window, minute).await;
        assert_eq!(intervals(&first), [*noon], "{}", db.kind);
        // A meeting nobody has read yet.
        let later = span(noon.end() + TimeDelta::hours(1), noon.end() + TimeDelta::hours(2));
        let entry = Entry { calendar: "primary".into(), span: later, transparent: false, declined: false };
        office.memory.add_entry(&ana().access_token(), entry);
        office.clock.advance(TimeDelta::seconds(59));
        assert_eq!(meeting.busy(*window, minute).await, first, "from what was read");
        assert_eq!(intervals(&meeting.busy(*window, TimeDelta::zero()).await), [*noon, later], "live");

        // Kept without any title: intervals and nothing else.
        let kept = busy_reads::Entity::find().one(db.store.reader()).await.unwrap().unwrap();
        assert!(
            kept.intervals.bytes().all(|byte| byte.is_ascii_digit() || b"[],".contains(&byte)),
            "{}",
            kept.intervals
        );
        // A window beyond what was read asks anew.
        let wider = span(window.start() - TimeDelta::days(1), window.end());
        meeting.down();
        assert!(matches!(meeting.busy(wider, minute).await, PersonBusy::Unknown { .. }));
    }
}

#[tokio::test]
async fn a_calendar_that_does_not_answer_counts_for_five_minutes_and_is_unknown_after() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, window, noon, connection, member, .. } = &meeting;
        let read_at = office.now();
        assert_eq!(intervals(&meeting.busy(*window, TimeDelta::zero()).await), [*noon], "{}", db.kind);
        office.clock.advance(TimeDelta::minutes(5));
        meeting.down();
        match meeting.busy(*window, TimeDelta::zero()).await {
            PersonBusy::Known { intervals, read_at: then, .. } => assert_eq!((intervals, then), (vec![*noon], read_at)),
            other => panic!("{other:?}"),
        }
        office.clock.advance(TimeDelta::seconds(1));
        meeting.down();
        let unknown = PersonBusy::Unknown { since: Some(read_at), reason: UnknownReason::NoAnswer };
        assert_eq!(meeting.busy(*window, TimeDelta::zero()).await, unknown, "never free");

        let state = async || connections::find(db.store.reader(), member.org, connection.id).await.unwrap().unwrap();
        assert_eq!(state().await.status, ConnectionStatus::Error);
        assert_eq!(intervals(&meeting.busy(*window, TimeDelta::zero()).await), [*noon]);
        let mended = state().await;
        assert_eq!((mended.status, mended.last_error.as_str()), (ConnectionStatus::Active, ""));
        assert_eq!(mended.last_synced_at, Some(office.now()));
    }
}

/// A look at one hour, at the moment of booking, leaves the weeks around it in place.
#[tokio::test]
async fn a_short_look_is_set_into_what_was_read_before() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, window, noon, .. } = &meeting;
        meeting.busy(*window, TimeDelta::zero()).await;
        let later = span(noon.end(), noon.end() + TimeDelta::hours(1));
        let entry = Entry { calendar: "primary".into(), span: later, transparent: false, declined: false };
        office.memory.add_entry(&ana().access_token(), entry);
        office.clock.advance(TimeDelta::minutes(1));
        let hours = span(noon.start(), later.end() + TimeDelta::hours(1));
        assert_eq!(intervals(&meeting.busy(hours, TimeDelta::zero()).await), [span(noon.start(), later.end())]);
        meeting.down();
        let whole = meeting.busy(*window, TimeDelta::minutes(5)).await;
        assert_eq!(intervals(&whole), [span(noon.start(), later.end())], "{}: nothing had to be asked", db.kind);
    }
}

#[tokio::test]
async fn every_kind_of_silence_is_unknown_and_nobody_is_not_connected() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, window, member, .. } = &meeting;
        let txn = db.store.begin().await.unwrap();
        let email = "eva.lindqvist@example.com".parse().unwrap();
        let eva = people::ensure_interviewer(&txn, member.org, &email, "Eva").await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(meeting.of(eva, *window, TimeDelta::zero()).await, PersonBusy::NotConnected, "{}", db.kind);

        let table = [
            (CalendarError::Unavailable("x".into()), UnknownReason::NoAnswer),
            (CalendarError::Gone, UnknownReason::CalendarGone),
            (CalendarError::Rejected("x".into()), UnknownReason::NoAnswer),
            (CalendarError::PermissionMissing(vec![]), UnknownReason::PermissionMissing),
            // Without a time of its own it is left alone for a minute; so this comes last.
            (
                CalendarError::RateLimited { retry_after: None },
                UnknownReason::AskedTooOften { until: office.now() + TimeDelta::minutes(1) },
            ),
        ];
        for (error, wanted) in table {
            office.memory.fail_next(Action::Busy, error.clone());
            match meeting.busy(*window, TimeDelta::zero()).await {
                PersonBusy::Unknown { reason, .. } => assert_eq!(reason, wanted, "{error}"),
                other => panic!("{error} gave {other:?}"),
            }
        }
        office.provider.revoke(&ana());
        office.clock.advance(TimeDelta::hours(2));
        match meeting.busy(*window, TimeDelta::zero()).await {
            PersonBusy::Unknown { reason, .. } => assert_eq!(reason, UnknownReason::SignInExpired),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn of_two_calendars_one_unknown_makes_the_person_unknown() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, window, noon, member, .. } = &meeting;
        let mut browser = Browser::new();
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        let outlook = Account::microsoft(9, PERSONAL, "ana@outlook.example");
        office.memory.sign_in(&outlook.access_token());
        let evening = span(noon.end() + TimeDelta::hours(5), noon.end() + TimeDelta::hours(6));
        let entry = Entry { calendar: "primary".into(), span: evening, transparent: false, declined: false };
        office.memory.add_entry(&outlook.access_token(), entry);
        let purpose = convene::sign_in::Purpose::Connect(member, convene::connections::connect::Wish::Usual);
        let page = office.begin(&mut browser, outlook.provider, purpose).await;
        let query = office.provider.agree(&page, &outlook, None);
        office.come_back(&mut browser, outlook.provider, &query).await.expect("connected");

        let both = meeting.busy(*window, TimeDelta::zero()).await;
        assert_eq!(intervals(&both), [*noon, evening], "{}", db.kind);
        office.clock.advance(TimeDelta::minutes(6));
        office.memory.revoke(&outlook.access_token());
        let one = meeting.busy(*window, TimeDelta::zero()).await;
        assert!(matches!(one, PersonBusy::Unknown { .. }), "{one:?}");
    }
}

#[tokio::test]
async fn tokens_are_kept_fresh_where_nobody_asks() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        signed_in(&office, &ana()).await;
        signed_in(&office, &raj()).await;
        tokens::keep_fresh(&office.services).await.expect("looked after");
        assert_eq!(office.provider.refreshes(), 0, "{}: they live for an hour", db.kind);
        office.clock.advance(TimeDelta::minutes(56));
        tokens::keep_fresh(&office.services).await.expect("looked after");
        tokens::keep_fresh(&office.services).await.expect("looked after");
        assert_eq!(office.provider.refreshes(), 2, "each once");
        office.provider.revoke(&raj());
        office.clock.advance(TimeDelta::hours(1));
        tokens::keep_fresh(&office.services).await.expect("looked after");
        assert_eq!(office.told.expired.load(Ordering::SeqCst), 1, "noticed before anybody needs it");
        let expired = rows::Entity::find().filter(rows::Column::Status.eq(ConnectionStatus::Expired));
        assert_eq!(expired.count(db.store.reader()).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_wrong_key_is_named_at_start() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let keys = &office.services.keys;
        check_canaries(&db.store, keys).await.expect("a fresh database takes any key");
        check_canaries(&db.store, keys).await.expect("and knows it again");
        signed_in(&office, &ana()).await;
        let wrong = KeyRing::random();
        match check_canaries(&db.store, &wrong).await {
            Err(CanaryError::WrongKey(id)) => assert_eq!(id, keys.current_id(), "{}", db.kind),
            other => panic!("{other:?}"),
        }
        // Once nothing is sealed with it, a retired key is forgotten.
        rows::Entity::update_many()
            .col_expr(rows::Column::AccessToken, Expr::value(None::<String>))
            .col_expr(rows::Column::RefreshToken, Expr::value(None::<String>))
            .exec(db.store.reader())
            .await
            .unwrap();
        check_canaries(&db.store, &wrong).await.expect("nothing is sealed with the old key");
    }
}

#[tokio::test]
async fn limits_count_per_key_and_bucket_and_say_when_to_come_back() {
    for db in test_stores().await {
        let hour = Duration::from_secs(3600 * 24);
        let hit = async |bucket, key| limits::hit(&db.store, bucket, key, 3, hour).await;
        for _ in 0..3 {
            hit("links", "a").await.expect("within the limit");
        }
        match hit("links", "a").await {
            Err(LimitError::RetryAfter(wait)) => assert!(wait > Duration::ZERO && wait <= hour, "{}", db.kind),
            other => panic!("{other:?}"),
        }
        hit("links", "b").await.expect("another key");
        hit("mails", "a").await.expect("another bucket");
        // Many at once: exactly the limit gets through.
        let racing: Vec<_> = (0..20)
            .map(|_| {
                let store = db.store.clone();
                tokio::spawn(async move { limits::hit(&store, "race", "a", 5, hour).await.is_ok() })
            })
            .collect();
        let mut through = 0;
        for one in racing {
            through += usize::from(one.await.unwrap());
        }
        assert_eq!(through, 5);
    }
}

#[tokio::test]
async fn the_audit_log_takes_no_change() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        signed_in(&office, &ana()).await;
        let before = audit_log::Entity::find().count(db.store.reader()).await.unwrap();
        assert!(before > 0);
        assert!(audit_log::Entity::delete_many().exec(db.store.reader()).await.is_err(), "{}", db.kind);
        let rewrite = audit_log::Entity::update_many().col_expr(audit_log::Column::Action, Expr::value("nothing"));
        assert!(rewrite.exec(db.store.reader()).await.is_err());
        assert_eq!(audit_log::Entity::find().count(db.store.reader()).await.unwrap(), before);
    }
}

/// R21: at every instant everything opens, and what is refreshed meanwhile is not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_while_tokens_are_refreshed() {
    for db in test_stores().await {
        let (old, new) = (key(), key());
        let mut office = Office::open(&db.store).await;
        office.provider.refreshing(Rotation::Rotates);
        office.services.keys = Arc::new(KeyRing::parse(&old).expect("a key"));
        let (member, connection) = signed_in(&office, &raj()).await;
        office.services.keys = Arc::new(KeyRing::parse(&format!("{new},{old}")).expect("two keys"));
        let (services, store, org) = (office.services.clone(), db.store.clone(), member.org);
        let rotating = tokio::spawn(async move {
            let mut sealed = 0;
            for _ in 0..20 {
                sealed += convene::secrets::rotate(&store, &services.keys).await.expect("rotated").sealed;
            }
            sealed
        });
        for _ in 0..10 {
            office.clock.advance(TimeDelta::hours(1));
            token_of(&office.services, org, &connection).await.expect("opens at every instant");
        }
        let sealed = rotating.await.expect("no panic");
        assert!(sealed <= 2, "{}: each secret once at most, {sealed}", db.kind);
        let done = convene::secrets::rotate(&db.store, &office.services.keys).await.expect("rotated");
        assert_eq!((done.sealed, done.unopened, done.links), (0, 0, 0));
        // The old key may go.
        office.services.keys = Arc::new(KeyRing::parse(&new).expect("a key"));
        check_canaries(&db.store, &office.services.keys).await.expect("nothing needs it");
        office.clock.advance(TimeDelta::hours(1));
        token_of(&office.services, org, &connection).await.expect("opens with the new key alone");
    }
}

/// A setting of one random key.
fn key() -> String {
    convene::ids::random_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// F65: time to mend a sign-in before candidates notice; never longer, and never for certain.
#[tokio::test]
async fn what_was_read_counts_for_a_while_when_a_sign_in_expires() {
    for db in test_stores().await {
        let meeting = meeting(&db.store).await;
        let Meeting { office, window, noon, member, connection } = &meeting;
        assert_eq!(intervals(&meeting.busy(*window, TimeDelta::minutes(5)).await), [*noon], "{}", db.kind);
        rows::Entity::update_many()
            .col_expr(rows::Column::Status, Expr::value(ConnectionStatus::Expired.as_str()))
            .filter(rows::Column::Id.eq(connection.id))
            .exec(db.store.reader())
            .await
            .unwrap();
        let reason = |busy: PersonBusy| match busy {
            PersonBusy::Unknown { reason, .. } => reason,
            known => panic!("{known:?}"),
        };
        let offered = TimeDelta::minutes(5);
        office.clock.advance(TimeDelta::minutes(4));
        assert_eq!(
            intervals(&meeting.busy(*window, TimeDelta::zero()).await),
            [*noon],
            "as fresh as a silent calendar's"
        );
        office.clock.advance(TimeDelta::minutes(10));
        assert_eq!(intervals(&meeting.busy(*window, offered).await), [*noon], "offered still");
        assert_eq!(
            reason(meeting.busy(*window, TimeDelta::zero()).await),
            UnknownReason::NoAnswer,
            "and held, not booked"
        );
        office.clock.advance(TimeDelta::minutes(2));
        assert_eq!(reason(meeting.busy(*window, offered).await), UnknownReason::SignInExpired, "over");
        assert_eq!(reason(meeting.busy(*window, TimeDelta::zero()).await), UnknownReason::SignInExpired);
        // No grace where the organisation wants none.
        office.clock.advance(TimeDelta::minutes(-15));
        let policies =
            serde_json::to_string(&people::Policies { expiry_grace_minutes: 0, ..Default::default() }).unwrap();
        convene::store::entities::organisations::Entity::update_many()
            .col_expr(convene::store::entities::organisations::Column::Policies, Expr::value(policies))
            .filter(convene::store::entities::organisations::Column::Id.eq(member.org))
            .exec(db.store.reader())
            .await
            .unwrap();
        assert_eq!(reason(meeting.busy(*window, offered).await), UnknownReason::SignInExpired);
    }
}
