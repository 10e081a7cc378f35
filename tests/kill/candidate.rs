//! A candidate with a browser that does not give up: the same form is sent until somebody answers it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use convene::{booking::Key, ids::RequestId};

use super::world::{Link, Random};

/// What a candidate was told in the end.
#[derive(Debug)]
pub struct Told {
    pub request: RequestId,
    /// When their interview is; `None` if they cancelled it, or found no time.
    pub start: Option<DateTime<Utc>>,
    pub was_cancelled: bool,
}

/// Books one of the times shown, then leaves it, moves it or cancels it.
pub async fn lives(base: &str, link: &Link) -> Told {
    let browser = Browser::new(base, link);
    let random = Random::new();
    let mut told = Told { request: link.request, start: None, was_cancelled: false };
    for _ in 0..12 {
        let times = browser.times("").await;
        if times.is_empty() {
            return told;
        }
        let start = times[random.below(times.len() as u64) as usize].clone();
        if browser.send("", &choice(&start)).await {
            told.start = start.parse().ok();
            break;
        }
    }
    if told.start.is_none() {
        return told;
    }
    let then = random.below(6);
    if then < 3 {
        let times = browser.times("").await;
        // The page of somebody booked may show times only where it offers to move.
        let times = if times.is_empty() { browser.times("/move").await } else { times };
        if !times.is_empty() {
            let start = times[random.below(times.len() as u64) as usize].clone();
            if browser.send("/move", &choice(&start)).await {
                told.start = start.parse().ok();
            }
        }
    }
    if then % 3 == 2 {
        assert!(browser.send("/cancel", "reason=Found+another+one").await, "a cancellation in time");
        (told.start, told.was_cancelled) = (None, true);
    }
    told
}

fn choice(start: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(start.as_bytes()).collect();
    format!("start={encoded}&key={}&tz=America%2FNew_York", Key::fresh())
}

struct Browser {
    http: reqwest::Client,
    page: String,
    /// As the proxy in front would name it: each candidate is somebody else.
    address: String,
}

impl Browser {
    fn new(base: &str, link: &Link) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        let random = Random::new();
        let address = format!("10.{}.{}.{}", random.below(256), random.below(256), random.below(256));
        Self { http, page: format!("{base}/book/{}", link.token.expose()), address }
    }

    /// The times a page offers, until one answers.
    async fn times(&self, under: &str) -> Vec<String> {
        loop {
            let request = self.http.get(format!("{}{under}", self.page)).header("X-Forwarded-For", &self.address);
            if let Ok(answer) = request.send().await
                && !answer.status().is_server_error()
                && let Ok(html) = answer.text().await
            {
                return html
                    .split("value=\"")
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next())
                    .filter(|value| value.len() == 20 && value.ends_with('Z') && value.parse::<DateTime<Utc>>().is_ok())
                    .map(str::to_owned)
                    .collect();
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Sends the form until it is answered: true for "done", false for a refusal.
    async fn send(&self, under: &str, form: &str) -> bool {
        loop {
            let request = self
                .http
                .post(format!("{}{under}", self.page))
                .header("X-Forwarded-For", &self.address)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form.to_owned());
            if let Ok(answer) = request.send().await {
                let status = answer.status();
                if status.is_redirection() {
                    return true;
                }
                if status.is_client_error() {
                    let text = answer.text().await.unwrap_or_default();
                    assert!(matches!(status.as_u16(), 409 | 422), "{status} to {under} {form}: {text}");
                    return false;
                }
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}
