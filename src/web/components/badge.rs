//! States: a word, a shape and a colour, in this order of importance. `Status` lists the states Convene has, so that the
//! same state reads the same on every page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon, IconSize};

/// What a state or message means for the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Neutral,
    Info,
    Success,
    Warning,
    Danger,
    /// About acting here; not a state.
    Accent,
}

impl Tone {
    pub(crate) const fn badge(self) -> &'static str {
        match self {
            Self::Neutral => "",
            Self::Info => "badge-info",
            Self::Success => "badge-success",
            Self::Warning => "badge-warning",
            Self::Danger => "badge-danger",
            Self::Accent => "badge-accent",
        }
    }

    /// The shape that stands for this tone when nothing more telling is at hand.
    pub(crate) const fn glyph(self) -> Glyph {
        match self {
            Self::Neutral => Glyph::CircleDashed,
            Self::Info | Self::Accent => Glyph::Info,
            Self::Success => Glyph::CircleCheck,
            Self::Warning => Glyph::TriangleAlert,
            Self::Danger => Glyph::CircleAlert,
        }
    }
}

/// A word in a pill.
#[component]
pub fn Badge(
    #[prop(into)] text: String,
    #[prop(optional)] tone: Tone,
    /// Instead of the tone's own shape.
    #[prop(default = None, into)]
    glyph: Option<Glyph>,
    /// Without a shape: for counts and words that carry no state.
    #[prop(optional)]
    plain: bool,
    /// More on hover, such as the absolute time of a relative one.
    #[prop(optional, into)]
    title: MaybeProp<String>,
) -> impl IntoView {
    let title = title.get_untracked();
    view! {
        <span class=super::classes(&["badge", tone.badge(), if plain { "badge-plain" } else { "" }]) title=title>
            {(!plain).then(|| view! { <Icon glyph=glyph.unwrap_or(tone.glyph()) size=IconSize::Tiny /> })}
            {text}
        </span>
    }
    .into_any()
}

/// The states of connections, requests and events, each with its one word, shape and tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    // Connections and people
    Connected,
    TypedTimes,
    NotConnected,
    Invited,
    NotAnswering,
    SignInExpired,
    PermissionMissing,
    Disconnected,
    // Requests
    Draft,
    WaitingForCandidate,
    Confirming,
    Booked,
    InterviewerDeclined,
    NoTimes,
    LinkExpired,
    Cancelled,
    Done,
    // Events on calendars, messages, jobs
    InCalendar,
    Placing,
    Differs,
    NotInCalendar,
    Waiting,
    Sent,
    Failed,
    GivenUp,
}

impl Status {
    /// The word. Tests and screen readers rely on it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::TypedTimes => "Typed times",
            Self::NotConnected => "Not connected",
            Self::Invited => "Invited",
            Self::NotAnswering => "Not answering",
            Self::SignInExpired => "Sign-in expired",
            Self::PermissionMissing => "Permission missing",
            Self::Disconnected => "Disconnected",
            Self::Draft => "Draft",
            Self::WaitingForCandidate => "Waiting for candidate",
            Self::Confirming => "Confirming",
            Self::Booked => "Booked",
            Self::InterviewerDeclined => "Interviewer declined",
            Self::NoTimes => "No times",
            Self::LinkExpired => "Link expired",
            Self::Cancelled => "Cancelled",
            Self::Done => "Done",
            Self::InCalendar => "In calendar",
            Self::Placing => "Placing",
            Self::Differs => "Differs",
            Self::NotInCalendar => "Not in calendar",
            Self::Waiting => "Waiting",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::GivenUp => "Given up",
        }
    }

    /// What it means for the reader.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Connected | Self::Booked | Self::InCalendar | Self::Sent => Tone::Success,
            Self::Invited | Self::WaitingForCandidate | Self::Confirming | Self::Placing | Self::Waiting => Tone::Info,
            Self::NotConnected
            | Self::PermissionMissing
            | Self::NoTimes
            | Self::LinkExpired
            | Self::Differs
            | Self::NotInCalendar => Tone::Warning,
            Self::NotAnswering | Self::SignInExpired | Self::InterviewerDeclined | Self::Failed | Self::GivenUp => {
                Tone::Danger
            }
            Self::TypedTimes | Self::Disconnected | Self::Draft | Self::Cancelled | Self::Done => Tone::Neutral,
        }
    }

    /// Its shape.
    #[must_use]
    pub const fn glyph(self) -> Glyph {
        match self {
            Self::Connected | Self::Booked | Self::Sent => Glyph::CircleCheck,
            Self::InCalendar => Glyph::CalendarCheck,
            Self::TypedTimes | Self::Draft => Glyph::Pencil,
            Self::NotConnected => Glyph::CircleDashed,
            Self::Disconnected => Glyph::Unplug,
            Self::Invited => Glyph::Mail,
            Self::NotAnswering | Self::Failed => Glyph::CircleAlert,
            Self::SignInExpired => Glyph::KeyRound,
            Self::PermissionMissing => Glyph::Lock,
            Self::WaitingForCandidate | Self::Confirming | Self::Waiting => Glyph::Hourglass,
            Self::InterviewerDeclined => Glyph::UserX,
            Self::NoTimes => Glyph::CircleHelp,
            Self::LinkExpired => Glyph::Clock,
            Self::Cancelled => Glyph::CalendarX,
            Self::Done => Glyph::Check,
            Self::Placing => Glyph::RefreshCw,
            Self::Differs => Glyph::ArrowLeftRight,
            Self::NotInCalendar => Glyph::Calendar,
            Self::GivenUp => Glyph::CircleX,
        }
    }
}

/// A state as a badge.
#[component]
pub fn StatusBadge(
    status: Status,
    /// More on hover, such as when it was last seen.
    #[prop(optional, into)]
    title: MaybeProp<String>,
    /// Without the pill: for dense rows.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let title = title.get_untracked();
    let class = if quiet {
        super::classes(&[
            "sync",
            match status.tone() {
                Tone::Success => "sync-ok",
                Tone::Info | Tone::Accent => "sync-wait",
                Tone::Warning => "sync-warn",
                Tone::Danger => "sync-bad",
                Tone::Neutral => "",
            },
        ])
    } else {
        super::classes(&["badge", status.tone().badge()])
    };
    view! {
        <span class=class title=title>
            <Icon glyph=status.glyph() size=IconSize::Tiny />
            {status.word()}
        </span>
    }
    .into_any()
}
