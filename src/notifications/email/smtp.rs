//! Handing mails to an SMTP server (RFC 5321), encrypted or not at all.
//!
//! lettre speaks the protocol; the steps are taken one by one here, because only so it is known whether a connection broke
//! before or after the mail was handed over. What a newcomer would get wrong: a connection lost while waiting for the
//! answer to the mail itself is neither a success nor a failure.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use lettre::{
    Message,
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Noop, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use url::{Host, Url};

use super::{MailError, Mailer, OutgoingMail};
use crate::notifications::address::Mailbox;

/// Why a text cannot be `SMTP_URL`. Says what to write instead, and never the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpUrlError {
    #[error("SMTP_URL is not a URL; write smtps://user:password@host:465 or smtp://user:password@host:587")]
    NotAUrl,
    #[error("SMTP_URL must begin with smtps:// (TLS from the start) or smtp:// (TLS by STARTTLS)")]
    Scheme,
    #[error("SMTP_URL names no host")]
    Host,
    #[error("SMTP_URL has a user name without a password or the reverse, or one that is not percent-encoded UTF-8")]
    Credentials,
    #[error("SMTP_URL knows one parameter, tls=required; plain text to another machine cannot be asked for")]
    Parameter,
    #[error("SMTP_URL: the path, if any, is the host name to greet the server with")]
    Path,
    #[error("the mail server's root certificate is not a PEM certificate")]
    Certificate,
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// From the first byte (`smtps://`, RFC 8314).
    Implicit,
    /// After STARTTLS, which the server must offer (`smtp://`).
    StartTls,
    /// Never: only to this machine.
    None,
}

/// How long to wait for the server.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the connection, TLS, the sign-in and every answer up to the mail itself, all together.
    pub dialogue: Duration,
    /// For the answer to the mail itself. RFC 5321 section 4.5.3.2.6 wants ten minutes; after two we send again with the
    /// same Message-ID.
    pub delivery: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { dialogue: Duration::from_secs(30), delivery: Duration::from_secs(120) }
    }
}

/// Sends mails through one SMTP server, a connection per mail.
pub struct SmtpMailer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    roots: Vec<Certificate>,
    patience: Patience,
    from: Mailbox,
}

impl SmtpMailer {
    /// Reads the setting `SMTP_URL`; `from` is the setting `MAIL_FROM`.
    ///
    /// - `smtps://user:password@host[:465]`: TLS from the start.
    /// - `smtp://user:password@host[:587]`: STARTTLS, which the server must offer; there is no falling back to plain text.
    /// - `smtp://127.0.0.1[:25]` (or `[::1]`, `localhost`): plain text, for a relay on this machine; `?tls=required` asks for
    ///   STARTTLS there too.
    ///
    /// User name and password are percent-encoded. A path (`smtp://host/mail.example.com`) is the name in `EHLO`.
    pub fn from_url(text: &str, from: Mailbox) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|_| SmtpUrlError::NotAUrl)?;
        let is_implicit = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(SmtpUrlError::Scheme),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpUrlError::Host)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let must_encrypt = match url.query() {
            None => !is_loopback(&url),
            Some("tls=required") => true,
            Some(_) => return Err(SmtpUrlError::Parameter),
        };
        let (security, port) = match (is_implicit, must_encrypt) {
            (true, _) => (Security::Implicit, 465),
            (false, true) => (Security::StartTls, 587),
            (false, false) => (Security::None, 25),
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(port),
            security,
            credentials: credentials(&url)?,
            hello: hello(&url)?,
            roots: Vec::new(),
            patience: Patience::default(),
            from,
        })
    }

    /// Trusts one more root certificate, for a server whose certificate comes from the organisation's own authority.
    pub fn with_root_certificate(mut self, pem: &[u8]) -> Result<Self, SmtpUrlError> {
        self.roots.push(Certificate::from_pem(pem).map_err(|_| SmtpUrlError::Certificate)?);
        Ok(self)
    }

    /// Waits longer or shorter than by default.
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Connected, encrypted as configured and signed in. Nothing that goes wrong here is about a mail.
    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let from_start = if self.security == Security::Implicit { Some(self.tls()?) } else { None };
        let server = (self.host.as_str(), self.port);
        let limit = Some(self.patience.dialogue);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, from_start, None)
            .await
            .map_err(unavailable)?;
        if self.security == Security::StartTls {
            // An error if the server does not offer it, also when somebody in between removed the offer.
            connection.starttls(self.tls()?, &self.hello).await.map_err(unavailable)?;
        }
        if self.security != Security::None && !connection.is_encrypted() {
            return Err(MailError::Unavailable { detail: "the connection is not encrypted".to_owned() });
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(unavailable)?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, MailError> {
        let mut builder = TlsParameters::builder(self.host.clone());
        for root in &self.roots {
            builder = builder.add_root_certificate(root.clone());
        }
        builder.build().map_err(unavailable)
    }

    /// Everything up to the point from which the server has the mail.
    async fn announce(&self, envelope: &Envelope, is_ascii: bool) -> Result<AsyncSmtpConnection, MailError> {
        let mut connection = self.connect().await?;
        let mut parameters = Vec::new();
        if envelope.to().iter().chain(envelope.from()).any(|address| !address.to_string().is_ascii()) {
            // RFC 6531 section 3.2: such an address must not be sent to a server that does not know the extension.
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                connection.abort().await;
                let detail = "the mail server does not take addresses beyond ASCII (SMTPUTF8)".to_owned();
                return Err(MailError::Permanent { code: None, detail });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !is_ascii && connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mut steps = vec![Mail::new(envelope.from().cloned(), parameters).to_string()];
        steps.extend(envelope.to().iter().map(|to| Rcpt::new(to.clone(), Vec::new()).to_string()));
        steps.push(Data.to_string());
        for step in steps {
            if let Err(error) = connection.command(step).await {
                connection.abort().await;
                return Err(refusal(error).unwrap_or_else(unavailable));
            }
        }
        Ok(connection)
    }

    async fn deliver(&self, message: &Message) -> Result<(), MailError> {
        let bytes = message.formatted();
        let announced = self.announce(message.envelope(), bytes.is_ascii());
        let mut connection = within(self.patience.dialogue, announced, unanswered).await?;
        let answer = async {
            let answer = connection.message(&bytes).await;
            answer.map_err(|error| {
                refusal(error).unwrap_or_else(|error| MailError::UnknownOutcome { detail: error.to_string() })
            })
        };
        let unknown = || MailError::UnknownOutcome { detail: "no answer to the mail in time".to_owned() };
        within(self.patience.delivery, answer, unknown).await?;
        // The mail is taken; how the goodbye goes does not matter.
        let _ = tokio::time::timeout(Duration::from_secs(2), connection.quit()).await;
        Ok(())
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        self.deliver(&mail.to_mime(&self.from)?).await
    }

    /// Connects, signs in and says NOOP.
    async fn check(&self) -> Result<(), MailError> {
        let greet = async {
            let mut connection = self.connect().await?;
            connection.command(Noop).await.map_err(unavailable)?;
            let _ = connection.quit().await;
            Ok(())
        };
        within(self.patience.dialogue, greet, unanswered).await
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, MailError>>,
    late: impl FnOnce() -> MailError,
) -> Result<T, MailError> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

fn unanswered() -> MailError {
    MailError::Unavailable { detail: "the mail server did not answer in time".to_owned() }
}

fn unavailable(error: SmtpError) -> MailError {
    MailError::Unavailable { detail: error.to_string() }
}

/// The server's answer about this mail, if the error is one; otherwise the error back.
fn refusal(error: SmtpError) -> Result<MailError, SmtpError> {
    let Some(code) = error.status().map(u16::from) else { return Err(error) };
    let detail = error.to_string();
    Ok(if error.is_transient() {
        MailError::Transient { code, retry_after: named_delay(&detail), detail }
    } else {
        MailError::Permanent { code: Some(code), detail }
    })
}

/// The delay in a text such as "Greylisted, please try again in 300 seconds". SMTP has no field for it; postgrey, Postfix and
/// rspamd write it like this. At most an hour is believed.
fn named_delay(text: &str) -> Option<Duration> {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(3).find_map(|window| {
        let [before, number, unit] = window else { return None };
        let number: u64 = number.parse().ok().filter(|_| matches!(*before, "in" | "after" | "for"))?;
        let seconds = match *unit {
            "s" | "sec" | "secs" | "second" | "seconds" => number,
            "min" | "mins" | "minute" | "minutes" => number.checked_mul(60)?,
            _ => return None,
        };
        Some(Duration::from_secs(seconds.min(3600)))
    })
}

fn is_loopback(url: &Url) -> bool {
    // A scheme the standard does not know keeps its host as text, so that an address must be read once more.
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpUrlError::Credentials),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> Result<String, SmtpUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).ok_or(SmtpUrlError::Credentials);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        // Two hexadecimal digits are at most 255.
        bytes.push((high * 16 + low) as u8);
    }
    let text = String::from_utf8(bytes).map_err(|_| SmtpUrlError::Credentials)?;
    if text.chars().any(char::is_control) { Err(SmtpUrlError::Credentials) } else { Ok(text) }
}

fn hello(url: &Url) -> Result<ClientId, SmtpUrlError> {
    let name = url.path().trim_matches('/');
    if name.is_empty() {
        return Ok(ClientId::default());
    }
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if fits { Ok(ClientId::Domain(name.to_owned())) } else { Err(SmtpUrlError::Path) }
}
