//! Signing in and up, from the button to the session, and every way it can go wrong.

use std::sync::{Arc, atomic::Ordering};

use crate::common::{
    office::{Browser, Office},
    provider::{Account, PERSONAL, TENANT},
    test_stores,
};
use chrono::TimeDelta;
use convene::{
    audit::Origin,
    calendars::{CalendarError, Provider, memory::Action},
    config::SignUp,
    connections::{self, Need, connect, connect::Wish, tokens},
    ids::random_bytes,
    people::{self, Coordinator, Member, has_address, permission, sessions},
    sign_in::{self, Outcome, Purpose, SignedIn, error::SignInError, return_to::ReturnTo},
    store::{
        Store,
        entities::{
            audit_log, calendars, connections as connection_rows, identities, oauth_attempts, organisations,
            people as rows,
        },
        words::{ConnectionStatus, Role},
    },
};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

fn ana() -> Account {
    Account::google("ana-sub", "ana.alvarez@example.com")
}

fn connected(done: &SignedIn) -> &connections::Connection {
    done.connection.as_ref().expect("connected with it")
}

fn refused(result: Result<SignedIn, SignInError>) -> (u16, &'static str) {
    match result {
        Ok(_) => panic!("it signed in"),
        Err(error) => (error.status(), error.code()),
    }
}

/// How often this was done.
async fn audited(store: &Store, action: &str) -> usize {
    let all = audit_log::Entity::find().all(store.reader()).await.expect("the store answers");
    all.iter().filter(|row| row.action == action).count()
}

/// How much there is of everything a sign-in makes.
async fn counts(store: &Store) -> [u64; 4] {
    let db = store.reader();
    [
        organisations::Entity::find().count(db).await.expect("counted"),
        rows::Entity::find().count(db).await.expect("counted"),
        identities::Entity::find().count(db).await.expect("counted"),
        connection_rows::Entity::find().count(db).await.expect("counted"),
    ]
}

#[tokio::test]
async fn somebody_new_gets_an_organisation_and_a_working_calendar() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        let done = office.sign_in(&mut browser, &ana()).await.expect("signed up");
        assert_eq!((done.outcome, done.return_to.as_str()), (Outcome::SignedUp, "/requests/new"), "{}", db.kind);

        let member = office.member(&browser).await.expect("signed in");
        assert_eq!((member.role, member.email.as_str()), (Role::Admin, "ana.alvarez@example.com"));
        let coordinator: Result<Coordinator, permission::Forbidden> = member.clone().coordinator();
        assert!(coordinator.is_ok());

        let connection = connected(&done);
        assert_eq!((connection.status, connection.last_error.as_str()), (ConnectionStatus::Active, ""));
        assert!(connection.is_primary && connection.can(Need::ReadBusy) && connection.can(Need::WriteEvents));
        assert_eq!(office.told.connected.load(Ordering::SeqCst), 1);

        // Nothing secret stands in the database as it is.
        let row = connection_rows::Entity::find().one(db.store.reader()).await.unwrap().unwrap();
        for sealed in [row.access_token.unwrap(), row.refresh_token.unwrap()] {
            assert!(sealed.starts_with("v1.") && !sealed.contains("ana") && !sealed.contains("refresh-"), "{sealed}");
        }
        let actions = audit_log::Entity::find().all(db.store.reader()).await.unwrap();
        let mut actions: Vec<_> = actions.into_iter().map(|row| row.action).collect();
        actions.sort();
        assert_eq!(actions, ["connection.connected", "organisation.founded", "person.signed_in"]);
        assert_eq!(oauth_attempts::Entity::find().count(db.store.reader()).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_same_identity_is_the_same_person_whatever_its_address_says() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        let first = office.sign_in(&mut browser, &ana()).await.expect("signed up");
        let renamed = Account { email: Some("ana.new@example.com".into()), ..ana() };
        let again = office.sign_in(&mut Browser::new(), &renamed).await.expect("signed in");
        assert_eq!((again.person, again.outcome), (first.person, Outcome::SignedIn), "{}", db.kind);
        assert_eq!(counts(&db.store).await, [1, 1, 1, 1]);
    }
}

/// The account takeover called nOAuth: whoever writes somebody's address into their own claims gets nothing of theirs.
#[tokio::test]
async fn equal_addresses_never_link_accounts() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        let victim = office.sign_in(&mut browser, &ana()).await.expect("signed up");
        let attackers = [
            Account::google("evil-sub", "ana.alvarez@example.com"),
            Account::microsoft(7, TENANT, "ana.alvarez@example.com"),
            Account::microsoft(7, PERSONAL, "ana.alvarez@example.com"),
            // The victim's subject in another tenant, and at another provider.
            Account::microsoft(8, TENANT, "ana.alvarez@example.com"),
            Account { subject: "ana-sub".into(), ..Account::google("x", "Ana.Alvarez@Example.com") },
        ];
        for (number, attacker) in attackers.iter().enumerate().take(4) {
            let mut browser = Browser::new();
            let done = office.sign_in(&mut browser, attacker).await.expect("an account of their own");
            assert_eq!(done.outcome, Outcome::SignedUp, "{} {number}", db.kind);
            let member = office.member(&browser).await.expect("signed in");
            assert_ne!(member.person, victim.person);
            let own = people::team(db.store.reader(), member.org).await.unwrap();
            assert_eq!(own.len(), 1, "alone in an organisation of their own");
        }
        let done = office.sign_in(&mut Browser::new(), &attackers[4]).await.expect("signed in");
        assert_eq!(done.person, victim.person, "issuer and subject decide, in both directions");
    }
}

/// A subject is somebody only together with who issued it.
#[tokio::test]
async fn equal_subjects_of_two_issuers_are_two_people() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let raj = Account::microsoft(7, TENANT, "raj.patel@example.org");
        let known = office.sign_in(&mut Browser::new(), &raj).await.expect("signed up");
        let twin = Account::google(&format!("{TENANT}.{}", raj.subject), "raj.patel@example.org");
        let other = office.sign_in(&mut Browser::new(), &twin).await.expect("signed up");
        assert_eq!(other.outcome, Outcome::SignedUp, "{}", db.kind);
        assert_ne!(other.person, known.person);
    }
}

#[tokio::test]
async fn an_interviewer_invited_by_address_is_not_taken_over_by_it() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.sign_in(&mut browser, &ana()).await.expect("signed up");
        let member = office.member(&browser).await.expect("signed in");
        let txn = db.store.begin().await.unwrap();
        let email = "ben.okafor@example.com".parse().unwrap();
        let ben = people::ensure_interviewer(&txn, member.org, &email, "Ben").await.unwrap();
        let twice = people::ensure_interviewer(&txn, member.org, &email, "Else").await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(ben, twice);
        assert_eq!(office.person(&member, ben).await.name, "Ben");

        let done = office.sign_in(&mut Browser::new(), &Account::google("ben-sub", "ben.okafor@example.com")).await;
        assert_ne!(done.expect("signed up").person, ben, "{}", db.kind);
    }
}

#[tokio::test]
async fn the_provider_says_no_in_its_own_ways() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let table = [
            ("error=access_denied", (200, "access_denied")),
            ("error=consent_required", (400, "interaction_required")),
            ("error=server_error", (502, "provider_unavailable")),
            ("error=temporarily_unavailable", (502, "provider_unavailable")),
            ("error=odd&error_description=%3Cb%3Eraw%3C%2Fb%3E", (400, "oauth_refused")),
            ("error=access_denied&error_description=AADSTS90094%3A+x", (400, "admin_consent_required")),
        ];
        for (answer, wanted) in table {
            let mut browser = Browser::new();
            let page = office.begin(&mut browser, Provider::Google, Purpose::SignIn).await;
            let state = page.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
            let result = office.come_back(&mut browser, Provider::Google, &format!("state={state}&{answer}")).await;
            if let Err(error) = &result {
                assert!(!format!("{error} {}", error.hint()).contains("raw"), "the description is never shown");
            }
            assert_eq!(refused(result), wanted, "{} {answer}", db.kind);
            // A refusal uses the attempt up as an answer does.
            let again = office.come_back(&mut browser, Provider::Google, &format!("state={state}&{answer}")).await;
            assert_eq!(refused(again), (400, "oauth_state"));
        }
        assert_eq!(office.provider.exchanges(), 0);
        assert_eq!(counts(&db.store).await, [0; 4]);
    }
}

#[tokio::test]
async fn a_provider_for_calendars_only_signs_nobody_in() {
    for db in test_stores().await {
        let mut office = Office::open(&db.store).await;
        let mut browser = Browser::new();
        let page = office.begin(&mut browser, Provider::Google, Purpose::SignIn).await;
        office.memory.sign_in(&ana().access_token());
        let query = office.provider.agree(&page, &ana(), None);
        let clients = office.services.calendars.as_ref().clone();
        office.services.calendars = Arc::new(clients.signing_in_with(&[Provider::Microsoft]));

        // Neither an attempt that was under way, nor a new one.
        let unknown = (404, "provider_unknown");
        assert_eq!(refused(office.come_back(&mut browser, Provider::Google, &query).await), unknown, "{}", db.kind);
        let to = ReturnTo::parse("");
        let begun = sign_in::begin(&office.services, Provider::Google, Purpose::SignIn, &to, None, None).await;
        assert!(matches!(begun, Err(SignInError::ProviderUnknown)));
        assert_eq!(counts(&db.store).await, [0; 4]);
    }
}

#[tokio::test]
async fn a_state_counts_once_in_its_browser_at_its_provider_for_ten_minutes() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let bad_state = (400, "oauth_state");
        let agreed = async |browser: &mut Browser| {
            let page = office.begin(browser, Provider::Google, Purpose::SignIn).await;
            office.memory.sign_in(&ana().access_token());
            office.provider.agree(&page, &ana(), None)
        };

        // None, wrong, another browser's, another provider's.
        let mut browser = Browser::new();
        assert_eq!(refused(office.come_back(&mut browser, Provider::Google, "code=x").await), bad_state, "{}", db.kind);
        let query = agreed(&mut browser).await;
        let made_up = query.replace("state=", "state=x");
        assert_eq!(refused(office.come_back(&mut browser, Provider::Google, &made_up).await), bad_state);
        assert_eq!(refused(office.come_back(&mut Browser::new(), Provider::Google, &query).await), bad_state);
        // The stranger's try has used it up.
        assert_eq!(refused(office.come_back(&mut browser, Provider::Google, &query).await), bad_state);
        let query = agreed(&mut browser).await;
        assert_eq!(refused(office.come_back(&mut browser, Provider::Microsoft, &query).await), bad_state);

        // Eleven minutes old.
        let query = agreed(&mut browser).await;
        office.clock.advance(TimeDelta::minutes(11));
        assert_eq!(refused(office.come_back(&mut browser, Provider::Google, &query).await), bad_state);
        assert_eq!(office.provider.exchanges(), 0, "the token endpoint was never asked");

        // Used: a refresh of the page finds somebody signed in, and says so.
        let query = agreed(&mut browser).await;
        office.come_back(&mut browser, Provider::Google, &query).await.expect("signed in");
        match office.come_back(&mut browser, Provider::Google, &query).await {
            Err(error @ SignInError::State { signed_in: true }) => assert!(error.hint().contains("continue")),
            _ => panic!("a used state"),
        }
        assert_eq!(office.provider.exchanges(), 1);

        // Two tabs of one browser do not shut each other out.
        let (first, second) = (agreed(&mut browser).await, agreed(&mut browser).await);
        office.come_back(&mut browser, Provider::Google, &first).await.expect("signed in");
        office.come_back(&mut browser, Provider::Google, &second).await.expect("signed in");
    }
}

#[tokio::test]
async fn two_answers_with_one_state_make_one_sign_in() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        let page = office.begin(&mut browser, Provider::Google, Purpose::SignIn).await;
        office.memory.sign_in(&ana().access_token());
        let query = office.provider.agree(&page, &ana(), None);
        let (mut one, mut other) = (browser.clone(), browser);
        let (one, other) = tokio::join!(
            office.come_back(&mut one, Provider::Google, &query),
            office.come_back(&mut other, Provider::Google, &query)
        );
        assert_eq!([&one, &other].into_iter().filter(|result| result.is_ok()).count(), 1, "{}", db.kind);
        assert_eq!(office.provider.exchanges(), 1);
        assert_eq!(counts(&db.store).await, [1; 4]);
    }
}

#[tokio::test]
async fn one_new_identity_in_many_windows_makes_one_organisation() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        office.memory.sign_in(&ana().access_token());
        let window = async || {
            let done = office.sign_in(&mut Browser::new(), &ana()).await;
            done.expect("signed in").person
        };
        let (a, b, c, d, e) = tokio::join!(window(), window(), window(), window(), window());
        let people = [a, b, c, d, e];
        assert!(people.iter().all(|person| *person == people[0]), "{}", db.kind);
        assert_eq!(counts(&db.store).await, [1; 4]);
    }
}

#[tokio::test]
async fn answers_that_are_none_and_answers_of_others() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        let long = format!("state=s&code={}", "a".repeat(10_240));
        for query in ["", "state=s", "state=s&code=a&code=b", "state=s&code=a&error=b", &long] {
            let result = office.come_back(&mut browser, Provider::Google, query).await;
            assert_eq!(refused(result), (400, "oauth_response"), "{} {query:.40}", db.kind);
        }
        let page = office.begin(&mut browser, Provider::Google, Purpose::SignIn).await;
        let query = office.provider.agree(&page, &ana(), None);
        let query = query.split("&iss=").next().unwrap().to_owned() + "&iss=https%3A%2F%2Fevil.example";
        let result = office.come_back(&mut browser, Provider::Google, &query).await;
        assert_eq!(refused(result), (400, "oauth_issuer"));
        assert_eq!(office.provider.exchanges(), 0);
    }
}

/// What is changed in a provider's answer.
type Twist = fn(&mut Value);
/// The same, taking something along.
type BoxedTwist = Box<dyn FnOnce(&mut Value) + Send>;

#[tokio::test]
async fn a_token_endpoint_that_answers_wrongly_makes_no_account() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let instead: [(u16, &str, (u16, &str)); 5] = [
            (400, r#"{"error":"invalid_grant"}"#, (502, "oauth_exchange")),
            (401, r#"{"error":"invalid_client"}"#, (502, "oauth_exchange")),
            (500, "oops", (502, "provider_unavailable")),
            (503, "{}", (502, "provider_unavailable")),
            (200, "<html>Sorry</html>", (502, "oauth_exchange")),
        ];
        for (status, body, wanted) in instead {
            office.provider.answer_instead(status, body);
            assert_eq!(
                refused(office.sign_in(&mut Browser::new(), &ana()).await),
                wanted,
                "{} {status} {body}",
                db.kind
            );
        }
        let twists: [(&str, Twist); 6] = [
            ("no id token", |answer| drop(answer.as_object_mut().unwrap().remove("id_token"))),
            ("no access token", |answer| drop(answer.as_object_mut().unwrap().remove("access_token"))),
            ("another type", |answer| answer["token_type"] = json!("mac")),
            ("no lifetime", |answer| drop(answer.as_object_mut().unwrap().remove("expires_in"))),
            ("negative lifetime", |answer| answer["expires_in"] = json!(-5)),
            ("lifetime in words", |answer| answer["expires_in"] = json!("soon")),
        ];
        for (what, twist) in twists {
            office.provider.twist_answer(twist);
            let result = office.sign_in(&mut Browser::new(), &ana()).await;
            assert_eq!(refused(result), (502, "oauth_exchange"), "{} {what}", db.kind);
        }
        assert_eq!(counts(&db.store).await, [0; 4]);
    }
}

#[tokio::test]
async fn an_id_token_that_is_not_for_us_now_makes_no_account() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let now = office.now().timestamp();
        let claims: Vec<(&str, BoxedTwist)> = vec![
            ("aud", Box::new(|claims| claims["aud"] = json!("another-client"))),
            ("aud list", Box::new(|claims| claims["aud"] = json!(["another-client"]))),
            ("iss", Box::new(|claims| claims["iss"] = json!("https://accounts.google.com"))),
            ("exp", Box::new(move |claims| claims["exp"] = json!(now - 61))),
            ("nbf", Box::new(move |claims| claims["nbf"] = json!(now + 120))),
            ("nonce", Box::new(|claims| claims["nonce"] = json!("another"))),
            ("no nonce", Box::new(|claims| drop(claims.as_object_mut().unwrap().remove("nonce")))),
            ("no sub", Box::new(|claims| drop(claims.as_object_mut().unwrap().remove("sub")))),
        ];
        for (what, twist) in claims {
            office.provider.twist_claims(twist);
            let result = office.sign_in(&mut Browser::new(), &ana()).await;
            assert_eq!(refused(result), (401, "oauth_token"), "{} {what}", db.kind);
        }
        for (what, header) in [("alg", json!("none")), ("alg", json!("HS256")), ("kid", json!("k2"))] {
            office.provider.twist_header(move |all| all[what] = header);
            let result = office.sign_in(&mut Browser::new(), &ana()).await;
            assert_eq!(refused(result), (401, "oauth_token"), "{} {what}", db.kind);
        }
        assert_eq!(counts(&db.store).await, [0; 4]);
    }
}

#[tokio::test]
async fn an_account_without_an_address_works_and_has_none() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let nobody = Account { email: None, ..ana() };
        let unverified = Account { email_verified: false, ..Account::google("eve-sub", "somebody.else@example.com") };
        for account in [nobody, unverified] {
            let mut browser = Browser::new();
            office.sign_in(&mut browser, &account).await.expect("signed up");
            let member = office.member(&browser).await.expect("signed in");
            assert!(!has_address(&member.email), "{} {}", db.kind, member.email.as_str());
        }
    }
}

#[tokio::test]
async fn what_was_not_granted_is_named_and_takes_nothing_away() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        let done = office.sign_in_granting(&mut browser, &ana(), Some("openid email")).await.expect("signed up");
        assert_eq!(connected(&done).status, ConnectionStatus::Active);
        assert_eq!(
            connected(&done).last_error,
            "Permission to see when you are busy and to add events to your calendar is missing. Reconnect and allow it.",
            "{}",
            db.kind
        );
        assert_eq!(connected(&done).missing(&[Need::ReadBusy]), ["see when you are busy"]);

        let done = office.sign_in(&mut browser, &ana()).await.expect("signed in");
        assert!(connected(&done).last_error.is_empty() && connected(&done).can(Need::WriteEvents));
        // Signing in with boxes unticked does not break what works.
        let done = office.sign_in_granting(&mut browser, &ana(), Some("openid email")).await.expect("signed in");
        assert!(connected(&done).can(Need::ReadBusy) && connected(&done).can(Need::WriteEvents));
    }
}

#[tokio::test]
async fn a_provider_that_is_down_leaves_a_connection_that_works_later() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.memory.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        office.memory.fail_next(Action::Calendars, CalendarError::Unavailable("503".into()));
        let done = office.sign_in(&mut browser, &ana()).await.expect("signed up all the same");
        assert_eq!(connected(&done).status, ConnectionStatus::Error, "{}", db.kind);
        assert!(connected(&done).last_error.contains("did not answer"));
        let row = connection_rows::Entity::find().one(db.store.reader()).await.unwrap().unwrap();
        assert!(row.refresh_token.is_some(), "the tokens are kept");
    }
}

#[tokio::test]
async fn what_was_not_read_at_sign_in_is_read_later() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.memory.fail_next(Action::Calendars, CalendarError::Unavailable("503".into()));
        let done = office.sign_in(&mut browser, &ana()).await.expect("signed up all the same");
        assert_eq!(connected(&done).status, ConnectionStatus::Error, "{}", db.kind);
        let member = office.member(&browser).await.expect("signed in");
        assert_eq!(member.zone, None);

        office.memory.add_calendar(&ana().access_token(), "team");
        office.memory.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let read = || connect::read_again(&office.services, member.org, connected(&done).id);
        assert!(read().await.is_err(), "and tried again");
        read().await.expect("read");
        let connection = connections::find(db.store.reader(), member.org, connected(&done).id).await.unwrap().unwrap();
        assert_eq!((connection.status, connection.last_error.as_str()), (ConnectionStatus::Active, ""));
        assert_eq!(calendars::Entity::find().count(db.store.reader()).await.unwrap(), 2);
        assert_eq!(office.person(&member, member.person).await.zone, Some(chrono_tz::UTC), "as the calendar says");
    }
}

#[tokio::test]
async fn where_somebody_lives_is_told_by_the_calendar_then_by_the_browser_and_never_made_up() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let signs_in = async |zone, listed: bool| {
            let mut browser = Browser::within(zone);
            if !listed {
                office.memory.fail_next(Action::Calendars, CalendarError::PermissionMissing(vec![]));
            }
            office.sign_in(&mut browser, &ana()).await.expect("signed in");
            office.member(&browser).await.expect("signed in").zone
        };
        let (berlin, tokyo) = (chrono_tz::Europe::Berlin, chrono_tz::Asia::Tokyo);
        assert_eq!(signs_in(None, false).await, None, "{}: nobody said", db.kind);
        assert_eq!(signs_in(Some(berlin), false).await, Some(berlin));
        assert_eq!(signs_in(Some(tokyo), true).await, Some(berlin), "who is known does not move by travelling");

        let mut browser = Browser::within(Some(tokyo));
        office.sign_in(&mut browser, &Account::google("ben-sub", "ben@example.com")).await.expect("signed up");
        let ben = office.member(&browser).await.expect("signed in");
        assert_eq!(ben.zone, Some(chrono_tz::UTC), "the calendar's word before the browser's");
    }
}

/// Google gives a refresh token on consent only, which signing in does not ask for.
#[tokio::test]
async fn signing_in_does_not_revive_an_expired_connection() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.sign_in(&mut browser, &ana()).await.expect("signed up");
        office.provider.revoke(&ana());
        office.clock.advance(TimeDelta::hours(2));
        tokens::keep_fresh(&office.services).await.expect("looked after");
        office.provider.grant_no_refresh_tokens();

        let done = office.sign_in(&mut browser, &ana()).await.expect("signed in");
        assert_eq!(
            (done.outcome, connected(&done).status),
            (Outcome::SignedIn, ConnectionStatus::Expired),
            "{}",
            db.kind
        );
        assert_eq!(office.told.connected.load(Ordering::SeqCst), 1, "it does not work again");
        let member = office.member(&browser).await.expect("signed in");
        let page = office.begin(&mut browser, Provider::Google, Purpose::Connect(&member, Wish::Usual)).await;
        assert!(page.query_pairs().any(|(name, value)| name == "prompt" && value == "consent"));
        let query = office.provider.agree(&page, &ana(), None);
        let result = office.come_back(&mut browser, Provider::Google, &query).await;
        assert_eq!(refused(result), (409, "offline_access_missing"), "asked for consent and got none");
    }
}

#[tokio::test]
async fn only_an_address_that_is_vouched_for_is_written_to() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let work = Account::microsoft(7, TENANT, "boss@bank.example");
        let personal = Account::microsoft(8, PERSONAL, "raj@outlook.example");
        for (account, contact) in [(work, None), (personal, Some("raj@outlook.example"))] {
            let mut browser = Browser::new();
            office.sign_in(&mut browser, &account).await.expect("signed up");
            let member = office.member(&browser).await.expect("signed in");
            assert_eq!(member.contact().map(convene::ids::Email::as_str), contact, "{}", db.kind);
            let claimed = connections::claimed_address(db.store.reader(), member.org, member.person).await.unwrap();
            assert_eq!(Some(claimed), account.email, "it is shown, and can be confirmed");
        }
    }
}

#[tokio::test]
async fn without_lasting_access_nothing_is_made() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.provider.grant_no_refresh_tokens();
        let result = office.sign_in(&mut browser, &ana()).await;
        assert_eq!(refused(result), (409, "offline_access_missing"), "{}", db.kind);
        assert_eq!(counts(&db.store).await, [0; 4]);

        // Who has a refresh token from before keeps it: Google gives one on the first consent only.
        let office = Office::open(&db.store).await;
        office.sign_in(&mut browser, &ana()).await.expect("signed up");
        office.provider.grant_no_refresh_tokens();
        let done = office.sign_in(&mut browser, &ana()).await.expect("signed in");
        assert_eq!(connected(&done).status, ConnectionStatus::Active);
        let row = connection_rows::Entity::find().one(db.store.reader()).await.unwrap().unwrap();
        assert!(row.refresh_token.is_some());
    }
}

#[tokio::test]
async fn reconnecting_with_another_account_is_refused_by_name() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.sign_in(&mut browser, &ana()).await.expect("signed up");
        let member = office.member(&browser).await.expect("signed in");
        let other = Account::google("other-sub", "ana.private@example.com");
        office.memory.sign_in(&other.access_token());

        let page = office.begin(&mut browser, Provider::Google, Purpose::Connect(&member, Wish::Usual)).await;
        assert!(page.query_pairs().any(|(name, value)| name == "login_hint" && value == "ana.alvarez@example.com"));
        let query = office.provider.agree(&page, &other, None);
        let error = office.come_back(&mut browser, Provider::Google, &query).await.err().expect("refused");
        assert_eq!((error.status(), error.code()), (409, "account_mismatch"), "{}", db.kind);
        assert_eq!(
            error.to_string(),
            "You chose ana.private@example.com; this calendar belongs to ana.alvarez@example.com."
        );
        assert_eq!(audited(&db.store, "person.sign_in_refused").await, 1, "{}", db.kind);

        let page = office.begin(&mut browser, Provider::Google, Purpose::Connect(&member, Wish::Usual)).await;
        let query = office.provider.agree(&page, &ana(), None);
        let done = office.come_back(&mut browser, Provider::Google, &query).await.expect("reconnected");
        assert_eq!((done.outcome, done.person), (Outcome::Connected, member.person));

        // Somebody else's session does not finish it.
        let page = office.begin(&mut browser, Provider::Google, Purpose::Connect(&member, Wish::Usual)).await;
        let query = office.provider.agree(&page, &ana(), None);
        let session = browser.session().unwrap();
        sessions::sign_out(&db.store, &session, &Origin::default()).await.unwrap();
        assert_eq!(refused(office.come_back(&mut browser, Provider::Google, &query).await), (400, "oauth_state"));
    }
}

#[tokio::test]
async fn connecting_a_second_provider_adds_a_calendar_and_no_way_to_sign_in() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.sign_in(&mut browser, &ana()).await.expect("signed up");
        let member = office.member(&browser).await.expect("signed in");
        let outlook = Account::microsoft(9, PERSONAL, "ana@outlook.example");
        office.memory.sign_in(&outlook.access_token());
        let page = office.begin(&mut browser, Provider::Microsoft, Purpose::Connect(&member, Wish::Usual)).await;
        let query = office.provider.agree(&page, &outlook, None);
        let done = office.come_back(&mut browser, Provider::Microsoft, &query).await.expect("connected");
        assert!(!connected(&done).is_primary && connected(&done).personal, "{}", db.kind);

        let all = connections::of_people(db.store.reader(), member.org, &[member.person]).await.unwrap();
        assert_eq!(all[&member.person].len(), 2);
        assert!(all[&member.person][0].is_primary);
        let stranger = office.sign_in(&mut Browser::new(), &outlook).await.expect("signed up");
        assert_ne!(stranger.person, member.person);
    }
}

#[tokio::test]
async fn who_may_sign_up_is_a_setting() {
    for db in test_stores().await {
        let mut office = Office::open(&db.store).await;
        office.sign_in(&mut Browser::new(), &ana()).await.expect("signed up");
        for policy in [SignUp::Invite, SignUp::Closed] {
            office.sign_up = policy;
            let stranger = Account::google("new-sub", "new@example.com");
            let result = office.sign_in(&mut Browser::new(), &stranger).await;
            assert_eq!(refused(result), (403, "sign_up_closed"), "{} {policy:?}", db.kind);
            office.sign_in(&mut Browser::new(), &ana()).await.expect("known people still sign in");
        }
        assert_eq!(counts(&db.store).await, [1; 4]);
    }
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_time_by_revoking_and_with_its_person() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.sign_in(&mut browser, &ana()).await.expect("signed up");

        // A session id does not survive a sign-in.
        let stolen = browser.clone();
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        assert!(office.member(&stolen).await.is_none(), "{}", db.kind);

        // Signed out: the cookie somebody copied is worthless.
        let copied = browser.clone();
        sessions::sign_out(&db.store, &browser.session().unwrap(), &Origin::default()).await.unwrap();
        assert!(office.member(&copied).await.is_none());
        assert_eq!(audited(&db.store, "person.signed_out").await, 1);

        // Idle for twelve hours.
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        office.clock.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        assert!(office.member(&browser).await.is_some(), "in use");
        office.clock.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        assert!(office.member(&browser).await.is_some(), "use keeps it alive");
        office.clock.advance(TimeDelta::hours(12));
        assert!(office.member(&browser).await.is_none());

        // Seven days in any case.
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        for _ in 0..16 {
            office.clock.advance(TimeDelta::hours(10));
            assert!(office.member(&browser).await.is_some());
        }
        office.clock.advance(TimeDelta::hours(8));
        assert!(office.member(&browser).await.is_none());

        // Revoked from the list, one's own only.
        let mut phone = Browser::new();
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        office.sign_in(&mut phone, &ana()).await.expect("signed in");
        let member = office.member(&browser).await.unwrap();
        let list = sessions::list(db.store.reader(), &member, office.now()).await.unwrap();
        let other = list.iter().find(|session| Some(session.id) != member.session).expect("the phone's");
        let mut stranger = Browser::new();
        office.sign_in(&mut stranger, &Account::google("s", "s@example.com")).await.expect("signed up");
        let txn = db.store.begin().await.unwrap();
        assert!(
            !sessions::revoke(&txn, &office.member(&stranger).await.unwrap(), other.id, &Origin::default())
                .await
                .unwrap()
        );
        assert!(sessions::revoke(&txn, &member, other.id, &Origin::default()).await.unwrap());
        txn.commit().await.unwrap();
        assert!(office.member(&phone).await.is_none() && office.member(&browser).await.is_some());

        // Disabled: signed out everywhere, and no way back in.
        let admin = Member::of(&office.person(&member, member.person).await).unwrap().admin().unwrap();
        let txn = db.store.begin().await.unwrap();
        people::disable(&txn, &admin, member.person).await.unwrap();
        txn.commit().await.unwrap();
        assert!(office.member(&browser).await.is_none());
        assert_eq!(refused(office.sign_in(&mut browser, &ana()).await), (403, "person_disabled"));
    }
}

#[tokio::test]
async fn made_up_sessions_sign_nobody_in() {
    for db in test_stores().await {
        let (office, mut browser) = (Office::open(&db.store).await, Browser::new());
        office.sign_in(&mut browser, &ana()).await.expect("signed up");
        let hash = convene::store::entities::sessions::Entity::find().one(db.store.reader()).await.unwrap().unwrap();
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
        for made_up in [BASE64.encode(random_bytes()), BASE64.encode(&hash.token_hash)] {
            let mut browser = Browser::new();
            browser.set(&format!("{}={made_up}; Path=/", sessions::COOKIE));
            assert!(browser.session().is_some() && office.member(&browser).await.is_none(), "{}", db.kind);
        }
    }
}
