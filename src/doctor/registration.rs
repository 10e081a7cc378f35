//! What Google and Microsoft know of us: whether they answer, the client, its redirect URI and scopes, and its secret.
//!
//! All of it is asked as the sign-in flow asks, by somebody whom the provider does not know. Where a client and its redirect URI
//! are registered, a question that may not show a page (`prompt=none`) is answered at the redirect URI with an error of its own;
//! where they are not, it never is (OpenID Connect Core section 3.1.2.6, RFC 6749 section 4.1.2.1). And a code that nobody ever
//! was given is refused differently to a client that proved who it is.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use chrono::{DateTime, Utc};
use url::Url;

use super::{Finding, Outcome, PATIENCE, finding};
use crate::{
    calendars::{
        Provider,
        oauth::{AuthorizeRequest, OAuthError, Pkce, Prompt, ScopeSet},
    },
    config::Config,
    connections::{OAuthDoor, Providers},
    http::{Http, Reply},
};

/// Signed tokens and pushes carry times; a clock further off makes them look stale.
const LARGEST_SKEW: chrono::Duration = chrono::Duration::minutes(2);
/// How often a provider may send us on within its own host before it answers.
const REDIRECTS: usize = 5;
/// How it calls what nobody signed in may not do, which is all that is wrong then.
const NOBODY_THERE: [&str; 5] =
    ["login_required", "interaction_required", "consent_required", "account_selection_required", "immediate_failed"];

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let (providers, http) = (Providers::of(config), Http::new());
    let mut findings = Vec::new();
    for provider in providers.names() {
        let Some(client) = providers.get(provider) else { continue };
        let name = match provider {
            Provider::Google => "Google",
            Provider::Microsoft => "Microsoft",
            Provider::Apple => "Apple",
        };
        let Some(door) = client.oauth() else {
            if let Some(caldav) = client.password() {
                findings.push(finding(name, examine_clock(&http, caldav.icloud()).await));
            }
            continue;
        };
        let first = question(door);
        let answers = examine_clock(&http, &first).await;
        let mut goes_on = answers.is_ok();
        findings.push(finding(name, answers));
        if goes_on {
            let known = finding(format!("{name} redirect URI and scopes"), ask(&http, door, first, name).await);
            goes_on = !known.is_wrong();
            findings.push(known);
        }
        if goes_on {
            findings.push(finding(format!("{name} client secret"), examine_secret(door, name).await));
        }
    }
    findings
}

/// Any answer over HTTP will do; its date shows whether our clock is right.
async fn examine_clock(http: &Http, address: &Url) -> Result<String, String> {
    let base = address.origin().ascii_serialization();
    let unreachable = || format!("{base} does not answer; check the network, a firewall, or the provider's base URL");
    let Ok(root) = base.parse() else { return Err(unreachable()) };
    let reply = get(http, root).await.ok_or_else(unreachable)?;
    let date = reply.headers.get("date").and_then(|date| date.to_str().ok());
    let theirs = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    match theirs.map(|theirs| (Utc::now() - theirs.to_utc()).abs()) {
        Some(skew) if skew > LARGEST_SKEW => {
            Err(format!("says it is another time, {} seconds away; set this machine's clock", skew.num_seconds()))
        }
        _ => Ok(format!("{base} answers")),
    }
}

async fn get(http: &Http, url: Url) -> Option<Reply> {
    tokio::time::timeout(PATIENCE, http.get(url)).await.ok()?.ok()
}

/// For all that anybody is ever asked for, with nobody there to be asked.
fn question(door: &OAuthDoor) -> Url {
    let pkce = Pkce::generate();
    door.client.authorize_url(&AuthorizeRequest {
        redirect_uri: door.redirect_uri.clone(),
        state: "doctor".to_owned(),
        nonce: "doctor".to_owned(),
        pkce_challenge: pkce.challenge,
        scopes: ScopeSet::OwnCalendar,
        login_hint: None,
        prompt: Some(Prompt::Nothing),
    })
}

async fn ask(http: &Http, door: &OAuthDoor, first: Url, name: &str) -> Outcome {
    let (registered, setting) = (&door.redirect_uri, format!("{}_CLIENT_ID", name.to_ascii_uppercase()));
    let by_hand = || {
        Outcome::Mind(format!("{name} does not say from here; look whether {registered} is registered, just as it is"))
    };
    let mut url = first;
    for _ in 0..=REDIRECTS {
        let Some(reply) = get(http, url.clone()).await else { return by_hand() };
        let location = reply.headers.get("location").and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        let Some(next) = next.filter(|_| reply.status.is_redirection()) else {
            return refusal(&reply.status, &String::from_utf8_lossy(&reply.body))
                .map_or_else(by_hand, |cause| Outcome::Wrong(cause.in_words(name, registered, &setting)));
        };
        if is_at(&next, registered) {
            let error = next.query_pairs().find(|(name, _)| name == "error").map(|(_, error)| error.into_owned());
            return match error.as_deref() {
                Some("invalid_scope") => Outcome::Wrong(Cause::Scope.in_words(name, registered, &setting)),
                Some(error) if !NOBODY_THERE.contains(&error) => {
                    Outcome::Wrong(Cause::Another.in_words(name, registered, &setting))
                }
                _ => Outcome::Fine(format!("{name} knows {registered}, and refuses no scope")),
            };
        }
        if next.origin() != url.origin() {
            return by_hand();
        }
        // Google's page for what is wrong with a client; its address holds the cause.
        if next.path().ends_with("/oauth/error") {
            let packed =
                next.query_pairs().find(|(name, _)| name == "authError").map(|(_, packed)| packed.into_owned());
            let packed = packed.unwrap_or_default();
            let text = BASE64_URL_SAFE_NO_PAD.decode(packed.trim_end_matches('=')).unwrap_or_default();
            let cause = Cause::of(&String::from_utf8_lossy(&text)).unwrap_or(Cause::Another);
            return Outcome::Wrong(cause.in_words(name, registered, &setting));
        }
        url = next;
    }
    by_hand()
}

/// Whether a redirect leads to this address, whatever it carries.
fn is_at(url: &Url, address: &Url) -> bool {
    url.origin() == address.origin() && url.path() == address.path()
}

/// What a page of the provider's own says against us. An outage, and a page that asks people to sign in, say nothing.
fn refusal(status: &reqwest::StatusCode, page: &str) -> Option<Cause> {
    if status.is_server_error() || status.as_u16() == 429 {
        return None;
    }
    Cause::of(page).or_else(|| status.is_client_error().then_some(Cause::Another))
}

/// What is wrong with a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Redirect,
    Client,
    Tenant,
    Scope,
    Another,
}

impl Cause {
    /// By the code in a page's text or address: Google's words, Microsoft's numbers.
    fn of(text: &str) -> Option<Self> {
        let table = [
            ("redirect_uri_mismatch", Self::Redirect),
            ("AADSTS50011", Self::Redirect),
            ("AADSTS500113", Self::Redirect),
            ("invalid_client", Self::Client),
            ("deleted_client", Self::Client),
            ("disabled_client", Self::Client),
            ("AADSTS700016", Self::Client),
            ("AADSTS7000112", Self::Client),
            ("AADSTS90002", Self::Tenant),
            ("AADSTS50194", Self::Tenant),
            ("invalid_scope", Self::Scope),
            ("AADSTS70011", Self::Scope),
        ];
        table.into_iter().find(|(code, _)| has_code(text, code)).map(|(_, cause)| cause)
    }

    fn in_words(self, name: &str, registered: &Url, setting: &str) -> String {
        match self {
            Self::Redirect => {
                format!("{name} does not know {registered}; add it to the client's redirect URIs, just as it is")
            }
            Self::Client => format!("{name} does not know this client; check {setting}"),
            Self::Tenant => {
                format!("{name} has no such tenant, or this client is not for it; check MICROSOFT_TENANT_ID")
            }
            Self::Scope => format!("{name} refuses a scope; compare docs/{}.md", name.to_ascii_lowercase()),
            Self::Another => {
                format!("{name} refuses the question; check {setting}, and that {registered} is registered")
            }
        }
    }
}

/// Whether the text holds this code as a word: one of Microsoft's numbers may begin like another.
fn has_code(text: &str, code: &str) -> bool {
    text.match_indices(code).any(|(at, _)| {
        let after = text[at + code.len()..].chars().next();
        !after.is_some_and(|after| after.is_ascii_alphanumeric() || after == '_')
    })
}

/// Offers a code that nobody ever gave out.
async fn examine_secret(door: &OAuthDoor, name: &str) -> Outcome {
    let upper = name.to_ascii_uppercase();
    let pkce = Pkce::generate();
    let exchange = door.client.exchange("doctor", &pkce.verifier, &door.redirect_uri);
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(Err(OAuthError::InvalidGrant)) => Outcome::Fine("is not refused".to_owned()),
        // About the made-up code, not about us.
        Ok(Err(OAuthError::ClientMisconfigured(code))) if !code.starts_with("invalid_request") => Outcome::Wrong(
            format!("{name} refuses the client ({code}); check {upper}_CLIENT_ID and {upper}_CLIENT_SECRET"),
        ),
        _ => Outcome::Mind(format!("{name} does not say from here; sign in once to see that it works")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_known_by_its_whole_code() {
        let page = |code: &str| format!("<h1>Sorry</h1><p>{code}: The redirect URI…</p>");
        for (text, cause) in [
            (page("AADSTS50011"), Some(Cause::Redirect)),
            (page("AADSTS500113"), Some(Cause::Redirect)),
            (page("AADSTS500119"), None),
            (page("AADSTS700016"), Some(Cause::Client)),
            (page("AADSTS70011"), Some(Cause::Scope)),
            ("\u{a}\u{15}redirect_uri_mismatch\u{12}\u{b0}".to_owned(), Some(Cause::Redirect)),
            ("Error 401: invalid_client".to_owned(), Some(Cause::Client)),
            ("<title>Sign in to your account</title>".to_owned(), None),
        ] {
            assert_eq!(Cause::of(&text), cause, "{text}");
        }
        assert_eq!(refusal(&reqwest::StatusCode::OK, "Sign in"), None);
        assert_eq!(refusal(&reqwest::StatusCode::SERVICE_UNAVAILABLE, "invalid_client"), None);
        assert_eq!(refusal(&reqwest::StatusCode::BAD_REQUEST, "Bad Request"), Some(Cause::Another));
    }
}
