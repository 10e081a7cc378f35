use chrono::{DateTime, Utc};

use crate::notifications::{Recipient, letter::Letter, link::Link, when};

/// To administrators: a system that wanted to be told does not answer, and is told no more.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSwitchedOff {
    /// The name of its server.
    pub host: String,
    pub since: DateTime<Utc>,
    pub link: Link,
}

impl WebhookSwitchedOff {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { host, .. } = self;
        Letter::new(&format!("Webhook switched off: {host}"), "A webhook does not get through")
            .say(&format!(
                "{host} has taken nothing that Convene told it for days, so it is told no more. Interviews are not affected."
            ))
            .fact("Server", host)
            .fact("Failing since", &when::instant(self.since, to.zone))
            .button("See the webhook", &self.link)
            .note("Once the server answers again, switch the webhook on there. What it missed can be sent again, one by one.")
            .footer_for_members()
    }
}
