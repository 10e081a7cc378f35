//! What somebody says about themselves: on the settings page, and where other pages ask.

use convene::{
    people::contact,
    store::{
        entities::{jobs, messages},
        words::JobStatus,
    },
    worker,
};
use sea_orm::EntityTrait;

use super::*;

/// Somebody who signed up, of whom neither the calendar nor, unless it is named, the browser told a zone.
async fn signed_up(account: &Account, form: &'static str) -> (AppState, Router, Browser, Arc<FakeProvider>) {
    let (state, provider) = world().await;
    let (app, mut browser) = (router(state.clone()), Browser::new());
    let begun = post(&app, &mut browser, "/auth/google", form).await;
    let query = provider.agree(&begun.header("location").parse().expect("a page"), account, None);
    let back = get(&app, &mut browser, &format!("/auth/google/callback?{query}")).await;
    assert!(back.status.is_redirection(), "{}", back.body);
    (state, app, browser, provider)
}

fn ana() -> Account {
    Account::google("ana-sub", "ana@example.com")
}

#[tokio::test]
async fn the_browsers_zone_comes_along_and_nonsense_is_ignored() {
    for (form, zone) in [
        ("zone=Europe%2FBerlin", Some("Europe/Berlin")),
        ("zone=Asia%2FCalcutta", Some("Asia/Kolkata")),
        ("zone=Mars%2FPhobos", None),
        ("zone=", None),
        ("", None),
    ] {
        let (state, app, mut browser, _) = signed_up(&ana(), form).await;
        assert_eq!(member(&state, &browser).await.zone.map(|zone| zone.name()), zone, "{form}");
        let page = get(&app, &mut browser, "/dashboard").await;
        assert_eq!(page.body.contains("Which time zone are you in?"), zone.is_none(), "{form}");
    }
    let (app, _) = app().await;
    let page = get(&app, &mut Browser::new(), "/signin").await;
    assert!(page.body.contains(r#"<input type="hidden" name="zone" data-guess-zone"#), "{}", page.body);
}

#[tokio::test]
async fn an_unknown_zone_is_asked_for_until_it_is_said() {
    let (state, app, mut browser, _) = signed_up(&ana(), "").await;
    for page in ["/dashboard", "/requests", "/requests/new"] {
        let page = get(&app, &mut browser, page).await;
        assert!(
            page.body.contains("Which time zone are you in?") && page.body.contains("action=\"/settings\""),
            "{}",
            page.body
        );
    }
    let wrong = post(&app, &mut browser, "/settings", "zone=Mars%2FPhobos&return_to=%2Frequests").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains(r#"data-code="zone_unknown""#), "{}", wrong.body);
    let said = post(&app, &mut browser, "/settings", "zone=Asia%2FTokyo&return_to=%2Frequests").await;
    assert_eq!((said.status, said.header("location")), (StatusCode::SEE_OTHER, "/requests"), "{}", said.body);
    assert_eq!(member(&state, &browser).await.zone, Some(chrono_tz::Asia::Tokyo));
    assert!(!get(&app, &mut browser, "/requests").await.body.contains("Which time zone"));
    let settings = get(&app, &mut browser, "/settings").await;
    assert!(settings.body.contains("value=\"Asia/Tokyo\" selected"), "{}", settings.body);
    let elsewhere = post(&app, &mut browser, "/settings", "zone=Asia%2FTokyo&return_to=%2F%2Fevil.example").await;
    assert_eq!(elsewhere.header("location"), "/dashboard");
    assert_eq!(
        post(&app, &mut Browser::new(), "/settings", "zone=Asia%2FTokyo").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_address_counts_once_its_owner_opened_the_mail_to_it() {
    let unverified = Account { email_verified: false, ..ana() };
    let (state, app, mut browser, _) = signed_up(&unverified, "zone=Europe%2FBerlin").await;
    let page = get(&app, &mut browser, "/dashboard").await;
    assert!(page.body.contains("Where may others write to you?"), "{}", page.body);
    assert!(page.body.contains(r#"value="ana@example.com""#), "what the provider said is proposed");
    let wrong = post(&app, &mut browser, "/settings", "email=nobody").await;
    assert!(wrong.body.contains(r#"data-code="email_invalid""#), "{}", wrong.body);

    let said = post(&app, &mut browser, "/settings", "email=ana%40example.com&return_to=%2Frequests").await;
    assert_eq!(
        (said.status, said.header("location")),
        (StatusCode::SEE_OTHER, "/settings?news=mailed"),
        "{}",
        said.body
    );
    let me = member(&state, &browser).await;
    assert_eq!(me.contact(), None, "typing it proves nothing");
    let mails = messages::Entity::find().all(state.store.reader()).await.expect("read");
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((mail.kind.as_str(), mail.to_email.as_str()), ("confirm_address", "ana@example.com"));
    let text = convene::notifications::body(&state.config.keys, mail).expect("opened").text;
    let token =
        text.split("/settings?address=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");

    let page = get(&app, &mut browser, &format!("/settings?address={token}")).await;
    assert!(page.body.contains("Is ana@example.com your address?"), "{}", page.body);
    assert_eq!(member(&state, &browser).await.contact(), None, "opening a page changes nothing");
    // Somebody else's link, and one that ran out.
    let (_, app_of_eve, mut eve, _) = signed_up(&Account::google("eve-sub", "eve@example.com"), "").await;
    let form: &'static str = format!("address={token}").leak();
    let old = contact::proposal(
        &state.config.keys,
        &me,
        &"b@example.com".parse().unwrap(),
        Utc::now() - chrono::Days::new(1),
    );
    let old: &'static str = format!("address={}", old.0).leak();
    for answer in
        [post(&app_of_eve, &mut eve, "/settings", form).await, post(&app, &mut browser, "/settings", old).await]
    {
        assert_eq!(answer.status, StatusCode::GONE);
        assert!(answer.body.contains(r#"data-code="address_link_expired""#), "{}", answer.body);
    }
    let confirmed = post(&app, &mut browser, "/settings", form).await;
    assert_eq!((confirmed.status, confirmed.header("location")), (StatusCode::SEE_OTHER, "/settings?news=saved"));
    let me = member(&state, &browser).await;
    assert_eq!(me.contact().map(convene::ids::Email::as_str), Some("ana@example.com"));
    assert!(!get(&app, &mut browser, "/dashboard").await.body.contains("Where may others write to you?"));
}

#[tokio::test]
async fn a_failed_first_read_is_tried_again_where_one_can_see_it() {
    let (state, app, mut browser, _) = signed_up(&ana(), "zone=Europe%2FBerlin").await;
    let queued = async || jobs::Entity::find().all(state.store.reader()).await.expect("read");
    let [job] = &queued().await[..] else { panic!("one job") };
    assert_eq!((job.kind.as_str(), job.attempts), ("read_connection", 0));
    let page = get(&app, &mut browser, "/dashboard").await;
    assert!(page.body.contains("did not answer") && page.body.contains("It is asked again: "), "{}", page.body);
    // This provider knows no calendars at all, which trying again does not help.
    worker::drain(&state).await.expect("worked");
    let [job] = &queued().await[..] else { panic!("one job") };
    assert_eq!((job.attempts, job.status), (1, JobStatus::Dead), "{}", job.last_error);
    let page = get(&app, &mut browser, "/dashboard").await;
    assert!(page.body.contains("A new calendar could not be read"), "{}", page.body);
}
