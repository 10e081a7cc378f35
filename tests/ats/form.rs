//! The application on the request form: asked for where there is a system to tell, and nowhere else.

use chrono::TimeDelta;

use crate::{
    ats::icims::{APPLICATION, FakeIcims, KEY, Mood},
    support::front::{BEN, Front, Typed, assert_failure},
    support::html::Page,
};

fn form(front: &Front) -> Typed {
    vec![
        ("candidate_name", "Priya Venkataraman".to_owned()),
        ("candidate_email", "priya@example.net".to_owned()),
        ("duration", "45 min".to_owned()),
        ("from", front.app.monday().to_string()),
        ("to", (front.app.monday() + TimeDelta::days(4)).to_string()),
        ("interviewers[]", BEN.to_owned()),
        ("zone", "Europe/Berlin".to_owned()),
    ]
}

async fn with_icims() -> (Front, FakeIcims) {
    let mut front = Front::open().await;
    let icims = FakeIcims::start().await;
    front.app.use_icims(icims.base.clone(), KEY);
    front.serve(front.app.state.clone());
    (front, icims)
}

#[tokio::test]
async fn without_a_system_there_is_no_such_field() {
    let front = Front::open().await;
    for path in ["/requests/new", "/requests/new?application_id=4711", "/requests/new?duration=45&application_id=4711"]
    {
        let page = front.get(path).await.body;
        assert!(Page(&page).control("application_id").is_none() && !page.contains("4711\""), "{path}");
        assert!(!page.contains("Application ID") && !page.contains("iCIMS"), "{path}");
    }
    let before = front.written().await;
    let mut typed = form(&front);
    typed.push(("application_id", "4711".to_owned()));
    let answer = front.post("/requests/new", &typed).await;
    let sentence = "The form has a field that is not known here.";
    assert_failure("a field nobody asked for", &answer, 422, "unknown_field", sentence);
    let look = serde_json::json!({ "form": "duration=45&application_id=4711" }).to_string();
    let answer = front.post_json("/api/requests/look", look).await;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.body);
    assert_eq!(front.written().await, before);

    let answer = front.post("/requests/new", &form(&front)).await;
    assert_eq!(answer.status.as_u16(), 303, "no application is needed");
    let page = front.get(answer.header("location")).await.body;
    assert!(!page.contains("Application ID") && !page.contains("iCIMS"));
    assert_eq!(front.app.rows("requests WHERE application_id <> ''").await, 0);
    assert_eq!(front.app.rows("ats_notes").await + front.app.rows("jobs WHERE kind = 'write_note'").await, 0);
}

#[tokio::test]
async fn with_a_system_it_is_asked_for_checked_and_shown() {
    let (front, icims) = with_icims().await;
    let page = front.get("/requests/new").await.body;
    assert!(Page(&page).control("application_id").is_some());
    let rows = [
        (None, "application_required", "Enter the application's ID."),
        (Some("  "), "application_required", "Enter the application's ID."),
        (Some("47/11"), "application_invalid", "Use letters, digits and dashes, at most 64 of them."),
        (Some("4712"), "application_unknown", "No application has this ID."),
    ];
    for (typed, code, sentence) in rows {
        let mut all = form(&front);
        all.extend(typed.map(|typed| ("application_id", typed.to_owned())));
        let before = front.written().await;
        let answer = front.post("/requests/new", &all).await;
        assert_failure(&format!("{typed:?}"), &answer, 422, code, sentence);
        assert_eq!(front.written().await, before, "{typed:?}");
        let page = Page(&answer.body);
        let line = page.find("id", "application_id-error").expect("the error stands at the field");
        assert_eq!(line.get("data-code"), Some(code));
        assert_eq!(page.control("application_id").expect("a control").get("aria-invalid"), Some("true"));
        assert_eq!(page.values("application_id"), [typed.unwrap_or_default()], "shown again as typed");
    }
    // The picture does not wait for the application.
    let live = serde_json::json!({ "form": url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form(&front)).finish() });
    let answer = front.post_json("/api/requests/look", live.to_string()).await;
    assert!(answer.body.contains("application_required") && answer.body.contains("working day"), "{}", answer.body);

    let mut typed = form(&front);
    typed.push(("application_id", format!(" {APPLICATION} ")));
    let answer = front.post("/requests/new", &typed).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", Page(&answer.body).text());
    let text = Page(&front.get(answer.header("location")).await.body).text();
    assert!(text.contains("iCIMS") && text.contains("Application ID") && text.contains(APPLICATION), "{text}");
    assert_eq!(front.app.rows(&format!("requests WHERE application_id = '{APPLICATION}'")).await, 1);

    // One that cannot say keeps nobody from asking.
    icims.is(Mood::Down);
    let answer = front.post("/requests/new", &typed).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", Page(&answer.body).text());
}
