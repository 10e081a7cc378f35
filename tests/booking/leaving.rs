//! A coordinator disconnects the calendar into which interviews went: no interview ends, nobody keeps an invitation to nothing.

use std::time::Duration;

use convene::{
    audit::Origin,
    booking::leave::{Interviews, disconnect},
    calendars::{CalendarError, Provider, memory::Action},
    connections,
    store::words::{BookingStatus, Inviter},
};

use sea_orm::ConnectionTrait;

use super::inviting::people_of;
use crate::{
    story::{ANA, TestApp, stories},
    support::front::Front,
};

const BEN: &str = "ben@example.com";
const PRIYA: &str = "priya@example.net";

async fn ana_disconnects(app: &TestApp, provider: Provider, interviews: Interviews) {
    let ended = disconnect(&app.state, app.ana.member(), provider, interviews, &Origin::default()).await;
    assert!(ended.expect("always ends here"));
    let secrets = "connections WHERE status = 'inactive' AND (access_token IS NOT NULL OR refresh_token IS NOT NULL)";
    assert_eq!(app.rows(secrets).await, 0);
}

/// How many mails of this kind went to whom.
async fn mailed(app: &TestApp, kind: &str) -> Vec<String> {
    let mut to: Vec<_> = app.mailed().await.into_iter().filter(|one| one.0 == kind).map(|(_, to)| to).collect();
    to.sort();
    to
}

stories! {
    async fn interviews_leave_and_their_guests_are_invited_by_mail(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let before = app.event_of(booking.id).await;
        assert_eq!((app.on_calendar().len(), app.google.notices().len()), (1, 2));

        ana_disconnects(&app, Provider::Google, Interviews::Leave).await;
        app.work().await;
        app.waits_end().await;
        app.work().await;
        assert!(app.on_calendar().is_empty(), "taken out");
        assert_eq!(app.google.notices().len(), 4, "and withdrawn: {:?}", app.google.notices());
        assert_eq!(app.grants.asked(), ["renew", "hand back"], "handed back after its last use");
        assert_eq!(app.rows("revocations").await, 0);
        let after = app.event_of(booking.id).await;
        assert_ne!(after.uid, before.uid, "another organizer, another event");
        assert_eq!((after.span, after.inviter), (before.span, Inviter::Mail));
        assert_eq!(people_of(&app, "REQUEST", &after.uid, after.sequence), [ANA, BEN, PRIYA]);
        assert_eq!(mailed(&app, "invitation_replaced").await, [ANA, BEN, PRIYA]);
        app.all_is_well().await;

        // It lives on: moved and cancelled like any other.
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        assert_eq!(people_of(&app, "REQUEST", &after.uid, after.sequence + 1), [ANA, BEN, PRIYA]);
        app.candidate_cancels(&asked).await.expect("cancelled");
        app.work().await;
        assert_eq!(people_of(&app, "CANCEL", &after.uid, after.sequence + 2), [ANA, BEN, PRIYA]);
    }

    async fn interviews_go_where_new_ones_go(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connect_by_password(ANA).await;
        app.run("UPDATE connections SET is_primary = (provider = 'google') WHERE person_id IN (SELECT id FROM people WHERE email = 'ana@example.com')").await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        assert_eq!(app.event_of(booking.id).await.inviter, Inviter::Provider);

        ana_disconnects(&app, Provider::Google, Interviews::Leave).await;
        app.work().await;
        let after = app.event_of(booking.id).await;
        let standing: Vec<_> = app.on_calendar().into_iter().map(|one| (one.span, one.placed.provider_id)).collect();
        let placement = app.placement_of(&after).await;
        assert_eq!(standing, [(Some(booking.span), placement.provider_id.clone())], "one event, in the other account");
        assert!(placement.is_current(&after));
        // She has it in her calendar.
        assert_eq!(people_of(&app, "REQUEST", &after.uid, after.sequence), [BEN, PRIYA]);
    }

    async fn a_copy_leaves_and_guests_notice_nothing(app) {
        app.connect_by_password(ANA).await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let before = app.event_of(booking.id).await;
        assert_eq!(app.on_calendar().len(), 1);

        ana_disconnects(&app, Provider::Apple, Interviews::Leave).await;
        // A password is kept for this and no longer.
        assert_eq!(app.rows("revocations").await, 1);
        app.work().await;
        app.waits_end().await;
        app.work().await;
        assert_eq!((app.on_calendar().len(), app.rows("revocations").await), (0, 0));
        let after = app.event_of(booking.id).await;
        assert_eq!((&after.uid, after.sequence), (&before.uid, before.sequence));
        assert_eq!(mailed(&app, "invitation").await, [ANA, BEN, PRIYA], "Ana, who lost her copy, gets the invitation");
        assert_eq!(app.objects().len(), 3, "nobody else is bothered: {:?}", app.objects());
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        assert_eq!(people_of(&app, "REQUEST", &after.uid, 1), [ANA, BEN, PRIYA]);
        app.all_is_well().await;
    }

    async fn interviews_stay_where_their_owner_wants_it(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let before = app.event_of(booking.id).await;
        ana_disconnects(&app, Provider::Google, Interviews::Stay).await;
        app.work().await;
        assert_eq!(app.grants.asked(), ["hand back"]);
        assert_eq!((app.on_calendar().len(), app.google.notices().len()), (1, 2));
        assert_eq!(app.event_of(booking.id).await.uid, before.uid);
        assert!(app.objects().is_empty());
    }

    async fn what_was_not_placed_yet_goes_elsewhere_in_any_case(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        ana_disconnects(&app, Provider::Google, Interviews::Stay).await;
        app.work().await;
        assert!(app.google.events(ANA).is_empty() && app.google.notices().is_empty());
        let event = app.event_of(booking.id).await;
        assert_eq!(mailed(&app, "invitation").await, [ANA, BEN, PRIYA]);
        assert_eq!(people_of(&app, "REQUEST", &event.uid, event.sequence), [ANA, BEN, PRIYA]);
        app.all_is_well().await;
    }

    async fn a_time_that_is_held_is_confirmed_by_mail(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("kept");
        assert_eq!(booking.status, BookingStatus::Held);
        ana_disconnects(&app, Provider::Google, Interviews::Leave).await;
        app.work().await;
        app.waits_end().await;
        app.work().await;
        let event = app.event_of(booking.id).await;
        assert_eq!(people_of(&app, "REQUEST", &event.uid, event.sequence), [ANA, BEN, PRIYA]);
        assert!(app.google.events(ANA).is_empty());
        app.all_is_well().await;
    }

    async fn a_calendar_that_does_not_answer_is_asked_until_it_does(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        app.google.fail_next(Action::Cancel, CalendarError::Unavailable("503".into()));
        ana_disconnects(&app, Provider::Google, Interviews::Leave).await;
        app.work().await;
        assert_eq!((app.on_calendar().len(), app.rows("revocations").await), (1, 1));
        assert!(!app.grants.asked().contains(&"hand back"), "it is still needed: {:?}", app.grants.asked());
        app.waits_end().await;
        app.work().await;
        app.waits_end().await;
        app.work().await;
        assert_eq!((app.on_calendar().len(), app.rows("revocations").await), (0, 0));
        assert_eq!(app.grants.asked(), ["renew", "renew", "hand back"]);
        app.all_is_well().await;
    }

    async fn what_becomes_of_interviews_is_asked_on_the_page(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let front = Front::over(app).await;
        let dialog = "/settings/calendar?disconnect=google";
        let nothing = front.get(dialog).await.body;
        assert!(nothing.contains("Disconnect Google Calendar") && !nothing.contains("name=\"interviews\""), "{nothing}");
        let asked = front.app.asks(|_| ()).await;
        front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
        front.app.work().await;
        let asks = front.get(dialog).await.body;
        assert!(asks.contains("One interview to come is in it") && asks.contains("Take out of the calendar"), "{asks}");
        let form = |said: &str| vec![("interviews", said.to_owned())];
        let wrong = front.post("/settings/calendar/google/disconnect", &form("burn")).await;
        assert_eq!(wrong.status.as_u16(), 422, "{}", wrong.body);
        assert!(wrong.body.contains("interviews_unknown"), "{}", wrong.body);
        assert_eq!(front.app.rows("connections WHERE status = 'inactive'").await, 0, "nothing was done");
        let done = front.post("/settings/calendar/google/disconnect", &form("leave")).await;
        assert_eq!(done.header("location"), "/settings/calendar?news=left", "{}", done.body);
        front.app.work().await;
        assert!(front.app.on_calendar().is_empty());
    }

    async fn what_is_booked_meanwhile_goes_elsewhere_too(app) {
        app.grants.live();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let event = app.event_of(booking.id).await;
        app.run("DELETE FROM placements").await;
        // Another booking is about to be written for the calendar that is disconnected now.
        let txn = app.store().begin().await.expect("a write");
        let (org, ana) = (app.org, app.ana.member().person);
        let target = connections::hold_write_target(&txn, org, ana).await.expect("read").expect("a calendar");
        let (state, ana) = (app.state.clone(), app.ana.clone());
        let mut ending = tokio::spawn(async move {
            disconnect(&state, ana.member(), Provider::Google, Interviews::Stay, &Origin::default()).await
        });
        // Time for it to end, if it does not wait for the booking.
        let early = tokio::time::timeout(Duration::from_millis(500), &mut ending).await;
        let (connection, event) = (target.0.id.uuid(), event.id.uuid());
        let ids = [uuid::Uuid::now_v7(), org.uuid(), event, connection].map(|id| app.uuid(id)).join(", ");
        let sql = format!("INSERT INTO placements (id, org_id, event_id, connection_id, calendar) VALUES ({ids}, 'primary')");
        txn.execute_unprepared(&sql).await.expect("placed");
        txn.commit().await.expect("committed");
        let ended = match early {
            Ok(ended) => ended,
            Err(_) => ending.await,
        };
        assert!(ended.expect("no panic").expect("ended"));
        app.work().await;
        assert_eq!(mailed(&app, "invitation").await, [ANA, BEN, PRIYA]);
        app.all_is_well().await;
    }

    async fn whoever_connects_again_meanwhile_finds_one_event(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        ana_disconnects(&app, Provider::Google, Interviews::Leave).await;
        app.ana_connects().await;
        app.work().await;
        app.waits_end().await;
        app.work().await;
        assert!(app.on_calendar().is_empty(), "invited by mail, out of the calendar by the new grant");
        assert_eq!(app.rows("revocations").await, 0);
        app.all_is_well().await;
    }
}
