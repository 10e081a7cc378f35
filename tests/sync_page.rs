//! `/admin/sync`: what waits, how providers answer, what was given up, and that it is tried again from there.

use convene::{
    calendars::{CalendarError, memory::Action},
    outbox::depths,
    store::words::JobStatus,
};

use crate::story::{TestApp, on_sqlite, organisation, stories};
use crate::support::{
    front::{BEN, Front},
    html::Page,
};

/// Ida, an administrator, is signed in.
async fn ida(app: TestApp) -> Front {
    app.ana_connects().await;
    app.connected(&[BEN]).await;
    let ida = app.person("ida@example.com").await;
    app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {}", app.uuid(ida.uuid()))).await;
    let mut front = Front::over(app).await;
    front.cookie = front.session_of(front.app.org, ida).await;
    front
}

/// So many interviews that the calendar refuses for good.
async fn given_up(app: &TestApp, count: u64) {
    for day in 0..count {
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(day, "10:00")).await.expect("booked");
        app.google.fail_next(Action::Put, CalendarError::Rejected("400".into()));
        app.work().await;
    }
    assert_eq!(app.jobs_with(JobStatus::Dead).await.len() as u64, count);
}

async fn text(front: &Front) -> String {
    let page = front.get("/admin/sync").await;
    assert_eq!(page.status.as_u16(), 200, "{}", Page(&page.body).text());
    Page(&page.body).text()
}

stories! {
    async fn what_is_there_is_shown(app) {
        let front = ida(app).await;
        let app = &front.app;
        let shown = text(&front).await;
        for words in ["Nothing waits", "Nothing was given up", "2 accounts work", "No account is connected"] {
            assert!(shown.contains(words), "{words:?} in {shown}");
        }
        given_up(app, 1).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(1, "10:00")).await.expect("booked");
        app.run("UPDATE jobs SET run_at = run_at - 420000 WHERE kind = 'place_event' AND status = 'queued'").await;
        app.run("UPDATE connections SET status = 'error', last_error = 'The calendar did not answer when last asked. We keep trying.' WHERE is_primary = (1 = 1) AND account_email = 'ben@example.com'").await;
        let shown = text(&front).await;
        for words in [
            "Interviews into calendars",
            "7 min",
            "Slow",
            "1 account works, 1 account does not answer",
            "Last told: The calendar did not answer when last asked.",
            "An interview could not be put into a calendar",
            "The calendar refused the event.",
        ] {
            assert!(shown.contains(words), "{words:?} in {shown}");
        }
    }

    async fn nothing_of_another_organisation_is_shown(app) {
        let theirs = organisation(app.store(), "Contoso", app.now()).await;
        let front = ida(app).await;
        let app = &front.app;
        given_up(app, 1).await;
        depths::sample(app.store()).await.expect("sampled");
        let (ours, other) = (app.uuid(app.org.uuid()), app.uuid(theirs.uuid()));
        app.run(&format!("UPDATE jobs SET org_id = {other} WHERE org_id = {ours}")).await;
        let shown = text(&front).await;
        assert!(shown.contains("Nothing waits") && shown.contains("Nothing was given up"), "{shown}");
        let job = app.jobs_with(JobStatus::Dead).await[0].id.to_string();
        assert_eq!(front.post("/admin/sync/retry", &[("job", job)]).await.status.as_u16(), 404);
        front.post("/admin/sync/retry", &[("kind", "place_event".to_owned())]).await;
        assert_eq!(app.jobs_with(JobStatus::Dead).await.len(), 1, "theirs stays as it is");
    }

    async fn one_or_all_of_a_kind_are_tried_again(app) {
        let front = ida(app).await;
        let app = &front.app;
        given_up(app, 3).await;
        let job = app.jobs_with(JobStatus::Dead).await[0].id;
        let answer = front.post("/admin/sync/retry", &[("job", job.to_string())]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/admin/sync?news=again"));
        app.work().await;
        assert_eq!((app.jobs_with(JobStatus::Dead).await.len(), app.on_calendar().len()), (2, 1));
        let again = front.post("/admin/sync/retry", &[("job", job.to_string())]).await;
        assert_eq!(again.status.as_u16(), 404, "it is no dead letter any more");
        let answer = front.post("/admin/sync/retry", &[("kind", "place_event".to_owned())]).await;
        assert_eq!(answer.header("location"), "/admin/sync?news=all");
        app.work().await;
        assert_eq!((app.jobs_with(JobStatus::Dead).await.len(), app.on_calendar().len()), (0, 3));
        let answer = front.post("/admin/sync/retry", &[("kind", "place_event".to_owned())]).await;
        assert_eq!(answer.header("location"), "/admin/sync?news=none");
        let answer = front.post("/admin/sync/retry", &[]).await;
        assert_eq!((answer.status.as_u16(), Page(&answer.body).code().as_deref()), (422, Some("nothing_chosen")));
    }

    async fn how_much_waited_is_sampled_once_in_five_minutes(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let over = chrono::TimeDelta::hours(1);
        assert!(depths::history(app.store().reader(), app.org, over).await.expect("read").is_empty());
        let asked = app.asks(|draft| draft.reminders = "1440".into()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.waits_end().await;
        app.run("UPDATE jobs SET run_at = run_at + 9999999999999 WHERE kind = 'remind'").await;
        for _ in 0..2 {
            depths::sample(app.store()).await.expect("once or twice");
        }
        app.run("UPDATE queue_samples SET taken_at = taken_at - 600000").await;
        let history = depths::history(app.store().reader(), app.org, over).await.expect("read");
        let placing = &history["place_event"];
        // Ten minutes ago; five more if a stretch has ended meanwhile.
        assert!(placing.len() == 12 && (placing[9] == 1 || placing[8] == 1), "{history:?}");
        let later: Vec<_> = placing[10..].to_vec();
        assert_eq!(later, [0, 0], "{history:?}");
        assert!(!history.contains_key("remind"), "what is for later does not wait: {history:?}");
    }
}

#[tokio::test]
async fn it_reads_as_a_plain_page() {
    let front = ida(TestApp::at(on_sqlite().await).await).await;
    given_up(&front.app, 2).await;
    let page = front.get("/admin/sync").await;
    for (what, html) in [
        ("a reload link", r#"href="/admin/sync" class="link">reload it"#),
        ("a form for one", r#"action="/admin/sync/retry""#),
        ("a form for all", r#"name="kind" value="place_event""#),
        ("the island", r#"data-component="Live"#),
        ("its tab", r#"aria-current="page">Sync"#),
    ] {
        assert!(page.body.contains(html), "{what}: {html} in {}", Page(&page.body).text());
    }
    // What is replaced must hold no island.
    let replaced = page.body.split(r#"data-live="failing""#).nth(1).expect("the first part");
    assert_eq!(replaced.matches("data-live=").count(), 3, "the queue, the providers, and what was given up");
    assert!(!replaced.contains("<leptos-island"), "nobody would wake it");
}
