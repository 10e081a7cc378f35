//! What is being played, by name.

use serde::{Deserialize, Serialize};

/// Whose calendars and accounts are being played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Google,
    Microsoft,
    Apple,
}

impl Provider {
    /// The word used in the control API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Apple => "apple",
        }
    }
}

/// Everything that is being played: the calendar providers, and the applicant-tracking system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    Google,
    Microsoft,
    Apple,
    Icims,
}

impl Service {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 4] = [Self::Google, Self::Microsoft, Self::Apple, Self::Icims];

    /// The word used in the control API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => Provider::Google.name(),
            Self::Microsoft => Provider::Microsoft.name(),
            Self::Apple => Provider::Apple.name(),
            Self::Icims => "icims",
        }
    }

    /// The calendar provider, unless it is the applicant-tracking system, where nobody has an account.
    pub fn provider(self) -> Option<Provider> {
        match self {
            Self::Google => Some(Provider::Google),
            Self::Microsoft => Some(Provider::Microsoft),
            Self::Apple => Some(Provider::Apple),
            Self::Icims => None,
        }
    }
}

impl From<Provider> for Service {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Google => Self::Google,
            Provider::Microsoft => Self::Microsoft,
            Provider::Apple => Self::Apple,
        }
    }
}
