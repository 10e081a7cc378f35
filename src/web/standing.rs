//! Where a request or a person's calendar stands, in the words, shapes and colours of badges.

use chrono::{DateTime, Utc};

use crate::{
    booking::list::Standing,
    connections::{Connection, Need, organisation::Told},
    invitations::Invitation,
    people::given::GivenTimes,
    store::words::ConnectionStatus,
    web::{
        components::Status,
        wording::{ago, ahead},
    },
};

impl Standing {
    pub fn status(&self) -> Status {
        match self {
            Self::WaitingForCandidate => Status::WaitingForCandidate,
            Self::Lapsed => Status::LinkExpired,
            Self::Held => Status::Confirming,
            Self::Booked | Self::KeptOff => Status::Booked,
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
}
