//! Google's Application Default Credentials: an access token for the file that the settings or the
//! environment name, for what `gcloud auth application-default login` left, or for the machine.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use weir_core::settings::Gcp;

use super::cache::{Lease, Source};
use super::fetch::{Fetcher, Question};
use super::{CredentialError, Env, oauth, read_file};

mod external;
mod jwt;

#[cfg(test)]
mod tests;

/// What tokens are asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const METADATA_FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");

/// An access token, and whose quota its requests count against.
#[derive(Clone, Debug)]
pub(crate) struct GoogleToken {
    /// `Bearer` and the token.
    pub(crate) bearer: HeaderValue,
    /// The value of `x-goog-user-project`, for a person's credentials.
    pub(crate) quota_project: Option<HeaderValue>,
}

/// Where they are looked for.
#[derive(Debug)]
pub(crate) struct GoogleSource {
    provider: Arc<str>,
    gcp: Gcp,
    env: Env,
    fetcher: Fetcher,
}

impl GoogleSource {
    /// Tokens for `provider`.
    pub(crate) fn new(provider: Arc<str>, gcp: Gcp, env: Env, fetcher: Fetcher) -> Self {
        Self {
            provider,
            gcp,
            env,
            fetcher,
        }
    }

    /// The file that somebody named, and what to call it; it must be there.
    fn named_file(&self) -> Option<(PathBuf, &'static str)> {
        if let Some(path) = &self.gcp.credentials_file {
            return Some((path.clone(), "the credentials file of the settings"));
        }
        let path = self.env.get("GOOGLE_APPLICATION_CREDENTIALS")?;
        Some((
            self.env.path(&path),
            "the file of GOOGLE_APPLICATION_CREDENTIALS",
        ))
    }

    /// Where `gcloud` leaves a person's credentials.
    fn well_known_file(&self) -> Option<PathBuf> {
        let directory = match (self.env.get("CLOUDSDK_CONFIG"), self.env.get("APPDATA")) {
            (Some(directory), _) => PathBuf::from(directory),
            (None, Some(data)) => PathBuf::from(data).join("gcloud"),
            (None, None) => self.env.home()?.join(".config").join("gcloud"),
        };
        Some(directory.join("application_default_credentials.json"))
    }

    async fn search(&self) -> Result<Lease<GoogleToken>, CredentialError> {
        if let Some((path, called)) = self.named_file() {
            let text = read_file(path).await?;
            let text =
                text.ok_or_else(|| CredentialError::new(format!("{called} is not there")))?;
            return self.of_file(&text, called).await;
        }
        if let Some(path) = self.well_known_file()
            && let Some(text) = read_file(path).await?
        {
            return self
                .of_file(&text, "gcloud's application default credentials")
                .await;
        }
        let token = self.of_machine().await.map_err(|error| {
            let cause = error.cause().unwrap_or_default();
            let what = format!(
                "no Google credentials: no file in the settings or the environment, none of \
                 gcloud's; metadata server: {error}"
            );
            CredentialError::because(what, &cause)
        })?;
        Ok(token)
    }

    async fn of_file(
        &self,
        text: &str,
        called: &str,
    ) -> Result<Lease<GoogleToken>, CredentialError> {
        let file: Value = serde_json::from_str(text)
            .map_err(|_| CredentialError::new(format!("{called} is no JSON")))?;
        let (token, seconds) = self
            .token(&file)
            .await
            .map_err(|error| error.within(called))?;
        let quota_project = file["quota_project_id"]
            .as_str()
            .and_then(|project| HeaderValue::from_str(project).ok());
        let token = GoogleToken {
            bearer: oauth::bearer_value(&token)?,
            quota_project,
        };
        Ok(Lease::for_seconds(token, seconds))
    }

    /// The access token and its seconds, for whichever kind of file it is.
    async fn token(&self, file: &Value) -> Result<(String, u64), CredentialError> {
        match file["type"].as_str().unwrap_or_default() {
            "impersonated_service_account" => {
                let source = &file["source_credentials"];
                let (token, _) = self.plain_token(source).await?;
                let address = text_of(file, "service_account_impersonation_url")?;
                external::impersonate(&self.fetcher, address, &token, &file["delegates"]).await
            }
            _ => self.plain_token(file).await,
        }
    }

    async fn plain_token(&self, file: &Value) -> Result<(String, u64), CredentialError> {
        match file["type"].as_str().unwrap_or_default() {
            "service_account" => self.of_service_account(file).await,
            "authorized_user" => self.of_user(file).await,
            "external_account" => external::token(&self.env, &self.fetcher, file).await,
            other => Err(CredentialError::new(format!(
                "credentials of type `{}` are not supported",
                other.chars().take(40).collect::<String>()
            ))),
        }
    }

    async fn of_service_account(&self, file: &Value) -> Result<(String, u64), CredentialError> {
        let address = file["token_uri"].as_str().unwrap_or(TOKEN_URI);
        let assertion = jwt::assertion(
            &jwt::Claims {
                issuer: text_of(file, "client_email")?,
                audience: address,
                scope: SCOPE,
                issued_s: super::unix_ms() / 1000,
            },
            file["private_key_id"].as_str(),
            text_of(file, "private_key")?,
        )?;
        self.ask_for_token(
            address,
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", &assertion),
            ],
        )
        .await
    }

    async fn of_user(&self, file: &Value) -> Result<(String, u64), CredentialError> {
        let address = file["token_uri"].as_str().unwrap_or(TOKEN_URI);
        self.ask_for_token(
            address,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", text_of(file, "client_id")?),
                ("client_secret", text_of(file, "client_secret")?),
                ("refresh_token", text_of(file, "refresh_token")?),
            ],
        )
        .await
    }

    async fn ask_for_token(
        &self,
        address: &str,
        form: &[(&str, &str)],
    ) -> Result<(String, u64), CredentialError> {
        let question = Question::new(Method::POST, address)?.form(form);
        oauth::token(&self.fetcher.ask(question).await?)
    }

    async fn of_machine(&self) -> Result<Lease<GoogleToken>, CredentialError> {
        let host = self
            .env
            .get("GCE_METADATA_HOST")
            .unwrap_or_else(|| "metadata.google.internal".to_owned());
        let address = format!(
            "http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={SCOPE}"
        );
        let question = Question::new(Method::GET, &address)?
            .near()
            .header(METADATA_FLAVOR, "Google");
        let (token, seconds) = oauth::token(&self.fetcher.ask(question).await?)?;
        let token = GoogleToken {
            bearer: oauth::bearer_value(&token)?,
            quota_project: None,
        };
        Ok(Lease::for_seconds(token, seconds))
    }
}

impl Source for GoogleSource {
    type Value = GoogleToken;

    fn name(&self) -> &str {
        &self.provider
    }

    async fn fetch(&self) -> Result<Lease<GoogleToken>, CredentialError> {
        self.search().await
    }
}

/// A member of a credentials file that has to be there.
fn text_of<'a>(file: &'a Value, name: &str) -> Result<&'a str, CredentialError> {
    file[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| CredentialError::new(format!("`{name}` is missing")))
}
