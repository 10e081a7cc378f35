//! Calendars that a password opens: iCloud's, and those of servers whose address somebody types.

use url::Url;

use super::{Reader, providers::stand_in};
use crate::http::guard::{Listed, NotListed, Rules};

/// Reads a list of hosts with their ports.
pub(super) fn listed(text: &str, example: &str) -> Result<Vec<Listed>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let wrong = |entry: &str| format!("{entry:?} is not a host with its port; use a list such as {example}");
    entries.map(|entry| entry.parse().map_err(|NotListed| wrong(entry))).collect()
}

#[derive(Clone)]
pub struct Caldav {
    /// Which addresses may be asked beyond public ones.
    pub rules: Rules,
    /// A stand-in for iCloud, in demos and tests.
    pub icloud: Option<Url>,
}

impl Caldav {
    /// The outer `None` is a problem noted, the inner one that it is switched off.
    #[allow(clippy::option_option, reason = "wrong, off and on are three things")]
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Option<Self>> {
        let is_on = reader.choice("CALDAV", "on", &[("on", true), ("off", false)]);
        let icloud = stand_in(reader, "APPLE_BASE_URL");
        let listed = reader.parsed("CALDAV_ALLOWED_HOSTS", "", |text| listed(text, "calendar.lan:5232"));
        let allow_private = reader.choice("CALDAV_ALLOW_PRIVATE", "false", &[("true", true), ("false", false)]);
        let rules = Rules { listed: listed?, allow_private: allow_private? };
        Some(is_on?.then_some(Self { rules, icloud: icloud? }))
    }
}
