//! Partial responses: the `fields` parameter, as in `items(id,start/dateTime),nextPageToken`.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::errors::invalid_parameter;

/// Cuts successful JSON answers down to what `fields` asks for.
pub async fn narrow(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let wanted = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "fields");
    let Some(wanted) = wanted.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty()) else {
        return next.run(request).await;
    };
    let Some(mask) = Mask::parse(&wanted) else {
        return invalid_parameter("fields", &format!("Invalid field selection {wanted}")).into_response();
    };
    let response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The whole body was made in this process; there is nothing to wait for and nothing to limit.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(mask.cut(value).to_string()))
}

/// Names to keep, each with what to keep below it; nothing below means all.
#[derive(Debug, Default, PartialEq)]
struct Mask(Vec<(String, Mask)>);

impl Mask {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mask = Self::list(&mut rest)?;
        rest.is_empty().then_some(mask)
    }

    fn list(rest: &mut &str) -> Option<Self> {
        let mut mask = Self::default();
        loop {
            let end = rest.find([',', '(', ')', '/']).unwrap_or(rest.len());
            let name = rest[..end].trim();
            if name.is_empty() {
                return None;
            }
            *rest = &rest[end..];
            let below = if let Some(after) = rest.strip_prefix('/') {
                *rest = after;
                Self::one(rest)?
            } else if let Some(after) = rest.strip_prefix('(') {
                *rest = after;
                let below = Self::list(rest)?;
                *rest = rest.strip_prefix(')')?;
                below
            } else {
                Self::default()
            };
            mask.0.push((name.to_owned(), below));
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return Some(mask),
            }
        }
    }

    /// A path's next step: what stands behind `/`, up to a comma or a closing bracket.
    fn one(rest: &mut &str) -> Option<Self> {
        let mut depth = 0;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                match c {
                    '(' => depth += 1,
                    ')' if depth > 0 => depth -= 1,
                    ',' | ')' if depth == 0 => return true,
                    _ => {}
                }
                false
            })
            .map_or(rest.len(), |(at, _)| at);
        let (mut step, after) = rest.split_at(end);
        let mask = Self::list(&mut step)?;
        *rest = after;
        step.is_empty().then_some(mask)
    }

    fn cut(&self, value: Value) -> Value {
        match value {
            whole if self.0.is_empty() => whole,
            Value::Array(items) => items.into_iter().map(|item| self.cut(item)).collect(),
            Value::Object(properties) => {
                let kept: Map<_, _> = properties
                    .into_iter()
                    .filter_map(|(name, value)| {
                        let (_, below) = self.0.iter().find(|(wanted, _)| *wanted == name || wanted == "*")?;
                        Some((name, below.cut(value)))
                    })
                    .collect();
                Value::Object(kept)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selection_keeps_what_it_names() {
        let whole = json!({ "kind": "k", "items": [{ "id": "1", "start": { "dateTime": "t", "timeZone": "z" }, "x": 1 }], "next": "n" });
        let cut = |mask: &str| Mask::parse(mask).map(|mask| mask.cut(whole.clone()));
        assert_eq!(
            cut("items(id,start/dateTime),next"),
            Some(json!({ "items": [{ "id": "1", "start": { "dateTime": "t" } }], "next": "n" }))
        );
        assert_eq!(cut("items/id,kind"), Some(json!({ "items": [{ "id": "1" }], "kind": "k" })));
        assert_eq!(cut("items/start(timeZone)"), Some(json!({ "items": [{ "start": { "timeZone": "z" } }] })));
        assert_eq!(cut("*"), Some(whole.clone()));
        assert_eq!(cut("items("), None);
        assert_eq!(cut("a,,b"), None);
    }
}
