//! A candidate takes a time: once, whatever is sent how often and by whom at the same moment.

use chrono::TimeDelta;
use convene::{
    booking::timeline::What,
    booking::{BookError, Key},
    calendars::memory::NoticeKind,
    idempotency::KeyError,
    store::words::{BookingStatus, RequestStatus},
};

use crate::story::{ANA, stories};

const BEN: &str = "ben@example.com";
const PRIYA: &str = "priya@example.net";

stories! {
    async fn a_candidate_books_and_everything_follows_once(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|draft| (draft.buffer_before, draft.buffer_after) = ("10".into(), "5".into())).await;
        let ten = app.time(0, "10:00");
        assert!(app.offered(&asked).await.contains(&ten));

        let booking = app.book(&asked, ten).await.expect("booked");
        assert_eq!(booking.status, BookingStatus::Confirmed);
        assert_eq!(booking.span.start(), ten);
        let ben = app.person(BEN).await;
        let minutes = TimeDelta::minutes;
        assert_eq!(app.taken().await, [(ben, ten - minutes(10), ten + minutes(50))]);
        assert_eq!(app.request(&asked).await.status, RequestStatus::Booked);
        // Nothing stands on the calendar yet, so nothing says it does.
        assert_eq!(app.on_calendar().len(), 0);
        assert!(!app.timeline(&asked).await.contains(&What::InCalendar));

        app.work().await;
        let placed = app.on_calendar();
        assert_eq!(placed.len(), 1);
        let mut attendees: Vec<_> = placed[0].attendees.iter().map(|(email, _)| email.as_str()).collect();
        attendees.sort_unstable();
        assert_eq!(attendees, [BEN, PRIYA], "everybody but Ana, whose calendar it is");
        assert!(app.timeline(&asked).await.contains(&What::InCalendar));
        let notices = app.google.notices();
        assert_eq!(notices.len(), 2);
        assert!(notices.iter().all(|notice| notice.kind == NoticeKind::Invitation));
        let mut mailed = app.mailed().await;
        mailed.sort();
        let expected = [("booking_confirmed", PRIYA), ("coordinator_booked", ANA)];
        assert_eq!(mailed, expected.map(|(kind, to)| (kind.to_owned(), to.to_owned())));
        assert!(app.objects().is_empty(), "the provider invites, so our mail carries no calendar object");

        // Another round has nothing left to do.
        assert_eq!(app.work().await, 0);
        app.all_is_well().await;
    }

    async fn the_same_form_a_hundred_times_is_one_booking(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let choice = app.choice(app.time(0, "10:00"));
        let sends = (0..100).map(|_| app.send(&asked, &choice));
        let answers: Vec<_> = futures(sends).await;
        let ids: std::collections::BTreeSet<_> =
            answers.into_iter().map(|answer| answer.expect("the same answer").id).collect();
        assert_eq!(ids.len(), 1);
        app.work().await;
        assert_eq!((app.rows("bookings").await, app.rows("events").await), (1, 1));
        assert_eq!((app.on_calendar().len(), app.mail.sent().len()), (1, 2));
        let again = app.send(&asked, &choice).await.expect("and once more, later");
        assert!(ids.contains(&again.id));
        app.all_is_well().await;
    }

    async fn the_same_key_with_another_time_is_refused(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.send(&asked, &app.choice_with(app.time(0, "10:00"), "one-form")).await.expect("booked");
        let other = app.send(&asked, &app.choice_with(app.time(0, "11:00"), "one-form")).await;
        assert!(matches!(other, Err(BookError::KeyReused)), "{other:?}");
        let fresh = app.book(&asked, app.time(0, "11:00")).await;
        assert!(matches!(fresh, Err(BookError::AlreadyBooked)), "{fresh:?}");
        for bad in ["", "with blank", "ümlaut", &"x".repeat(256)] {
            assert!(matches!(Key::parse(bad), Err(KeyError::Required)), "{bad}");
        }
    }

    async fn two_candidates_want_one_time(app) {
        app.connected(&[BEN]).await;
        let first = app.asks(|_| ()).await;
        let second = app.asks(|draft| draft.candidate_email = "noah@example.net".into()).await;
        let ten = app.time(0, "10:00");
        let (one, two) = tokio::join!(app.book(&first, ten), app.book(&second, ten));
        let (won, lost, loser) = if one.is_ok() { (one, two, &second) } else { (two, one, &first) };
        won.expect("somebody wins");
        assert!(matches!(lost, Err(BookError::SlotTaken)), "{lost:?}");
        // Nothing of the loser's try is left, and another time is there for them.
        assert_eq!(app.request(loser).await.status, RequestStatus::Open);
        assert_eq!((app.rows("bookings").await, app.rows("occupancies").await, app.rows("idempotency_keys").await), (1, 1, 1));
        assert!(!app.offered(loser).await.contains(&ten));
        app.book(loser, app.time(0, "11:00")).await.expect("another time");
        app.work().await;
        app.all_is_well().await;
    }

    async fn neighbouring_times_do_not_touch(app) {
        app.connected(&[BEN]).await;
        let first = app.asks(|draft| draft.duration = "60".into()).await;
        let second = app.asks(|draft| draft.duration = "60".into()).await;
        app.book(&first, app.time(0, "10:00")).await.expect("booked");
        app.book(&second, app.time(0, "11:00")).await.expect("half open");
        app.no_overlap().await;
    }

    async fn only_offered_times_can_be_booked(app) {
        app.connected(&[BEN, "eva@example.com"]).await;
        let asked = app.asks(|_| ()).await;
        let not_offered = [
            ("off the grid", app.time(0, "10:07")),
            ("before the window", app.time(0, "10:00") - TimeDelta::days(7)),
            ("after the window", app.time(7, "10:00")),
            ("long ago", app.time(0, "10:00") - TimeDelta::days(365)),
            ("the window ends inside", app.time(4, "23:30")),
        ];
        for (why, start) in not_offered {
            let answer = app.book(&asked, start).await;
            assert!(matches!(answer, Err(BookError::NotOffered)), "{why}: {answer:?}");
        }
        // A time of another request's people and days.
        let other = app.asks(|draft| {
            (draft.interviewers, draft.from) = ("eva@example.com".into(), (app.monday() + TimeDelta::days(7)).to_string());
            draft.to = draft.from.clone();
        }).await;
        let theirs = app.offered(&other).await[0];
        assert!(matches!(app.book(&asked, theirs).await, Err(BookError::NotOffered)));
        // The same days, but hours only Tom has.
        let evening = app.asks(|draft| {
            draft.interviewers = "tom@example.com".into();
            draft.windows = format!("tom@example.com {} 20:00 23:00", app.monday());
        }).await;
        let theirs = app.offered(&evening).await[0];
        let answer = app.book(&asked, theirs).await;
        assert!(matches!(answer, Err(BookError::NotOffered)), "{answer:?}");
        // Outside Ben's hours: nobody took it, it is merely not open.
        let night = app.book(&asked, app.time(0, "22:00")).await;
        assert!(matches!(night, Err(BookError::NotOffered)), "{night:?}");
        assert_eq!(app.rows("bookings").await, 0);
    }

    async fn a_time_too_soon_is_not_offered(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        app.passes(ten - TimeDelta::hours(23) - app.now());
        let late = app.book(&asked, ten).await;
        assert!(matches!(late, Err(BookError::NotOffered)), "{late:?}");
    }

    async fn an_interviewer_became_busy_between_page_and_form(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let ten = app.time(0, "10:00");
        assert!(app.offered(&asked).await.contains(&ten));
        app.busy(BEN, ten + TimeDelta::minutes(30), 30);
        let answer = app.book(&asked, ten).await;
        assert!(matches!(answer, Err(BookError::SlotTaken)), "{answer:?}");
        assert_eq!((app.rows("bookings").await, app.rows("occupancies").await), (0, 0));
        // The list the candidate is shown next knows it.
        assert!(!app.offered(&asked).await.contains(&ten));
        app.book(&asked, app.time(0, "11:00")).await.expect("the next one is free");
    }

    async fn a_link_of_a_cancelled_request_books_nothing(app) {
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        let origin = convene::audit::Origin::default();
        convene::booking::change::withdraw(&app.state, &app.ana, asked.id, "filled", &origin).await.expect("withdrawn");
        let answer = app.book(&asked, app.time(0, "10:00")).await;
        assert!(matches!(answer, Err(BookError::Closed)), "{answer:?}");
    }
}

/// All at once.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    // Polled together on this task; the store's pool runs them side by side.
    let mut all: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|cx| {
        let mut waiting = false;
        for (future, answer) in &mut all {
            if answer.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(done) => *answer = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    all.into_iter().map(|(_, answer)| answer.expect("ready")).collect()
}
