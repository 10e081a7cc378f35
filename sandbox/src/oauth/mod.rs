//! What both providers' sign-in shares.
//!
//! A provider's module reads its own parameters and writes its own error bodies; codes, tokens, consent pages and
//! signatures are here once.

/// The consent pages and the way back to the client.
pub mod consent;
/// Pending authorisations, codes, tokens.
pub mod grants;
/// Signing keys, the JWK set, and the https certificate.
pub mod keys;
/// Random strings and hashes.
pub mod random;

use url::{Host, Url};

/// The one registered client.
pub const CLIENT_ID: &str = "convene-demo";
/// Its secret.
pub const CLIENT_SECRET: &str = "convene-demo-secret";

/// Whether this redirect address is registered: any path on a loopback host over http or https, without a fragment.
pub fn redirect_is_registered(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| is_on_loopback(&url) && url.fragment().is_none())
}

/// Whether this leads to this machine, over http or https.
pub fn is_on_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    loopback && matches!(url.scheme(), "http" | "https")
}

/// The client's id and secret as a token request carries them: in the form, or by HTTP Basic.
pub fn client_credentials(
    headers: &axum::http::HeaderMap,
    form: &std::collections::BTreeMap<String, String>,
) -> (Option<String>, Option<String>) {
    use base64::Engine;
    let basic = headers
        .get(axum::http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| base64::engine::general_purpose::STANDARD.decode(value.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((id, secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
        // RFC 6749, section 2.3.1: both halves are form-encoded before they are joined.
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        return (Some(decode(id)), Some(decode(secret)));
    }
    (form.get("client_id").cloned(), form.get("client_secret").cloned())
}

/// The bearer token of a request.
pub fn bearer(headers: &axum::http::HeaderMap) -> Option<&str> {
    let value = headers.get(axum::http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_redirects_are_registered() {
        for good in ["http://127.0.0.1:3000/auth/google/callback", "https://localhost/x?y=z", "http://[::1]:9/"] {
            assert!(redirect_is_registered(good), "{good}");
        }
        for bad in ["https://example.com/cb", "http://127.0.0.1.example.com/", "http://localhost/#f", "myapp:/cb", ""] {
            assert!(!redirect_is_registered(bad), "{bad}");
        }
    }
}
