//! Percent-decoding that refuses what others replace: text that is not UTF-8.

use crate::error::AppError;

/// Decodes `%41`; `+` is a space in forms and queries (WHATWG URL, application/x-www-form-urlencoded). A `%` that starts
/// no escape stands for itself, as browsers have it.
///
/// # Errors
/// 400 `invalid_utf8`.
pub fn decode(text: &[u8], plus_is_space: bool) -> Result<String, AppError> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, width) = match (text[at], digit(at + 1), digit(at + 2)) {
            // Two hexadecimal digits make at most 255.
            (b'%', Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
            (b'+', _, _) if plus_is_space => (b' ', 1),
            (byte, _, _) => (byte, 1),
        };
        bytes.push(byte);
        at += width;
    }
    String::from_utf8(bytes).map_err(|_| invalid_utf8())
}

pub fn invalid_utf8() -> AppError {
    AppError::bad_request("invalid_utf8", "The request contains text that is not UTF-8.")
        .hint("Load the page again and retry.")
}

pub fn invalid_character() -> AppError {
    AppError::bad_request("invalid_character", "The request contains a character that cannot be stored.")
        .hint("Type the text again instead of pasting it.")
}
