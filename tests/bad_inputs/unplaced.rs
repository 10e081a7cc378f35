//! What pages say of an interview that does not stand in the coordinator's calendar, and when they offer its file.

use convene::{
    calendars::{CalendarError, memory::Action},
    outbox::{self, Reason},
};

use crate::{
    story::Asked,
    support::front::{Front, assert_failure},
    support::html::Page,
};

const EARLY: (u16, &str, &str) = (409, "calendar_file_early", "The calendar file is not ready yet.");

async fn booked(front: &Front) -> Asked {
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
    asked
}

fn file(asked: &Asked) -> String {
    format!("/calendar/{}.ics", asked.token.expose())
}

#[tokio::test]
async fn the_calendar_file_is_the_invitations_event() {
    let front = Front::open().await;
    let asked = booked(&front).await;
    let page = format!("/book/{}", asked.token.expose());
    assert!(!front.get(&page).await.body.contains(&file(&asked)), "not before the invitation has a UID");
    let (status, code, sentence) = EARLY;
    assert_failure("before the receipt", &front.get(&file(&asked)).await, status, code, sentence);

    front.app.work().await;
    assert!(front.get(&page).await.body.contains(&file(&asked)));
    let answer = front.get(&file(&asked)).await;
    let written = answer.body.replace("\r\n ", "");
    let uid = front.app.on_calendar().remove(0).placed.ical_uid.expect("a UID");
    assert!(written.contains(&format!("UID:{uid}\r\n")), "{written}");
    assert!(written.contains("STATUS:CONFIRMED") && written.contains("mailto:ana@example.com"), "{written}");
}

#[tokio::test]
async fn a_time_that_is_only_kept_has_no_calendar_file() {
    let front = Front::open().await;
    front.app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
    let asked = booked(&front).await;
    let (status, code, sentence) = EARLY;
    assert_failure("held", &front.get(&file(&asked)).await, status, code, sentence);
}

#[tokio::test]
async fn a_failure_is_told_in_our_words_and_not_as_if_somebody_were_at_it() {
    let front = Front::open().await;
    let asked = booked(&front).await;
    let request = format!("/requests/{}", asked.id);
    let said = async |path: &str| Page(&front.get(path).await.body).text();

    front.app.google.fail_next(Action::Put, CalendarError::Unavailable("503 backend gone".into()));
    front.app.work().await;
    let trying = said(&request).await;
    assert!(trying.contains("The calendar did not answer. We keep trying."), "{trying}");

    front.app.google.fail_next(Action::Put, CalendarError::Rejected("400 badRequest".into()));
    front.app.waits_end().await;
    front.app.work().await;
    for path in [request.as_str(), "/dashboard"] {
        let dead = said(path).await;
        assert!(dead.contains(Reason::Rejected.sentence()) && dead.contains("Try again"), "{path}: {dead}");
        assert!(!dead.contains("We keep trying") && !dead.contains("badRequest"), "{path}: {dead}");
    }

    let (db, org) = (front.app.store().reader(), front.app.org);
    let letter = outbox::dead_letters(db, org, 10).await.expect("letters").remove(0);
    let answer = front.post(&format!("/jobs/{}/retry", letter.id), &[]).await;
    assert_eq!(answer.status.as_u16(), 303);
    front.app.google.revoke("ana@example.com");
    front.app.work().await;
    let waiting = said(&request).await;
    assert!(waiting.contains(Reason::SignInExpired.sentence()) && !waiting.contains("We keep trying"), "{waiting}");
}
