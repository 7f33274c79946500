//! A service account's assertion: a JWT (RFC 7523) signed with its key by RS256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;

use crate::credentials::CredentialError;

/// How long an assertion holds, in seconds; Google takes no longer one.
const LIFE_S: i64 = 3600;

/// What is asserted.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// The service account.
    pub(super) issuer: &'a str,
    /// The token endpoint.
    pub(super) audience: &'a str,
    /// What the token is to be good for.
    pub(super) scope: &'a str,
    /// Now, in seconds since the Unix epoch.
    pub(super) issued_s: i64,
}

/// A signed assertion. `key` is PKCS#8 in PEM, as the account's file has it.
pub(super) fn assertion(
    claims: &Claims<'_>,
    key_id: Option<&str>,
    key: &str,
) -> Result<String, CredentialError> {
    let bad = |cause: &dyn std::fmt::Display| {
        CredentialError::because("`private_key` cannot be used", cause)
    };
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|error| bad(&error))?;
    let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|error| bad(&error))?;
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(id) = key_id {
        header["kid"] = id.into();
    }
    let body = json!({
        "iss": claims.issuer,
        "scope": claims.scope,
        "aud": claims.audience,
        "iat": claims.issued_s,
        "exp": claims.issued_s + LIFE_S,
    });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(body.to_string())
    );
    let signature = sign(&pair, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(super) fn sign(pair: &KeyPair, text: &[u8]) -> Result<Vec<u8>, CredentialError> {
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text,
        &mut signature,
    )
    .map_err(|_| CredentialError::new("the assertion cannot be signed"))?;
    Ok(signature)
}
