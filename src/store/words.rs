//! The closed vocabularies of text columns, and instants as stored.

use std::fmt;

use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, DeriveValueType, EnumIter};
use serde::{Deserialize, Serialize};

/// An instant as stored: milliseconds since 1970-01-01T00:00Z, the same BIGINT on both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Stamp(i64);

impl Stamp {
    /// The instant. Stored values come from [`DateTime<Utc>`], so they are in its range.
    pub fn at(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    pub fn millis(self) -> i64 {
        self.0
    }

    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }
}

impl From<DateTime<Utc>> for Stamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            $(#[sea_orm(string_value = $text)] #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// The word as stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    )*};
}

words! {
    /// What a person may do in their organisation.
    Role { Admin = "admin", Coordinator = "coordinator", Interviewer = "interviewer", }
    /// Who keeps a person's calendar.
    Provider { Google = "google", Microsoft = "microsoft", Apple = "apple", }
    /// `Inactive` was disconnected, `Expired` needs its person to sign in again, `Error` did not answer when last asked.
    ConnectionStatus { Active = "active", Inactive = "inactive", Expired = "expired", Error = "error", }
    /// What an account may do with a calendar, least first.
    AccessLevel { FreeBusy = "free_busy", Read = "read", Write = "write", Own = "own", }
    /// Which way a calendar and Convene are brought in step: reading it, or writing to it.
    Direction { In = "in", Out = "out", }
    /// How an organisation's access stands: `Error` was refused or did not answer when last asked.
    AccessStatus { Active = "active", Error = "error", }
    /// A channel by which a provider pushes. `Opening` was asked for and not answered yet; pushes of both count.
    ChannelStatus { Opening = "opening", Live = "live", Ended = "ended", }
    /// An event of ours that should not stand on a calendar: once more, or of whatever this database does not know.
    StrayKind { Copy = "copy", Unknown = "unknown", }
    RequestStatus { Open = "open", Booked = "booked", Cancelled = "cancelled", }
    SeatKind { All = "all", Any = "any", Optional = "optional", }
    /// `Held` waits for a calendar that did not answer; `Released` was held and could not be confirmed.
    BookingStatus { Held = "held", Confirmed = "confirmed", Cancelled = "cancelled", Released = "released", }
    ChangeKind { Booked = "booked", Held = "held", Confirmed = "confirmed", Moved = "moved", Swapped = "swapped", Cancelled = "cancelled", Released = "released", }
    /// The last three are people too, who acted in their calendar and not here.
    ActorKind { Candidate = "candidate", Person = "person", System = "system", InGoogle = "in_google", InMicrosoft = "in_microsoft", InApple = "in_apple", }
    /// Where a calendar, or an attendee in it, says something else of an interview than we do: it has another time there, is not there
    /// any more, was changed on both sides; or an interviewer, or the candidate, declined.
    DifferenceKind { Moved = "moved", Gone = "gone", Collided = "collided", Declined = "declined", CandidateDeclined = "candidate_declined", }
    /// What became of a difference: ours was put back, theirs was followed, it was left as it is, or it went away without a decision.
    Outcome { Ours = "ours", Theirs = "theirs", Kept = "kept", Withdrawn = "withdrawn", }
    EventKind { Interview = "interview", Practice = "practice", Assignment = "assignment", FollowUp = "follow_up", Reminder = "reminder", }
    /// When somebody's calendar alerts them to events of a kind: as it does of itself, never, or so many minutes before.
    Alert { Usual = "default", Silent = "none", AtStart = "0", Minutes5 = "5", Minutes10 = "10", Minutes15 = "15", Minutes30 = "30", Hour = "60", Day = "1440", }
    /// RFC 5545 section 3.8.1.11.
    EventStatus { Tentative = "tentative", Confirmed = "confirmed", Cancelled = "cancelled", }
    /// Who invites an event's attendees: the provider it stands on, or our own iMIP mail. Never both.
    Inviter { Provider = "provider", Mail = "mail", }
    ParticipantRole { Organizer = "organizer", Candidate = "candidate", Interviewer = "interviewer", Optional = "optional", }
    /// `Parked` waits for a connection to be mended; `Superseded` was overtaken by a newer intent of the same subject.
    JobStatus { Queued = "queued", Running = "running", Parked = "parked", Done = "done", Dead = "dead", Superseded = "superseded", }
    /// What a note for the applicant-tracking system tells.
    NoteKind { LinkSent = "link_sent", Booked = "booked", Moved = "moved", Cancelled = "cancelled", }
    NoteStatus { Queued = "queued", Written = "written", Failed = "failed", }
    /// What an API key may be used for.
    ApiScope {
        AvailabilityRead = "availability:read",
        RequestsRead = "requests:read", RequestsWrite = "requests:write",
        BookingsRead = "bookings:read", BookingsWrite = "bookings:write",
        InterviewersRead = "interviewers:read", InterviewersWrite = "interviewers:write",
        ConnectionsRead = "connections:read", ConnectionsWrite = "connections:write",
        WebhooksRead = "webhooks:read", WebhooksWrite = "webhooks:write",
    }
    /// What a webhook may be told of.
    HookEvent {
        RequestCreated = "request.created", RequestCancelled = "request.cancelled",
        BookingCreated = "booking.created", BookingMoved = "booking.moved", BookingCancelled = "booking.cancelled",
        ConnectionConnected = "connection.connected", ConnectionExpired = "connection.expired",
        ConnectionDisconnected = "connection.disconnected",
        SyncConflict = "sync.conflict", SyncFailed = "sync.failed",
    }
    /// `Failed` was given up; it can be sent again.
    DeliveryStatus { Queued = "queued", Delivered = "delivered", Failed = "failed", }
    MessageStatus { Queued = "queued", Sent = "sent", Failed = "failed", }
}

impl Alert {
    /// How many minutes before the start, where it is a time.
    pub fn minutes(self) -> Option<u32> {
        self.as_str().parse().ok()
    }
}

impl ActorKind {
    /// Whose calendar somebody acted in, if they did not act here.
    pub fn provider(self) -> Option<Provider> {
        match self {
            Self::InGoogle => Some(Provider::Google),
            Self::InMicrosoft => Some(Provider::Microsoft),
            Self::InApple => Some(Provider::Apple),
            Self::Candidate | Self::Person | Self::System => None,
        }
    }
}
