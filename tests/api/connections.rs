//! The calendars of the person a key acts for.

use serde_json::{Value, json};

use super::program::Program;
use crate::story::stories;

const GOOGLE: &str = "/api/v1/connections/google";

stories! {
    async fn ones_own_calendars_are_seen_chosen_read_and_disconnected(app) {
        let program = Program::over(app).await;
        let list = program.get("/api/v1/connections").await;
        assert_eq!(list.body["connections"].as_array().map(Vec::len), Some(1), "not Ben's");
        let one = program.get(GOOGLE).await;
        assert_eq!((&one.body, &one.body["is_primary"]), (&list.body["connections"][0], &json!(true)));
        let calendar = one.body["calendars"][0]["id"].as_str().expect("a calendar").to_owned();

        let start = program.call("POST", &format!("{GOOGLE}/connect"), None, None).await;
        assert_eq!(start.body["url"], "https://interviews.example.com/settings/calendar#google");
        let unknown = program.call("POST", "/api/v1/connections/microsoft/connect", None, None).await;
        assert_eq!(unknown.refusal(), (409, "provider_not_set_up", ""));

        let body = json!({"read": [calendar], "write": calendar});
        let chosen = program.call("PUT", &format!("{GOOGLE}/calendars"), Some("choose"), Some(&body)).await;
        assert_eq!((chosen.status, &chosen.body["calendars"][0]["is_write_target"]), (200, &json!(true)), "{}", chosen.text);
        let none = program.call("PUT", &format!("{GOOGLE}/calendars"), Some("none"), Some(&json!({"read": []}))).await;
        assert_eq!(none.refusal(), (422, "calendars_none", "read"));
        let other = format!("cal_{}", "0".repeat(32));
        let other = program.call("PUT", &format!("{GOOGLE}/calendars"), Some("other"), Some(&json!({"read": [other]}))).await;
        assert_eq!(other.refusal(), (422, "calendar_unknown", "read"));

        let read = program.post(&format!("{GOOGLE}/sync"), "sync", &Value::Null).await;
        assert_eq!((read.status, &read.body["outcome"]), (200, &json!("read")), "{}", read.text);

        let wrong = program.call("DELETE", &format!("{GOOGLE}?interviews=burn"), Some("burn"), None).await;
        assert_eq!(wrong.refusal(), (422, "interviews_unknown", "interviews"));
        for once in ["end", "end", "end-again"] {
            let ended = program.call("DELETE", GOOGLE, Some(once), None).await;
            assert_eq!(ended.status, 204, "{once}: {}", ended.text);
        }
        assert_eq!(program.app.rows("audit_log WHERE action = 'connection.disconnected'").await, 1);
        assert_eq!(program.get(GOOGLE).await.refusal(), (404, "not_found", ""));
        assert_eq!(program.post(&format!("{GOOGLE}/sync"), "late", &Value::Null).await.status, 404);
        assert_eq!(program.get("/api/v1/connections/yahoo").await.status, 404);
        // Ben's is as it was.
        assert_eq!(program.app.rows("connections WHERE status = 'active'").await, 1);
    }

    async fn what_goes_into_the_calendar_is_ones_own_choice(app) {
        let program = Program::over(app).await;
        let before = program.get("/api/v1/preferences").await;
        assert_eq!(before.body["kinds"].as_array().map(Vec::len), Some(5));
        let wanted = json!({"kinds": [{"kind": "interview", "is_synced": false, "alert": "15"}]});
        let set = program.call("PUT", "/api/v1/preferences", Some("set"), Some(&wanted)).await;
        assert_eq!(set.status, 200, "{}", set.text);
        assert_eq!(set.body["kinds"][0], wanted["kinds"][0]);
        assert_eq!(program.get("/api/v1/preferences").await.body, set.body);
        let twice = json!({"kinds": [wanted["kinds"][0], wanted["kinds"][0]]});
        let refused = program.call("PUT", "/api/v1/preferences", Some("twice"), Some(&twice)).await;
        assert_eq!(refused.refusal(), (422, "kind_twice", "kinds[1].kind"));
        let strange = json!({"kinds": [{"kind": "party", "is_synced": false, "alert": "15"}]});
        let refused = program.call("PUT", "/api/v1/preferences", Some("strange"), Some(&strange)).await;
        assert_eq!(refused.refusal(), (422, "field_invalid", "kinds[0].kind"));
    }

    async fn a_policy_that_waits_for_a_calendar_holds_for_programs_too(app) {
        let program = Program::over(app).await;
        let org = program.app.uuid(program.app.org.uuid());
        program.app.run(&format!("UPDATE organisations SET policies = '{{\"require_calendar\": true}}' WHERE id = {org}")).await;
        program.asks("connected").await;
        assert_eq!(program.call("DELETE", GOOGLE, Some("end"), None).await.status, 204);
        let refused = program.post("/api/v1/requests", "not connected", &program.wish()).await;
        assert_eq!(refused.refusal(), (403, "calendar_required", ""));
        assert_eq!(program.get("/api/v1/connections").await.status, 200);
    }
}
