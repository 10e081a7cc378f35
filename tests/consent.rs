//! An administrator allows calendars for everybody at Microsoft: the answer counts for who asked, once.

use crate::common::{
    office::{Browser, Office},
    provider::{Account, TENANT},
    test_stores,
};
use chrono::TimeDelta;
use convene::{
    audit::Origin,
    connections::organisation::GrantError,
    people::Admin,
    sign_in::consent::{self, ConsentError},
    store::{Store, entities::organisation_access},
};
use sea_orm::{EntityTrait, PaginatorTrait};

const TOKEN: &str = "token-of-the-tenant";

/// Raj's organisation.
struct House {
    office: Office,
    raj: Admin,
}

async fn founder(office: &Office, account: &Account) -> Admin {
    let mut browser = Browser::new();
    office.sign_in(&mut browser, account).await.expect("signed in");
    office.member(&browser).await.expect("signed in").admin().expect("who founded it")
}

impl House {
    async fn open(store: &Store) -> Self {
        let office = Office::open(store).await;
        let raj = founder(&office, &Account::microsoft(11, TENANT, "raj.patel@example.org")).await;
        Self { office, raj }
    }

    /// The administrator goes to Microsoft's page; gives the state.
    async fn goes(&self, browser: &mut Browser) -> String {
        let domains = ["example.org".to_owned()];
        let begun = consent::begin(&self.office.services, &self.raj, browser.attempt(), &domains).await.expect("begun");
        browser.set(&begun.browser_cookie);
        let state = begun.page.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned());
        state.expect("a state")
    }

    async fn comes_back(&self, who: &Admin, browser: &Browser, query: &str) -> Result<(), ConsentError> {
        consent::finish(&self.office.services, who, browser.attempt(), query, &Origin::default()).await
    }
}

#[tokio::test]
async fn microsofts_answer_counts_for_who_asked_and_once() {
    for db in test_stores().await {
        let house = House::open(&db.store).await;
        house.office.provider.lend(Some(TOKEN));
        house.office.memory.admit(TOKEN, "example.org");
        let ana = founder(&house.office, &Account::google("ana-sub", "ana.alvarez@example.com")).await;
        let mut browser = Browser::new();
        let yes = |state: &str, tenant: &str| format!("admin_consent=True&tenant={tenant}&state={state}");

        let state = house.goes(&mut browser).await;
        let no = house.comes_back(&house.raj, &browser, &format!("error=access_denied&state={state}")).await;
        assert!(matches!(no, Err(ConsentError::Denied)), "{no:?}");
        let again = house.comes_back(&house.raj, &browser, &yes(&state, TENANT)).await;
        assert!(matches!(again, Err(ConsentError::State)), "{}: once, {again:?}", db.kind);
        for (who, from) in [(&ana, &browser), (&house.raj, &Browser::new())] {
            let state = house.goes(&mut browser.clone()).await;
            let other = house.comes_back(who, from, &yes(&state, TENANT)).await;
            assert!(matches!(other, Err(ConsentError::State)), "{other:?}");
        }
        let state = house.goes(&mut browser).await;
        let late = TimeDelta::minutes(11);
        house.office.clock.advance(late);
        let over = house.comes_back(&house.raj, &browser, &yes(&state, TENANT)).await;
        assert!(matches!(over, Err(ConsentError::State)), "{over:?}");
        let state = house.goes(&mut browser).await;
        let another = "11111111-2222-3333-4444-555555555555";
        let other = house.comes_back(&house.raj, &browser, &yes(&state, another)).await;
        assert!(matches!(other, Err(ConsentError::Grant(GrantError::OtherTenant))), "{other:?}");
        assert_eq!(organisation_access::Entity::find().count(db.store.reader()).await.expect("counted"), 0);

        let state = house.goes(&mut browser).await;
        house.comes_back(&house.raj, &browser, &yes(&state, TENANT)).await.expect("allowed");
        let kept = organisation_access::Entity::find().one(db.store.reader()).await.expect("read").expect("kept");
        assert_eq!(kept.account, TENANT);
    }
}
