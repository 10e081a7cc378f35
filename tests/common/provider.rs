//! Google's and Microsoft's sign-in on one loopback port, as scripted as a test wants it. It knows RFC 6749, 7636 and OpenID
//! Connect from their texts, and none of the application's code.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use convene::{
    calendars::Provider,
    clock::{Clock, FixedClock},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

pub const CLIENT_ID: &str = "test-client";
pub const CLIENT_SECRET: &str = "test-client-secret";
/// A work tenant.
pub const TENANT: &str = "4a7c1d58-0b7e-4f7a-9d0e-5a1f6f6f2c11";
/// Where personal Microsoft accounts live.
pub const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Account {
    pub provider: Provider,
    /// Google's `sub`, Microsoft's `oid`.
    pub subject: String,
    pub tenant: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: String,
}

impl Account {
    pub fn google(subject: &str, email: &str) -> Self {
        Self::new(Provider::Google, subject, "", email)
    }

    /// `number` makes the object id.
    pub fn microsoft(number: u128, tenant: &str, email: &str) -> Self {
        let oid = uuid::Uuid::from_u128(number).hyphenated().to_string();
        Self::new(Provider::Microsoft, &oid, tenant, email)
    }

    fn new(provider: Provider, subject: &str, tenant: &str, email: &str) -> Self {
        Self {
            provider,
            subject: subject.to_owned(),
            tenant: tenant.to_owned(),
            email: Some(email.to_owned()),
            email_verified: true,
            name: email.split('@').next().unwrap_or_default().to_owned(),
        }
    }

    /// The access token this account's grants carry: the name of its account in the calendars' memory.
    pub fn access_token(&self) -> String {
        self.email.clone().unwrap_or_else(|| self.subject.clone())
    }
}

/// What refreshing gives beside an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// No refresh token, as Google.
    Omits,
    /// A new one each time; the old one is dead at once.
    Rotates,
}

type Twist = Box<dyn FnOnce(&mut Value) + Send>;

pub struct FakeProvider {
    pub origin: Url,
    clock: Arc<FixedClock>,
    state: Mutex<Script>,
    exchanges: AtomicUsize,
    refreshes: AtomicUsize,
}

#[derive(Default)]
struct Script {
    codes: HashMap<String, Code>,
    refresh: HashMap<String, Account>,
    rotation: Option<Rotation>,
    /// Without a refresh token on the next exchanges.
    without_refresh: bool,
    twist_answer: Option<Twist>,
    twist_claims: Option<Twist>,
    twist_header: Option<Twist>,
    /// Instead of the next answer of the token endpoint.
    instead: Option<(u16, &'static str)>,
    /// Whether it answers nothing but 503.
    down: bool,
    /// The tokens that were handed back.
    handed_back: Vec<String>,
    /// What an application gets that comes by itself; nobody agreed if it is nothing.
    lent: Option<&'static str>,
    /// As whom a service account may act, and what it gets then.
    delegated: HashMap<&'static str, &'static str>,
    /// How long refreshing takes, so that others meet it under way.
    slow: Option<std::time::Duration>,
    counter: usize,
}

struct Code {
    account: Account,
    nonce: String,
    challenge: String,
    redirect_uri: String,
    scopes: String,
}

impl FakeProvider {
    pub async fn start(clock: Arc<FixedClock>) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}/", listener.local_addr().expect("bound")).parse().expect("a URL");
        let provider = Arc::new(Self {
            origin,
            clock,
            state: Mutex::default(),
            exchanges: AtomicUsize::new(0),
            refreshes: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .route("/{tenant}/oauth2/v2.0/token", post(token))
            .route("/oauth2/v3/certs", get(keys))
            .route("/{tenant}/discovery/v2.0/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// The person agrees on the provider's page. `scopes` is what they leave ticked, or everything asked for. Gives the
    /// callback's query.
    pub fn agree(&self, authorize: &Url, account: &Account, scopes: Option<&str>) -> String {
        let asked: HashMap<String, String> = authorize.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT_ID);
        assert_eq!(asked["code_challenge_method"], "S256");
        let mut script = self.script();
        script.counter += 1;
        let code = format!("code-{}", script.counter);
        let grant = Code {
            account: account.clone(),
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
            scopes: scopes.unwrap_or(&asked["scope"]).to_owned(),
        };
        script.codes.insert(code.clone(), grant);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &asked["state"]).append_pair("code", &code);
        if account.provider == Provider::Google {
            query.append_pair("iss", self.origin.as_str().trim_end_matches('/'));
        }
        query.finish()
    }

    pub fn refreshing(&self, rotation: Rotation) {
        self.script().rotation = Some(rotation);
    }

    pub fn refresh_slowly(&self, takes: std::time::Duration) {
        self.script().slow = Some(takes);
    }

    pub fn grant_no_refresh_tokens(&self) {
        self.script().without_refresh = true;
    }

    /// Every refresh token of this account is dead.
    pub fn revoke(&self, account: &Account) {
        self.script().refresh.retain(|_, owner| owner.subject != account.subject);
    }

    /// From now on an application that comes by itself gets this token, or is told that nobody agreed.
    pub fn lend(&self, token: Option<&'static str>) {
        self.script().lent = token;
    }

    /// From now on a service account may act as this person, with this token.
    pub fn delegate(&self, subject: &'static str, token: &'static str) {
        self.script().delegated.insert(subject, token);
    }

    /// A service account acts as nobody any more.
    pub fn end_delegation(&self) {
        self.script().delegated.clear();
    }

    pub fn twist_answer(&self, twist: impl FnOnce(&mut Value) + Send + 'static) {
        self.script().twist_answer = Some(Box::new(twist));
    }

    pub fn twist_claims(&self, twist: impl FnOnce(&mut Value) + Send + 'static) {
        self.script().twist_claims = Some(Box::new(twist));
    }

    pub fn twist_header(&self, twist: impl FnOnce(&mut Value) + Send + 'static) {
        self.script().twist_header = Some(Box::new(twist));
    }

    pub fn answer_instead(&self, status: u16, body: &'static str) {
        self.script().instead = Some((status, body));
    }

    pub fn go_down(&self) {
        self.script().down = true;
    }

    /// It answers again.
    pub fn come_up(&self) {
        self.script().down = false;
    }

    /// How many grants were handed back.
    pub fn handed_back(&self) -> usize {
        self.script().handed_back.len()
    }

    /// How many codes were offered to the token endpoint so far.
    pub fn exchanges(&self) -> usize {
        self.exchanges.load(Ordering::SeqCst)
    }

    pub fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }

    /// Until somebody asks for a refresh.
    pub async fn until_refreshing(&self) {
        while self.refreshes() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.state.lock().expect("no test panicked holding it")
    }

    fn id_token(&self, grant: &Code, script: &mut Script) -> String {
        let now = self.clock.now().timestamp();
        let account = &grant.account;
        let origin = self.origin.as_str().trim_end_matches('/');
        let mut claims = json!({
            "aud": CLIENT_ID, "iat": now, "exp": now + 3600, "nonce": grant.nonce, "sub": account.subject,
            "email": account.email, "name": account.name,
        });
        match account.provider {
            Provider::Google => {
                claims["iss"] = json!(origin);
                claims["email_verified"] = json!(account.email_verified);
            }
            Provider::Microsoft | Provider::Apple => {
                claims["iss"] = json!(format!("{origin}/{}/v2.0", account.tenant));
                claims["tid"] = json!(account.tenant);
                claims["oid"] = json!(account.subject);
                claims["ver"] = json!("2.0");
            }
        }
        if let Some(twist) = script.twist_claims.take() {
            twist(&mut claims);
        }
        let mut header = json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" });
        if let Some(twist) = script.twist_header.take() {
            twist(&mut header);
        }
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; KEY.public_modulus_len()];
        KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("it signs");
        format!("{message}.{}", BASE64.encode(signature))
    }

    fn exchange(&self, form: &HashMap<String, String>) -> Result<Value, &'static str> {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        let script = &mut *self.script();
        let grant = script.codes.remove(&form["code"]).ok_or("invalid_grant")?;
        let challenge = BASE64.encode(Sha256::digest(form["code_verifier"].as_bytes()));
        if challenge != grant.challenge || form["redirect_uri"] != grant.redirect_uri {
            return Err("invalid_grant");
        }
        let mut answer = self.answer(&grant.account);
        answer["scope"] = json!(grant.scopes);
        answer["id_token"] = json!(self.id_token(&grant, script));
        if !script.without_refresh {
            answer["refresh_token"] = json!(new_refresh_token(script, &grant.account));
        }
        Ok(answer)
    }

    fn refresh(&self, form: &HashMap<String, String>) -> Result<Value, &'static str> {
        let script = &mut *self.script();
        let token = &form["refresh_token"];
        let account = script.refresh.get(token).cloned().ok_or("invalid_grant")?;
        let mut answer = self.answer(&account);
        if script.rotation == Some(Rotation::Rotates) {
            script.refresh.remove(token);
            answer["refresh_token"] = json!(new_refresh_token(script, &account));
        }
        Ok(answer)
    }

    fn answer(&self, account: &Account) -> Value {
        json!({ "access_token": account.access_token(), "token_type": "Bearer", "expires_in": 3599 })
    }
}

fn new_refresh_token(script: &mut Script, account: &Account) -> String {
    script.counter += 1;
    let token = format!("refresh-{}", script.counter);
    script.refresh.insert(token.clone(), account.clone());
    token
}

/// RFC 7009: the token, and with it the grant, ends.
async fn revoke(State(provider): State<Arc<FakeProvider>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut script = provider.script();
    if script.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(owner) = script.refresh.remove(&form["token"]) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_token" }))).into_response();
    };
    script.refresh.retain(|_, other| other.subject != owner.subject);
    script.handed_back.push(form["token"].clone());
    Json(json!({})).into_response()
}

async fn token(State(provider): State<Arc<FakeProvider>>, Form(form): Form<HashMap<String, String>>) -> Response {
    if form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        // RFC 7523: the assertion says who asks and as whom; no client is named.
        assert!(!form.contains_key("client_secret"));
        let claims = form["assertion"].split('.').nth(1).expect("three parts");
        let claims: Value = serde_json::from_slice(&BASE64.decode(claims).expect("base64url")).expect("JSON");
        return match provider.script().delegated.get(claims["sub"].as_str().expect("a subject")) {
            Some(token) => {
                Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3599 })).into_response()
            }
            None => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
        };
    }
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), (CLIENT_ID, CLIENT_SECRET));
    if form["grant_type"] == "client_credentials" {
        assert_eq!(form["scope"], "https://graph.microsoft.com/.default");
        let refused = json!({ "error": "invalid_client", "error_codes": [7_000_229] });
        return match provider.script().lent {
            Some(token) => {
                Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3599 })).into_response()
            }
            None => (StatusCode::UNAUTHORIZED, Json(refused)).into_response(),
        };
    }
    let is_refresh = form["grant_type"] == "refresh_token";
    if is_refresh {
        provider.refreshes.fetch_add(1, Ordering::SeqCst);
        let slow = provider.script().slow;
        if let Some(takes) = slow {
            tokio::time::sleep(takes).await;
        }
    }
    if provider.script().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let instead = provider.script().instead.take();
    if let Some((status, body)) = instead {
        return (StatusCode::from_u16(status).expect("a status"), body).into_response();
    }
    let answer = if is_refresh { provider.refresh(&form) } else { provider.exchange(&form) };
    match answer {
        Ok(mut answer) => {
            let twist = provider.script().twist_answer.take();
            if let Some(twist) = twist {
                twist(&mut answer);
            }
            Json(answer).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
    }
}

async fn keys() -> Json<Value> {
    let public = KEY.public_key();
    Json(json!({ "keys": [{
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1",
        "n": BASE64.encode(public.modulus().big_endian_without_leading_zero()),
        "e": BASE64.encode(public.exponent().big_endian_without_leading_zero()),
    }] }))
}
