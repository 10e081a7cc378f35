//! Sending one message, and sending it again.

use std::time::Duration;

use tokio::sync::oneshot;
use url::Url;

use crate::oauth::is_on_loopback;
use crate::world::pushes::{Attempt, Outcome};
use crate::world::{Provider, Push, World};

/// The wait before the first repetition; it doubles each time.
const BACKOFF: Duration = Duration::from_millis(500);
/// How often a message is repeated. The real ones go on for hours.
const RETRIES: u32 = 7;
/// How long a receiver may take before Google stops waiting.
const GOOGLE_WAITS: Duration = Duration::from_secs(10);
/// How long one may take before Microsoft counts it as failed.
const MICROSOFT_WAITS: Duration = Duration::from_secs(3);
/// How long a validation may take.
const VALIDATION_WAITS: Duration = Duration::from_secs(10);

/// Whether a message can be sent there: nothing here leaves the machine.
fn may_be_sent_to(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| is_on_loopback(&url))
}

/// Sends a message, its copies and its repetitions, as long as its generation of the world lasts. `tried` hears of the first
/// try, or that there is none yet.
pub async fn send(world: World, push: Push, generation: u64, tried: Option<oneshot::Sender<()>>) {
    if push.fate.drop {
        return;
    }
    if !may_be_sent_to(&push.url) {
        world.lock().push_tried(&push, None, Outcome::NotSent);
        return;
    }
    if let Some(wait) = push.fate.delay {
        drop(tried);
        tokio::time::sleep(wait).await;
        return send_copies(&world, &push, generation, None).await;
    }
    send_copies(&world, &push, generation, tried).await;
}

async fn send_copies(world: &World, push: &Push, generation: u64, mut tried: Option<oneshot::Sender<()>>) {
    for _ in 0..push.fate.copies.max(1) {
        let mut wait = BACKOFF;
        for retry in 0..=RETRIES {
            // After a reset nobody is told of the world before.
            if world.generation() != generation {
                return;
            }
            let (attempt, verdict) = attempt(world, push).await;
            let outcome = match verdict {
                Verdict::Again if retry == RETRIES => Outcome::GivenUp,
                Verdict::Again => Outcome::Pending,
                Verdict::Done => Outcome::Delivered,
                Verdict::Never => Outcome::Refused,
            };
            world.lock().push_tried(push, Some(attempt), outcome);
            if let Some(tried) = tried.take() {
                // The lane may have ended.
                let _ = tried.send(());
            }
            if outcome != Outcome::Pending {
                break;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}

enum Verdict {
    Done,
    Again,
    Never,
}

async fn attempt(world: &World, push: &Push) -> (Attempt, Verdict) {
    let at = world.lock().now();
    let mut request = world.http().post(&push.url);
    for (name, value) in &push.headers {
        request = request.header(*name, value);
    }
    request = match &push.body {
        Some(body) => request.header("content-type", "application/json; charset=utf-8").body(body.to_string()),
        None => request.header("content-length", "0"),
    };
    let patience = if push.provider == Provider::Google { GOOGLE_WAITS } else { MICROSOFT_WAITS };
    match request.timeout(patience).send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let verdict = match (push.provider, status) {
                // Google's documentation names these and no others.
                (Provider::Google, 102 | 200 | 201 | 202 | 204) => Verdict::Done,
                (Provider::Google, 500 | 502 | 503 | 504) => Verdict::Again,
                (Provider::Google, _) => Verdict::Never,
                (_, 200..=299) => Verdict::Done,
                _ => Verdict::Again,
            };
            (Attempt { at, status: Some(status), error: None }, verdict)
        }
        Err(error) => {
            let error = if error.is_timeout() { "no answer in time".to_owned() } else { format!("{error:#}") };
            (Attempt { at, status: None, error: Some(error) }, Verdict::Again)
        }
    }
}

/// What came of asking a receiver whether it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    Passed,
    /// It answered something else.
    Failed,
    TimedOut,
}

/// Microsoft's handshake: the receiver must answer 200 with the token as plain text within ten seconds.
pub async fn validate(world: &World, url: &str, token: &str) -> Validation {
    if !may_be_sent_to(url) {
        return Validation::Failed;
    }
    let Ok(mut url) = Url::parse(url) else { return Validation::Failed };
    url.query_pairs_mut().append_pair("validationToken", token);
    let request =
        world.http().post(url).header("content-type", "text/plain; charset=utf-8").header("content-length", "0");
    let asked = async {
        let answer = request.timeout(VALIDATION_WAITS).send().await?;
        let plain = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        let plain = plain.is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/plain"));
        let right = answer.status().as_u16() == 200 && plain;
        Ok::<_, reqwest::Error>(answer.text().await? == token && right)
    };
    match asked.await {
        Ok(true) => Validation::Passed,
        Ok(false) => Validation::Failed,
        Err(error) if error.is_timeout() => Validation::TimedOut,
        Err(_) => Validation::Failed,
    }
}
