//! Interviewers: who is there, and asking somebody in.

use serde_json::json;

use super::program::Program;
use crate::story::stories;

stories! {
    async fn people_are_listed_with_how_their_calendars_stand(app) {
        let program = Program::over(app).await;
        let first = program.get("/api/v1/interviewers?limit=2").await;
        let cursor = first.body["next_cursor"].as_str().expect("more than two").to_owned();
        let second = program.get(&format!("/api/v1/interviewers?cursor={cursor}")).await;
        let everybody: Vec<_> =
            [first, second].iter().flat_map(|page| page.body["interviewers"].as_array().expect("people").clone()).collect();
        assert_eq!(everybody.len(), 3);
        let ben = everybody.iter().find(|one| one["email"] == "ben@example.com").expect("Ben");
        assert_eq!((&ben["role"], &ben["connections"][0]["status"]), (&json!("interviewer"), &json!("active")));
        let ida = everybody.iter().find(|one| one["email"] == "ida@example.com").expect("Ida");
        assert_eq!((&ida["connections"], &ida["invitation"]), (&json!([]), &json!(null)));
    }

    async fn somebody_is_asked_in_and_hears_of_it_once(app) {
        let program = Program::over(app).await;
        let body = json!({"email": "Eva@Example.com", "name": "Eva Lindqvist"});
        let asked = program.post("/api/v1/interviewers", "eva", &body).await;
        assert_eq!((asked.status, &asked.body["outcome"]), (201, &json!("invited")), "{}", asked.text);
        assert_eq!(asked.body["interviewer"]["name"], "Eva Lindqvist");
        assert!(asked.body["interviewer"]["invitation"]["expires_at"].is_string());
        let copy = program.post("/api/v1/interviewers", "eva", &body).await;
        assert_eq!(copy.text, asked.text);
        assert_eq!(program.app.messages().await.len(), 1);
        // The link is the guest's, and in no answer.
        assert!(!asked.text.contains("/invite/"));

        let known = program.post("/api/v1/interviewers", "ben", &json!({"email": "ben@example.com"})).await;
        assert_eq!(known.refusal(), (409, "already_connected", ""));
        for (at, (body, code, field)) in [
            (json!({"email": "eva"}), "email_invalid", "email"),
            (json!({"email": "eva@example.com", "name": "\u{200B}"}), "name_required", "name"),
            (json!({"email": "eva@example.com", "role": "admin"}), "unknown_field", "role"),
            (json!({"email": "eva@example.com", "request": "req_1"}), "field_invalid", "request"),
        ]
        .into_iter()
        .enumerate()
        {
            let refused = program.post("/api/v1/interviewers", &format!("wrong-{at}"), &body).await;
            assert_eq!(refused.refusal(), (422, code, field), "{body}");
        }
    }
}
