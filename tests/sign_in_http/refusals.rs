//! What a browser is shown when it comes back from a provider and is not signed in (C02-C08, C13): a status, a stable code, a
//! sentence that is ours, and the way on.

use std::sync::Arc;

use axum::{Router, http::StatusCode};
use convene::state::AppState;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use url::Url;

use super::{get, post};
use crate::{
    common::{
        office::Browser,
        provider::{Account, FakeProvider},
    },
    support::Answer,
};

const TO_SIGN_IN: &str = r#"href="/signin""#;
const STATE: (&str, &str) = ("oauth_state", "The sign-in could not be matched to this browser. Start again.");
const RESPONSE: (&str, &str) = ("oauth_response", "The answer of the sign-in page could not be read.");

struct Door {
    app: Router,
    state: AppState,
    provider: Arc<FakeProvider>,
}

impl Door {
    async fn open() -> Self {
        let (state, provider) = super::world().await;
        Self { app: convene::web::server::router(state.clone()), state, provider }
    }

    /// Presses "Continue with Google"; gives the provider's page.
    async fn begin(&self, browser: &mut Browser) -> Url {
        let begun = post(&self.app, browser, "/auth/google", "").await;
        begun.header("location").parse().expect("the provider's page")
    }

    /// Begins, and comes back with this answer, in which `{state}` is the attempt's.
    async fn answered(&self, browser: &mut Browser, answer: &str) -> Answer {
        let page = self.begin(browser).await;
        let state = page.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        self.back(browser, "google", &answer.replace("{state}", &state)).await
    }

    async fn back(&self, browser: &mut Browser, provider: &str, query: &str) -> Answer {
        get(&self.app, browser, &format!("/auth/{provider}/callback?{query}")).await
    }

    /// Begins, agrees to everything, and comes back.
    async fn agreed(&self, browser: &mut Browser) -> Answer {
        let page = self.begin(browser).await;
        let query = self.provider.agree(&page, &Account::google("ana-sub", "ana.alvarez@example.com"), None);
        self.back(browser, "google", &query).await
    }

    /// How much there is of what a sign-in makes.
    async fn accounts(&self) -> i64 {
        let sql = "SELECT (SELECT count(*) FROM organisations) + (SELECT count(*) FROM people)
                   + (SELECT count(*) FROM identities) + (SELECT count(*) FROM connections) + (SELECT count(*) FROM sessions)";
        let db = self.state.store.reader();
        let statement = Statement::from_string(self.state.store.backend(), sql);
        let row = db.query_one_raw(statement).await.expect("the store answers").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    async fn run(&self, sql: &str) {
        let txn = self.state.store.begin().await.expect("a write");
        txn.execute_raw(Statement::from_string(self.state.store.backend(), sql)).await.expect(sql);
        txn.commit().await.expect("committed");
    }
}

/// The page says what happened, in our words, names its reference, and leads on.
fn assert_page(what: &str, answer: &Answer, status: u16, (code, sentence): (&str, &str), way_on: &str) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
    assert!(answer.body.contains(&format!("data-code=\"{code}\"")), "{what}: not {code}: {}", answer.body);
    assert!(answer.body.contains(sentence), "{what}: {sentence:?} is not said: {}", answer.body);
    assert!(answer.body.contains(way_on), "{what}: no way on: {}", answer.body);
    assert!(answer.body.contains(answer.header("x-request-id")), "{what}: the page names its reference");
    assert!(!answer.body.contains("raw"), "{what}: the provider's own words are shown: {}", answer.body);
}

#[tokio::test]
async fn what_providers_refuse() {
    let door = Door::open().await;
    let down = ("provider_unavailable", "Google could not be reached. Nothing was changed.");
    let again = ("interaction_required", "Google wants you to sign in again. Nothing was changed.");
    let ended = ("oauth_refused", "Google ended the sign-in. Nothing was changed.");
    let admin_first =
        "An administrator of your organisation has to allow Convene at Google first. Nothing was changed.";
    let admin = ("admin_consent_required", admin_first);
    let denied = ("access_denied", "Access was not granted. Nothing was changed.");
    let rows = [
        ("access_denied&error_description=raw", 200, denied),
        ("consent_required&error_description=%3Cb%3Eraw%3C%2Fb%3E", 400, again),
        ("interaction_required&error_description=raw", 400, again),
        ("login_required&error_description=raw", 400, again),
        ("server_error&error_description=%3Cscript%3Eraw%3C%2Fscript%3E", 502, down),
        ("temporarily_unavailable&error_description=raw", 502, down),
        ("admin_policy_enforced&error_description=raw", 400, admin),
        ("access_denied&error_description=AADSTS90094%3A+raw", 400, admin),
        ("%3Cscript%3Eraw%3C%2Fscript%3E&error_description=%3Cimg+src%3Dx%3E", 400, ended),
        ("raw&error_uri=https%3A%2F%2Fevil.example%2F&error_description=", 400, ended),
    ];
    for (error, status, said) in rows {
        let mut browser = Browser::new();
        let answer = door.answered(&mut browser, &format!("state={{state}}&error={error}")).await;
        assert_page(&format!("C02 {error}"), &answer, status, said, TO_SIGN_IN);
        assert!(!answer.body.contains("evil.example") && browser.session().is_none(), "C02 {error}");
    }
    assert_eq!((door.accounts().await, door.provider.exchanges()), (0, 0));
}

#[tokio::test]
async fn answers_that_belong_to_no_attempt() {
    let door = Door::open().await;
    for answer in ["code=c", "state=&code=c", "state=made-up&code=c", "state={state}x&code=c", "error=access_denied"] {
        let answered = door.answered(&mut Browser::new(), answer).await;
        assert_page(&format!("C03 {answer}"), &answered, 400, STATE, TO_SIGN_IN);
    }

    // Of another browser, of another provider, and too late.
    let ana = Account::google("ana-sub", "ana.alvarez@example.com");
    let mut browser = Browser::new();
    let query = door.provider.agree(&door.begin(&mut browser).await, &ana, None);
    assert_page("C03 another browser", &door.back(&mut Browser::new(), "google", &query).await, 400, STATE, TO_SIGN_IN);
    let mut browser = Browser::new();
    let query = door.provider.agree(&door.begin(&mut browser).await, &ana, None);
    assert_page("C03 another provider", &door.back(&mut browser, "microsoft", &query).await, 400, STATE, TO_SIGN_IN);
    let mut browser = Browser::new();
    let query = door.provider.agree(&door.begin(&mut browser).await, &ana, None);
    door.run("UPDATE oauth_attempts SET expires_at = expires_at - 11 * 60 * 1000").await;
    assert_page("C03 11 minutes old", &door.back(&mut browser, "google", &query).await, 400, STATE, TO_SIGN_IN);
    assert_eq!((door.accounts().await, door.provider.exchanges()), (0, 0));
}

/// C06: the back button after signing in is no mistake, and the page leads on.
#[tokio::test]
async fn an_answer_used_twice_leads_on_to_the_dashboard() {
    let door = Door::open().await;
    let mut browser = Browser::new();
    let page = door.begin(&mut browser).await;
    let query = door.provider.agree(&page, &Account::google("ana-sub", "ana.alvarez@example.com"), None);
    let done = door.back(&mut browser, "google", &query).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let before = door.accounts().await;

    let again = door.back(&mut browser, "google", &query).await;
    assert_page("C06", &again, 400, STATE, r#"href="/dashboard""#);
    assert!(again.body.contains("You are signed in already"), "{}", again.body);
    assert!(again.body.contains("Continue to your dashboard"), "{}", again.body);
    assert_eq!(get(&door.app, &mut browser, "/dashboard").await.status, StatusCode::OK, "and the session still stands");

    // Who copied the address is not signed in by it, and told no more than anybody.
    let stranger = door.back(&mut Browser::new(), "google", &query).await;
    assert_page("C03 used", &stranger, 400, STATE, TO_SIGN_IN);
    assert_eq!((door.accounts().await, door.provider.exchanges()), (before, 1));
}

#[tokio::test]
async fn answers_that_are_none() {
    let door = Door::open().await;
    let long = format!("state={{state}}&code={}", "c".repeat(5_000));
    let rows = [
        "state={state}",
        "state={state}&code=",
        "state={state}&code=a&code=b",
        "state={state}&state={state}&code=a",
        "state={state}&code=a&error=access_denied",
        "",
        &long,
    ];
    for row in rows {
        let answer = door.answered(&mut Browser::new(), row).await;
        assert_page(&format!("C04 {row:.60}"), &answer, 400, RESPONSE, TO_SIGN_IN);
    }
    // Longer than any address may be, so nobody reads on as far as the code.
    let answer = door.answered(&mut Browser::new(), &format!("state={{state}}&code={}", "c".repeat(10 * 1024))).await;
    assert_page("C04 10 KiB", &answer, 414, ("address_too_long", "This address is too long."), r#"href="/""#);

    let issuer = ("oauth_issuer", "The answer came from somebody else than the provider you chose.");
    for answer in ["https%3A%2F%2Faccounts.evil.example", "https%3A%2F%2Flogin.microsoftonline.com%2Fcommon%2Fv2.0", ""]
    {
        let answer = format!("state={{state}}&code=c&iss={answer}");
        assert_page(&answer, &door.answered(&mut Browser::new(), &answer).await, 400, issuer, TO_SIGN_IN);
    }
    assert_eq!((door.accounts().await, door.provider.exchanges()), (0, 0), "C05: no code is handed on");
}

type Twist = fn(&mut Value);

fn without(name: &str, answer: &mut Value) {
    answer.as_object_mut().expect("an object").remove(name);
}

#[tokio::test]
async fn exchanges_that_fail() {
    let door = Door::open().await;
    let incomplete = ("oauth_exchange", "Google did not complete the sign-in. Try again.");
    let down = ("provider_unavailable", "Google could not be reached. Nothing was changed.");
    for (status, body, said) in [
        (400, r#"{"error":"invalid_grant","error_description":"raw"}"#, incomplete),
        (401, r#"{"error":"invalid_client","error_description":"raw"}"#, incomplete),
        (200, "<html>raw</html>", incomplete),
        (200, "", incomplete),
        (500, "raw", down),
        (503, "{}", down),
    ] {
        door.provider.answer_instead(status, body);
        let mut browser = Browser::new();
        assert_page(&format!("C07 {status} {body}"), &door.agreed(&mut browser).await, 502, said, TO_SIGN_IN);
        assert!(browser.session().is_none());
    }
    let twists: [(&str, Twist); 6] = [
        ("no id token", |answer| without("id_token", answer)),
        ("no access token", |answer| without("access_token", answer)),
        ("another type", |answer| answer["token_type"] = json!("mac")),
        ("no lifetime", |answer| without("expires_in", answer)),
        ("a negative lifetime", |answer| answer["expires_in"] = json!(-5)),
        ("a lifetime in words", |answer| answer["expires_in"] = json!("soon")),
    ];
    for (what, twist) in twists {
        door.provider.twist_answer(twist);
        assert_page(&format!("C07 {what}"), &door.agreed(&mut Browser::new()).await, 502, incomplete, TO_SIGN_IN);
    }
    assert_eq!(door.accounts().await, 0);
}

#[tokio::test]
async fn id_tokens_that_are_not_for_us_now() {
    let door = Door::open().await;
    let unverified = ("oauth_token", "Google sent a sign-in that could not be verified. No account was made.");
    let claims: [(&str, Twist); 8] = [
        ("of another client", |claims| claims["aud"] = json!("another-client")),
        ("of a list without us", |claims| claims["aud"] = json!(["another-client"])),
        ("of another issuer", |claims| claims["iss"] = json!("https://accounts.evil.example")),
        ("expired", |claims| claims["exp"] = json!(1_000_000_000)),
        ("not yet valid", |claims| claims["nbf"] = json!(10_000_000_000_i64)),
        ("with another nonce", |claims| claims["nonce"] = json!("another")),
        ("without a nonce", |claims| without("nonce", claims)),
        ("of nobody", |claims| without("sub", claims)),
    ];
    for (what, twist) in claims {
        door.provider.twist_claims(twist);
        let mut browser = Browser::new();
        assert_page(&format!("C08 {what}"), &door.agreed(&mut browser).await, 401, unverified, TO_SIGN_IN);
        assert!(browser.session().is_none());
    }
    let headers: [(&str, Twist); 3] = [
        ("unsigned", |header| header["alg"] = json!("none")),
        ("signed with what is public", |header| header["alg"] = json!("HS256")),
        ("of an unknown key", |header| header["kid"] = json!("k2")),
    ];
    for (what, twist) in headers {
        door.provider.twist_header(twist);
        assert_page(&format!("C08 {what}"), &door.agreed(&mut Browser::new()).await, 401, unverified, TO_SIGN_IN);
    }
    assert_eq!(door.accounts().await, 0);
}

/// C13: says what is missing, and how to get it.
#[tokio::test]
async fn access_that_would_not_last() {
    let door = Door::open().await;
    door.provider.grant_no_refresh_tokens();
    let lasting = "Google did not grant lasting access, so the calendar would stop working within the hour.";
    let mut browser = Browser::new();
    let answer = door.agreed(&mut browser).await;
    assert_page("C13", &answer, 409, ("offline_access_missing", lasting), TO_SIGN_IN);
    let remedy = "Remove Convene at myaccount.google.com/permissions, then sign in again and allow access.";
    assert!(answer.body.contains(remedy), "{}", answer.body);
    assert_eq!((door.accounts().await, browser.session()), (0, None));
}
