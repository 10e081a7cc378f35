//! Who sits: people who are known, people nobody knows, and "any n of these".

use convene::{booking::BookError, connections::Connection, store::words::BookingStatus};

use crate::story::{TestApp, stories};

const BEN: &str = "ben@example.com";
const EVA: &str = "eva@example.com";
const TOM: &str = "tom@example.com";

stories! {
    async fn somebody_unknown_is_offered_only_where_it_was_said(app) {
        let nowhere = app.asks(|draft| draft.interviewers = TOM.into()).await;
        assert!(app.offered(&nowhere).await.is_empty(), "unknown is not free");
        let answer = app.book(&nowhere, app.time(0, "10:00")).await;
        assert!(matches!(answer, Err(BookError::NotOffered)), "{answer:?}");

        let somewhere = app.asks(|draft| {
            draft.interviewers = TOM.into();
            (draft.unknown_start, draft.unknown_end) = ("13:00".into(), "14:00".into());
        }).await;
        let offered = app.offered(&somewhere).await;
        assert_eq!(offered.len(), 5 * 2, "13:00 and 13:15 on five days");
        assert_eq!(offered[0], app.time(0, "13:00"));
        let answer = app.book(&somewhere, app.time(0, "10:00")).await;
        assert!(matches!(answer, Err(BookError::NotOffered)), "{answer:?}");
        app.book(&somewhere, app.time(0, "13:15")).await.expect("inside the fallback");
    }

    async fn typed_hours_are_all_there_is_of_somebody_not_connected(app) {
        let asked = app.asks(|draft| {
            draft.interviewers = TOM.into();
            draft.windows = format!("{TOM} {} 09:00 10:00", app.monday());
            // The fallback is for those of whom nothing is known.
            (draft.unknown_start, draft.unknown_end) = ("13:00".into(), "14:00".into());
        }).await;
        assert_eq!(app.offered(&asked).await, [app.time(0, "09:00"), app.time(0, "09:15")]);
        app.book(&asked, app.time(0, "09:15")).await.expect("booked");
    }

    async fn an_expired_sign_in_is_unknown_not_free(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|draft| (draft.unknown_start, draft.unknown_end) = ("09:00".into(), "17:00".into())).await;
        let ben: Connection = connection(&app, BEN).await;
        app.run(&format!("UPDATE connections SET status = 'expired' WHERE id = {}", app.uuid(ben.id.uuid()))).await;
        assert!(app.offered(&asked).await.is_empty(), "a connected calendar that cannot be read is never stood in for");
        let answer = app.book(&asked, app.time(0, "10:00")).await;
        assert!(matches!(answer, Err(BookError::SlotTaken)), "{answer:?}");
    }

    async fn any_of_takes_the_least_loaded(app) {
        app.connected(&[BEN, EVA, TOM]).await;
        let before = app.asks(|draft| draft.interviewers = format!("{BEN} {EVA}")).await;
        app.book(&before, app.time(1, "10:00")).await.expect("booked");
        let asked = app.asks(|draft| {
            (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA} {TOM}"), "1".into());
        }).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let seated = format!("person_id FROM occupancies WHERE booking_id = {}", app.literal(booking.id));
        let tom = app.person(TOM).await;
        assert_eq!(app.rows(&format!("(SELECT {seated}) s WHERE person_id = {}", app.uuid(tom.uuid()))).await, 1);
        assert_eq!(app.rows(&format!("(SELECT {seated}) s")).await, 1);
        // Who does not sit is not invited.
        let event = app.event_of(booking.id).await;
        assert!(event.participants.iter().all(|one| one.email != BEN && one.email != EVA));
    }

    async fn a_pool_of_three_seats_three_candidates_at_once(app) {
        app.connected(&[BEN, EVA, TOM]).await;
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(app.asks(|draft| {
                (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA} {TOM}"), "1".into());
            }).await);
        }
        let ten = app.time(0, "10:00");
        let (a, b, c, d) = tokio::join!(
            app.book(&all[0], ten), app.book(&all[1], ten), app.book(&all[2], ten), app.book(&all[3], ten));
        let answers = [a, b, c, d];
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(BookError::SlotTaken))).count(), 1, "{answers:?}");
        app.no_overlap().await;
    }

    async fn a_panel_is_taken_whole_or_not_at_all(app) {
        app.connected(&[BEN, EVA, TOM]).await;
        let ten = app.time(0, "10:00");
        // Whoever of the three is inserted last or first: one taken, nobody taken.
        for (day, taken) in [BEN, EVA, TOM].into_iter().enumerate() {
            let start = ten + chrono::TimeDelta::days(day as i64);
            let one = app.asks(|draft| draft.interviewers = taken.into()).await;
            let panel = app.asks(|draft| draft.interviewers = format!("{BEN} {EVA} {TOM}")).await;
            let before = app.rows("occupancies").await;
            let (alone, together) = tokio::join!(app.book(&one, start), app.book(&panel, start));
            assert!(alone.is_ok() != together.is_ok(), "{alone:?} {together:?}");
            let added = if alone.is_ok() { 1 } else { 3 };
            assert_eq!(app.rows("occupancies").await, before + added);
        }
        app.no_overlap().await;
    }

    async fn optional_people_are_invited_and_not_taken(app) {
        app.ana_connects().await;
        app.connected(&[BEN, EVA]).await;
        app.busy(EVA, app.time(0, "10:00"), 45);
        let asked = app.asks(|draft| draft.optional = EVA.into()).await;
        let busy = app.book(&asked, app.time(0, "10:00")).await.expect("Eva need not come");
        assert_eq!(busy.status, BookingStatus::Confirmed);
        assert!(app.event_of(busy.id).await.participants.iter().all(|one| one.email != EVA));
        app.ana_moves(&asked, app.time(0, "14:00")).await.expect("moved");
        assert!(app.event_of(busy.id).await.participants.iter().any(|one| one.email == EVA));
        assert_eq!(app.rows("occupancies").await, 1);
        app.work().await;
        app.all_is_well().await;
    }

    async fn a_coordinator_who_interviews_is_one_attendee(app) {
        app.connect(app.org, crate::story::ANA, convene::calendars::oauth::ScopeSet::Coordinator).await;
        let asked = app.asks(|draft| draft.interviewers = crate::story::ANA.into()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let event = app.event_of(booking.id).await;
        assert_eq!(event.participants.len(), 2, "{:?}", event.participants);
        assert_eq!(app.on_calendar()[0].attendees.len(), 1);
        app.all_is_well().await;
    }
}

async fn connection(app: &TestApp, email: &str) -> Connection {
    let person = app.person(email).await;
    let found = convene::connections::of_people(app.store().reader(), app.org, &[person]).await.expect("connections");
    found.into_values().flatten().next().expect("connected")
}
