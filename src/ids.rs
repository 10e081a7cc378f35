//! Names of things, parsed once and trusted after: prefixed ids, e-mail addresses, people's names and link tokens.
//!
//! An id is a UUIDv7 in the database and `bkg_0193…` wherever a person or a log line meets it, so it explains itself. The
//! database derive sits in the one macro below; nothing else outside `store` knows the database.

use std::{fmt, str::FromStr};

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;
use zeroize::ZeroizeOnDrop;

/// A text that was meant to be an id, an address or a token and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotA {
    #[error("not an id of this kind")]
    Id,
    #[error("email_invalid")]
    Email,
    #[error("email_too_long")]
    EmailTooLong,
    #[error("name_required")]
    NameMissing,
    #[error("name_too_long")]
    NameTooLong,
    #[error("name_control_chars")]
    NameControl,
    #[error("link_unknown")]
    Token,
    #[error("application_invalid")]
    Application,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id; later ones sort after earlier ones.
            #[allow(clippy::new_without_default, reason = "an id is made on purpose")]
            pub fn new() -> Self { Self(Uuid::now_v7()) }
            /// The key as stored.
            pub fn uuid(self) -> Uuid { self.0 }
            /// For ids that are derived rather than drawn.
            pub fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "_{}"), self.0.simple()) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = NotA;
            fn from_str(text: &str) -> Result<Self, NotA> {
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(NotA::Id)?;
                if hex.len() != 32 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                    return Err(NotA::Id);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| NotA::Id)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> { Err(DbErr::ConvertFromU64(stringify!($name))) }
        }
    )*};
}

ids! {
    /// The tenant.
    OrgId = "org";
    PersonId = "per";
    IdentityId = "idn";
    SessionId = "ses";
    ConnectionId = "con";
    CalendarId = "cal";
    ChannelId = "chn";
    RevocationId = "rev";
    RequestId = "req";
    SeatId = "sea";
    WindowId = "win";
    LinkId = "lnk";
    InvitationId = "inv";
    BookingId = "bkg";
    ChangeId = "chg";
    EventId = "evt";
    ParticipantId = "par";
    PlacementId = "plc";
    OccupancyId = "occ";
    JobId = "job";
    MessageId = "msg";
    StrayId = "str";
    NoteId = "nte";
    DifferenceId = "dif";
    AuditId = "aud";
    ApiKeyId = "key";
    EndpointId = "whe";
    DeliveryId = "whd";
}

/// An application in the applicant-tracking system: letters, digits and dashes, 64 at most.
///
/// Narrow on purpose: it becomes part of an address there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationId(String);

impl ApplicationId {
    /// Longest one, in characters.
    pub const MAX: usize = 64;

    /// Reads back a column, in which nothing stands for none.
    pub fn stored(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApplicationId {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        let text = text.trim();
        let fits = (1..=Self::MAX).contains(&text.len());
        let clean = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits && clean { Ok(Self(text.to_owned())) } else { Err(NotA::Application) }
    }
}

impl fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One e-mail address: local part as typed, domain lower case and in its ASCII (punycode) form.
///
/// Narrower than RFC 5321 on purpose: no quoted local parts, no address literals, no lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Longest address accepted, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
    pub const MAX: usize = 254;

    /// Reads back what [`Display`](fmt::Display) wrote: it was parsed before it was stored, and is not judged again.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the domain has letters beyond ASCII, which may look like others than they are.
    pub fn has_foreign_domain(&self) -> bool {
        self.0.split('@').next_back().is_some_and(|domain| domain.split('.').any(|label| label.starts_with("xn--")))
    }

    /// A name to show while nobody told a better one: `ana.alvarez@…` becomes "Ana Alvarez".
    pub fn guessed_name(&self) -> String {
        let local = self.0.split('@').next().unwrap_or(&self.0);
        let words = local.split(['.', '_', '-', '+']).filter(|w| !w.is_empty()).map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl FromStr for Email {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        let text = text.trim();
        if text.chars().count() > Self::MAX {
            return Err(NotA::EmailTooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(NotA::Email)?;
        // Judged in the form that is kept: lower case and punycode can be longer than what was typed.
        let local: String = local.nfc().collect::<String>().to_lowercase().nfc().collect();
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NotA::Email)?;
        let kept = format!("{local}@{domain}");
        if kept.len() > Self::MAX {
            return Err(NotA::EmailTooLong);
        }
        let domain_fits = domain.contains('.')
            && !domain.ends_with('.')
            && domain.split('.').all(|label| !label.is_empty() && label.len() <= 63)
            && domain.split('.').next_back().is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()));
        if !local_fits || !domain_fits {
            return Err(NotA::Email);
        }
        Ok(Self(kept))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// What a person is called: 1 to 80 visible characters (graphemes), no control or direction-changing characters.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    pub const MAX: usize = 80;
    /// Combining marks allowed on one base letter; more is decoration that overlaps its neighbours.
    const MAX_MARKS: usize = 4;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        let text: String = text.nfc().collect();
        let visible = |c: char| !c.is_whitespace() && !is_invisible(c);
        if !text.chars().any(visible) {
            return Err(NotA::NameMissing);
        }
        if text.chars().any(|c| c.is_control() || is_direction_changing(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(NotA::NameControl);
        }
        let text = text.trim().to_owned();
        let mut marks = 0;
        for c in text.chars() {
            marks = if unicode_normalization::char::is_combining_mark(c) { marks + 1 } else { 0 };
            if marks > Self::MAX_MARKS {
                return Err(NotA::NameControl);
            }
        }
        if text.graphemes(true).count() > Self::MAX || text.len() > 32 * Self::MAX {
            return Err(NotA::NameTooLong);
        }
        Ok(Self(text))
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// Bidirectional overrides, embeddings and isolates (Unicode Standard Annex 9).
pub fn is_direction_changing(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}'
            | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}'
    ) || is_direction_changing(c)
}

/// The secret in a link: 256 bits as 43 characters of base64url. Only its SHA-256 is ever stored, and memory is wiped after it.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct LinkToken(String);

impl LinkToken {
    /// Wraps 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Draws a new token from the operating system.
    pub fn random() -> Self {
        Self::from_bytes(random_bytes())
    }

    /// The text that goes into the link. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> Vec<u8> {
        sha256(self.0.as_bytes())
    }
}

impl FromStr for LinkToken {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        let fits = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotA::Token) }
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// 32 bytes from the operating system's generator.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    // Without randomness no secret can be made; the kernel's generator does not fail once the system is up.
    getrandom::fill(&mut bytes).expect("the operating system provides randomness");
    bytes
}

/// SHA-256 of some bytes, as stored in hash columns.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_explains_itself_and_comes_back() {
        let id = BookingId::new();
        assert!(id.to_string().starts_with("bkg_"));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().parse::<PersonId>(), Err(NotA::Id));
        assert_eq!(id.to_string().to_uppercase().parse::<BookingId>(), Err(NotA::Id));
    }

    #[test]
    fn addresses_are_one_plain_address() {
        for good in ["ana@example.com", " Ana.Alvarez@EXAMPLE.com ", "o'neil+x@sub.example.org"] {
            good.parse::<Email>().unwrap_or_else(|e| panic!("{good}: {e}"));
        }
        let bad = [
            "",
            "ana",
            "a@b@c.de",
            "ana@example.com.",
            "\"a b\"@example.com",
            "ana@[127.0.0.1]",
            "a@b.com, c@d.com",
            "a@b.com\nc@d.com",
            "a@127.0.0.1",
            ".a@example.com",
            "a..b@example.com",
            "ana@example",
            "ana @example.com",
            "a@-b.com",
        ];
        for bad in bad {
            assert!(bad.parse::<Email>().is_err(), "{bad:?} was accepted");
        }
        assert_eq!("a@ex\u{0430}mple.com".parse::<Email>().map(|e| e.to_string()), Ok("a@xn--exmple-4nf.com".into()));
        assert_eq!(format!("{}@example.com", "a".repeat(400)).parse::<Email>(), Err(NotA::EmailTooLong));
        assert_eq!("jo\u{0308}rg@example.com".parse::<Email>(), "jörg@example.com".parse());
    }

    #[test]
    fn addresses_are_judged_in_the_form_that_is_kept() {
        let long = "ü".repeat(40);
        let table = [
            // Lower case is longer than upper case, and its combining dot is no letter.
            "\u{130}@example.com".to_owned(),
            format!("{}@example.com", "\u{23A}".repeat(32)),
            // Punycode is longer than what was typed.
            format!("{}@{long}.{long}.{long}.{long}.example", "a".repeat(60)),
        ];
        for address in table {
            assert!(address.parse::<Email>().is_err(), "{address} was accepted");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_accepted_address_is_accepted_again(text in "[\\PC]{1,20}@[\\PC]{1,20}\\.(com|рф|example)") {
            if let Ok(email) = text.parse::<Email>() {
                proptest::prop_assert_eq!(email.to_string().parse::<Email>(), Ok(email));
            }
        }
    }

    #[test]
    fn names_are_visible_and_tame() {
        assert_eq!("   ".parse::<PersonName>(), Err(NotA::NameMissing));
        for blank in ["\u{200B}\u{200D}", "\u{180E}", "\u{2800}\u{3164}", "\u{2062}\u{E0041}"] {
            assert_eq!(blank.parse::<PersonName>(), Err(NotA::NameMissing));
        }
        assert_eq!("Ana\r\nBcc: x@y".parse::<PersonName>(), Err(NotA::NameControl));
        assert_eq!("Ana\u{202E}gnp".parse::<PersonName>(), Err(NotA::NameControl));
        assert_eq!(format!("Z{}", "\u{0301}".repeat(200)).parse::<PersonName>(), Err(NotA::NameControl));
        assert_eq!("x".repeat(10_000).parse::<PersonName>(), Err(NotA::NameTooLong));
        assert_eq!("<img src=x>".parse::<PersonName>().map(|n| n.to_string()), Ok("<img src=x>".into()));
        assert!("👩‍👩‍👧‍👦".repeat(80).parse::<PersonName>().is_ok());
        assert_eq!("👩‍👩‍👧‍👦".repeat(81).parse::<PersonName>(), Err(NotA::NameTooLong));
        assert!(format!("Z{}", "\u{0335}".repeat(4)).parse::<PersonName>().is_ok());
        assert_eq!(format!("Z{}", "\u{0335}".repeat(5)).parse::<PersonName>(), Err(NotA::NameControl));
    }

    #[test]
    fn a_token_has_one_spelling() {
        let token = LinkToken::random();
        assert_eq!(token.expose().parse::<LinkToken>().map(|t| t.hash()), Ok(token.hash()));
        for bad in ["", "abc", "..%2f", &format!("{}%", &token.expose()[..42]), &format!("{}a", token.expose())] {
            assert_eq!(bad.parse::<LinkToken>(), Err(NotA::Token));
        }
    }

    #[test]
    fn secrets_are_wiped_from_memory() {
        fn wiped<T: ZeroizeOnDrop>(_: &T) {}
        wiped(&LinkToken::random());
    }
}
