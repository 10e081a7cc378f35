//! JSON bodies as values: exactly the fields of a struct, and where it is not so, the path to what is wrong.
//!
//! What a body must look like before, bounded and each field once, `web::intake` has judged.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::AppError;

/// What was sent, read.
pub struct Body<T> {
    pub read: T,
    /// The same as it stands, for telling copies of a call from other calls: order and blanks do not count.
    pub sent: Value,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        read(&bytes).map_err(IntoResponse::into_response)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, AppError> {
    if bytes.is_empty() {
        return Err(AppError::bad_request("body_required", "This takes a body.")
            .hint("Send JSON, with Content-Type: application/json."));
    }
    let sent: Value =
        serde_json::from_slice(bytes).map_err(|_| AppError::bad_request("json_invalid", "The request is not JSON."))?;
    // serde would let a struct be written as a list of its values.
    if !sent.is_object() {
        return Err(AppError::new(422, "body_invalid", "The body is not a JSON object."));
    }
    let read = serde_path_to_error::deserialize(&sent).map_err(|error| refusal(&error))?;
    Ok(Body { read, sent })
}

/// serde's own words name fields and types of ours, and are short enough to be passed on.
fn refusal(error: &serde_path_to_error::Error<serde_json::Error>) -> AppError {
    let path = Some(error.path().to_string()).filter(|path| path != ".");
    let text = error.inner().to_string();
    let quoted = |before: &str| text.strip_prefix(before).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    let below = |field: &str| match &path {
        Some(path) if path == field || path.ends_with(&format!(".{field}")) => path.clone(),
        Some(path) => format!("{path}.{field}"),
        None => field.to_owned(),
    };
    if let Some(field) = quoted("unknown field `") {
        return AppError::new(422, "unknown_field", "This field is not known here.").field(below(&field));
    }
    if let Some(field) = quoted("missing field `") {
        return AppError::new(422, "field_missing", "This field is missing.").field(below(&field));
    }
    let shown: String = text.chars().take(200).collect();
    let error = AppError::new(422, "field_invalid", format!("This is not what belongs here: {shown}."));
    match path {
        Some(path) => error.field(path),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[allow(dead_code, reason = "read for its shape")]
        people: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[allow(dead_code, reason = "read for its shape")]
        name: String,
    }

    fn refused(text: &str) -> (u16, String, Option<String>) {
        let error = read::<Outer>(text.as_bytes()).map(|body| body.read).unwrap_err();
        (error.status, error.code.into_owned(), error.field.map(std::borrow::Cow::into_owned))
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let at = |path: &str| Some(path.to_owned());
        assert!(read::<Outer>(br#"{"people": [{"name": "Ana"}]}"#).is_ok());
        assert_eq!(refused(""), (400, "body_required".into(), None));
        assert_eq!(refused("[[]]"), (422, "body_invalid".into(), None));
        assert_eq!(refused("{}"), (422, "field_missing".into(), at("people")));
        assert_eq!(refused(r#"{"people": [], "role": 1}"#), (422, "unknown_field".into(), at("role")));
        let strange = r#"{"people": [{"name": "Ana"}, {"name": "Ben", "role": 1}]}"#;
        assert_eq!(refused(strange), (422, "unknown_field".into(), at("people[1].role")));
        assert_eq!(refused(r#"{"people": [{}]}"#), (422, "field_missing".into(), at("people[0].name")));
        assert_eq!(refused(r#"{"people": [{"name": 7}]}"#), (422, "field_invalid".into(), at("people[0].name")));
    }
}
