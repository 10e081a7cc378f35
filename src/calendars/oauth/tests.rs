//! The flow against a token endpoint on loopback that answers what the test says.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::calendars::endpoints::Tenant;

/// A server for one answer; gives back the request it saw.
struct Endpoint {
    origin: Url,
    seen: Arc<Mutex<String>>,
}

async fn answering(status: &str, content_type: &str, body: &str) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}/", listener.local_addr().expect("bound")).parse().expect("a url");
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let seen = Arc::new(Mutex::new(String::new()));
    let record = Arc::clone(&seen);
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let mut request = Vec::new();
        loop {
            let mut part = [0; 4096];
            let read = socket.read(&mut part).await.expect("a request");
            request.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&request);
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                body.len() >= length.unwrap_or(0)
            });
            if whole || read == 0 {
                break;
            }
        }
        *record.lock().expect("not poisoned") = String::from_utf8_lossy(&request).into_owned();
        socket.write_all(answer.as_bytes()).await.expect("the caller waits");
    });
    Endpoint { origin, seen }
}

fn client(provider: Provider, origin: &Url) -> OAuthClient {
    let endpoints = Endpoints::sandbox(provider, origin, Tenant::Common);
    OAuthClient::new(Http::new(), endpoints, "client-1", ClientSecret::new("s~.&="))
}

async fn exchange(provider: Provider, status: &str, content_type: &str, body: &str) -> Result<TokenSet, OAuthError> {
    let endpoint = answering(status, content_type, body).await;
    let redirect = "https://app.example/auth/google/callback".parse().expect("a url");
    client(provider, &endpoint.origin).exchange("4/0A&b", &PkceVerifier::new("v".repeat(43)), &redirect).await
}

#[test]
fn the_authorization_page_is_told_everything() {
    let request = |scopes| AuthorizeRequest {
        redirect_uri: "https://app.example/auth/cb".parse().expect("a url"),
        state: "st".into(),
        nonce: "no".into(),
        pkce_challenge: "ch".into(),
        scopes,
        login_hint: Some("ana@example.com".into()),
        prompt: Some(Prompt::Consent),
    };
    let origin = "http://127.0.0.1:3901/".parse().expect("a url");
    let url = client(Provider::Google, &origin).authorize_url(&request(ScopeSet::Coordinator));
    assert_eq!(url.path(), "/o/oauth2/v2/auth");
    let params: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    for (name, value) in [
        ("client_id", "client-1"),
        ("response_type", "code"),
        ("redirect_uri", "https://app.example/auth/cb"),
        ("state", "st"),
        ("nonce", "no"),
        ("code_challenge", "ch"),
        ("code_challenge_method", "S256"),
        ("login_hint", "ana@example.com"),
        ("prompt", "consent"),
        ("access_type", "offline"),
        ("include_granted_scopes", "true"),
        ("scope", &GOOGLE_SCOPES.join(" ")),
    ] {
        assert_eq!(params.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(params.len(), 12);
    let url = client(Provider::Microsoft, &origin).authorize_url(&request(ScopeSet::Interviewer));
    assert_eq!(url.path(), "/common/oauth2/v2.0/authorize");
    let params: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(params["scope"], "openid profile email offline_access Calendars.Read");
    assert_eq!(params["response_mode"], "query");
    assert!(!params.contains_key("access_type"));
}

const GOOGLE_SCOPES: [&str; 6] = [
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
];

#[test]
fn pkce_pairs_are_fresh_and_fit() {
    let (one, two) = (Pkce::generate(), Pkce::generate());
    assert_ne!(one.verifier, two.verifier);
    let expected =
        PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(one.verifier.expose().to_owned()));
    assert_eq!(one.challenge, expected.as_str());
    assert!(one.verifier.expose().len() >= 43);
}

const GOOD: &str = r#"{"access_token":"ya29.a","expires_in":3599,"refresh_token":"1//r","token_type":"Bearer",
    "scope":"openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/calendar.freebusy",
    "id_token":"h.p.s"}"#;

#[tokio::test]
async fn a_code_becomes_tokens() {
    let endpoint = answering("200 OK", "application/json; charset=utf-8", GOOD).await;
    let redirect = "https://app.example/cb".parse().expect("a url");
    let tokens = client(Provider::Google, &endpoint.origin)
        .exchange("4/0A&b", &PkceVerifier::new("v".repeat(43)), &redirect)
        .await
        .expect("tokens");
    assert_eq!(tokens.access.expose(), "ya29.a");
    assert_eq!(tokens.refresh.as_ref().map(RefreshToken::expose), Some("1//r"));
    assert_eq!(tokens.id_token.as_ref().map(IdToken::expose), Some("h.p.s"));
    assert_eq!(tokens.expires_in, Duration::from_secs(3599));
    assert_eq!(tokens.scopes.iter().map(String::as_str).collect::<Vec<_>>(), ["calendar.freebusy", "email", "openid"]);
    for shown in [format!("{tokens:?}"), format!("{:?}", client(Provider::Google, &endpoint.origin))] {
        assert!(
            !shown.contains("ya29") && !shown.contains("1//r") && !shown.contains("h.p.s") && !shown.contains("s~")
        );
    }
    let request = endpoint.seen.lock().expect("not poisoned").clone();
    let (head, body) = request.split_once("\r\n\r\n").expect("a whole request");
    assert!(head.starts_with("POST /token HTTP/1.1"), "{head}");
    assert!(!head.to_lowercase().contains("authorization:"), "{head}");
    let form: std::collections::BTreeMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "4/0A&b"),
        ("client_id", "client-1"),
        ("client_secret", "s~.&="),
        ("redirect_uri", "https://app.example/cb"),
        ("code_verifier", &"v".repeat(43)),
    ] {
        assert_eq!(form.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[tokio::test]
async fn answers_that_are_no_tokens_are_told_apart() {
    let json = "application/json";
    let table: &[(&str, &str, String, &str)] = &[
        (
            "400 Bad Request",
            json,
            r#"{"error":"invalid_grant","error_description":"Malformed"}"#.into(),
            "InvalidGrant",
        ),
        ("401 Unauthorized", json, r#"{"error":"invalid_client"}"#.into(), "ClientMisconfigured"),
        ("400 Bad Request", json, r#"{"error":"invalid_grant","error_codes":[50196]}"#.into(), "ClientMisconfigured"),
        ("400 Bad Request", json, r#"{"error":"invalid_grant","error_codes":[700082]}"#.into(), "InvalidGrant"),
        ("400 Bad Request", json, r#"{"error":"invalid_grant","error_codes":[90094]}"#.into(), "AdminApproval"),
        ("400 Bad Request", json, r#"{"error":"access_denied"}"#.into(), "Denied"),
        ("400 Bad Request", json, r#"{"error":"brand_new<script>"}"#.into(), "BadResponse(\"brand_newscript\")"),
        ("500 Oops", "text/html", "<html>".into(), "ProviderDown"),
        ("503 Busy", json, r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#.into(), "ProviderDown"),
        ("200 OK", "text/html", "<html>".into(), "BadResponse"),
        ("200 OK", json, "{}".into(), "BadResponse"),
        ("200 OK", json, GOOD.replace("Bearer", "mac"), "BadResponse"),
        ("200 OK", json, GOOD.replace(r#""expires_in":3599,"#, ""), "BadResponse"),
        ("200 OK", json, GOOD.replace("3599", "-1"), "BadResponse"),
        ("200 OK", json, GOOD.replace("3599", "0"), "BadResponse"),
        ("200 OK", json, GOOD.replace("3599", "\"soon\""), "BadResponse"),
        ("302 Found", json, "{}".into(), "BadResponse"),
    ];
    for (status, content_type, body, expected) in table {
        let error = exchange(Provider::Microsoft, status, content_type, body).await.expect_err(body);
        let shown = format!("{error:?}");
        assert!(shown.starts_with(expected), "{status} {body}: {shown}");
        assert!(!shown.contains("ya29") && !shown.contains("1//r"), "{shown}");
    }
}

#[tokio::test]
async fn a_refresh_without_a_refresh_token_leaves_the_old_one() {
    let body = r#"{"access_token":"ya29.b","expires_in":3599,"token_type":"bearer"}"#;
    let endpoint = answering("200 OK", "application/json", body).await;
    let tokens =
        client(Provider::Google, &endpoint.origin).refresh(&RefreshToken::new("1//old")).await.expect("tokens");
    assert_eq!((tokens.refresh, tokens.scopes.len()), (None, 0));
    let request = endpoint.seen.lock().expect("not poisoned").clone();
    assert!(request.contains("grant_type=refresh_token") && request.contains("refresh_token=1%2F%2Fold"), "{request}");
}

#[tokio::test]
async fn revoking_what_is_dead_is_done_and_microsoft_offers_none() {
    for (status, body) in [("200 OK", "{}"), ("400 Bad Request", r#"{"error":"invalid_token"}"#)] {
        let endpoint = answering(status, "application/json", body).await;
        let client = client(Provider::Google, &endpoint.origin);
        assert_eq!(client.revoke(&RefreshToken::new("1//r")).await, Ok(Revocation::Done));
    }
    let endpoint = answering("503 Busy", "text/plain", "").await;
    let revoked = client(Provider::Google, &endpoint.origin).revoke(&RefreshToken::new("1//r")).await;
    assert!(matches!(revoked, Err(OAuthError::ProviderDown(_))));
    let nowhere = "http://127.0.0.1:1/".parse().expect("a url");
    assert_eq!(client(Provider::Microsoft, &nowhere).revoke(&RefreshToken::new("r")).await, Ok(Revocation::NotOffered));
}

#[test]
fn callbacks_tell_what_happened_without_their_text() {
    for (error, expected) in [
        ("access_denied", "Denied"),
        ("consent_required", "Denied"),
        ("server_error", "ProviderDown"),
        ("temporarily_unavailable", "ProviderDown"),
        ("admin_policy_enforced", "AdminApproval"),
        ("redirect_uri_mismatch", "ClientMisconfigured"),
        ("<img onerror=x>", "BadResponse(\"imgonerrorx\")"),
    ] {
        let shown = format!("{:?}", callback_error(error));
        assert!(shown.starts_with(expected), "{error}: {shown}");
    }
}
