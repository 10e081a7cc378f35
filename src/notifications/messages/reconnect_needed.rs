use chrono::{DateTime, Utc};

use crate::notifications::{Recipient, letter::Letter, link::Link, when};

/// To whoever connected a calendar: its sign-in no longer works.
#[derive(Clone, PartialEq, Eq)]
pub struct ReconnectNeeded {
    /// The calendar service: "Google Calendar".
    pub provider: String,
    /// The account's address.
    pub account: String,
    pub since: DateTime<Utc>,
    /// Whether interviews are written to this calendar, or it is only read.
    pub is_written: bool,
    pub link: Link,
}

impl ReconnectNeeded {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { provider, account, .. } = self;
        let means = if self.is_written {
            "Until you reconnect it, your busy times are not known and new interviews wait before they go into it."
        } else {
            "Until you reconnect it, your busy times are not known, so no interviews are offered with you."
        };
        Letter::new(&format!("Reconnect your calendar: {provider}"), "Your calendar needs a new sign-in")
            .say(&format!("{provider} no longer accepts our sign-in for {account}. {means}"))
            .fact("Calendar", provider)
            .fact("Account", account)
            .fact("Since", &when::instant(self.since, to.zone))
            .button("Reconnect", &self.link)
            .note("This happens when a password changes, access is withdrawn, or a sign-in runs out. Nothing that was booked is lost.")
            .footer_for_members()
    }
}
