//! Requests: made, seen, listed, sent, cancelled.

use serde_json::{Value, json};

use super::{described, program::Program};
use crate::story::stories;

stories! {
    async fn a_request_is_made_seen_sent_and_cancelled(app) {
        let program = Program::over(app).await;
        let wish = program.wish();
        assert!(described::takes("POST", "/api/v1/requests", &wish));
        let made = program.post("/api/v1/requests", "make", &wish).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!((made.body["status"].as_str(), made.body["standing"].as_str()), (Some("open"), Some("waiting_for_candidate")));
        assert_eq!(made.body["people"][0]["email"], "ben@example.com");
        assert_eq!(made.body["coordinator"], program.app.ana.member().person.to_string());
        let id = made.body["id"].as_str().expect("an id").to_owned();
        assert_eq!(program.get(&format!("/api/v1/requests/{id}")).await.body, made.body);
        assert_eq!(program.app.messages().await.len(), 0, "nobody hears of it yet");

        let link = program.get(&format!("/api/v1/requests/{id}/link")).await;
        assert!(link.body["url"].as_str().is_some_and(|url| url.starts_with("https://interviews.example.com/book/")));

        let sent = program.post(&format!("/api/v1/requests/{id}/send"), "send", &Value::Null).await;
        assert_eq!((sent.status, sent.body["link_sent_at"].is_string()), (200, true), "{}", sent.text);
        assert_eq!(program.app.messages().await.len(), 1);

        let path = format!("/api/v1/requests/{id}/cancel");
        let cancelled = program.post(&path, "cancel", &json!({"reason": "The role is filled."})).await;
        assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
        let again = program.post(&path, "cancel-once-more", &json!({})).await;
        assert_eq!((again.status, &again.body), (200, &cancelled.body));
        let sent = program.post(&format!("/api/v1/requests/{id}/send"), "too-late", &Value::Null).await;
        assert_eq!(sent.refusal(), (409, "request_closed", ""));
        assert_eq!(program.offered(&id).await, Vec::<String>::new());

        // Which key it was, stands in the audit log.
        let by_key = "audit_log WHERE action LIKE 'request.%' AND user_agent LIKE 'API key key_%'";
        assert_eq!(program.app.rows(by_key).await, 3);
    }

    async fn what_is_wrong_with_a_request_is_named_by_its_path(app) {
        let program = Program::over(app).await;
        type Change = fn(&mut Value);
        let table: [(&str, &str, Change); 14] = [
            ("candidate.email", "email_invalid", |wish| wish["candidate"]["email"] = "priya".into()),
            ("candidate.name", "name_required", |wish| wish["candidate"]["name"] = " ".into()),
            ("duration_minutes", "duration_invalid", |wish| wish["duration_minutes"] = json!(17)),
            ("duration_minutes", "field_invalid", |wish| wish["duration_minutes"] = json!(-5)),
            ("zone", "zone_unknown", |wish| wish["zone"] = "Mars/Phobos".into()),
            ("interviewers[1]", "email_invalid", |wish| wish["interviewers"] = json!(["a@example.com", "b@example.com c@example.com"])),
            ("interviewers", "interviewer_required", |wish| wish["interviewers"] = json!([])),
            ("any_of", "seats_invalid", |wish| wish["any_of"] = json!(7)),
            ("windows[0]", "window_invalid", |wish| {
                wish["windows"] = json!([{"interviewer": "ben@example.com", "date": "2027-03-15\n2", "start": "09:00", "end": "10:00"}]);
            }),
            ("reminder_minutes", "reminder_invalid", |wish| wish["reminder_minutes"] = json!([4])),
            ("unknown_hours.end", "window_invalid", |wish| wish["unknown_hours"] = json!({"start": "17:00", "end": "09:00"})),
            ("application_id", "application_not_used", |wish| wish["application_id"] = "4711".into()),
            ("candidate.phone", "unknown_field", |wish| wish["candidate"]["phone"] = "1".into()),
            ("candidate", "field_missing", |wish| drop(wish.as_object_mut().expect("an object").remove("candidate"))),
        ];
        for (at, (path, code, change)) in table.into_iter().enumerate() {
            let mut wish = program.wish();
            change(&mut wish);
            let refused = program.post("/api/v1/requests", &format!("wrong-{at}"), &wish).await;
            assert_eq!(refused.refusal(), (422, code, path), "{}", refused.text);
        }
        assert_eq!(program.app.rows("requests").await, 0);
    }

    async fn requests_are_listed_page_by_page(app) {
        let program = Program::over(app).await;
        let mut made = Vec::new();
        for at in 0..5 {
            made.push(program.asks(&format!("make-{at}")).await);
        }
        made.reverse();
        let (mut seen, mut path) = (Vec::new(), "/api/v1/requests?limit=2".to_owned());
        let mut pages = 0;
        loop {
            let page = program.get(&path).await;
            let requests = page.body["requests"].as_array().expect("requests");
            seen.extend(requests.iter().map(|one| one["id"].as_str().expect("an id").to_owned()));
            pages += 1;
            // One that comes meanwhile moves nobody to another page.
            if pages == 1 {
                program.asks("meanwhile").await;
            }
            match page.body["next_cursor"].as_str() {
                Some(cursor) => path = format!("/api/v1/requests?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!((seen, pages), (made.clone(), 3));
        let cancelled = program.post(&format!("/api/v1/requests/{}/cancel", made[0]), "end", &json!({})).await;
        assert_eq!(cancelled.status, 200);
        let open = program.get("/api/v1/requests?status=cancelled").await;
        assert_eq!(open.body["requests"].as_array().map(Vec::len), Some(1));
        for (query, code, field) in [
            ("status=lost", "status_unknown", "status"),
            ("cursor=bkg_1", "cursor_invalid", "cursor"),
            ("limit=1000", "limit_invalid", "limit"),
            ("sort=name", "unknown_parameter", "sort"),
        ] {
            assert_eq!(program.get(&format!("/api/v1/requests?{query}")).await.refusal(), (422, code, field), "{query}");
        }
    }

    async fn what_is_another_organisations_is_not_there(app) {
        let mut program = Program::over(app).await;
        let id = program.asks("make").await;
        let slots = program.offered(&id).await;
        let booked = program.post(&format!("/api/v1/requests/{id}/book"), "book", &json!({"start": slots[0]})).await;
        let booking = booked.body["id"].as_str().expect("an id").to_owned();
        program.key = program.foreign_key().await;
        let never = format!("req_{}", "0".repeat(32));
        for (method, path, body) in [
            ("GET", format!("/api/v1/requests/{id}"), Value::Null),
            ("GET", format!("/api/v1/requests/{id}/link"), Value::Null),
            ("GET", format!("/api/v1/requests/{id}/slots"), Value::Null),
            ("GET", format!("/api/v1/requests/{never}"), Value::Null),
            ("POST", format!("/api/v1/requests/{id}/send"), Value::Null),
            ("POST", format!("/api/v1/requests/{id}/cancel"), json!({})),
            ("POST", format!("/api/v1/requests/{id}/book"), json!({"start": slots[1]})),
            ("GET", format!("/api/v1/bookings/{booking}"), Value::Null),
            ("POST", format!("/api/v1/bookings/{booking}/move"), json!({"start": slots[1]})),
            ("POST", format!("/api/v1/bookings/{booking}/cancel"), json!({})),
        ] {
            let once = (method == "POST").then_some(path.as_str());
            let answer = program.call(method, &path, once, Some(&body)).await;
            assert_eq!(answer.refusal(), (404, "not_found", ""), "{method} {path}");
        }
        for (list, name) in [("requests", "requests"), ("bookings", "bookings")] {
            assert_eq!(program.get(&format!("/api/v1/{list}")).await.body[name], json!([]));
        }
        assert_eq!(program.app.rows("bookings WHERE status = 'confirmed'").await, 1);
    }
}
