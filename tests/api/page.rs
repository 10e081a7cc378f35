//! `/admin/api`: keys and webhooks, by an administrator's browser.

use convene::{
    api_keys,
    webhooks::{self, Event},
};

use crate::{
    story::{TestApp, on_sqlite},
    support::{front::Front, html::Page},
};

async fn administrator() -> Front {
    let front = Front::over(TestApp::at(on_sqlite().await).await).await;
    let ana = front.app.uuid(front.app.ana.member().person.uuid());
    front.app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {ana}")).await;
    front
}

fn typed(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_revoked_after_a_question() {
    let front = administrator().await;
    let ana = front.app.ana.member().person.to_string();
    let form = typed(&[
        ("name", "Careers site"),
        ("coordinator", ana.as_str()),
        ("scopes[]", "requests:read"),
        ("scopes[]", "bookings:read"),
    ]);
    let made = front.post("/admin/api", &form).await;
    assert_eq!(made.status.as_u16(), 200, "{}", Page(&made.body).text());
    let at = made.body.find("cnv_").expect("the key is shown");
    let key: String = made.body[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect();
    let list = api_keys::list(front.app.store().reader(), front.app.org).await.expect("keys");
    assert_eq!((list.len(), key.len()), (1, 47));
    let page = front.get("/admin/api").await;
    assert!(Page(&page.body).text().contains("Careers site") && !page.body.contains(&key), "not shown again");

    let ask = |path: &'static str| front.call(axum::http::Method::GET, path, Some(&key), "x", "");
    assert_eq!(ask("/api/v1/requests").await.status.as_u16(), 200);
    assert_eq!(ask("/api/v1/interviewers").await.status.as_u16(), 403);

    let asked = front.get(&format!("/admin/api?revoke={}", list[0].id)).await;
    assert!(Page(&asked.body).text().contains("Revoke the key"), "a question comes first");
    assert_eq!(ask("/api/v1/requests").await.status.as_u16(), 200, "looking changes nothing");
    let revoked = front.post(&format!("/admin/api/keys/{}/revoke", list[0].id), &[]).await;
    assert_eq!(revoked.header("location"), "/admin/api?news=revoked");
    assert_eq!(ask("/api/v1/requests").await.status.as_u16(), 401);
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_said_and_nothing_is_made() {
    let front = administrator().await;
    let (ana, ben) = (front.app.ana.member().person.to_string(), front.app.person("ben@example.com").await.to_string());
    for (pairs, code) in [
        (vec![("name", " "), ("coordinator", ana.as_str()), ("scopes[]", "requests:read")], "name_invalid"),
        (vec![("name", "A"), ("coordinator", ana.as_str())], "scopes_required"),
        (vec![("name", "A"), ("coordinator", ana.as_str()), ("scopes[]", "everything")], "scope_unknown"),
        (vec![("name", "A"), ("coordinator", ben.as_str()), ("scopes[]", "requests:read")], "coordinator_unknown"),
        (vec![("name", "A"), ("coordinator", "x"), ("scopes[]", "requests:read")], "coordinator_unknown"),
        (
            vec![
                ("name", "A"),
                ("coordinator", ana.as_str()),
                ("scopes[]", "requests:read"),
                ("expires", "2020-01-01"),
            ],
            "expiry_past",
        ),
        (
            vec![("name", "A"), ("coordinator", ana.as_str()), ("scopes[]", "requests:read"), ("expires", "soon")],
            "expiry_past",
        ),
    ] {
        let refused = front.post("/admin/api", &typed(&pairs)).await;
        assert_eq!(refused.status.as_u16(), 422, "{code}");
        assert!(refused.body.contains(code), "{code}: {}", Page(&refused.body).text());
    }
    assert_eq!(front.app.rows("api_keys").await, 0);
}

#[tokio::test]
async fn a_webhook_is_added_seen_sent_again_switched_and_removed() {
    let front = administrator().await;
    let refused = front
        .post("/admin/api/webhooks", &typed(&[("url", "http://10.0.0.1/"), ("events[]", "booking.created")]))
        .await;
    assert!(refused.status.as_u16() == 422 && refused.body.contains("url_refused"), "{}", Page(&refused.body).text());
    let form = typed(&[
        ("url", "https://hooks.example.com/convene"),
        ("events[]", "booking.created"),
        ("events[]", "sync.failed"),
    ]);
    let added = front.post("/admin/api/webhooks", &form).await;
    assert!(added.status.as_u16() == 200 && added.body.contains("whsec_"), "{}", Page(&added.body).text());
    assert!(!front.get("/admin/api").await.body.contains("whsec_"), "shown once");

    let (store, org) = (front.app.store(), front.app.org);
    let endpoint = webhooks::of_org(store.reader(), org).await.expect("read")[0].id;
    let txn = store.begin().await.expect("a write");
    let event = Event::SyncFailed { event: convene::ids::EventId::new(), connection: None, booking: None };
    webhooks::tell(&txn, org, event).await.expect("told");
    txn.commit().await.expect("committed");
    front.app.run("UPDATE webhook_deliveries SET status = 'failed', attempts = 3, last_status = 500").await;
    let page = front.get(&format!("/admin/api?webhook={endpoint}")).await;
    let text = Page(&page.body).text();
    assert!(text.contains("sync.failed") && text.contains("Given up") && text.contains("answered 500"), "{text}");

    let delivery = webhooks::deliveries(store.reader(), org, endpoint, None, 1).await.expect("read")[0].id;
    let again = front.post(&format!("/admin/api/webhooks/{endpoint}/deliveries/{delivery}/replay"), &[]).await;
    assert!(again.header("location").starts_with("/admin/api?webhook="), "{}", again.body);
    assert_eq!(front.app.rows("webhook_deliveries WHERE status = 'queued'").await, 1);

    let off = front.post(&format!("/admin/api/webhooks/{endpoint}/switch"), &typed(&[("on", "false")])).await;
    assert_eq!(off.header("location"), "/admin/api?news=off");
    assert!(Page(&front.get("/admin/api").await.body).text().contains("Switched off"));
    let asked = front.get(&format!("/admin/api?remove={endpoint}")).await;
    assert!(Page(&asked.body).text().contains("nothing more?"), "a question comes first");
    let gone = front.post(&format!("/admin/api/webhooks/{endpoint}/remove"), &[]).await;
    assert_eq!(gone.header("location"), "/admin/api?news=removed");
    assert_eq!(webhooks::of_org(store.reader(), org).await.expect("read"), vec![]);
    let log = front.get("/admin/audit").await;
    let text = Page(&log.body).text();
    assert!(text.contains("Has hooks.example.com told what happens") && text.contains("Removed a webhook"), "{text}");
}
