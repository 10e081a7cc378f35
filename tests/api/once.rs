//! `Idempotency-Key`: done once, answered as often as asked, whichever process is asked.

use serde_json::{Value, json};

use super::program::Program;
use crate::story::stories;

stories! {
    async fn a_copy_is_answered_as_the_first_time_by_any_process(app) {
        let mut program = Program::over(app).await;
        let wish = program.wish();
        let first = program.post("/api/v1/requests", "one", &wish).await;
        assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""));
        // What happens to the request meanwhile is not what was answered.
        let id = first.body["id"].as_str().expect("an id").to_owned();
        let sent = program.post(&format!("/api/v1/requests/{id}/send"), "send", &Value::Null).await;
        assert_eq!(sent.status, 200);
        let twin = program.twin().await;
        program.ask_through(twin);
        // Order and blanks do not make another call.
        let reordered: Value = serde_json::from_str(&wish.to_string()).expect("JSON");
        let copy = program.post("/api/v1/requests", "one", &reordered).await;
        assert_eq!((copy.status, copy.header("idempotency-replayed")), (201, "true"));
        assert_eq!(copy.text, first.text);
        let copy = program.post(&format!("/api/v1/requests/{id}/send"), "send", &Value::Null).await;
        assert_eq!((copy.status, &copy.body), (200, &sent.body));
        assert_eq!(program.app.rows("requests").await, 1);
        assert_eq!(program.app.messages().await.len(), 1);
        // No answer lies about in clear.
        assert_eq!(program.app.rows("api_calls WHERE body LIKE '%priya%'").await, 0);
        assert_eq!(program.app.rows("api_calls WHERE body LIKE 'v1.%'").await, 2);
    }

    async fn the_same_key_with_another_call_is_refused(app) {
        let program = Program::over(app).await;
        let id = program.asks("one").await;
        let mut other = program.wish();
        other["duration_minutes"] = json!(60);
        let refused = program.post("/api/v1/requests", "one", &other).await;
        assert_eq!(refused.refusal(), (422, "idempotency_key_reused", ""));
        let refused = program.post(&format!("/api/v1/requests/{id}/send"), "one", &Value::Null).await;
        assert_eq!(refused.refusal(), (422, "idempotency_key_reused", ""));
        assert_eq!(program.app.rows("requests").await, 1);
        // Keys of another program are its own.
        let key = program.key_for(&[convene::api_keys::Scope::RequestsWrite]).await;
        let answer = program.call_as(&key, "POST", "/api/v1/requests", Some("one"), Some(&other)).await;
        assert_eq!(answer.status, 201);
    }

    async fn a_call_without_a_key_of_its_own_is_not_carried_out(app) {
        let program = Program::over(app).await;
        let wish = program.wish();
        let refused = program.call("POST", "/api/v1/requests", None, Some(&wish)).await;
        assert_eq!(refused.refusal(), (400, "idempotency_key_required", ""));
        for bad in ["", " ", "a b", &"x".repeat(256)] {
            let refused = program.call("POST", "/api/v1/requests", Some(bad), Some(&wish)).await;
            assert_eq!(refused.refusal(), (400, "idempotency_key_invalid", ""), "{bad:?}");
        }
        assert_eq!(program.app.rows("requests").await, 0);
    }

    async fn a_refusal_is_repeated_too(app) {
        let program = Program::over(app).await;
        let id = program.asks("make").await;
        program.post(&format!("/api/v1/requests/{id}/cancel"), "cancel", &json!({})).await;
        let path = format!("/api/v1/requests/{id}/send");
        let first = program.post(&path, "send", &Value::Null).await;
        let copy = program.post(&path, "send", &Value::Null).await;
        assert_eq!(first.refusal(), (409, "request_closed", ""));
        assert_eq!((copy.refusal(), copy.header("idempotency-replayed")), (first.refusal(), "true"));
        assert_eq!(copy.body["title"], first.body["title"]);
    }

    async fn copies_at_the_same_moment_make_one_request(app) {
        let program = Program::over(app).await;
        let wish = program.wish();
        let calls = (0..6).map(|_| program.post("/api/v1/requests", "one", &wish));
        let mut answers = Vec::new();
        let mut calls: Vec<_> = calls.map(Box::pin).collect();
        // All are polled together.
        let outcomes = futures(&mut calls).await;
        for answer in outcomes {
            assert!(matches!(answer.status, 201 | 409), "{}", answer.text);
            if answer.status == 409 {
                assert_eq!(answer.refusal(), (409, "idempotency_in_progress", ""));
                assert_eq!(answer.header("retry-after"), "1");
            } else {
                answers.push(answer.text);
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(program.app.rows("requests").await, 1);
    }

    async fn what_broke_off_is_taken_over_after_its_lease_and_not_done_twice(app) {
        let program = Program::over(app).await;
        let wish = program.wish();
        let first = program.post("/api/v1/requests", "one", &wish).await;
        // As if the process had died between what it did and its answer.
        program.app.run("UPDATE api_calls SET status = NULL, body = ''").await;
        let waiting = program.post("/api/v1/requests", "one", &wish).await;
        assert_eq!(waiting.refusal(), (409, "idempotency_in_progress", ""));
        program.app.run("UPDATE api_calls SET lease_until = 0").await;
        let taken = program.post("/api/v1/requests", "one", &wish).await;
        assert_eq!((taken.status, &taken.body), (201, &first.body));
        assert_eq!(program.app.rows("requests").await, 1);
    }
}

/// Polls them all until each is ready.
async fn futures<F: Future + Unpin>(calls: &mut [F]) -> Vec<F::Output> {
    let mut outcomes: Vec<Option<F::Output>> = calls.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (call, outcome) in calls.iter_mut().zip(&mut outcomes) {
            if outcome.is_none()
                && let std::task::Poll::Ready(ready) = std::pin::Pin::new(call).poll(context)
            {
                *outcome = Some(ready);
            }
        }
        if outcomes.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outcomes.into_iter().flatten().collect()
}
