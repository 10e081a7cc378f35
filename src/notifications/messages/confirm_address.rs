use chrono::{DateTime, Utc};

use crate::notifications::{Recipient, letter::Letter, link::Link, when};

/// To an address somebody typed as theirs: is it? Holds nothing they could have written, because it may go to a stranger.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfirmAddress {
    pub link: Link,
    /// When the link stops working.
    pub until: DateTime<Utc>,
}

impl ConfirmAddress {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        Letter::new("Confirm your address", "Is this your address?")
            .say("Somebody who uses Convene to arrange interviews gave this address as theirs. If it was you, confirm it: mails about your interviews come here then, and candidates' answers too.")
            .button("Confirm this address", &self.link)
            .say(&format!("The link works until {}, where you are signed in.", when::instant(self.until, to.zone)))
            .note("If it was not you, do nothing. No more mails come.")
            .footer("You get this mail because somebody typed this address into Convene.")
    }
}
