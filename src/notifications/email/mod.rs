//! A rendered message as a mail, and the ways to hand mails over.
//!
//! Here live the MIME tree of RFC 6047 ([`OutgoingMail::to_mime`]), the trait for what carries it ([`Mailer`]) and the
//! four ways in which that fails ([`MailError`]). [`smtp`] speaks to a real server, [`memory`] keeps what it gets. Whether
//! to try again, and when, is the outbox's business.

pub mod memory;
pub mod smtp;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lettre::{
    Message,
    message::{
        Attachment, Body, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::{
    RenderedMail,
    address::{Mailbox, MessageId},
};
use crate::calendars::ical::Method;

pub use {memory::MemoryMailer, smtp::SmtpMailer};

/// One mail to one person. The sender is fixed by the mailer (`MAIL_FROM`).
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    pub id: MessageId,
    pub to: Mailbox,
    /// A signed-in user of ours whose address the provider vouched for; never an address from a public form.
    pub reply_to: Option<Mailbox>,
    /// When the mail was written; the same when it is sent again.
    pub date: DateTime<Utc>,
    pub content: RenderedMail,
}

/// The mail cannot be written down.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the calendar object does not have the method its mail declares")]
    MethodMismatch,
    #[error("the mail cannot be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl OutgoingMail {
    /// The mail as lettre's message: the same bytes for the same mail, however often it is made.
    ///
    /// With a calendar object the tree is mixed(alternative(plain, html, calendar), attachment), without one only the
    /// alternative. Text is quoted-printable and calendar objects are base64, so that no line is too long and no relay
    /// changes a line end.
    pub fn to_mime(&self, from: &Mailbox) -> Result<Message, BuildError> {
        let mut message = Message::builder()
            .message_id(Some(self.id.to_string()))
            .date(SystemTime::from(self.date))
            .from(from.to_lettre())
            .to(self.to.to_lettre())
            .subject(one_line(&self.content.subject))
            // Keeps out-of-office replies away (RFC 3834 section 5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.to_lettre());
        }
        let alternative = MultiPart::alternative()
            .boundary(self.boundary("alt"))
            .singlepart(text_part(ContentType::TEXT_PLAIN, &self.content.text)?)
            .singlepart(text_part(ContentType::TEXT_HTML, &self.content.html)?);
        let tree = match &self.content.ics {
            None => alternative,
            Some((method, ics)) => {
                has_method(ics, *method)?;
                MultiPart::mixed()
                    .boundary(self.boundary("mix"))
                    .multipart(alternative.singlepart(calendar_part(*method, ics)?))
                    .singlepart(attached(ics)?)
            }
        };
        message.multipart(tree).map_err(encode)
    }

    /// A boundary that no part can contain: `=_` occurs neither in quoted-printable nor in base64 (RFC 2045 section 6.7).
    fn boundary(&self, part: &str) -> String {
        format!("=_{part}_{}", self.id.digest())
    }
}

fn text_part(kind: ContentType, text: &str) -> Result<SinglePart, BuildError> {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| encode("quoted-printable"))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

/// The part that mail programs make buttons of. It comes last, because they take the last one they understand.
fn calendar_part(method: Method, ics: &str) -> Result<SinglePart, BuildError> {
    let kind = ContentType::parse(&format!("text/calendar; charset=UTF-8; method={method}")).map_err(encode)?;
    Ok(SinglePart::builder().header(kind).body(base64(ics)?))
}

/// The same bytes again, for programs that show only attachments.
fn attached(ics: &str) -> Result<SinglePart, BuildError> {
    let kind = ContentType::parse("application/ics; name=\"invite.ics\"").map_err(encode)?;
    Ok(Attachment::new("invite.ics".to_owned()).body(base64(ics)?, kind))
}

fn base64(ics: &str) -> Result<Body, BuildError> {
    // As bytes: text would have its line ends looked at.
    Body::new_with_encoding(ics.as_bytes().to_vec(), ContentTransferEncoding::Base64).map_err(|_| encode("base64"))
}

/// RFC 6047 section 2.4: the parameter and the property say the same. They were made together, but a stored mail comes
/// back from a database.
fn has_method(ics: &str, method: Method) -> Result<(), BuildError> {
    let mut found = ics.split("\r\n").filter_map(|line| line.strip_prefix("METHOD:"));
    let matches = found.next() == Some(method.as_str()) && found.next().is_none();
    if matches { Ok(()) } else { Err(BuildError::MethodMismatch) }
}

/// A last guard: subjects are one line already when a message renders them.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

fn encode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BuildError {
    BuildError::Encode(error.into())
}

/// How handing over a mail failed. `detail` is a server's own text: it may name the recipient, so it is for a "Details"
/// field and not for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The server put this mail off (4xx), for example by greylisting. Try again, not before `retry_after` if it named a time.
    #[error("the mail server put the mail off ({code})")]
    Transient { code: u16, retry_after: Option<Duration>, detail: String },
    /// This mail will never be taken (5xx, or it cannot be encoded). Somebody has to be told.
    #[error("the mail server refused the mail ({code:?})")]
    Permanent { code: Option<u16>, detail: String },
    /// The server could not be reached, spoke no acceptable TLS, or did not accept our sign-in. Says nothing about the mail.
    #[error("the mail server cannot be used")]
    Unavailable { detail: String },
    /// The connection ended after the mail was handed over and before the answer. Send again with the same
    /// [`MessageId`]: at worst there are two copies that mail programs show as one.
    #[error("the mail server did not say whether it took the mail")]
    UnknownOutcome { detail: String },
}

impl MailError {
    /// Whether another try may help.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Permanent { .. })
    }

    /// The earliest time for another try that the server asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What the server said, or what went wrong on the way to it.
    pub fn detail(&self) -> &str {
        match self {
            Self::Transient { detail, .. }
            | Self::Permanent { detail, .. }
            | Self::Unavailable { detail }
            | Self::UnknownOutcome { detail } => detail,
        }
    }
}

impl From<BuildError> for MailError {
    fn from(error: BuildError) -> Self {
        Self::Permanent { code: None, detail: error.to_string() }
    }
}

/// What carries mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over; `Ok` means that the other side took responsibility for it.
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError>;

    /// Whether a mail could be handed over now. Sends none.
    async fn check(&self) -> Result<(), MailError>;
}
