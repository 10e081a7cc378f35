//! Connecting a calendar that a password opens, on its page.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    extract::{Request as Asked, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use convene::{
    calendars::{CalendarError, Provider},
    connections::{self, Connection, tokens::AccessError},
    store::{entities::connections as rows, words::ConnectionStatus},
};
use sea_orm::EntityTrait;

use super::*;

/// `Basic mei@icloud.example:kumo-asag`
const RIGHT: &str = "Basic bWVpQGljbG91ZC5leGFtcGxlOmt1bW8tYXNhZw==";
const FORM: &str = "user=mei%40icloud.example&password=kumo-asag&server=";

/// An iCloud with one account and one calendar.
#[derive(Default)]
struct Icloud {
    /// No password is right any more.
    revoked: Mutex<bool>,
    asked: AtomicUsize,
}

async fn answer(State(icloud): State<Arc<Icloud>>, headers: HeaderMap, request: Asked) -> Response {
    icloud.asked.fetch_add(1, Ordering::SeqCst);
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    if authorization != Some(RIGHT) || *icloud.revoked.lock().expect("no panic") {
        let offers = "X-MobileMe-AuthToken realm=\"MMCalDav\", Basic realm=\"MMCalDav\"";
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", offers)]).into_response();
    }
    let depth = headers.get("depth").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let response = |href: &str, properties: &str| {
        format!(
            "<response><href>{href}</href><propstat><prop>{properties}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        )
    };
    let body = match (request.method().as_str(), request.uri().path(), depth) {
        ("PROPFIND", "/", "0") => {
            response("/principal/", "<current-user-principal><href>/123/principal/</href></current-user-principal>")
        }
        ("PROPFIND", "/123/principal/", "0") => {
            let home = "<C:calendar-home-set><href>/123/calendars/</href></C:calendar-home-set>";
            response("/principal/", home)
        }
        ("PROPFIND", "/123/calendars/", "1") => {
            let rights = "<current-user-privilege-set><privilege><write/></privilege></current-user-privilege-set>";
            let calendar = format!(
                "<resourcetype><collection/><C:calendar/></resourcetype><displayname>Privat</displayname>{rights}"
            );
            response("/123/calendars/", "<resourcetype><collection/></resourcetype>")
                + &response("/123/calendars/home/", &calendar)
        }
        ("REPORT", "/123/calendars/home/", "1") => String::new(),
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    let spaces = "xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"";
    (StatusCode::MULTI_STATUS, format!("<multistatus {spaces}>{body}</multistatus>")).into_response()
}

/// Somebody who signed up at Google, and an iCloud beside it.
async fn signed_up() -> (AppState, Router, Browser, Arc<Icloud>) {
    let icloud = Arc::new(Icloud::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let apple = format!("http://{}", listener.local_addr().expect("bound"));
    let router_of_apple = Router::new().fallback(answer).with_state(icloud.clone());
    tokio::spawn(async move { axum::serve(listener, router_of_apple).await });
    let provider = FakeProvider::start(Arc::new(FixedClock::at(Utc::now()))).await;
    let google = provider.origin.as_str().trim_end_matches('/').to_owned();
    let config = config(&[
        ("GOOGLE_CLIENT_ID", CLIENT_ID),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
        ("GOOGLE_BASE_URL", &google),
        ("APPLE_BASE_URL", &apple),
    ]);
    let state = state(config).await;
    let (app, mut browser) = (router(state.clone()), Browser::new());
    let begun = post(&app, &mut browser, "/auth/google", "zone=Asia%2FTokyo").await;
    let account = Account::google("mei-sub", "mei@example.com");
    let query = provider.agree(&begun.header("location").parse().expect("a page"), &account, None);
    get(&app, &mut browser, &format!("/auth/google/callback?{query}")).await;
    (state, app, browser, icloud)
}

async fn apple_of(state: &AppState, member: &Member) -> Connection {
    let found = connections::of_people(state.store.reader(), member.org, &[member.person]).await.expect("read");
    found.into_values().flatten().find(|one| one.provider == Provider::Apple).expect("connected")
}

#[tokio::test]
async fn a_password_connects_a_calendar_until_it_is_refused() {
    let (state, app, mut browser, icloud) = signed_up().await;
    let page = get(&app, &mut browser, "/settings/calendar").await;
    assert!(page.body.contains(r#"href="/settings/calendar/apple""#), "{}", page.body);
    let form = get(&app, &mut browser, "/settings/calendar/apple").await;
    assert!(
        form.body.contains("app-specific password") && form.body.contains("https://account.apple.com"),
        "{}",
        form.body
    );

    let done = post(&app, &mut browser, "/settings/calendar/apple", FORM).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, "/settings/calendar?news=connected"),
        "{}",
        done.body
    );
    let me = member(&state, &browser).await;
    let connection = apple_of(&state, &me).await;
    assert_eq!((connection.status, connection.last_error.as_str()), (ConnectionStatus::Active, ""));
    assert_eq!(connection.account_email, "mei@icloud.example");
    assert!(connection.can(connections::Need::ReadBusy) && connection.can(connections::Need::WriteEvents));
    let rows = rows::Entity::find().all(state.store.reader()).await.expect("read");
    assert!(!format!("{rows:?}").contains("kumo-asag"), "sealed");
    let page = get(&app, &mut browser, "/settings/calendar").await;
    assert!(page.body.contains("mei@icloud.example"), "{}", page.body);

    *icloud.revoked.lock().expect("no panic") = true;
    let before = icloud.asked.load(Ordering::SeqCst);
    let client = state.services.calendars.get(Provider::Apple).expect("set up").calendar.clone();
    let call = connections::tokens::with_access(&state.services, me.org, connection.id, |token| {
        let client = client.clone();
        async move { client.calendars(&token).await }
    });
    assert!(matches!(call.await, Err(AccessError::Expired)));
    assert_eq!(icloud.asked.load(Ordering::SeqCst) - before, 1, "a refused password is not tried again");
    assert_eq!(apple_of(&state, &me).await.status, ConnectionStatus::Expired);
    let again = connections::tokens::with_access(&state.services, me.org, connection.id, |_| async {
        Ok::<_, CalendarError>(())
    });
    assert!(matches!(again.await, Err(AccessError::Expired)));

    *icloud.revoked.lock().expect("no panic") = false;
    post(&app, &mut browser, "/settings/calendar/apple", FORM).await;
    assert_eq!(apple_of(&state, &me).await.status, ConnectionStatus::Active);
    let ended = post(&app, &mut browser, "/settings/calendar/apple/disconnect", "").await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.body);
    assert_eq!(apple_of(&state, &me).await.status, ConnectionStatus::Inactive);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_the_password_is_not() {
    let (state, app, mut browser, icloud) = signed_up().await;
    for (form, status, code) in [
        ("user=&password=secret-word&server=", 422, "user_missing"),
        ("user=a%3Ab&password=secret-word&server=", 422, "user_missing"),
        ("user=mei&password=&server=", 422, "password_missing"),
        ("user=mei&password=secret-word&server=", 422, "dav_login"),
        ("user=mei&password=secret-word&server=http%3A%2F%2F10.0.0.1%2F", 422, "url_not_allowed"),
        ("user=mei&password=secret-word&server=https%3A%2F%2F169.254.169.254%2F", 422, "url_not_allowed"),
        ("user=mei&password=secret-word&server=https%3A%2F%2F3232235777%3A8443%2F", 422, "url_not_allowed"),
        ("user=mei&password=secret-word&server=https%3A%2F%2Fx%3Ay%40dav.example.com", 422, "url_not_allowed"),
        ("user=mei&password=secret-word&server=localhost", 422, "url_not_allowed"),
        ("user=mei&password=secret-word&server=&more=1", 422, "unknown_field"),
    ] {
        let before = icloud.asked.load(Ordering::SeqCst);
        let answer = post(&app, &mut browser, "/settings/calendar/apple", form).await;
        assert_eq!(answer.status.as_u16(), status, "{form}: {}", answer.body);
        assert!(answer.body.contains(&format!("data-code=\"{code}\"")), "{form}: {}", answer.body);
        assert!(!answer.body.contains("secret-word"), "{form}");
        let tries = usize::from(code == "dav_login");
        assert_eq!(icloud.asked.load(Ordering::SeqCst) - before, tries, "{form}");
    }
    let me = member(&state, &browser).await;
    let found = connections::of_people(state.store.reader(), me.org, &[me.person]).await.expect("read");
    assert!(found.into_values().flatten().all(|one| one.provider != Provider::Apple));
}

#[tokio::test]
async fn switched_off_there_is_no_such_page() {
    let provider = FakeProvider::start(Arc::new(FixedClock::at(Utc::now()))).await;
    let google = provider.origin.as_str().trim_end_matches('/').to_owned();
    let config = config(&[
        ("GOOGLE_CLIENT_ID", CLIENT_ID),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
        ("GOOGLE_BASE_URL", &google),
        ("CALDAV", "off"),
    ]);
    let (app, mut browser) = (router(state(config).await), Browser::new());
    let begun = post(&app, &mut browser, "/auth/google", "zone=Asia%2FTokyo").await;
    let account = Account::google("mei-sub", "mei@example.com");
    let query = provider.agree(&begun.header("location").parse().expect("a page"), &account, None);
    get(&app, &mut browser, &format!("/auth/google/callback?{query}")).await;
    let page = get(&app, &mut browser, "/settings/calendar").await;
    assert!(page.status == StatusCode::OK && !page.body.contains("Apple"), "{}", page.body);
    assert_eq!(get(&app, &mut browser, "/settings/calendar/apple").await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&app, &mut browser, "/settings/calendar/apple", FORM).await.status, StatusCode::NOT_FOUND);
}
