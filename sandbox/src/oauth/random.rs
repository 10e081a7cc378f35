//! Random strings and hashes.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `bytes` random bytes, base64url without padding.
pub fn token(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    // The operating system's generator fails only where nothing else works either.
    aws_lc_rs::rand::fill(&mut buffer).expect("the system's random generator answers");
    URL_SAFE_NO_PAD.encode(buffer)
}

/// A random lower-case string in hexadecimal, `bytes` bytes long before encoding.
pub fn hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut buffer).expect("the system's random generator answers");
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, data).as_ref().to_vec()
}

/// SHA-256 in base64url, as PKCE's S256 wants it (RFC 7636, section 4.2).
pub fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

/// `at_hash` of an access token: the left half of its SHA-256 (OpenID Connect Core, section 3.1.3.6).
pub fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&sha256(access_token.as_bytes())[..16])
}

#[cfg(test)]
mod tests {
    #[test]
    fn s256_matches_the_rfc() {
        // RFC 7636, appendix B.
        let challenge = super::s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
