//! What no browser of ours would send gets its stated error: status, stable code, a sentence and a reference.
//! The rows are those of the bad-input catalogue that concern every route (U04-U12, B07, B08, B21-B24).

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use crate::support::{HOST, app, ask, config, state};
use axum::{
    Router,
    body::{Body, Bytes},
    http::Request,
};
use convene::{
    shutdown::Shutdown,
    web::{serve::serve, server::router},
};
use hyper::body::Frame;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// method, target, headers, body, status, code
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

fn build((method, target, headers, body, ..): &Row<'_>) -> Request<Body> {
    let mut request = Request::builder().method(*method).uri(*target);
    for (name, value) in *headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_vec())).expect("a request")
}

async fn assert_rows(app: &Router, rows: &[Row<'_>]) {
    for row in rows {
        let (method, target, headers, body, status, code) = row;
        let shown: String = format!("{method} {target:.50} {headers:.90?} {:.40}", String::from_utf8_lossy(body));
        let answer = ask(app, build(row)).await;
        assert_eq!(answer.status.as_u16(), *status, "{shown}: {}", answer.body);
        assert_eq!(answer.code(), *code, "{shown}: {}", answer.body);
        let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("problem details");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{shown}");
        assert_eq!(problem["status"], *status, "{shown}");
        assert_eq!(problem["request_id"], answer.header("x-request-id"), "{shown}");
        let sentence = problem["title"].as_str().unwrap_or_default();
        assert!(sentence.ends_with('.') && sentence.len() > 15, "{shown}: a sentence, not {sentence:?}");
        if *status == 405 {
            assert!(!answer.header("allow").is_empty(), "{shown}: 405 says what is allowed");
        }
    }
}

#[tokio::test]
async fn addresses_hosts_and_headers() {
    let long = format!("/{}", "a".repeat(16 * 1024));
    let cookies = (0..300).map(|n| format!("name-number-{n}=value; ")).collect::<String>();
    let big_cookie = format!("a={}", "b".repeat(8 * 1024));
    let big_header = "x".repeat(17 * 1024);
    let rows: &[Row<'_>] = &[
        // U04: methods
        ("TRACE", "/", &[], b"", 405, "method_not_allowed"),
        ("PROPFIND", "/", &[], b"", 405, "method_not_allowed"),
        ("OPTIONS", "/", &[], b"", 405, "method_not_allowed"),
        ("BREW", "/nowhere", &[], b"", 405, "method_not_allowed"),
        ("POST", "/healthz", &[], b"", 405, "method_not_allowed"),
        ("DELETE", "/signin", &[], b"", 405, "method_not_allowed"),
        // U05: paths
        ("GET", "//", &[], b"", 404, "not_found"),
        ("GET", "//signin", &[], b"", 404, "not_found"),
        ("GET", "/./signin", &[], b"", 404, "not_found"),
        ("GET", "/signin/../healthz", &[], b"", 404, "not_found"),
        ("GET", "/pkg/../../Cargo.toml", &[], b"", 404, "not_found"),
        ("GET", "/pkg/%2e%2e/%2e%2e/Cargo.toml", &[], b"", 404, "not_found"),
        ("GET", "/book/..%2fadmin", &[], b"", 404, "not_found"),
        ("GET", "/book/a%5cb", &[], b"", 404, "not_found"),
        ("GET", "/signin%c0%af", &[], b"", 404, "not_found"),
        ("GET", "/book/%00", &[], b"", 404, "not_found"),
        ("GET", &long, &[], b"", 414, "address_too_long"),
        ("GET", "/signin?a=%ff", &[], b"", 400, "invalid_utf8"),
        ("GET", "/signin?a=%00", &[], b"", 400, "invalid_character"),
        // U06: hosts
        ("GET", "/", &[("host", "evil.example")], b"", 421, "unknown_host"),
        ("GET", "/", &[("host", "127.0.0.1:3000.evil.example")], b"", 421, "unknown_host"),
        ("GET", "/", &[("host", "127.0.0.1:8080")], b"", 421, "unknown_host"),
        ("GET", "/", &[("host", HOST), ("host", "evil.example")], b"", 400, "host_invalid"),
        ("GET", "/", &[("x-no-host", "1")], b"", 400, "host_invalid"),
        ("GET", "http://evil.example/", &[("host", HOST)], b"", 421, "unknown_host"),
        // C14: a provider's answer that reaches another name
        ("GET", "/auth/google/callback?code=c&state=s", &[("host", "evil.example")], b"", 421, "unknown_host"),
        // What a proxy would say is no host of ours either.
        ("GET", "/", &[("host", "evil.example"), ("x-forwarded-host", HOST)], b"", 421, "unknown_host"),
        // U09: cookies and headers
        ("GET", "/", &[("cookie", &cookies)], b"", 400, "cookies_too_large"),
        ("GET", "/", &[("cookie", &big_cookie)], b"", 400, "cookies_too_large"),
        ("GET", "/", &[("x-filler", &big_header)], b"", 431, "headers_too_large"),
    ];
    assert_rows(&app().await, rows).await;
}

#[tokio::test]
async fn what_another_site_sends_is_not_carried_out() {
    let target = "/auth/google";
    let rows: &[Row<'_>] = &[
        // U10
        ("POST", target, &[FORM, ("origin", "https://evil.example")], b"", 403, "cross_site"),
        ("POST", target, &[FORM, ("origin", "null")], b"", 403, "cross_site"),
        ("POST", target, &[FORM, ("sec-fetch-site", "cross-site")], b"", 403, "cross_site"),
        ("POST", target, &[FORM, ("sec-fetch-site", "same-site")], b"", 403, "cross_site"),
        (
            "POST",
            target,
            &[FORM, ("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:3000")],
            b"",
            403,
            "cross_site",
        ),
        ("POST", target, &[FORM, ("origin", "http://127.0.0.1:3000.evil.example")], b"", 403, "cross_site"),
        ("PUT", "/", &[FORM, ("sec-fetch-site", "cross-site")], b"", 403, "cross_site"),
        ("DELETE", "/", &[("origin", "https://evil.example")], b"", 403, "cross_site"),
    ];
    let app = app().await;
    assert_rows(&app, rows).await;

    // Our own pages, and programs that are no browsers, get through to the route.
    for headers in
        [&[("sec-fetch-site", "same-origin"), ("origin", "null")][..], &[("origin", "http://127.0.0.1:3000")], &[]]
    {
        let answer = ask(&app, build(&("POST", "/healthz", headers, b"", 0, ""))).await;
        assert_eq!(answer.status.as_u16(), 405, "{headers:?}");
    }
    // The pages of a link tell no referrer, so older browsers send their forms with a hidden origin. Nowhere else, and a browser
    // that says more is believed.
    for path in ["/book/some-token", "/book/some-token/move", "/book/some-token/cancel"] {
        let hidden = [FORM, ("origin", "null")];
        let answer = ask(&app, build(&("POST", path, &hidden, b"", 0, ""))).await;
        assert_ne!(answer.status.as_u16(), 403, "{path}: {}", answer.body);
        for told in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
            let answer = ask(&app, build(&("POST", path, &[FORM, ("origin", "null"), told], b"", 0, ""))).await;
            assert_eq!(answer.code(), "cross_site", "{path} {told:?}");
        }
        let foreign = [FORM, ("origin", "https://evil.example")];
        let answer = ask(&app, build(&("POST", path, &foreign, b"", 0, ""))).await;
        assert_eq!(answer.code(), "cross_site", "{path}");
    }
    for path in ["/settings", "/requests/new", "/signout", "/bookings"] {
        let answer = ask(&app, build(&("POST", path, &[FORM, ("origin", "null")], b"", 0, ""))).await;
        assert_eq!(answer.code(), "cross_site", "{path}");
    }
    // Pushes and the API bring their own proof.
    for path in ["/hooks/google", "/api/v1/nothing"] {
        let answer = ask(&app, build(&("POST", path, &[("sec-fetch-site", "cross-site")], b"", 0, ""))).await;
        assert_ne!(answer.code(), "cross_site", "{path}");
    }
}

#[tokio::test]
async fn bodies() {
    let (target, json) = ("/auth/google", "/api/requests/look");
    let large_form = format!("a={}", "x".repeat(64 * 1024));
    let large_json = format!("\"{}\"", "x".repeat(256 * 1024));
    let deep = "[".repeat(10_000);
    let long = format!("[{}0]", "0,".repeat(100_000));
    let fields = (0..65).map(|n| format!("f{n}=1&")).collect::<String>();
    let rows: &[Row<'_>] = &[
        // B07: not UTF-8
        ("POST", target, &[FORM], b"name=%ff%fe", 400, "invalid_utf8"),
        ("POST", target, &[FORM], b"name=\xc3\x28", 400, "invalid_utf8"),
        ("POST", json, &[JSON], br#"{"name": "\ud800"}"#, 400, "invalid_utf8"),
        // B08: NUL
        ("POST", target, &[FORM], b"name=a%00b", 400, "invalid_character"),
        ("POST", json, &[JSON], br#"{"name": "a\u0000b"}"#, 400, "invalid_character"),
        // B21: the same field twice
        ("POST", target, &[FORM], b"start=1&start=2", 400, "duplicate_field"),
        ("POST", json, &[JSON], br#"{"start": 1, "start": 2}"#, 400, "duplicate_field"),
        ("POST", target, &[FORM], fields.as_bytes(), 400, "too_many_fields"),
        // B22: JSON to choke on
        ("POST", json, &[JSON], deep.as_bytes(), 400, "json_too_complex"),
        ("POST", json, &[JSON], long.as_bytes(), 400, "json_too_complex"),
        ("POST", json, &[JSON], b"{\"n\": 1e400}", 400, "json_too_complex"),
        ("POST", json, &[JSON], b"{", 400, "json_invalid"),
        // B23: too large
        ("POST", target, &[FORM], large_form.as_bytes(), 413, "body_too_large"),
        ("POST", json, &[JSON], large_json.as_bytes(), 413, "body_too_large"),
        ("POST", target, &[FORM, ("content-encoding", "gzip")], b"\x1f\x8b\x08", 415, "content_type"),
        // B24: of another type
        ("POST", target, &[JSON], br#"{"return_to": "/"}"#, 415, "content_type"),
        ("POST", "/requests/new", &[JSON], b"{}", 415, "content_type"),
        ("POST", json, &[FORM], b"form=duration%3D45", 415, "content_type"),
        ("POST", json, &[("content-type", "text/plain")], b"{\"form\": \"\"}", 415, "content_type"),
        // Without a body nothing is judged before the handler asks for a form.
        ("POST", target, &[], b"", 415, "content_type"),
        ("POST", target, &[("content-type", "text/plain")], b"{}", 415, "content_type"),
        ("POST", target, &[("content-type", "multipart/form-data; boundary=x")], b"--x--", 415, "content_type"),
        ("POST", target, &[], b"a=1", 415, "content_type"),
        ("POST", "/api/v1/availability", &[FORM], b"a=1", 415, "content_type"),
    ];
    assert_rows(&app().await, rows).await;
}

#[tokio::test]
async fn browsers_get_a_page_with_the_same_words() {
    let app = app().await;
    let html = ("accept", "text/html,application/xhtml+xml");
    for (path, headers, status, sentence) in [
        ("/nowhere", &[html][..], 404, "There is nothing at this address."),
        ("/", &[html, ("host", "evil.example")], 421, "This server does not answer to that name."),
    ] {
        let answer = ask(&app, build(&("GET", path, headers, b"", 0, ""))).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.body.contains(sentence), "{}", answer.body);
        assert!(answer.body.contains(answer.header("x-request-id")), "the page names its reference");
        assert!(answer.body.contains("<title>") && !answer.body.contains("<!></title>"), "a clean title");
    }
}

/// U09: garbled and doubled session cookies are those of somebody signed out. With a real one: `bad_inputs/sessions.rs`.
#[tokio::test]
async fn odd_session_cookies_are_no_error() {
    let app = app().await;
    for cookie in ["__Host-convene=garbled", "__Host-convene=a; __Host-convene=b", "__Host-convene=", "; ;=;"] {
        let answer = ask(&app, build(&("GET", "/dashboard", &[("cookie", cookie)], b"", 0, ""))).await;
        let seen = (answer.status.as_u16(), answer.header("location"));
        assert_eq!(seen, (303, "/signin?return_to=%2Fdashboard"), "{cookie}");
    }
}

/// U12: whatever language is asked for, there is one.
#[tokio::test]
async fn unknown_languages_get_the_one_there_is() {
    let app = app().await;
    let long = "xx-Klingon;q=0.7,".repeat(10 * 1024 / 17);
    for languages in ["tlh", "de-AT;q=nonsense", "*;q=0", ",,,;;;", &long] {
        let answer = ask(&app, build(&("GET", "/signin", &[("accept-language", languages)], b"", 0, ""))).await;
        assert_eq!(answer.status.as_u16(), 200, "{languages:.30}");
        assert!(answer.body.contains("<html lang=\"en\"") && answer.body.contains("Sign in"), "{languages:.30}");
    }
}

/// A body that never ends and does not say how long it is; it counts what was taken of it.
struct Endless(Arc<AtomicUsize>);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
    }
}

/// B23: a body that does not announce its length is cut off where it is too large.
#[tokio::test]
async fn bodies_without_a_length_are_limited_all_the_same() {
    let app = app().await;
    for (target, content_type, limit) in [("/auth/google", FORM, 64), ("/api/requests/look", JSON, 256)] {
        let taken = Arc::new(AtomicUsize::new(0));
        let request = Request::post(target).header(content_type.0, content_type.1);
        let request = request.body(Body::new(Endless(taken.clone()))).expect("a request");
        let answer = ask(&app, request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "body_too_large"), "{target}");
        assert_eq!(
            taken.load(Ordering::Relaxed),
            limit + 1,
            "{target}: the KiB that is too much is the last one taken"
        );
    }
}

/// HEAD answers like GET, without a body.
#[tokio::test]
async fn heads_are_answered() {
    let app = app().await;
    let answer = ask(&app, build(&("HEAD", "/", &[], b"", 0, ""))).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
}

/// Sends bytes over a socket and returns what comes back until the server closes or has answered.
async fn say(port: u16, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
    socket.write_all(bytes).await.expect("the server reads");
    let mut answer = Vec::new();
    // A kept-open connection would wait for another request.
    drop(tokio::time::timeout(Duration::from_secs(3), socket.read_to_end(&mut answer)).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_wire() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let own = format!("http://127.0.0.1:{port}");
    let app = router(state(config(&[("BASE_URL", &own)])).await);
    let (stop, shutdown) = Shutdown::by_hand();
    let server = tokio::spawn(serve(listener, app, shutdown));

    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let rows = [
        // U08: what proxies and servers could read differently
        (format!("POST / HTTP/1.1\r\n{host}{form}Content-Length: 3\r\nContent-Length: 4\r\n\r\na=1"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}X-A: 1\r\n folded\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}X-A: 1\r2\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}X-A : 1\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}X-A: 1\0\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}{many}\r\n"), "431"),
        // B23: refused by what it announces, before it is sent
        (format!("POST /auth/google HTTP/1.1\r\n{host}{form}Content-Length: 10737418240\r\n\r\n"), "413"),
        (format!("GET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n"), "200"),
    ];
    for (request, status) in rows {
        let answer = say(port, request.as_bytes()).await;
        let shown = request.lines().take(4).collect::<Vec<_>>().join(" | ");
        assert_eq!(answer.get(9..12), Some(status), "{shown}: {answer:.200}");
    }
    // Both a length and chunks: either refused, or read as chunks and the connection closed (RFC 9112 section 6.1).
    let both = format!(
        "POST /auth/google HTTP/1.1\r\n{host}{form}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n{host}\r\n"
    );
    let answer = say(port, both.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "one answer, nothing smuggled: {answer:.300}");

    stop.stop();
    server.await.expect("the server stops when it is told to");
}
