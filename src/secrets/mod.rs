//! What must stay secret: values that never show themselves, and the key ring that seals them for the database.
//!
//! A sealed value is the text `v1.<key id>.<base64url(nonce || ciphertext)>` (AES-256-GCM, random 96-bit nonce). The place it
//! is kept at (organisation, table, row, column) is authenticated with it, so a ciphertext moved to another row does not
//! open. The database holds no key; there is no mode without encryption.

mod canary;
mod rotate;

use std::fmt;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::ids::{LinkToken, OrgId, random_bytes};

pub use canary::{CanaryError, check_canaries};
pub use rotate::{Rotation, rotate};

/// The envelope's format, part of what is authenticated.
const VERSION: &str = "v1";
const NONCE_LEN: usize = 12;
/// A random key repeats few of its 32 bytes; one with fewer different ones than this was typed, not drawn.
const DISTINCT_AT_LEAST: usize = 12;
/// Keys that stand in documents, tutorials and test vectors. Patterns are caught by the two rules beside this list.
const SAMPLES: [&str; 4] = [
    // AES-256 keys of NIST SP 800-38A and of FIPS 197 read backwards
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100",
    // RFC 5869, appendix A.1: the pseudorandom key
    "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
    // SHA-256 of nothing
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

/// A text that must not be shown: it has no `Debug`, `Display` or `Serialize`, and its memory is wiped when it goes.
///
/// ```compile_fail
/// println!("{:?}", convene::secrets::Secret::new("hunter2".to_owned()));
/// ```
///
/// ```compile_fail
/// serde_json::to_string(&convene::secrets::Secret::new("hunter2".to_owned())).unwrap();
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Where a sealed value is kept. Another place is another secret: it does not open there.
#[derive(Clone, Debug)]
pub struct Place(String);

impl Place {
    /// `org` is `None` for the few tables that no organisation owns; `row` is the row's key.
    pub fn new(org: Option<OrgId>, table: &'static str, row: impl fmt::Display, column: &'static str) -> Self {
        let org = org.map_or_else(|| "-".to_owned(), |org| org.to_string());
        Self(format!("{org}|{table}|{row}|{column}|{VERSION}"))
    }
}

/// Why `TOKEN_ENCRYPTION_KEY` cannot be used. Each sentence says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("TOKEN_ENCRYPTION_KEY is not set: put the output of `openssl rand -hex 32` there")]
    Missing,
    #[error("key {0} of TOKEN_ENCRYPTION_KEY is not 64 hexadecimal digits (32 bytes): use `openssl rand -hex 32`")]
    NotHex(usize),
    #[error(
        "key {0} of TOKEN_ENCRYPTION_KEY is a pattern or a published sample, not a random key: use `openssl rand -hex 32`"
    )]
    Weak(usize),
    #[error("key {0} of TOKEN_ENCRYPTION_KEY stands there twice: remove one")]
    Twice(usize),
}

/// Why a sealed value did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("not a sealed value")]
    Malformed,
    #[error("TOKEN_ENCRYPTION_KEY lacks the key with id {0}: add it after a comma")]
    UnknownKey(String),
    /// Damaged, altered, or moved here from another row.
    #[error("the sealed value does not belong here or was altered")]
    Refused,
}

struct Key {
    id: String,
    /// For envelopes and for link tokens; the configured key itself is used for neither.
    seal: Zeroizing<[u8; 32]>,
    link: Zeroizing<[u8; 32]>,
}

/// The keys of `TOKEN_ENCRYPTION_KEY`: the first seals, all open.
pub struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    /// Reads the setting: keys of 64 hexadecimal digits, separated by commas, the current one first.
    ///
    /// # Errors
    /// Nothing set, a key of another form, a key that is not random, or one that stands there twice.
    pub fn parse(setting: &str) -> Result<Self, KeyError> {
        if setting.trim().is_empty() {
            return Err(KeyError::Missing);
        }
        let mut keys: Vec<Key> = Vec::new();
        for (position, text) in setting.split(',').map(str::trim).enumerate() {
            let key = Key::from_bytes(&*parse_key(text, position + 1)?);
            if keys.iter().any(|known| known.id == key.id) {
                return Err(KeyError::Twice(position + 1));
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }

    /// A ring with one fresh key, for tests and demonstrations.
    pub fn random() -> Self {
        Self { keys: vec![Key::from_bytes(&random_bytes())] }
    }

    /// The id of the key that seals: the first 8 hexadecimal digits of its fingerprint. It is no secret.
    pub fn current_id(&self) -> &str {
        &self.current().id
    }

    /// The ids of all keys of the ring.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// Seals a value for one place.
    pub fn seal(&self, place: &Place, plain: &str) -> String {
        let key = self.current();
        let random = random_bytes();
        let nonce = &random[..NONCE_LEN];
        let payload = Payload { msg: plain.as_bytes(), aad: place.0.as_bytes() };
        // GCM only refuses more than 64 GiB in one message.
        let sealed = key.cipher().encrypt(&as_nonce(nonce), payload).expect("a value of ordinary length is sealed");
        format!("{VERSION}.{}.{}", key.id, URL_SAFE_NO_PAD.encode([nonce, &sealed].concat()))
    }

    /// Opens a value sealed for the same place.
    ///
    /// # Errors
    /// See [`OpenError`]: not an envelope, a key the ring lacks, or a value that was altered or moved.
    pub fn open(&self, place: &Place, envelope: &str) -> Result<Secret, OpenError> {
        let mut parts = envelope.split('.');
        let (Some(VERSION), Some(id), Some(body), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(OpenError::Malformed);
        };
        let key = self.key(id).ok_or_else(|| OpenError::UnknownKey(id.to_owned()))?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| OpenError::Malformed)?;
        let (nonce, sealed) = body.split_at_checked(NONCE_LEN).ok_or(OpenError::Malformed)?;
        let payload = Payload { msg: sealed, aad: place.0.as_bytes() };
        let plain = key.cipher().decrypt(&as_nonce(nonce), payload).map_err(|_| OpenError::Refused)?;
        String::from_utf8(plain).map(Secret::new).map_err(|error| {
            error.into_bytes().zeroize();
            OpenError::Refused
        })
    }

    /// Derives the token of the link that `link` is the row of, so that the link can be shown again although only the token's
    /// hash is stored. Another purpose, row, salt or key gives an unrelated token.
    ///
    /// # Errors
    /// [`OpenError::UnknownKey`] when the ring lacks the key the link was made with.
    pub fn link_token(&self, key_id: &str, purpose: &str, link: Uuid, salt: &[u8]) -> Result<LinkToken, OpenError> {
        let key = self.key(key_id).ok_or_else(|| OpenError::UnknownKey(key_id.to_owned()))?;
        let mut mac = keyed(&*key.link);
        for part in [purpose.as_bytes(), link.as_bytes(), salt] {
            // The length keeps "ab" + "c" from being "a" + "bc".
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Ok(LinkToken::from_bytes(mac.finalize().into_bytes().into()))
    }

    /// A token for a new link, with the key id and the salt that [`Self::link_token`] needs to derive it again.
    pub fn new_link_token(&self, purpose: &str, link: Uuid) -> NewLinkToken {
        let (key_id, salt) = (self.current_id().to_owned(), random_bytes().to_vec());
        // The current key is always in the ring.
        let token = self.link_token(&key_id, purpose, link, &salt).expect("the current key is in the ring");
        NewLinkToken { token, key_id, salt }
    }

    fn current(&self) -> &Key {
        // `parse` and `random` make rings of at least one key.
        self.keys.first().expect("a ring has a key")
    }

    fn key(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }
}

/// A fresh link's secret, and what to store so that it can be derived again.
pub struct NewLinkToken {
    pub token: LinkToken,
    pub key_id: String,
    pub salt: Vec<u8>,
}

impl Key {
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let fingerprint = derive(bytes, "convene key id");
        let id = fingerprint[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { id, seal: derive(bytes, "convene seal v1"), link: derive(bytes, "convene link v1") }
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&(*self.seal).into())
    }
}

/// One block of HKDF-Expand (RFC 5869 section 2.3). The extract step is for keys that are not uniformly random; ours are.
fn derive(key: &[u8; 32], info: &str) -> Zeroizing<[u8; 32]> {
    let mut mac = keyed(key);
    mac.update(info.as_bytes());
    mac.update(&[1]);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length (RFC 2104 section 2).
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key")
}

fn as_nonce(bytes: &[u8]) -> Nonce<aes_gcm::aead::consts::U12> {
    // Both callers cut exactly NONCE_LEN bytes.
    let bytes: [u8; NONCE_LEN] = bytes.try_into().expect("a nonce is 12 bytes");
    bytes.into()
}

fn parse_key(text: &str, position: usize) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let text = Zeroizing::new(text.to_ascii_lowercase());
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(KeyError::NotHex(position));
    }
    let mut key = Zeroizing::new([0u8; 32]);
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        // Two ASCII hexadecimal digits, as checked above.
        *byte = digits.iter().fold(0, |value, digit| value * 16 + char::from(*digit).to_digit(16).unwrap_or(0) as u8);
    }
    let mut distinct = key.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let step = key[1].wrapping_sub(key[0]);
    let counts = key.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step);
    if distinct.len() < DISTINCT_AT_LEAST || counts || SAMPLES.contains(&text.as_str()) {
        return Err(KeyError::Weak(position));
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
