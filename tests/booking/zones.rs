//! People of whom nobody knows where they live, and rows whose zone nobody can read.

use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use convene::{booking, events, people, requests};

use crate::story::{TestApp, stories};

const BEN: &str = "ben@example.com";

stories! {
    async fn hours_of_an_unknown_zone_are_on_the_requests_clock(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|draft| draft.zone = "America/New_York".into()).await;
        assert_eq!(first(&app, &asked, Tz::America__New_York).await, "09:00");
        let account = app.google.last_asked().expect("asked");
        assert_eq!(account.zone, None, "whole days are not those of a place nobody told");

        let ben = app.person(BEN).await;
        let txn = app.store().begin().await.expect("a write");
        people::learn_zone(&txn, app.org, ben, Tz::Europe__Berlin).await.expect("learnt");
        people::learn_zone(&txn, app.org, ben, Tz::Asia__Tokyo).await.expect("known already");
        txn.commit().await.expect("committed");
        app.clock.advance(TimeDelta::minutes(6));
        assert_eq!(first(&app, &asked, Tz::Europe__Berlin).await, "09:00");
        assert_eq!(app.google.last_asked().and_then(|account| account.zone), Some(Tz::Europe__Berlin));
    }

    async fn a_stored_zone_that_is_none_is_an_error_and_not_utc(app) {
        app.connected(&[BEN]).await;
        let (broken, other) = (app.asks(|_| ()).await, app.asks(|_| ()).await);
        let booked = app.book(&broken, app.time(0, "10:00")).await.expect("booked");
        let db = app.store().reader();
        app.run("UPDATE bookings SET candidate_zone = 'Mars/Phobos'").await;
        assert!(booking::latest(db, app.org, broken.id).await.is_err());
        app.run("UPDATE events SET zone = ''").await;
        assert!(events::of_booking(db, app.org, booked.id).await.is_err());
        app.run("UPDATE people SET zone = 'Mars/Phobos'").await;
        assert!(people::team(db, app.org).await.is_err());
        app.run(&format!("UPDATE requests SET zone = 'EST5', status = 'open' WHERE id = {}", app.uuid(broken.id.uuid()))).await;
        assert!(requests::find(db, app.org, broken.id).await.is_err());
        let open = requests::open_now(db, Utc::now()).await.expect("the others");
        assert_eq!(open.iter().map(|request| request.id).collect::<Vec<_>>(), [other.id]);
    }
}

/// The first time of day that is offered, on that clock.
async fn first(app: &TestApp, asked: &crate::story::Asked, zone: Tz) -> String {
    app.offered(asked).await[0].with_timezone(&zone).format("%H:%M").to_string()
}
