//! How often things may be done: by one client, through one link, by one account, and how often one address is written to.

use std::sync::Arc;

use crate::story::stories;
use crate::support::Answer;
use crate::support::front::{Front, Typed, assert_failure};
use crate::support::html::Page;
use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    audit::Origin,
    config::{Config, Web},
    ids::LinkToken,
    limits::local::Searches,
    requests::{link, replace},
    store::entities::{jobs, messages},
};
use sea_orm::{EntityTrait, QueryOrder};

const OFTEN: &str = "This was asked too often in a short time.";

fn choice(start: DateTime<Utc>, key: &str) -> Typed {
    let start = start.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    vec![("start", start), ("key", key.to_owned()), ("tz", "Etc/UTC".to_owned())]
}

fn refused(what: &str, answer: &Answer) {
    assert_failure(what, answer, 429, "too_many_requests", OFTEN);
    let wait = answer.header("retry-after").parse::<u64>();
    assert!(wait.is_ok_and(|seconds| (1..=3600).contains(&seconds)), "{what}: says when to come back");
}

/// As if this had been done so often already, in every window there is.
async fn already(front: &Front, bucket: &str, hits: u32) {
    let done = front.app.run(&format!("UPDATE rate_windows SET hits = {hits} WHERE bucket = '{bucket}'")).await;
    assert!(done > 0, "nothing was counted in {bucket}");
}

#[tokio::test]
async fn a_link_takes_so_many_forms_whoever_sends_them() {
    let front = Front::open().await;
    let (asked, other) = (front.app.asks(|_| ()).await, front.app.asks(|_| ()).await);
    let path = |token: &LinkToken, page: &str| format!("/book/{}{page}", token.expose());
    let form = choice(front.app.time(0, "10:00"), "one");
    assert_eq!(front.post(&path(&asked.token, ""), &form).await.status.as_u16(), 303);

    already(&front, "link_form", 120).await;
    for page in ["", "/move", "/cancel"] {
        let form = if page == "/cancel" { Vec::new() } else { choice(front.app.time(0, "11:00"), "two") };
        refused(page, &front.post(&path(&asked.token, page), &form).await);
    }
    // The request is counted, not the link: another link for it starts nothing over.
    replace::replace(&front.app.state, &front.app.ana, asked.id, &Origin::default()).await.expect("replaced");
    let url = link::url(&front.app.state, front.app.org, asked.id).await.expect("the store answers").expect("a link");
    let fresh: LinkToken = url.rsplit('/').next().and_then(|token| token.parse().ok()).expect("a token");
    refused("replaced", &front.post(&path(&fresh, "/cancel"), &[]).await);
    let form = choice(front.app.time(1, "10:00"), "three");
    assert_eq!(
        front.post(&path(&other.token, ""), &form).await.status.as_u16(),
        303,
        "another request is another matter"
    );
}

#[tokio::test]
async fn an_interview_is_not_moved_to_and_fro_without_end() {
    let front = Front::open().await;
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
    let path = format!("/book/{}/move", asked.token.expose());
    assert_eq!(front.post(&path, &choice(front.app.time(0, "11:00"), "one")).await.status.as_u16(), 303);
    already(&front, "link_move", 20).await;
    refused("moved too often", &front.post(&path, &choice(front.app.time(0, "12:00"), "two")).await);
    // Cancelling stays possible.
    let path = format!("/book/{}/cancel", asked.token.expose());
    assert_eq!(front.post(&path, &[]).await.status.as_u16(), 303);
}

#[tokio::test]
async fn a_link_is_looked_at_so_often_and_searches_take_turns() {
    let mut front = Front::open().await;
    let (asked, other) = (front.app.asks(|_| ()).await, front.app.asks(|_| ()).await);
    let page = |token: &LinkToken| format!("/book/{}", token.expose());
    let mut state = front.app.state.clone();
    state.searches = Searches::new(2);
    front.serve(state.clone());
    for _ in 0..2 {
        assert_eq!(front.get(&page(&asked.token)).await.status.as_u16(), 200);
    }
    refused("a third view", &front.get(&page(&asked.token)).await);
    assert_eq!(front.get(&page(&other.token)).await.status.as_u16(), 200, "another link is another matter");

    state.searches = Searches::new(0);
    front.serve(state.clone());
    let mut turns = Vec::new();
    while let Ok(turn) = state.searches.turn().await {
        turns.push(turn);
    }
    let new = front.app.asks(|_| ()).await;
    refused("everybody searches", &front.get(&page(&new.token)).await);
    refused("everybody searches", &front.post(&page(&new.token), &choice(front.app.time(0, "10:00"), "one")).await);
    drop(turns);
    assert_eq!(front.get(&page(&new.token)).await.status.as_u16(), 200);
}

#[tokio::test]
async fn the_setting_says_how_often_a_link_is_looked_at() {
    let front = Front::open().await;
    let state = &front.app.state;
    assert_eq!(state.config.web.link_views, 6000);
    let web = Web { link_views: 1, ..state.config.web.clone() };
    let config = Arc::new(Config { web, ..(*state.config).clone() });
    let state = convene::state::AppState::new(
        config,
        state.services.clone(),
        state.mailer.clone(),
        state.site.clone(),
        state.wake.clone(),
    );
    let request = convene::ids::RequestId::new();
    assert!(state.searches.view(request).is_ok() && state.searches.view(request).is_err());
}

#[tokio::test]
async fn an_account_makes_so_many_requests() {
    let front = Front::open().await;
    let form = |name: &str| request_form(&front, name, "");
    assert_eq!(front.post("/requests/new", &form("Ada")).await.status.as_u16(), 303);
    already(&front, "request_create", 300).await;
    let before = front.app.rows("requests").await;
    refused("one more", &front.post("/requests/new", &form("Grace")).await);
    assert_eq!(front.app.rows("requests").await, before);
}

fn request_form(front: &Front, candidate: &str, key: &str) -> Typed {
    let monday = front.app.monday();
    let typed = [
        ("candidate_name", candidate.to_owned()),
        ("candidate_email", "priya@example.net".to_owned()),
        ("duration", "45".to_owned()),
        ("from", monday.to_string()),
        ("to", (monday + TimeDelta::days(4)).to_string()),
        ("interviewers", crate::support::front::BEN.to_owned()),
        ("zone", "Etc/UTC".to_owned()),
        ("key", key.to_owned()),
    ];
    typed.to_vec()
}

#[tokio::test]
async fn a_form_sent_twice_makes_one_request() {
    let front = Front::open().await;
    let page = front.get("/requests/new").await;
    let key = Page(&page.body).values("key").pop().expect("the form has a key");
    let form = request_form(&front, "Ada", &key);
    let (one, two) = tokio::join!(front.post("/requests/new", &form), front.post("/requests/new", &form));
    let three = front.post("/requests/new", &form).await;
    assert!(one.header("location").starts_with("/requests/req_"), "{:?}", one.status);
    assert_eq!(one.header("location"), two.header("location"));
    assert_eq!(one.header("location"), three.header("location"));
    assert_eq!((front.app.rows("requests").await, front.app.rows("booking_links").await), (1, 1));

    // Back, and changed: told so, with everything typed still there and a key to go on with.
    let form = request_form(&front, "Grace", &key);
    let answer = front.post("/requests/new", &form).await;
    assert_eq!(answer.status.as_u16(), 422);
    assert_eq!(Page(&answer.body).code().as_deref(), Some("key_reused"));
    assert_eq!(Page(&answer.body).values("candidate_name"), ["Grace"]);
    let fresh = Page(&answer.body).values("key").pop().expect("a key");
    assert_eq!(front.post("/requests/new", &request_form(&front, "Grace", &fresh)).await.status.as_u16(), 303);
    assert_eq!(front.app.rows("requests").await, 2);
}

#[tokio::test]
async fn a_link_is_replaced_by_two_pages_and_a_form() {
    let front = Front::open().await;
    let asked = front.app.asks(|_| ()).await;
    let page = format!("/requests/{}", asked.id);
    let shown = front.get(&page).await.body;
    let dialog = format!("{page}?dialog=replace-link");
    assert!(Page(&shown).find("href", &dialog).is_some(), "the page leads to the question");
    let form = format!("{page}/replace-link");
    assert!(Page(&shown).find("action", &form).is_none(), "which is asked first");
    assert!(Page(&front.get(&dialog).await.body).find("action", &form).is_some());
    let done = front.post(&form, &[]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, format!("{page}?news=replaced").as_str()));

    let old = front.get(&format!("/book/{}", asked.token.expose())).await;
    assert_failure(
        "the old link",
        &old,
        410,
        "link_revoked",
        "This link was replaced. Use the newest one you were sent.",
    );
    let url = link::url(&front.app.state, front.app.org, asked.id).await.expect("the store answers").expect("a link");
    let path = url.strip_prefix("https://interviews.example.com").expect("ours");
    assert_eq!(front.get(path).await.status.as_u16(), 200);
    assert!(front.get(&page).await.body.contains(&url), "the page shows the new one");
}

stories! {
    async fn an_address_is_written_to_five_times_an_hour_and_nothing_is_left_out(app) {
        app.ana_connects().await;
        app.connected(&["ben@example.com"]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        for hour in 11..16 {
            app.passes(TimeDelta::minutes(1));
            app.candidate_moves(&asked, app.time(0, &format!("{hour}:00"))).await.expect("moved");
        }
        app.candidate_cancels(&asked).await.expect("cancelled");
        // From another request, to the same address.
        let other = app.asks(|_| ()).await;
        link::send(&app.state, &app.ana, other.id, &Origin::default()).await.expect("sent");

        let all = messages::Entity::find().order_by_asc(messages::Column::DueAt).all(app.store().reader()).await;
        let all = all.expect("messages");
        let to = |address: &str| all.iter().filter(|mail| mail.to_email == address).collect::<Vec<_>>();
        let priya = to("priya@example.net");
        assert_eq!(priya.len(), 8, "booked, five moves, a cancellation, a link");
        assert!(priya.iter().any(|mail| mail.kind == "booking_cancelled"), "a cancellation waits, it is not left out");
        for six in priya.windows(6) {
            assert!(six[5].due_at.at() - six[0].due_at.at() >= TimeDelta::hours(1), "more than five within an hour");
        }
        assert_eq!(priya[4].due_at, priya[4].created_at, "the first five go at once");
        // Each job waits as long as its mail.
        let jobs = jobs::Entity::find().all(app.store().reader()).await.expect("jobs");
        for mail in &all {
            let job = jobs.iter().find(|job| job.payload.contains(&mail.id.to_string())).expect("a promise");
            assert_eq!(job.run_at, mail.due_at);
        }
        let ana = to("ana@example.com");
        assert!(ana.len() > 5 && ana.iter().all(|mail| mail.due_at == mail.created_at), "she has an account: told at once");
    }

    async fn requests_that_name_the_same_new_people_do_not_stop_each_other(app) {
        let ana = &app.ana;
        for round in 0..6 {
            let people: Vec<String> = (0..18).map(|n| format!("new{n}.{round}@example.com")).collect();
            let backwards: Vec<String> = people.iter().rev().cloned().collect();
            let draft = |interviewers: &[String]| convene::requests::draft::Draft {
                candidate_name: "Ada".into(),
                candidate_email: "ada@example.net".into(),
                duration: "45".into(),
                from: app.monday().to_string(),
                to: (app.monday() + TimeDelta::days(4)).to_string(),
                interviewers: interviewers.join(" "),
                zone: "Etc/UTC".into(),
                ..Default::default()
            };
            let new = |interviewers: &[String]| draft(interviewers).parse(app.now()).expect("a request");
            let (forwards, backwards) = (new(&people), new(&backwards));
            let origin = Origin::default();
            let create = |new| convene::requests::create::create(&app.state, ana, new, &origin);
            let (one, other) = tokio::join!(create(&forwards), create(&backwards));
            one.expect("a request");
            other.expect("a request");
        }
    }

    async fn typed_hours_keep_what_was_meant(app) {
        let monday = app.monday();
        let asked = app.asks(|draft| {
            draft.zone = "America/New_York".into();
            draft.windows = format!("ben@example.com {monday} 09:00 24:00");
            (draft.unknown_start, draft.unknown_end) = ("08:00".into(), "18:00".into());
        }).await;
        let rows = convene::store::entities::manual_windows::Entity::find().all(app.store().reader()).await.expect("rows");
        let bens = rows.iter().find(|row| row.person_id.is_some()).expect("Ben's hours");
        let next = monday + TimeDelta::days(1);
        assert_eq!(bens.zone, "America/New_York");
        assert_eq!((&bens.local_start, &bens.local_end), (&format!("{monday}T09:00"), &format!("{next}T00:00")));
        assert_eq!(bens.tzdata, chrono_tz::IANA_TZDB_VERSION);
        let fallback = rows.iter().filter(|row| row.person_id.is_none());
        assert!(fallback.clone().count() >= 5 && fallback.clone().all(|row| row.local_start.ends_with("T08:00")));
        assert!(rows.iter().all(|row| row.request_id == asked.id));
    }

    async fn a_replaced_link_opens_nothing_and_the_new_one_goes_on(app) {
        app.connected(&["ben@example.com"]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        let now = app.now();
        let before = link::open(app.store().reader(), &asked.token, now).await.expect("it opens");
        replace::replace(&app.state, &app.ana, asked.id, &Origin::default()).await.expect("replaced");
        let old = link::open(app.store().reader(), &asked.token, now).await;
        assert!(matches!(old, Err(link::LinkError::Revoked { .. })), "{old:?}");
        assert!(app.candidate_cancels(&asked).await.is_err(), "nor does it cancel");

        let url = link::url(&app.state, app.org, asked.id).await.expect("the store answers").expect("a link");
        let token: LinkToken = url.rsplit('/').next().and_then(|token| token.parse().ok()).expect("a token");
        let fresh = link::open(app.store().reader(), &token, now).await.expect("it opens");
        assert_eq!((fresh.request, fresh.id == before.id), (asked.id, false));
        let live = crate::story::Asked { id: asked.id, token };
        app.candidate_moves(&live, app.time(0, "11:00")).await.expect("moved");
        assert_eq!(app.rows("audit_log WHERE action = 'request.link_replaced'").await, 1);

        // Clicked twice at once, one link is left.
        let ana = &app.ana;
        let origin = Origin::default();
        let again = || replace::replace(&app.state, ana, asked.id, &origin);
        let (one, two) = tokio::join!(again(), again());
        one.and(two).expect("replaced");
        assert_eq!(app.rows("booking_links WHERE revoked_at IS NULL").await, 1);
        // It lives as long as the one before.
        let expires = "booking_links WHERE revoked_at IS NULL AND expires_at = (SELECT max(ends_at) FROM bookings)";
        assert_eq!(app.rows(expires).await, 1);
    }
}
