//! The outbox of mails the providers would have sent.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Provider, State};

/// A mail a provider sent on somebody's behalf.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    pub id: u64,
    pub at: DateTime<Utc>,
    pub provider: Provider,
    pub from: String,
    pub to: String,
    pub subject: String,
    /// iTIP method of [`Mail::ics`]: `REQUEST`, `CANCEL` or `REPLY`.
    pub method: String,
    pub uid: String,
    pub sequence: u32,
    pub text: String,
    pub ics: String,
}

impl State {
    /// Puts a mail into the outbox; its id and time are set here.
    pub fn send(&mut self, mut mail: Mail) {
        mail.id = self.next_version();
        mail.at = self.now();
        self.mails.push(mail);
    }
}
