//! JSON (RFC 8259): bounded in depth and number of values, each key once, clean text.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::{
    error::AppError,
    web::percent::{invalid_character, invalid_utf8},
};

const DEEPEST: usize = 32;
const MOST_VALUES: usize = 20_000;

pub fn judge(body: &[u8]) -> Result<(), AppError> {
    let text = std::str::from_utf8(body).map_err(|_| invalid_utf8())?;
    let fault = Cell::new(None);
    let values = Cell::new(0);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = Value { depth: 0, values: &values, fault: &fault }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    let Err(error) = outcome else { return Ok(()) };
    let message = error.to_string();
    Err(match fault.take() {
        Some(Fault::TooComplex) => too_complex(),
        Some(Fault::Duplicate) => {
            AppError::bad_request("duplicate_field", "The request gives one field twice.").hint("Send each key once.")
        }
        Some(Fault::Nul) => invalid_character(),
        // RFC 8259 section 8.2: an escape that is half a surrogate pair stands for no text.
        None if message.contains("surrogate") || message.contains("end of hex escape") => invalid_utf8(),
        None if message.contains("number out of range") || message.contains("recursion limit") => too_complex(),
        None => AppError::bad_request("json_invalid", "The request is not valid JSON."),
    })
}

fn too_complex() -> AppError {
    AppError::bad_request(
        "json_too_complex",
        "The request is nested too deeply, too long, or holds a number out of range.",
    )
}

#[derive(Clone, Copy)]
enum Fault {
    TooComplex,
    Duplicate,
    Nul,
}

/// Walks a value and keeps nothing of it.
#[derive(Clone, Copy)]
struct Value<'a> {
    depth: usize,
    values: &'a Cell<usize>,
    fault: &'a Cell<Option<Fault>>,
}

impl Value<'_> {
    fn fail<E: Error>(self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    fn count<E: Error>(self) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > MOST_VALUES || self.depth > DEEPEST {
            return Err(self.fail(Fault::TooComplex));
        }
        Ok(())
    }

    fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.count()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.count()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.count()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.count()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.count()
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return Err(self.fail(Fault::Nul));
        }
        self.count()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.count()?;
        while items.next_element_seed(self.inside())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.count()?;
        let mut seen = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.contains('\0') {
                return Err(self.fail(Fault::Nul));
            }
            if !seen.insert(key) {
                return Err(self.fail(Fault::Duplicate));
            }
            entries.next_value_seed(self.inside())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &[u8]) -> Option<String> {
        judge(body).err().map(|refusal| refusal.code.into_owned())
    }

    #[test]
    fn bad_json_is_refused_by_name() {
        let deep = "[".repeat(10_000);
        let nested = format!("{}{}", "[".repeat(40), "]".repeat(40));
        let long = format!("[{}0]", "0,".repeat(30_000));
        let cases: [(&[u8], Option<&str>); 14] = [
            (br#"{"a": [1, 2.5, "x", null, true]}"#, None),
            (br#"{"a": {"a": 1}, "b": {"a": 1}}"#, None),
            (br#"{"a": 1, "a": 2}"#, Some("duplicate_field")),
            (br#"{"a": {"b": 1, "\u0062": 2}}"#, Some("duplicate_field")),
            (br#"{"a": "\ud800"}"#, Some("invalid_utf8")),
            (br#"{"a": "\ud800\u0041"}"#, Some("invalid_utf8")),
            (b"{\"a\": \"\xff\"}", Some("invalid_utf8")),
            (br#"{"a": "x\u0000"}"#, Some("invalid_character")),
            (b"1e400", Some("json_too_complex")),
            (deep.as_bytes(), Some("json_too_complex")),
            (nested.as_bytes(), Some("json_too_complex")),
            (long.as_bytes(), Some("json_too_complex")),
            (b"{", Some("json_invalid")),
            (b"{} {}", Some("json_invalid")),
        ];
        for (body, expected) in cases {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
            assert_eq!(code(body).as_deref(), expected, "{shown}");
        }
    }
}
