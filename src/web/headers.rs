//! The headers every response carries, whatever became of the request.
//!
//! The content security policy allows scripts by a nonce that is drawn for each response and handed to Leptos through
//! [`Nonce`] in the request's extensions. Easily got wrong: `form-action` also judges where a form's answer redirects to,
//! so the pages whose forms start a sign-in must list the providers.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::config::Config;

/// The CSP nonce of one response.
#[derive(Clone)]
pub struct Nonce(pub Arc<str>);

/// The policy of a response that is no page of ours and brings its own, such as the HTML of a mail.
#[derive(Clone)]
pub struct OwnPolicy(pub &'static str);

/// Pages with a form that leads to a provider's sign-in: besides the doors all staff pages, for a banner may ask to reconnect.
const SIGN_IN_PAGES: [&str; 10] = [
    "/auth/",
    "/signin",
    "/signup",
    "/dashboard",
    "/welcome",
    "/invite/",
    "/settings",
    "/admin",
    "/requests",
    "/people",
];

/// Pages whose address is a secret: not to be passed on, indexed or kept.
const TOKEN_PAGES: [&str; 4] = ["/book/", "/invite/", "/calendar/", "/respond/"];

/// Pages that show a document of ours in a frame.
const FRAMING_PAGES: [&str; 1] = ["/mailbox/"];

/// What does not change from response to response.
#[derive(Clone)]
pub struct Policy {
    form_action: Arc<str>,
    https: bool,
}

impl Policy {
    pub fn new(config: &Config) -> Self {
        let mut form_action = "'self'".to_owned();
        for origin in config.providers.authorization_origins() {
            form_action.push(' ');
            form_action.push_str(&origin);
        }
        Self { form_action: form_action.into(), https: config.web.is_https() }
    }

    fn content_security_policy(&self, path: &str, nonce: &str) -> String {
        let form_action = if leads(path, &SIGN_IN_PAGES) { &self.form_action } else { "'self'" };
        let frames = if leads(path, &FRAMING_PAGES) { "frame-src 'self'; " } else { "" };
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
             style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; {frames}\
             form-action {form_action}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
        )
    }
}

/// Adds the headers; pages and errors are not stored unless somebody said otherwise.
pub async fn protect(State(policy): State<Policy>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let nonce = draw_nonce();
    request.extensions_mut().insert(Nonce(nonce.clone()));

    let mut response = next.run(request).await;

    let token_page = leads(&path, &TOKEN_PAGES);
    let own_policy = response.extensions().get::<OwnPolicy>().map(|policy| HeaderValue::from_static(policy.0));
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, if token_page { "no-referrer" } else { "same-origin" });
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if token_page {
        set(HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    }
    if policy.https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    // The nonce is base64 and the origins were parsed as URLs, so the value is always a valid header.
    let page_policy = || HeaderValue::from_str(&policy.content_security_policy(&path, &nonce)).ok();
    if let Some(value) = own_policy.or_else(page_policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
    keep_unstored(headers);
    response
}

fn keep_unstored(headers: &mut HeaderMap) {
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn leads(path: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| path.starts_with(prefix))
}

/// 128 random bits. Without randomness there is no nonce anybody could guess: the empty one allows no script.
fn draw_nonce() -> Arc<str> {
    let mut bytes = [0u8; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => STANDARD_NO_PAD.encode(bytes).into(),
        Err(_) => "".into(),
    }
}
