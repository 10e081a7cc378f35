//! Where a request or a person's calendar stands, in the words, shapes and colours of badges.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::{
    booking::list::Standing,
    connections::{Connection, Need, organisation::Told},
    invitations::Invitation,
    notifications::when,
    people::given::GivenTimes,
    requests::draft::reminders,
    store::words::ConnectionStatus,
    web::components::{ReminderChoice, Status},
};

impl Standing {
    pub fn status(&self) -> Status {
        match self {
            Self::WaitingForCandidate => Status::WaitingForCandidate,
            Self::Lapsed => Status::LinkExpired,
            Self::Held => Status::Confirming,
            Self::Booked => Status::Booked,
            Self::InCalendar => Status::InCalendar,
            Self::NotInCalendar(_) => Status::NotInCalendar,
            Self::Cancelled => Status::Cancelled,
        }
    }
}

/// What a person's connections amount to.
pub fn connection_status(connections: &[Connection]) -> Status {
    let Some(first) = connections.first() else { return Status::NotConnected };
    match first.status {
        ConnectionStatus::Active if !first.can(Need::ReadBusy) => Status::PermissionMissing,
        ConnectionStatus::Active => Status::Connected,
        ConnectionStatus::Inactive => Status::Disconnected,
        ConnectionStatus::Expired => Status::SignInExpired,
        ConnectionStatus::Error => Status::NotAnswering,
    }
}

/// How we know when somebody can: by their calendar, their own word, a coordinator's, or not at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    /// Theirs, disconnected ones too, the primary one first.
    pub connections: &'a [Connection],
    /// Where the organisation's access tells their times, and not a connection of theirs.
    pub told: Option<Told>,
    /// Until when the provider of their first connection wants to be left alone.
    pub paused_until: Option<DateTime<Utc>>,
    pub given: Option<&'a GivenTimes>,
    /// Who typed times for them, and when.
    pub typed: Option<(&'a str, DateTime<Utc>)>,
    pub invitation: Option<&'a Invitation>,
}

impl Source<'_> {
    /// Whether a calendar of theirs decides, answering or not.
    pub fn is_connected(&self) -> bool {
        self.told.is_some() || self.connections.iter().any(|one| one.status != ConnectionStatus::Inactive)
    }

    /// Whether nobody can say when they are free.
    pub fn is_unknown(&self) -> bool {
        !self.is_connected() && self.given.is_none() && self.typed.is_none()
    }

    /// As a badge, and in words beside it.
    pub fn in_words(&self, now: DateTime<Utc>) -> (Status, String) {
        if let Some(told) = self.told {
            return told_in_words(told, now);
        }
        if self.is_connected() {
            let detail = connection_detail(self.connections, now);
            return match self.paused_until.filter(|until| now < *until) {
                Some(until) => (Status::NotAnswering, format!("{detail}, {}", paused(until, now))),
                None => (connection_status(self.connections), detail),
            };
        }
        if let Some(given) = self.given {
            return (Status::TypedTimes, format!("gave times {}", ago(given.given_at, now)));
        }
        if let Some((who, at)) = self.typed {
            return (Status::TypedTimes, format!("times typed by {who}, {}", ago(at, now)));
        }
        let invited = match self.invitation {
            Some(one) if one.is_pending() && one.expires_at <= now => {
                format!(", invitation expired {}", ago(one.expires_at, now))
            }
            Some(one) if one.is_pending() => format!(", invited {}", ago(one.sent_at, now)),
            _ => String::new(),
        };
        let status = if self.connections.is_empty() { Status::NotConnected } else { Status::Disconnected };
        (status, format!("times unknown{invited}"))
    }
}

/// "Outlook of the organisation, read 2 min ago"
fn told_in_words(told: Told, now: DateTime<Utc>) -> (Status, String) {
    let whose = format!("{} of the organisation", told.provider.label());
    let read = told.read_at.map_or_else(|| "not read so far".to_owned(), |at| format!("read {}", ago(at, now)));
    if let Some(until) = told.paused_until.filter(|until| now < *until) {
        return (Status::NotAnswering, format!("{whose}, {read}, {}", paused(until, now)));
    }
    let status = if told.works { Status::Connected } else { Status::NotAnswering };
    (status, format!("{whose}, {read}"))
}

/// "asked too often, again in 3 min"
fn paused(until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("asked too often, again {}", ahead(until, now))
}

/// "Google Calendar, read 2 min ago"
fn connection_detail(connections: &[Connection], now: DateTime<Utc>) -> String {
    match connections.first() {
        None => "No calendar".to_owned(),
        Some(one) => match one.last_synced_at {
            Some(at) => format!("{}, read {}", one.provider.label(), ago(at, now)),
            None => one.provider.label().to_owned(),
        },
    }
}

/// The moments at which people can be reminded, with those ticked that were chosen: minutes before, separated by commas.
pub fn reminder_choices(chosen: &str) -> Vec<ReminderChoice> {
    let choices = reminders::choices(chosen).into_iter();
    choices.map(|(minutes, words, on)| ReminderChoice { minutes, words, on }).collect()
}

/// "Ana", "Ana and Raj", "Ana, Raj and Mia"
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// "just now", "2 min ago", "3 h ago", "5 days ago"
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes();
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..2880 => "yesterday".to_owned(),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// "in 3 min", "in 5 h", "in 9 days"; minutes and hours are never less than is left.
pub fn ahead(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (at - now).to_std().unwrap_or_default().as_secs().div_ceil(60);
    match minutes {
        ..60 => format!("in {minutes} min"),
        60..2880 => format!("in {} h", minutes.div_ceil(60)),
        _ => format!("in {} days", (minutes + 720) / 1440),
    }
}

/// The same with the absolute time, for a title.
pub fn full(at: DateTime<Utc>, zone: Tz) -> String {
    when::instant(at, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendars::Provider;
    use chrono::TimeDelta;

    #[test]
    fn a_provider_that_wants_to_be_left_alone_is_said_with_the_time() {
        let now: DateTime<Utc> = "2027-03-04T12:00:00Z".parse().unwrap();
        let told = |paused: i64| Told {
            provider: Provider::Microsoft,
            read_at: Some(now - TimeDelta::minutes(2)),
            works: true,
            paused_until: Some(now + TimeDelta::seconds(paused)),
        };
        let words = |paused| Source { told: Some(told(paused)), ..Source::default() }.in_words(now);
        let outlook = "Outlook of the organisation, read 2 min ago";
        assert_eq!(words(90), (Status::NotAnswering, format!("{outlook}, asked too often, again in 2 min")));
        assert_eq!(words(7200), (Status::NotAnswering, format!("{outlook}, asked too often, again in 2 h")));
        assert_eq!(words(0), (Status::Connected, outlook.to_owned()));
        let unread = Told { read_at: None, ..told(0) };
        let (status, _) = Source { told: Some(unread), ..Source::default() }.in_words(now);
        assert_eq!(status, Status::Connected, "nobody has asked so far");
    }

    #[test]
    fn names_make_a_sentence() {
        let said = |names: &[&str]| listed(names);
        assert_eq!(
            (said(&[]), said(&["Ana"]), said(&["Ana", "Raj"])),
            (String::new(), "Ana".into(), "Ana and Raj".into())
        );
        assert_eq!(said(&["Ana", "Raj", "Mia"]), "Ana, Raj and Mia");
    }

    #[test]
    fn what_is_to_come_in_words() {
        let now: DateTime<Utc> = "2027-03-04T12:00:00Z".parse().unwrap();
        let words = [
            (0, "in 0 min"),
            (1, "in 1 min"),
            (3540, "in 59 min"),
            (3541, "in 1 h"),
            (3600, "in 1 h"),
            (172_740, "in 48 h"),
            (172_800, "in 2 days"),
            (777_600, "in 9 days"),
        ];
        for (seconds, expected) in words {
            assert_eq!(ahead(now + TimeDelta::seconds(seconds), now), expected, "{seconds}");
        }
    }

    #[test]
    fn the_past_in_words() {
        let now: DateTime<Utc> = "2027-03-04T12:00:00Z".parse().unwrap();
        let words = [
            (0, "just now"),
            (1, "1 min ago"),
            (59, "59 min ago"),
            (60, "1 h ago"),
            (1500, "yesterday"),
            (4320, "3 days ago"),
        ];
        for (minutes, expected) in words {
            assert_eq!(ago(now - TimeDelta::minutes(minutes), now), expected);
        }
        assert_eq!(ago(now + TimeDelta::minutes(1), now), "just now", "clocks differ a little");
    }
}
