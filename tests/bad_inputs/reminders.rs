//! When people are reminded, on the request form: ticked as the organisation has it, stored as it was sent.

use chrono::TimeDelta;

use crate::{
    support::front::{BEN, Front, Typed, assert_failure},
    support::html::Page,
};

fn form(front: &Front, reminders: &[&str]) -> Typed {
    let mut typed = vec![
        ("candidate_name", "Priya Venkataraman".to_owned()),
        ("candidate_email", "priya@example.net".to_owned()),
        ("duration", "45 min".to_owned()),
        ("from", front.app.monday().to_string()),
        ("to", (front.app.monday() + TimeDelta::days(4)).to_string()),
        ("interviewers[]", BEN.to_owned()),
        ("zone", "Europe/Berlin".to_owned()),
    ];
    typed.extend(reminders.iter().map(|minutes| ("reminders[]", (*minutes).to_owned())));
    typed
}

/// The reminders a page shows, and those that are ticked.
fn shown(body: &str) -> (Vec<String>, Vec<String>) {
    let page = Page(body);
    let boxes: Vec<_> = page.tags().into_iter().filter(|tag| tag.get("name") == Some("reminders[]")).collect();
    let value = |tag: &crate::support::html::Tag<'_>| tag.get("value").unwrap_or_default().to_owned();
    let ticked = boxes.iter().filter(|tag| tag.get("checked").is_some()).map(value).collect();
    (boxes.iter().map(value).collect(), ticked)
}

#[tokio::test]
async fn a_new_form_ticks_what_the_organisation_decided() {
    let front = Front::open().await;
    let (all, ticked) = shown(&front.get("/requests/new").await.body);
    assert_eq!(all, ["10080", "2880", "1440", "240", "60", "15"]);
    assert_eq!(ticked, ["1440", "60"]);
    front.app.run("UPDATE organisations SET policies = '{\"reminder_minutes\": [30, 15]}'").await;
    let (all, ticked) = shown(&front.get("/requests/new").await.body);
    assert!(all.contains(&"30".to_owned()));
    assert_eq!(ticked, ["30", "15"]);
}

#[tokio::test]
async fn what_was_ticked_is_stored_and_nothing_is_a_choice() {
    let front = Front::open().await;
    for (ticked, stored) in [(&["15", "2880"][..], "[2880,15]"), (&["60"][..], "[60]"), (&[][..], "[]")] {
        let answer = front.post("/requests/new", &form(&front, ticked)).await;
        assert_eq!(answer.status.as_u16(), 303, "{}", Page(&answer.body).text());
        assert_eq!(front.app.rows(&format!("requests WHERE reminder_minutes = '{stored}'")).await, 1, "{stored}");
    }
}

#[tokio::test]
async fn what_is_no_reminder_is_refused_by_name() {
    let front = Front::open().await;
    for wrong in ["soon", "0", "-15", "999999", "15; 30"] {
        let before = front.written().await;
        let answer = front.post("/requests/new", &form(&front, &["60", wrong])).await;
        assert_failure(wrong, &answer, 422, "reminder_invalid", "Choose reminders from the list");
        assert_eq!(front.written().await, before, "{wrong}");
        let page = Page(&answer.body);
        let line = page.find("id", "reminders-error").unwrap_or_else(|| panic!("{wrong}: no error at the field"));
        assert_eq!(line.get("data-code"), Some("reminder_invalid"));
        assert!(shown(&answer.body).1.contains(&"60".to_owned()), "{wrong}: what was ticked is shown again");
    }
    // Text comes as one field; only boxes may come several times.
    let mut typed = form(&front, &[]);
    typed.push(("reminders", "60".to_owned()));
    let answer = front.post("/requests/new", &typed).await;
    assert_failure("reminders", &answer, 422, "unknown_field", "The form has a field that is not known here.");
}
