//! Signing in over HTTP: the routes, their cookies and redirects, and what signed-out people get to see.

mod administration;
mod apple;
mod joining;
mod refusals;
mod settings;

use std::sync::Arc;

use crate::common::{
    office::Browser,
    provider::{Account, CLIENT_ID, CLIENT_SECRET, FakeProvider},
};
use crate::support::{Answer, ask, config, state};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use chrono::Utc;
use convene::{
    clock::FixedClock,
    people::{Member, sessions},
    state::AppState,
    web::server::router,
};
use url::Url;

/// A Convene, and the provider it signs in with.
async fn world() -> (AppState, Arc<FakeProvider>) {
    let provider = FakeProvider::start(Arc::new(FixedClock::at(Utc::now()))).await;
    let origin = provider.origin.as_str().trim_end_matches('/').to_owned();
    let config = config(&[
        ("GOOGLE_CLIENT_ID", CLIENT_ID),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
        ("GOOGLE_BASE_URL", &origin),
    ]);
    (state(config).await, provider)
}

async fn app() -> (Router, Arc<FakeProvider>) {
    let (state, provider) = world().await;
    (router(state), provider)
}

async fn get(app: &Router, browser: &mut Browser, path: &str) -> Answer {
    let request = Request::get(path).header("accept", "text/html").header("cookie", browser.header());
    answered(browser, ask(app, request.body(Body::empty()).expect("a request")).await)
}

async fn post(app: &Router, browser: &mut Browser, path: &str, form: &'static str) -> Answer {
    let request = Request::post(path)
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", browser.header());
    answered(browser, ask(app, request.body(Body::from(form)).expect("a request")).await)
}

/// The browser keeps the cookies of an answer.
fn answered(browser: &mut Browser, answer: Answer) -> Answer {
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().expect("text");
        for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.starts_with("__Host-") && cookie.contains(attribute), "{cookie}");
        }
        browser.set(cookie);
    }
    answer
}

/// Presses a button, agrees at the provider, and comes back; gives where one lands, or the code of what went wrong.
async fn through(
    app: &Router,
    provider: &FakeProvider,
    browser: &mut Browser,
    path: &str,
    form: &'static str,
    account: &Account,
) -> String {
    let begun = post(app, browser, path, form).await;
    let page = begun.header("location").parse().unwrap_or_else(|_| panic!("{}", begun.body));
    let back = get(app, browser, &format!("/auth/google/callback?{}", provider.agree(&page, account, None))).await;
    match back.header("location") {
        "" => code(&back),
        location => location.to_owned(),
    }
}

fn code(answer: &Answer) -> String {
    answer.body.split("data-code=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

async fn member(state: &AppState, browser: &Browser) -> Member {
    let session = browser.session().expect("a session");
    sessions::authenticate(&state.store, &session, Utc::now()).await.expect("read").expect("signed in")
}

#[tokio::test]
async fn there_and_back_and_out_again() {
    let (app, provider) = app().await;
    let mut browser = Browser::new();
    let begun = post(&app, &mut browser, "/auth/google", "return_to=%2Frequests%2Fnew").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    let page: Url = begun.header("location").parse().expect("the provider's page");
    assert!(page.as_str().starts_with(provider.origin.as_str()), "{page}");

    let ana = Account::google("ana-sub", "ana.alvarez@example.com");
    let query = provider.agree(&page, &ana, None);
    let path = format!("/auth/google/callback?{query}");
    let back = get(&app, &mut browser, &path).await;
    assert_eq!((back.status, back.header("location")), (StatusCode::SEE_OTHER, "/requests/new"), "{}", back.body);
    assert!(browser.session().is_some());

    // The back button, and a refresh of the callback.
    let again = get(&app, &mut browser, &path).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.body.contains("The sign-in could not be matched to this browser. Start again."), "{}", again.body);
    assert!(again.body.contains("signed in already"), "{}", again.body);

    let home = get(&app, &mut browser, "/dashboard").await;
    assert_eq!(home.status, StatusCode::OK, "{}", home.body);
    let copied = browser.clone();
    let out = post(&app, &mut browser, "/signout", "").await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/"));
    for mut browser in [browser, copied] {
        let home = get(&app, &mut browser, "/dashboard").await;
        assert!(home.status.is_redirection(), "{}", home.status);
        assert!(home.header("location").starts_with("/signin"), "{}", home.header("location"));
    }
}

#[tokio::test]
async fn saying_no_is_a_page_and_no_error() {
    let (app, _) = app().await;
    let mut browser = Browser::new();
    let begun = post(&app, &mut browser, "/auth/google", "").await;
    let page: Url = begun.header("location").parse().expect("the provider's page");
    let state = page.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let refused = format!("/auth/google/callback?error=access_denied&error_description=%3Cb%3Eraw&state={state}");
    let answer = get(&app, &mut browser, &refused).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("Access was not granted. Nothing was changed."), "{}", answer.body);
    assert!(!answer.body.contains("raw"));
    assert!(browser.session().is_none());
}

#[tokio::test]
async fn what_the_routes_refuse() {
    let (app, _) = app().await;
    let mut browser = Browser::new();
    // Nobody is sent to a provider by a link.
    assert_eq!(get(&app, &mut browser, "/auth/google").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post(&app, &mut browser, "/auth/yahoo", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&app, &mut browser, "/signout").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post(&app, &mut browser, "/auth/google", "purpose=connect").await.status, StatusCode::UNAUTHORIZED);
    for query in ["", "code=a&code=b&state=s", "state=s"] {
        let answer = get(&app, &mut browser, &format!("/auth/google/callback?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let foreign = Request::post("/auth/google").header("sec-fetch-site", "cross-site").body(Body::empty());
    assert_eq!(ask(&app, foreign.expect("a request")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn where_one_returns_to_is_a_page_of_ours() {
    let (app, provider) = app().await;
    let ana = Account::google("ana-sub", "ana.alvarez@example.com");
    let tricks = [
        "return_to=%2F%2Fevil.example",
        "return_to=%2F%5Cevil.example",
        "return_to=https%3Aevil",
        "return_to=%09%2F%2Fevil.example",
        "return_to=%2509%2F%2Fevil.example",
        "return_to=%2Fok%3Fnext%3D%2F%2Fevil.example",
        "",
    ];
    // Somebody new is led to the welcome; everybody after that to where they wanted to go, or the dashboard.
    for (number, form) in tricks.into_iter().enumerate() {
        let default = if number == 0 { "/welcome" } else { "/dashboard" };
        let mut browser = Browser::new();
        let begun = post(&app, &mut browser, "/auth/google", form).await;
        let query = provider.agree(&begun.header("location").parse().expect("a page"), &ana, None);
        let back = get(&app, &mut browser, &format!("/auth/google/callback?{query}")).await;
        assert_eq!(back.header("location"), default, "{form}");
    }
}

/// U07: the limit counts the peer, whatever address a client that is no trusted proxy claims to pass on.
#[tokio::test]
async fn attempts_are_limited() {
    let (app, _) = app().await;
    let mut browser = Browser::new();
    let mut refused = None;
    for number in 0..200 {
        let request = Request::post("/auth/google")
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", format!("203.0.113.{number}, 198.51.100.{number}"));
        let answer =
            answered(&mut browser, ask(&app, request.body(Body::from("return_to=")).expect("a request")).await);
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=600).contains(&seconds)));
    assert!(refused.body.contains(r#"data-code="too_many_requests""#), "{}", refused.body);
    assert!(sessions::SessionToken::from_cookies([browser.header().as_str()]).is_none());
}
