//! JSON that says what a server function asks and nothing else.
//!
//! The struct that `#[server]` makes of a function's arguments takes no attributes, so serde cannot be told to refuse fields it
//! does not know. What was read is written again instead: a field that does not come back was not known.

use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    codec::{JsonEncoding, Post},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Error, Value};

/// For `#[server(input = StrictJson)]`.
pub type StrictJson = Post<Strict>;

pub struct Strict;

impl ContentType for Strict {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Strict {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Strict {
    type Error = Error;

    fn encode(arguments: &T) -> Result<Bytes, Error> {
        JsonEncoding::encode(arguments)
    }
}

impl<T: Serialize + DeserializeOwned> Decodes<T> for Strict {
    type Error = Error;

    fn decode(body: Bytes) -> Result<T, Error> {
        let given: Value = serde_json::from_slice(&body)?;
        let read = T::deserialize(&given)?;
        let known = serde_json::to_value(&read)?;
        let fields = |value: &Value| value.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
        let strange = fields(&given).unwrap_or_default().into_iter().find(|field| known.get(field).is_none());
        match strange {
            None => Ok(read),
            Some(field) => Err(serde::de::Error::unknown_field(&field, &[])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
    struct Arguments {
        form: String,
    }

    fn decoded(json: &'static str) -> Result<Arguments, String> {
        Strict::decode(Bytes::from_static(json.as_bytes())).map_err(|error: Error| error.to_string())
    }

    #[test]
    fn strangers_are_named() {
        assert_eq!(decoded(r#"{"form": "a=1"}"#), Ok(Arguments { form: "a=1".into() }));
        let refused = decoded(r#"{"form": "a=1", "role": "admin"}"#).unwrap_err();
        assert!(refused.starts_with("unknown field `role`"), "{refused}");
        assert!(decoded(r#"{"role": "admin"}"#).is_err() && decoded("[]").is_err() && decoded("7").is_err());
    }
}
