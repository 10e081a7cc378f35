//! What CalDAV servers are known to do differently, each a switch. Unlike errors they change an answer and do not replace it,
//! and several may be on at once.

use serde::{Deserialize, Serialize};

/// One habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Quirk {
    /// The principal answers under its own address and not under `/principal/`. iCloud has been seen to do both; clients that
    /// compare addresses by their letters find it only then.
    PlainPrincipal,
    /// PUT answers without an ETag.
    NoEtag,
    /// Etags are weak, which no If-Match can meet (RFC 9110, section 13.1.1).
    WeakEtags,
    /// A sync token that is not empty is refused with 403 and `valid-sync-token` (RFC 6578, section 3.2).
    DeadSyncToken403,
    /// The same with 412 and nothing else.
    DeadSyncToken412,
    /// The same without a word: 207 with everything there is, as if the token had been empty. What was deleted is not said.
    DeadSyncTokenListing,
    /// Addresses in a multistatus name another server.
    ForeignHref,
    /// Every character of an address that may be is percent-encoded, in lower-case digits.
    EncodedHrefs,
    /// Addresses are absolute, and those of collections lack their final slash.
    AbsoluteHrefs,
    /// Namespaces have unusual prefixes.
    OddPrefixes,
    /// Calendar data stands in CDATA sections.
    Cdata,
    /// A document type declaration with an entity.
    Dtd,
    /// Properties are spread over several propstats, a 404 among and before those with 200.
    MixedPropstats,
    /// The multistatus ends in the middle.
    Truncated,
}

impl Quirk {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::PlainPrincipal,
        Self::NoEtag,
        Self::WeakEtags,
        Self::DeadSyncToken403,
        Self::DeadSyncToken412,
        Self::DeadSyncTokenListing,
        Self::ForeignHref,
        Self::EncodedHrefs,
        Self::AbsoluteHrefs,
        Self::OddPrefixes,
        Self::Cdata,
        Self::Dtd,
        Self::MixedPropstats,
        Self::Truncated,
    ];

    /// The word used in the control API.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlainPrincipal => "plain_principal",
            Self::NoEtag => "no_etag",
            Self::WeakEtags => "weak_etags",
            Self::DeadSyncToken403 => "dead_sync_token_403",
            Self::DeadSyncToken412 => "dead_sync_token_412",
            Self::DeadSyncTokenListing => "dead_sync_token_listing",
            Self::ForeignHref => "foreign_href",
            Self::EncodedHrefs => "encoded_hrefs",
            Self::AbsoluteHrefs => "absolute_hrefs",
            Self::OddPrefixes => "odd_prefixes",
            Self::Cdata => "cdata",
            Self::Dtd => "dtd",
            Self::MixedPropstats => "mixed_propstats",
            Self::Truncated => "truncated",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quirk| quirk.name() == name)
    }
}

impl From<Quirk> for &'static str {
    fn from(quirk: Quirk) -> Self {
        quirk.name()
    }
}

impl TryFrom<String> for Quirk {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| format!("there is no quirk {name}"))
    }
}
