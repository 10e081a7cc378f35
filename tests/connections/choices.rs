//! What somebody wants read of their account, and where they want interviews put.

use convene::{
    audit::Origin,
    calendars::Provider,
    connections::{
        Need,
        choice::{self, Calendar, Choice, ChoiceError, OURS, PRIMARY, Target, choose},
        connect::Wish,
        refresh::{Refreshed, refresh},
        write_target,
    },
    ids::{CalendarId, ConnectionId},
    sign_in::Purpose,
};

use super::*;

const TRAVEL: &str = "travel@group.calendar.google.com";

async fn calendars(office: &Office, org: OrgId, id: ConnectionId) -> Vec<Calendar> {
    choice::of_connections(office.services.store.reader(), org, &[id])
        .await
        .expect("read")
        .remove(&id)
        .unwrap_or_default()
}

/// Ana, whose account has one more calendar, with something in it.
struct Desk {
    office: Office,
    member: Member,
    connection: Connection,
    window: Interval,
    trip: Interval,
}

impl Desk {
    async fn open(store: &Store) -> Self {
        let office = Office::open(store).await;
        office.memory.sign_in(&ana().access_token());
        office.memory.add_calendar(&ana().access_token(), TRAVEL);
        let (member, connection) = signed_in(&office, &ana()).await;
        let day = office.now() + TimeDelta::days(1);
        let trip = span(day + TimeDelta::hours(8), day + TimeDelta::hours(11));
        let entry = Entry { calendar: TRAVEL.into(), span: trip, transparent: false, declined: false };
        office.memory.add_entry(&ana().access_token(), entry);
        Self { window: span(day, day + TimeDelta::days(7)), office, member, connection, trip }
    }

    async fn calendars(&self) -> Vec<Calendar> {
        calendars(&self.office, self.member.org, self.connection.id).await
    }

    async fn id(&self, provider_id: &str) -> CalendarId {
        self.calendars().await.into_iter().find(|one| one.provider_id == provider_id).expect("in the account").id
    }

    async fn choose(&self, read: &[CalendarId], target: Target) -> Result<(), ChoiceError> {
        let choice = Choice { read: read.to_vec(), target };
        choose(&self.office.services, &self.member, Provider::Google, &choice, &Origin::default()).await
    }

    async fn busy(&self) -> PersonBusy {
        let person = self.member.person;
        let asked = busy::busy_now(&self.office.services, self.member.org, &[person], self.window).await;
        asked.expect("the store answers").remove(&person).expect("asked for")
    }

    async fn target(&self) -> String {
        let found = write_target(self.office.services.store.reader(), self.member.org, self.member.person).await;
        found.expect("read").expect("written to").1
    }

    /// Ana signs in again, with everything that is asked for this wish.
    async fn allow(&self, wish: Wish) {
        let mut browser = Browser::new();
        self.office.sign_in(&mut browser, &ana()).await.expect("signed in");
        let page = self.office.begin(&mut browser, Provider::Google, Purpose::Connect(&self.member, wish)).await;
        let query = self.office.provider.agree(&page, &ana(), None);
        self.office.come_back(&mut browser, Provider::Google, &query).await.expect("connected");
    }
}

#[tokio::test]
async fn what_is_ticked_is_read_and_nothing_else() {
    for db in test_stores().await {
        let desk = Desk::open(&db.store).await;
        let names: Vec<_> = desk.calendars().await.iter().map(|one| (one.provider_id.clone(), one.is_read)).collect();
        assert_eq!(names, [(PRIMARY.to_owned(), true), (TRAVEL.to_owned(), false)], "{}", db.kind);
        assert_eq!(intervals(&desk.busy().await), []);
        let (main, travel) = (desk.id(PRIMARY).await, desk.id(TRAVEL).await);
        desk.choose(&[main, travel], Target::AsBefore).await.expect("kept");
        assert_eq!(intervals(&desk.busy().await), [desk.trip]);
        desk.choose(&[main], Target::AsBefore).await.expect("kept");
        assert_eq!(intervals(&desk.busy().await), [], "what was read of it is forgotten");
        // What somebody chose outlives a new sign-in.
        desk.choose(&[travel], Target::AsBefore).await.expect("kept");
        signed_in(&desk.office, &ana()).await;
        let read: Vec<_> = desk.calendars().await.into_iter().filter(|one| one.is_read).collect();
        assert_eq!(read.iter().map(|one| one.id).collect::<Vec<_>>(), [travel]);
        let chosen = audit_log::Entity::find().filter(audit_log::Column::Action.eq("connection.calendars_chosen"));
        assert_eq!(chosen.count(db.store.reader()).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn a_choice_that_makes_no_sense_changes_nothing() {
    for db in test_stores().await {
        let desk = Desk::open(&db.store).await;
        let before = desk.calendars().await;
        let main = desk.id(PRIMARY).await;
        let nothing = desk.choose(&[], Target::AsBefore).await;
        assert!(matches!(nothing, Err(ChoiceError::NothingRead)), "{}: {nothing:?}", db.kind);
        let foreign = desk.choose(&[main, CalendarId::new()], Target::AsBefore).await;
        assert!(matches!(foreign, Err(ChoiceError::UnknownCalendar)), "{foreign:?}");
        let nowhere = desk.choose(&[main], Target::Calendar(CalendarId::new())).await;
        assert!(matches!(nowhere, Err(ChoiceError::UnknownCalendar)), "{nowhere:?}");
        // The calendars of somebody else are not there.
        let (other, theirs) = signed_in(&desk.office, &Account::google("ben-sub", "ben@example.com")).await;
        let theirs = calendars(&desk.office, other.org, theirs.id).await[0].id;
        let stolen = desk.choose(&[theirs], Target::Calendar(theirs)).await;
        assert!(matches!(stolen, Err(ChoiceError::UnknownCalendar)), "{stolen:?}");
        assert_eq!(desk.calendars().await, before);
    }
}

#[tokio::test]
async fn interviews_go_where_their_owner_wants_them() {
    for db in test_stores().await {
        let desk = Desk::open(&db.store).await;
        assert_eq!(desk.target().await, PRIMARY, "{}", db.kind);
        let (main, travel) = (desk.id(PRIMARY).await, desk.id(TRAVEL).await);
        desk.choose(&[main], Target::Calendar(travel)).await.expect("kept");
        assert_eq!(desk.target().await, TRAVEL);
        desk.choose(&[main], Target::AsBefore).await.expect("kept");
        assert_eq!(desk.target().await, TRAVEL, "as before");
        // A calendar of our own takes one more permission, which is asked for now and not ahead.
        let refused = desk.choose(&[main], Target::Ours).await;
        assert!(matches!(refused, Err(ChoiceError::PermissionMissing(Need::MakeCalendars))), "{refused:?}");
        desk.allow(Wish::OwnCalendar).await;
        desk.choose(&[main], Target::Ours).await.expect("made");
        let ours = desk.calendars().await.into_iter().find(|one| one.is_ours).expect("known");
        assert_eq!((ours.name.as_str(), ours.is_read), (OURS, false));
        assert_eq!(desk.target().await, ours.provider_id);
        desk.choose(&[main], Target::Calendar(main)).await.expect("kept");
        desk.choose(&[main], Target::Ours).await.expect("found again");
        assert_eq!(desk.calendars().await.iter().filter(|one| one.is_ours).count(), 1, "made once");
        // A sign-in as always does not give the permission away.
        signed_in(&desk.office, &ana()).await;
        desk.choose(&[main], Target::Ours).await.expect("still allowed");
    }
}

#[tokio::test]
async fn a_second_account_takes_interviews_when_it_is_chosen() {
    for db in test_stores().await {
        let desk = Desk::open(&db.store).await;
        let outlook = Account::microsoft(9, PERSONAL, "ana@outlook.example");
        let connected = connect_too(&desk.office, &desk.member, &outlook).await;
        assert!(!connected.is_primary, "{}", db.kind);
        let main = calendars(&desk.office, desk.member.org, connected.id).await[0].id;
        let choice = Choice { read: vec![main], target: Target::Calendar(main) };
        let services = &desk.office.services;
        choose(services, &desk.member, Provider::Microsoft, &choice, &Origin::default()).await.expect("kept");
        let target = write_target(db.store.reader(), desk.member.org, desk.member.person).await.expect("read");
        assert_eq!(target.expect("there").0.id, connected.id);
        let primary = rows::Entity::find().filter(rows::Column::IsPrimary.eq(true)).count(db.store.reader()).await;
        assert_eq!(primary.unwrap(), 1);
    }
}

/// Deleted, or not shared any more: nobody can say which, so its owner is unknown until they choose again.
#[tokio::test]
async fn a_chosen_calendar_that_is_gone_makes_its_owner_unknown() {
    for db in test_stores().await {
        let desk = Desk::open(&db.store).await;
        let (main, travel) = (desk.id(PRIMARY).await, desk.id(TRAVEL).await);
        desk.choose(&[main, travel], Target::AsBefore).await.expect("kept");
        desk.office.memory.remove_calendar(&ana().access_token(), TRAVEL);
        let read = refresh(&desk.office.services, &desk.member, desk.connection.id).await.expect("asked");
        assert_eq!(read, Refreshed::NeedsOwner, "{}", db.kind);
        match desk.busy().await {
            PersonBusy::Unknown { reason, .. } => assert_eq!(reason, UnknownReason::CalendarGone),
            other => panic!("{other:?}"),
        }
        let shown = desk.calendars().await.into_iter().find(|one| one.id == travel).expect("kept in sight");
        assert!(shown.is_read && !shown.is_listed && !shown.is_writable());
        assert_eq!(row(&db.store).await.last_error, busy::GONE);
        desk.choose(&[main], Target::AsBefore).await.expect("kept");
        assert_eq!(intervals(&desk.busy().await), []);
        assert!(desk.calendars().await.iter().all(|one| one.id != travel), "and it is no longer offered");
        assert_eq!(row(&db.store).await.last_error, "");
    }
}

#[tokio::test]
async fn sync_now_reads_at_once_and_says_how_it_went() {
    for db in test_stores().await {
        let desk = Desk::open(&db.store).await;
        let sync = async || refresh(&desk.office.services, &desk.member, desk.connection.id).await.expect("asked");
        desk.office.memory.add_calendar(&ana().access_token(), "new@group.calendar.google.com");
        desk.office.clock.advance(TimeDelta::minutes(2));
        assert_eq!(sync().await, Refreshed::Read, "{}", db.kind);
        assert_eq!(desk.calendars().await.len(), 3, "a new calendar is offered");
        assert_eq!(row(&db.store).await.last_synced_at.map(|at| at.at()), Some(desk.office.now()));
        desk.office.memory.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        assert_eq!(sync().await, Refreshed::NoAnswer);
        let limit = CalendarError::RateLimited { retry_after: Some(Duration::from_secs(120)) };
        // Once for the look at the account, once for its weeks.
        desk.office.memory.fail_next(Action::Busy, limit.clone());
        desk.office.memory.fail_next(Action::Busy, limit);
        assert!(matches!(sync().await, Refreshed::Paused(_)));
        let asked = desk.office.memory.questions();
        assert!(matches!(sync().await, Refreshed::Paused(_)));
        assert_eq!(desk.office.memory.questions(), asked, "nobody asks before");
        desk.office.clock.advance(TimeDelta::hours(3));
        desk.office.provider.revoke(&ana());
        assert_eq!(sync().await, Refreshed::NeedsOwner);
    }
}

/// Connects one more account for somebody who is signed in.
pub(super) async fn connect_too(office: &Office, member: &Member, account: &Account) -> Connection {
    let mut browser = Browser::new();
    office.sign_in(&mut browser, &ana()).await.expect("signed in");
    office.memory.sign_in(&account.access_token());
    let page = office.begin(&mut browser, account.provider, Purpose::Connect(member, Wish::Usual)).await;
    let query = office.provider.agree(&page, account, None);
    office.come_back(&mut browser, account.provider, &query).await.expect("signed in").connection.expect("connected")
}
