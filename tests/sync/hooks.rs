//! The addresses that providers push to: whom they believe, what follows, and what they answer to everything else.

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use convene::{
    calendars::memory::Push,
    store::words::{ChannelStatus, JobStatus},
    sync::{self, channels},
    web::server::router,
};
use serde_json::{Value, json};

use super::following::placed;
use crate::{
    story::{HOST, TestApp, stories},
    support::{self, Answer},
};

/// Convene with a watched calendar, and the channel as its provider knows it.
async fn watched(app: &TestApp) -> (Router, Push) {
    placed(app, "10:00").await;
    sync::tend(&app.state).await.expect("the store answers");
    app.waits_end().await;
    app.work().await;
    app.waits_end().await;
    app.work().await;
    let push = app.google.take_pushes().into_iter().find(|one| one.is_first).expect("it was watched");
    (router(app.state.clone()), push)
}

/// The same as a subscription of Microsoft's.
async fn subscribed(app: &TestApp) -> (Router, Push) {
    let (router, push) = watched(app).await;
    app.run("UPDATE channels SET provider = 'microsoft'").await;
    (router, push)
}

async fn post(router: &Router, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path).header("host", HOST);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    support::ask(router, request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn google(router: &Router, push: &Push, changes: &[(&str, &str)]) -> Answer {
    let id = push.hook.channel.to_string();
    let mut headers = vec![
        ("x-goog-channel-id", id.as_str()),
        ("x-goog-channel-token", push.hook.token.expose()),
        ("x-goog-resource-id", push.watching.resource.as_str()),
        ("x-goog-resource-state", "exists"),
        ("x-goog-message-number", "12"),
    ];
    for (name, value) in changes {
        headers.retain(|(known, _)| known != name);
        headers.push((name, value));
    }
    headers.retain(|(_, value)| !value.is_empty());
    post(router, "/hooks/google", &headers, "").await
}

fn item(push: &Push) -> Value {
    json!({
        "subscriptionId": push.watching.id, "clientState": push.hook.token.expose(), "changeType": "updated",
        "resource": "Users/x/Events/y", "tenantId": "t", "subscriptionExpirationDateTime": "2030-01-01T00:00:00Z",
    })
}

async fn microsoft(router: &Router, path: &str, body: &Value) -> Answer {
    post(router, path, &[("content-type", "application/json")], &body.to_string()).await
}

async fn pulls(app: &TestApp) -> usize {
    app.jobs_with(JobStatus::Queued).await.into_iter().filter(|job| job.kind == "pull_calendar").count()
}

async fn status(app: &TestApp) -> ChannelStatus {
    let all = channels::all(app.store().reader(), Some(app.org)).await.expect("the store answers");
    all.last().expect("a channel").status
}

stories! {
    async fn a_push_has_the_calendar_read_and_a_hundred_have_it_read_once(app) {
        let (router, push) = watched(&app).await;
        assert_eq!(pulls(&app).await, 0);
        for _ in 0..100 {
            assert_eq!(google(&router, &push, &[]).await.status, 200);
        }
        assert_eq!(pulls(&app).await, 1);
        assert_eq!(app.rows("jobs WHERE kind = 'pull_calendar' AND status = 'superseded'").await, 0, "one row is written");
    }

    async fn an_earlier_number_or_the_same_again_is_as_good(app) {
        let (router, push) = watched(&app).await;
        for number in ["12", "12", "3"] {
            assert_eq!(google(&router, &push, &[("x-goog-message-number", number)]).await.status, 200);
        }
        assert_eq!(pulls(&app).await, 1);
    }

    async fn the_first_message_of_a_channel_has_nothing_read(app) {
        let (router, push) = watched(&app).await;
        assert_eq!(google(&router, &push, &[("x-goog-resource-state", "sync")]).await.status, 200);
        assert_eq!(pulls(&app).await, 0);
    }

    async fn a_push_may_come_before_the_provider_says_that_there_is_a_channel(app) {
        let (router, push) = watched(&app).await;
        app.run("UPDATE channels SET status = 'opening', remote_id = '', resource = ''").await;
        assert_eq!(google(&router, &push, &[]).await.status, 200);
        assert_eq!(pulls(&app).await, 1);
    }

    async fn who_does_not_show_the_channels_token_finds_nothing_here(app) {
        let (router, push) = watched(&app).await;
        let other = format!("{}.{}", push.hook.channel.simple(), "A".repeat(43));
        let unknown = uuid::Uuid::now_v7();
        let cases: [&[(&str, &str)]; 8] = [
            &[("x-goog-channel-token", other.as_str())],
            &[("x-goog-channel-token", "")],
            &[("x-goog-channel-token", "x")],
            &[("x-goog-channel-id", &unknown.to_string())],
            &[("x-goog-channel-id", "")],
            &[("x-goog-resource-id", "another resource")],
            &[("x-goog-resource-state", "")],
            &[("x-goog-channel-id", "'; DROP TABLE channels")],
        ];
        for case in cases {
            let answer = google(&router, &push, case).await;
            assert_eq!(answer.status, 404, "{case:?}");
        }
        assert_eq!(post(&router, "/hooks/google", &[], "").await.status, 404);
        assert_eq!(pulls(&app).await, 0);
    }

    async fn a_channel_that_is_over_is_not_believed(app) {
        let (router, push) = watched(&app).await;
        app.run("UPDATE channels SET expires_at = 1000").await;
        assert_eq!(google(&router, &push, &[]).await.status, 404);
        app.run("UPDATE channels SET expires_at = 9000000000000, status = 'ended'").await;
        assert_eq!(google(&router, &push, &[]).await.status, 404);
        app.run("UPDATE channels SET status = 'live', provider = 'microsoft'").await;
        assert_eq!(google(&router, &push, &[]).await.status, 404, "of another provider");
        assert_eq!(pulls(&app).await, 0);
    }

    async fn microsoft_asks_whether_the_address_is_ours(app) {
        let (router, _) = watched(&app).await;
        for path in ["/hooks/microsoft", "/hooks/microsoft/lifecycle"] {
            let token = "Validation: Testing client application reachability for subscription Request-Id: <b>1&2</b>";
            let query: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
            let answer = post(&router, &format!("{path}?validationToken={query}"), &[], "").await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, token));
            assert!(answer.header("content-type").starts_with("text/plain"));
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            for bad in ["", "a%0D%0Ab", &"x".repeat(3000)] {
                let answer = post(&router, &format!("{path}?validationToken={bad}"), &[], "").await;
                assert_eq!(answer.status, 400, "{bad}");
            }
            let request = Request::builder().uri(format!("{path}?validationToken=x")).header("host", HOST);
            let answer = support::ask(&router, request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status, 405);
        }
    }

    async fn of_many_items_those_that_are_meant_for_us_count(app) {
        let (router, push) = subscribed(&app).await;
        let mut forged = item(&push);
        forged["clientState"] = json!(format!("{}.guessed", push.hook.channel.simple()));
        let mut unknown = item(&push);
        unknown["subscriptionId"] = json!("another");
        let mut stateless = item(&push);
        stateless.as_object_mut().expect("an object").remove("clientState");
        let mut items = vec![forged, unknown, stateless, json!(7), json!(null), json!([]), json!({})];
        let answer = microsoft(&router, "/hooks/microsoft", &json!({ "value": items })).await;
        assert_eq!((answer.status.as_u16(), pulls(&app).await), (202, 0));
        items.push(item(&push));
        items.push(item(&push));
        let answer = microsoft(&router, "/hooks/microsoft", &json!({ "value": items })).await;
        assert_eq!((answer.status.as_u16(), pulls(&app).await), (202, 1));
    }

    async fn what_is_no_notification_is_refused(app) {
        let (router, _) = subscribed(&app).await;
        for body in ["", "{", "[]", "{}", r#"{"value":{}}"#, r#"{"value":"x"}"#, "\u{0}"] {
            let answer = post(&router, "/hooks/microsoft", &[("content-type", "application/json")], body).await;
            assert_eq!(answer.status, 400, "{body:?}");
            assert_eq!(answer.code(), "push_invalid", "{body:?}");
        }
        let many: Vec<Value> = vec![json!({}); 10_000];
        assert_eq!(microsoft(&router, "/hooks/microsoft", &json!({ "value": many })).await.status, 413);
    }

    async fn news_of_a_subscription_are_seen_to(app) {
        let (router, push) = subscribed(&app).await;
        let about = |event: &str| {
            let mut one = item(&push);
            one["lifecycleEvent"] = json!(event);
            json!({ "value": [one] })
        };
        let watches = async || {
            app.jobs_with(JobStatus::Queued).await.into_iter().filter(|job| job.kind == "watch_calendar").count()
        };
        let answer = microsoft(&router, "/hooks/microsoft/lifecycle", &about("ofTomorrow")).await;
        assert_eq!((answer.status.as_u16(), watches().await, pulls(&app).await), (202, 0, 0));
        let answer = microsoft(&router, "/hooks/microsoft/lifecycle", &about("missed")).await;
        assert_eq!((answer.status.as_u16(), watches().await, pulls(&app).await), (202, 0, 1));
        let answer = microsoft(&router, "/hooks/microsoft/lifecycle", &about("reauthorizationRequired")).await;
        assert_eq!((answer.status.as_u16(), watches().await), (202, 1));
        assert_eq!(status(&app).await, ChannelStatus::Live);
        let answer = microsoft(&router, "/hooks/microsoft/lifecycle", &about("subscriptionRemoved")).await;
        assert_eq!(answer.status, 202);
        assert_eq!(status(&app).await, ChannelStatus::Ended);
        let answer = microsoft(&router, "/hooks/microsoft/lifecycle", &about("missed")).await;
        assert_eq!(answer.status, 202, "of one that is over, nothing is said");
    }

    async fn the_token_stands_nowhere_in_clear(app) {
        let (_, push) = watched(&app).await;
        let secret = push.hook.token.expose().split('.').nth(1).expect("a secret").to_owned();
        let hash = app.rows("channels WHERE length(token_hash) = 32").await;
        assert_eq!(hash, 1);
        for job in app.jobs().await {
            assert!(!job.payload.contains(&secret));
        }
    }
}
