//! Workload identity: another issuer's token, from a file or a server, exchanged for Google's, and
//! a service account that is acted for. Tokens from programs and from Amazon's are not supported.

use http::header::AUTHORIZATION;
use http::{HeaderName, Method};
use serde_json::{Value, json};

use super::{SCOPE, text_of};
use crate::credentials::fetch::{Fetcher, Question};
use crate::credentials::{CredentialError, Env, date_ms, oauth, read_file, unix_ms};

const STS: &str = "https://sts.googleapis.com/v1/token";
/// The life asked for when acting for a service account.
const LIFE: &str = "3600s";

/// An access token for an `external_account` file, and its seconds.
pub(super) async fn token(
    env: &Env,
    fetcher: &Fetcher,
    file: &Value,
) -> Result<(String, u64), CredentialError> {
    let subject = subject(env, fetcher, &file["credential_source"]).await?;
    let address = file["token_url"].as_str().unwrap_or(STS);
    let question = Question::new(Method::POST, address)?.form(&[
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("audience", text_of(file, "audience")?),
        ("subject_token_type", text_of(file, "subject_token_type")?),
        ("subject_token", &subject),
        ("scope", SCOPE),
    ]);
    let (token, seconds) = oauth::token(&fetcher.ask(question).await?)?;
    match file["service_account_impersonation_url"].as_str() {
        Some(address) => impersonate(fetcher, address, &token, &Value::Null).await,
        None => Ok((token, seconds)),
    }
}

/// The other issuer's token.
async fn subject(env: &Env, fetcher: &Fetcher, source: &Value) -> Result<String, CredentialError> {
    let text = if let Some(path) = source["file"].as_str() {
        read_file(env.path(path))
            .await?
            .ok_or_else(|| CredentialError::new("the file of `credential_source` is not there"))?
    } else if let Some(address) = source["url"].as_str() {
        let mut question = Question::new(Method::GET, address)?.near();
        let headers = source["headers"].as_object().into_iter().flatten();
        for (name, value) in headers {
            if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value.as_str()) {
                question = question.header(name, value);
            }
        }
        let answer = fetcher.ask(question).await?;
        if !answer.status.is_success() {
            let status = answer.status.as_u16();
            return Err(CredentialError::new(format!(
                "the server of `credential_source` answered {status}"
            )));
        }
        String::from_utf8_lossy(&answer.body).into_owned()
    } else {
        return Err(CredentialError::new(
            "`credential_source` has neither a file nor a URL, and no other kind is supported",
        ));
    };
    let format = &source["format"];
    if format["type"] != "json" {
        return Ok(text.trim().to_owned());
    }
    let member = text_of(format, "subject_token_field_name")?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    text_of(&body, member).map(str::to_owned)
}

/// A service account's token for somebody who may act for it.
pub(super) async fn impersonate(
    fetcher: &Fetcher,
    address: &str,
    token: &str,
    delegates: &Value,
) -> Result<(String, u64), CredentialError> {
    let mut body = json!({ "scope": [SCOPE], "lifetime": LIFE });
    if delegates.is_array() {
        body["delegates"] = delegates.clone();
    }
    let question = Question::new(Method::POST, address)?
        .header(AUTHORIZATION, &format!("Bearer {token}"))
        .body("application/json", body.to_string());
    let answer = oauth::json(&fetcher.ask(question).await?)
        .map_err(|error| error.within("service account impersonation"))?;
    let token = text_of(&answer, "accessToken")?.to_owned();
    let ends = answer["expireTime"].as_str().and_then(date_ms);
    let left = ends.map_or(0, |ends| (ends - unix_ms()).max(0) / 1000);
    Ok((token, u64::try_from(left).unwrap_or(0)))
}
