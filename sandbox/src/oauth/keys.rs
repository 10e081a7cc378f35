//! Signing keys, the JWK set, and the https certificate; all made anew at each start.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::random;

/// Why keys could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the RSA key was refused")]
    Rsa,
    #[error("the certificate was refused: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS refused the certificate: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// A service account's key: whoever has its private half may act for it.
pub struct ServiceAccountKey {
    rsa: RsaKeyPair,
    id: String,
    pem: String,
}

impl ServiceAccountKey {
    fn generate() -> Result<Self, KeyError> {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Rsa)?;
        let pem = signer(&rsa)?.serialize_pem();
        Ok(Self { rsa, id: random::hex(20), pem })
    }

    /// Its name, which assertions carry as `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The private half, PKCS #8 in PEM.
    pub fn private_pem(&self) -> &str {
        &self.pem
    }

    /// Whether this is its RS256 signature over the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.rsa.public_key().as_ref());
        public.verify(message, signature).is_ok()
    }
}

/// The same key for the library that writes certificates and PEM.
fn signer(rsa: &RsaKeyPair) -> Result<KeyPair, KeyError> {
    let pkcs8: Pkcs8V1Der = rsa.as_der().map_err(|_| KeyError::Rsa)?;
    let der = PrivatePkcs8KeyDer::from(pkcs8.as_ref().to_vec());
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256)?)
}

/// One RSA key for id tokens, one of the service account, one certificate for https.
pub struct Keys {
    rsa: RsaKeyPair,
    kid: String,
    signing_certificate: String,
    certificate: String,
    certificate_der: Vec<u8>,
    service_account: ServiceAccountKey,
    tls: TlsAcceptor,
}

impl Keys {
    /// New keys.
    pub fn generate() -> Result<Self, KeyError> {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Rsa)?;
        let kid = random::hex(20);
        let signing =
            CertificateParams::new(vec!["sandbox-signing.localhost".to_owned()])?.self_signed(&signer(&rsa)?)?;

        let tls_key = KeyPair::generate()?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "Convene sandbox");
        // Marked as an authority, so that clients which want a trusted root can be given this one.
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let certificate = params.self_signed(&tls_key)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(tls_key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], private)?;
        Ok(Self {
            rsa,
            kid,
            signing_certificate: signing.pem(),
            certificate: certificate.pem(),
            certificate_der: signing.der().to_vec(),
            service_account: ServiceAccountKey::generate()?,
            tls: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// A signed JWT (RS256) with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": self.kid, "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("a 2048-bit key signs any message");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public half as a JWK set, with the certificate chain Microsoft's carries as `x5c`.
    pub fn jwks(&self, extra: &Value) -> Value {
        let public = self.rsa.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        });
        if let (Some(key), Some(extra)) = (key.as_object_mut(), extra.as_object()) {
            key.extend(extra.clone());
        }
        json!({ "keys": [key] })
    }

    /// The service account's key.
    pub fn service_account(&self) -> &ServiceAccountKey {
        &self.service_account
    }

    /// Name of the signing key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// A certificate over the signing key, PEM, as Google's v1 certificates are.
    pub fn signing_certificate_pem(&self) -> &str {
        &self.signing_certificate
    }

    /// The same certificate in base64 DER, as in `x5c`.
    pub fn signing_certificate_x5c(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(&self.certificate_der)
    }

    /// The https certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Accepts TLS with that certificate.
    pub fn tls_acceptor(&self) -> TlsAcceptor {
        self.tls.clone()
    }
}
