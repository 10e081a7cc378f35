//! Posted forms as values: exactly the fields of a struct, or an answer of ours that says what is wrong.

use std::borrow::Cow;

use axum::{
    extract::{FromRequest, RawForm, Request},
    response::{IntoResponse, Response},
};
use serde::de::{self, DeserializeOwned, value::MapDeserializer};

use crate::error::AppError;

/// A form whose fields are text. What the body must look like before, `intake` has judged.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let RawForm(body) = RawForm::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let form = read(&body).map_err(|error| AppError::from(error).into_response())?;
        Ok(Self(form))
    }
}

/// A form of which only these fields are left to read.
///
/// # Errors
/// A field this form does not have, or one that is missing.
pub fn of_pairs<'a, T: DeserializeOwned>(
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Result<T, AppError> {
    Ok(deserialize(pairs)?)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, FormError> {
    deserialize(url::form_urlencoded::parse(body))
}

fn deserialize<'a, T: DeserializeOwned>(
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Result<T, FormError> {
    let fields = pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned()));
    T::deserialize(MapDeserializer::new(fields))
}

/// What serde finds wrong, told apart without reading its words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum FormError {
    #[error("a field that is not known")]
    UnknownField,
    #[error("{0}")]
    Other(String),
}

impl de::Error for FormError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::UnknownField
    }
}

impl From<FormError> for AppError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::UnknownField => Self::unknown_field(),
            FormError::Other(_) => Self::new(422, "form_invalid", "The form could not be read.")
                .hint("Load the page again and fill it in once more."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        start: String,
        #[serde(default)]
        reason: String,
    }

    #[test]
    fn fields_are_those_of_the_struct_and_no_others() {
        let sample = Sample { start: "a b".into(), reason: String::new() };
        assert_eq!(read(b"start=a+b"), Ok(sample));
        assert_eq!(read::<Sample>(b"start=a&role=admin"), Err(FormError::UnknownField));
        assert!(matches!(read::<Sample>(b"reason=x"), Err(FormError::Other(_))));
    }
}
