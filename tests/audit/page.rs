//! What administrators see of the log: on the page, and as a file.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use convene::{
    ids::{AuditId, OrgId},
    store::{Stamp, entities::audit_log, ledger, ledger::GENESIS},
    web::server::router,
};

use super::*;
use crate::{support::Answer, support::front::Front, support::html::Page};

/// Ana, as an administrator.
async fn desk(app: TestApp) -> Front {
    let id = app.uuid(app.ana.member().person.uuid());
    app.run(&format!("UPDATE people SET role = 'admin', zone = 'Europe/Berlin' WHERE id = {id}")).await;
    Front::over(app).await
}

/// The numbers of the entries on a page, from top to bottom.
fn entries(page: &Answer) -> Vec<i64> {
    assert_eq!(page.status.as_u16(), 200, "{}", page.body);
    page.body
        .split("id=\"entry-")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("an id").parse().expect("a number"))
        .collect()
}

async fn found(front: &Front, query: &str) -> Vec<i64> {
    entries(&front.get(&format!("/admin/audit?{query}")).await)
}

fn typed(fields: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// Whether a page says this, above or below a field.
fn told(answer: &Answer, code: &str) -> bool {
    answer.body.contains(&format!("data-code=\"{code}\""))
}

/// The check of each line of an export: what a stranger with the documentation would compute.
fn follows(previous: &str, line: &serde_json::Value) -> String {
    let text = |key: &str| line[key].as_str().expect("a text").to_owned();
    let row = audit_log::Model {
        id: AuditId::from_uuid(text("id").parse().expect("an id")),
        org_id: OrgId::from_uuid(text("organisation").parse().expect("an id")),
        seq: line["entry"].as_i64().expect("a number"),
        actor_kind: text("actor_kind"),
        actor_id: Some(text("actor_id"))
            .filter(|id| !id.is_empty())
            .map(|id| PersonId::from_uuid(id.parse().expect("an id"))),
        action: text("action"),
        subject: text("subject"),
        detail: text("detail"),
        ip: text("ip"),
        user_agent: text("user_agent"),
        at: Stamp::from_millis(line["at_millis"].as_i64().expect("a number")),
        hash: String::new(),
    };
    ledger::hash(previous, &row)
}

stories! {
    async fn administrators_find_what_they_look_for(app) {
        let (org, ana, ben) = (app.org, Actor::Person(app.ana.member().person), app.person("ben@example.com").await);
        let theirs = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
        let about = |entry: AuditEntry, subject: &str| AuditEntry { subject: subject.to_owned(), ..entry };
        let secret = AuditEntry { detail: serde_json::json!({ "why": "theirs alone" }), ..deed(theirs, Actor::System, "event.placed") };
        record(app.store(), [
            deed(org, ana, "person.signed_in"),
            about(deed(org, ana, "person.switched_off"), &ben.to_string()),
            secret,
            deed(org, Actor::System, "event.placed"),
            AuditEntry { origin: Origin::new("198.51.100.9", "curl/8"), ..deed(org, Actor::Candidate, "booking.made") },
        ]).await;
        let asked = app.asks(|_| ()).await;
        assert!(app.number(&format!("count(*) FROM audit_log WHERE org_id = {}", app.uuid(org.uuid()))).await == 5);
        let front = desk(app).await;

        let page = front.get("/admin/audit").await;
        assert_eq!(entries(&page), [5, 4, 3, 2, 1], "newest first, and ours alone");
        let text = Page(&page.body).text();
        let said = [
            "Signed in with", "Switched Ben off", "Put an interview into a calendar", "Booked an interview",
            "Asked for the interview with Priya Venkataraman", "The candidate", "Convene", "ana@example.com", "198.51.100.9", "curl",
            "Berlin", "person.switched_off", "Each entry is sealed with the one before",
        ];
        for words in said {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(page.body.contains(&format!("href=\"/requests/{}\"", asked.id)), "{}", page.body);
        assert!(!page.body.contains("theirs alone"));

        let me = front.app.ana.member().person;
        let rows = [
            ("q=signed+in", vec![1]),
            ("q=SIGNED", vec![1]),
            ("q=ben%40example", vec![2]),
            ("q=bEn", vec![2]),
            ("q=198.51", vec![4]),
            ("q=priya", vec![5]),
            ("q=a+test", vec![4, 3, 2, 1]),
            ("q=100%25", vec![]),
            ("q=_", vec![5, 4, 3, 2, 1]),
            ("q=theirs+alone", vec![]),
            ("q=%27+OR+1%3D1+--", vec![]),
            ("who=convene", vec![3]),
            ("who=candidates", vec![4]),
            ("what=sign_in", vec![1]),
            ("what=people", vec![2, 1]),
            ("what=bookings", vec![4]),
            ("what=requests", vec![5]),
            ("what=organisation", vec![]),
            ("from=2000-01-01&to=2001-01-01", vec![]),
            ("from=2000-01-01", vec![5, 4, 3, 2, 1]),
            ("to=2001-01-01", vec![]),
            ("q=a+test&what=people&before=2", vec![1]),
            ("before=3", vec![2, 1]),
        ];
        for (query, expected) in rows {
            assert_eq!(found(&front, query).await, expected, "{query}");
        }
        assert_eq!(found(&front, &format!("who={me}")).await, [5, 2, 1]);
        let stranger = PersonId::new();
        assert_eq!(found(&front, &format!("who={stranger}")).await, Vec::<i64>::new());
        let nothing = front.get("/admin/audit?q=nobody").await;
        assert!(nothing.body.contains("Nothing found") && nothing.body.contains("value=\"nobody\""), "{}", nothing.body);

        let long = "x".repeat(101);
        let wrong = [
            ("from=2026-02-30", "date_invalid"), ("to=yesterday", "date_invalid"), ("from=2027-01-02&to=2027-01-01", "dates_backwards"),
            ("who=somebody", "filter_invalid"), ("what=all", "filter_invalid"), (&format!("q={long}"), "text_too_long"),
        ];
        for (query, code) in wrong {
            let answer = front.get(&format!("/admin/audit?{query}")).await;
            assert_eq!((answer.status.as_u16(), told(&answer, code)), (422, true), "{query}: {}", answer.body);
        }
    }

    async fn pages_hold_each_entry_once_while_others_are_added(app) {
        let front = desk(app).await;
        let entry = || deed(front.app.org, Actor::System, "event.placed");
        record(front.app.store(), (0..120).map(|_| entry())).await;
        let mut seen = Vec::new();
        let mut path = "/admin/audit".to_owned();
        loop {
            let page = front.get(&path).await;
            seen.extend(entries(&page));
            // Somebody does something meanwhile.
            record(front.app.store(), [entry()]).await;
            let Some(older) = page.body.split("href=\"/admin/audit?before=").nth(1).filter(|_| page.body.contains(">Older<")) else { break };
            let before: i64 = older.split('"').next().expect("a link").parse().expect("a number");
            path = format!("/admin/audit?before={before}");
        }
        assert_eq!(seen, (1..=120).rev().collect::<Vec<i64>>());
    }

    async fn a_check_says_what_it_found_and_is_an_entry_itself(app) {
        let front = desk(app).await;
        record(front.app.store(), (0..4).map(|_| deed(front.app.org, Actor::System, "event.placed"))).await;
        let check = async || {
            let answer = front.post("/admin/audit/check", &[]).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/admin/audit?news=checked"), "{}", answer.body);
            front.get("/admin/audit").await
        };
        let page = check().await;
        assert!(Page(&page.body).text().contains("Checked just now by Ana: 4 entries, unbroken."), "{}", Page(&page.body).text());
        assert_eq!(entries(&page).len(), 5);
        assert!(!page.body.contains("audit_broken"));

        unlock(&front.app).await;
        front.app.run("DELETE FROM audit_log WHERE seq = 2").await;
        let page = check().await;
        let text = Page(&page.body).text();
        assert!(text.contains("broken at entry 2") && text.contains("Entry 2 is missing"), "{text}");
        assert_eq!(Page(&page.body).code().as_deref(), Some("audit_broken"));
    }

    async fn an_export_holds_what_was_asked_for_and_can_be_checked_by_strangers(app) {
        let front = desk(app).await;
        let formula = AuditEntry { origin: Origin::new("192.0.2.1", "=HYPERLINK(\"x\")"), ..deed(front.app.org, Actor::System, "event.removed") };
        // More than are read at a time.
        record(front.app.store(), (0..501).map(|_| deed(front.app.org, Actor::System, "event.placed"))).await;
        record(front.app.store(), [formula]).await;

        let lines = front.post("/admin/audit/export", &typed(&[("format", "jsonl")])).await;
        assert_eq!((lines.status.as_u16(), lines.header("content-type")), (200, "application/x-ndjson; charset=utf-8"));
        let name = lines.header("content-disposition");
        assert!(name.starts_with("attachment; filename=\"convene-audit-2") && name.ends_with(".jsonl\""), "{name}");
        assert_eq!(lines.header("cache-control"), "no-store");
        let mut hash = GENESIS.to_owned();
        let read: Vec<serde_json::Value> = lines.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(read.len(), 502);
        for (index, line) in read.iter().enumerate() {
            assert_eq!(line["entry"], index + 1, "oldest first");
            hash = follows(&hash, line);
            assert_eq!(line["hash"], hash);
        }

        let csv = front.post("/admin/audit/export", &typed(&[("format", "csv"), ("q", "event.removed")])).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
        let csv: Vec<&str> = csv.body.split_terminator("\r\n").collect();
        assert_eq!(csv.len(), 2, "{csv:?}");
        assert!(csv[0].starts_with("entry,at,actor_kind,"), "{}", csv[0]);
        assert!(csv[1].starts_with("502,2") && csv[1].contains(",\"'=HYPERLINK(\"\"x\"\")\","), "{}", csv[1]);

        // Browsers ask for it compressed.
        let request = Request::builder().method("POST").uri("/admin/audit/export").header("accept-encoding", "br")
            .header("host", crate::story::HOST).header("cookie", &front.cookie).header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded").body(Body::from("format=csv&q=event.removed"));
        let packed = crate::support::ask(&router(front.app.state.clone()), request.expect("a request")).await;
        assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "br"));
        assert!(!packed.body.is_empty());

        // All are in the log; a wrong form exports nothing.
        assert_eq!(found(&front, "q=audit.exported").await, [505, 504, 503]);
        let wrong: [(&[(&'static str, &str)], &str); 4] = [
            (&[], "format_unknown"), (&[("format", "xlsx")], "format_unknown"), (&[("format", "csv"), ("from", "soon")], "date_invalid"),
            (&[("format", "csv"), ("org", "all")], "unknown_field"),
        ];
        for (form, code) in wrong {
            let answer = front.post("/admin/audit/export", &typed(form)).await;
            assert_eq!((answer.status.as_u16(), told(&answer, code)), (422, true), "{form:?}");
        }
        assert_eq!(found(&front, "q=audit.exported").await.len(), 3);
    }

    async fn the_log_is_for_administrators(app) {
        record(app.store(), [deed(app.org, Actor::System, "event.placed")]).await;
        let front = Front::over(app).await;
        assert_eq!(front.get("/admin/audit").await.status.as_u16(), 403, "Ana coordinates");
        for path in ["/admin/audit/check", "/admin/audit/export"] {
            assert_eq!(front.post(path, &typed(&[("format", "csv")])).await.status.as_u16(), 403, "{path}");
        }
        front.app.passes(TimeDelta::hours(13));
        let out = front.get("/admin/audit").await;
        assert_eq!(out.header("location"), "/signin?return_to=%2Fadmin%2Faudit");
    }
}
