//! Other people's calendars: one trait, a client per provider, and one in memory.
//!
//! Here live the words in which the rest of the house speaks about a calendar account ([`Calendar`],
//! [`EventDraft`], [`Placed`], [`CalendarError`]), the OAuth code flow ([`oauth`]) and the check of
//! who signed in ([`identity`]). The JSON of one provider never leaves its own module. Nothing here
//! knows the database, bookings or pages; whoever calls holds the tokens and decides about retries.
//!
//! What a newcomer would get wrong: a calendar that did not answer is an error, never an empty list
//! of busy times. Unknown is not free.

pub mod caldav;
pub mod changes;
pub mod endpoints;
pub mod google;
pub mod http;
pub mod ical;
pub mod identity;
mod keys;
pub mod memory;
pub mod microsoft;
pub mod oauth;
pub mod windows_zones;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::scheduling::interval::{Interval, normalise};
use changes::{Changes, Cursor, Hook, Pushes, Watching};

/// Whose calendars these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Google,
    #[serde(alias = "outlook")]
    Microsoft,
    /// iCloud, and any other CalDAV server.
    #[serde(alias = "icloud")]
    Apple,
}

impl Provider {
    /// The name used in code, in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Apple => "apple",
        }
    }

    /// The name people know the product by.
    pub fn label(self) -> &'static str {
        match self {
            Self::Google => "Google Calendar",
            Self::Microsoft => "Outlook",
            Self::Apple => "Apple Calendar",
        }
    }

    /// Whether it mails attendees for us. Who is on a CalDAV calendar is told by our own mail, for not every server tells, and
    /// none tells us that it did.
    pub fn invites(self) -> bool {
        match self {
            Self::Google | Self::Microsoft => true,
            Self::Apple => false,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no calendar provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown calendar provider; known are google, microsoft and apple")]
pub struct UnknownProvider;

impl FromStr for Provider {
    type Err = UnknownProvider;

    /// Accepts `outlook` as another name for `microsoft`, and `icloud` for `apple`, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "google" => Ok(Self::Google),
            "microsoft" | "outlook" => Ok(Self::Microsoft),
            "apple" | "icloud" => Ok(Self::Apple),
            _ => Err(UnknownProvider),
        }
    }
}

/// Makes a string type that never shows its content: no `Display`, no `Serialize`, a redacting
/// `Debug`, and zeroed memory when dropped.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            pub fn new(secret: impl Into<String>) -> Self {
                Self(secret.into())
            }

            /// The secret itself. Call it only where it is sent, compared or encrypted.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}
pub(crate) use secret;

secret! {
    /// A bearer token for a provider's API (RFC 6750).
    AccessToken
}

/// What the account may do with one of its calendars, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    FreeBusy,
    Read,
    Write,
    Own,
}

/// One calendar of an account, as its owner would recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarInfo {
    /// The provider's id; opaque, case-sensitive.
    pub id: String,
    pub name: String,
    /// As its owner sees it, `#rrggbb` in small letters, where the provider tells it.
    pub colour: Option<String>,
    /// IANA name, where the provider tells it (Google does, Microsoft does not).
    pub zone: Option<String>,
    pub primary: bool,
    pub writable: bool,
    pub access: Access,
}

/// A colour as `#rrggbb`, from that or from Apple's `#RRGGBBAA`; nothing for what is none.
pub(crate) fn colour(text: &str) -> Option<String> {
    let digits = text.trim().strip_prefix('#')?;
    let is_one = matches!(digits.len(), 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| format!("#{}", digits[..6].to_ascii_lowercase()))
}

/// The account whose calendars are asked for busy time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub email: String,
    /// A consumer account (Microsoft: tenant `9188040d-…`; Google: no Workspace domain).
    pub personal: bool,
    /// Where its owner lives, as far as we know. Microsoft reports all-day entries as bare dates, and
    /// reading the mailbox's own zone would need one more permission, so the caller says it. With
    /// `None` such a day blocks every instant that is part of it anywhere on earth.
    pub zone: Option<chrono_tz::Tz>,
}

/// Someone to invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    pub email: String,
    pub name: Option<String>,
    pub optional: bool,
}

/// When its owner's calendar alerts them to an event of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alert {
    /// As it does for any event: nothing is said about it.
    #[default]
    Usual,
    /// Never.
    Silent,
    /// So many minutes before the event starts.
    Before(u32),
}

impl Alert {
    /// What an event keeps of the alert that was asked for: `default`, `none`, or the minutes.
    fn word(self) -> String {
        match self {
            Self::Usual => "default".to_owned(),
            Self::Silent => "none".to_owned(),
            Self::Before(minutes) => minutes.to_string(),
        }
    }

    /// Whether this is to be written over what an event keeps; an event that keeps nothing was written without a word about it.
    /// What its owner set at the event by hand stays until they want another alert of us.
    fn differs(self, kept: Option<&str>) -> bool {
        kept.unwrap_or("default") != self.word()
    }
}

/// What we want to stand on a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// iCalendar UID, the same for the event's whole life (RFC 5545 section 3.8.4.7).
    pub uid: String,
    /// Our own event id. The provider keeps it in a private property, so we find the event again.
    pub marker: String,
    /// Which placement of this UID it is: a new one gives a new provider id, so an event that was
    /// cancelled for good can be placed afresh. A retry keeps the number.
    pub generation: u32,
    /// iCalendar SEQUENCE; never lowered at the provider.
    pub sequence: u32,
    pub summary: String,
    /// Plain text.
    pub description: String,
    pub location: Option<String>,
    pub span: Interval,
    /// The zone in which people see it.
    pub zone: chrono_tz::Tz,
    /// Everyone to invite. Guests that this list lacks are uninvited by an update; rooms and the
    /// organiser are left alone.
    pub attendees: Vec<Attendee>,
    /// Ask the provider for a video meeting. Taking the wish back later does not remove it.
    pub video: bool,
    /// The provider mails the attendees. If false, nobody gets mail from the provider; as Microsoft
    /// always mails whoever is listed, its event then lists nobody.
    pub notify: bool,
    /// The owner's alone: whom the provider invites has their own. Another alert alone is no change of the event, and goes along
    /// with the next one.
    pub alert: Alert,
}

/// Where an event stands at the provider, as of the answer that said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    pub provider_id: String,
    pub etag: Option<String>,
    /// May come later than the event: both providers make the meeting in the background.
    pub join_url: Option<String>,
    /// The UID under which the provider mails it, which differs from ours.
    pub ical_uid: Option<String>,
    /// The time it had as of that answer. `None` if it is an all-day entry, or if nobody knows any more.
    pub span: Option<Interval>,
}

/// What a removal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The event stood there and is gone now, or was known there and had been taken off before.
    Removed,
    /// The provider knows nothing of it. If the answer to a put was lost, it may still appear.
    NotThere,
}

/// What an attendee answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    NeedsAction,
    Accepted,
    Tentative,
    Declined,
}

/// An event as it stands at the provider now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteEvent {
    pub placed: Placed,
    /// `None` if someone turned it into an all-day entry.
    pub span: Option<Interval>,
    pub cancelled: bool,
    /// E-mail as the provider spells it, and the answer.
    pub attendees: Vec<(String, Response)>,
    /// Graph does not tell it.
    pub sequence: Option<u32>,
}

/// An event that carries our marker, found without knowing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    pub provider_id: String,
    /// As in [`EventDraft::marker`].
    pub marker: String,
    /// `None` if someone turned it into an all-day entry.
    pub span: Option<Interval>,
    /// Cancelled by hand, yet still standing there.
    pub cancelled: bool,
}

/// Somebody whose busy time is asked of their organisation's access, by the address of their mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    pub address: String,
    /// Where they live, as far as we know; see [`Account::zone`].
    pub zone: Option<chrono_tz::Tz>,
}

/// A calendar by the id it was asked for by, and what it said, or why it said nothing.
pub type Heard = (String, Result<Vec<Interval>, CalendarError>);

/// A provider's calendar service. One value serves all accounts: the token says whose calendar is
/// meant. Implementations keep no state that a restart would lose.
#[async_trait]
pub trait Calendar: Send + Sync {
    /// The account's calendars, the primary one among them.
    async fn calendars(&self, token: &AccessToken) -> Result<Vec<CalendarInfo>, CalendarError>;

    /// Makes a secondary calendar of this name, for events that are not to stand on the primary one. No calendar has a key of ours
    /// there, so the name is it: one that the account has under it already, and may write to, is the answer, for an earlier
    /// answer may have been lost.
    async fn create_calendar(&self, token: &AccessToken, name: &str) -> Result<CalendarInfo, CalendarError>;

    /// Busy time of these calendars of the account itself within the window, each by itself, merged, sorted and cut to the
    /// window, with as few calls as the provider allows. An empty list of calendars means the primary one. One that fails leaves
    /// the others known; an error of the whole is one of the account: its sign-in. After "asked too often" nothing more is asked.
    async fn busy_each(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError>;

    /// The same as one: if one calendar fails, all fails, for unknown is never free.
    async fn busy(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Interval>, CalendarError> {
        let mut busy = Vec::new();
        for (_, one) in self.busy_each(token, account, calendars, window).await? {
            busy.extend(one?);
        }
        Ok(normalise(busy))
    }

    /// Busy time of people of an organisation, by a token that the organisation gave and no single one of them: the main calendar
    /// of each, each for themselves, under the address they were asked for by. Nobody of the organisation is
    /// [`CalendarError::Gone`], never free. An error of the whole is one of the token. After "asked too often" nothing more is asked.
    ///
    /// A provider that knows no such access refuses.
    async fn busy_of(
        &self,
        token: &AccessToken,
        people: &[Colleague],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let _ = (token, people, window);
        Err(CalendarError::Rejected("this provider gives no access to a whole organisation".into()))
    }

    /// Makes the calendar show this draft, once, whatever was tried before.
    ///
    /// With `last` the placed event is updated in place; if it is gone or was cancelled there, the
    /// answer is [`CalendarError::Gone`], for a person may have removed it on purpose. Nothing is written over a time that a
    /// person gave it: if it has another one than the receipt says ([`Placed::span`]), and none that we wrote or want, the answer
    /// is [`CalendarError::Moved`]. Without `last`
    /// the event is looked for first (an earlier answer may have been lost) and adopted, revived (where
    /// the provider knows a way back from cancelled) or created under the id that follows from UID and
    /// generation. `calendar` is `"primary"` or an id.
    async fn put(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Placed, CalendarError>;

    /// Takes the event off the calendar, telling attendees if the draft says `notify`. An event that
    /// is not there is no error, and the answer says so. The comment reaches them where the provider carries one (Microsoft).
    async fn cancel(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
        comment: &str,
    ) -> Result<Removal, CalendarError>;

    /// The event as it stands there, by `last` or by what the draft's identity derives to.
    async fn find(
        &self,
        token: &AccessToken,
        calendar: &str,
        draft: &EventDraft,
        last: Option<&Placed>,
    ) -> Result<Option<RemoteEvent>, CalendarError>;

    /// What changed on this calendar since the cursor, in as many pages as the provider makes of it. Without a cursor everything
    /// that ends after the window's start and, where the provider bounds its answer, starts before its end. A cursor that the
    /// provider does not know any more is [`CalendarError::CursorGone`]: read everything then.
    ///
    /// Only what the provider sent is told: nothing is concluded from what it left out. (A CalDAV server that tells no changes is
    /// compared with what it listed before.)
    async fn changes(
        &self,
        token: &AccessToken,
        calendar: &str,
        since: Option<&Cursor>,
        window: Interval,
    ) -> Result<Changes, CalendarError> {
        let _ = (token, calendar, since, window);
        Err(CalendarError::Rejected("this calendar does not tell changes".into()))
    }

    /// Every event on this calendar that carries our marker and overlaps the window, whatever is known of it here: one that was
    /// forgotten, or a copy that a person made. What was deleted is not told.
    async fn ours(&self, token: &AccessToken, calendar: &str, window: Interval) -> Result<Vec<Ours>, CalendarError> {
        let _ = (token, calendar, window);
        Err(CalendarError::Rejected("this calendar does not tell what is ours".into()))
    }

    /// How it tells that something changed.
    fn pushes(&self) -> Pushes {
        Pushes::Never
    }

    /// Asks the provider to push when something changes on this calendar, for as long as it allows (a week, or three days). The
    /// first push may come before the answer, so the hook must be known where it arrives.
    async fn watch(&self, token: &AccessToken, calendar: &str, hook: &Hook) -> Result<Watching, CalendarError> {
        let _ = (token, calendar, hook);
        Err(CalendarError::Rejected("this calendar does not push".into()))
    }

    /// Makes a subscription longer. One that is no longer there is [`CalendarError::Gone`].
    async fn renew(&self, token: &AccessToken, watching: &Watching) -> Result<Watching, CalendarError> {
        let _ = (token, watching);
        Err(CalendarError::Rejected("this calendar does not push".into()))
    }

    /// Stops the pushes. A channel that is not there any more is no error.
    async fn unwatch(&self, token: &AccessToken, watching: &Watching) -> Result<(), CalendarError> {
        let _ = (token, watching);
        Ok(())
    }
}

/// The secondary calendar of this name among those of an account, if events may be put onto it.
fn made_before(calendars: Vec<CalendarInfo>, name: &str) -> Option<CalendarInfo> {
    calendars.into_iter().find(|one| one.name == name && one.writable && !one.primary)
}

/// Whether nobody but us gave the event the time that it has `now`. `kept` is what the event itself keeps of our last write, whose
/// answer may have been lost; a receipt that knows no time is trusted.
///
/// # Errors
/// [`CalendarError::Moved`]
fn unmoved(
    now: Option<Interval>,
    kept: Option<Interval>,
    draft: &EventDraft,
    last: Option<&Placed>,
) -> Result<(), CalendarError> {
    let Some(known) = last.and_then(|placed| placed.span) else { return Ok(()) };
    let is_ours = now.is_some_and(|now| now == known || now == draft.span || kept == Some(now));
    if is_ours { Ok(()) } else { Err(CalendarError::Moved(now)) }
}

/// The ways in which a calendar can fail us. Texts are for operators: they carry a provider's code
/// and no token or title.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The token is not accepted. Refresh once and repeat once; then the person has to sign in again.
    #[error("the sign-in has expired")]
    SignInExpired,
    /// The sign-in is fine, but these permissions were not granted (or the calendar is not shared so).
    #[error("permission missing: {}", .0.join(", "))]
    PermissionMissing(Vec<String>),
    #[error("asked too often")]
    RateLimited { retry_after: Option<Duration> },
    /// The calendar, or the event that stood there, no longer exists.
    #[error("no longer there")]
    Gone,
    /// The provider forgot how far we had read: read everything.
    #[error("the cursor is no longer known")]
    CursorGone,
    /// Someone else changed the event at the same moment, twice.
    #[error("changed by someone else meanwhile")]
    Conflict { etag: Option<String> },
    /// Somebody gave the event another time meanwhile, this one (`None`: whole days), and nothing was written over it.
    #[error("moved by someone else meanwhile")]
    Moved(Option<Interval>),
    /// Nothing was written; try again later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The write was sent and its answer lost: it may have happened. Putting again is safe.
    #[error("outcome unknown: {0}")]
    UnknownOutcome(String),
    /// The provider refuses this request for good.
    #[error("rejected: {0}")]
    Rejected(String),
}

/// What to do about a failure, for the worker's retry rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    Transient,
    Throttled,
    Auth,
    Conflict,
    UnknownOutcome,
    Permanent,
}

impl CalendarError {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::SignInExpired | Self::PermissionMissing(_) => ErrorClass::Auth,
            Self::RateLimited { .. } => ErrorClass::Throttled,
            Self::Conflict { .. } | Self::Moved(_) => ErrorClass::Conflict,
            Self::Unavailable(_) => ErrorClass::Transient,
            Self::UnknownOutcome(_) => ErrorClass::UnknownOutcome,
            Self::Gone | Self::CursorGone | Self::Rejected(_) => ErrorClass::Permanent,
        }
    }

    /// Whether it was asked too often.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::RateLimited { .. })
    }

    /// Whether the same call may succeed later without a person doing anything.
    pub fn is_retryable(&self) -> bool {
        !matches!(self.class(), ErrorClass::Auth | ErrorClass::Permanent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlook_and_icloud_are_other_names() {
        assert_eq!("Outlook".parse(), Ok(Provider::Microsoft));
        assert_eq!("google".parse(), Ok(Provider::Google));
        assert_eq!("iCloud".parse(), Ok(Provider::Apple));
        assert_eq!("caldav".parse::<Provider>(), Err(UnknownProvider));
        assert_eq!(serde_json::from_str::<Provider>("\"outlook\"").ok(), Some(Provider::Microsoft));
        assert_eq!(serde_json::to_string(&Provider::Microsoft).ok().as_deref(), Some("\"microsoft\""));
    }

    #[test]
    fn colours_are_six_digits_or_none() {
        for (told, colour_of_it) in [
            ("#9fe1e7", Some("#9fe1e7")),
            ("#FF2968FF", Some("#ff2968")),
            (" #0E61B9 ", Some("#0e61b9")),
            ("", None),
            ("red", None),
            ("#12345", None),
            ("#12345g", None),
            ("#é12345", None),
        ] {
            assert_eq!(colour(told).as_deref(), colour_of_it, "{told:?}");
        }
    }

    #[test]
    fn tokens_do_not_show_themselves() {
        let token = AccessToken::new("ya29.secret");
        assert!(!format!("{token:?}").contains("secret"));
        assert_eq!(token.expose(), "ya29.secret");
    }

    #[test]
    fn every_failure_has_a_class_and_the_hopeless_ones_are_not_retried() {
        let table = [
            (CalendarError::SignInExpired, ErrorClass::Auth, false),
            (CalendarError::PermissionMissing(vec![]), ErrorClass::Auth, false),
            (CalendarError::RateLimited { retry_after: None }, ErrorClass::Throttled, true),
            (CalendarError::Gone, ErrorClass::Permanent, false),
            (CalendarError::CursorGone, ErrorClass::Permanent, false),
            (CalendarError::Conflict { etag: None }, ErrorClass::Conflict, true),
            (CalendarError::Moved(None), ErrorClass::Conflict, true),
            (CalendarError::Unavailable("503".into()), ErrorClass::Transient, true),
            (CalendarError::UnknownOutcome("cut".into()), ErrorClass::UnknownOutcome, true),
            (CalendarError::Rejected("400".into()), ErrorClass::Permanent, false),
        ];
        for (error, class, retryable) in table {
            assert_eq!((error.class(), error.is_retryable()), (class, retryable), "{error:?}");
        }
    }
}
