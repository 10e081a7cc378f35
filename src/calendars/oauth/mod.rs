//! The code flow at both providers: where to send the person, and what to do with the code.
//!
//! Authorization code with PKCE (RFC 7636), state and nonce, over the `oauth2` crate and our own HTTP
//! client. Scope sets and the comparison with what was granted are in [`scopes`]; reading the id token
//! is `identity`'s. Tokens that no person asked for are in [`organisation`]. State and nonce are the caller's to make, bind to a browser and burn.
//!
//! What a newcomer would get wrong: a refresh answer without a refresh token means "keep the old one",
//! and success of the flow does not mean that everything asked for was granted.

mod failure;
pub mod organisation;
pub mod scopes;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::failure::{OAuthError, callback_error};
use self::failure::{ProviderError, Unanswered};
pub use self::organisation::{KeyError, ServiceAccount};
pub use self::scopes::{MissingPermission, ScopeSet, missing};
use super::endpoints::Endpoints;
use super::http::Http;
use super::{AccessToken, Provider, secret};

secret! {
    /// What new access tokens are made of. Google's live until revoked, Microsoft's are replaced at
    /// each use.
    RefreshToken
}
secret! {
    /// An OpenID Connect id token, unread.
    IdToken
}
secret! {
    /// PKCE's secret half, kept until the code comes back.
    PkceVerifier
}
secret! {
    /// The secret of our OAuth client.
    ClientSecret
}

/// A fresh PKCE pair (S256): the challenge travels, the verifier stays.
#[derive(Debug, Clone)]
pub struct Pkce {
    pub verifier: PkceVerifier,
    pub challenge: String,
}

impl Pkce {
    /// 256 random bits.
    pub fn generate() -> Self {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        Self { verifier: PkceVerifier::new(verifier.into_secret()), challenge: challenge.as_str().to_owned() }
    }
}

/// What the provider's page shows although it might not need to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The consent page: at Google the only way to get a refresh token again.
    Consent,
    /// The account picker.
    SelectAccount,
    /// No page at all: who would have to see one is answered with an error.
    Nothing,
}

/// Everything the authorization page is told.
#[derive(Debug, Clone)]
pub struct AuthorizeRequest {
    /// One of those registered with the provider, byte for byte.
    pub redirect_uri: Url,
    pub state: String,
    pub nonce: String,
    pub pkce_challenge: String,
    pub scopes: ScopeSet,
    /// An e-mail address to offer.
    pub login_hint: Option<String>,
    pub prompt: Option<Prompt>,
}

/// What a token endpoint gave.
#[derive(Debug, Clone)]
pub struct TokenSet {
    pub access: AccessToken,
    /// Absent on most refreshes at Google, and on a repeated consent: keep the old one then.
    pub refresh: Option<RefreshToken>,
    /// Counted from when the answer was made.
    pub expires_in: Duration,
    /// The granted scopes under their short names; empty if the answer named none (unchanged, then).
    pub scopes: BTreeSet<String>,
    pub id_token: Option<IdToken>,
}

/// What became of a request to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The grant is gone, now or before.
    Done,
    /// This provider offers none (Microsoft): tell the person where to remove the grant by hand.
    NotOffered,
}

/// Our client at one provider.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    http: Http,
    endpoints: Endpoints,
    client_id: String,
    client_secret: ClientSecret,
}

/// The field OpenID Connect adds to the token answer.
#[derive(Deserialize, Serialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTokenField(redacted)")
    }
}

impl ExtraTokenFields for IdTokenField {}

type Tokens = StandardTokenResponse<IdTokenField, BasicTokenType>;
type Inner = oauth2::Client<
    ProviderError,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl OAuthClient {
    pub fn new(http: Http, endpoints: Endpoints, client_id: impl Into<String>, client_secret: ClientSecret) -> Self {
        Self { http, endpoints, client_id: client_id.into(), client_secret }
    }

    pub fn provider(&self) -> Provider {
        self.endpoints.provider
    }

    fn inner(&self) -> Inner {
        oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(oauth2::ClientSecret::new(self.client_secret.expose().to_owned()))
            .set_auth_uri(AuthUrl::from_url(self.endpoints.authorize.clone()))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token.clone()))
            // Both accept the secret in the form; Microsoft's secrets hold characters that clients
            // encode differently in a Basic header.
            .set_auth_type(AuthType::RequestBody)
    }

    /// Where to send the person's browser.
    pub fn authorize_url(&self, request: &AuthorizeRequest) -> Url {
        let inner = self.inner();
        let state = request.state.clone();
        let mut url = inner
            .authorize_url(|| CsrfToken::new(state))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(request.redirect_uri.clone())))
            .add_scopes(request.scopes.scopes(self.provider()).iter().map(|scope| Scope::new((*scope).to_owned())))
            .add_extra_param("nonce", request.nonce.clone())
            .add_extra_param("code_challenge", request.pkce_challenge.clone())
            .add_extra_param("code_challenge_method", "S256");
        if let Some(hint) = &request.login_hint {
            url = url.add_extra_param("login_hint", hint.clone());
        }
        if let Some(prompt) = request.prompt {
            let prompt = match prompt {
                Prompt::Consent => "consent",
                Prompt::SelectAccount => "select_account",
                Prompt::Nothing => "none",
            };
            url = url.add_extra_param("prompt", prompt);
        }
        url = match self.provider() {
            Provider::Google => {
                url.add_extra_param("access_type", "offline").add_extra_param("include_granted_scopes", "true")
            }
            Provider::Microsoft => url.add_extra_param("response_mode", "query"),
            Provider::Apple => super::endpoints::no_oauth(),
        };
        url.url().0
    }

    /// Turns the code of a callback into tokens. Codes work once.
    pub async fn exchange(
        &self,
        code: &str,
        verifier: &PkceVerifier,
        redirect_uri: &Url,
    ) -> Result<TokenSet, OAuthError> {
        let http = |request| self.clone().post(request);
        let answer = self
            .inner()
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect_uri.clone())))
            .request_async(&http)
            .await;
        self.tokens(answer)
    }

    /// Gets a new access token. One at a time per connection: two at once can store the older refresh
    /// token last.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<TokenSet, OAuthError> {
        let http = |request| self.clone().post(request);
        let token = oauth2::RefreshToken::new(token.expose().to_owned());
        let answer = self.inner().exchange_refresh_token(&token).request_async(&http).await;
        self.tokens(answer)
    }

    /// Ends the grant at the provider. At Google that ends everything this person granted to the
    /// whole project, sign-in included.
    pub async fn revoke(&self, token: &RefreshToken) -> Result<Revocation, OAuthError> {
        // The `oauth2` crate refuses plain http here, and with it a stand-in on loopback.
        let Some(revoke) = self.endpoints.revoke.clone() else { return Ok(Revocation::NotOffered) };
        let reply = self
            .http
            .post_form(revoke, &[("token", token.expose())])
            .await
            .map_err(|error| OAuthError::ProviderDown(error.to_string()))?;
        match reply.status.as_u16() {
            // 400 says `invalid_token`: it was dead already.
            200..=299 | 400 => Ok(Revocation::Done),
            status => Err(OAuthError::ProviderDown(format!("revocation answered {status}"))),
        }
    }

    /// Carries the crate's requests over our client. An answer that shows an outage is no answer: the
    /// crate would try to read OAuth's JSON in it. Takes itself by value: a borrow would tie the flow's futures to a
    /// lifetime, and no task could be spawned with them.
    async fn post(self, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
        let request = request.try_into().map_err(|_| Unanswered("request could not be built".into()))?;
        let reply = self.http.execute(request).await.map_err(|error| Unanswered(error.to_string()))?;
        let mut response = HttpResponse::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        if failure::is_outage(&response) {
            return Err(Unanswered(format!("token endpoint answered {}", reply.status.as_u16())));
        }
        Ok(response)
    }

    fn tokens(
        &self,
        answer: Result<Tokens, RequestTokenError<Unanswered, ProviderError>>,
    ) -> Result<TokenSet, OAuthError> {
        let answer = answer.map_err(failure::classify)?;
        if *answer.token_type() != BasicTokenType::Bearer {
            return Err(OAuthError::BadResponse("tokens of a type other than bearer".into()));
        }
        let expires_in = answer
            .expires_in()
            .filter(|lifetime| !lifetime.is_zero())
            .ok_or_else(|| OAuthError::BadResponse("no expires_in".into()))?;
        let scopes = answer.scopes().map(Vec::as_slice).unwrap_or_default();
        Ok(TokenSet {
            access: AccessToken::new(answer.access_token().secret().clone()),
            refresh: answer.refresh_token().map(|token| RefreshToken::new(token.secret().clone())),
            expires_in,
            scopes: scopes
                .iter()
                .map(|scope| scopes::short_name(scope).to_owned())
                .filter(|name| !name.is_empty())
                .collect(),
            id_token: answer.extra_fields().id_token.clone().map(IdToken::new),
        })
    }
}

#[cfg(test)]
mod tests;
