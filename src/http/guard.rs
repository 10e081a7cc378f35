//! The one way out to addresses that people type.
//!
//! Anybody who may type an address could make us ask inside our own network, or send a password where it does not belong. So
//! [`Rules`] judge every address by its looks, a resolver judges what its name leads to and connects to just that, redirects are
//! followed by hand and judged anew, and [`Credentials`] travel only where they may. Addresses that an operator configured go
//! through [`super::Http`] instead.
//!
//! What a newcomer would get wrong: the HTTP library does not resolve an address written in numbers, so a resolver alone would
//! let those through.

mod address;
mod resolver;
mod rules;

use std::{error::Error as _, sync::Arc, time::Duration};

use reqwest::{
    Method, StatusCode,
    header::{CONTENT_ENCODING, HeaderMap, LOCATION},
};
use url::{Origin, Url};

use self::resolver::{Judging, System};
pub use self::{
    address::{Reach, reach},
    resolver::Lookup,
    rules::{Listed, NotListed, Refused, Rules},
};
use super::{CONNECT_TIMEOUT, Reply, TOTAL_TIMEOUT, why};

/// The longest body read. Compressed answers are not asked for and not taken, so that this many bytes are this many bytes.
const BODY_CAP: usize = 10 * 1024 * 1024;
/// How many redirects are followed.
const REDIRECTS: usize = 3;

/// A client to share: clones use the same connection pools.
#[derive(Clone)]
pub struct Guard {
    rules: Arc<Rules>,
    /// Connects to public addresses only.
    public: reqwest::Client,
    /// Connects to private ones too, for hosts that may be there.
    private: reqwest::Client,
    /// How long a whole exchange may take, redirects included.
    patience: Duration,
    /// How many redirects are followed.
    redirects: usize,
    /// The longest body read.
    body_cap: usize,
}

/// Where a password may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Realm {
    /// This scheme, host and port.
    Origin(Origin),
    /// Every host of this domain, over TLS on the usual port: iCloud has a host for each part of its accounts.
    Domain(&'static str),
    /// This host on any port, which is how a stand-in plays several hosts.
    Host(url::Host<String>),
}

impl Realm {
    /// Whether this address belongs to it.
    pub fn admits(&self, url: &Url) -> bool {
        match self {
            Self::Origin(origin) => url.origin() == *origin,
            Self::Domain(domain) => {
                let is_in =
                    |name: &str| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                url.scheme() == "https" && url.port().is_none() && url.domain().is_some_and(is_in)
            }
            Self::Host(host) => url.host().is_some_and(|one| one.to_owned() == *host),
        }
    }
}

/// A name and a password, and where they belong.
#[derive(Clone)]
pub struct Credentials<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub realm: &'a Realm,
}

/// A request in the making.
pub struct Call<'a> {
    /// What is being done, for the log; never an address.
    pub action: &'static str,
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
    pub credentials: Option<Credentials<'a>>,
}

/// A whole answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub reply: Reply,
    /// Who answered, after redirects: what links in the answer are relative to.
    pub url: Url,
    /// Redirects led to where the password does not belong, so it was not sent there.
    pub without_password: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// The address, or one that it led to, may not be used from here.
    #[error("refused: {0}")]
    Refused(#[from] Refused),
    /// No trustworthy TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// The request never reached the other side, so it had no effect.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have arrived and had its effect.
    #[error("answer lost: {0}")]
    AnswerLost(String),
}

impl Guard {
    pub fn new(rules: Rules) -> Self {
        Self::looking_up(rules, Arc::new(System))
    }

    /// The same with another source of addresses.
    ///
    /// # Panics
    /// If the system's TLS set-up cannot be read; called once at start.
    pub fn looking_up(rules: Rules, lookup: Arc<dyn Lookup>) -> Self {
        let client = |may_be_private| {
            reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .dns_resolver(Judging { lookup: Arc::clone(&lookup), may_be_private })
                .user_agent(concat!("convene/", env!("CARGO_PKG_VERSION")))
                .build()
                .expect("a client without certificates or proxies of its own can be built")
        };
        Self {
            public: client(false),
            private: client(true),
            rules: Arc::new(rules),
            patience: TOTAL_TIMEOUT,
            redirects: REDIRECTS,
            body_cap: BODY_CAP,
        }
    }

    /// The same for calls that go nowhere but where they were addressed: an exchange takes so long at most, and no more of the
    /// answer is read.
    #[must_use]
    pub fn without_redirects(self, patience: Duration, body_cap: usize) -> Self {
        Self { patience, redirects: 0, body_cap, ..self }
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Sends, follows redirects, and reads the whole answer. The password is sent at once, for some servers offer schemes of their
    /// own first and lead nowhere.
    ///
    /// # Errors
    /// [`GuardError`], never for a status.
    pub async fn send(&self, call: Call<'_>) -> Result<Answer, GuardError> {
        let action = call.action;
        let exchange = tokio::time::timeout(self.patience, self.follow(call)).await;
        let outcome = exchange.unwrap_or_else(|_| Err(GuardError::AnswerLost("timed out".to_owned())));
        match &outcome {
            Ok(answer) => tracing::debug!(action, status = answer.reply.status.as_u16(), "call"),
            Err(error @ GuardError::Refused(_)) => tracing::warn!(action, %error, "an address was not asked"),
            Err(error) => tracing::debug!(action, %error, "call failed"),
        }
        outcome
    }

    async fn follow(&self, call: Call<'_>) -> Result<Answer, GuardError> {
        let mut url = call.url.clone();
        let mut without_password = false;
        for _ in 0..=self.redirects {
            let credentials = call.credentials.as_ref();
            let trusted = credentials.filter(|credentials| credentials.realm.admits(&url));
            without_password |= credentials.is_some() && trusted.is_none();
            // Once astray, no redirect leads back to trust.
            let trusted = trusted.filter(|_| !without_password);
            let reply = self.exchange(&call, &url, trusted).await?;
            match redirect(&reply, &url)? {
                Some(next) => url = next,
                None => return Ok(Answer { reply, url, without_password }),
            }
        }
        Err(GuardError::AnswerLost(format!("more than {} redirects", self.redirects)))
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        url: &Url,
        credentials: Option<&Credentials<'_>>,
    ) -> Result<Reply, GuardError> {
        let client = if self.rules.check(url)? { &self.private } else { &self.public };
        let mut request = client.request(call.method.clone(), url.clone());
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(credentials) = credentials {
            request = request.basic_auth(credentials.user, Some(credentials.password));
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let mut response = request.send().await.map_err(|error| failure(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(GuardError::AnswerLost("compressed, though nobody asked for that".to_owned()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| GuardError::AnswerLost(why(&error)))? {
            if body.len() + chunk.len() > self.body_cap {
                return Err(GuardError::AnswerLost(format!("more than {} bytes", self.body_cap)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body })
    }
}

/// Where this answer leads, if it is a redirect that keeps method and body. 303 would ask for something else instead.
fn redirect(reply: &Reply, from: &Url) -> Result<Option<Url>, GuardError> {
    let kept = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    let Some(location) = location(&reply.headers).filter(|_| kept.contains(&reply.status)) else { return Ok(None) };
    let mut next = from.join(location).map_err(|_| Refused::NotAUrl)?;
    next.set_fragment(None);
    if from.scheme() == "https" && next.scheme() != "https" {
        return Err(Refused::Scheme(next.scheme().to_owned()).into());
    }
    Ok(Some(next))
}

fn location(headers: &HeaderMap) -> Option<&str> {
    headers.get(LOCATION)?.to_str().ok()
}

/// What really happened, which the library keeps deep inside.
fn failure(error: &reqwest::Error) -> GuardError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return refused.clone().into();
        }
        if let Some(tls) = tls(cause) {
            return GuardError::Tls(tls.to_string());
        }
        source = cause.source();
    }
    if error.is_connect() || error.is_builder() {
        GuardError::NotSent(why(error))
    } else {
        GuardError::AnswerLost(why(error))
    }
}

/// An I/O error does not name what is inside it as its source, and may hold another one.
fn tls<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<std::io::Error>() {
        Some(error) => tls(error.get_ref()?),
        None => cause.downcast_ref(),
    }
}

#[cfg(test)]
mod tests;
