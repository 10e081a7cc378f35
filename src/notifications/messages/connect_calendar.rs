use chrono::{DateTime, Utc};

use crate::notifications::{Recipient, letter::Letter, link::Link, when};

/// To somebody whose calendar is wanted: connect it, or give times by hand.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectCalendar {
    pub inviter: String,
    pub organisation: String,
    pub asked: Asked,
    /// The kind of interview that made somebody ask.
    pub interview: Option<String>,
    pub link: Link,
    /// When the link stops working; a page that wants a sign-in has no end.
    pub until: Option<DateTime<Utc>>,
}

/// What they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To let their busy times be read.
    ToBeRead,
    /// The same, of somebody who has an account here and no calendar that works.
    ToReconnect,
    /// To arrange interviews themselves, for which events are written.
    ToArrange,
}

impl ConnectCalendar {
    pub(crate) fn kind(&self) -> &'static str {
        match self.asked {
            Asked::ToBeRead => "connect_calendar",
            Asked::ToReconnect => "connect_calendar_again",
            Asked::ToArrange => "arrange_interviews",
        }
    }

    pub(crate) fn letter(&self, to: &Recipient) -> Letter {
        let Self { inviter, organisation, .. } = self;
        let who = format!("{inviter} of {organisation}");
        let letter = match self.asked {
            Asked::ToBeRead => Letter::new("Connect your calendar for scheduling", "Connect your calendar")
                .say(&format!(
                    "{who} asks you to connect your calendar, so that interviews land only where you are free. It takes one sign-in with Google or Microsoft; after that you need not think of it again."
                ))
                .fact_if("Asked for", self.interview.as_deref())
                .button("Connect your calendar", &self.link)
                .note("Convene reads from when to when you are busy, never what it is, and changes nothing in your calendar. If you would rather not connect it, give times by hand behind the same link."),
            Asked::ToReconnect => Letter::new("Connect your calendar for scheduling", "Connect your calendar again")
                .say(&format!(
                    "{who} asks you to connect your calendar again. Until then nobody knows when you are busy, so no interviews are offered with you."
                ))
                .fact_if("Asked for", self.interview.as_deref())
                .button("Sign in and connect", &self.link),
            Asked::ToArrange => Letter::new("Arrange interviews with Convene", "Arrange interviews yourself")
                .say(&format!(
                    "{who} asks you to arrange interviews too. Convene then also puts the interviews you arrange into your calendar, for which you are asked once."
                ))
                .button("Continue", &self.link),
        };
        let letter = match self.until {
            Some(until) => {
                letter.say(&format!("The link is for you alone and works until {}.", when::instant(until, to.zone)))
            }
            None => letter,
        };
        letter.footer(&format!("You get this mail because {inviter} arranges interviews using Convene."))
    }
}
