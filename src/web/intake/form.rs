//! `application/x-www-form-urlencoded`: each field once, in clean text.

use std::collections::HashSet;

use crate::{
    error::AppError,
    web::percent::{decode, invalid_character},
};

const MOST_FIELDS: usize = 64;

/// A field may come twice only if its name says that it is a list (`days[]`).
pub fn judge(body: &[u8]) -> Result<(), AppError> {
    let mut seen = HashSet::new();
    let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
    for (index, field) in fields.enumerate() {
        if index == MOST_FIELDS {
            return Err(AppError::bad_request("too_many_fields", "The form has too many fields."));
        }
        let (name, value) = match field.iter().position(|byte| *byte == b'=') {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &[][..]),
        };
        let (name, value) = (decode(name, true)?, decode(value, true)?);
        if name.contains('\0') || value.contains('\0') {
            return Err(invalid_character());
        }
        if !name.ends_with("[]") && !seen.insert(name) {
            return Err(AppError::bad_request("duplicate_field", "The form gives one field twice.")
                .hint("Load the page again."));
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
        let many = "a[]=1&".repeat(65);
        let cases: [(&[u8], Option<&str>); 9] = [
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
