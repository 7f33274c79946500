//! Microsoft Entra ID: a token for the client credentials of an application.

use std::sync::Arc;

use http::{HeaderValue, Method};
use weir_core::settings::Entra;

use super::cache::{Lease, Source};
use super::fetch::{Fetcher, Question};
use super::{CredentialError, oauth};

/// What Foundry and Azure OpenAI both accept tokens for.
const SCOPE: &str = "https://ai.azure.com/.default";

/// An application's tokens.
#[derive(Debug)]
pub(crate) struct EntraSource {
    provider: Arc<str>,
    entra: Entra,
    fetcher: Fetcher,
}

impl EntraSource {
    /// Tokens for `provider`.
    pub(crate) fn new(provider: Arc<str>, entra: Entra, fetcher: Fetcher) -> Self {
        Self {
            provider,
            entra,
            fetcher,
        }
    }
}

impl Source for EntraSource {
    type Value = HeaderValue;

    fn name(&self) -> &str {
        &self.provider
    }

    async fn fetch(&self) -> Result<Lease<HeaderValue>, CredentialError> {
        let authority = self.entra.authority.to_string();
        let address = format!(
            "{}/{}/oauth2/v2.0/token",
            authority.trim_end_matches('/'),
            self.entra.tenant_id
        );
        let question = Question::new(Method::POST, &address)?.form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.entra.client_id),
            ("client_secret", self.entra.client_secret.expose()),
            ("scope", SCOPE),
        ]);
        let answer = self.fetcher.ask(question).await;
        answer
            .and_then(|answer| oauth::bearer(&answer))
            .map_err(|error| error.within("Entra ID client credentials"))
    }
}

#[cfg(test)]
mod tests;
