//! Webhooks, told to a receiver that trusts nobody.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use convene::{
    config::Config,
    http::guard::Rules,
    store::words::JobStatus,
    webhooks::{self, Event, deliver},
};
use serde_json::{Value, json};

use super::program::Program;
use crate::story::stories;

/// What came in, and what is answered next.
#[derive(Default)]
struct Inbox {
    came: Mutex<Vec<(HeaderMap, String)>>,
    /// Answers to come; 204 when there are none.
    answers: Mutex<Vec<u16>>,
}

struct Receiver {
    inbox: Arc<Inbox>,
    url: String,
}

impl Receiver {
    async fn open() -> Self {
        async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
            inbox.came.lock().expect("unpoisoned").push((headers, String::from_utf8_lossy(&body).into_owned()));
            let next = inbox.answers.lock().expect("unpoisoned").pop().unwrap_or(204);
            let mut headers = HeaderMap::new();
            headers.insert("location", "/elsewhere".parse().expect("a header"));
            (StatusCode::from_u16(next).expect("a status"), headers)
        }
        let inbox = Arc::<Inbox>::default();
        let router = Router::new().route("/hook", post(take)).route("/elsewhere", post(take)).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inbox, url }
    }

    fn answers(&self, statuses: &[u16]) {
        *self.inbox.answers.lock().expect("unpoisoned") = statuses.iter().rev().copied().collect();
    }

    fn came(&self) -> Vec<(HeaderMap, String)> {
        self.inbox.came.lock().expect("unpoisoned").clone()
    }
}

/// As the convention says, written down a second time: a signature over what came, by the secret that was handed out.
fn is_signed(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).expect("a header");
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let age = chrono::Utc::now().timestamp() - at.parse::<i64>().expect("seconds");
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [id.as_bytes(), b".", at.as_bytes(), b".", body.as_bytes()].concat();
    header("webhook-signature").split(' ').any(|one| {
        let tag = one.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok());
        tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    }) && (0..300).contains(&age)
}

/// A program whose organisation tells this receiver; with the webhook's id and secret.
async fn told(app: crate::story::TestApp, receiver: &Receiver, events: &[&str]) -> (Program, String, String) {
    let mut app = app;
    let url: url::Url = receiver.url.parse().expect("a url");
    let listed = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
    let rules = Rules { listed: vec![listed.parse().expect("listed")], allow_private: false };
    app.state.config = Arc::new(Config { webhooks: rules.clone(), ..(*app.state.config).clone() });
    app.state.webhooks = deliver::guard(rules);
    let program = Program::over(app).await;
    let body = json!({"url": receiver.url, "events": events});
    let added = program.post("/api/v1/webhooks", "add", &body).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (id, secret) = (text(&added.body["webhook"]["id"]), text(&added.body["secret"]));
    (program, id, secret)
}

stories! {
    async fn what_happens_is_told_signed_and_in_order(app) {
        let receiver = Receiver::open().await;
        let events = ["request.created", "booking.created", "booking.moved", "booking.cancelled", "request.cancelled"];
        let (program, hook, secret) = told(app, &receiver, &events).await;
        let request = program.asks("make").await;
        let free = program.offered(&request).await;
        let booked = program.post(&format!("/api/v1/requests/{request}/book"), "book", &json!({"start": free[0]})).await;
        let booking = booked.body["id"].as_str().expect("an id").to_owned();
        program.post(&format!("/api/v1/bookings/{booking}/move"), "move", &json!({"start": free[4]})).await;
        program.post(&format!("/api/v1/bookings/{booking}/cancel"), "cancel", &json!({})).await;
        program.app.work().await;

        let came = receiver.came();
        let payloads: Vec<Value> = came.iter().map(|(_, body)| serde_json::from_str(body).expect("JSON")).collect();
        let types: Vec<&str> = payloads.iter().map(|payload| payload["type"].as_str().expect("a type")).collect();
        assert_eq!(types, ["request.created", "booking.created", "booking.moved", "booking.cancelled", "request.cancelled"]);
        for (headers, body) in &came {
            assert!(is_signed(&secret, headers, body), "{body}");
            assert!(!is_signed(&secret, headers, &format!("{body} ")), "another body is not what was signed");
            assert!(!body.contains("priya") && !body.contains("ben@"), "{body}");
        }
        assert_eq!(payloads[2]["data"]["previous_start"], free[0]);
        assert_eq!((&payloads[2]["data"]["start"], &payloads[2]["data"]["booking"]), (&json!(free[4]), &json!(booking)));

        let list = program.get(&format!("/api/v1/webhooks/{hook}/deliveries?limit=3")).await;
        assert_eq!(list.body["deliveries"].as_array().map(Vec::len), Some(3));
        assert!(list.body["deliveries"].as_array().expect("a list").iter().all(|one| one["status"] == "delivered"));
        assert!(list.body["next_cursor"].is_string());
        // The secret is stored sealed, and nowhere else.
        assert_eq!(program.app.rows("webhook_endpoints WHERE secret LIKE 'v1.%'").await, 1);
        assert!(!program.get("/api/v1/webhooks").await.text.contains("whsec_"));
    }

    async fn what_is_rolled_back_is_not_told(app) {
        let receiver = Receiver::open().await;
        let (program, _, _) = told(app, &receiver, &["request.created"]).await;
        let txn = program.app.store().begin().await.expect("a write");
        let request = convene::ids::RequestId::new();
        webhooks::tell(&txn, program.app.org, Event::RequestCreated { request }).await.expect("told");
        drop(txn);
        program.app.work().await;
        assert_eq!((receiver.came().len(), program.app.rows("webhook_deliveries").await), (0, 0));
    }

    async fn what_is_refused_is_tried_again_until_it_is_taken(app) {
        let receiver = Receiver::open().await;
        let (program, hook, secret) = told(app, &receiver, &["request.created"]).await;
        // A redirect is not followed.
        receiver.answers(&[500, 307]);
        program.asks("make").await;
        program.app.work().await;
        let path = format!("/api/v1/webhooks/{hook}/deliveries");
        let first = program.get(&path).await;
        assert_eq!((&first.body["deliveries"][0]["status"], &first.body["deliveries"][0]["last_status"]), (&json!("queued"), &json!(500)));
        assert_eq!(program.get(&format!("/api/v1/webhooks/{hook}")).await.body["failures"], 1);
        for _ in 0..2 {
            program.app.waits_end().await;
            program.app.work().await;
        }
        let came = receiver.came();
        assert_eq!(came.len(), 3);
        let ids: std::collections::BTreeSet<_> = came.iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
        assert_eq!(ids.len(), 1, "the same delivery");
        assert!(came.iter().all(|(headers, body)| is_signed(&secret, headers, body)));
        let last = program.get(&path).await;
        assert_eq!((&last.body["deliveries"][0]["status"], &last.body["deliveries"][0]["attempts"]), (&json!("delivered"), &json!(3)));
        assert_eq!(program.get(&format!("/api/v1/webhooks/{hook}")).await.body["failures"], 0);

        let delivery = last.body["deliveries"][0]["id"].as_str().expect("an id").to_owned();
        let again = program.post(&format!("{path}/{delivery}/replay"), "replay", &Value::Null).await;
        assert_eq!((again.status, &again.body["status"]), (200, &json!("queued")));
        program.app.work().await;
        let came = receiver.came();
        assert_eq!((came.len(), &came[3].1), (4, &came[0].1));
        assert_eq!(came[3].0["webhook-id"], came[0].0["webhook-id"]);
    }

    async fn who_fails_for_days_is_switched_off_and_administrators_hear_of_it(app) {
        let receiver = Receiver::open().await;
        let (program, hook, _) = told(app, &receiver, &["request.created"]).await;
        receiver.answers(&[500; 80]);
        program.asks("make").await;
        program.app.work().await;
        // Often, but not for long.
        program.app.run("UPDATE webhook_endpoints SET failures = 60").await;
        program.app.waits_end().await;
        program.app.work().await;
        let path = format!("/api/v1/webhooks/{hook}");
        assert_eq!(program.get(&path).await.body["state"], "on");
        program.app.passes(TimeDelta::days(3));
        program.app.waits_end().await;
        program.app.work().await;
        assert_eq!(program.get(&path).await.body["state"], "failing");
        let mails = program.app.messages().await;
        assert!(mails.iter().any(|mail| mail.kind == "webhook_switched_off" && mail.to_email == "ida@example.com"));
        // What waited is not sent, and new ones are not written.
        let before = receiver.came().len();
        program.app.waits_end().await;
        program.asks("another").await;
        program.app.work().await;
        assert_eq!(receiver.came().len(), before);
        assert_eq!(program.app.jobs_with(JobStatus::Queued).await.iter().filter(|job| job.kind == "deliver_webhook").count(), 0);

        receiver.answers(&[]);
        let on = program.call("PUT", &format!("{path}/state"), Some("on"), Some(&json!({"on": true}))).await;
        assert_eq!((on.status, &on.body["state"], &on.body["failures"]), (200, &json!("on"), &json!(0)));
        program.asks("a-third").await;
        program.app.work().await;
        assert_eq!(receiver.came().len(), before + 1);
    }

    async fn only_public_addresses_are_told_and_only_ones_own_webhooks_seen(app) {
        let receiver = Receiver::open().await;
        let (mut program, hook, _) = told(app, &receiver, &["request.created"]).await;
        for (at, url) in [
            "http://example.com/hook", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://example.com:22/",
            "https://me:secret@example.com/", "ftp://example.com/", "file:///etc/passwd", "",
        ].into_iter().enumerate() {
            let body = json!({"url": url, "events": ["request.created"]});
            let refused = program.post("/api/v1/webhooks", &format!("url-{at}"), &body).await;
            assert_eq!(refused.refusal(), (422, "url_refused", "url"), "{url}");
        }
        let none = program.post("/api/v1/webhooks", "none", &json!({"url": "https://example.com/", "events": []})).await;
        assert_eq!(none.refusal(), (422, "events_required", "events"));
        let own = program.key.clone();
        program.key = program.foreign_key().await;
        assert_eq!(program.get(&format!("/api/v1/webhooks/{hook}")).await.status, 404);
        assert_eq!(program.get(&format!("/api/v1/webhooks/{hook}/deliveries")).await.status, 404);
        assert_eq!(program.call("DELETE", &format!("/api/v1/webhooks/{hook}"), Some("theirs"), None).await.status, 404);
        let off = program.call("PUT", &format!("/api/v1/webhooks/{hook}/state"), Some("off"), Some(&json!({"on": false}))).await;
        assert_eq!(off.status, 404);
        program.key = own;
        program.asks("make").await;
        assert_eq!(program.call("DELETE", &format!("/api/v1/webhooks/{hook}"), Some("remove"), None).await.status, 204);
        program.app.work().await;
        assert_eq!(receiver.came().len(), 0, "what waited for it is not sent");
        assert_eq!(program.get("/api/v1/webhooks").await.body["webhooks"], json!([]));
    }
}
