//! Lists a page at a time: `limit` and an opaque `cursor`, newest first unless a resource says otherwise. Pages stay the same while
//! rows are added.

use std::{collections::BTreeMap, str::FromStr};

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};

use crate::error::AppError;

const USUAL: u64 = 50;
const MOST: u64 = 100;

/// The query of an address, each parameter once.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        Self::read(parts.uri.query().unwrap_or_default()).map_err(IntoResponse::into_response)
    }
}

impl Params {
    fn read(query: &str) -> Result<Self, AppError> {
        let mut params = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let (name, value) = (name.into_owned(), value.into_owned());
            if params.insert(name.clone(), value).is_some() {
                return Err(AppError::new(422, "parameter_twice", "This parameter is given twice.").field(name));
            }
        }
        Ok(Self(params))
    }

    /// Refuses whatever is not one of these.
    pub fn only(&self, known: &[&str]) -> Result<(), AppError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                Err(AppError::new(422, "unknown_parameter", "This parameter is not known here.").field(name.clone()))
            }
            None => Ok(()),
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Which page is asked for.
    pub fn page<I: FromStr>(&self) -> Result<Page<I>, AppError> {
        let limit = match self.get("limit") {
            None => USUAL,
            Some(text) => {
                let fits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                let number = fits.and_then(|text| text.parse().ok()).filter(|limit| (1..=MOST).contains(limit));
                number.ok_or_else(|| AppError::invalid("limit", "limit_invalid", "A page has 1 to 100 entries."))?
            }
        };
        let after = self.get("cursor").map(|text| {
            text.parse().map_err(|_| {
                AppError::invalid("cursor", "cursor_invalid", "This is no cursor of this list.")
                    .hint("Use next_cursor of the page before as it is.")
            })
        });
        Ok(Page { limit, after: after.transpose()? })
    }
}

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page<I> {
    pub limit: u64,
    /// The last entry of the page before.
    pub after: Option<I>,
}

impl<I: ToString> Page<I> {
    /// Cuts what was read, one more than a page holds, and says where the next page begins.
    pub fn cut<T>(&self, mut found: Vec<T>, id: impl Fn(&T) -> I) -> (Vec<T>, Option<String>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| is_more).map(|last| id(last).to_string());
        (found, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RequestId;

    #[test]
    fn what_is_asked_wrongly_is_named() {
        let page = |query: &str| {
            let params = Params::read(query)?;
            params.only(&["limit", "cursor"])?;
            params.page::<RequestId>()
        };
        let id = RequestId::new();
        let found = page(&format!("limit=2&cursor={id}")).unwrap();
        assert_eq!((found.limit, found.after), (2, Some(id)));
        assert_eq!(page("").unwrap().limit, 50);
        for (query, code) in [
            ("limit=0", "limit_invalid"),
            ("limit=101", "limit_invalid"),
            ("limit=%2B5", "limit_invalid"),
            ("limit=", "limit_invalid"),
            ("cursor=2", "cursor_invalid"),
            ("limit=1&limit=1", "parameter_twice"),
            ("offset=1", "unknown_parameter"),
        ] {
            assert_eq!(page(query).unwrap_err().code, code, "{query}");
        }
    }

    #[test]
    fn the_next_page_begins_where_this_one_ends() {
        let page = Page::<u64> { limit: 2, after: None };
        assert_eq!(page.cut(vec![9, 8, 7], |one| *one), (vec![9, 8], Some("8".to_owned())));
        assert_eq!(page.cut(vec![9, 8], |one| *one), (vec![9, 8], None));
    }
}
