//! Event and calendar ids as Exchange shapes them.
//!
//! With `Prefer: IdType="ImmutableId"` answers carry one form, without it the other; both are accepted on the way in.
//! The world keeps the immutable form for what is written here (seeds have the other). New ids hold `+`, `/` and `=`, so a client that does not encode its paths fails here
//! as it would there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::errors::GraphError;
use crate::oauth::random;

const IMMUTABLE: &str = "AAkALgAA";
const MUTABLE: &str = "AAMkAD";

/// A new event id, in its immutable form.
pub fn event() -> String {
    // The first bytes encode to "+/+/"; nineteen bytes end in "==".
    let mut bytes = vec![0xfb, 0xff, 0xbf];
    bytes.extend(random::sha256(random::token(24).as_bytes()).into_iter().take(16));
    format!("{IMMUTABLE}{}", STANDARD.encode(bytes))
}

/// A new calendar id; calendars have the same id in both forms.
pub fn calendar() -> String {
    let bytes: Vec<u8> = random::sha256(random::token(24).as_bytes()).into_iter().take(19).collect();
    format!("AQMkADAwATM0{}", STANDARD.encode(bytes).replace(['+', '/'], "-"))
}

/// The id in the form an answer is to carry.
pub fn shown(id: &str, immutable: bool) -> String {
    format!("{}{}", if immutable { IMMUTABLE } else { MUTABLE }, rest(id).unwrap_or(id))
}

/// What the world may know the event by, or the series, which has no prefix there.
///
/// # Errors
/// 400 `ErrorInvalidIdMalformed` for a text that no answer can have carried.
pub fn stored(id: &str) -> Result<[String; 3], GraphError> {
    let rest =
        rest(id).filter(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)));
    let rest = rest.ok_or_else(GraphError::malformed_id)?;
    Ok([format!("{IMMUTABLE}{rest}"), format!("{MUTABLE}{rest}"), rest.to_owned()])
}

fn rest(id: &str) -> Option<&str> {
    id.strip_prefix(IMMUTABLE).or_else(|| id.strip_prefix(MUTABLE)).filter(|rest| !rest.is_empty())
}

/// An event's `changeKey`; another one after every write.
pub fn change_key(id: &str, version: u64) -> String {
    let mut bytes = random::sha256(id.as_bytes());
    bytes.truncate(11);
    bytes.extend(version.to_be_bytes());
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_lead_to_the_same_event() {
        let id = event();
        assert!(id.contains('/') && id.contains('+') && id.ends_with("=="));
        assert_ne!(shown(&id, false), id);
        assert!(stored(&shown(&id, false)).unwrap().contains(&id));
        assert!(stored(&shown(&id, true)).unwrap().contains(&id));
        assert!(stored(&shown("0123abcd", false)).unwrap().contains(&"0123abcd".to_owned()));
        for bad in ["", "42", "AAMkAD", "AAMkADx y"] {
            assert_eq!(stored(bad).unwrap_err().code, "ErrorInvalidIdMalformed");
        }
    }

    #[test]
    fn the_change_key_follows_the_version() {
        assert_ne!(change_key("a", 1), change_key("a", 2));
    }
}
