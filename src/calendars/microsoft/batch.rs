//! Several lists in one call: Graph's `$batch`, at most twenty requests each.
//!
//! What a newcomer would get wrong: the whole is 200 whatever its parts are, the parts come in any order, and each may be
//! refused as one too many by itself.

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;

use super::wire::Page;
use super::{MicrosoftCalendar, PREFER, READ, failure};
use crate::calendars::http::{Ask, Reply};
use crate::calendars::{AccessToken, CalendarError};

/// "Number of batch request steps exceeds the maximum value of 20."
pub const MOST: usize = 20;

#[derive(Debug, Deserialize)]
struct Answers {
    responses: Vec<Answer>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
}

impl Answer {
    /// As if it had been asked for alone.
    fn reply(self) -> Reply {
        let retry_after = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        let retry_after = retry_after.and_then(|(_, value)| HeaderValue::from_str(value.as_str()?).ok());
        Reply {
            status: StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY),
            headers: retry_after.map(|value| (RETRY_AFTER, value)).into_iter().collect::<HeaderMap>(),
            body: self.body.to_string().into_bytes(),
        }
    }
}

impl MicrosoftCalendar {
    /// Every entry of each of these lists, in their order.
    ///
    /// # Errors
    /// The batch as a whole was refused because of the account; anything else is said of each list.
    pub(super) async fn batch<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        action: &'static str,
        lists: &[Url],
    ) -> Result<Vec<Result<Vec<T>, CalendarError>>, CalendarError> {
        let inner = |(id, url): (usize, &Url)| {
            let relative = url.as_str().strip_prefix(self.api.as_str()).unwrap_or(url.as_str());
            json!({ "id": id.to_string(), "method": "GET", "url": format!("/{relative}"), "headers": { "Prefer": PREFER } })
        };
        let requests: Vec<Value> = lists.iter().enumerate().map(inner).collect();
        let url = format!("{}$batch", self.api).parse().expect("an address with a plain word appended is one");
        let ask = Ask::new("batch", Method::POST, url).json(json!({ "requests": requests })).only_reads();
        let answers = match self.ask(token, ask, READ).await.and_then(|reply| reply.read::<Answers>(false)) {
            Err(CalendarError::SignInExpired) => return Err(CalendarError::SignInExpired),
            Err(error) => return Ok(lists.iter().map(|_| Err(error.clone())).collect()),
            Ok(answers) => answers.responses,
        };
        let mut answers: std::collections::BTreeMap<String, Answer> =
            answers.into_iter().map(|answer| (answer.id.clone(), answer)).collect();
        let mut heard = Vec::with_capacity(lists.len());
        for id in 0..lists.len() {
            let Some(answer) = answers.remove(&id.to_string()) else {
                heard.push(Err(CalendarError::Unavailable("a batch left out an answer".into())));
                continue;
            };
            let reply = answer.reply();
            let page = if reply.status.is_success() {
                reply.read::<Page<T>>(false)
            } else {
                Err(failure::of(&reply, false, READ))
            };
            heard.push(match page {
                Ok(page) => self.rest(token, action, page).await,
                Err(error) => Err(error),
            });
        }
        Ok(heard)
    }
}
