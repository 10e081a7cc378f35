//! iCIMS that loses answers, asks for time, refuses, or is away for half an hour.

use chrono::TimeDelta;
use chrono_tz::Tz;
use convene::{
    ats::breaker::{self, Pass},
    outbox::{self, Reason},
    store::words::JobStatus,
};

use crate::{
    ats::icims::{APPLICATION, FakeIcims, Mood, with_icims},
    ats::notes::{asked, send_link},
    story::{Asked, TestApp, stories},
    support::front::Front,
    support::html::Page,
};

/// A link was sent, and iCIMS is to be told.
async fn news(app: TestApp) -> (TestApp, FakeIcims, Asked) {
    let (app, icims) = with_icims(app).await;
    let asked = asked(&app).await;
    send_link(&app, &asked).await;
    (app, icims, asked)
}

async fn said(front: &Front, path: &str) -> String {
    Page(&front.get(path).await.body).text()
}

stories! {
    async fn a_lost_answer_is_looked_for_and_not_sent_again(app) {
        for mood in [Mood::Cut, Mood::Stumbling] {
            let (app, icims, _) = news(TestApp::at(crate::story::on_sqlite().await).await).await;
            lost(&app, &icims, mood).await;
        }
        let (app, icims, _) = news(app).await;
        lost(&app, &icims, Mood::Cut).await;
    }

    async fn a_note_that_did_not_arrive_is_sent_again(app) {
        let (app, icims, _) = news(app).await;
        icims.is_once(Mood::Down);
        app.work().await;
        assert!(icims.notes().is_empty());
        app.waits_end().await;
        app.work().await;
        assert_eq!((icims.notes().len(), icims.calls().len()), (1, 3), "sent, looked for, sent");
        let keys = icims.keys();
        assert_eq!(keys[0], keys[1], "under the same key");
    }

    async fn a_429_is_obeyed(app) {
        let (app, icims, _) = news(app).await;
        icims.is_once(Mood::Busy(600));
        app.work().await;
        app.wait(TimeDelta::seconds(590)).await;
        assert_eq!((app.work().await, icims.calls().len()), (0, 1), "not before the time we were told");
        app.wait(TimeDelta::seconds(11)).await;
        app.work().await;
        assert_eq!((icims.notes().len(), icims.calls().len()), (1, 2), "refused for certain, so not looked for");
        assert_eq!(app.rows("ats_breakers").await, 0);
    }

    async fn a_refused_key_is_given_up_and_tried_again_when_somebody_says_so(app) {
        let (app, icims, asked) = news(app).await;
        icims.is(Mood::Locked);
        app.work().await;
        assert_eq!(icims.calls().len(), 1, "a person has to mend it");
        let front = Front::over(app).await;
        let request = format!("/requests/{}", asked.id);
        for path in [request.as_str(), "/dashboard"] {
            let text = said(&front, path).await;
            assert!(text.contains(Reason::NoteKeyRefused.sentence()) && text.contains("Try again"), "{path}: {text}");
        }
        icims.is(Mood::Fine);
        let letters = outbox::dead_letters(front.app.store().reader(), front.app.org, 10).await.expect("letters");
        assert_eq!((letters.len(), letters[0].reason), (1, Reason::NoteKeyRefused));
        let page = front.get(&request).await.body;
        assert!(page.contains(&format!("/jobs/{}/retry", letters[0].id)), "the button is at the note");
        let answer = front.post(&format!("/jobs/{}/retry", letters[0].id), &[]).await;
        assert_eq!(answer.status.as_u16(), 303);
        assert!(said(&front, &request).await.contains("Waiting for iCIMS"));
        front.app.work().await;
        assert_eq!(icims.notes().len(), 1);
        assert!(said(&front, &request).await.contains("Written to iCIMS just now"));
        front.app.all_is_well().await;
    }

    async fn what_cannot_succeed_is_not_tried_for_ever(app) {
        let (app, icims) = with_icims(app).await;
        app.connected(&[crate::ats::notes::BEN]).await;
        let unknown = app.asks(|draft| draft.application_id = Some("4712".into())).await;
        send_link(&app, &unknown).await;
        app.work().await;
        let asked = app.asks(|draft| draft.application_id = Some(APPLICATION.into())).await;
        icims.is(Mood::Picky);
        send_link(&app, &asked).await;
        app.work().await;
        let mut reasons: Vec<_> = app.jobs_with(JobStatus::Dead).await.into_iter().map(|job| job.last_error).collect();
        reasons.sort();
        assert_eq!(reasons, [Reason::NoteRefused.code(), Reason::NoteUnknownApplication.code()]);
        assert_eq!(icims.calls().len(), 2);
    }

    /// Six pieces of news about two requests while iCIMS is away for half an hour.
    async fn an_outage_is_waited_for_told_and_drained(app) {
        let (app, icims) = with_icims(app).await;
        let first = asked(&app).await;
        let second = app.asks(|draft| draft.application_id = Some(APPLICATION.into())).await;
        icims.is(Mood::Down);
        let since = app.now();
        send_link(&app, &first).await;
        send_link(&app, &second).await;
        app.work().await;
        app.book(&first, app.time(0, "10:00")).await.expect("booked");
        app.book(&second, app.time(2, "10:00")).await.expect("booked");

        let step = TimeDelta::seconds(20);
        let mut front = Front::over(app).await;
        for minute in 0..30 {
            for _ in 0..3 {
                front.app.wait(step).await;
                front.app.work().await;
            }
            match minute {
                3 => {
                    front.app.candidate_moves(&first, front.app.time(1, "10:00")).await.expect("moved");
                    front.app.ana_cancels(&second, "").await.expect("cancelled");
                }
                10 => {
                    front.sign_in().await;
                    let text = said(&front, "/dashboard").await;
                    let clock = since.with_timezone(&Tz::UTC).format("%H:%M");
                    let banner = format!("iCIMS has not answered since {clock}.");
                    // A minute may have turned, or a day.
                    let later = (since + step * 3).format("%H:%M");
                    let told = text.contains(&banner) || text.contains(&format!("since {later}.")) || text.contains("UTC.");
                    assert!(told, "{banner:?} is not said in {text}");
                    assert!(text.contains("6 notes wait and are written when it answers."), "{text}");
                    let page = said(&front, &format!("/requests/{}", first.id)).await;
                    assert!(page.contains("Waiting for iCIMS"), "{page}");
                }
                _ => {}
            }
        }
        // Five failures, then one call after each pause of 1, 2, 4, 8 and 15 minutes.
        let during = icims.calls().len();
        assert!((9..=11).contains(&during), "{during} calls within half an hour");
        assert_eq!((icims.notes().len(), front.app.jobs_with(JobStatus::Dead).await.len()), (0, 0));

        icims.is(Mood::Fine);
        for _ in 0..50 {
            front.app.wait(step).await;
            front.app.work().await;
        }
        let of = |asked: &Asked| {
            let time = asked.id;
            let rows = format!("ats_notes WHERE request_id = {} AND status = 'written'", front.app.uuid(time.uuid()));
            let app = &front.app;
            async move { app.rows(&rows).await }
        };
        assert_eq!((of(&first).await, of(&second).await, icims.notes().len()), (3, 3, 6));
        let order = order_of(&front.app, &icims).await;
        assert_eq!(order[&first.id.to_string()], ["link_sent", "booked", "moved"]);
        assert_eq!(order[&second.id.to_string()], ["link_sent", "booked", "cancelled"]);
        assert_eq!(front.app.rows("ats_breakers").await, 0, "it answers again");
        assert!(!said(&front, "/dashboard").await.contains("has not answered"));
        front.app.all_is_well().await;
    }

    async fn days_of_silence_age_nothing(app) {
        let (app, icims, asked) = news(app).await;
        icims.is(Mood::Down);
        for _ in 0..40 {
            app.wait(TimeDelta::minutes(10)).await;
            app.work().await;
        }
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        for _ in 0..20 {
            app.wait(TimeDelta::hours(8)).await;
            app.work().await;
        }
        assert_eq!(app.jobs_with(JobStatus::Dead).await.len(), 0);
        icims.is(Mood::Fine);
        for _ in 0..4 {
            app.wait(TimeDelta::minutes(16)).await;
            app.work().await;
        }
        assert_eq!(icims.titles(), ["Booking link sent to the candidate", "Interview booked"]);
    }

    async fn one_call_at_a_time_asks_and_for_its_organisation_only(app) {
        let (app, icims, _) = news(app).await;
        icims.is(Mood::Down);
        for _ in 0..10 {
            app.wait(TimeDelta::minutes(1)).await;
            app.work().await;
        }
        app.passes(TimeDelta::minutes(16));
        let asks = [breaker::pass(app.store(), app.org, app.now()).await, breaker::pass(app.store(), app.org, app.now()).await];
        assert!(matches!(asks, [Ok(Pass::Go), Ok(Pass::Wait(_))]), "one at a time asks whether it answers: {asks:?}");
        app.passes(TimeDelta::minutes(2));
        let again = breaker::pass(app.store(), app.org, app.now()).await;
        assert!(matches!(again, Ok(Pass::Go)), "whoever asked was never heard of again: {again:?}");
        let db = app.store().reader();
        assert!(breaker::silence(db, app.org).await.expect("asked").is_some());
        let other = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
        assert!(breaker::silence(db, other).await.expect("asked").is_none());
    }
}

async fn lost(app: &TestApp, icims: &FakeIcims, mood: Mood) {
    for other in 0..250 {
        icims.write(&format!("Called the candidate, {other}"));
    }
    icims.is_once(mood);
    app.work().await;
    assert_eq!((icims.notes().len(), app.rows("ats_notes WHERE status = 'queued'").await), (251, 1));
    assert_eq!(app.work().await, 0, "not looked for at once: it may appear late");
    app.waits_end().await;
    app.work().await;
    assert_eq!(icims.notes().len(), 251, "{mood:?}: found, on the third page");
    assert_eq!(icims.calls().iter().filter(|method| *method == "POST").count(), 1);
    assert_eq!(app.rows("ats_notes WHERE status = 'written' AND remote_id = '251'").await, 1);
    app.all_is_well().await;
}

/// The kinds of note that stand at iCIMS, by request, in their order there.
async fn order_of(app: &TestApp, icims: &FakeIcims) -> std::collections::BTreeMap<String, Vec<String>> {
    use convene::store::entities::ats_notes;
    use sea_orm::EntityTrait;
    let rows = ats_notes::Entity::find().all(app.store().reader()).await.expect("notes");
    let mut order: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for note in icims.notes() {
        let id = note.lines().last().and_then(|line| line.strip_prefix("Convene ref: ")).expect("a marker").to_owned();
        let row = rows.iter().find(|row| row.id.to_string() == id).expect("one of ours");
        order.entry(row.request_id.to_string()).or_default().push(row.kind.to_string());
    }
    order
}
