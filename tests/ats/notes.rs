//! What is told, and when nothing is.

use convene::{
    audit::Origin,
    calendars::{CalendarError, memory::Action},
    requests::link,
    store::words::BookingStatus,
};

use crate::{
    ats::icims::{APPLICATION, with_icims},
    story::{Asked, TestApp, stories},
};

pub const BEN: &str = "ben@example.com";

/// A request about the application, with calendars that answer.
pub async fn asked(app: &TestApp) -> Asked {
    app.ana_connects().await;
    app.connected(&[BEN]).await;
    app.asks(|draft| draft.application_id = Some(APPLICATION.into())).await
}

pub async fn send_link(app: &TestApp, asked: &Asked) {
    link::send(&app.state, &app.ana, asked.id, &Origin::default()).await.expect("sent");
}

stories! {
    async fn each_thing_is_told_once_and_in_order(app) {
        let (app, icims) = with_icims(app).await;
        let asked = asked(&app).await;
        app.work().await;
        assert!(icims.calls().is_empty(), "a request alone is no news");
        send_link(&app, &asked).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.ana_cancels(&asked, "The position\nis filled.").await.expect("cancelled");
        app.work().await;
        let expected =
            ["Booking link sent to the candidate", "Interview booked", "Interview moved", "Interview cancelled"];
        assert_eq!(icims.titles(), expected);
        assert!(icims.calls().iter().all(|method| method == "POST"), "nothing was in doubt, so nothing was looked for");

        let notes = icims.notes();
        let day = app.monday();
        for line in [
            "Candidate: Priya Venkataraman".to_owned(),
            "Interview: Coding, 45 minutes".to_owned(),
            format!("Time: {day} 10:00 to 10:45, UTC"),
            format!("Time in UTC: {day} 10:00 to 10:45"),
            "Interviewers: Ben".to_owned(),
            "By: Priya Venkataraman".to_owned(),
        ] {
            assert!(notes[1].lines().any(|found| found == line), "{line:?} is not in {}", notes[1]);
        }
        assert!(notes[2].contains(&format!("Before: {day} 10:00")), "{}", notes[2]);
        assert!(notes[3].contains("By: Ana") && notes[3].contains("Reason: The position is filled."), "{}", notes[3]);
        for (note, key) in notes.iter().zip(icims.keys()) {
            assert_eq!(note.lines().last(), Some(format!("Convene ref: {key}").as_str()));
            assert!(!note.contains(asked.token.expose()) && !note.contains("http"), "{note}");
        }
        assert_eq!(app.rows("ats_notes WHERE status = 'written' AND remote_id <> '' AND posted_at IS NOT NULL").await, 4);
        assert_eq!(app.rows("audit_log WHERE action = 'note.written'").await, 4);

        app.run("UPDATE jobs SET status = 'queued', run_at = 0 WHERE kind = 'write_note'").await;
        app.work().await;
        assert_eq!(icims.notes().len(), 4, "run twice, written once");
        app.all_is_well().await;
    }

    async fn a_held_time_is_news_when_it_is_certain(app) {
        let (app, icims) = with_icims(app).await;
        let asked = asked(&app).await;
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let held = app.book(&asked, app.time(0, "10:00")).await.expect("kept");
        assert_eq!(held.status, BookingStatus::Held);
        assert_eq!(app.rows("ats_notes").await, 0);
        app.work().await;
        assert_eq!(icims.titles(), ["Interview booked"]);
    }

    async fn a_held_time_that_is_released_is_no_news(app) {
        let (app, icims) = with_icims(app).await;
        let asked = asked(&app).await;
        let ten = app.time(0, "10:00");
        app.busy(BEN, ten, 30);
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        app.book(&asked, ten).await.expect("kept");
        app.work().await;
        assert_eq!(app.rows("bookings WHERE status = 'released'").await, 1);
        assert!(icims.calls().is_empty());
        app.ana_withdraws(&asked).await;
        assert_eq!(app.rows("ats_notes").await, 0, "nothing was told, so nothing ends");
    }

    async fn a_request_that_ends_without_a_booking_is_news_after_its_link(app) {
        let (app, icims) = with_icims(app).await;
        let asked = asked(&app).await;
        send_link(&app, &asked).await;
        app.ana_withdraws(&asked).await;
        app.ana_withdraws(&asked).await;
        app.work().await;
        assert_eq!(icims.titles(), ["Booking link sent to the candidate", "Interview cancelled"]);
    }

    async fn a_request_without_an_application_tells_nobody(app) {
        let (app, icims) = with_icims(app).await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        send_link(&app, &asked).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        assert_eq!((app.rows("ats_notes").await, icims.calls().len()), (0, 0));
    }

    async fn without_a_system_nothing_is_written_down(app) {
        let asked = asked(&app).await;
        send_link(&app, &asked).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.candidate_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.ana_cancels(&asked, "").await.expect("cancelled");
        assert_eq!((app.rows("ats_notes").await, app.rows("jobs WHERE kind = 'write_note'").await), (0, 0));
    }

    async fn what_waits_when_the_system_is_switched_off_bothers_nobody(app) {
        let (mut app, icims) = with_icims(app).await;
        let asked = asked(&app).await;
        send_link(&app, &asked).await;
        app.state.ats = None;
        app.work().await;
        assert!(icims.calls().is_empty());
        assert_eq!(app.rows("jobs WHERE kind = 'write_note' AND status = 'done'").await, 1);
        assert_eq!(app.rows("ats_notes WHERE status = 'failed' AND last_error = 'note_switched_off'").await, 1);
    }
}
