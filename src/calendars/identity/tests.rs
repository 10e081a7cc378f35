//! Tokens that are right, and the same tokens with one thing changed.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{TimeDelta, TimeZone};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::calendars::endpoints::Tenant;

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
static OTHER_KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));

const CLIENT: &str = "client-1.apps.example";
const NONCE: &str = "n-0S6_WzA2Mj";
const TID: &str = "7a6f4f0e-3a55-4d51-9d1c-2f1d5a3f0b11";
const OID: &str = "00000000-0000-0000-66f3-3332eca7ea81";

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2027, 3, 1, 12, 0, 0).single().expect("an instant")
}

fn jwk(key: &RsaKeyPair, kid: &str) -> Value {
    let public = key.public_key();
    json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
        "n": BASE64.encode(public.modulus().big_endian_without_leading_zero()),
        "e": BASE64.encode(public.exponent().big_endian_without_leading_zero()),
    })
}

/// A key address on loopback that counts how often it is read.
async fn key_server(keys: Value) -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin: Url = format!("http://{}/", listener.local_addr().expect("bound")).parse().expect("a url");
    let reads = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reads);
    let body = json!({ "keys": keys }).to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            count.fetch_add(1, Ordering::SeqCst);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    (origin, reads)
}

/// A verifier for production's issuers that reads its keys on loopback.
async fn verifier(provider: Provider, tenant: Tenant, keys: Value) -> (IdVerifier, Arc<AtomicUsize>) {
    let (origin, reads) = key_server(keys).await;
    let endpoints = Endpoints { keys: origin, ..Endpoints::production(provider, tenant) };
    (IdVerifier::new(Http::new(), endpoints, CLIENT), reads)
}

fn sign(header: &Value, claims: &Value, key: &RsaKeyPair) -> String {
    let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("it signs");
    format!("{message}.{}", BASE64.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
}

fn google_claims() -> Value {
    let now = now().timestamp();
    json!({
        "iss": "https://accounts.google.com", "aud": CLIENT, "azp": CLIENT, "sub": "10769150350006150715113082367",
        "email": "ana@example.com", "email_verified": true, "name": "Ana", "nonce": NONCE, "iat": now, "exp": now + 3600,
    })
}

fn microsoft_claims() -> Value {
    let now = now().timestamp();
    json!({
        "ver": "2.0", "iss": format!("https://login.microsoftonline.com/{TID}/v2.0"), "aud": CLIENT, "sub": "pairwise",
        "tid": TID, "oid": OID, "email": "chloe@example.org", "preferred_username": "chloe@example.org", "name": "Chloe",
        "nonce": NONCE, "iat": now, "nbf": now, "exp": now + 3600,
    })
}

fn with(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.clone();
    let fields: &mut Map<String, Value> = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        // `null` takes the claim away.
        if value.is_null() {
            fields.remove(name)
        } else {
            fields.insert(name.clone(), value.clone())
        };
    }
    claims
}

async fn check(verifier: &IdVerifier, token: String) -> Result<Identity, IdentityError> {
    verifier.verify(&IdToken::new(token), NONCE, now()).await
}

#[tokio::test]
async fn untouched_tokens_say_who_it_is() {
    let (google, _) = verifier(Provider::Google, Tenant::Common, json!([jwk(&KEY, "k1")])).await;
    let ana = check(&google, sign(&header(), &google_claims(), &KEY)).await.expect("ana");
    assert_eq!(
        (ana.issuer.as_str(), ana.subject.as_str()),
        ("https://accounts.google.com", "10769150350006150715113082367")
    );
    assert_eq!((ana.email.as_deref(), ana.email_verified, ana.personal), (Some("ana@example.com"), true, true));
    let short =
        with(&google_claims(), json!({ "iss": "accounts.google.com", "hd": "example.com", "email_verified": false }));
    let same = check(&google, sign(&header(), &short, &KEY)).await.expect("ana");
    assert_eq!((&same.issuer, &same.subject), (&ana.issuer, &ana.subject));
    assert_eq!((same.tenant.as_deref(), same.personal, same.email_verified), (Some("example.com"), false, false));

    let (microsoft, _) = verifier(Provider::Microsoft, Tenant::Common, json!([jwk(&KEY, "k1")])).await;
    let chloe = check(&microsoft, sign(&header(), &microsoft_claims(), &KEY)).await.expect("chloe");
    assert_eq!(chloe.subject, format!("{TID}.{OID}"));
    assert_eq!((chloe.tenant.as_deref(), chloe.personal), (Some(TID), false));
    assert_eq!(
        (chloe.email.as_deref(), chloe.email_verified),
        (Some("chloe@example.org"), false),
        "an administrator's word"
    );
}

#[tokio::test]
async fn an_address_is_verified_only_if_microsoft_vouches_for_it() {
    let (microsoft, _) = verifier(Provider::Microsoft, Tenant::Common, json!([jwk(&KEY, "k1")])).await;
    let personal = PERSONAL_TENANT.to_string();
    let at_home = json!({ "tid": personal, "iss": format!("https://login.microsoftonline.com/{personal}/v2.0") });
    for (changes, verified) in [
        (json!({ "xms_edov": true }), true),
        (json!({ "xms_edov": 1 }), true),
        (json!({ "xms_edov": "1" }), true),
        (json!({ "xms_edov": false }), false),
        (json!({ "xms_edov": "0" }), false),
        (json!({ "email": null, "xms_edov": true }), false),
        (at_home, true),
    ] {
        let identity = check(&microsoft, sign(&header(), &with(&microsoft_claims(), changes.clone()), &KEY)).await;
        assert_eq!(identity.map(|identity| identity.email_verified), Ok(verified), "{changes}");
    }
    // An installation for one tenant trusts its administrator.
    let tenant = Tenant::One(uuid::Uuid::try_parse(TID).expect("a tenant"));
    let (own, _) = verifier(Provider::Microsoft, tenant, json!([jwk(&KEY, "k1")])).await;
    let identity = check(&own, sign(&header(), &microsoft_claims(), &KEY)).await;
    assert_eq!(identity.map(|identity| identity.email_verified), Ok(true));
    let external = json!({ "email": null, "preferred_username": "a_b.example#EXT#@x.onmicrosoft.com" });
    let identity = check(&microsoft, sign(&header(), &with(&microsoft_claims(), external), &KEY)).await;
    assert_eq!(identity.map(|identity| identity.email), Ok(None));
}

#[tokio::test]
async fn every_mutant_of_a_google_token_is_refused() {
    let (google, _) = verifier(Provider::Google, Tenant::Common, json!([jwk(&KEY, "k1")])).await;
    let now = now().timestamp();
    let mutants = [
        ("iss", json!({ "iss": null })),
        ("iss", json!({ "iss": "https://accounts.google.com/" })),
        ("iss", json!({ "iss": "http://accounts.google.com" })),
        ("iss", json!({ "iss": "https://accounts.google.com.evil.example" })),
        ("iss", json!({ "iss": "https://ACCOUNTS.google.com" })),
        ("aud", json!({ "aud": null })),
        ("aud", json!({ "aud": "someone-else" })),
        ("aud", json!({ "aud": ["someone-else"] })),
        ("aud", json!({ "aud": [CLIENT, "someone-else"] })),
        ("aud", json!({ "aud": [] })),
        ("aud", json!({ "aud": { "a": CLIENT } })),
        ("azp", json!({ "azp": "someone-else" })),
        ("exp", json!({ "exp": null })),
        ("exp", json!({ "exp": now - 61 })),
        ("exp", json!({ "exp": 0 })),
        ("nbf", json!({ "nbf": now + 61 })),
        ("iat", json!({ "iat": null })),
        ("iat", json!({ "iat": now + 61 })),
        ("nonce", json!({ "nonce": null })),
        ("nonce", json!({ "nonce": "another" })),
        ("nonce", json!({ "nonce": "" })),
        ("sub", json!({ "sub": null })),
        ("sub", json!({ "sub": "" })),
        ("sub", json!({ "sub": "x".repeat(256) })),
    ];
    for (claim, changes) in mutants {
        let claims = with(&google_claims(), changes.clone());
        let outcome = check(&google, sign(&header(), &claims, &KEY)).await;
        assert_eq!(outcome, Err(IdentityError::Claim(claim)), "{changes}");
    }
    for changes in [json!({ "exp": "soon" }), json!({ "sub": 7 }), json!({ "iss": ["https://accounts.google.com"] })] {
        let outcome = check(&google, sign(&header(), &with(&google_claims(), changes.clone()), &KEY)).await;
        assert_eq!(outcome, Err(IdentityError::Malformed), "{changes}");
    }
    // A minute's difference between clocks is no mutant.
    for changes in
        [json!({ "exp": now - 59 }), json!({ "nbf": now + 59 }), json!({ "iat": now + 59 }), json!({ "aud": [CLIENT] })]
    {
        let outcome = check(&google, sign(&header(), &with(&google_claims(), changes.clone()), &KEY)).await;
        assert!(outcome.is_ok(), "{changes}: {outcome:?}");
    }
}

#[tokio::test]
async fn every_mutant_of_a_microsoft_token_is_refused() {
    let other = "11111111-2222-3333-4444-555555555555";
    let (microsoft, _) = verifier(Provider::Microsoft, Tenant::Common, json!([jwk(&KEY, "k1")])).await;
    let mutants = [
        ("iss", json!({ "iss": "https://login.microsoftonline.com/{tenantid}/v2.0" })),
        ("iss", json!({ "iss": format!("https://login.microsoftonline.com/{other}/v2.0") })),
        ("iss", json!({ "iss": "https://accounts.google.com" })),
        ("iss", json!({ "tid": other })),
        ("iss", json!({ "tid": null })),
        ("iss", json!({ "tid": "common", "iss": "https://login.microsoftonline.com/common/v2.0" })),
        ("iss", json!({ "tid": "x/../y", "iss": "https://login.microsoftonline.com/x/../y/v2.0" })),
        ("ver", json!({ "ver": "1.0" })),
        ("ver", json!({ "ver": null })),
        ("oid", json!({ "oid": null })),
        ("oid", json!({ "oid": "chloe" })),
        ("aud", json!({ "aud": "someone-else" })),
        ("nonce", json!({ "nonce": "another" })),
    ];
    for (claim, changes) in mutants {
        let claims = with(&microsoft_claims(), changes.clone());
        let outcome = check(&microsoft, sign(&header(), &claims, &KEY)).await;
        assert_eq!(outcome, Err(IdentityError::Claim(claim)), "{changes}");
    }
    let consumers = verifier(Provider::Microsoft, Tenant::Consumers, json!([jwk(&KEY, "k1")])).await.0;
    let outcome = check(&consumers, sign(&header(), &microsoft_claims(), &KEY)).await;
    assert_eq!(outcome, Err(IdentityError::TenantNotAllowed(Tenant::Consumers)));
}

#[tokio::test]
async fn forged_signatures_are_refused() {
    let elliptic = json!({ "kty": "EC", "kid": "ec", "crv": "P-256", "x": "x", "y": "y" });
    let encrypting = {
        let mut key = jwk(&KEY, "enc");
        key["use"] = json!("enc");
        key
    };
    let keys = json!([elliptic, encrypting, jwk(&KEY, "k1")]);
    let (google, _) = verifier(Provider::Google, Tenant::Common, keys).await;
    let claims = google_claims();
    let good = sign(&header(), &claims, &KEY);
    assert!(check(&google, good.clone()).await.is_ok());

    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let (head, _) = message.split_once('.').expect("three parts");
    let swapped = BASE64.encode(with(&claims, json!({ "sub": "someone-else" })).to_string());
    assert_eq!(check(&google, format!("{head}.{swapped}.{signature}")).await, Err(IdentityError::Signature));
    assert_eq!(check(&google, sign(&header(), &claims, &OTHER_KEY)).await, Err(IdentityError::Signature));
    assert_eq!(check(&google, format!("{message}.")).await, Err(IdentityError::Signature));

    for algorithm in ["none", "NONE", "HS256", "RS512", "ES256", "PS256"] {
        let mut other = header();
        other["alg"] = json!(algorithm);
        let forged = sign(&other, &claims, &KEY);
        assert_eq!(check(&google, forged).await, Err(IdentityError::Algorithm), "{algorithm}");
    }
    // RS512 done properly is refused as well: one algorithm is allowed.
    let mut other = header();
    other["alg"] = json!("RS512");
    let message = format!("{}.{}", BASE64.encode(other.to_string()), BASE64.encode(claims.to_string()));
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("it signs");
    let outcome = check(&google, format!("{message}.{}", BASE64.encode(signature))).await;
    assert_eq!(outcome, Err(IdentityError::Algorithm));

    // The public key's bytes as an HMAC secret: the classic confusion.
    let public = KEY.public_key().as_der().expect("der");
    let mut hmac = header();
    hmac["alg"] = json!("HS256");
    let message = format!("{}.{}", BASE64.encode(hmac.to_string()), BASE64.encode(claims.to_string()));
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, public.as_ref());
    let tag = aws_lc_rs::hmac::sign(&secret, message.as_bytes());
    assert_eq!(check(&google, format!("{message}.{}", BASE64.encode(tag))).await, Err(IdentityError::Algorithm));

    for kid in [json!("k2"), json!("enc"), json!("ec"), Value::Null] {
        let mut other = header();
        other["kid"] = kid.clone();
        assert_eq!(check(&google, sign(&other, &claims, &KEY)).await, Err(IdentityError::UnknownKey), "{kid}");
    }
    let mut critical = header();
    critical["crit"] = json!(["b64"]);
    assert_eq!(check(&google, sign(&critical, &claims, &KEY)).await, Err(IdentityError::Malformed));
    for junk in ["", "a", "a.b", "a.b.c", "....", "e30.e30.", &"a".repeat(LONGEST_TOKEN + 1)] {
        assert_eq!(check(&google, junk.to_owned()).await, Err(IdentityError::Malformed), "{:.10}", junk);
    }
}

#[tokio::test]
async fn a_key_signs_only_for_the_issuer_it_is_published_for() {
    let mut bound = jwk(&KEY, "k1");
    bound["issuer"] = json!(format!("https://login.microsoftonline.com/{PERSONAL_TENANT}/v2.0"));
    let mut open = jwk(&KEY, "k2");
    open["issuer"] = json!("https://login.microsoftonline.com/{tenantid}/v2.0");
    let (microsoft, _) = verifier(Provider::Microsoft, Tenant::Common, json!([bound, open])).await;
    let outcome = check(&microsoft, sign(&header(), &microsoft_claims(), &KEY)).await;
    assert_eq!(outcome, Err(IdentityError::UnknownKey));
    let mut with_open_key = header();
    with_open_key["kid"] = json!("k2");
    assert!(check(&microsoft, sign(&with_open_key, &microsoft_claims(), &KEY)).await.is_ok());
}

#[tokio::test]
async fn made_up_key_ids_cause_one_refetch_in_five_minutes() {
    let (google, reads) = verifier(Provider::Google, Tenant::Common, json!([jwk(&KEY, "k1")])).await;
    let good = IdToken::new(sign(&header(), &google_claims(), &KEY));
    let mut other = header();
    other["kid"] = json!("made-up");
    let made_up = IdToken::new(sign(&other, &google_claims(), &KEY));
    assert!(google.verify(&good, NONCE, now()).await.is_ok());
    for second in 0..100 {
        let at = now() + TimeDelta::seconds(second);
        assert_eq!(google.verify(&made_up, NONCE, at).await, Err(IdentityError::UnknownKey));
        assert!(google.verify(&good, NONCE, at).await.is_ok());
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    for second in 300..400 {
        let at = now() + TimeDelta::seconds(second);
        assert_eq!(google.verify(&made_up, NONCE, at).await, Err(IdentityError::UnknownKey));
    }
    assert_eq!(reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_read_sign_nobody_in() {
    let endpoints = Endpoints {
        keys: "http://127.0.0.1:1/keys".parse().expect("a url"),
        ..Endpoints::production(Provider::Google, Tenant::Common)
    };
    let google = IdVerifier::new(Http::new(), endpoints, CLIENT);
    let outcome = check(&google, sign(&header(), &google_claims(), &KEY)).await;
    assert!(matches!(outcome, Err(IdentityError::KeysUnavailable(_))), "{outcome:?}");
}
