//! Swapping somebody, and why somebody was chosen, as pages show it.

use crate::{
    support::front::{BEN, Front, assert_failure},
    support::html::Page,
};

const EVA: &str = "eva@example.com";
const TOM: &str = "tom@example.com";

#[tokio::test]
async fn a_person_is_swapped_without_script() {
    let front = Front::open().await;
    let app = &front.app;
    app.connected(&[EVA]).await;
    app.person(TOM).await;
    let asked = app.asks(|draft| (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA}"), "1".to_owned())).await;
    app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    let request = format!("/requests/{}", asked.id);
    let page = front.get(&request).await;
    let text = Page(&page.body).text();
    assert!(
        text.contains("Chosen: no interview that week, as few as anybody who was free. Eva had none."),
        "why Ben sits: {text}"
    );
    let ben = app.person(BEN).await;
    let path = format!("{request}/swap/{ben}");
    let links = Page(&page.body).tags().into_iter().filter(|tag| tag.get("href") == Some(&path)).count();
    assert_eq!(links, 1, "only who sits can be swapped");

    let page = front.get(&path).await;
    let text = Page(&page.body).text();
    assert!(text.contains("Eva") && text.contains("Asked for in the request. Free, no interview that week"), "{text}");
    assert!(text.contains("Nobody knows whether they are free: no calendar is connected"), "{text}");
    let (eva, tom) = (app.person(EVA).await.to_string(), app.person(TOM).await.to_string());

    let written = front.written().await;
    type Fields<'a> = &'a [(&'a str, &'a str)];
    let refused: [(Fields<'_>, u16, &str, &str); 5] = [
        (&[("reason", "Ill")], 422, "comes-error", "substitute_required"),
        (&[("comes", "per_1"), ("reason", "Ill")], 422, "comes-error", "substitute_required"),
        (&[("comes", &eva), ("reason", "  ")], 422, "reason-error", "reason_required"),
        (&[("comes", &eva), ("reason", &"x".repeat(501))], 422, "reason-error", "reason_too_long"),
        (&[("comes", &tom), ("reason", "Ill <b>today</b>")], 422, "asked-error", "substitute_not_asked"),
    ];
    for (typed, status, id, code) in refused {
        let typed: Vec<_> = typed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let answer = front.post(&path, &typed).await;
        let page = Page(&answer.body);
        assert_eq!(answer.status.as_u16(), status, "{code}: {}", page.text());
        let told = page.find("id", id).unwrap_or_else(|| panic!("{code} is not said: {}", page.text()));
        assert_eq!(told.get("data-code"), Some(code));
        for (name, value) in typed.iter().filter(|(name, value)| *name != "comes" || value.len() > 10) {
            assert_eq!(page.values(name), std::slice::from_ref(value), "{code}: what was typed is still there");
        }
    }
    let unknown = front.post(&path, &[("comes", eva.clone()), ("who", "x".to_owned())]).await;
    assert_eq!(unknown.status.as_u16(), 422, "a field nobody asked for");
    assert_eq!(front.written().await, written, "nothing was written");

    let swap = [("comes", tom), ("asked", "true".to_owned()), ("reason", "Ben is ill.".to_owned())];
    let answer = front.post(&path, &swap).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, format!("{request}?news=swapped").as_str()));
    let page = front.get(&request).await;
    let text = Page(&page.body).text();
    assert!(text.contains("In place of Ben: Ben is ill. Was asked before."), "{text}");
    assert!(text.contains("Tom replaced Ben"), "the timeline: {text}");
    // Somebody else's page of an hour ago.
    let late = front.post(&path, &[("comes", eva), ("reason", "x".to_owned())]).await;
    assert_failure("late", &late, 409, "not_seated", "They do not sit in this interview any more");
    let gone = front.get(&path).await;
    assert_failure("late", &gone, 409, "not_seated", "They do not sit in this interview any more");
}

#[tokio::test]
async fn a_large_organisation_is_searched() {
    let front = Front::open().await;
    let app = &front.app;
    for number in 0..45 {
        app.person(&format!("p{number:02}@example.com")).await;
    }
    let asked = app.asks(|_| ()).await;
    app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    let path = format!("/requests/{}/swap/{}", asked.id, app.person(BEN).await);
    let page = front.get(&path).await;
    let shown = |body: &str| Page(body).tags().iter().filter(|tag| tag.get("name") == Some("comes")).count();
    assert_eq!(shown(&page.body), 40);
    assert!(Page(&page.body).text().contains("6 more of your organisation are not listed."));
    let page = front.get(&format!("{path}?find=P44%40")).await;
    assert_eq!(shown(&page.body), 1);
    let page = front.get(&format!("{path}?find=nobody")).await;
    assert!(Page(&page.body).text().contains("There is nobody to choose"));
}
