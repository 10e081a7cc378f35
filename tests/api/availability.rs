//! `POST /availability` answers what `convene slots` prints.

use convene::{api_keys::Scope, scheduling::query::answer_json};
use serde_json::{Value, json};

use super::{described, program::Program};
use crate::story::{TestApp, on_sqlite};

fn query() -> Value {
    json!({
        "window": {"start": "2027-03-07T00:00:00+01:00", "end": "2027-03-21T00:00:00Z"},
        "now": "2027-03-06T23:00:00Z", "duration_minutes": 30, "step_minutes": 15,
        "buffer_before_minutes": 10,
        "people": [
            {"id": "ana", "zone": "America/New_York", "busy": [{"start": "2027-03-08T15:00:00Z", "end": "2027-03-08T16:00:00Z"}],
             "weekly": [{"weekday": "mon", "start": "09:00", "end": "17:00"}], "max_per_day": 3, "load": ["2027-03-08T20:00:00Z"]},
            {"id": "ben", "zone": "Europe/Berlin", "busy": "unknown",
             "overrides": [{"date": "2027-03-14", "windows": [{"start": "10:00", "end": "24:00"}]}]},
        ],
        "seats": [{"all": ["ana"]}], "optional": ["ben"], "list_available": true, "explain": true, "limit": 5,
    })
}

#[tokio::test]
async fn the_answer_is_that_of_the_command_line_byte_for_byte() {
    let program = Program::over(TestApp::at(on_sqlite().await).await).await;
    let query = query();
    assert!(described::takes("POST", "/api/v1/availability", &query));
    let answer = program.call("POST", "/api/v1/availability", None, Some(&query)).await;
    assert_eq!((answer.status, answer.text), (200, answer_json(&query.to_string()).expect("an answer")));
    assert_eq!(answer.body["slots"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn what_is_wrong_is_named_by_path_and_reason() {
    let program = Program::over(TestApp::at(on_sqlite().await).await).await;
    type Change = fn(&mut Value);
    let table: [(&str, Change); 6] = [
        ("people[0].zone", |query| query["people"][0]["zone"] = "Mars/Phobos".into()),
        ("people[1].colour", |query| query["people"][1]["colour"] = "red".into()),
        ("people[0].busy", |query| query["people"][0]["busy"] = Value::Null),
        ("duration_minutes", |query| query["duration_minutes"] = json!(0)),
        ("seats[0].all[0]", |query| query["seats"][0]["all"][0] = "eva".into()),
        ("window", |query| query["window"]["end"] = "2030-01-01T00:00:00Z".into()),
    ];
    for (path, change) in table {
        let mut wrong = query();
        change(&mut wrong);
        let expected = answer_json(&wrong.to_string()).expect_err(path);
        let answer = program.call("POST", "/api/v1/availability", None, Some(&wrong)).await;
        let field = if expected.path().is_empty() { "" } else { expected.path() };
        assert_eq!(answer.refusal(), (422, "query_invalid", field), "{path}");
        assert!(expected.path().starts_with(path.split('.').next().unwrap_or_default()), "{path}: {expected}");
        assert_eq!(answer.body["title"], expected.reason(), "{path}");
    }
}

#[tokio::test]
async fn it_takes_a_key_for_it_and_no_more() {
    let mut program = Program::over(TestApp::at(on_sqlite().await).await).await;
    program.key = program.key_for(&[Scope::AvailabilityRead]).await;
    assert_eq!(program.call("POST", "/api/v1/availability", None, Some(&query())).await.status, 200);
    assert_eq!(program.get("/api/v1/requests").await.status, 403);
}

/// A body of JSON may hold a quarter of a megabyte elsewhere; here everybody's busy times come along.
#[tokio::test]
async fn a_query_may_be_large() {
    let program = Program::over(TestApp::at(on_sqlite().await).await).await;
    let mut large = query();
    let busy = json!({"start": "2027-03-09T15:00:00Z", "end": "2027-03-09T16:00:00Z"});
    large["people"][0]["busy"] = Value::Array(vec![busy; 30_000]);
    assert!(large.to_string().len() > 1024 * 1024);
    assert_eq!(program.call("POST", "/api/v1/availability", None, Some(&large)).await.status, 200);
}
