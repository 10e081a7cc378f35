//! What can go wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::apple::Quirk;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// This status with the provider's usual body; `retry_after` in seconds goes into `Retry-After`.
    Status {
        status: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// An entry of the provider's error catalogue.
    Error { reason: String },
    /// The request waits this many milliseconds, then goes on.
    Latency { ms: u64 },
    /// The request takes effect, then the connection is closed without an answer.
    DropAfterWrite,
    /// The connection is closed before the request takes effect.
    DropBeforeWrite,
    /// The request takes effect, then nothing is answered for so long, then the connection is closed.
    HangAfterWrite { ms: u64 },
    /// Nothing is answered for so long, then the connection is closed, and the request never takes effect.
    HangBeforeWrite { ms: u64 },
    /// Nothing is answered for so long; then the request takes effect, whether or not the client still waits, and the
    /// connection is closed.
    LateWrite { ms: u64 },
    /// Free/busy answers 200 but reports this reason for one calendar (an address or a calendar id), as the real
    /// services do when a single mailbox fails. It meets free/busy only and ignores `match`.
    CalendarError { calendar: String, reason: String },
    /// 200 with a page that asks to sign in, whatever was asked for: a proxy's, or a network's.
    HtmlPage,
    /// 307 to another place; without one, to another origin where nobody should send a password.
    Redirect {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// An answer of this many bytes.
    Oversize { bytes: u32 },
    /// Something a CalDAV server does differently. The answer is given all the same, and several may be on.
    Quirk { quirk: Quirk },
    /// A push is lost. Like the next three it meets pushes, not requests, and several may meet one.
    PushDrop,
    /// A push is sent so many times in all.
    PushDuplicate {
        #[serde(default = "twice")]
        copies: u32,
    },
    /// A push is overtaken by the next one, if one comes within two seconds.
    PushReorder,
    /// A push waits this many milliseconds, and others pass it.
    PushDelay { ms: u64 },
}

fn twice() -> u32 {
    2
}

/// What faults do to one push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushFate {
    pub drop: bool,
    /// How often it is sent; none means once.
    pub copies: u32,
    pub reorder: bool,
    pub delay: Option<Duration>,
}

impl PushFate {
    /// The kinds that took part.
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.drop, "push_drop"),
            (self.copies > 0, "push_duplicate"),
            (self.reorder, "push_reorder"),
            (self.delay.is_some(), "push_delay"),
        ];
        all.into_iter().filter(|(took_part, _)| *took_part).map(|(_, name)| name).collect()
    }
}

impl Kind {
    /// The word used in the control API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Error { .. } => "error",
            Self::Latency { .. } => "latency",
            Self::DropAfterWrite => "drop_after_write",
            Self::DropBeforeWrite => "drop_before_write",
            Self::CalendarError { .. } => "calendar_error",
            Self::HtmlPage => "html_page",
            Self::Redirect { .. } => "redirect",
            Self::Oversize { .. } => "oversize",
            Self::Quirk { quirk } => quirk.name(),
            Self::HangAfterWrite { .. } => "hang_after_write",
            Self::HangBeforeWrite { .. } => "hang_before_write",
            Self::LateWrite { .. } => "late_write",
            Self::PushDrop => "push_drop",
            Self::PushDuplicate { .. } => "push_duplicate",
            Self::PushReorder => "push_reorder",
            Self::PushDelay { .. } => "push_delay",
        }
    }

    /// Whether it meets requests that change something, unless told.
    pub fn is_about_writes(&self) -> bool {
        matches!(
            self,
            Self::DropAfterWrite
                | Self::DropBeforeWrite
                | Self::HangAfterWrite { .. }
                | Self::HangBeforeWrite { .. }
                | Self::LateWrite { .. }
        )
    }

    /// Whether the request goes on after its client has left.
    pub fn outlasts_the_client(&self) -> bool {
        matches!(self, Self::HangAfterWrite { .. } | Self::HangBeforeWrite { .. } | Self::LateWrite { .. })
    }

    /// Whether it meets pushes, rather than requests.
    pub fn is_about_pushes(&self) -> bool {
        matches!(self, Self::PushDrop | Self::PushDuplicate { .. } | Self::PushReorder | Self::PushDelay { .. })
    }
}
