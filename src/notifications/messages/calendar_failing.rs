use chrono::{DateTime, Utc};

use crate::notifications::{Recipient, letter::Letter, link::Link, when};

/// To an administrator: somebody's calendar fails again and again.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarFailing {
    /// Whose calendar it is.
    pub person: String,
    /// The calendar service: "Google Calendar".
    pub provider: String,
    /// Why it failed last, a sentence of ours.
    pub reason: String,
    pub since: DateTime<Utc>,
    pub link: Link,
}

impl CalendarFailing {
    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { person, provider, .. } = self;
        Letter::new(&format!("{provider} of {person} keeps failing"), "A calendar keeps failing")
            .say(&format!(
                "Reading or writing the {provider} of {person} failed more than five times within an hour. {}",
                self.reason
            ))
            .say("Nothing that was booked is lost. Until it works, their times may be left out of what is offered, and changes of interviews may be missing from their calendar.")
            .fact("Calendar", provider)
            .fact("Whose", person)
            .fact("Noticed", &when::instant(self.since, to.zone))
            .button("See what fails", &self.link)
            .note("We keep trying. You are told once, and again only if it fails anew after it worked.")
            .footer("You get this mail because you run Convene for your organisation.")
    }
}
