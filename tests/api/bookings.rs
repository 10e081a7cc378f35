//! Interviews: booked for the candidate, moved, cancelled.

use convene::store::words::JobStatus;
use serde_json::{Value, json};

use super::program::Program;
use crate::story::stories;

stories! {
    async fn an_interview_is_booked_moved_and_cancelled(app) {
        let program = Program::over(app).await;
        let request = program.asks("make").await;
        let free = program.offered(&request).await;
        let path = format!("/api/v1/requests/{request}/book");
        let booked = program.post(&path, "book", &json!({"start": free[0], "zone": "America/New_York"})).await;
        assert_eq!(booked.status, 201, "{}", booked.text);
        assert_eq!((booked.body["status"].as_str(), booked.body["start"].as_str()), (Some("confirmed"), Some(&*free[0])));
        assert_eq!(booked.body["people"][0]["email"], "ben@example.com");
        let id = booked.body["id"].as_str().expect("an id").to_owned();
        // By a coordinator, and told to everybody as if the candidate had done it.
        assert_eq!(program.app.rows("audit_log WHERE action = 'booking.made' AND actor_kind = 'person'").await, 1);
        program.app.work().await;
        assert_eq!(program.app.on_calendar().len(), 1);
        let seen = program.get(&format!("/api/v1/bookings/{id}")).await;
        assert_eq!(seen.body["standing"], "in_calendar");
        let of_request = program.get(&format!("/api/v1/requests/{request}")).await;
        assert_eq!((&of_request.body["status"], &of_request.body["booking"]["id"]), (&json!("booked"), &json!(id)));

        let twice = program.post(&path, "book-once-more", &json!({"start": free[1]})).await;
        assert_eq!(twice.refusal(), (409, "already_booked", ""));

        let moved = program.post(&format!("/api/v1/bookings/{id}/move"), "move", &json!({"start": free[4]})).await;
        assert_eq!((moved.status, moved.body["start"].as_str()), (200, Some(&*free[4])), "{}", moved.text);
        assert_eq!(moved.body["zone"], "America/New_York");
        let never = program.post(&format!("/api/v1/bookings/{id}/move"), "off", &json!({"start": "2027-01-01T00:00:07Z"})).await;
        assert_eq!(never.refusal(), (422, "slot_not_offered", ""));

        let listed = program.get(&format!("/api/v1/bookings?request={request}&status=confirmed")).await;
        assert_eq!(listed.body["bookings"].as_array().map(Vec::len), Some(1));
        let path = format!("/api/v1/bookings/{id}/cancel");
        let cancelled = program.post(&path, "cancel", &json!({"reason": "Ill"})).await;
        assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
        let again = program.post(&path, "cancel-again", &json!({})).await;
        assert_eq!((again.status, &again.body), (200, &cancelled.body));
        let late = program.post(&format!("/api/v1/bookings/{id}/move"), "late", &json!({"start": free[0]})).await;
        assert_eq!(late.refusal(), (409, "not_booked", ""));
        let gone = program.post(&format!("/api/v1/requests/{request}/book"), "gone", &json!({"start": free[0]})).await;
        assert_eq!(gone.refusal(), (410, "request_closed", ""));
        program.app.work().await;
        assert_eq!(program.app.on_calendar().len(), 0);
        assert_eq!(program.app.jobs_with(JobStatus::Dead).await.len(), 0);
        program.app.no_overlap().await;
    }

    async fn two_programs_take_one_time_once(app) {
        let program = Program::over(app).await;
        let (one, other) = (program.asks("one").await, program.asks("other").await);
        let free = program.offered(&one).await;
        let path = |request: &str| format!("/api/v1/requests/{request}/book");
        let body = json!({"start": free[0]});
        let (first_path, second_path) = (path(&one), path(&other));
        let (first, second) = tokio::join!(
            program.post(&first_path, "a", &body),
            program.post(&second_path, "b", &body),
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", first.text, second.text);
        program.app.no_overlap().await;
    }

    async fn bodies_are_what_they_should_be_and_nothing_more(app) {
        let program = Program::over(app).await;
        let request = program.asks("make").await;
        let path = format!("/api/v1/requests/{request}/book");
        for (at, (body, code, field)) in [
            (json!({}), "field_missing", "start"),
            (json!({"start": "tomorrow"}), "field_invalid", "start"),
            (json!({"start": "2027-03-08 09:00:00Z"}), "field_invalid", "start"),
            (json!({"start": "2027-03-08T09:00:00Z", "zone": "EST"}), "zone_unknown", "zone"),
            (json!({"start": "2027-03-08T09:00:00Z", "role": "admin"}), "unknown_field", "role"),
            (json!(["2027-03-08T09:00:00Z"]), "body_invalid", ""),
        ]
        .into_iter()
        .enumerate()
        {
            let refused = program.post(&path, &format!("wrong-{at}"), &body).await;
            assert_eq!(refused.refusal(), (422, code, field), "{body}");
        }
        assert_eq!(program.post(&path, "empty", &Value::Null).await.refusal(), (400, "body_required", ""));
        let cancel = format!("/api/v1/requests/{request}/cancel");
        let long = program.post(&cancel, "long", &json!({"reason": "x".repeat(501)})).await;
        assert_eq!(long.refusal(), (422, "reason_too_long", "reason"));
        assert_eq!(program.app.rows("bookings").await, 0);
    }
}
