//! Roles: credentials for credentials, or for another issuer's token.

use std::path::PathBuf;
use std::time::SystemTime;

use http::Method;
use http::header::CONTENT_TYPE;

use super::AwsKeys;
use super::sigv4::{Scope, Signed, sha256_hex};
use crate::credentials::cache::Lease;
use crate::credentials::fetch::{Answer, Fetcher, Question};
use crate::credentials::{CredentialError, Env, date_ms, read_file};

/// What a session is called whose profile does not say.
pub(super) const SESSION: &str = "weir";
const VERSION: &str = "2011-06-15";

/// Amazon's Security Token Service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sts<'a> {
    /// Variables.
    pub(super) env: &'a Env,
    /// Asks it.
    pub(super) fetcher: &'a Fetcher,
    /// Which of its regions.
    pub(super) region: &'a str,
}

impl Sts<'_> {
    fn address(&self) -> String {
        let base = self.env.get("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| {
            let suffix = if self.region.starts_with("cn-") {
                ".cn"
            } else {
                ""
            };
            format!("https://sts.{}.amazonaws.com{suffix}", self.region)
        });
        format!("{}/", base.trim_end_matches('/'))
    }

    /// A role for the token in a file, which is read anew each time.
    pub(super) async fn with_web_identity(
        &self,
        role: &str,
        session: Option<&str>,
        file: PathBuf,
    ) -> Result<Lease<AwsKeys>, CredentialError> {
        let token = read_file(file)
            .await?
            .ok_or_else(|| CredentialError::new("the token file is not there"))?;
        let question = Question::new(Method::POST, &self.address())?.form(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", VERSION),
            ("RoleArn", role),
            ("RoleSessionName", session.unwrap_or(SESSION)),
            ("WebIdentityToken", token.trim()),
        ]);
        keys(&self.fetcher.ask(question).await?)
    }

    /// A role for other credentials.
    pub(super) async fn assume_role(
        &self,
        fields: &[(&str, &str)],
        base: &AwsKeys,
    ) -> Result<Lease<AwsKeys>, CredentialError> {
        let mut form = vec![("Action", "AssumeRole"), ("Version", VERSION)];
        form.extend_from_slice(fields);
        let mut question = Question::new(Method::POST, &self.address())?.form(&form);
        let (request, body) = question.parts_mut();
        let body_sha256 = sha256_hex([body]);
        let scope = Scope {
            service: "sts",
            region: self.region,
            time: SystemTime::now(),
        };
        let signed = Signed {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            signed_headers: &[CONTENT_TYPE],
            body_sha256: &body_sha256,
        };
        let added = signed
            .signature(base, &scope)
            .map_err(|error| CredentialError::because("the role cannot be asked for", &error))?;
        request.headers_mut().extend(added);
        keys(&self.fetcher.ask(question).await?)
    }
}

fn keys(answer: &Answer) -> Result<Lease<AwsKeys>, CredentialError> {
    let body = String::from_utf8_lossy(&answer.body);
    if !answer.status.is_success() {
        let code = element(&body, "Code").unwrap_or_default();
        let what = format!("the role was refused: {} {code}", answer.status.as_u16());
        let message = element(&body, "Message").unwrap_or_default();
        return Err(CredentialError::because(what.trim_end(), &message));
    }
    let (Some(id), Some(secret)) = (
        element(&body, "AccessKeyId"),
        element(&body, "SecretAccessKey"),
    ) else {
        return Err(CredentialError::new("the answer has no credentials"));
    };
    Ok(Lease {
        value: AwsKeys::new(id, secret, element(&body, "SessionToken")),
        expires_ms: element(&body, "Expiration").and_then(date_ms),
    })
}

/// The text of the first element of a name. Those that are read here hold nothing that XML would
/// have to escape.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}
