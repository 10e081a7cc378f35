//! The provider's signing keys: fetched, kept as long as it says, and fetched anew for a key id never
//! seen, but at most once in five minutes, so that made-up key ids cannot make us hammer the provider.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::IdentityError;
use crate::calendars::http::{Http, Reply};

/// At most one fetch in this time.
const PAUSE: TimeDelta = TimeDelta::minutes(5);
/// Bounds and default for how long keys are kept.
const SHORTEST_LIFE: TimeDelta = TimeDelta::minutes(5);
const USUAL_LIFE: TimeDelta = TimeDelta::hours(1);
const LONGEST_LIFE: TimeDelta = TimeDelta::hours(24);

/// A key that may sign id tokens.
pub struct SigningKey {
    id: String,
    pub key: DecodingKey,
    /// Microsoft: the only issuer (or template of issuers) for which this key may sign.
    pub issuer: Option<String>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct KeyRing {
    http: Http,
    url: Url,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Vec<Arc<SigningKey>>,
    /// When we last asked, successfully or not.
    asked: Option<DateTime<Utc>>,
    good_until: Option<DateTime<Utc>>,
}

impl KeyRing {
    pub fn new(http: Http, url: Url) -> Self {
        Self { http, url, state: Mutex::default() }
    }

    /// The key of this id. The lock is held over the fetch: callers at the same time share one.
    pub async fn get(&self, id: &str, now: DateTime<Utc>) -> Result<Arc<SigningKey>, IdentityError> {
        let mut state = self.state.lock().await;
        let known = |state: &State| state.keys.iter().find(|key| key.id == id).cloned();
        let fresh = state.good_until.is_some_and(|until| now < until);
        if let Some(key) = known(&state).filter(|_| fresh) {
            return Ok(key);
        }
        // With no key at all there is nothing to protect by waiting: each attempt follows a code the
        // provider itself just gave out.
        let may_ask = state.keys.is_empty() || state.asked.is_none_or(|asked| now - asked >= PAUSE);
        if may_ask {
            state.asked = Some(now);
            match self.fetch().await {
                Ok((keys, life)) => {
                    state.keys = keys;
                    state.good_until = Some(now + life);
                }
                // Keys we have stay good for a day while the provider's key address is down.
                Err(error) if state.good_until.is_none_or(|until| now >= until + LONGEST_LIFE) => {
                    state.keys.clear();
                    return Err(IdentityError::KeysUnavailable(error));
                }
                Err(error) => tracing::warn!(error, "signing keys could not be read anew"),
            }
        }
        known(&state).ok_or(IdentityError::UnknownKey)
    }

    async fn fetch(&self) -> Result<(Vec<Arc<SigningKey>>, TimeDelta), String> {
        let reply = self.http.get(self.url.clone()).await.map_err(|error| error.to_string())?;
        if !reply.status.is_success() {
            return Err(format!("answered {}", reply.status.as_u16()));
        }
        let set: KeySet = reply.json().ok_or("no key set")?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(signing_key).map(Arc::new).collect();
        if keys.is_empty() { Err("no RSA signing key".to_owned()) } else { Ok((keys, life(&reply))) }
    }
}

#[derive(Debug, Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// A JWK (RFC 7517) that may sign with RS256; others are passed over.
fn signing_key(jwk: Value) -> Option<SigningKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let fits = text("kty") == Some("RSA")
        && text("use").is_none_or(|purpose| purpose == "sig")
        && text("alg").is_none_or(|algorithm| algorithm == "RS256");
    fits.then_some(())?;
    let key = DecodingKey::from_rsa_components(text("n")?, text("e")?).ok()?;
    Some(SigningKey { id: text("kid")?.to_owned(), key, issuer: text("issuer").map(str::to_owned) })
}

/// `Cache-Control: max-age`, within bounds.
fn life(reply: &Reply) -> TimeDelta {
    let said = reply.headers.get(reqwest::header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let seconds = said.and_then(|said| {
        said.split(',').find_map(|part| part.trim().to_ascii_lowercase().strip_prefix("max-age=")?.parse::<u32>().ok())
    });
    match seconds {
        Some(seconds) => TimeDelta::seconds(seconds.into()).clamp(SHORTEST_LIFE, LONGEST_LIFE),
        None => USUAL_LIFE,
    }
}
