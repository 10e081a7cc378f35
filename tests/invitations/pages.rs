//! The pages of an invitation over HTTP, as a browser without script uses them.

use axum::http::StatusCode;
use chrono::TimeDelta;
use convene::{audit::Origin, invitations::ask};

use super::asking::{KENJI, invite};
use crate::{
    support::front::{Front, assert_failure},
    support::html::Page,
};

async fn front() -> (Front, convene::ids::PersonId, String) {
    let mut front = Front::open().await;
    let invitation = invite(&front.app, KENJI).await;
    let token = front.app.invitation_token(invitation.person).await;
    front.cookie = String::new();
    (front, invitation.person, format!("/invite/{}", token.expose()))
}

#[tokio::test]
async fn the_page_says_who_asks_and_reading_it_changes_nothing() {
    let (front, _, path) = front().await;
    let before = front.written().await;
    for _ in 0..3 {
        let page = front.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        let text = Page(&page.body).text();
        assert!(text.contains("Connect your calendar") && text.contains("Ana asks"), "{text}");
        assert!(text.contains("Continue with Google") && text.contains("Give times instead"), "{text}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(page.header("cache-control").contains("no-store"), "{}", page.header("cache-control"));
        assert!(page.body.contains("noindex"));
        front.head(&path).await;
        front.get(&format!("{path}/times")).await;
    }
    assert_eq!(front.written().await, before);
}

#[tokio::test]
async fn times_are_given_week_by_week() {
    let (front, person, path) = front().await;
    let monday = front.app.monday();
    let form = |cells: &[&str]| {
        let mut form = vec![("week", monday.to_string()), ("tz", "UTC".to_owned())];
        form.extend(cells.iter().map(|cell| ("times[]", format!("{monday}T{cell}"))));
        form
    };
    let saved = front.post(&format!("{path}/times"), &form(&["09:00", "09:30", "10:00"])).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let page = front.get(saved.header("location")).await;
    let ticked = page.body.matches(" checked").count();
    assert_eq!(ticked, 3, "what was ticked is ticked");
    let given = convene::people::given::of_people(front.app.store().reader(), front.app.org, &[person]).await;
    let given = given.expect("read").remove(&person).expect("given");
    assert_eq!(given.windows.len(), 1);
    assert_eq!(given.windows[0].minutes(), 90);
    // Emptied again: an answer, not silence.
    front.post(&format!("{path}/times"), &form(&[])).await;
    let given = convene::people::given::of_people(front.app.store().reader(), front.app.org, &[person]).await;
    assert!(given.expect("read")[&person].windows.is_empty());
}

#[tokio::test]
async fn bad_times_are_told_and_nothing_is_kept() {
    let (front, _, path) = front().await;
    let monday = || ("week", front.app.monday().to_string());
    let utc = || ("tz", "UTC".to_owned());
    let cases = [
        (vec![monday(), ("tz", "Mars/Phobos".to_owned())], "zone_unknown"),
        (vec![("week", "1999-01-01".to_owned()), utc()], "week_invalid"),
        (vec![monday(), utc(), ("times[]", "2020-01-01T09:00".to_owned())], "window_invalid"),
        (vec![monday(), utc(), ("times[]", "<script>".to_owned())], "window_invalid"),
        (vec![monday(), utc(), ("person", "x".to_owned())], "unknown_field"),
    ];
    for (form, code) in cases {
        let answer = front.post(&format!("{path}/times"), &form).await;
        assert_eq!((answer.status.as_u16(), Page(&answer.body).code().as_deref()), (422, Some(code)), "{form:?}");
    }
    assert_eq!(front.app.rows("given_times").await, 0);
}

#[tokio::test]
async fn links_that_ended_say_why_and_whom_to_ask() {
    let (mut front, person, path) = front().await;
    ask::withdraw(&front.app.state, &front.app.ana, person, &Origin::default()).await.expect("withdrawn");
    let answer = front.get(&path).await;
    assert_failure("withdrawn", &answer, 410, "invitation_withdrawn", "ana@example.com");
    let answer = front.post(&path, &[("provider", "google".to_owned())]).await;
    assert_eq!(answer.status.as_u16(), 410);
    invite(&front.app, KENJI).await;
    let token = front.app.invitation_token(person).await;
    front.app.passes(TimeDelta::days(15));
    let answer = front.get(&format!("/invite/{}", token.expose())).await;
    assert_failure("expired", &answer, 410, "invitation_expired", "Write to Ana");
    front.sign_in().await;
    let again = front.post(&format!("/people/{person}/invite"), &[("return_to", "/people/invite".to_owned())]).await;
    assert_eq!((again.status, again.header("location")), (StatusCode::SEE_OTHER, "/people/invite?news=asked&asked=1"));
    assert_eq!(front.get(&format!("/invite/{}", token.expose())).await.status, StatusCode::OK);
}

#[tokio::test]
async fn several_addresses_are_judged_before_anybody_is_mailed() {
    let mut front = Front::open().await;
    front.sign_in().await;
    let wrong = front.post("/people/invite", &[("emails", "kenji@example.net, eva@, <tom".to_owned())]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains(r#"data-code="email_invalid""#), "{}", Page(&wrong.body).text());
    assert!(wrong.body.contains("kenji@example.net, eva@, &lt;tom"), "what was typed is still there");
    assert_eq!((front.app.rows("messages").await, front.app.rows("invitations").await), (0, 0));
    let list = "Kenji Watanabe <kenji@example.net>\nben@example.com; mia@example.org".to_owned();
    let sent = front.post("/people/invite", &[("emails", list)]).await;
    assert_eq!(sent.header("location"), "/people/invite?news=asked&asked=2&skipped=1", "Ben is connected");
    let page = front.get("/people/invite").await;
    let text = Page(&page.body).text();
    assert!(
        text.contains("Kenji Watanabe") && text.contains("mia@example.org") && !text.contains("ben@example.com,"),
        "{text}"
    );
    let role = front
        .post("/people/invite", &[("emails", "x@example.com".to_owned()), ("role", "coordinator".to_owned())])
        .await;
    assert_eq!(role.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_request_says_who_is_unknown_and_what_that_means() {
    let mut front = Front::open().await;
    front.sign_in().await;
    let asked = front.app.asks(|draft| draft.interviewers = format!("ben@example.com, {KENJI}")).await;
    let path = format!("/requests/{}", asked.id);
    let text = Page(&front.get(&path).await.body).text();
    assert!(text.contains("Nobody knows when Kenji is free"), "{text}");
    assert!(text.contains("the candidate finds no times") && text.contains("times unknown"), "{text}");
    let person = front.app.person(KENJI).await;
    let form = [("request", asked.id.to_string()), ("return_to", path.clone())];
    let sent = front.post(&format!("/people/{person}/invite"), &form).await;
    assert_eq!(sent.header("location"), format!("{path}?news=asked&asked=1"));
    let text = Page(&front.get(&path).await.body).text();
    assert!(text.contains("Ask Kenji again") && text.contains("times unknown, invited just now"), "{text}");
    let dashboard = Page(&front.get("/dashboard").await.body).text();
    assert!(dashboard.contains("times unknown, invited just now"), "{dashboard}");
    // With an answer there is nothing to warn of.
    front.app.connected(&[KENJI]).await;
    let text = Page(&front.get(&path).await.body).text();
    assert!(!text.contains("Nobody knows"), "{text}");
}
