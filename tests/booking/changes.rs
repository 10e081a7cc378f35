//! Moves and cancellations: one event that follows, and a time that is free again.

use chrono::TimeDelta;
use convene::{
    booking::BookError,
    booking::timeline::What,
    calendars::{
        CalendarError,
        memory::{Action, NoticeKind},
    },
    store::words::{BookingStatus, JobStatus, RequestStatus},
};

use crate::story::{ANA, stories};

const BEN: &str = "ben@example.com";
const PRIYA: &str = "priya@example.net";

stories! {
    async fn a_move_updates_the_event_in_place(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let (ten, two) = (app.time(0, "10:00"), app.time(1, "14:00"));
        let booking = app.book(&asked, ten).await.expect("booked");
        app.work().await;
        let before = app.event_of(booking.id).await;
        let id = app.placement_of(&before).await.provider_id;

        let moved = app.candidate_moves(&asked, two).await.expect("moved");
        assert_eq!((moved.id, moved.span.start()), (booking.id, two));
        app.work().await;
        let after = app.event_of(booking.id).await;
        assert_eq!((&after.uid, after.sequence), (&before.uid, before.sequence + 1));
        assert_eq!(app.placement_of(&after).await.provider_id, id, "the same event, not another");
        let placed = app.on_calendar();
        assert_eq!((placed.len(), placed[0].span.map(|span| span.start())), (1, Some(two)));
        let updates = app.google.notices().into_iter().filter(|notice| notice.kind == NoticeKind::Update).count();
        assert_eq!(updates, 2, "both attendees once");
        let mailed = app.mailed().await;
        assert!(mailed.contains(&("booking_moved".into(), PRIYA.into())), "{mailed:?}");
        assert_eq!(mailed.iter().filter(|(_, to)| to == ANA).count(), 2, "booked and moved: {mailed:?}");
        assert!(app.timeline(&asked).await.iter().any(|what| matches!(what, What::Moved { by: None, .. })));

        // The old time is free for somebody else.
        let other = app.asks(|_| ()).await;
        app.book(&other, ten).await.expect("free again");
        app.work().await;
        app.all_is_well().await;
    }

    // The calendars of those who sit in it report the booking as busy, and cannot tell it from another meeting then; so such a
    // time is neither shown nor taken, wherever the event stands already.
    async fn a_move_does_not_meet_the_time_it_leaves(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        let offered = app.offered(&asked).await;
        assert!(offered.iter().all(|start| *start <= app.time(0, "09:15") || *start >= app.time(0, "10:45")), "{offered:?}");
        let answer = app.candidate_moves(&asked, app.time(0, "10:15")).await;
        assert!(matches!(answer, Err(BookError::SlotTaken)), "{answer:?}");
        let moved = app.candidate_moves(&asked, app.time(0, "10:45")).await.expect("right after");
        assert_eq!(moved.span.start(), app.time(0, "10:45"));
        assert_eq!(app.rows("occupancies").await, 1);
    }

    async fn a_move_that_a_silent_calendar_cannot_confirm_is_refused_as_such(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.run("DELETE FROM busy_reads").await;
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let answer = app.candidate_moves(&asked, app.time(0, "12:00")).await;
        assert!(matches!(answer, Err(BookError::MoveUnconfirmed)), "nobody took that time: {answer:?}");
        assert_eq!(app.event_of(booking.id).await.sequence, 0);
        app.work().await;
        app.all_is_well().await;
    }

    async fn a_move_to_a_taken_time_changes_nothing(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let (one, two) = (app.asks(|_| ()).await, app.asks(|_| ()).await);
        let (ten, noon) = (app.time(0, "10:00"), app.time(0, "12:00"));
        let booking = app.book(&one, ten).await.expect("booked");
        app.book(&two, noon).await.expect("booked");
        let answer = app.candidate_moves(&one, noon).await;
        assert!(matches!(answer, Err(BookError::SlotTaken)), "{answer:?}");
        assert_eq!(app.event_of(booking.id).await.sequence, 0);
        app.work().await;
        app.all_is_well().await;
    }

    async fn the_same_move_twice_is_one_move(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let mover = convene::booking::change::Mover::coordinator(&app.ana, asked.id);
        let choice = app.choice(app.time(0, "12:00"));
        let origin = convene::audit::Origin::default();
        let twice = || convene::booking::change::reschedule(&app.state, &mover, &choice, &origin);
        let (one, two) = tokio::join!(twice(), twice());
        assert_eq!(one.expect("moved").id, two.expect("the same answer").id);
        assert_eq!(app.event_of(booking.id).await.sequence, 1);
        app.work().await;
        assert_eq!(app.mailed().await.iter().filter(|(kind, _)| kind == "booking_moved").count(), 1);
        app.all_is_well().await;
    }

    async fn a_candidate_cancels_in_time_and_not_after(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let (early, late) = (app.asks(|_| ()).await, app.asks(|_| ()).await);
        app.book(&early, app.time(0, "10:00")).await.expect("booked");
        app.book(&late, app.time(0, "12:00")).await.expect("booked");
        app.work().await;
        app.passes(app.time(0, "10:00") - TimeDelta::hours(24) - TimeDelta::seconds(1) - app.now());
        app.candidate_cancels(&early).await.expect("a second before the deadline");
        app.candidate_cancels(&early).await.expect("twice is once");
        app.passes(TimeDelta::hours(2) + TimeDelta::seconds(1));
        let answer = app.candidate_cancels(&late).await;
        assert!(matches!(answer, Err(BookError::TooLate { deadline }) if deadline == app.time(0, "12:00") - TimeDelta::days(1)));
        let answer = app.candidate_moves(&late, app.time(3, "12:00")).await;
        assert!(matches!(answer, Err(BookError::TooLate { .. })), "{answer:?}");
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1);
        assert_eq!(app.request(&early).await.status, RequestStatus::Cancelled);
        let mailed = app.mailed().await;
        assert_eq!(mailed.iter().filter(|(kind, _)| kind == "booking_cancelled").count(), 1, "{mailed:?}");
        app.all_is_well().await;
    }

    async fn a_coordinator_cancels_any_time(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        app.book(&asked, ten).await.expect("booked");
        app.work().await;
        app.passes(ten - TimeDelta::minutes(5) - app.now());
        app.ana_cancels(&asked, "Ben is ill.").await.expect("cancelled");
        app.work().await;
        assert_eq!((app.on_calendar().len(), app.rows("occupancies").await), (0, 0));
        let cancelled = app.google.notices().into_iter().filter(|notice| notice.kind == NoticeKind::Cancellation);
        assert_eq!(cancelled.count(), 2);
        let said = What::Cancelled { by: Some(app.ana.member().person), reason: "Ben is ill.".into() };
        assert!(app.timeline(&asked).await.contains(&said));
        assert!(app.timeline(&asked).await.contains(&What::RemovedFromCalendar));
        let answer = app.book(&asked, ten).await;
        assert!(matches!(answer, Err(BookError::Closed)), "{answer:?}");
        app.all_is_well().await;
    }

    async fn a_cancellation_overtakes_the_placing(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.ana_cancels(&asked, "").await.expect("cancelled before the worker came");
        assert_eq!(app.jobs_with(JobStatus::Superseded).await.len(), 1, "placing is pointless now");
        app.work().await;
        assert!(app.google.events(ANA).is_empty(), "nobody was ever invited");
        assert!(app.google.notices().is_empty());
        app.all_is_well().await;
    }

    async fn a_lost_placing_is_removed_by_the_cancellation(app) {
        use convene::calendars::memory::Action;
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.google.lose_next_answer(Action::Put);
        app.work().await;
        assert_eq!(app.on_calendar().len(), 1, "it stands there and we do not know");
        app.ana_cancels(&asked, "").await.expect("cancelled");
        app.waits_end().await;
        app.work().await;
        assert_eq!(app.on_calendar().len(), 0);
        app.all_is_well().await;
    }

    async fn changes_in_any_order_of_work_end_in_the_last_state(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        // The worker may come after each of the three changes or not.
        for rounds in 0..8_u8 {
            let asked = app.asks(|_| ()).await;
            let works = |change: u8| rounds & (1 << change) != 0;
            let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
            if works(0) { app.work().await; }
            app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
            if works(1) { app.work().await; }
            app.ana_moves(&asked, app.time(2, "10:00")).await.expect("moved");
            if works(2) { app.work().await; }
            app.ana_cancels(&asked, "").await.expect("cancelled");
            app.work().await;
            let event = app.event_of(booking.id).await;
            assert_eq!(event.sequence, 3);
            assert_eq!(app.on_calendar().len(), 0, "rounds {rounds:03b}");
        }
        app.all_is_well().await;
    }

    async fn nothing_is_changed_without_a_booking(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        assert!(matches!(app.candidate_cancels(&asked).await, Err(BookError::NotBooked)));
        assert!(matches!(app.candidate_moves(&asked, app.time(0, "10:00")).await, Err(BookError::NotBooked)));
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        assert_eq!(booking.status, BookingStatus::Confirmed);
    }
}
