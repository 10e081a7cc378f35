//! Differences as pages show them, and as forms settle them, without script.

use std::collections::BTreeMap;

use convene::{
    booking::outside,
    calendars::Response,
    events::theirs::Theirs,
    store::words::{BookingStatus, Role},
};

use super::{BEN, EVA, PRIYA, There, in_calendar, span};
use crate::support::{
    Answer,
    front::{Front, assert_failure},
    html::Page,
};

async fn opened() -> (Front, There) {
    let front = Front::open().await;
    front.app.connected(&[EVA]).await;
    let there = in_calendar(&front.app, |_| ()).await;
    (front, there)
}

async fn declined(front: &Front, there: &There, who: &str) {
    let answers = BTreeMap::from([(who.to_owned(), Response::Declined)]);
    outside::answered(&front.app.state, front.app.org, there.event, there.on, &answers).await.expect("heard");
}

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 200, "{}", Page(&answer.body).text());
    Page(&answer.body).text()
}

fn fields(typed: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    typed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[tokio::test]
async fn ours_and_theirs_stand_side_by_side() {
    let (front, there) = opened().await;
    let app = &front.app;
    let noon = app.time(1, "12:00");
    app.busy(BEN, noon, 15);
    outside::moved(&app.state, app.org, there.event, there.on, span(noon, 45)).await.expect("found");
    let open = there.open(app).await;
    let request = format!("/requests/{}", there.asked.id);
    let path = format!("{request}/difference/{}", open.id);
    for page in ["/dashboard", &request] {
        let answer = front.get(page).await;
        assert!(text(&answer).contains("Ana moved this interview in Google Calendar"), "{}", text(&answer));
        assert!(Page(&answer.body).find("href", &path).is_some(), "{page} leads on");
    }
    let answer = front.get(&path).await;
    let words = text(&answer);
    for said in
        ["Ours", "10:00-10:45", "In Ana's Google Calendar", "12:00-12:45", "Ben is busy then.", "I have asked them"]
    {
        assert!(words.contains(said), "{said:?} is not said: {words}");
    }
    assert_eq!(Page(&answer.body).values("shown"), [open.shown()]);

    let written = front.written().await;
    let (shown, long) = (open.shown(), "x".repeat(501));
    let refused: [(&[(&'static str, &str)], u16, &str, &str); 5] = [
        (&[("shown", &shown)], 422, "decision-error", "decision_required"),
        (&[("shown", &shown), ("decision", "both")], 422, "decision-error", "decision_required"),
        (&[("shown", &shown), ("decision", "keep")], 422, "decision-error", "decision_required"),
        (&[("shown", &shown), ("decision", "theirs")], 422, "asked-error", "not_asked"),
        (&[("shown", "1-2"), ("decision", "ours")], 409, "", "difference_changed"),
    ];
    for (typed, status, id, code) in refused {
        let answer = front.post(&path, &fields(typed)).await;
        let page = Page(&answer.body);
        assert_eq!(answer.status.as_u16(), status, "{code}: {}", page.text());
        match page.find("id", id) {
            Some(told) => assert_eq!(told.get("data-code"), Some(code)),
            None => assert_eq!((id, page.code().as_deref()), ("", Some(code))),
        }
    }
    let answer = front.post(&path, &fields(&[("shown", &shown), ("decision", "theirs"), ("reason", &long)])).await;
    assert_eq!(answer.status.as_u16(), 422, "too long a reason");
    let answer = front.post(&path, &fields(&[("shown", &shown), ("decision", "ours"), ("who", "x")])).await;
    assert_eq!(answer.status.as_u16(), 422, "a field nobody asked for");
    assert_eq!(front.written().await, written, "nothing was written");

    let take = fields(&[("shown", &shown), ("decision", "theirs"), ("asked", "true")]);
    for _ in 0..2 {
        let answer = front.post(&path, &take).await;
        let location = format!("{request}?news=theirs");
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, location.as_str()));
    }
    assert_eq!(there.booking(app).await.span.start(), noon);
    let answer = front.post(&path, &fields(&[("shown", &shown), ("decision", "ours")])).await;
    assert_failure("late", &answer, 409, "difference_settled", "This was settled already in another way.");
    let words = text(&front.get(&path).await);
    assert!(words.contains("The time of Google Calendar was taken by Ana"), "{words}");
    let words = text(&front.get(&request).await);
    assert!(
        words.contains("Ana moved this interview in Google Calendar") && !words.contains("Decide"),
        "history: {words}"
    );
    for bad in [format!("{request}/difference/dif_1"), format!("/requests/x/difference/{}", open.id)] {
        assert_failure(&bad, &front.get(&bad).await, 404, "not_found", "There is nothing at this address.");
    }
}

#[tokio::test]
async fn a_proposed_cancellation_is_confirmed_or_refused() {
    let (front, there) = opened().await;
    let app = &front.app;
    outside::gone(&app.state, app.org, there.event, there.on).await.expect("found");
    let open = there.open(app).await;
    let path = format!("/requests/{}/difference/{}", there.asked.id, open.id);
    let words = text(&front.get(&path).await);
    assert!(
        words.contains("Put it back") && words.contains("Cancel interview") && words.contains("Deleted"),
        "{words}"
    );
    let ours = fields(&[("shown", &open.shown()), ("decision", "ours"), ("reason", "")]);
    assert_eq!(front.post(&path, &ours).await.status.as_u16(), 303);
    assert_eq!(there.outcome(app).await, "ours");

    declined(&front, &there, PRIYA).await;
    let open = there.open(app).await;
    let path = format!("/requests/{}/difference/{}", there.asked.id, open.id);
    let words = text(&front.get(&path).await);
    assert!(words.contains("Priya Venkataraman declined this interview") && words.contains("Keep as it is"), "{words}");
    let cancel = fields(&[("shown", &open.shown()), ("decision", "theirs"), ("reason", "As you wish.")]);
    assert_eq!(front.post(&path, &cancel).await.status.as_u16(), 303);
    assert_eq!(there.booking(app).await.status, BookingStatus::Cancelled);
}

#[tokio::test]
async fn who_declined_is_swapped_from_the_request_and_the_dashboard() {
    let (front, there) = opened().await;
    let app = &front.app;
    declined(&front, &there, BEN).await;
    let open = there.open(app).await;
    let request = format!("/requests/{}", there.asked.id);
    let (ben, eva) = (app.person(BEN).await, app.person(EVA).await);
    let page = format!("{request}/difference/{}", open.id);
    for path in ["/dashboard", &request, &page] {
        let answer = front.get(path).await;
        let words = text(&answer);
        assert!(words.contains("Ben declined this interview") && words.contains("Swap for Eva"), "{path}: {words}");
        assert!(words.contains("Keep as it is"), "{path}: {words}");
        assert_eq!(Page(&answer.body).values("comes"), [eva.to_string()], "{path}");
    }
    let words = text(&front.get(&request).await);
    assert!(words.contains("declined · "), "next to his name: {words}");
    let swap = fields(&[("comes", &eva.to_string()), ("reason", "Declined the invitation")]);
    let answer = front.post(&format!("{request}/swap/{ben}"), &swap).await;
    assert_eq!(answer.header("location"), format!("{request}?news=swapped"));
    assert_eq!(there.outcome(app).await, "theirs");
    assert!(!text(&front.get("/dashboard").await).contains("declined this interview"));
    let words = text(&front.get(&page).await);
    assert!(words.contains("Ben was replaced"), "{words}");
}

#[tokio::test]
async fn only_coordinators_of_the_organisation_see_and_decide() {
    let (mut front, there) = opened().await;
    outside::collided(&front.app.state, front.app.org, there.event, there.on, Theirs::WholeDays).await.expect("found");
    let open = there.open(&front.app).await;
    let path = format!("/requests/{}/difference/{}", there.asked.id, open.id);
    let words = text(&front.get(&path).await);
    assert!(words.contains("Whole days, without a time") && !words.contains("Take theirs"), "{words}");
    let form = fields(&[("shown", &open.shown()), ("decision", "ours")]);
    let ben = front.app.person(BEN).await;
    front.cookie = front.session_of(front.app.org, ben).await;
    assert_eq!((front.get(&path).await.status.as_u16(), front.post(&path, &form).await.status.as_u16()), (403, 403));
    let theirs = crate::story::organisation(front.app.store(), "Contoso", front.app.now()).await;
    let uma = crate::story::coordinator(front.app.store(), theirs, "uma@example.com").await;
    assert_eq!(uma.member().role, Role::Coordinator);
    front.cookie = front.session_of(theirs, uma.member().person).await;
    assert_eq!((front.get(&path).await.status.as_u16(), front.post(&path, &form).await.status.as_u16()), (404, 404));
    assert!(!text(&front.get("/dashboard").await).contains("This interview differs"));
    assert_eq!(there.outcome(&front.app).await, "open");
    front.sign_in().await;
    assert_eq!(front.post(&path, &form).await.status.as_u16(), 303);
    assert_eq!(there.outcome(&front.app).await, "ours");
}
