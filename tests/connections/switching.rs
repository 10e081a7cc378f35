//! One account in place of another, and what becomes of the grant of the one that ended.

use convene::{
    audit::Origin,
    calendars::Provider,
    connections::{
        connect::Wish,
        disconnect::disconnect,
        revocation::{self, RevocationError},
    },
    people::Policies,
    sign_in::{Purpose, error::SignInError},
    store::{
        entities::{organisations, revocations},
        words,
    },
};

use super::{choices::connect_too, *};

fn other_ana() -> Account {
    Account::google("ana-at-home", "ana.at.home@example.net")
}

fn outlook() -> Account {
    Account::microsoft(9, PERSONAL, "ana@outlook.example")
}

fn address(account: &Account) -> String {
    account.email.clone().expect("has one")
}

async fn one_calendar_each(store: &Store) {
    decide(store, &Policies { one_calendar: true, ..Policies::default() }).await;
}

async fn decide(store: &Store, policies: &Policies) {
    let policies = serde_json::to_string(policies).expect("JSON");
    organisations::Entity::update_many()
        .col_expr(organisations::Column::Policies, Expr::value(policies))
        .exec(store.reader())
        .await
        .expect("decided");
}

/// Ana goes to the provider with this wish and chooses this account.
async fn goes(office: &Office, member: &Member, account: &Account, wish: Wish) -> Result<Connection, SignInError> {
    let mut browser = Browser::new();
    office.sign_in(&mut browser, &ana()).await.expect("signed in");
    office.memory.sign_in(&account.access_token());
    let page = office.begin(&mut browser, account.provider, Purpose::Connect(member, wish)).await;
    let query = office.provider.agree(&page, account, None);
    office.come_back(&mut browser, account.provider, &query).await.map(|done| done.connection.expect("connected"))
}

async fn actions(store: &Store) -> Vec<String> {
    let rows = audit_log::Entity::find().all(store.reader()).await.expect("read");
    rows.into_iter().map(|row| row.action).filter(|action| action.starts_with("connection.")).collect()
}

async fn statuses(store: &Store, member: &Member) -> Vec<(String, ConnectionStatus, bool)> {
    let found = connections::of_people(store.reader(), member.org, &[member.person]).await.expect("read");
    let mut all: Vec<_> =
        found.into_values().flatten().map(|one| (one.account_email, one.status, one.is_primary)).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[tokio::test]
async fn another_account_takes_over_only_when_its_owner_said_so() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        match goes(&office, &member, &other_ana(), Wish::Usual).await {
            Err(SignInError::AccountMismatch { chosen, wanted, .. }) => {
                assert_eq!((chosen, wanted), (address(&other_ana()), address(&ana())), "{}", db.kind);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(statuses(&db.store, &member).await, [(address(&ana()), ConnectionStatus::Active, true)]);
        let taken = goes(&office, &member, &other_ana(), Wish::TakeOver).await.expect("taken over");
        assert_eq!((taken.account_email.as_str(), taken.is_primary), (address(&other_ana()).as_str(), true));
        let both = [
            (address(&ana()), ConnectionStatus::Inactive, true),
            (address(&other_ana()), ConnectionStatus::Active, true),
        ];
        let mut wanted = both.to_vec();
        wanted.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(statuses(&db.store, &member).await, wanted);
        assert!(actions(&db.store).await.contains(&"connection.switched".to_owned()));
        // The first account comes back with its own row, and what stands in its calendars is known by it.
        let back = goes(&office, &member, &ana(), Wish::TakeOver).await.expect("back");
        let of_ana: Vec<_> = rows::Entity::find()
            .filter(rows::Column::AccountSubject.eq(ana().subject))
            .all(db.store.reader())
            .await
            .unwrap();
        assert_eq!(of_ana.iter().map(|row| row.id).collect::<Vec<_>>(), [back.id]);
    }
}

#[tokio::test]
async fn where_one_calendar_is_wanted_a_second_one_is_a_switch() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        one_calendar_each(&db.store).await;
        let mut browser = Browser::new();
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        let purpose = Purpose::Connect(&member, Wish::Usual);
        let back = convene::sign_in::return_to::ReturnTo::default();
        let begun = convene::sign_in::begin(&office.services, Provider::Microsoft, purpose, &back, None, None).await;
        assert_eq!(begun.err().expect("asked first").code(), "one_calendar", "{}", db.kind);
        let switched = goes(&office, &member, &outlook(), Wish::TakeOver).await.expect("switched");
        assert_eq!(switched.account_email, address(&outlook()));
        let now = statuses(&db.store, &member).await;
        let active: Vec<_> = now.iter().filter(|one| one.1 == ConnectionStatus::Active).collect();
        assert_eq!(active.len(), 1, "{now:?}");
        assert_eq!((active[0].0.as_str(), active[0].2), (address(&outlook()).as_str(), true));
        // Who signs in by the account that was switched away from gets in, and changes nothing.
        office.sign_in(&mut Browser::new(), &ana()).await.expect("signed in");
        assert_eq!(statuses(&db.store, &member).await, now);
    }
}

/// The policy may come while somebody is at the provider.
#[tokio::test]
async fn a_policy_that_comes_meanwhile_holds() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        let mut browser = Browser::new();
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        office.memory.sign_in(&outlook().access_token());
        let page = office.begin(&mut browser, Provider::Microsoft, Purpose::Connect(&member, Wish::Usual)).await;
        one_calendar_each(&db.store).await;
        let query = office.provider.agree(&page, &outlook(), None);
        let refused = office.come_back(&mut browser, Provider::Microsoft, &query).await.map(|done| done.outcome);
        assert_eq!(refused.err().expect("asked first").code(), "one_calendar", "{}", db.kind);
        assert_eq!(statuses(&db.store, &member).await, [(address(&ana()), ConnectionStatus::Active, true)]);
    }
}

async fn ends(office: &Office, member: &Member, provider: Provider) {
    let txn = office.services.store.begin().await.expect("a write");
    let connection = connections::own(&*txn, member, provider).await.expect("read").expect("connected");
    disconnect(&office.services, &txn, member, &connection, false, &Origin::default()).await.expect("always ends here");
    txn.commit().await.expect("committed");
}

async fn pending(store: &Store) -> u64 {
    revocations::Entity::find().count(store.reader()).await.expect("read")
}

#[tokio::test]
async fn a_grant_is_handed_back_even_if_the_provider_is_down_for_a_while() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        office.provider.go_down();
        ends(&office, &member, Provider::Google).await;
        let ended = row(&db.store).await;
        assert_eq!(
            (ended.status, ended.access_token, ended.refresh_token),
            (ConnectionStatus::Inactive, None, None),
            "{}",
            db.kind
        );
        assert_eq!((pending(&db.store).await, office.provider.handed_back()), (1, 0));
        let (org, id) = office.told.disconnected.lock().expect("no panic")[0];
        let again = revocation::carry_out(&office.services, org, id).await;
        assert!(matches!(again, Err(RevocationError::NoAnswer)), "{again:?}");
        office.provider.come_up();
        revocation::carry_out(&office.services, org, id).await.expect("handed back");
        revocation::carry_out(&office.services, org, id).await.expect("twice is once");
        assert_eq!((pending(&db.store).await, office.provider.handed_back()), (0, 1));
        let told = actions(&db.store).await;
        assert_eq!(told.iter().filter(|action| *action == "connection.grant_ended").count(), 1, "{told:?}");
    }
}

#[tokio::test]
async fn a_grant_that_is_given_up_leaves_no_secret_behind() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        office.provider.go_down();
        ends(&office, &member, Provider::Google).await;
        let (org, id) = office.told.disconnected.lock().expect("no panic")[0];
        let txn = db.store.begin().await.expect("a write");
        revocation::give_up(&txn, org, id).await.expect("given up");
        txn.commit().await.expect("committed");
        assert_eq!(pending(&db.store).await, 0, "{}", db.kind);
        let last = audit_log::Entity::find().filter(audit_log::Column::Action.eq("connection.grant_ended"));
        let last = last.one(db.store.reader()).await.unwrap().expect("written down");
        assert!(last.detail.contains("given_up"), "{}", last.detail);
    }
}

/// Google ends all that an application was granted: handing the old grant back late would end the new one too.
#[tokio::test]
async fn who_connects_again_meanwhile_keeps_the_new_grant() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        office.provider.go_down();
        ends(&office, &member, Provider::Google).await;
        office.provider.come_up();
        let connected = connect_too(&office, &member, &ana()).await;
        assert_eq!(connected.status, ConnectionStatus::Active, "{}", db.kind);
        assert_eq!(pending(&db.store).await, 0, "called off");
        let (org, id) = office.told.disconnected.lock().expect("no panic")[0];
        revocation::carry_out(&office.services, org, id).await.expect("nothing to do");
        office.clock.advance(TimeDelta::hours(2));
        token_of(&office.services, member.org, &connected).await.expect("the new grant lives");
        assert_eq!(office.provider.handed_back(), 0);
    }
}

/// Signing in shows who somebody is; that they want no calendar read is their word of before.
#[tokio::test]
async fn who_disconnected_their_calendar_signs_in_without_it() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        ends(&office, &member, Provider::Google).await;
        let mut browser = Browser::new();
        let done = office.sign_in(&mut browser, &ana()).await.expect("signed in");
        assert_eq!((done.person, done.connection.is_none()), (member.person, true), "{}", db.kind);
        assert_eq!(statuses(&db.store, &member).await, [(address(&ana()), ConnectionStatus::Inactive, true)]);
        let asked = goes(&office, &member, &ana(), Wish::Usual).await.expect("connected");
        assert_eq!(asked.status, ConnectionStatus::Active);
    }
}

#[tokio::test]
async fn calendars_that_the_organisation_does_not_want_are_not_connected() {
    for db in test_stores().await {
        let office = Office::open(&db.store).await;
        let (member, _) = signed_in(&office, &ana()).await;
        let only_google = Policies { calendar_providers: vec![words::Provider::Google], ..Policies::default() };
        // At Microsoft's page already when it is decided.
        let mut browser = Browser::new();
        office.sign_in(&mut browser, &ana()).await.expect("signed in");
        office.memory.sign_in(&outlook().access_token());
        let page = office.begin(&mut browser, Provider::Microsoft, Purpose::Connect(&member, Wish::Usual)).await;
        decide(&db.store, &only_google).await;
        let query = office.provider.agree(&page, &outlook(), None);
        let late = office.come_back(&mut browser, Provider::Microsoft, &query).await.map(|done| done.outcome);
        assert_eq!(late.err().expect("refused").code(), "calendar_not_allowed", "{}", db.kind);
        for wish in [Wish::Usual, Wish::TakeOver] {
            let begun = goes_there(&office, &member, Provider::Microsoft, wish).await;
            assert_eq!(begun.expect("refused").code(), "calendar_not_allowed");
        }
        assert_eq!(statuses(&db.store, &member).await, [(address(&ana()), ConnectionStatus::Active, true)]);

        // What is connected stays, and may be connected again; people still get in by it.
        let only_outlook = Policies { calendar_providers: vec![words::Provider::Microsoft], ..Policies::default() };
        decide(&db.store, &only_outlook).await;
        goes(&office, &member, &ana(), Wish::Usual).await.expect("goes on");
        ends(&office, &member, Provider::Google).await;
        let refused = goes_there(&office, &member, Provider::Google, Wish::Usual).await;
        assert_eq!(refused.expect("refused").code(), "calendar_not_allowed");
        let eva = Account::google("eva-sub", "eva@example.org");
        let (other, _) = signed_in(&office, &eva).await;
        // An organisation of her own has policies of its own.
        assert_eq!(statuses(&db.store, &other).await.len(), 1);
    }
}

/// Why one does not even get to the provider.
async fn goes_there(office: &Office, member: &Member, provider: Provider, wish: Wish) -> Option<SignInError> {
    let purpose = Purpose::Connect(member, wish);
    let back = convene::sign_in::return_to::ReturnTo::default();
    convene::sign_in::begin(&office.services, provider, purpose, &back, None, None).await.err()
}
