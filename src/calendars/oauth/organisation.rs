//! Tokens that no person asked for: an application's own in a Microsoft tenant (client credentials, RFC 6749 section 4.4), and
//! those of a Google service account that acts as somebody of a Workspace (RFC 7523, "domain-wide delegation").
//!
//! There is no refresh token: a new one is asked for with what was granted. Whoever holds them keeps them in memory only.

use std::time::Duration;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::failure::{self, ProviderError};
use super::{AccessToken, OAuthClient, OAuthError};
use crate::calendars::http::Reply;
use crate::secrets::Secret;

/// All application permissions that were agreed to.
const DEFAULT: &str = "https://graph.microsoft.com/.default";
/// All that a service account asks for: from when to when somebody is busy.
pub const FREE_BUSY: &str = "https://www.googleapis.com/auth/calendar.freebusy";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion may be used; Google allows an hour.
const ASSERTED: i64 = 10 * 60;
/// A key file is about 2,400 characters long.
const LONGEST_FILE: usize = 20_000;

/// An access token and how long it lives.
#[derive(Debug, Clone)]
pub struct Lent {
    pub access: AccessToken,
    pub expires_in: Duration,
}

/// A Google service account that can sign.
#[derive(Clone)]
pub struct ServiceAccount {
    pub email: String,
    /// PEM (PKCS #8).
    pub private_key: Secret,
}

/// Why a key file is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("not the JSON of a key file")]
    Unreadable,
    #[error("not a service account's")]
    OtherKind,
    #[error("its private key cannot be read")]
    Key,
    /// Its tokens come from another address than those of this installation.
    #[error("its tokens come from elsewhere")]
    Elsewhere,
}

/// What is used of a key file.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    token_uri: String,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: u64,
}

impl OAuthClient {
    /// The application's own token in a tenant.
    ///
    /// # Errors
    /// [`OAuthError::AdminApproval`] if nobody agreed there, or no longer does.
    pub async fn of_tenant(&self, tenant: Uuid) -> Result<Lent, OAuthError> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose()),
            ("scope", DEFAULT),
        ];
        self.lend(self.endpoints.token_of(tenant), &form).await
    }

    /// A token by which the service account acts as this person, to read free/busy times.
    ///
    /// # Errors
    /// [`OAuthError::AdminApproval`] if nothing was delegated for them, [`OAuthError::InvalidGrant`] if there is nobody of that
    /// address or the key is no longer the account's; Google tells these apart in words only.
    pub async fn acting_as(
        &self,
        account: &ServiceAccount,
        person: &str,
        now: DateTime<Utc>,
    ) -> Result<Lent, OAuthError> {
        let assertion = account.assertion(person, &self.endpoints.token, now);
        let assertion = assertion.map_err(|error| OAuthError::ClientMisconfigured(error.to_string()))?;
        let form = [("grant_type", JWT_BEARER), ("assertion", assertion.as_str())];
        self.lend(self.endpoints.token.clone(), &form).await
    }

    /// Reads a key file as Google hands it out.
    ///
    /// # Errors
    /// [`KeyError`]. A file that names another token address is refused: what is signed goes to the configured one only.
    pub fn read_key_file(&self, text: &str) -> Result<ServiceAccount, KeyError> {
        if text.len() > LONGEST_FILE {
            return Err(KeyError::Unreadable);
        }
        let file: KeyFile = serde_json::from_str(text).map_err(|_| KeyError::Unreadable)?;
        let private_key = Secret::new(file.private_key);
        if file.kind != "service_account" || !file.client_email.ends_with(".gserviceaccount.com") {
            return Err(KeyError::OtherKind);
        }
        if file.token_uri.parse::<Url>().ok().as_ref() != Some(&self.endpoints.token) {
            return Err(KeyError::Elsewhere);
        }
        key_pair(private_key.expose())?;
        Ok(ServiceAccount { email: file.client_email.to_ascii_lowercase(), private_key })
    }

    /// Microsoft's page for the administrator of a tenant.
    pub fn admin_consent_url(&self, redirect_uri: &Url, state: &str) -> Url {
        let mut url = self.endpoints.admin_consent();
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect_uri.as_str())
            .append_pair("scope", DEFAULT)
            .append_pair("state", state);
        url
    }

    async fn lend(&self, url: Url, form: &[(&str, &str)]) -> Result<Lent, OAuthError> {
        let reply = self.http.post_form(url, form).await;
        let reply = reply.map_err(|error| OAuthError::ProviderDown(error.to_string()))?;
        match reply.status.as_u16() {
            200 => lent(&reply),
            status @ (429 | 500..) => Err(OAuthError::ProviderDown(format!("token endpoint answered {status}"))),
            status => Err(match reply.json::<ProviderError>() {
                Some(error) => failure::of_application(&error),
                None => OAuthError::BadResponse(format!("token endpoint answered {status} without JSON")),
            }),
        }
    }
}

fn lent(reply: &Reply) -> Result<Lent, OAuthError> {
    // What the answer holds is a secret, so nothing of it is told.
    let answer: Answer = reply.json().ok_or_else(|| OAuthError::BadResponse("no token in the answer".into()))?;
    if !answer.token_type.eq_ignore_ascii_case("bearer") || answer.access_token.is_empty() || answer.expires_in == 0 {
        return Err(OAuthError::BadResponse("an answer without a token to use".into()));
    }
    Ok(Lent { access: AccessToken::new(answer.access_token), expires_in: Duration::from_secs(answer.expires_in) })
}

impl ServiceAccount {
    /// Says to the token endpoint, signed: I act as this person, to read free/busy times (RS256, RFC 7515).
    fn assertion(&self, person: &str, audience: &Url, now: DateTime<Utc>) -> Result<String, KeyError> {
        let claims = json!({
            "iss": self.email,
            "sub": person,
            "scope": FREE_BUSY,
            "aud": audience.as_str(),
            "iat": now.timestamp(),
            "exp": now.timestamp() + ASSERTED,
        });
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
        let key = key_pair(self.private_key.expose())?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|_| KeyError::Key)?;
        Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The key inside a PEM of PKCS #8 (RFC 7468 section 10), of at least 2,048 bits.
fn key_pair(pem: &str) -> Result<RsaKeyPair, KeyError> {
    let inside = pem
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")
        .and_then(|rest| rest.strip_suffix("-----END PRIVATE KEY-----"))
        .ok_or(KeyError::Key)?;
    let text: Zeroizing<String> = Zeroizing::new(inside.split_ascii_whitespace().collect());
    let der = Zeroizing::new(BASE64_STANDARD.decode(text.as_bytes()).map_err(|_| KeyError::Key)?);
    RsaKeyPair::from_pkcs8(&der).map_err(|_| KeyError::Key)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::AsDer,
        rsa::KeySize,
        signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
    };

    use super::*;
    use crate::calendars::{
        Provider,
        endpoints::{Endpoints, Tenant},
        http::Http,
        oauth::ClientSecret,
    };

    fn client() -> OAuthClient {
        let endpoints = Endpoints::production(Provider::Google, Tenant::Common);
        OAuthClient::new(Http::new(), endpoints, "client", ClientSecret::new("hush"))
    }

    fn pem() -> (String, RsaKeyPair) {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).expect("DER");
        let text = BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        (format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")), key)
    }

    fn file(pem: &str) -> serde_json::Value {
        json!({
            "type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": pem,
            "client_email": "Reader@p.iam.gserviceaccount.com", "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        })
    }

    #[test]
    fn a_key_file_is_read_and_what_is_none_is_refused() {
        let (pem, _) = pem();
        let read = |file: &serde_json::Value| client().read_key_file(&file.to_string()).map(|one| one.email);
        assert_eq!(read(&file(&pem)), Ok("reader@p.iam.gserviceaccount.com".to_owned()));
        for (field, value, error) in [
            ("type", json!("authorized_user"), KeyError::OtherKind),
            ("client_email", json!("ana@example.com"), KeyError::OtherKind),
            ("token_uri", json!("https://evil.example/token"), KeyError::Elsewhere),
            ("token_uri", json!(""), KeyError::Elsewhere),
            ("private_key", json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), KeyError::Key),
            ("private_key", json!("secret"), KeyError::Key),
        ] {
            let mut other = file(&pem);
            other[field] = value;
            assert_eq!(read(&other), Err(error), "{field}");
        }
        for text in ["", "{}", "[1]", "-----BEGIN PRIVATE KEY-----", &" ".repeat(LONGEST_FILE + 1)] {
            assert_eq!(client().read_key_file(text).map(|one| one.email), Err(KeyError::Unreadable));
        }
    }

    #[test]
    fn an_assertion_says_what_google_wants_and_is_signed() {
        let (pem, key) = pem();
        let account = client().read_key_file(&file(&pem).to_string()).expect("a key file");
        let now: DateTime<Utc> = "2031-03-05T10:00:00Z".parse().expect("an instant");
        let audience = client().endpoints.token.clone();
        let assertion = account.assertion("ana@example.com", &audience, now).expect("signed");
        let (message, signature) = assertion.rsplit_once('.').expect("three parts");
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        public.verify(message.as_bytes(), &signature).expect("its own signature");
        let claims = BASE64_URL_SAFE_NO_PAD.decode(message.split('.').nth(1).expect("claims")).expect("base64url");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
        let expected = json!({
            "iss": "reader@p.iam.gserviceaccount.com", "sub": "ana@example.com", "scope": FREE_BUSY,
            "aud": "https://oauth2.googleapis.com/token", "iat": 1_930_471_200, "exp": 1_930_471_800,
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn an_administrator_who_did_not_agree_is_told_apart() {
        let of = |error: serde_json::Value| failure::of_application(&serde_json::from_value(error).expect("an error"));
        for error in [
            json!({ "error": "invalid_client", "error_codes": [7_000_229] }),
            json!({ "error": "unauthorized_client", "error_codes": [700_016] }),
            json!({ "error": "invalid_request", "error_codes": [90002] }),
            json!({ "error": "unauthorized_client" }),
        ] {
            assert_eq!(of(error.clone()), OAuthError::AdminApproval, "{error}");
        }
        let wrong_secret = json!({ "error": "invalid_client", "error_codes": [7_000_215] });
        assert!(matches!(of(wrong_secret), OAuthError::ClientMisconfigured(_)));
        assert_eq!(of(json!({ "error": "invalid_grant" })), OAuthError::InvalidGrant);
    }
}
