//! The applicant-tracking system, if one is used.

use url::Url;

use super::{Reader, web::is_loopback};
use crate::secrets::Secret;

/// The applicant-tracking system to write notes to.
#[derive(Clone)]
pub enum AtsMode {
    Disabled,
    Icims(Icims),
}

/// One customer's iCIMS.
#[derive(Clone)]
pub struct Icims {
    /// Ends with a slash: `https://api.icims.com/customers/1234/`.
    pub base_url: Url,
    pub api_key: Secret,
}

impl AtsMode {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (base, key) = ("ICIMS_BASE_URL", "ICIMS_API_KEY");
        let icims = reader.choice("ATS_MODE", "disabled", &[("disabled", false), ("icims", true)]);
        if icims != Some(true) {
            reader.fine(base, "not used");
            reader.fine(key, "not used");
            return icims.map(|_| Self::Disabled);
        }
        let base_url = required(reader, base, "https://api.icims.com/customers/1234", parse_base_url);
        if let Some(url) = &base_url {
            reader.fine(base, url.as_str());
        }
        let api_key = required(reader, key, "the API key of your iCIMS integration", parse_key);
        if api_key.is_some() {
            reader.fine(key, "set");
        }
        Some(Self::Icims(Icims { base_url: base_url?, api_key: api_key? }))
    }
}

fn required<T>(
    reader: &mut Reader<'_>,
    setting: &'static str,
    example: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let parsed = match reader.value(setting) {
        Some(value) => parse(&value),
        None => Err(format!("is not set although ATS_MODE is icims; use {example}, or set ATS_MODE to disabled")),
    };
    parsed.map_err(|sentence| reader.wrong(setting, sentence)).ok()
}

/// An address under which paths are appended, over TLS unless it is this very machine: a key travels with every call.
fn parse_base_url(text: &str) -> Result<Url, String> {
    let example = "https://api.icims.com/customers/1234";
    let mut url = Url::parse(text).map_err(|_| format!("must be a URL such as {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("must start with https:// and name a host, such as {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("must end with its path, such as {example}"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("must use https; plain http is allowed for localhost and 127.0.0.1 only".to_owned());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// It becomes a header's value (RFC 6750 section 2.1).
fn parse_key(text: &str) -> Result<Secret, String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("must be the key alone: letters, digits and signs without blanks".to_owned())
    }
}
