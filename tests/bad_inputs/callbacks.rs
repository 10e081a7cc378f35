//! What comes back from a provider's page and is not for us (C03, C09, C14), beyond `tests/sign_in_http/refusals.rs`.

use std::sync::Arc;

use axum::{Router, body::Body, http::Request};
use chrono::Utc;
use convene::{clock::FixedClock, web::server::router};

use crate::{
    common::{
        office::Browser,
        provider::{Account, CLIENT_ID, CLIENT_SECRET, FakeProvider, PERSONAL, TENANT},
    },
    support::{self, Answer, ask, log::Log, state},
};

/// A Convene that lets these Microsoft accounts in, and its provider.
async fn door(tenant: &str) -> (Router, Arc<FakeProvider>) {
    let provider = FakeProvider::start(Arc::new(FixedClock::at(Utc::now()))).await;
    let origin = provider.origin.as_str().trim_end_matches('/').to_owned();
    let config = support::config(&[
        ("MICROSOFT_CLIENT_ID", CLIENT_ID),
        ("MICROSOFT_CLIENT_SECRET", CLIENT_SECRET),
        ("MICROSOFT_BASE_URL", &origin),
        ("MICROSOFT_TENANT_ID", tenant),
    ]);
    (router(state(config).await), provider)
}

async fn send(app: &Router, browser: &mut Browser, method: &str, path: &str, host: Option<&str>) -> Answer {
    let request = Request::builder().method(method).uri(path).header("accept", "text/html");
    let request = request.header("sec-fetch-site", "same-origin").header("cookie", browser.header());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = match host {
        Some(host) => request.header("host", host),
        None => request,
    };
    let answer = ask(app, request.body(Body::empty()).expect("a request")).await;
    for cookie in answer.headers.get_all("set-cookie") {
        browser.set(cookie.to_str().expect("text"));
    }
    answer
}

/// Agrees to everything as this account; gives the callback's path.
async fn agreed(app: &Router, provider: &FakeProvider, browser: &mut Browser, account: &Account) -> String {
    let begun = send(app, browser, "POST", "/auth/microsoft", None).await;
    let page = begun.header("location").parse().unwrap_or_else(|_| panic!("{}", begun.body));
    format!("/auth/microsoft/callback?{}", provider.agree(&page, account, None))
}

fn says(what: &str, answer: &Answer, status: u16, code: &str, sentence: &str) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
    assert!(answer.body.contains(&format!("data-code=\"{code}\"")), "{what}: not {code}: {}", answer.body);
    assert!(answer.body.contains(sentence), "{what}: {sentence:?} is not said: {}", answer.body);
}

#[tokio::test]
async fn accounts_of_a_kind_that_may_not_sign_in() {
    let (work, personal) =
        (Account::microsoft(7, TENANT, "raj@example.org"), Account::microsoft(8, PERSONAL, "mia@outlook.example"));
    const OTHER: &str = "11111111-2222-4333-8444-555555555555";
    let other = Account::microsoft(9, OTHER, "eve@example.net");
    let companies = "Only Microsoft accounts of a company or school, no personal ones, may sign in here.";
    let persons =
        "Only personal Microsoft accounts (Outlook.com, Hotmail), none of a company or school, may sign in here.";
    let ours = "Only Microsoft accounts of the company that runs this Convene may sign in here.";
    for (tenant, barred, said, admitted) in [
        ("organizations", vec![&personal], companies, &work),
        ("consumers", vec![&work], persons, &personal),
        (TENANT, vec![&personal, &other], ours, &work),
    ] {
        let (app, provider) = door(tenant).await;
        for account in barred {
            let mut browser = Browser::new();
            let path = agreed(&app, &provider, &mut browser, account).await;
            let answer = send(&app, &mut browser, "GET", &path, None).await;
            says(&format!("C09 {tenant}"), &answer, 403, "tenant_not_allowed", said);
            assert!(answer.body.contains("Sign in again and choose such an account."), "{}", answer.body);
            assert!(browser.session().is_none(), "C09 {tenant}");
        }
        let mut browser = Browser::new();
        let path = agreed(&app, &provider, &mut browser, admitted).await;
        assert_eq!(send(&app, &mut browser, "GET", &path, None).await.status, 303, "C09 {tenant}");
    }
}

/// Nothing is read of it, so that the answer still counts where it belongs.
#[tokio::test]
async fn an_answer_at_another_host_is_refused_and_not_used_up() {
    let (app, provider) = door("common").await;
    let mut browser = Browser::new();
    let path = agreed(&app, &provider, &mut browser, &Account::microsoft(7, TENANT, "raj@example.org")).await;
    for host in ["evil.example", "127.0.0.1:3001", "127.0.0.1.evil.example:3000", "localhost.evil.example"] {
        let answer = send(&app, &mut browser, "GET", &path, Some(host)).await;
        says(&format!("C14 {host}"), &answer, 421, "unknown_host", "");
    }
    assert_eq!(provider.exchanges(), 0);
    assert_eq!(send(&app, &mut browser, "GET", &path, None).await.status, 303);
}

/// Over plain http browsers send no cookie of ours, and without it an answer belongs to nobody.
#[tokio::test]
async fn an_answer_over_plain_http_finds_no_attempt() {
    let (app, provider) = door("common").await;
    let mut browser = Browser::new();
    let begun = send(&app, &mut browser, "POST", "/auth/microsoft", None).await;
    let cookie = begun.header("set-cookie");
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    let page = begun.header("location").parse().expect("a page");
    let query = provider.agree(&page, &Account::microsoft(7, TENANT, "raj@example.org"), None);
    let answer = send(&app, &mut Browser::new(), "GET", &format!("/auth/microsoft/callback?{query}"), None).await;
    says("C14", &answer, 400, "oauth_state", "The sign-in could not be matched to this browser. Start again.");
    assert_eq!(provider.exchanges(), 0);
}

#[tokio::test]
async fn a_state_that_fits_nothing_is_in_the_log() {
    let log = Log::start();
    let (app, _) = door("common").await;
    let path = "/auth/microsoft/callback?state=made-up-canary&code=code-canary";
    says("C03", &send(&app, &mut Browser::new(), "GET", path, None).await, 400, "oauth_state", "");
    let written = String::from_utf8(log.read()).expect("text");
    let line = written.lines().find(|line| line.contains("a sign-in was refused") && line.contains("oauth_state"));
    assert!(line.is_some_and(|line| line.contains("WARN") && line.contains("microsoft")), "{line:?}");
    assert!(!written.contains("canary"), "what came with it is not");
}
