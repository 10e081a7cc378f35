//! `application/x-www-form-urlencoded`: each field once, in clean text.

use std::collections::HashSet;

use crate::{
    error::AppError,
    web::percent::{decode, invalid_character},
};

const MOST_FIELDS: usize = 64;
/// A week of half hours to tick has 336.
const MOST_ENTRIES: usize = 400;

/// A field may come twice only if its name says that it is a list (`days[]`).
pub fn judge(body: &[u8]) -> Result<(), AppError> {
    let mut seen = HashSet::new();
    let mut entries = 0;
    for field in body.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
        let (name, value) = match field.iter().position(|byte| *byte == b'=') {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &[][..]),
        };
        let (name, value) = (decode(name, true)?, decode(value, true)?);
        if name.contains('\0') || value.contains('\0') {
            return Err(invalid_character());
        }
        if name.ends_with("[]") {
            entries += 1;
        } else if !seen.insert(name) {
            return Err(AppError::bad_request("duplicate_field", "The form gives one field twice.")
                .hint("Load the page again."));
        }
        if seen.len() > MOST_FIELDS || entries > MOST_ENTRIES {
            return Err(AppError::bad_request("too_many_fields", "The form has too many fields."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &[u8]) -> Option<String> {
        judge(body).err().map(|refusal| refusal.code.into_owned())
    }

    #[test]
    fn bad_forms_are_refused_by_name() {
        let many = "a[]=1&".repeat(401);
        let week = "a[]=1&".repeat(336);
        let fields: String = (0..65).map(|number| format!("f{number}=1&")).collect();
        let cases: [(&[u8], Option<&str>); 11] = [
            (week.as_bytes(), None),
            (fields.as_bytes(), Some("too_many_fields")),
            (b"a=1&b=2", None),
            (b"", None),
            (b"a[]=1&a[]=2", None),
            (b"start=1&start=2", Some("duplicate_field")),
            (b"start=1&st%61rt=2", Some("duplicate_field")),
            (b"a=%ff", Some("invalid_utf8")),
            (b"a=\xc3\x28", Some("invalid_utf8")),
            (b"a=x%00y", Some("invalid_character")),
            (many.as_bytes(), Some("too_many_fields")),
        ];
        for (body, expected) in cases {
            assert_eq!(code(body).as_deref(), expected, "{}", String::from_utf8_lossy(body));
        }
    }
}
