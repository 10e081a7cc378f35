//! Every answer carries the security headers, whatever became of the request.

use crate::support::{Answer, app, ask, config, state};
use axum::{Router, body::Body, http::Request, routing::get};
use convene::{app::App, web::server::guarded};
use leptos_axum::generate_route_list;

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).header("accept", "text/html").body(Body::empty()).expect("a request")
}

fn with(mut request: Request<Body>, headers: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header value"));
    }
    request
}

/// Every page, with something in the place of its parameters, and at least one of every kind of error.
fn everything() -> Vec<Request<Body>> {
    let pages = generate_route_list(App);
    let mut all: Vec<_> = pages
        .iter()
        .map(|page| {
            let segments = page.path().split('/').map(|part| if part.starts_with('{') { "x" } else { part });
            request("GET", &segments.collect::<Vec<_>>().join("/"))
        })
        .collect();
    assert!(all.len() >= 3, "the table of pages is not empty");
    let post = |path, kind, body: &'static str| {
        let mut request = with(request("POST", path), &[("content-type", kind)]);
        *request.body_mut() = Body::from(body);
        request
    };
    all.extend([
        request("GET", "/healthz"),
        request("GET", "/readyz"),
        request("GET", "/nothing/here"),
        request("GET", "/pkg/nothing.js"),
        request("GET", "/book/not-a-token"),
        request("POST", "/healthz"),
        request("TRACE", "/"),
        request("GET", "/%c0%af"),
        request("GET", &format!("/{}", "a".repeat(9000))),
        with(request("GET", "/"), &[("host", "evil.example")]),
        with(request("GET", "/"), &[("cookie", &"a=b; ".repeat(1000))]),
        with(request("POST", "/auth/google"), &[("sec-fetch-site", "cross-site")]),
        post("/auth/google", "text/plain", "x"),
        post("/auth/google", "application/x-www-form-urlencoded", "a=1&a=2"),
        post("/api/v1/none", "application/json", "{"),
    ]);
    all
}

fn assert_protected(what: &str, answer: &Answer) {
    let nonce =
        answer.header("content-security-policy").split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
    let nonce = nonce.unwrap_or_else(|| panic!("{what}: no nonce"));
    assert!(nonce.len() >= 22, "{what}: the nonce has 128 bits");
    let policy = answer.header("content-security-policy").replace(nonce, "N");
    for directive in [
        "default-src 'none'",
        "script-src 'nonce-N' 'strict-dynamic' 'wasm-unsafe-eval'",
        "style-src 'self' 'nonce-N'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.split("; ").any(|part| part.starts_with(directive)), "{what}: {directive} in {policy}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert!(answer.header("permissions-policy").contains("camera=()"), "{what}");
    assert_eq!(answer.header("x-request-id").len(), 32, "{what}");
    // Nothing on the page runs or looks as it does without the policy's leave.
    for script in answer.body.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{what}: <script{tag}>");
    }
    assert!(!answer.body.contains(" style=\""), "{what}: an inline style");
}

#[tokio::test]
async fn every_answer_is_protected() {
    let app = app().await;
    for request in everything() {
        let what = format!("{} {:.60}", request.method(), request.uri());
        let token_page = ["/book/", "/invite/"].iter().any(|of| request.uri().path().starts_with(of));
        let answer = ask(&app, request).await;
        assert_protected(&what, &answer);
        let referrer = if token_page { "no-referrer" } else { "same-origin" };
        assert_eq!(answer.header("referrer-policy"), referrer, "{what}");
        assert_eq!(answer.header("x-robots-tag").contains("noindex"), token_page, "{what}");
        assert_eq!(answer.header("strict-transport-security"), "", "{what}: not without TLS");
    }
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let app = convene::web::server::router(state(config(&[("BASE_URL", "https://meet.example.com")])).await);
    for path in ["/", "/nothing"] {
        let answer = ask(&app, with(request("GET", path), &[("host", "meet.example.com")])).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    }
}

#[tokio::test]
async fn no_two_answers_share_a_nonce() {
    let app = app().await;
    let first = ask(&app, request("GET", "/")).await;
    let second = ask(&app, request("GET", "/")).await;
    assert_ne!(first.header("content-security-policy"), second.header("content-security-policy"));
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

/// Chromium judges by `form-action` where the answer to a form redirects to.
#[tokio::test]
async fn only_sign_in_pages_may_lead_to_a_provider() {
    let app = app().await;
    let providers = "form-action 'self' https://accounts.google.com https://login.microsoftonline.com;";
    for path in [
        "/signin",
        "/requests/new",
        "/requests/x",
        "/people/invite",
        "/admin/audit",
        "/invite/x",
        "/welcome",
        "/settings/calendar",
        "/auth/x",
    ] {
        let answer = ask(&app, request("GET", path)).await;
        assert!(answer.header("content-security-policy").contains(providers), "{path}");
    }
    let home = ask(&app, request("GET", "/")).await;
    assert!(home.header("content-security-policy").contains("form-action 'self';"));
}

#[tokio::test]
async fn a_panic_is_a_page_with_a_reference_and_the_next_request_works() {
    async fn fails() {
        panic!("about ana.alvarez@example.com");
    }
    let state = state(config(&[])).await;
    let app = guarded(Router::new().route("/fails", get(fails)).route("/works", get(async || "ok")), state);
    let answer = ask(&app, request("GET", "/fails")).await;
    assert_eq!(answer.status, 500);
    assert_protected("a panic", &answer);
    assert!(answer.body.contains("Something failed on our side"), "{}", answer.body);
    assert!(answer.body.contains(answer.header("x-request-id")), "the page names its reference");
    assert!(!answer.body.contains("ana.alvarez"), "what the panic said stays inside");
    assert_eq!(ask(&app, request("GET", "/works")).await.body, "ok");
}
