//! Ollama: Anthropic's and OpenAI's APIs on the machine itself. It needs no key; one that is
//! configured goes in `x-api-key`.

use std::sync::Arc;

use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Provider};

use super::Api;

#[derive(Debug)]
pub(super) struct Ollama(pub(super) Arc<Provider>);

impl Api for Ollama {
    fn provider(&self) -> &Provider {
        &self.0
    }

    fn auth(&self, _path: &str, _key: &Secret) -> AuthStyle {
        AuthStyle::XApiKey
    }
}
