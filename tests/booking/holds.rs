//! A calendar does not answer when the candidate confirms: the time is kept until it does, and nobody is promised anything.

use chrono::TimeDelta;
use convene::{
    booking::book::HOLD,
    booking::timeline::What,
    calendars::{CalendarError, memory::Action},
    store::words::{BookingStatus, RequestStatus},
};

use crate::story::{ANA, stories};

const BEN: &str = "ben@example.com";
const PRIYA: &str = "priya@example.net";

fn silent() -> CalendarError {
    CalendarError::Unavailable("503".into())
}

stories! {
    async fn a_silent_calendar_holds_the_time_until_it_answers(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        app.google.fail_next(Action::Busy, silent());
        let booking = app.book(&asked, ten).await.expect("kept");
        assert_eq!((booking.status, booking.hold_until), (BookingStatus::Held, Some(app.now() + HOLD)));
        assert_eq!(app.rows("occupancies").await, 1, "nobody else gets it meanwhile");
        app.google.fail_next(Action::Busy, silent());
        app.work().await;
        assert!(app.on_calendar().is_empty(), "not certain, so on no calendar");
        assert_eq!(app.mailed().await, [("booking_held".to_owned(), PRIYA.to_owned())]);

        app.waits_end().await;
        app.work().await;
        let settled = convene::booking::find(app.store().reader(), app.org, booking.id).await.expect("found");
        assert_eq!(settled.expect("still there").status, BookingStatus::Confirmed);
        assert_eq!(app.on_calendar().len(), 1);
        let mut mailed = app.mailed().await;
        mailed.sort();
        let expected = [("booking_confirmed", PRIYA), ("booking_held", PRIYA), ("coordinator_booked", ANA)];
        assert_eq!(mailed, expected.map(|(kind, to)| (kind.to_owned(), to.to_owned())));
        assert!(app.timeline(&asked).await.contains(&What::Confirmed));
        assert_eq!(app.rows("audit_log WHERE action = 'booking.confirmed'").await, 1);
        app.all_is_well().await;
    }

    async fn a_held_time_that_turns_out_busy_is_released(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        app.busy(BEN, ten, 30);
        app.google.fail_next(Action::Busy, silent());
        let booking = app.book(&asked, ten).await.expect("kept");
        assert_eq!(booking.status, BookingStatus::Held);
        app.work().await;
        assert_eq!(app.rows("occupancies").await, 0);
        assert_eq!(app.request(&asked).await.status, RequestStatus::Open);
        assert!(app.google.events(ANA).is_empty());
        assert!(app.mailed().await.contains(&("held_released".to_owned(), PRIYA.to_owned())));
        assert!(app.timeline(&asked).await.contains(&What::Released));
        assert_eq!(app.rows("audit_log WHERE action = 'booking.released'").await, 1);
        // The link works again, for another time.
        app.book(&asked, app.time(0, "11:00")).await.expect("booked anew");
        app.work().await;
        app.all_is_well().await;
    }

    async fn after_fifteen_minutes_of_silence_the_time_is_released(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.google.fail_next(Action::Busy, silent());
        app.book(&asked, app.time(0, "10:00")).await.expect("kept");
        for _ in 0..3 {
            app.google.fail_next(Action::Busy, silent());
            app.waits_end().await;
            app.work().await;
            assert_eq!(app.rows("bookings WHERE status = 'held'").await, 1);
            app.passes(TimeDelta::minutes(4));
        }
        app.passes(TimeDelta::minutes(3));
        app.google.fail_next(Action::Busy, silent());
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.rows("bookings WHERE status = 'released'").await, 1);
        assert_eq!(app.request(&asked).await.status, RequestStatus::Open);
        app.all_is_well().await;
    }

    async fn a_recent_reading_stands_in_for_a_silent_calendar(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.offered(&asked).await;
        app.passes(TimeDelta::minutes(4));
        app.google.fail_next(Action::Busy, silent());
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        assert_eq!(booking.status, BookingStatus::Confirmed, "read four minutes ago");
    }

    async fn a_hold_is_confirmed_even_if_the_notice_ran_out_meanwhile(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        app.passes(ten - TimeDelta::hours(24) - TimeDelta::minutes(1) - app.now());
        app.google.fail_next(Action::Busy, silent());
        let booking = app.book(&asked, ten).await.expect("a minute before the notice");
        assert_eq!(booking.status, BookingStatus::Held);
        app.passes(TimeDelta::minutes(2));
        app.work().await;
        assert_eq!(app.rows("bookings WHERE status = 'confirmed'").await, 1, "the candidate was in time");
        app.all_is_well().await;
    }

    async fn a_hold_is_confirmed_for_those_who_sit_in_it(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let eva = "eva@example.com";
        let typed = format!("{eva} {} 09:00 17:00", app.monday());
        let ten = app.time(0, "10:00");
        let evas = app.asks(|draft| (draft.interviewers, draft.windows) = (eva.into(), typed.clone())).await;
        app.book(&evas, ten).await.expect("Eva is taken");
        let asked = app.asks(|draft| {
            (draft.interviewers, draft.windows, draft.any_of) = (format!("{BEN} {eva}"), typed.clone(), "1".into());
        }).await;
        app.google.fail_next(Action::Busy, silent());
        let booking = app.book(&asked, ten).await.expect("kept for Ben, whose calendar does not answer");
        assert_eq!(booking.status, BookingStatus::Held);
        // By now Eva would be the better choice: she is free, and Ben has more interviews.
        app.ana_cancels(&evas, "").await.expect("cancelled");
        let bens = app.asks(|_| ()).await;
        app.book(&bens, app.time(0, "11:00")).await.expect("booked");
        app.work().await;
        assert_eq!(app.rows("bookings WHERE status = 'confirmed'").await, 2, "Ben is free, so it stays with Ben");
        app.all_is_well().await;
    }

    async fn a_held_booking_can_be_cancelled(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.google.fail_next(Action::Busy, silent());
        app.book(&asked, app.time(0, "10:00")).await.expect("kept");
        app.candidate_cancels(&asked).await.expect("cancelled");
        app.work().await;
        assert!(app.google.events(ANA).is_empty());
        assert_eq!(app.rows("occupancies").await, 0);
        app.all_is_well().await;
    }
}
