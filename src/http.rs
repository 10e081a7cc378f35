//! The one way out to other systems: a shared HTTP client with limits, and what came back.
//!
//! Redirects are never followed (a token must not travel on), proxies from the environment are not
//! used, and a body is read up to a cap. Which answer means what is each system's own business.
//! Addresses that people type are asked through [`guard`].

pub mod guard;

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;
use uuid::Uuid;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// Larger than any page either provider sends for the page sizes we ask for.
const BODY_CAP: usize = 5 * 1024 * 1024;
/// No provider's hint is obeyed beyond a day (R58).
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// A client to share: clones use one connection pool.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// The exchange broke before a whole answer was there.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request never reached the other side, so it had no effect.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have arrived and had its effect.
    #[error("answer lost: {0}")]
    AnswerLost(String),
}

/// A whole answer, whatever its status.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A request in the making.
#[derive(Debug)]
pub struct Ask {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<serde_json::Value>,
    /// What is being done, for the log; never an id or an address.
    pub action: &'static str,
    /// It changes something: if its answer is lost, what happened is unknown.
    pub writes: bool,
}

impl Ask {
    pub fn new(action: &'static str, method: Method, url: Url) -> Self {
        let writes = method != Method::GET;
        Self { method, url, headers: Vec::new(), body: None, action, writes }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn json(mut self, body: serde_json::Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Says that this request only asks, though its method is POST.
    pub fn only_reads(mut self) -> Self {
        self.writes = false;
        self
    }
}

/// The URL of a resource: the base, then every segment and query value percent-encoded down to RFC
/// 3986's unreserved characters, for ids hold `/`, `+`, `=` and `@`. (A form's `+` for a space would
/// be read literally by OData, hence not the `url` crate's encoder.)
pub fn address(base: &Url, segments: &[&str], query: &[(&str, &str)]) -> Url {
    let path: Vec<String> = segments.iter().map(|segment| percent_encode(segment)).collect();
    let mut text = format!("{base}{}", path.join("/"));
    for (at, (name, value)) in query.iter().enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&percent_encode(value));
    }
    text.parse().expect("a URL with a percent-encoded path and query appended is one")
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl Http {
    /// # Panics
    /// If the system's TLS set-up cannot be read; called once at start.
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("convene/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("a client without certificates or proxies of its own can be built");
        Self(client)
    }

    /// Sends with the token as bearer and a fresh `client-request-id`, which also stands in the log.
    pub async fn call(&self, bearer: &str, ask: Ask) -> Result<Reply, HttpError> {
        let request_id = Uuid::now_v7();
        let mut request =
            self.0.request(ask.method, ask.url).bearer_auth(bearer).header("client-request-id", request_id.to_string());
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        if let Some(body) = ask.body {
            request = request.json(&body);
        }
        let request = request.build().map_err(|error| HttpError::NotSent(why(&error)))?;
        let result = self.execute(request).await;
        match &result {
            Ok(reply) => {
                tracing::debug!(%request_id, action = ask.action, status = reply.status.as_u16(), "call")
            }
            Err(error) => tracing::debug!(%request_id, action = ask.action, %error, "call failed"),
        }
        result
    }

    /// Sends a request as it is.
    pub async fn execute(&self, request: reqwest::Request) -> Result<Reply, HttpError> {
        let mut response = self.0.execute(request).await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                HttpError::NotSent(why(&error))
            } else {
                HttpError::AnswerLost(why(&error))
            }
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| HttpError::AnswerLost(why(&error)))? {
            if body.len() + chunk.len() > BODY_CAP {
                return Err(HttpError::AnswerLost(format!("more than {BODY_CAP} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body })
    }

    /// Sends a form without any authorization header (token and revocation endpoints).
    pub async fn post_form(&self, url: Url, form: &[(&str, &str)]) -> Result<Reply, HttpError> {
        let request = self.0.post(url).form(form).build().map_err(|error| HttpError::NotSent(why(&error)))?;
        self.execute(request).await
    }

    /// Reads something public.
    pub async fn get(&self, url: Url) -> Result<Reply, HttpError> {
        let request = self.0.get(url).build().map_err(|error| HttpError::NotSent(why(&error)))?;
        self.execute(request).await
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Reply {
    /// The body as JSON, or nothing if it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), a day at most.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = match text.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => (chrono::DateTime::parse_from_rfc2822(text).ok()?.to_utc() - chrono::Utc::now())
                .to_std()
                .unwrap_or(Duration::ZERO),
        };
        Some(wait.min(LONGEST_RETRY_AFTER))
    }
}

/// The error without its URL, which may carry ids; sources tell what really happened.
fn why(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else if error.is_builder() {
        "could not be built"
    } else {
        "connection broke"
    };
    let mut deepest: Option<&dyn std::error::Error> = None;
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        deepest = Some(inner);
        source = inner.source();
    }
    match deepest {
        Some(cause) => format!("{kind} ({cause})"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, retry_after: Option<&str>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().expect("a header value"));
        }
        Reply { status: StatusCode::from_u16(status).expect("a status"), headers, body: Vec::new() }
    }

    #[test]
    fn ids_travel_encoded() {
        let base: Url = "https://graph.example/v1.0/".parse().expect("a url");
        let url = address(&base, &["me", "events", "AA+/b=="], &[("$filter", "a eq 'b c'"), ("$top", "2")]);
        assert_eq!(
            url.as_str(),
            "https://graph.example/v1.0/me/events/AA%2B%2Fb%3D%3D?$filter=a%20eq%20%27b%20c%27&$top=2"
        );
        let url = address(&base, &["calendars", "a@b.c", "events"], &[]);
        assert_eq!(url.as_str(), "https://graph.example/v1.0/calendars/a%40b.c/events");
    }

    #[test]
    fn retry_after_is_bounded_and_understands_dates() {
        assert_eq!(reply(429, Some("9999999")).retry_after(), Some(LONGEST_RETRY_AFTER));
        assert_eq!(reply(429, Some("Wed, 21 Oct 2015 07:28:00 GMT")).retry_after(), Some(Duration::ZERO));
        assert_eq!(reply(429, Some("soon")).retry_after(), None);
    }

    #[tokio::test]
    async fn a_refused_connection_was_never_sent_and_a_cut_one_may_have_been() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let cutter = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            let mut seen = [0; 1024];
            let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut seen).await;
        });
        let url: Url = format!("http://{address}/x").parse().expect("a url");
        let http = Http::new();
        let ask = |url: &Url| Ask::new("test", Method::POST, url.clone()).json(serde_json::json!({}));
        assert!(matches!(http.call("t", ask(&url)).await, Err(HttpError::AnswerLost(_))));
        cutter.await.expect("the listener is done and closed");
        assert!(matches!(http.call("t", ask(&url)).await, Err(HttpError::NotSent(_))));
    }
}
