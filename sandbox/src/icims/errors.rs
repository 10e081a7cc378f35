//! iCIMS's error bodies, each under a name the fault switches know.

use axum::http::StatusCode;
use serde_json::json;

use crate::faults::Answer;

/// Name, status and message.
const CATALOGUE: [(&str, StatusCode, &str); 8] = [
    ("badRequest", StatusCode::BAD_REQUEST, "The request is not valid."),
    ("unauthorized", StatusCode::UNAUTHORIZED, "Authentication is required: the API key is missing or wrong."),
    ("forbidden", StatusCode::FORBIDDEN, "The API user may not do this."),
    ("notFound", StatusCode::NOT_FOUND, "The requested record was not found."),
    ("methodNotAllowed", StatusCode::METHOD_NOT_ALLOWED, "The method is not supported for this resource."),
    ("tooManyRequests", StatusCode::TOO_MANY_REQUESTS, "Too many requests. Try again later."),
    ("internalError", StatusCode::INTERNAL_SERVER_ERROR, "An internal error occurred."),
    ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "The service is temporarily unavailable."),
];

/// Seconds a bare 429 of the catalogue asks to wait.
const RETRY_AFTER: &str = "30";

/// Every name [`catalogue`] knows.
pub fn catalogue_names() -> Vec<&'static str> {
    CATALOGUE.iter().map(|(name, ..)| *name).collect()
}

/// An answer by its name.
pub fn catalogue(name: &str) -> Option<Answer> {
    let (_, status, message) = CATALOGUE.iter().find(|(known, ..)| *known == name)?;
    let mut answer = error(*status, message);
    if *status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers.push(("retry-after", RETRY_AFTER.to_owned()));
    }
    Some(answer)
}

/// What it says with a bare status.
pub fn status_answer(status: StatusCode) -> Answer {
    let known = CATALOGUE.iter().find(|(_, known, _)| *known == status);
    error(status, known.map_or("The request could not be carried out.", |(.., message)| message))
}

/// A catalogue entry that is known to exist.
pub fn known(name: &str) -> Answer {
    catalogue(name).expect("named in the catalogue above")
}

/// 400 with this sentence.
pub fn invalid(message: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, message)
}

fn error(status: StatusCode, message: &str) -> Answer {
    let body = json!({ "errors": [{ "errorMessage": message, "errorCode": status.as_u16() }] });
    Answer { status, headers: Vec::new(), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_repeats_its_status() {
        for name in catalogue_names() {
            let answer = known(name);
            assert_eq!(answer.body["errors"][0]["errorCode"], answer.status.as_u16(), "{name}");
        }
        assert!(catalogue("no such thing").is_none());
        assert_eq!(status_answer(StatusCode::BAD_GATEWAY).body["errors"][0]["errorCode"], 502);
    }
}
