//! Cases that only make sense with a server behind the client.

use chrono::{TimeDelta, TimeZone, Utc};
use convene::calendars::changes::Cursor;
use convene::calendars::http::Http;
use convene::calendars::identity::IdVerifier;
use convene::calendars::oauth::{
    AuthorizeRequest, ClientSecret, OAuthClient, OAuthError, Pkce, RefreshToken, Revocation, ScopeSet, TokenSet,
    missing,
};
use convene::calendars::{AccessToken, Account, CalendarError, Colleague, Provider};
use convene::scheduling::interval::Interval;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::super::sandbox::{CLIENT_ID, CLIENT_SECRET};
use super::super::{Stands, at, draft, span};
use super::{Cast, Stage, VendorStage, people};

fn stale(stage: &VendorStage) -> &'static str {
    match stage.cast.provider() {
        Provider::Google => "conditionNotMet",
        Provider::Microsoft | Provider::Apple => "etag.conflict",
    }
}

pub async fn a_conflict_is_settled_once(stage: &VendorStage) {
    let mut draft = draft(stage, "conflict");
    let put = async |draft: &_, last| stage.calendar().put(stage.token(), "primary", draft, last).await;
    let first = put(&draft, None).await.expect("placed");
    draft.span = span(at(16, 0), 45);
    let fault = |times: u32| json!({ "kind": stale(stage), "times": times, "match": { "method": "PATCH" } });
    stage.fault(fault(1)).await;
    let second = put(&draft, Some(&first)).await.expect("applied once more");
    let seen = stage.calendar().find(stage.token(), "primary", &draft, Some(&second)).await.expect("an answer");
    assert_eq!(seen.and_then(|event| event.span), Some(draft.span));
    draft.span = span(at(18, 0), 45);
    stage.fault(fault(2)).await;
    let outcome = put(&draft, Some(&second)).await;
    assert!(matches!(outcome, Err(CalendarError::Conflict { etag: Some(_) })), "{outcome:?}");
}

pub async fn a_missing_permission_is_named(stage: &VendorStage) {
    let draft = draft(stage, "forbidden");
    let provider = stage.cast.provider();
    let (scopes, expected) = match provider {
        Provider::Google => (["https://www.googleapis.com/auth/calendar.freebusy"], "calendar.events"),
        Provider::Microsoft | Provider::Apple => (["Calendars.Read"], "Calendars.ReadWrite"),
    };
    let token = AccessToken::new(stage.sandbox.token(provider, &stage.account().email, &scopes).await);
    let outcome = stage.calendar().put(&token, "primary", &draft, None).await;
    assert_eq!(outcome, Err(CalendarError::PermissionMissing(vec![expected.to_owned()])));
    let busy = stage.calendar().busy(&token, stage.account(), &[], draft.span).await;
    assert_eq!(busy, Ok(vec![]), "an interviewer's permission is enough for this");
}

/// An interviewer lets us see when they are busy at most; at Microsoft that is to read.
pub async fn without_permission_nothing_is_told(stage: &VendorStage) {
    let provider = stage.cast.provider();
    let (scopes, expected) = match provider {
        Provider::Google => (["https://www.googleapis.com/auth/calendar.freebusy"], "calendar.events"),
        Provider::Microsoft | Provider::Apple => (["User.Read"], "Calendars.Read"),
    };
    let token = AccessToken::new(stage.sandbox.token(provider, &stage.account().email, &scopes).await);
    let missing = CalendarError::PermissionMissing(vec![expected.to_owned()]);
    let window = span(at(0, 0), 24 * 60);
    assert_eq!(stage.calendar().changes(&token, "primary", None, window).await, Err(missing.clone()));
    assert_eq!(stage.calendar().ours(&token, "primary", window).await, Err(missing.clone()));
    let hook = stage.hook().expect("both push");
    assert_eq!(stage.calendar().watch(&token, "primary", &hook).await, Err(missing));
}

/// Graph has several words for it.
pub async fn a_token_that_is_none_any_more_is_known(stage: &VendorStage) {
    let window = span(at(0, 0), 24 * 60);
    let read =
        async |since: Option<Cursor>| stage.calendar().changes(stage.token(), "primary", since.as_ref(), window).await;
    for reason in ["SyncStateNotFound", "resyncRequired", "InvalidDeltaToken"] {
        let first = read(None).await.expect("the calendar answers");
        let body = json!({ "provider": "microsoft", "account": stage.account().email, "reason": reason });
        stage.sandbox.tell("cursors/expire", body).await;
        assert_eq!(read(Some(first.cursor)).await, Err(CalendarError::CursorGone), "{reason}");
    }
    let first = read(None).await.expect("the calendar answers");
    // The link of another API is never followed.
    let elsewhere = Cursor { text: "https://graph.example/v1.0/me/calendarView/delta".to_owned(), reaches: None };
    assert_eq!(read(Some(elsewhere)).await, Err(CalendarError::CursorGone));
    assert!(read(Some(first.cursor)).await.is_ok_and(|later| later.cursor.reaches == Some(window.end())));
}

pub async fn a_failed_calendar_is_an_error(stage: &VendorStage) {
    let ask = async || stage.calendar().busy(stage.token(), stage.account(), &[], span(at(8, 0), 60)).await;
    let fault = |reason: &str| json!({ "kind": "calendar_error", "calendar": stage.account().email, "reason": reason, "times": 1 });
    stage.fault(fault("internalError")).await;
    assert!(matches!(ask().await, Err(CalendarError::Unavailable(_))));
    stage.fault(fault("notFound")).await;
    assert_eq!(ask().await, Err(CalendarError::Gone));
    assert_eq!(ask().await, Ok(vec![]));
}

pub async fn an_all_day_entry_takes_its_owners_day(stage: &VendorStage) {
    let midnight = |day: &str| json!({ "dateTime": format!("{day}T00:00:00"), "timeZone": "UTC" });
    let body = json!({
        "subject": "Away", "isAllDay": true, "showAs": "oof",
        "start": midnight("2031-03-06"), "end": midnight("2031-03-07"),
    });
    people::ask(stage, stage.token(), Method::POST, "me/calendar/events", Some(body)).await;
    let instant = |day, hour| Utc.with_ymd_and_hms(2031, 3, day, hour, 0, 0).single().expect("an instant");
    let window = Interval::new(instant(4, 0), instant(9, 0)).expect("a window");
    for (zone, from, to) in [
        (Some(chrono_tz::America::New_York), instant(6, 5), instant(7, 5)),
        (Some(chrono_tz::Europe::Berlin), instant(5, 23), instant(6, 23)),
        (None, instant(5, 10), instant(7, 12)),
    ] {
        let account = Account { zone, ..stage.account().clone() };
        let busy = stage.calendar().busy(stage.token(), &account, &[], window).await;
        assert_eq!(busy, Ok(vec![Interval::new(from, to).expect("a day")]), "{zone:?}");
        // A window inside the owner's day meets it too, whatever zone the server selects by.
        let evening = Interval::new(to - TimeDelta::hours(2), to - TimeDelta::hours(1)).expect("an hour");
        let busy = stage.calendar().busy(stage.token(), &account, &[], evening).await;
        assert_eq!(busy, Ok(vec![evening]), "{zone:?}");
    }
}

/// A person at the consent page, without JavaScript: picks the account and allows these scopes.
async fn consent(stage: &VendorStage, authorize: &Url, grant: Option<ScopeSet>) -> Vec<(String, String)> {
    let browser =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let page = browser.get(authorize.clone()).send().await.expect("a page").text().await.expect("a page");
    let value = |attribute: &str| {
        let start = page.find(attribute).unwrap_or_else(|| panic!("no {attribute} in {page}")) + attribute.len();
        page[start..].split('"').next().expect("a quoted value").to_owned()
    };
    let action = authorize.join(&value("action=\"")).expect("a form's address");
    let mut form = vec![
        ("request".to_owned(), value("name=\"request\" value=\"")),
        ("account".to_owned(), stage.account().email.clone()),
        ("decision".to_owned(), if grant.is_some() { "allow" } else { "deny" }.to_owned()),
    ];
    for scope in grant.map(|set| set.scopes(stage.cast.provider())).unwrap_or_default() {
        // The page names Microsoft's permissions in the spelling it likes best.
        for spelling in [(*scope).to_owned(), format!("https://graph.microsoft.com/{scope}")] {
            form.push(("scope".to_owned(), spelling));
        }
    }
    let answer = browser.post(action).form(&form).send().await.expect("a redirect");
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(location) = location else {
        panic!("no way back: {}", answer.text().await.unwrap_or_default());
    };
    location.parse::<Url>().expect("a url").query_pairs().into_owned().collect()
}

pub async fn the_code_flow(stage: &VendorStage) {
    let client = OAuthClient::new(Http::new(), stage.endpoints(), CLIENT_ID, ClientSecret::new(CLIENT_SECRET));
    let redirect: Url = "http://127.0.0.1:3000/auth/callback".parse().expect("a url");
    let pkce = Pkce::generate();
    let request = |scopes| AuthorizeRequest {
        redirect_uri: redirect.clone(),
        state: "st-1".to_owned(),
        nonce: "no-1".to_owned(),
        pkce_challenge: pkce.challenge.clone(),
        scopes,
        login_hint: None,
        prompt: None,
    };
    let field = |answer: &[(String, String)], name: &str| {
        answer.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone())
    };

    let denied = consent(stage, &client.authorize_url(&request(ScopeSet::Coordinator)), None).await;
    assert_eq!(
        (field(&denied, "error").as_deref(), field(&denied, "state").as_deref()),
        (Some("access_denied"), Some("st-1"))
    );

    let back =
        consent(stage, &client.authorize_url(&request(ScopeSet::Coordinator)), Some(ScopeSet::Coordinator)).await;
    assert_eq!(field(&back, "state").as_deref(), Some("st-1"));
    let code = field(&back, "code").expect("a code");
    let wrong = client.exchange(&code, &Pkce::generate().verifier, &redirect).await;
    assert!(matches!(wrong, Err(OAuthError::InvalidGrant)), "{wrong:?}");

    let back =
        consent(stage, &client.authorize_url(&request(ScopeSet::Coordinator)), Some(ScopeSet::Coordinator)).await;
    let code = field(&back, "code").expect("a code");
    let tokens = client.exchange(&code, &pkce.verifier, &redirect).await.expect("tokens");
    let again = client.exchange(&code, &pkce.verifier, &redirect).await;
    assert!(matches!(again, Err(OAuthError::InvalidGrant)), "{again:?}");
    assert_eq!(missing(stage.cast.provider(), &tokens.scopes, ScopeSet::Coordinator), []);

    let verifier = IdVerifier::new(Http::new(), stage.endpoints(), CLIENT_ID);
    let id_token = tokens.id_token.as_ref().expect("an id token");
    let person = verifier.verify(id_token, "no-1", Utc::now()).await.expect("who it is");
    assert_eq!(person.email.as_deref(), Some(stage.account().email.as_str()));
    assert_eq!(person.personal, stage.cast == Cast::OutlookPersonal);
    assert!(verifier.verify(id_token, "no-2", Utc::now()).await.is_err());

    use_and_end(stage, &client, tokens).await;

    let back = consent(stage, &client.authorize_url(&request(ScopeSet::Coordinator)), Some(ScopeSet::SignIn)).await;
    if stage.cast.provider() == Provider::Google {
        // Boxes can be unticked at Google: success with less than was asked for.
        let code = field(&back, "code").expect("a code");
        let tokens = client.exchange(&code, &pkce.verifier, &redirect).await.expect("tokens");
        let missing = missing(Provider::Google, &tokens.scopes, ScopeSet::Coordinator);
        assert_eq!(missing.len(), 3, "{missing:?}");
    }
    let other = OAuthClient::new(Http::new(), stage.endpoints(), CLIENT_ID, ClientSecret::new("wrong"));
    let outcome = other.refresh(&RefreshToken::new("made up")).await;
    assert!(matches!(outcome, Err(OAuthError::ClientMisconfigured(_))), "{outcome:?}");
}

/// The tokens work, give new ones, and stop when revoked.
async fn use_and_end(stage: &VendorStage, client: &OAuthClient, tokens: TokenSet) {
    let refresh = tokens.refresh.clone().expect("a refresh token");
    assert!(stage.calendar().calendars(&tokens.access).await.is_ok());
    let next = client.refresh(&refresh).await.expect("new tokens");
    assert_ne!(next.access, tokens.access);
    assert_eq!(next.refresh.is_some(), stage.cast.provider() == Provider::Microsoft, "who rotates");
    assert!(stage.calendar().calendars(&next.access).await.is_ok());
    let revoked = client.revoke(&refresh).await.expect("an answer");
    match stage.cast.provider() {
        Provider::Google => {
            assert_eq!(revoked, Revocation::Done);
            assert_eq!(client.revoke(&refresh).await, Ok(Revocation::Done), "twice is once");
            assert_eq!(stage.calendar().calendars(&next.access).await, Err(CalendarError::SignInExpired));
        }
        Provider::Microsoft | Provider::Apple => {
            assert_eq!(revoked, Revocation::NotOffered);
            stage.kill_the_sign_in().await;
        }
    }
    let outcome = client.refresh(&refresh).await;
    assert!(matches!(outcome, Err(OAuthError::InvalidGrant)), "{outcome:?}");
}

/// Google takes 50 calendars in one call, Graph 20 in one batch; each calendar answers for itself.
pub async fn many_calendars_are_few_calls(stage: &VendorStage) {
    stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    let mut asked = vec!["primary".to_owned()];
    asked.extend((1..120).map(|number| format!("AQMkADAwATM0nobody-knows-{number}")));
    let before = calls(stage).await;
    let window = span(at(6, 0), 6 * 60);
    let heard = stage.calendar().busy_each(stage.token(), stage.account(), &asked, window).await.expect("heard");
    let calls = calls(stage).await - before;
    assert_eq!(calls, if stage.cast.provider() == Provider::Google { 3 } else { 6 });
    assert_eq!(heard.len(), 120);
    for (calendar, one) in heard {
        match calendar.as_str() {
            "primary" => assert_eq!(one.as_deref(), Ok([span(at(8, 0), 60)].as_slice())),
            _ => assert!(matches!(one, Err(CalendarError::Gone | CalendarError::Rejected(_))), "{calendar}: {one:?}"),
        }
    }
}

/// How often our client asked for busy times.
async fn calls(stage: &VendorStage) -> usize {
    let recorded = stage.sandbox.look("requests").await;
    let requests = recorded["requests"].as_array().expect("a list of requests");
    let asks = |request: &&Value| {
        let path = request["path"].as_str().unwrap_or_default();
        let ours = request["headers"]["user-agent"].as_str().is_some_and(|agent| agent.starts_with("convene/"));
        ours && ["/freeBusy", "/$batch", "/getSchedule"].iter().any(|end| path.ends_with(end))
    };
    requests.iter().filter(asks).count()
}

/// The organisation's own token, after its administrator agreed; at Google it acts as the host.
async fn organisation(stage: &VendorStage) -> AccessToken {
    let client = client(stage);
    let lent = match stage.cast.provider() {
        Provider::Google => {
            let account = service_account(stage).await;
            let refused = client.acting_as(&account, &stage.account().email, Utc::now()).await;
            assert_eq!(refused.err(), Some(OAuthError::AdminApproval), "nothing was delegated yet");
            let scopes = json!({ "scopes": [convene::calendars::oauth::organisation::FREE_BUSY] });
            stage.sandbox.tell("google/delegation", scopes).await;
            client.acting_as(&account, &stage.account().email, Utc::now()).await
        }
        Provider::Microsoft | Provider::Apple => {
            let tenant = tenant(stage).await;
            assert_eq!(client.of_tenant(tenant).await.err(), Some(OAuthError::AdminApproval), "nobody agreed yet");
            stage.sandbox.tell("microsoft/consent", json!({})).await;
            client.of_tenant(tenant).await
        }
    };
    lent.expect("a token").access
}

fn client(stage: &VendorStage) -> OAuthClient {
    OAuthClient::new(Http::new(), stage.endpoints(), CLIENT_ID, ClientSecret::new(CLIENT_SECRET))
}

async fn service_account(stage: &VendorStage) -> convene::calendars::oauth::ServiceAccount {
    let file = stage.sandbox.look("google/service-account").await;
    client(stage).read_key_file(&file.to_string()).expect("a key file as Google hands it out")
}

async fn tenant(stage: &VendorStage) -> uuid::Uuid {
    let all = stage.sandbox.look("accounts").await;
    let accounts = all["accounts"].as_array().expect("a list of accounts");
    let host = accounts.iter().find(|one| one["email"] == stage.account().email).expect("the host");
    host["tenant"].as_str().and_then(|tenant| tenant.parse().ok()).expect("a work tenant")
}

fn colleague(address: &str) -> Colleague {
    Colleague { address: address.to_owned(), zone: Some(chrono_tz::Europe::Berlin) }
}

pub async fn an_organisation_tells_of_its_people_and_of_nobody_else(stage: &VendorStage) {
    stage.add_entry(Stands::Busy, span(at(9, 0), 30)).await;
    stage.add_entry(Stands::Tentative, span(at(10, 0), 30)).await;
    stage.add_entry(Stands::Transparent, span(at(11, 0), 30)).await;
    let token = organisation(stage).await;
    let nobody = format!("nobody@{}", stage.account().email.split('@').next_back().expect("a domain"));
    let people = [&nobody, "zoe.park@gmail.example", &stage.account().email, stage.guest()].map(colleague);
    let window = span(at(6, 0), 10 * 60);
    let heard = stage.calendar().busy_of(&token, &people, window).await.expect("heard");
    let of =
        |address: &str| heard.iter().find(|(one, _)| one.eq_ignore_ascii_case(address)).map(|(_, one)| one.clone());
    assert_eq!(of(&nobody), Some(Err(CalendarError::Gone)), "never free");
    assert_eq!(of("zoe.park@gmail.example"), Some(Err(CalendarError::Gone)), "never free");
    assert_eq!(of(&stage.account().email), Some(Ok(vec![span(at(9, 0), 30), span(at(10, 0), 30)])));
    assert_eq!(of(stage.guest()), Some(Ok(vec![])));
    assert_eq!(heard.len(), people.len());
    // The same as the host hears by themselves, over months.
    let months = span(at(9, 0) - TimeDelta::days(90), 150 * 24 * 60);
    let own = stage.calendar().busy(stage.token(), stage.account(), &[], months).await;
    let host = [colleague(&stage.account().email)];
    let told = stage.calendar().busy_of(&token, &host, months).await.expect("heard").remove(0).1;
    assert_eq!(told, own);
}

pub async fn many_people_are_few_calls(stage: &VendorStage) {
    let token = organisation(stage).await;
    stage.add_entry(Stands::Busy, span(at(9, 0), 30)).await;
    let mut people: Vec<Colleague> = (0..44).map(|n| colleague(&format!("p{n}@example.com"))).collect();
    people.insert(0, colleague(&stage.account().email));
    let before = calls(stage).await;
    let heard = stage.calendar().busy_of(&token, &people, span(at(6, 0), 6 * 60)).await.expect("heard");
    let calls = calls(stage).await - before;
    assert_eq!(calls, if stage.cast.provider() == Provider::Google { 1 } else { 3 });
    let known = heard.iter().filter(|(_, one)| one.is_ok()).count();
    assert_eq!((heard.len(), known), (45, 1));
}

pub async fn what_an_organisation_refuses_is_unknown(stage: &VendorStage) {
    let token = organisation(stage).await;
    let host = [colleague(&stage.account().email)];
    let ask = async || stage.calendar().busy_of(&token, &host, span(at(6, 0), 60)).await;
    assert_eq!(ask().await.map(|heard| heard[0].1.clone()), Ok(Ok(vec![])));
    stage.fault(json!({ "kind": "status", "status": 429, "retry_after": 7, "times": 1 })).await;
    let limited = ask().await.map(|heard| heard[0].1.clone());
    let wait = Some(std::time::Duration::from_secs(7));
    assert_eq!(limited, Ok(Err(CalendarError::RateLimited { retry_after: wait })));
    stage.fault(json!({ "kind": "status", "status": 503, "times": 1 })).await;
    assert!(matches!(ask().await.map(|heard| heard[0].1.clone()), Ok(Err(CalendarError::Unavailable(_)))));
    stage
        .fault(json!({ "kind": "calendar_error", "calendar": host[0].address, "reason": "internalError", "times": 1 }))
        .await;
    assert!(matches!(ask().await.map(|heard| heard[0].1.clone()), Ok(Err(CalendarError::Unavailable(_)))));
    if stage.cast.provider() == Provider::Microsoft {
        stage.sandbox.tell("microsoft/access-policy", json!({ "shut_out": [host[0].address] })).await;
        assert!(matches!(ask().await.map(|heard| heard[0].1.clone()), Ok(Err(CalendarError::PermissionMissing(_)))));
    }
    stage.fault(json!({ "kind": "expire_tokens" })).await;
    assert_eq!(ask().await, Err(CalendarError::SignInExpired));
}
