//! A web address that may stand in a mail.

use std::{fmt, str::FromStr};

use url::Url;

/// An absolute http or https URL without credentials. Shown never in logs: most links in our mails are keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(Url);

/// The text is no absolute http or https URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a web address")]
pub struct NotALink;

impl Link {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<Url> for Link {
    type Error = NotALink;

    fn try_from(url: Url) -> Result<Self, NotALink> {
        // "https://bank.example@evil.example/" is a known way to mislead a reader.
        let plain = url.username().is_empty() && url.password().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && plain { Ok(Self(url)) } else { Err(NotALink) }
    }
}

impl FromStr for Link {
    type Err = NotALink;

    fn from_str(text: &str) -> Result<Self, NotALink> {
        // The parser would silently drop tabs and line breaks; such a text was not meant to be a link.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(NotALink);
        }
        Url::parse(text).map_err(|_| NotALink)?.try_into()
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_pass() {
        assert!("https://meet.example.com/abc".parse::<Link>().is_ok());
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b.c",
            "/book/x",
            "https://a@b.example/",
            "",
            "http://a b/",
            "https://a.example/\r\nBcc: x",
        ] {
            assert!(bad.parse::<Link>().is_err(), "{bad:?} was accepted");
        }
    }
}
