//! How many interviews people take, and who of several is chosen, with the reason.

use convene::{
    booking::{
        BookError, Booking,
        sitting::{self, Why},
    },
    calendars::{CalendarError, memory::Action},
    people::{self, Limits},
    scheduling::why::Rule,
    store::words::BookingStatus,
};

use crate::story::{TestApp, stories};

const BEN: &str = "ben@example.com";
const EVA: &str = "eva@example.com";
const RAJ: &str = "raj@example.com";
const TOM: &str = "tom@example.com";

async fn limit(app: &TestApp, email: &str, per_day: Option<u32>, per_week: Option<u32>) {
    let person = app.person(email).await;
    let txn = app.store().begin().await.expect("a write");
    people::set_limits(&txn, app.org, person, Limits { per_day, per_week }).await.expect("limited");
    txn.commit().await.expect("committed");
}

/// Who sits, by address.
async fn seated(app: &TestApp, booking: &Booking) -> Vec<String> {
    let mut seated = Vec::new();
    for email in [BEN, EVA, RAJ, TOM] {
        let person = app.uuid(app.person(email).await.uuid());
        let sits = format!("occupancies WHERE booking_id = {} AND person_id = {person}", app.literal(booking.id));
        if app.rows(&sits).await == 1 {
            seated.push(email.to_owned());
        }
    }
    seated
}

fn is_taken(answer: &Result<Booking, BookError>) -> bool {
    matches!(answer, Err(BookError::SlotTaken))
}

stories! {
    async fn nobody_is_offered_beyond_a_day(app) {
        app.connected(&[BEN]).await;
        limit(&app, BEN, Some(1), None).await;
        let (one, two) = (app.asks(|_| ()).await, app.asks(|_| ()).await);
        app.book(&one, app.time(0, "10:00")).await.expect("the first that day");
        let offered = app.offered(&two).await;
        assert!(offered.iter().all(|start| start.date_naive() != app.monday()), "{offered:?}");
        assert!(offered.contains(&app.time(1, "10:00")));
        let answer = app.book(&two, app.time(0, "15:00")).await;
        assert!(is_taken(&answer), "{answer:?}");
        // An interview is in nobody's way where it would move to: neither on its own day …
        assert!(app.offered(&one).await.contains(&app.time(0, "15:00")));
        app.candidate_moves(&one, app.time(0, "15:00")).await.expect("still one that day");
        // … nor on another, and its day is open again.
        app.candidate_moves(&one, app.time(1, "10:00")).await.expect("moved");
        assert!(app.offered(&two).await.contains(&app.time(0, "15:00")));
        app.book(&two, app.time(0, "15:00")).await.expect("the only one that day");
        let answer = app.candidate_moves(&one, app.time(0, "10:00")).await;
        assert!(is_taken(&answer), "a move counts as well: {answer:?}");
    }

    async fn weeks_are_whole_and_on_the_clocks_of_the_person(app) {
        app.connected(&[BEN]).await;
        limit(&app, BEN, None, Some(1)).await;
        let ben = app.uuid(app.person(BEN).await.uuid());
        // Where it is Tuesday already while UTC has Monday noon: his week began with UTC's Sunday at ten.
        app.run(&format!("UPDATE people SET zone = 'Pacific/Kiritimati' WHERE id = {ben}")).await;
        let hours = format!("{BEN} {} 00:00 24:00", app.monday() - chrono::TimeDelta::days(1));
        let sunday = app.asks(|draft| {
            draft.windows = hours.clone();
            (draft.from, draft.to) = ((app.monday() - chrono::TimeDelta::days(1)).to_string(), app.monday().to_string());
        }).await;
        let late = app.time(0, "11:00") - chrono::TimeDelta::days(1);
        app.book(&sunday, late).await.expect("Monday one o'clock in the morning there");
        let windows = |days: &[u64]| -> String {
            let day = |days: &u64| format!("{BEN} {} 00:00 24:00\n", app.monday() + chrono::Days::new(*days));
            days.iter().map(day).collect()
        };
        let week = app.asks(|draft| {
            draft.windows = windows(&[3, 6]);
            (draft.from, draft.to) = (app.time(3, "00:00").date_naive().to_string(), app.time(6, "00:00").date_naive().to_string());
        }).await;
        let offered = app.offered(&week).await;
        let next = app.time(6, "10:00");
        assert_eq!(offered.iter().min(), Some(&next), "his next week begins on UTC's Sunday at ten");
        let answer = app.book(&week, app.time(3, "12:00")).await;
        assert!(is_taken(&answer), "{answer:?}");
        app.book(&week, next).await.expect("next week");
    }

    async fn held_interviews_count_and_are_confirmed_all_the_same(app) {
        app.connected(&[BEN]).await;
        limit(&app, BEN, Some(1), None).await;
        let (one, two) = (app.asks(|_| ()).await, app.asks(|_| ()).await);
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let booking = app.book(&one, app.time(0, "10:00")).await.expect("kept");
        assert_eq!(booking.status, BookingStatus::Held);
        let answer = app.book(&two, app.time(0, "14:00")).await;
        assert!(is_taken(&answer), "{answer:?}");
        app.work().await;
        assert_eq!(app.rows("bookings WHERE status = 'confirmed'").await, 1);
        app.all_is_well().await;
    }

    async fn two_candidates_at_once_do_not_push_anybody_over(app) {
        app.connected(&[BEN, EVA]).await;
        limit(&app, BEN, Some(1), None).await;
        limit(&app, EVA, None, Some(1)).await;
        let times = ["09:00", "10:30", "12:00", "14:00", "15:30"];
        let mut all = Vec::new();
        for _ in times {
            let any = |draft: &mut convene::requests::draft::Draft| {
                (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA}"), "1".into());
            };
            all.push(app.asks(any).await);
        }
        let book = |at: usize| app.book(&all[at], app.time(0, times[at]));
        let (a, b, c, d, e) = tokio::join!(book(0), book(1), book(2), book(3), book(4));
        let answers = [a, b, c, d, e];
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| is_taken(answer)).count(), 3, "{answers:?}");
        for email in [BEN, EVA] {
            let person = app.uuid(app.person(email).await.uuid());
            assert_eq!(app.rows(&format!("occupancies WHERE person_id = {person}")).await, 1, "{email}");
        }
    }

    async fn the_least_loaded_of_that_week_is_chosen_and_the_reason_stays(app) {
        app.connected(&[BEN, EVA, RAJ, TOM]).await;
        for (email, times) in [(EVA, vec![(1, "10:00"), (2, "10:00"), (3, "10:00")]), (TOM, vec![(1, "14:00"), (2, "14:00")]), (BEN, vec![(1, "12:00")])] {
            for (day, time) in times {
                let asked = app.asks(|draft| draft.interviewers = email.into()).await;
                app.book(&asked, app.time(day, time)).await.expect("booked");
            }
        }
        // Ben has many the week after, which do not count.
        for day in 7..10 {
            let asked = app.asks(|draft| draft.to = (app.monday() + chrono::Days::new(11)).to_string()).await;
            app.book(&asked, app.time(day, "10:00")).await.expect("booked");
        }
        app.busy(RAJ, app.time(4, "10:00"), 30);
        let asked = app.asks(|draft| {
            (draft.interviewers, draft.any_of) = (format!("{EVA} {TOM} {RAJ} {BEN}"), "1".into());
            draft.to = (app.monday() + chrono::Days::new(11)).to_string();
        }).await;
        let booking = app.book(&asked, app.time(4, "10:00")).await.expect("booked");
        assert_eq!(seated(&app, &booking).await, [BEN]);
        let whys = sitting::of(app.store().reader(), app.org, booking.id).await.expect("kept");
        let [Why::Chosen(choice)] = whys.values().collect::<Vec<_>>()[..] else { panic!("{whys:?}") };
        assert_eq!((choice.week, choice.day, choice.needed), (1, 0, 1));
        let mut others = Vec::new();
        for other in &choice.others {
            others.push((other.person, other.week, other.kept_by.clone()));
        }
        let mut expected = vec![
            (app.person(EVA).await, 3, vec![]),
            (app.person(TOM).await, 2, vec![]),
            (app.person(RAJ).await, 0, vec![Rule::Busy]),
        ];
        others.sort();
        expected.sort();
        assert_eq!(others, expected);
        // What happens afterwards does not change it.
        let eva = app.asks(|draft| draft.interviewers = EVA.into()).await;
        app.book(&eva, app.time(4, "15:00")).await.expect("booked");
        let later = sitting::of(app.store().reader(), app.org, booking.id).await.expect("kept");
        assert_eq!(later, whys);
        // Another time is another choice.
        app.ana_moves(&asked, app.time(8, "14:00")).await.expect("moved");
        let moved = sitting::of(app.store().reader(), app.org, booking.id).await.expect("kept");
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert_ne!(moved.keys().next(), Some(&app.person(BEN).await), "Ben has interviews that week, the others none");
    }

    async fn limits_steer_the_choice(app) {
        app.connected(&[BEN, EVA]).await;
        limit(&app, BEN, Some(1), None).await;
        let evas = [app.asks(|draft| draft.interviewers = EVA.into()).await, app.asks(|draft| draft.interviewers = EVA.into()).await];
        app.book(&evas[0], app.time(0, "09:00")).await.expect("booked");
        app.book(&evas[1], app.time(0, "11:00")).await.expect("booked");
        let bens = app.asks(|_| ()).await;
        app.book(&bens, app.time(0, "13:00")).await.expect("booked");
        let asked = app.asks(|draft| (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA}"), "1".into())).await;
        let booking = app.book(&asked, app.time(0, "15:00")).await.expect("booked");
        assert_eq!(seated(&app, &booking).await, [EVA]);
        let whys = sitting::of(app.store().reader(), app.org, booking.id).await.expect("kept");
        let [Why::Chosen(choice)] = whys.values().collect::<Vec<_>>()[..] else { panic!("{whys:?}") };
        assert_eq!(choice.others[0].kept_by, [Rule::Limit]);
    }
}
