//! The form as it is asked about while somebody types: one text inside JSON, judged as both.

use serde_json::{Value, json};

use crate::{support::Answer, support::front::Front};

const LOOK: &str = "/api/requests/look";

fn code(answer: &Answer) -> String {
    let error: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    error["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_a_look_refuses() {
    let front = Front::open().await;
    let form = |text: &str| json!({ "form": text }).to_string();
    let many = "f[]=1&".repeat(401);
    let rows = [
        ("B07", form("candidate_name=%ff%fe"), 400, "invalid_utf8"),
        ("B07", form("candidate_name=%c3%28"), 400, "invalid_utf8"),
        ("B07", r#"{"form": "\ud800"}"#.to_owned(), 400, "invalid_utf8"),
        ("B08", form("candidate_name=a%00b"), 400, "invalid_character"),
        ("B08", form("notes=a\0b"), 400, "invalid_character"),
        ("B21", form("duration=45&duration=60"), 400, "duplicate_field"),
        ("B21", form("duration=45&durat%69on=60"), 400, "duplicate_field"),
        ("B21", r#"{"form": "a=1", "form": "b=2"}"#.to_owned(), 400, "duplicate_field"),
        ("B22", form(&many), 400, "too_many_fields"),
        ("B22", format!("{{\"form\": {}1{}}}", "[".repeat(10_000), "]".repeat(10_000)), 400, "json_too_complex"),
        ("B20", form("duration=45&role=admin"), 422, "unknown_field"),
        ("B20", form("duration=45&tenant_id=org_1"), 422, "unknown_field"),
        ("B20", form("duration=45&status=booked"), 422, "unknown_field"),
        ("B20", json!({ "form": "duration=45", "role": "admin" }).to_string(), 422, "unknown_field"),
        ("B20", json!({ "form": "duration=45", "tenant_id": 1, "status": null }).to_string(), 422, "unknown_field"),
        ("B22", json!({ "form": 7 }).to_string(), 400, "request_invalid"),
        ("B22", "{}".to_owned(), 400, "request_invalid"),
    ];
    let before = front.written().await;
    for (row, body, status, expected) in rows {
        let what = format!("{row} {body:.70}");
        let answer = front.post_json(LOOK, body).await;
        assert_eq!(
            (answer.status.as_u16(), code(&answer).as_str()),
            (status, expected),
            "{what}: {:.300}",
            answer.body
        );
    }
    // A form that is only not finished is answered: with what is wrong so far.
    let answer = front.post_json(LOOK, form("duration=3O&interviewers=ben%40")).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    for code in ["duration_invalid", "email_invalid", "name_required"] {
        assert!(answer.body.contains(code), "{code}: {}", answer.body);
    }
    assert_eq!(front.written().await, before, "a look writes nothing");
}

#[tokio::test]
async fn a_look_is_for_coordinators() {
    let mut front = Front::open().await;
    front.cookie.clear();
    let answer = front.post_json(LOOK, json!({ "form": "duration=45" }).to_string()).await;
    assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (401, "signed_out"), "{}", answer.body);
}
