//! What an organisation allowed for all of its people: who is asked through it, and that nobody is free because it failed.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::RsaKeyPair,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use convene::{
    audit::Origin,
    calendars::Provider,
    connections::organisation::{self, Allowed, GrantError},
    people::{Admin, CalendarAccess, Policies, policies},
    store::{entities::organisation_access, words::AccessStatus},
};

use serde_json::json;

use super::*;

const TOKEN: &str = "token-of-the-tenant";
const RAJ: &str = "raj.patel@example.org";

/// Raj's organisation, whose tenant agreed.
struct House {
    office: Office,
    raj: Admin,
    nora: PersonId,
    window: Interval,
    noon: Interval,
}

impl House {
    async fn open(store: &Store) -> Self {
        let office = Office::open(store).await;
        let (member, _) = signed_in(&office, &raj()).await;
        let raj = member.admin().expect("who founded it");
        let start = office.now() + TimeDelta::days(1);
        let noon = span(start + TimeDelta::hours(12), start + TimeDelta::hours(13));
        let house = Self { nora: PersonId::new(), window: span(start, start + TimeDelta::days(7)), noon, office, raj };
        let nora = house.person(house.raj.member().org, "nora.weiss@example.org").await;
        house.office.memory.sign_in("nora.weiss@example.org");
        let entry = Entry { calendar: "primary".into(), span: noon, transparent: false, declined: false };
        house.office.memory.add_entry("nora.weiss@example.org", entry);
        Self { nora, ..house }
    }

    async fn person(&self, org: OrgId, email: &str) -> PersonId {
        let txn = self.office.services.store.begin().await.expect("a write");
        let id = people::ensure_interviewer(&txn, org, &email.parse().expect("an address"), "Somebody").await;
        txn.commit().await.expect("committed");
        id.expect("a person")
    }

    async fn decides(&self, admin: &Admin, calendar_access: CalendarAccess) {
        let txn = self.office.services.store.begin().await.expect("a write");
        let policies = Policies { calendar_access, ..Policies::default() };
        policies::set(&txn, admin, &policies).await.expect("decided");
        txn.commit().await.expect("committed");
    }

    /// Microsoft says that this tenant agreed.
    async fn brings(&self, admin: &Admin, tenant: &str) -> Result<(), GrantError> {
        let allowed = Allowed::Tenant(tenant.parse().expect("a tenant"));
        let domains = vec!["example.org".to_owned()];
        organisation::grant(&self.office.services, admin, allowed, domains, &Origin::default()).await
    }

    async fn allows(&self) {
        self.office.provider.lend(Some(TOKEN));
        self.office.memory.admit(TOKEN, "example.org");
        self.brings(&self.raj, TENANT).await.expect("allowed");
    }

    async fn asks(&self, org: OrgId, people: &[PersonId], max_age: TimeDelta) -> Vec<PersonBusy> {
        let mut busy =
            busy::busy_of(&self.office.services, org, people, self.window, max_age).await.expect("an answer");
        people.iter().map(|person| busy.remove(person).expect("everybody asked for")).collect()
    }

    /// What is known of Nora, asked live.
    async fn nora(&self) -> PersonBusy {
        self.asks(self.raj.member().org, &[self.nora], TimeDelta::zero()).await.remove(0)
    }

    async fn access(&self) -> organisation_access::Model {
        let found = organisation_access::Entity::find().one(self.office.services.store.reader()).await;
        found.expect("read").expect("one access")
    }
}

fn reason(busy: &PersonBusy) -> Option<UnknownReason> {
    match busy {
        PersonBusy::Unknown { reason, .. } => Some(*reason),
        PersonBusy::Known { .. } | PersonBusy::NotConnected => None,
    }
}

#[tokio::test]
async fn own_connections_win_and_the_organisation_tells_of_the_rest() {
    for db in test_stores().await {
        let house = House::open(&db.store).await;
        let (me, memory) = (house.raj.member().clone(), &house.office.memory);
        house.allows().await;
        let ghost = house.person(me.org, "ghost@example.org").await;
        let outsider = house.person(me.org, "olga@sub.example.org").await;
        let people = [me.person, house.nora, ghost, outsider];
        // Allowed, and not used before somebody decides so.
        let trial = memory.asked_of().len();
        let [own, nora, ..] = &house.asks(me.org, &people, TimeDelta::zero()).await[..] else { panic!("four") };
        assert!(matches!(own, PersonBusy::Known { .. }));
        assert_eq!((nora, memory.asked_of().len()), (&PersonBusy::NotConnected, trial), "{}", db.kind);

        house.decides(&house.raj, CalendarAccess::Both).await;
        let [own, nora, ghost_busy, olga] = &house.asks(me.org, &people, TimeDelta::zero()).await[..] else {
            panic!("four")
        };
        assert!(matches!(own, PersonBusy::Known { .. }));
        assert_eq!(intervals(nora), [house.noon], "{}", db.kind);
        assert_eq!(reason(ghost_busy), Some(UnknownReason::NoMailbox), "never free");
        assert_eq!(olga, &PersonBusy::NotConnected, "another domain");
        let mut asked = memory.asked_of().pop().expect("a question");
        asked.sort();
        assert_eq!(asked, ["ghost@example.org", "nora.weiss@example.org"], "in one question, without who connected");
        // Known for a while.
        let questions = memory.asked_of().len();
        house.asks(me.org, &[house.nora], TimeDelta::minutes(5)).await;
        assert_eq!(memory.asked_of().len(), questions);

        house.decides(&house.raj, CalendarAccess::AppOnly).await;
        let calls = memory.questions();
        let [own, nora, ..] = &house.asks(me.org, &people, TimeDelta::zero()).await[..] else { panic!("four") };
        assert!(matches!((own, nora), (PersonBusy::Known { .. }, PersonBusy::Known { .. })), "{own:?}");
        assert_eq!(memory.questions(), calls, "{}: no own connection is asked", db.kind);
        assert!(memory.asked_of().pop().expect("a question").contains(&"raj.patel@example.org".to_owned()));

        // Switched off, nobody is asked any more, and nothing that was read counts.
        house.decides(&house.raj, CalendarAccess::Delegated).await;
        let questions = memory.asked_of().len();
        let off = house.asks(me.org, &[house.nora], TimeDelta::minutes(5)).await;
        assert_eq!((off, memory.asked_of().len()), (vec![PersonBusy::NotConnected], questions), "{}", db.kind);
    }
}

#[tokio::test]
async fn what_is_refused_is_unknown_and_never_free() {
    for db in test_stores().await {
        let house = House::open(&db.store).await;
        house.allows().await;
        house.decides(&house.raj, CalendarAccess::Both).await;
        assert_eq!(intervals(&house.nora().await), [house.noon]);
        // A passing silence: what was read a moment ago counts, and not longer than five minutes.
        let silent = || house.office.memory.fail_next(Action::BusyOf, CalendarError::Unavailable("503".into()));
        silent();
        assert_eq!(intervals(&house.nora().await), [house.noon]);
        house.office.clock.advance(TimeDelta::minutes(6));
        silent();
        assert_eq!(reason(&house.nora().await), Some(UnknownReason::NoAnswer), "{}", db.kind);
        // Asked too often: left alone until then.
        let retry_after = Some(Duration::from_secs(60));
        house.office.memory.fail_next(Action::BusyOf, CalendarError::RateLimited { retry_after });
        let until = house.office.now() + TimeDelta::seconds(60);
        assert_eq!(reason(&house.nora().await), Some(UnknownReason::AskedTooOften { until }));
        let questions = house.office.memory.asked_of().len();
        assert_eq!(reason(&house.nora().await), Some(UnknownReason::AskedTooOften { until }));
        assert_eq!(house.office.memory.asked_of().len(), questions);
        house.office.clock.advance(TimeDelta::minutes(2));
        assert_eq!(intervals(&house.nora().await), [house.noon]);

        // The tenant withdraws: what was lent does not open anything, and nothing new is lent.
        house.office.memory.shut_out(TOKEN);
        house.office.provider.lend(None);
        assert_eq!(reason(&house.nora().await), Some(UnknownReason::AccessRefused), "{}: at once", db.kind);
        let recent = house.asks(house.raj.member().org, &[house.nora], TimeDelta::minutes(5)).await;
        assert_eq!(reason(&recent[0]), Some(UnknownReason::AccessRefused), "{}: what was read does not count", db.kind);
        let access = house.access().await;
        assert_eq!(access.status, AccessStatus::Error);
        assert!(access.last_error.contains("Allow it again"), "{}", access.last_error);
        let told = audit_log::Entity::find()
            .filter(audit_log::Column::Action.eq("organisation_access.refused"))
            .count(db.store.reader())
            .await;
        assert_eq!(told.expect("counted"), 1, "{}: once", db.kind);
        // It agrees again.
        house.office.provider.lend(Some(TOKEN));
        house.office.memory.admit(TOKEN, "example.org");
        assert_eq!(intervals(&house.nora().await), [house.noon]);
        assert_eq!(house.access().await.status, AccessStatus::Active);
        // Withdrawn here, all of it is gone.
        let services = &house.office.services;
        let (provider, origin) = (Provider::Microsoft, Origin::default());
        let gone = organisation::withdraw(services, &house.raj, provider, &origin).await;
        assert!(gone.expect("withdrawn"));
        assert_eq!(house.nora().await, PersonBusy::NotConnected, "{}", db.kind);
    }
}

/// A key file as Google hands it out, and the key inside.
fn key_file(token_uri: &str) -> (String, String) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("DER");
    let body = BASE64_STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let file = json!({
        "type": "service_account", "private_key": pem, "client_email": "reader@p.iam.gserviceaccount.com",
        "token_uri": token_uri,
    });
    (file.to_string(), body)
}

/// Raj brings a key that acts as him.
async fn brings_a_key(house: &House, file: &str, domains: &[&str]) -> Result<(), GrantError> {
    let services = &house.office.services;
    let google = services.calendars.get(Provider::Google).expect("set up");
    let account = google.oauth().expect("OAuth").client.read_key_file(file).expect("a key file");
    let allowed = Allowed::ServiceAccount { account, subject: RAJ.parse().expect("an address") };
    let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
    organisation::grant(services, &house.raj, allowed, domains, &Origin::default()).await
}

#[tokio::test]
async fn a_service_accounts_key_is_stored_sealed_and_may_be_refused() {
    for db in test_stores().await {
        let house = House::open(&db.store).await;
        let (file, body) = key_file(house.office.provider.origin.join("token").expect("a URL").as_str());
        let early = brings_a_key(&house, &file, &["example.org"]).await;
        assert!(matches!(early, Err(GrantError::KeyRefused)), "{}: {early:?}", db.kind);
        house.office.provider.delegate(RAJ, TOKEN);
        house.office.memory.admit(TOKEN, "example.org");
        brings_a_key(&house, &file, &["example.org"]).await.expect("allowed");
        let kept = house.access().await.private_key.expect("kept");
        assert!(!kept.contains(&body[..40]) && !kept.contains("PRIVATE KEY"), "{}: in clear", db.kind);
        house.decides(&house.raj, CalendarAccess::Both).await;
        assert_eq!(intervals(&house.nora().await), [house.noon], "{}", db.kind);
        // Google takes the key no more: at once unknown, with what to do.
        house.office.memory.shut_out(TOKEN);
        house.office.provider.end_delegation();
        assert_eq!(reason(&house.nora().await), Some(UnknownReason::AccessRefused), "{}", db.kind);
        assert!(house.access().await.last_error.contains("hand in a new key"), "{}", house.access().await.last_error);
    }
}

/// Google says "not found" of a colleague who shares nothing with whom the key acts as.
#[tokio::test]
async fn a_colleague_who_shares_nothing_is_asked_as_themselves() {
    const OLGA: &str = "olga@lab.example.org";
    for db in test_stores().await {
        let house = House::open(&db.store).await;
        let (org, memory) = (house.raj.member().org, &house.office.memory);
        let (olga, ghost) = (house.person(org, OLGA).await, house.person(org, "ghost@example.org").await);
        memory.sign_in(OLGA);
        memory.add_entry(
            OLGA,
            Entry { calendar: "primary".into(), span: house.noon, transparent: false, declined: false },
        );
        // What Raj sees does not reach into the laboratory.
        memory.admit(TOKEN, "example.org");
        house.office.provider.delegate(RAJ, TOKEN);
        house.office.provider.delegate(OLGA, OLGA);
        let (file, _) = key_file(house.office.provider.origin.join("token").expect("a URL").as_str());
        brings_a_key(&house, &file, &["example.org", "lab.example.org"]).await.expect("allowed");
        house.decides(&house.raj, CalendarAccess::Both).await;
        let [olga, nora, ghost] = &house.asks(org, &[olga, house.nora, ghost], TimeDelta::zero()).await[..] else {
            panic!("three")
        };
        assert_eq!((intervals(olga), intervals(nora)), (&[house.noon][..], &[house.noon][..]), "{}", db.kind);
        assert_eq!(reason(ghost), Some(UnknownReason::NoMailbox), "{}: nobody acts as a ghost", db.kind);
    }
}

#[tokio::test]
async fn nobody_reads_through_anothers_access() {
    for db in test_stores().await {
        let house = House::open(&db.store).await;
        house.allows().await;
        house.decides(&house.raj, CalendarAccess::Both).await;
        // Ana's organisation has people at the same domain, and decided the same.
        let (ana, _) = signed_in(&house.office, &ana()).await;
        let ana = ana.admin().expect("who founded it");
        house.decides(&ana, CalendarAccess::Both).await;
        let theirs = house.person(ana.member().org, "nora.weiss@example.org").await;
        let questions = house.office.memory.asked_of().len();
        let busy = house.asks(ana.member().org, &[theirs, house.nora], TimeDelta::zero()).await;
        assert_eq!(busy, [PersonBusy::NotConnected, PersonBusy::NotConnected], "{}", db.kind);
        assert_eq!(house.office.memory.asked_of().len(), questions);
        // Naming the tenant that agreed does not make it hers.
        let refused = house.brings(&ana, TENANT).await;
        assert!(matches!(refused, Err(GrantError::OtherTenant)), "{refused:?}");
        assert_eq!(organisation::of_org(db.store.reader(), ana.member().org).await.expect("read"), []);
    }
}
