//! The answer of an OAuth token endpoint, as RFC 6749 §5 has it.

use http::HeaderValue;
use serde_json::Value;

use super::CredentialError;
use super::cache::Lease;
use super::fetch::Answer;

/// How long a token is taken to last whose answer does not say, in seconds.
const DEFAULT_SECONDS: u64 = 300;

/// The access token, ready for `Authorization`.
pub(crate) fn bearer(answer: &Answer) -> Result<Lease<HeaderValue>, CredentialError> {
    let (token, seconds) = token(answer)?;
    Ok(Lease::for_seconds(bearer_value(&token)?, seconds))
}

/// The access token and its life in seconds.
pub(crate) fn token(answer: &Answer) -> Result<(String, u64), CredentialError> {
    let body = json(answer)?;
    let Some(token) = body["access_token"]
        .as_str()
        .filter(|text| !text.is_empty())
    else {
        return Err(CredentialError::new("the answer has no `access_token`"));
    };
    // Some servers write the number as a string.
    let seconds = match &body["expires_in"] {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    Ok((token.to_owned(), seconds.unwrap_or(DEFAULT_SECONDS)))
}

/// The body of a good answer. Of a bad one the error has the status and OAuth's error code; the
/// description is for the log.
pub(crate) fn json(answer: &Answer) -> Result<Value, CredentialError> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !answer.status.is_success() {
        let code = body["error"]
            .as_str()
            .or_else(|| body["error"]["status"].as_str())
            .map(|code| format!(" `{}`", short(code)))
            .unwrap_or_default();
        let description = body["error_description"]
            .as_str()
            .or_else(|| body["error"]["message"].as_str())
            .unwrap_or_default();
        let what = format!("the token server answered {}{code}", answer.status.as_u16());
        return Err(CredentialError::because(what, &short(description)));
    }
    if body.is_null() {
        return Err(CredentialError::new("the token server's answer is no JSON"));
    }
    Ok(body)
}

/// `Bearer` with a token, which no log shows.
pub(crate) fn bearer_value(token: &str) -> Result<HeaderValue, CredentialError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| CredentialError::new("the token has characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}
