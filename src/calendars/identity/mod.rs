//! Who signed in: the check of an OpenID Connect id token (R5).
//!
//! A person is their issuer and subject, never their e-mail: in any Microsoft tenant an administrator
//! can write somebody else's address into that claim. What is checked: RS256 by a published key, our
//! client as audience, the exact issuer (Microsoft's with the token's own tenant filled in), the
//! tenant against the allowed ones, times within a minute, and the nonce of this very flow.

mod keys;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::Value;

use self::keys::KeyRing;
use super::Provider;
use super::endpoints::{Endpoints, PERSONAL_TENANT, Tenant, parse_guid};
use super::http::Http;
use super::oauth::IdToken;

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;
/// Longer than any id token of either provider.
const LONGEST_TOKEN: usize = 16 * 1024;

/// The person behind a verified id token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    /// Stable within the issuer: Google's `sub`, Microsoft's `tid.oid`.
    pub subject: String,
    /// Microsoft's tenant id, or the Google Workspace domain.
    pub tenant: Option<String>,
    /// To show and to write to. Belongs to this person only if `email_verified`.
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    /// A consumer account.
    pub personal: bool,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("the id token is no signed token")]
    Malformed,
    #[error("the id token is signed by another method than RS256")]
    Algorithm,
    #[error("the id token is signed by a key the provider does not publish")]
    UnknownKey,
    #[error("the id token's signature does not fit")]
    Signature,
    /// The claim that is missing or wrong.
    #[error("the id token's {0} is not as it must be")]
    Claim(&'static str),
    /// Everything is in order, but accounts of this tenant may not sign in here.
    #[error("only accounts of {0} may sign in")]
    TenantNotAllowed(Tenant),
    #[error("the provider's signing keys cannot be read: {0}")]
    KeysUnavailable(String),
}

/// Checks the id tokens of one provider for one client. Keep it: it remembers the signing keys.
#[derive(Debug)]
pub struct IdVerifier {
    endpoints: Endpoints,
    client_id: String,
    keys: KeyRing,
}

impl IdVerifier {
    pub fn new(http: Http, endpoints: Endpoints, client_id: impl Into<String>) -> Self {
        Self { keys: KeyRing::new(http, endpoints.keys.clone()), client_id: client_id.into(), endpoints }
    }

    /// Says who signed in, if the token is the one this flow (`nonce`) was to bring.
    pub async fn verify(&self, token: &IdToken, nonce: &str, now: DateTime<Utc>) -> Result<Identity, IdentityError> {
        let token = token.expose();
        if token.len() > LONGEST_TOKEN {
            return Err(IdentityError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
            // `none` and methods unknown to the library are no member of its enum.
            jsonwebtoken::errors::ErrorKind::InvalidAlgorithmName => IdentityError::Algorithm,
            jsonwebtoken::errors::ErrorKind::Json(_) if names_another_algorithm(token) => IdentityError::Algorithm,
            _ => IdentityError::Malformed,
        })?;
        if header.alg != Algorithm::RS256 {
            return Err(IdentityError::Algorithm);
        }
        // A header field that must be understood is one we do not understand (RFC 7515 section 4.1.11).
        if header.crit.is_some() {
            return Err(IdentityError::Malformed);
        }
        let key = self.keys.get(header.kid.as_deref().ok_or(IdentityError::UnknownKey)?, now).await?;
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        let claims: Claims = jsonwebtoken::decode(token, &key.key, &signature_only)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::Json(_) => IdentityError::Malformed,
                _ => IdentityError::Signature,
            })?
            .claims;
        if key.issuer.as_ref().is_some_and(|issuer| !claims.fits(issuer)) {
            return Err(IdentityError::UnknownKey);
        }
        claims.identity(&self.endpoints, &self.client_id, nonce, now.timestamp())
    }
}

/// The first segment is JSON with an `alg` the library has no name for.
fn names_another_algorithm(token: &str) -> bool {
    use base64::Engine;
    let header = token.split('.').next().unwrap_or_default();
    base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .is_some_and(|header| header.get("alg").is_some_and(Value::is_string))
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Value>,
    azp: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    nonce: Option<String>,
    sub: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
    name: Option<String>,
    /// Google: the Workspace domain.
    hd: Option<String>,
    /// Microsoft, from here on.
    ver: Option<String>,
    tid: Option<String>,
    oid: Option<String>,
    preferred_username: Option<String>,
    xms_edov: Option<Value>,
}

impl Claims {
    fn identity(
        self,
        endpoints: &Endpoints,
        client_id: &str,
        nonce: &str,
        now: i64,
    ) -> Result<Identity, IdentityError> {
        use IdentityError::Claim;
        if !endpoints.issuers.iter().any(|issuer| self.fits(issuer)) {
            return Err(Claim("iss"));
        }
        // One audience, us. Several would need trust in the others; neither provider sends them.
        match &self.aud {
            Some(Value::String(aud)) if aud == client_id => {}
            Some(Value::Array(all)) if matches!(all.as_slice(), [Value::String(aud)] if aud == client_id) => {}
            _ => return Err(Claim("aud")),
        }
        if self.azp.as_deref().is_some_and(|azp| azp != client_id) {
            return Err(Claim("azp"));
        }
        if self.exp.is_none_or(|exp| exp.saturating_add(LEEWAY) <= now) {
            return Err(Claim("exp"));
        }
        if self.nbf.is_some_and(|nbf| nbf > now.saturating_add(LEEWAY)) {
            return Err(Claim("nbf"));
        }
        if self.iat.is_none_or(|iat| iat > now.saturating_add(LEEWAY)) {
            return Err(Claim("iat"));
        }
        if nonce.is_empty() || self.nonce.as_deref() != Some(nonce) {
            return Err(Claim("nonce"));
        }
        let sub = self.sub.clone().filter(|sub| !sub.is_empty() && sub.len() <= 255).ok_or(Claim("sub"))?;
        match endpoints.provider {
            Provider::Google => Ok(self.at_google(endpoints, sub)),
            Provider::Microsoft => self.at_microsoft(endpoints),
            Provider::Apple => super::endpoints::no_oauth(),
        }
    }

    /// Whether the token's issuer is this one, with the token's own tenant for `{tenantid}`.
    fn fits(&self, issuer: &str) -> bool {
        let Some(iss) = self.iss.as_deref() else { return false };
        match (issuer.contains("{tenantid}"), self.tid.as_deref()) {
            (false, _) => iss == issuer,
            (true, Some(tid)) if parse_guid(tid).is_some() => iss == issuer.replace("{tenantid}", tid),
            (true, _) => false,
        }
    }

    fn at_google(self, endpoints: &Endpoints, subject: String) -> Identity {
        Identity {
            // Google spells its issuer in two ways; the account is the same.
            issuer: endpoints.issuers[0].clone(),
            subject,
            personal: self.hd.is_none(),
            tenant: self.hd,
            email_verified: self.email.is_some() && self.email_verified.as_ref().is_some_and(is_true),
            email: self.email,
            name: self.name,
        }
    }

    fn at_microsoft(self, endpoints: &Endpoints) -> Result<Identity, IdentityError> {
        use IdentityError::Claim;
        if self.ver.as_deref() != Some("2.0") {
            return Err(Claim("ver"));
        }
        let tid = self.tid.as_deref().and_then(parse_guid).ok_or(Claim("tid"))?;
        let oid = self.oid.as_deref().and_then(parse_guid).ok_or(Claim("oid"))?;
        if !endpoints.tenant.allows(tid) {
            return Err(IdentityError::TenantNotAllowed(endpoints.tenant));
        }
        let personal = tid == PERSONAL_TENANT;
        // A work address is the tenant administrator's word, which may be anything: it counts if Microsoft vouches for its
        // domain, or if this installation serves that tenant alone and its administrator is our own.
        let own = matches!(endpoints.tenant, Tenant::One(_));
        let vouched = personal || own || self.xms_edov.as_ref().is_some_and(is_true);
        let email_verified = self.email.is_some() && vouched;
        let username = self.preferred_username.filter(|name| name.contains('@') && !name.contains("#EXT#"));
        Ok(Identity {
            issuer: self.iss.ok_or(Claim("iss"))?,
            subject: format!("{}.{}", tid.hyphenated(), oid.hyphenated()),
            tenant: Some(tid.hyphenated().to_string()),
            email: self.email.or(username),
            email_verified,
            name: self.name,
            personal,
        })
    }
}

/// True in the spellings seen: `true`, `1`, `"1"`, `"true"`.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_i64() == Some(1),
        Value::String(text) => text == "1" || text == "true",
        _ => false,
    }
}

#[cfg(test)]
mod tests;
