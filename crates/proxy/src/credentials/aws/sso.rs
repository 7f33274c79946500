//! A sign-in by `aws sso login`: the token that it left in a file is exchanged for credentials.
//! The sign-in itself, and its renewal, are the AWS command line's.

use http::{HeaderName, Method};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;

use super::ini::Section;
use super::{AwsKeys, hex};
use crate::credentials::cache::Lease;
use crate::credentials::fetch::{Fetcher, Question};
use crate::credentials::{CredentialError, Env, date_ms, oauth, read_file, unix_ms};

const BEARER: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");

/// Exchanges the token of a profile's sign-in.
pub(super) async fn credentials(
    env: &Env,
    fetcher: &Fetcher,
    profile: &Section,
    session: Option<&Section>,
) -> Result<Lease<AwsKeys>, CredentialError> {
    let need = |name: &str| {
        let found = session.and_then(|session| session.get(name));
        found
            .or_else(|| profile.get(name))
            .ok_or_else(|| CredentialError::new(format!("`{name}` is missing")))
    };
    // The file is named for the session, or for the address where there is none.
    let cached_as = match (session, profile.get("sso_session")) {
        (Some(_), Some(name)) => name,
        _ => need("sso_start_url")?,
    };
    let token = token(env, cached_as).await?;
    let region = need("sso_region")?;
    let base = env
        .get("AWS_ENDPOINT_URL_SSO")
        .unwrap_or_else(|| format!("https://portal.sso.{region}.amazonaws.com"));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("role_name", need("sso_role_name")?)
        .append_pair("account_id", need("sso_account_id")?)
        .finish();
    let address = format!(
        "{}/federation/credentials?{query}",
        base.trim_end_matches('/')
    );
    let question = Question::new(Method::GET, &address)?.header(BEARER, &token);
    let body = oauth::json(&fetcher.ask(question).await?)?;
    let keys = &body["roleCredentials"];
    let (Some(id), Some(secret)) = (
        keys["accessKeyId"].as_str(),
        keys["secretAccessKey"].as_str(),
    ) else {
        return Err(CredentialError::new("the answer has no credentials"));
    };
    Ok(Lease {
        value: AwsKeys::new(id, secret, keys["sessionToken"].as_str()),
        expires_ms: keys["expiration"].as_i64(),
    })
}

async fn token(env: &Env, cached_as: &str) -> Result<String, CredentialError> {
    let sign_in = || CredentialError::new("not signed in; run `aws sso login`");
    let home = env.home().ok_or_else(sign_in)?;
    let name = digest(&SHA1_FOR_LEGACY_USE_ONLY, cached_as.as_bytes());
    let file = format!("{}.json", hex(name.as_ref()));
    let path = home.join(".aws").join("sso").join("cache").join(file);
    let text = read_file(path).await?.ok_or_else(sign_in)?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let ends = body["expiresAt"].as_str().and_then(date_ms);
    match body["accessToken"].as_str() {
        Some(token) if ends.is_none_or(|ends| ends > unix_ms()) => Ok(token.to_owned()),
        _ => Err(sign_in()),
    }
}
