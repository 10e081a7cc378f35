//! Where our mail goes out, and whose it is.

use url::Url;

use super::{Reader, web::is_loopback};
use crate::{notifications::address::Mailbox, secrets::Secret};

#[derive(Clone)]
pub struct Mail {
    /// `smtps://user:password@host:465` (TLS) or `smtp://…:587` (STARTTLS, except to this very machine). `None` keeps mail
    /// in the database, where the demo's mailbox shows it.
    pub smtp: Option<Secret>,
    /// The sender, as an address or `Name <address>`.
    pub from: Mailbox,
}

impl Mail {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let smtp = match reader.value("SMTP_URL") {
            None => {
                reader.wrong(
                    "SMTP_URL",
                    "is not set; invitations go out by mail, so name your server: \
                              smtps://user:password@mail.example.com",
                );
                None
            }
            Some(value) => match judge_smtp(&value) {
                Ok(()) => {
                    reader.fine("SMTP_URL", "set");
                    Some(Secret::new(value))
                }
                Err(sentence) => {
                    reader.wrong("SMTP_URL", sentence);
                    None
                }
            },
        };
        let from = match reader.value("MAIL_FROM") {
            None => {
                reader.wrong(
                    "MAIL_FROM",
                    "is not set; use an address your mail server may send from, such as \
                              Interviews <interviews@example.com>",
                );
                None
            }
            Some(value) => match value.parse::<Mailbox>() {
                Ok(mailbox) => {
                    reader.fine("MAIL_FROM", value);
                    Some(mailbox)
                }
                Err(_) => {
                    reader.wrong("MAIL_FROM", "must be one address, such as Interviews <interviews@example.com>");
                    None
                }
            },
        };
        Some(Self { smtp: Some(smtp?), from: from? })
    }
}

fn judge_smtp(text: &str) -> Result<(), String> {
    let url =
        Url::parse(text).map_err(|_| "must be a URL such as smtps://user:password@mail.example.com".to_owned())?;
    // `smtp` and `smtps` have no special parsing in the URL standard, so a host may be missing or empty.
    if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
        return Err("must start with smtps:// or smtp:// and name a host".to_owned());
    }
    let plain = url.scheme() == "smtp" && url.query_pairs().any(|(name, value)| name == "tls" && value == "none");
    if plain && !is_loopback(&url) && url.host_str() != Some("127.0.0.1") && url.host_str() != Some("[::1]") {
        return Err("must use TLS; tls=none is allowed for this machine only".to_owned());
    }
    Ok(())
}
