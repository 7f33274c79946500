//! Amazon's credentials, from the places and in the order in which its own tools look: settings,
//! environment, profile, web identity, container, instance.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use weir_core::secret::Secret;
use weir_core::settings::Aws;

use super::cache::{Lease, Source};
use super::fetch::Fetcher;
use super::{CredentialError, Env, date_ms};

mod ini;
mod machine;
mod process;
mod profile;
pub(crate) mod sigv4;
mod sso;
mod sts;

#[cfg(test)]
mod tests;

/// What a request is signed with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AwsKeys {
    /// Names the pair.
    pub(crate) access_key_id: String,
    /// Signs.
    pub(crate) secret_access_key: Secret,
    /// Goes with a pair that ends.
    pub(crate) session_token: Option<Secret>,
}

impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsKeys(***)")
    }
}

impl AwsKeys {
    fn new(id: &str, secret: &str, token: Option<&str>) -> Self {
        Self {
            access_key_id: id.to_owned(),
            secret_access_key: Secret::new(secret),
            session_token: token.filter(|token| !token.is_empty()).map(Secret::new),
        }
    }
}

/// One place's outcome: credentials, none because the place is not in use, or a failure of a
/// place that is.
type Found = Result<Option<Lease<AwsKeys>>, CredentialError>;

/// All the places.
#[derive(Debug)]
pub(crate) struct AwsSource {
    provider: Arc<str>,
    aws: Aws,
    env: Env,
    fetcher: Fetcher,
}

impl AwsSource {
    /// Credentials for `provider`.
    pub(crate) fn new(provider: Arc<str>, aws: Aws, env: Env, fetcher: Fetcher) -> Self {
        Self {
            provider,
            aws,
            env,
            fetcher,
        }
    }

    /// Credentials that are in the settings themselves.
    fn in_settings(&self) -> Option<Lease<AwsKeys>> {
        let id = self.aws.access_key_id.as_ref()?.expose();
        let secret = self.aws.secret_access_key.as_ref()?.expose();
        let token = self.aws.session_token.as_ref().map(Secret::expose);
        Some(lasting(AwsKeys::new(id, secret, token)))
    }

    fn in_environment(&self) -> Option<Lease<AwsKeys>> {
        environment_keys(&self.env).map(lasting)
    }

    /// The profile to use, and whether somebody chose it.
    fn profile(&self) -> (String, bool) {
        let chosen = self.aws.profile.clone().filter(|name| !name.is_empty());
        match chosen.or_else(|| self.env.get("AWS_PROFILE")) {
            Some(name) => (name, true),
            None => ("default".to_owned(), false),
        }
    }

    async fn in_profile(&self) -> Found {
        let (name, chosen) = self.profile();
        let reader = profile::Reader {
            env: &self.env,
            fetcher: &self.fetcher,
            region: &self.aws.region,
        };
        let found = reader.find(&name, chosen).await;
        found.map_err(|error| error.within(&format!("profile `{name}`")))
    }

    async fn by_web_identity(&self) -> Found {
        let (Some(file), Some(role)) = (
            self.env.get("AWS_WEB_IDENTITY_TOKEN_FILE"),
            self.env.get("AWS_ROLE_ARN"),
        ) else {
            return Ok(None);
        };
        let session = self.env.get("AWS_ROLE_SESSION_NAME");
        sts::Sts {
            env: &self.env,
            fetcher: &self.fetcher,
            region: &self.aws.region,
        }
        .with_web_identity(&role, session.as_deref(), self.env.path(&file))
        .await
        .map(Some)
        .map_err(|error| error.within("web identity"))
    }

    async fn of_container(&self) -> Found {
        machine::from_container(&self.env, &self.fetcher)
            .await
            .map_err(|error| error.within("container"))
    }

    async fn of_instance(&self) -> Found {
        machine::from_instance(&self.env, &self.fetcher)
            .await
            .map_err(|error| error.within("instance"))
    }

    async fn search(&self) -> Result<Lease<AwsKeys>, CredentialError> {
        if let Some(found) = self.in_settings() {
            return Ok(found);
        }
        // A profile in the settings is meant; the environment may be somebody else's.
        let by_settings = self.aws.profile.is_some();
        if !by_settings && let Some(found) = self.in_environment() {
            return Ok(found);
        }
        if let Some(found) = Box::pin(self.in_profile()).await? {
            return Ok(found);
        }
        if let Some(found) = Box::pin(self.by_web_identity()).await? {
            return Ok(found);
        }
        if let Some(found) = self.of_container().await? {
            return Ok(found);
        }
        let nothing = format!(
            "no AWS credentials: none in the settings, the environment, profile `{}`, web identity \
             or a container",
            self.profile().0
        );
        match self.of_instance().await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(CredentialError::new(format!(
                "{nothing}, and the instance's are switched off"
            ))),
            Err(error) => {
                let cause = error.cause().unwrap_or_default();
                Err(CredentialError::because(
                    format!("{nothing}; {error}"),
                    &cause,
                ))
            }
        }
    }
}

impl Source for AwsSource {
    type Value = AwsKeys;

    fn name(&self) -> &str {
        &self.provider
    }

    async fn fetch(&self) -> Result<Lease<AwsKeys>, CredentialError> {
        self.search().await
    }
}

/// The environment's own pair.
fn environment_keys(env: &Env) -> Option<AwsKeys> {
    let id = env.get("AWS_ACCESS_KEY_ID")?;
    let secret = env.get("AWS_SECRET_ACCESS_KEY")?;
    let token = env.get("AWS_SESSION_TOKEN");
    Some(AwsKeys::new(&id, &secret, token.as_deref()))
}

fn lasting(keys: AwsKeys) -> Lease<AwsKeys> {
    Lease {
        value: keys,
        expires_ms: None,
    }
}

/// The JSON in which processes, containers and instances hand out credentials. Their tokens have
/// one of two names.
fn from_json(body: &Value) -> Result<Lease<AwsKeys>, CredentialError> {
    let (Some(id), Some(secret)) = (
        body["AccessKeyId"].as_str(),
        body["SecretAccessKey"].as_str(),
    ) else {
        return Err(CredentialError::new("the answer has no credentials"));
    };
    let token = body["Token"]
        .as_str()
        .or_else(|| body["SessionToken"].as_str());
    let expires_ms = match body["Expiration"].as_str() {
        None => None,
        Some(text) => {
            Some(date_ms(text).ok_or_else(|| CredentialError::new("`Expiration` is not a date"))?)
        }
    };
    Ok(Lease {
        value: AwsKeys::new(id, secret, token),
        expires_ms,
    })
}

fn hex(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(digits[usize::from(half)]));
        }
    }
    out
}
