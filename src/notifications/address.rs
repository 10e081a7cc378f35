//! Who a mail is from and to, as types that cannot hold a second header, and the id of a mail.
//!
//! What a person may type is decided in `ids`; here is the last gate before a header is written: nothing with a control
//! character, a line separator or a character that changes the direction of text gets past it.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;

/// A text that cannot be what a mail header needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMailable {
    #[error("the name is empty")]
    NameEmpty,
    #[error("the name is longer than 80 characters")]
    NameTooLong,
    #[error("the name contains characters that cannot be used in mail")]
    NameCharacters,
    #[error("not one plain e-mail address")]
    Address,
}

/// A name for a mail header: 1 to 80 characters (graphemes), none of them a control or direction-changing one.
#[derive(Clone, PartialEq, Eq)]
pub struct MailName(String);

impl MailName {
    /// Longest name, in graphemes.
    pub const MAX: usize = 80;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailName {
    type Err = NotMailable;

    fn from_str(text: &str) -> Result<Self, NotMailable> {
        let name = text.trim_matches(' ');
        if name.chars().any(is_unfit) {
            return Err(NotMailable::NameCharacters);
        }
        if name.trim().is_empty() {
            return Err(NotMailable::NameEmpty);
        }
        // The byte limit is for letters buried under combining marks, which count as one grapheme.
        if name.graphemes(true).count() > Self::MAX || name.len() > 8 * Self::MAX {
            return Err(NotMailable::NameTooLong);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for MailName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MailName {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailName(…)")
    }
}

/// One e-mail address, without a name: no quoted local part, no address literal, no list.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(lettre::Address);

impl MailAddress {
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.domain()
    }

    pub(super) fn to_lettre(&self) -> lettre::Address {
        self.0.clone()
    }
}

impl FromStr for MailAddress {
    type Err = NotMailable;

    fn from_str(text: &str) -> Result<Self, NotMailable> {
        let bad = |c: char| is_unfit(c) || c.is_whitespace() || "\"<>(),:;\\[]".contains(c);
        let (local, domain) = text.split_once('@').ok_or(NotMailable::Address)?;
        if text.len() > 254
            || text.chars().any(bad)
            || domain.contains('@')
            || domain.parse::<std::net::IpAddr>().is_ok()
        {
            return Err(NotMailable::Address);
        }
        lettre::Address::new(local, domain).map(Self).map_err(|_| NotMailable::Address)
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MailAddress {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

/// An address with, perhaps, the name of whoever reads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub address: MailAddress,
    pub name: Option<MailName>,
}

impl Mailbox {
    pub(super) fn to_lettre(&self) -> lettre::message::Mailbox {
        let name = self.name.as_ref().map(|name| name.as_str().to_owned());
        lettre::message::Mailbox::new(name, self.address.to_lettre())
    }
}

/// Reads the form of the setting `MAIL_FROM`: `invites@example.com`, `Convene <invites@example.com>` or the same with
/// the name in double quotes.
impl FromStr for Mailbox {
    type Err = NotMailable;

    fn from_str(text: &str) -> Result<Self, NotMailable> {
        let text = text.trim_matches(' ');
        let Some((name, rest)) = text.rsplit_once('<') else {
            return Ok(Self { address: text.parse()?, name: None });
        };
        let address = rest.strip_suffix('>').ok_or(NotMailable::Address)?.parse()?;
        let name = name.trim_matches(' ');
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        let name = if name.is_empty() { None } else { Some(name.parse()?) };
        Ok(Self { address, name })
    }
}

/// The `Message-ID` of a mail. The same mail, sent again after an unclear outcome, has the same one, so that mail
/// programs show it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId {
    digest: String,
    domain: String,
}

impl MessageId {
    /// Made from what the mail is about (a booking or event id), to whom, of which kind ([`super::Message::kind`]) and
    /// the how-manieth of that kind. `domain` is the one of `MAIL_FROM`.
    pub fn derive(domain: &str, about: &str, to: &MailAddress, kind: &str, sequence: u32) -> Self {
        let mut hash = Sha256::new();
        let sequence = sequence.to_string();
        for part in [about, to.as_str(), kind, &sequence] {
            // The length in front keeps ("ab", "c") apart from ("a", "bc").
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        // Only an address's domain makes sense here; anything else would be able to break the header.
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let domain = if !domain.is_empty() && domain.chars().all(fits) { domain } else { "convene.invalid" };
        Self { digest, domain: domain.to_owned() }
    }

    /// 32 hexadecimal digits that stand for this mail.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Display for MessageId {
    /// With its angle brackets, as in the header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}@{}>", self.digest, self.domain)
    }
}

/// Characters that may end a header line, hide, or make text read differently from how it is stored.
pub(super) fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_from_has_three_forms() {
        for (text, name) in [
            ("invites@example.com", None),
            ("Convene <invites@example.com>", Some("Convene")),
            ("\"Cole, Dana\" <invites@example.com>", Some("Cole, Dana")),
            ("<invites@example.com>", None),
        ] {
            let mailbox: Mailbox = text.parse().expect(text);
            assert_eq!(mailbox.address.as_str(), "invites@example.com");
            assert_eq!(mailbox.name.as_ref().map(MailName::as_str), name);
        }
        for bad in ["", "Convene", "Convene <invites@example.com", "a@b.c, d@e.f", "A\r\nBcc: x@y <a@b.c>", "<a@b.c> x"]
        {
            assert!(bad.parse::<Mailbox>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn an_id_is_the_same_for_the_same_mail_only() {
        let to: MailAddress = "sam@example.net".parse().expect("an address");
        let id = |about, kind, sequence| MessageId::derive("example.com", about, &to, kind, sequence).to_string();
        assert_eq!(id("bkg_1", "moved", 1), id("bkg_1", "moved", 1));
        assert_ne!(id("bkg_1", "moved", 1), id("bkg_1", "moved", 2));
        assert_ne!(id("bkg_1", "moved", 1), id("bkg_1", "cancelled", 1));
        assert_ne!(id("bkg_1", "moved", 11), id("bkg_11", "moved", 1));
        assert!(MessageId::derive("a\r\nBcc: b", "x", &to, "k", 0).to_string().ends_with("@convene.invalid>"));
    }
}
