//! Where our mail goes out, and whose it is.

use super::Reader;
use crate::{
    notifications::{address::Mailbox, email::SmtpMailer},
    secrets::Secret,
};

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
        let from = read_from(reader);
        let smtp = read_smtp(reader);
        Some(Self { smtp: Some(smtp?), from: from? })
    }
}

fn read_from(reader: &mut Reader<'_>) -> Option<Mailbox> {
    let setting = "MAIL_FROM";
    let Some(value) = reader.value(setting) else {
        reader.wrong(
            setting,
            "is not set; use an address your mail server may send from, such as Interviews <interviews@example.com>",
        );
        return None;
    };
    match value.parse::<Mailbox>() {
        Ok(mailbox) => {
            reader.fine(setting, value);
            Some(mailbox)
        }
        Err(_) => {
            reader.wrong(setting, "must be one address, such as Interviews <interviews@example.com>");
            None
        }
    }
}

/// The mailer knows best what it can use; its sentences name the setting, which a line does once.
fn read_smtp(reader: &mut Reader<'_>) -> Option<Secret> {
    let setting = "SMTP_URL";
    let Some(value) = reader.value(setting) else {
        reader.wrong(
            setting,
            "is not set; invitations go out by mail, so name your server: smtps://user:password@mail.example.com",
        );
        return None;
    };
    // Who sends plays no part in how a server is reached.
    let anybody = "convene@example.com".parse().expect("an address written here is one");
    match SmtpMailer::from_url(&value, anybody) {
        Ok(_) => {
            reader.fine(setting, "set");
            Some(Secret::new(value))
        }
        Err(error) => {
            let sentence = error.to_string();
            reader.wrong(setting, sentence.strip_prefix("SMTP_URL ").unwrap_or(&sentence));
            None
        }
    }
}
